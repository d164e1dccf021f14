#include "stream.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base.h"
#include "clock.h"

/* How long a reset waits for the bytes before it, in milliseconds: a reset throws away what is not yet
 * sent. */
enum { ABORT_DELAY = 30 };

/* A drip sends this often, in milliseconds. */
enum { DRIP_STEP = 50 };

struct body_stream {
    struct stream base;
    struct buffer body;
    uint64_t after;
    int socket;
    int64_t bytes_per_second, begun; /* begun: as clock_steady() */
};

struct padded_stream {
    struct stream base;
    const char *head, *tail;
    uint64_t head_len, tail_at, total;
};

void stream_abort(int socket)
{
    const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};

    /* on Linux, to connect to nothing resets the connection */
    if (socket >= 0)
        connect(socket, &nowhere, sizeof(nowhere));
}

static void body_free(struct stream *s)
{
    struct body_stream *b = (struct body_stream *)s;

    buffer_free(&b->body);
    free(b);
}

static struct body_stream *body_new(struct buffer *body)
{
    struct body_stream *b = base_alloc(1, sizeof(*b));

    b->base.announced = body->len;
    b->base.free = body_free;
    b->body = *body;
    *body = (struct buffer){0};
    return b;
}

static size_t least(uint64_t a, uint64_t b)
{
    return (size_t)(a < b ? a : b);
}

static ssize_t cut_read(struct stream *s, uint64_t position, char *out, size_t most)
{
    struct body_stream *b = (struct body_stream *)s;
    size_t n = least(most, b->after - position);

    if (n == 0) {
        clock_pause(ABORT_DELAY);
        stream_abort(b->socket);
        return STREAM_BREAK;
    }
    memcpy(out, b->body.data + position, n);
    return (ssize_t)n;
}

struct stream *stream_cut(struct buffer *body, uint64_t after, int socket)
{
    struct body_stream *b = body_new(body);

    b->base.read = cut_read;
    b->after = least(after, b->body.len);
    b->socket = socket;
    return &b->base;
}

static ssize_t drip_read(struct stream *s, uint64_t position, char *out, size_t most)
{
    struct body_stream *b = (struct body_stream *)s;
    uint64_t due;

    if (b->begun == 0)
        b->begun = clock_steady();
    for (;;) {
        due = (uint64_t)((clock_steady() - b->begun) * b->bytes_per_second / CLOCK_SECOND);
        if (due > position)
            break;
        if (!clock_pause(DRIP_STEP))
            return STREAM_BREAK;
    }
    most = least(most, least(due, b->body.len) - position);
    memcpy(out, b->body.data + position, most);
    return (ssize_t)most;
}

struct stream *stream_drip(struct buffer *body, int64_t bytes_per_second)
{
    struct body_stream *b = body_new(body);

    b->base.read = drip_read;
    b->bytes_per_second = bytes_per_second;
    return &b->base;
}

static ssize_t padded_read(struct stream *s, uint64_t position, char *out, size_t most)
{
    struct padded_stream *p = (struct padded_stream *)s;

    if (position >= p->total)
        return STREAM_END;
    if (position < p->head_len) {
        most = least(most, p->head_len - position);
        memcpy(out, p->head + position, most);
    } else if (position < p->tail_at) {
        most = least(most, p->tail_at - position);
        memset(out, ' ', most);
    } else {
        most = least(most, p->total - position);
        memcpy(out, p->tail + (position - p->tail_at), most);
    }
    return (ssize_t)most;
}

static void padded_free(struct stream *s)
{
    free(s);
}

struct stream *stream_padded(const char *head, const char *tail, uint64_t total, bool announce)
{
    struct padded_stream *p = base_alloc(1, sizeof(*p));
    uint64_t shortest = strlen(head) + strlen(tail);

    p->head = head;
    p->tail = tail;
    p->head_len = strlen(head);
    p->total = total > shortest ? total : shortest;
    p->tail_at = p->total - strlen(tail);
    p->base.announced = announce ? p->total : STREAM_UNKNOWN;
    p->base.read = padded_read;
    p->base.free = padded_free;
    return &p->base;
}
