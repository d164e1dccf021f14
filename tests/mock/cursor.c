#include "cursor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

enum { PLAIN_LENGTH = 100 }; /* three numbers of 20 digits and the order */

/* Base64 for URLs, without padding. */
static void encode(const char *plain, char *out)
{
    uint32_t bits = 0;
    int n = 0;

    for (; *plain != '\0'; plain++) {
        bits = bits << 8 | (unsigned char)*plain;
        for (n += 8; n >= 6; n -= 6)
            *out++ = alphabet[bits >> (n - 6) & 63];
    }
    if (n > 0)
        *out++ = alphabet[bits << (6 - n) & 63];
    *out = '\0';
}

static bool decode(const char *text, char plain[PLAIN_LENGTH])
{
    const char *at;
    uint32_t bits = 0;
    size_t len = 0;
    int n = 0;

    for (; *text != '\0'; text++) {
        at = strchr(alphabet, *text);
        if (at == NULL || len + 1 >= PLAIN_LENGTH)
            return false;
        bits = bits << 6 | (uint32_t)(at - alphabet);
        n += 6;
        if (n >= 8) {
            n -= 8;
            plain[len++] = (char)(bits >> n & 255);
        }
    }
    plain[len] = '\0';
    return true;
}

void cursor_write(const struct cursor *c, char out[CURSOR_LENGTH])
{
    char plain[PLAIN_LENGTH];

    snprintf(plain, sizeof(plain), "%d%c %" PRId64 " %" PRId64 " %" PRId64, (int)c->order.key,
        c->order.down ? '-' : '+', c->last.value, c->last.id, c->issued);
    encode(plain, out);
}

bool cursor_read(struct cursor *c, const char *text)
{
    char plain[PLAIN_LENGTH], again[CURSOR_LENGTH], sign;
    int key;

    if (!decode(text, plain))
        return false;
    if (sscanf(plain, "%1d%c %" SCNd64 " %" SCNd64 " %" SCNd64, &key, &sign, &c->last.value, &c->last.id,
            &c->issued) != 5)
        return false;
    /* the page begins at the id behind, so there has to be one */
    if (key < 0 || key >= KEY__MAX || c->last.id == INT64_MAX)
        return false;
    c->order = (struct page_order){(enum key)key, sign == '-'};
    cursor_write(c, again);
    return strcmp(text, again) == 0;
}
