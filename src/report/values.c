#include "report/values.h"

#include <stdlib.h>

void values_add(struct values *values, int64_t value)
{
    if (values->count == values->capacity) {
        values->capacity = values->capacity == 0 ? 16 : values->capacity * 2;
        values->list = realloc(values->list, values->capacity * sizeof *values->list);
    }
    values->list[values->count++] = value;
}

static int compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

void values_sort(struct values *values)
{
    if (values->count > 0)
        qsort(values->list, values->count, sizeof *values->list, compare);
}

int64_t values_percentile(const struct values *values, int percent)
{
    if (values->count == 0)
        return -1;
    size_t rank = (values->count * (size_t)percent + 99) / 100;
    return values->list[rank > 0 ? rank - 1 : 0];
}

void values_free(struct values *values)
{
    free(values->list);
    *values = (struct values){0};
}
