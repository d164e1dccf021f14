#include "handlers/report/csv.h"

#include <string.h>

/* https://owasp.org/www-community/attacks/CSV_Injection names the characters, and their full-width forms,
 * which some spreadsheets take for them. */
static bool is_formula_sign(const char *text, size_t len)
{
    static const char *const wide[] = {"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};
    if (len > 0 && text[0] != '\0' && strchr("=+-@", text[0]) != NULL)
        return true;
    for (size_t i = 0; len >= 3 && i < sizeof wide / sizeof wide[0]; i++)
        if (memcmp(text, wide[i], 3) == 0)
            return true;
    return false;
}

static bool looks_like_formula(const char *text, size_t len)
{
    size_t i = 0;
    while (i < len && text[i] == ' ')
        i++;
    return is_formula_sign(text + i, len - i);
}

/* Where a spreadsheet may begin a cell within a field: where a semicolon separates cells (in countries with a
 * decimal comma) our quotes do not hold a field together. */
static bool begins_cell(char c)
{
    return c == ';' || c == '\t' || c == '\r' || c == '\n';
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
    if (len > 0 && (looks_like_formula(text, len) || (begins_cell(text[0]) && text[0] != ';')))
        *p++ = '\'';
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"')
            *p++ = '"';
        *p++ = text[i] != '\0' ? text[i] : ' ';
        if (begins_cell(text[i]) && looks_like_formula(text + i + 1, len - i - 1))
            *p++ = '\'';
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
