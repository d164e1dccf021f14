#include "core/exposition.h"

#include <string.h>

#include "base/timestamp.h"

void exposition_begin(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_append_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Backslash, quote and line feed are escaped. */
static void append_value(struct buffer *out, const char *value)
{
    for (; *value != '\0'; value++)
        if (*value == '\n')
            buffer_append_text(out, "\\n");
        else if (*value == '\\' || *value == '"')
            buffer_append_format(out, "\\%c", *value);
        else
            buffer_append(out, value, 1);
}

static void append_labels(struct buffer *out, const struct exposition_label *labels)
{
    for (const struct exposition_label *label = labels; label->name != NULL; label++) {
        buffer_append_format(out, "%s%s=\"", label == labels ? "{" : ",", label->name);
        append_value(out, label->value);
        buffer_append_text(out, "\"");
    }
    if (labels->name != NULL)
        buffer_append_text(out, "}");
}

static void append_seconds(struct buffer *out, int64_t ms)
{
    const long long whole = (long long)(ms / 1000), rest = (long long)(ms % 1000);
    if (ms == TIMESTAMP_NONE)
        buffer_append_text(out, "0");
    else if (rest == 0)
        buffer_append_format(out, "%lld", whole);
    else
        buffer_append_format(
            out, "%s%lld.%03lld", ms < 0 ? "-" : "", whole < 0 ? -whole : whole, rest < 0 ? -rest : rest);
}

void exposition_sample(
    struct buffer *out, const char *name, const struct exposition_label *labels, int64_t value)
{
    buffer_append_text(out, name);
    append_labels(out, labels);
    buffer_append_format(out, " %lld\n", (long long)value);
}

void exposition_seconds(
    struct buffer *out, const char *name, const struct exposition_label *labels, int64_t ms)
{
    buffer_append_text(out, name);
    append_labels(out, labels);
    buffer_append_text(out, " ");
    append_seconds(out, ms);
    buffer_append_text(out, "\n");
}

void exposition_histogram(struct buffer *out, const char *name, const struct exposition_label *labels,
    const int64_t *up_to, const int64_t *in_step, int count, int64_t total)
{
    struct exposition_label all[5] = {{NULL, NULL}};
    struct buffer bucket = {0}, end = {0};
    int n = 0;
    int64_t below = 0;
    for (; n < 3 && labels[n].name != NULL; n++)
        all[n] = labels[n];
    buffer_append_format(&bucket, "%s_bucket", name);
    for (int i = 0; i < count; i++) {
        below += in_step[i];
        buffer_clear(&end);
        if (up_to[i] == INT64_MAX)
            buffer_append_text(&end, "+Inf");
        else
            append_seconds(&end, up_to[i]);
        all[n] = (struct exposition_label){"le", end.data};
        exposition_sample(out, bucket.data, all, below);
    }
    all[n] = (struct exposition_label){NULL, NULL};
    buffer_clear(&bucket);
    buffer_append_format(&bucket, "%s_sum", name);
    exposition_seconds(out, bucket.data, all, total);
    buffer_clear(&bucket);
    buffer_append_format(&bucket, "%s_count", name);
    exposition_sample(out, bucket.data, all, below);
    buffer_free(&bucket);
    buffer_free(&end);
}
