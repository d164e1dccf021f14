#include "sources/audit_lists.h"

#include <stdlib.h>

const char *audit_fault_name(enum audit_fault fault)
{
    static const char *const names[AUDIT_FAULTS] = {
        "same", "absent", "older", "newer", "content", "back", "gone", "silent", "unreadable"};
    return names[fault];
}

void audit_free(struct audit_result *result)
{
    for (size_t i = 0; i < result->count; i++)
        free(result->findings[i].detail);
    free(result->findings);
    *result = (struct audit_result){0};
}

void audit_ids_add(struct audit_ids *ids, int64_t id)
{
    if (ids->count == ids->capacity) {
        ids->capacity = ids->capacity == 0 ? 1024 : 2 * ids->capacity;
        ids->list = realloc(ids->list, ids->capacity * sizeof *ids->list);
    }
    ids->list[ids->count++] = id;
}

static int compare_ids(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Sorts them, each once. */
void audit_ids_sort(struct audit_ids *ids)
{
    size_t kept = 0;
    if (ids->count > 0)
        qsort(ids->list, ids->count, sizeof *ids->list, compare_ids);
    for (size_t i = 0; i < ids->count; i++)
        if (kept == 0 || ids->list[kept - 1] != ids->list[i])
            ids->list[kept++] = ids->list[i];
    ids->count = kept;
}

bool audit_ids_have(const struct audit_ids *ids, int64_t id)
{
    return ids->count > 0 && bsearch(&id, ids->list, ids->count, sizeof id, compare_ids) != NULL;
}

/* The detail becomes the list's. */
void audit_findings_add(struct audit_result *result, const struct audit_finding *finding)
{
    if (result->count == result->capacity) {
        result->capacity = result->capacity == 0 ? 16 : 2 * result->capacity;
        result->findings = realloc(result->findings, result->capacity * sizeof *result->findings);
    }
    result->findings[result->count++] = *finding;
}

static int compare_findings(const void *a, const void *b)
{
    const struct audit_finding *x = a, *y = b;
    if (x->work_order != y->work_order)
        return x->work_order < y->work_order ? -1 : 1;
    return (x->sent > y->sent) - (x->sent < y->sent);
}

/* By id; of those of one work order, which is on two pages, the last look. */
void audit_findings_sort(struct audit_result *result)
{
    struct audit_finding *list = result->findings;
    size_t kept = 0;
    if (result->count > 0)
        qsort(list, result->count, sizeof *list, compare_findings);
    for (size_t i = 0; i < result->count; i++) {
        bool again = i + 1 < result->count && list[i + 1].work_order == list[i].work_order;
        if (again && list[i].work_order != 0) {
            free(list[i].detail);
            list[i].detail = NULL;
        } else {
            list[kept++] = list[i];
        }
    }
    result->count = kept;
}
