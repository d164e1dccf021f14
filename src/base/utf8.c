#include "base/utf8.h"

#include <string.h>

/* By the first byte, 0 where none begins with it. */
static size_t length_by_lead(unsigned char lead)
{
    return lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
}

/* The second byte's bounds keep out overlong forms, surrogates and what lies beyond U+10FFFF (RFC 3629,
 * section 4). */
size_t utf8_length(const char *bytes, size_t len)
{
    const unsigned char *p = (const unsigned char *)bytes;
    size_t length = len > 0 ? length_by_lead(p[0]) : 0;
    if (length == 0 || length > len)
        return 0;
    unsigned min = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    unsigned max = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    for (size_t i = 1; i < length; i++) {
        if (p[i] < min || p[i] > max)
            return 0;
        min = 0x80;
        max = 0xbf;
    }
    return length;
}

/* Of a text with a NUL behind it, which belongs to no character but itself. */
static size_t length_at(const char *text)
{
    return utf8_length(text, strnlen(text, 4) + 1);
}

bool utf8_is_valid(const char *bytes, size_t len)
{
    while (len > 0) {
        size_t length = utf8_length(bytes, len);
        if (length == 0)
            return false;
        bytes += length;
        len -= length;
    }
    return true;
}

size_t utf8_write(uint32_t code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)((0xf00U >> length) | code); /* 110, 1110, 11110 in front */
    return length;
}

uint32_t utf8_next(const char **text)
{
    static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const unsigned char *p = (const unsigned char *)*text;
    size_t length = length_at(*text);
    if (*p == '\0')
        return 0;
    *text += length > 0 ? length : 1;
    if (length == 0)
        return UTF8_BAD;
    uint32_t code = p[0] & first_bits[length];
    for (size_t i = 1; i < length; i++)
        code = code << 6 | (p[i] & 0x3f);
    return code;
}

void utf8_replace_bad(char *text)
{
    while (*text != '\0') {
        size_t length = length_at(text);
        if (length == 0)
            *text = '?';
        text += length > 0 ? length : 1;
    }
}

void utf8_make_line(char *text)
{
    for (char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
        else if ((unsigned char)p[0] == 0xc2 && (unsigned char)p[1] >= 0x80 && (unsigned char)p[1] < 0xa0)
            p[0] = p[1] = '?'; /* U+0080 to U+009F: a terminal takes U+009B for ESC [ */
    }
    utf8_replace_bad(text);
}
