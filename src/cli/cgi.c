/*
 * cgi: the request is read from stdin and the environment, and the answer is written to stdout.
 *
 * A body is read to the length that was announced, and no further; what is refused by its length is read and
 * dropped, for some servers take a program that leaves its input for one that failed. A sender that is slow
 * has 30 s. Some servers end a program as soon as its answer is there: cgi_step_aside leaves all work to a
 * child that they do not know. Others wait until stdout is closed: cgi_detach closes it behind the answer.
 */
#include "cli/cgi.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

/* A web server that buffers has the whole body ready; MaintainX gives up after ten seconds. */
enum { LONGEST_WAIT_MS = 30000 };

/* Bytes of a body that is refused for its size which are still read. */
enum { MOST_DROPPED = 64 << 20 };

/* How long a sender is asked to wait when we are busy, in seconds. */
#define RETRY_AFTER "5"

/* What is answered, and what stands beside it. */
static const struct {
    int status;
    const char *reason, *header;
} statuses[] = {
    {200, "OK", ""},
    {400, "Bad Request", ""},
    {401, "Unauthorized", ""},
    {405, "Method Not Allowed", "Allow: POST\r\n"},
    {408, "Request Timeout", ""},
    {411, "Length Required", ""},
    {413, "Content Too Large", ""},
    {422, "Unprocessable Content", ""},
    {500, "Internal Server Error", ""},
    {503, "Service Unavailable", "Retry-After: " RETRY_AFTER "\r\n"},
};

bool cgi_is_request(void)
{
    return getenv("REQUEST_METHOD") != NULL;
}

void cgi_step_aside(void)
{
    int status = 0;
    pid_t child = fork();
    /* LCOV_EXCL_START: of the process that waits, _exit writes down no counts */
    if (child <= 0)
        return;
    pid_t ended = -1;
    cgi_detach(); /* the answer ends with what the child holds of it */
    do
        ended = waitpid(child, &status, 0);
    while (ended < 0 && errno == EINTR);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE);
    /* LCOV_EXCL_STOP */
}

const char *cgi_header(const char *name)
{
    struct buffer variable = {0};
    buffer_append_format(&variable, "HTTP_%s", name);
    for (char *p = variable.data; *p != '\0'; p++)
        *p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
    const char *value = getenv(variable.data);
    buffer_free(&variable);
    return value;
}

const char *cgi_remote(void)
{
    const char *remote = getenv("REMOTE_ADDR");
    return remote != NULL && *remote != '\0' ? remote : "someone";
}

/* Reads CONTENT_LENGTH (0 where it is none, or beyond measure). Returns 0, or the status to answer. */
static int read_length(size_t most, size_t *length)
{
    const char *text = getenv("CONTENT_LENGTH");
    size_t digits = text != NULL ? strspn(text, "0123456789") : 0;
    if (text == NULL || *text == '\0')
        return 411;
    if (text[digits] != '\0')
        return 400;
    unsigned long long n = strtoull(text, NULL, 10); /* ULLONG_MAX for more than it can hold */
    *length = n <= MOST_DROPPED ? (size_t)n : 0;
    return n > most ? 413 : 0;
}

/* Waits for bytes. Returns false when they do not come in time. No signal has a handler yet, so none cuts the
 * wait short. */
static bool wait_for_input(int64_t until)
{
    int64_t left = until - clock_monotonic();
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    return left > 0 && poll(&input, 1, (int)left) > 0;
}

/* Some servers (fcgiwrap) take a program that does not read its input for one that failed, and the sender
 * would not get our answer. */
static void drop_input(size_t length, int64_t until)
{
    char bytes[65536];
    ssize_t n = 1;
    while (n > 0 && length > 0 && wait_for_input(until)) {
        n = read(STDIN_FILENO, bytes, length < sizeof bytes ? length : sizeof bytes);
        length -= n > 0 ? (size_t)n : 0;
    }
}

int cgi_read_body(size_t most, struct buffer *body)
{
    const char *method = getenv("REQUEST_METHOD");
    size_t length = 0;
    int64_t until = clock_monotonic() + LONGEST_WAIT_MS;
    int status = read_length(most, &length);
    if (method == NULL || strcmp(method, "POST") != 0)
        status = 405;
    if (status != 0) {
        drop_input(length, until);
        return status;
    }
    buffer_reserve(body, length);
    while (body->len < length) {
        if (!wait_for_input(until))
            return 408;
        ssize_t n = read(STDIN_FILENO, body->data + body->len, length - body->len);
        if (n <= 0)
            return 400;
        body->len += (size_t)n;
    }
    body->data[length] = '\0';
    return 0;
}

int cgi_answer(int status, const char *json)
{
    size_t i = 0, count = sizeof statuses / sizeof statuses[0];
    while (i + 1 < count && statuses[i].status != status)
        i++;
    printf("Status: %d %s\r\n%sContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s\n",
        statuses[i].status, statuses[i].reason, statuses[i].header, strlen(json) + 1, json);
    return fflush(stdout) == 0 ? 0 : -1;
}

void cgi_detach(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC); /* where there is none, nothing changes and it waits */
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        dup2(null, fd);
}
