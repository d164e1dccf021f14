#include "report/words.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/html.h"

void words_text(struct buffer *out, const char *text)
{
    html_text(out, text, strlen(text));
}

void words_number(struct buffer *out, double value, int decimals)
{
    char digits[64];
    int len = snprintf(digits, sizeof digits, "%.*f", decimals, value);
    int whole = decimals > 0 ? len - decimals - 1 : len;
    for (int i = 0; i < len; i++) {
        if (i > 0 && i < whole && (whole - i) % 3 == 0 && digits[i - 1] != '-')
            buffer_append_text(out, ",");
        buffer_append(out, &digits[i], 1);
    }
}

void words_count(struct buffer *out, int64_t count, const char *one)
{
    words_number(out, (double)count, 0);
    buffer_append_format(out, " %s%s", one, count == 1 ? "" : "s");
}

const struct words_unit *words_unit_for(double ms)
{
    static const struct words_unit units[] = {
        {"days", 86400000}, {"hours", 3600000}, {"minutes", 60000}, {"seconds", 1000}};
    size_t i = 0;
    while (i < 3 && ms < 2 * units[i].ms)
        i++;
    return &units[i];
}

void words_duration(struct buffer *out, int64_t ms)
{
    const struct words_unit *unit = words_unit_for((double)ms);
    const size_t before = out->len;
    words_number(out, (double)ms / unit->ms, ms % (int64_t)unit->ms == 0 ? 0 : 1);
    const bool one = strcmp(out->data + before, "1") == 0;
    buffer_append_format(out, " %.*s", (int)strlen(unit->name) - one, unit->name);
}
