#include "transport.h"

#include <poll.h>
#include <string.h>

#include "base.h"
#include "clock.h"
#include "gzip.h"

enum {
    GZIP_LEAST = 1024,        /* bytes; below that compression does not pay */
    STREAM_BLOCK = 64 * 1024, /* bytes that a stream is asked for at a time */
    HANG_STEP = 100           /* milliseconds between two looks at the client */
};

static ssize_t read_stream(void *context, uint64_t position, char *out, size_t most)
{
    struct stream *s = context;
    ssize_t n = s->read(s, position, out, most);

    if (n == STREAM_END)
        return MHD_CONTENT_READER_END_OF_STREAM;
    return n == STREAM_BREAK ? MHD_CONTENT_READER_END_WITH_ERROR : n;
}

static void free_stream(void *context)
{
    struct stream *s = context;

    s->free(s);
}

static void compress_body(struct request *r, struct answer *a)
{
    const char *accepted = request_header(r, "accept-encoding");

    if (!a->gzip || a->stream != NULL || a->body.len < GZIP_LEAST)
        return;
    answer_header(a, "Vary", "Accept-Encoding");
    if (accepted == NULL || strstr(accepted, "gzip") == NULL)
        return;
    gzip_body(&a->body);
    answer_header(a, "Content-Encoding", "gzip");
}

/* The response of libmicrohttpd; body or stream pass to it. */
static struct MHD_Response *make_response(struct answer *a)
{
    struct MHD_Response *response;
    struct stream *s = a->stream;

    if (s != NULL)
        response = MHD_create_response_from_callback(
            s->announced == STREAM_UNKNOWN ? MHD_SIZE_UNKNOWN : s->announced, STREAM_BLOCK, read_stream, s,
            free_stream);
    else if (a->body.len == 0)
        response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    else
        response = MHD_create_response_from_buffer(a->body.len, a->body.data, MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        die("libmicrohttpd: no response");
    if (s == NULL && a->body.len == 0)
        buffer_free(&a->body);
    a->body = (struct buffer){0};
    a->stream = NULL;
    return response;
}

/* Waits until the client has closed the connection, or the mock ends. */
static void hang(int socket)
{
    struct pollfd p = {.fd = socket, .events = POLLRDHUP};

    while (clock_pause(HANG_STEP) && poll(&p, 1, 0) == 0)
        continue;
}

enum MHD_Result transport_send(struct request *r, struct answer *a)
{
    struct MHD_Response *response;
    enum MHD_Result result;

    if (a->status == 0) {
        if (a->hang)
            hang(r->socket);
        if (a->abort)
            stream_abort(r->socket);
        answer_clear(a);
        return MHD_NO; /* libmicrohttpd closes the connection */
    }
    compress_body(r, a);
    response = make_response(a);
    if (a->content_type != NULL)
        MHD_add_response_header(response, "Content-Type", a->content_type);
    for (size_t i = 0; i < a->nheaders; i++)
        MHD_add_response_header(response, a->headers[i].name, a->headers[i].value);
    result = MHD_queue_response(r->connection, a->status, response);
    MHD_destroy_response(response);
    answer_clear(a);
    return result;
}
