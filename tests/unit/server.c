#include "server.h"

#include "support.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

const char server_hangs[] = "hangs";

enum { MOST = 64 * 1024 };

/* In memory that both processes see. */
struct server_log {
    size_t requests;
    size_t len;
    char heard[MOST];
};

/* Where the body ends that follows the head, or the head itself; 0: it is not all there. */
static size_t end_of_request(const char *text, size_t len)
{
    const char *end = memmem(text, len, "\r\n\r\n", 4), *length = strcasestr(text, "content-length:");
    if (end == NULL)
        return 0;
    size_t whole = (size_t)(end - text) + 4;
    if (length != NULL && length < end)
        whole += strtoul(length + strlen("content-length:"), NULL, 10);
    return len >= whole ? whole : 0;
}

/* False when the client has gone before its request was whole. */
static bool hear(int connection, struct server_log *log)
{
    char *begin = log->heard + log->len;
    size_t len = 0;
    while (end_of_request(begin, len) == 0) {
        size_t room = sizeof log->heard - 1 - log->len - len;
        ssize_t n = read(connection, begin + len, room);
        if (n <= 0)
            return false;
        len += (size_t)n;
    }
    log->len += len;
    log->requests++;
    return true;
}

static void serve(int listener, const char *const *answers, size_t count, struct server_log *log)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0;;) {
        int connection = accept(listener, NULL, NULL);
        if (connection >= 0 && hear(connection, log)) {
            const char *answer = i < count ? answers[i] : "";
            if (answer == server_hangs)
                pause();
            ssize_t n = write(connection, answer, strlen(answer));
            (void)n;
            i++;
        }
        shutdown(connection, SHUT_WR); /* what is still on its way in would else make it a reset */
        close(connection);
    }
}

void server_start(struct server *server, const char *const *answers, size_t count)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(listener >= 0 && bind(listener, (struct sockaddr *)&address, len) == 0 &&
              listen(listener, 64) == 0 && getsockname(listener, (struct sockaddr *)&address, &len) == 0,
        "the server cannot listen");
    snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    server->log = mmap(NULL, sizeof *server->log, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check(server->log != MAP_FAILED, "mmap");
    fflush(NULL);
    server->child = fork();
    check(server->child >= 0, "fork");
    if (server->child == 0)
        serve(listener, answers, count, server->log);
    close(listener);
}

size_t server_requests(const struct server *server)
{
    return server->log->requests;
}

const char *server_heard(const struct server *server)
{
    return server->log->heard;
}

void server_stop(struct server *server)
{
    kill(server->child, SIGKILL);
    waitpid(server->child, NULL, 0);
    munmap(server->log, sizeof *server->log);
}
