#include "report/page_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"
#include "report/words.h"

static const char **format_all(const struct spans *spans, enum calendar_format format)
{
    const char **list = calloc(spans->count + 1, sizeof *list);
    char text[CALENDAR_SIZE];
    for (size_t i = 0; i < spans->count; i++) {
        calendar_format(format, spans->starts[i], text);
        list[i] = strdup(text);
    }
    return list;
}

struct axis axis_make(const struct spans *spans, enum calendar_format label, enum calendar_format name)
{
    return (struct axis){format_all(spans, label), format_all(spans, name), spans->count};
}

void axis_free(struct axis *axis)
{
    for (size_t i = 0; i < axis->count; i++) {
        free((char *)axis->labels[i]);
        free((char *)axis->names[i]);
    }
    free(axis->labels);
    free(axis->names);
    *axis = (struct axis){0};
}

double *series_make(size_t count)
{
    double *values = calloc(count + 1, sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = NAN;
    return values;
}

void page_instant(struct buffer *out, int64_t ms, const char *none)
{
    char text[CALENDAR_SIZE];
    if (ms != TIMESTAMP_NONE)
        calendar_format(CALENDAR_MINUTE, ms, text);
    words_text(out, ms != TIMESTAMP_NONE ? text : none);
}

void page_length(struct buffer *out, const struct figures *report)
{
    const struct period *period = &report->tally.period;
    const int64_t hours = (period->now - period->since + 1800000) / 3600000;
    if (hours % 24 == 0 || hours > 72)
        words_count(out, (hours + 12) / 24, "day");
    else
        words_count(out, hours, "hour");
}

void page_percent(struct buffer *out, int64_t part, int64_t all)
{
    if (all > 0) {
        words_number(out, 100.0 * (double)part / (double)all, 0);
        buffer_append_text(out, "%");
    } else
        buffer_append_text(out, "\xe2\x80\x93");
}
