/* option_value: reads the value of an option by its kind. */
#include "cli/option_value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/timestamp.h"

void option_value_append_words(struct buffer *out, const char *const *words, size_t count, const char *last)
{
    for (size_t i = 0; i < count; i++)
        buffer_append_format(out, "%s%s", i == 0 ? "" : i + 1 == count ? last : ", ", words[i]);
}

static size_t count_words(const char *const *words)
{
    size_t count = 0;
    while (words[count] != NULL)
        count++;
    return count;
}

int option_value_read_date(const char *text, int64_t *ms, struct buffer *why)
{
    if (timestamp_parse_user(text, clock_now(), ms) == 0)
        return 0;
    buffer_append_text(why, "write a date, a date and time, or an age such as 7d");
    return -1;
}

static int read_duration(const char *text, int64_t *ms, struct buffer *why)
{
    if (duration_parse(text, ms) == 0 && *ms > 0)
        return 0;
    buffer_append_text(why, "write a duration such as 50s, 5m or 2h");
    return -1;
}

static int read_number(const struct option_spec *row, const char *text, int64_t *number, struct buffer *why)
{
    char *end;
    errno = 0;
    *number = strtoll(text, &end, 10);
    const bool digits = (*text >= '0' && *text <= '9') || (*text == '-' && text[1] >= '0' && text[1] <= '9');
    if (digits && *end == '\0' && errno == 0 && *number >= row->min && *number <= row->max)
        return 0;
    buffer_append_format(why, "expected a number, %lld ", (long long)row->min);
    if (row->max == INT64_MAX)
        buffer_append_text(why, "or more");
    else
        buffer_append_format(why, "to %lld", (long long)row->max);
    return -1;
}

static int read_choice(
    const struct option_spec *row, const char *text, const char **choice, struct buffer *why)
{
    for (const char *const *known = row->choices; *known != NULL; known++)
        if (strcmp(*known, text) == 0) {
            *choice = *known;
            return 0;
        }
    buffer_append_text(why, "write ");
    option_value_append_words(why, row->choices, count_words(row->choices), " or ");
    return -1;
}

int option_value_read(const struct option_spec *row, const char *text, void *values, struct buffer *why)
{
    if (row->read != NULL)
        return row->read(text, values, why);
    void *place = (char *)values + row->offset;
    switch (row->kind) {
    case OPTION_TEXT:
        *(const char **)place = text;
        return 0;
    case OPTION_NUMBER:
        return read_number(row, text, place, why);
    case OPTION_DURATION:
        return read_duration(text, place, why);
    case OPTION_DATE:
        return option_value_read_date(text, place, why);
    case OPTION_CHOICE:
        return read_choice(row, text, place, why);
    case OPTION_FLAG:
    default:
        *(bool *)place = true;
        return 0;
    }
}
