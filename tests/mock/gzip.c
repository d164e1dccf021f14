#include "gzip.h"

#include <string.h>
#include <zlib.h>

#include "base.h"

enum {
    GZIP_WINDOW = 15 + 16, /* the largest window, and 16 for the gzip format */
    GZIP_MEMORY = 8,
    GZIP_STEP = 64 * 1024 /* bytes of output made at a time */
};

static void begin(z_stream *z, int level)
{
    *z = (z_stream){0};
    if (deflateInit2(z, level, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
        die("zlib: cannot begin");
}

/* Compresses LEN bytes behind what went before; FLUSH is Z_NO_FLUSH or Z_FINISH. */
static void add(z_stream *z, struct buffer *out, const void *bytes, size_t len, int flush)
{
    z->next_in = (Bytef *)(uintptr_t)bytes; /* zlib only reads it */
    z->avail_in = (uInt)len;
    do {
        z->next_out = (Bytef *)buffer_room(out, GZIP_STEP);
        z->avail_out = GZIP_STEP;
        deflate(z, flush);
        out->len += GZIP_STEP - z->avail_out;
    } while (z->avail_out == 0);
}

void gzip_body(struct buffer *body)
{
    struct buffer out = {0};
    z_stream z;

    begin(&z, Z_BEST_SPEED);
    add(&z, &out, body->data, body->len, Z_FINISH);
    deflateEnd(&z);
    buffer_free(body);
    *body = out;
}

void gzip_bomb(struct buffer *out, const char *head, const char *tail, uint64_t total)
{
    static char spaces[GZIP_STEP];
    uint64_t ends = strlen(head) + strlen(tail), left = total > ends ? total - ends : 0;
    z_stream z;

    memset(spaces, ' ', sizeof(spaces));
    begin(&z, Z_BEST_COMPRESSION);
    add(&z, out, head, strlen(head), Z_NO_FLUSH);
    while (left > 0) {
        size_t n = left < sizeof(spaces) ? (size_t)left : sizeof(spaces);

        add(&z, out, spaces, n, Z_NO_FLUSH);
        left -= n;
    }
    add(&z, out, tail, strlen(tail), Z_FINISH);
    deflateEnd(&z);
}
