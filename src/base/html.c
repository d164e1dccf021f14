#include "base/html.h"

#include <stdint.h>

#include "base/utf8.h"

/* How a character is written when it is not itself; NULL: it is. */
static const char *escape_of(uint32_t c)
{
    if ((c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0) || c == UTF8_BAD)
        return "\xef\xbf\xbd";
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void html_text(struct buffer *out, const char *text, size_t len)
{
    const char *end = text + len, *plain = text; /* plain: from where the bytes stand for themselves */
    while (text < end) {
        const char *begin = text;
        const char *escape = escape_of(utf8_next(&text));
        if (text == begin)
            text++; /* a NUL */
        if (escape == NULL)
            continue;
        buffer_append(out, plain, (size_t)(begin - plain));
        buffer_append_text(out, escape);
        plain = text;
    }
    buffer_append(out, plain, (size_t)(end - plain));
}
