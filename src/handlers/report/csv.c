#include "handlers/report/csv.h"

#include <string.h>

/* https://owasp.org/www-community/attacks/CSV_Injection names the characters. */
static bool looks_like_formula(const char *text, size_t len)
{
    size_t i = 0;
    if (len > 0 && (text[0] == '\t' || text[0] == '\r' || text[0] == '\n'))
        return true;
    while (i < len && text[i] == ' ')
        i++;
    return i < len && text[i] != '\0' && strchr("=+-@", text[i]) != NULL;
}

static bool needs_quotes(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] == ',' || text[i] == '"' || text[i] == '\r' || text[i] == '\n')
            return true;
    return len > 0 && (text[0] == ' ' || text[len - 1] == ' ');
}

void csv_field(struct buffer *out, const char *text, size_t len)
{
    const bool quoted = needs_quotes(text, len);
    /* each byte may become two, and there are two quotes and an apostrophe */
    buffer_reserve(out, 2 * len + 3);
    char *p = out->data + out->len;
    if (quoted)
        *p++ = '"';
    if (looks_like_formula(text, len))
        *p++ = '\'';
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"')
            *p++ = '"';
        *p++ = text[i] != '\0' ? text[i] : ' ';
    }
    if (quoted)
        *p++ = '"';
    *p = '\0';
    out->len = (size_t)(p - out->data);
}

size_t csv_record_end(struct csv_reader *reader, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '"')
            reader->quoted = !reader->quoted;
        else if (bytes[i] == '\n' && !reader->quoted)
            return i + 1;
    }
    return 0;
}
