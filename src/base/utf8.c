#include "base/utf8.h"

#include <stddef.h>

/* The length of the character at p, 0 where none begins. The second byte's bounds keep out overlong forms,
 * surrogates and what lies beyond U+10FFFF. */
static size_t length_at(const unsigned char *p)
{
    size_t length = p[0] < 0x80   ? 1
                    : p[0] < 0xc2 ? 0
                    : p[0] < 0xe0 ? 2
                    : p[0] < 0xf0 ? 3
                    : p[0] < 0xf5 ? 4
                                  : 0;
    unsigned least = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    unsigned most = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    for (size_t i = 1; i < length; i++) {
        if (p[i] < least || p[i] > most)
            return 0;
        least = 0x80;
        most = 0xbf;
    }
    return length;
}

uint32_t utf8_next(const char **text)
{
    static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const unsigned char *p = (const unsigned char *)*text;
    size_t length = length_at(p);
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

void utf8_mend(char *text)
{
    while (*text != '\0') {
        size_t length = length_at((const unsigned char *)text);
        if (length == 0)
            *text = '?';
        text += length > 0 ? length : 1;
    }
}
