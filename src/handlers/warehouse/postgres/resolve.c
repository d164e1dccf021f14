#include "handlers/warehouse/postgres/resolve.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "handlers/warehouse/postgres/connection.h"

/* How often it is asked whether a signal came: the resolver has no descriptor to wait for. */
static const struct timespec step = {.tv_nsec = 100 * 1000 * 1000};

/* One question, asked by a thread of the C library. */
struct question {
    struct gaicb request;
    struct addrinfo hints;
    char *host;
    struct question *next;
};

/* Questions that could not be called back: the thread may still write into them. They are kept until the
 * program ends. */
static struct question *abandoned;

static void free_question(struct question *question)
{
    if (question->request.ar_result != NULL)
        freeaddrinfo(question->request.ar_result);
    free(question->host);
    free(question);
}

static struct question *make_question(const char *host)
{
    struct question *question = calloc(1, sizeof *question);
    question->host = strdup(host);
    question->hints.ai_socktype = SOCK_STREAM;
    question->request.ar_name = question->host;
    question->request.ar_request = &question->hints;
    return question;
}

static void abandon(struct question *question)
{
    if (gai_cancel(&question->request) != EAI_NOTCANCELED &&
        gai_error(&question->request) != EAI_INPROGRESS) {
        free_question(question);
        return;
    }
    question->next = abandoned;
    abandoned = question;
}

/* Waits for the answer. Returns what getaddrinfo would, EAI_INPROGRESS when it did not come in time. */
static int wait_for_answer(struct question *question, int64_t limit)
{
    const struct gaicb *const list[] = {&question->request};
    int64_t end = pg_host->clock_monotonic() + limit;
    int code;
    while ((code = gai_error(&question->request)) == EAI_INPROGRESS) {
        pg_host->shutdown_attend();
        if (pg_host->shutdown_signalled() || pg_host->clock_monotonic() >= end)
            break;
        gai_suspend(list, 1, &step);
    }
    return code;
}

int pg_resolve(const char *host, int64_t limit, struct delivery_result *why)
{
    /* a directory with a Unix socket, or an abstract one */
    if (host == NULL || *host == '/' || *host == '@')
        return 0;
    struct question *question = make_question(host);
    struct gaicb *list[] = {&question->request};
    int code = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);
    if (code == 0)
        code = wait_for_answer(question, limit);
    if (code == EAI_INPROGRESS) {
        abandon(question);
        if (pg_host->shutdown_signalled())
            pg_host->later(why, -1, "postgresql: a signal ended the run before the name server answered");
        else
            pg_host->later(why, -1,
                "postgresql: %s: the name server did not answer within %g s; check the network", host,
                (double)limit / 1000);
        return -1;
    }
    free_question(question);
    if (code != 0)
        pg_host->later(why, -1,
            "postgresql: %s: its address cannot be found: %s; check the name and the network", host,
            gai_strerror(code));
    return code == 0 ? 0 : -1;
}
