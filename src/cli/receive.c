/* receive: one delivery of a webhook: from a web server that runs us as a CGI program, or from a file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "cli/cgi.h"
#include "cli/cli.h"
#include "cli/reading.h"
#include "cli/run_context.h"
#include "sources/names.h"
#include "sources/webhook_auth.h"
#include "sources/webhook_inbound.h"
#include "store/events.h"
#include "store/refetches.h"
#include "store/webhook_stats.h"

/* Bodies are a few KB; a work order of more than 1 MiB would go to quarantine anyway. */
enum { LONGEST_BODY = 1 << 20 };

/* What a webhook brings is worked off at once for so long, and once; the rest is left to the next run, so
 * that a web server's processes do not pile up. */
enum { AT_ONCE_MS = 8000 };

static const char timed_header[] = "x-maintainx-webhook-body-signature";
static const char plain_header[] = "x-maintainx-signature";
static const char event_header[] = "x-maintainx-event-id";

/* What is answered, and what it means for someone at a terminal. */
struct reply {
    int http;
    const char *json;
    int status;
};

static const struct reply stored = {200, "{\"status\":\"ok\"}", EX_OK};
static const struct reply repeated = {200, "{\"status\":\"already_processed\"}", EX_OK};
/* not which check failed: that would help whoever guesses */
static const struct reply unauthorized = {401, "{\"error\":\"unauthorized\"}", EX_DATAERR};
/* the sender need not try again: the same bytes will be of no more use */
static const struct reply unusable = {422, "{\"error\":\"unusable\"}", EX_DATAERR};
static const struct reply not_configured = {500, "{\"error\":\"not configured\"}", EX_CONFIG};
static const struct reply broken = {500, "{\"error\":\"try again\"}", EX_IOERR};
static const struct reply busy = {503, "{\"error\":\"busy\"}", EX_TEMPFAIL};

/* --- before the answer --- */

static struct reply reply_for(const struct error *e)
{
    struct reply reply = e->status == EX_CONFIG ? not_configured : e->status == EX_TEMPFAIL ? busy : broken;
    reply.status = e->status;
    return reply;
}

/* For the figures of `status` only: what could not be verified must not cost much, so it waits for no one. */
static void count_refused(struct run_context *context)
{
    struct error e = {0};
    store_set_patience(context->store, 0);
    webhook_stats_note_refused(context->store, clock_now(), &e);
}

static struct reply accept_message(struct run_context *context, const struct webhook_message *message,
    const char *subscribed, bool *work_left, struct error *e)
{
    const struct config *config = &context->config;
    /* the sender waits: only names that are in the store */
    struct names *names = config->names ? names_new(context->store, NULL) : NULL;
    const struct webhook_settings settings = {.config = config,
        .store = context->store,
        .subscribed = subscribed,
        .run = &context->run,
        .names = names};
    enum webhook_result result = webhook_accept(&settings, message, clock_now(), work_left, e);
    names_free(names);
    switch (result) {
    case WEBHOOK_STORED:
        return stored;
    case WEBHOOK_REPEATED:
        return repeated;
    case WEBHOOK_REFUSED:
        return unusable;
    case WEBHOOK_FAILED:
    default:
        return reply_for(e);
    }
}

static struct reply judge(struct run_context *context, const struct webhook_message *message,
    const char *from, bool *work_left, struct error *e)
{
    const char *why = NULL, *subscribed = NULL;
    struct reply reply = busy;
    struct webhook_auth_keys *keys =
        webhook_auth_keys_load(context->store, context->config.webhook_secrets, e);
    if (keys == NULL)
        return reply_for(e);
    switch (webhook_auth_check(keys, message, clock_now(), context->config.tolerance, &subscribed, &why)) {
    case WEBHOOK_AUTH_GOOD:
        reply = accept_message(context, message, subscribed, work_left, e);
        break;
    case WEBHOOK_AUTH_BAD:
        fail(e, EX_DATAERR, "webhook: a delivery of %s was refused: %s; see: wosync doctor webhooks", from,
            why);
        count_refused(context);
        reply = unauthorized;
        break;
    case WEBHOOK_AUTH_NO_SECRET:
    default:
        fail(e, EX_CONFIG,
            "webhook: no secret to check deliveries with, so all are refused; run wosync webhooks register "
            "--url URL, or set "
            "secret_file in [webhooks] or MAINTAINX_WEBHOOK_SECRET");
        reply = not_configured;
    }
    webhook_auth_keys_free(keys);
    return reply;
}

/* --- after the answer --- */

/* Returns false when another run delivers, or nothing can be delivered. */
static bool deliver(struct run_context *context, bool quiet)
{
    bool ours = run_context_lock(context, LOCK_DELIVER, 0) == 1;
    if (ours)
        run_context_dispatch(context, quiet);
    run_context_unlock(context, LOCK_DELIVER);
    return ours && context->has_handlers;
}

/*
 * What can be done at once is done at once: the work orders that were notified are read, and what comes of it
 * is delivered. Whoever holds the lock of that work does it for all. Another process may store a delivery
 * while we are at it and find the locks taken: so we look once more after releasing them.
 */
static void work(struct run_context *context, bool quiet)
{
    struct error e = {0};
    int64_t seen, last, waiting;
    bool read, delivered;
    shutdown_set_deadline(AT_ONCE_MS);
    do {
        read = reading_notified(context);
        seen = events_last_seq(context->store, &e);
        delivered = deliver(context, quiet);
        last = events_last_seq(context->store, &e);
        waiting = read ? refetches_count_due(context->store, clock_now(), &e) : 0;
    } while (!shutdown_requested() && e.status == EX_OK && ((delivered && last > seen) || waiting > 0));
    run_context_report(context, &e);
}

/* --- the two ways to be called --- */

static int answer(const struct reply *reply)
{
    int rc = cgi_answer(reply->http, reply->json);
    cgi_detach();
    return rc == 0 ? EX_OK : EX_IOERR;
}

static int receive_cgi(const struct cli *cli)
{
    struct run_context context;
    struct error e = {0};
    struct buffer body = {0};
    bool work_left = false;
    cgi_step_aside(); /* before the store is opened: SQLite's files must not be carried through a fork */
    struct reply reply = {.http = cgi_read_body(LONGEST_BODY, &body), .json = "{\"error\":\"not accepted\"}"};
    int status;
    if (reply.http != 0) {
        log_warning("webhook: a request of %s was not accepted: HTTP %d", cgi_remote(), reply.http);
        buffer_free(&body);
        return answer(&reply);
    }
    if (run_context_open(&context, cli, "receive", RUN_CONTEXT_ANSWER) != 0) {
        e.status = context.status;
        reply = reply_for(&e);
    } else {
        const struct webhook_message message = {.timed_signature = cgi_header(timed_header),
            .plain_signature = cgi_header(plain_header),
            .event_id = cgi_header(event_header),
            .body = body.data,
            .len = body.len};
        reply = judge(&context, &message, cgi_remote(), &work_left, &e);
    }
    buffer_free(&body);
    cli_report(&e);
    status = answer(&reply);
    /* what was stored is worked off whether the sender heard of it or not */
    if (work_left)
        work(&context, true);
    run_context_close(&context);
    return status;
}

struct options {
    const char *path;
    struct webhook_message message;
};

/* A header as it was typed, `NAME: VALUE`: its value goes where it belongs; others are passed over. */
static int read_header(const char *text, void *values, struct buffer *why)
{
    struct webhook_message *message = &((struct options *)values)->message;
    const struct {
        const char *name;
        const char **value;
    } headers[] = {{timed_header, &message->timed_signature}, {plain_header, &message->plain_signature},
        {event_header, &message->event_id}};
    const size_t len = strcspn(text, ":");
    if (text[len] == '\0') {
        buffer_append_text(why, "write 'NAME: VALUE'");
        return -1;
    }
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        if (strlen(headers[i].name) == len && strncasecmp(text, headers[i].name, len) == 0)
            *headers[i].value = text + len + 1 + strspn(text + len + 1, " \t");
    return 0;
}

/* The rest of a file, at most LONGEST_BODY bytes. */
static int read_rest(int fd, const char *name, struct buffer *body, struct error *e)
{
    ssize_t n = 1;
    buffer_reserve(body, LONGEST_BODY + 1);
    while (n > 0 && body->len <= LONGEST_BODY) {
        /* a pipe may stay silent for ever */
        if (!shutdown_wait_input(fd))
            return fail(
                e, EX_TEMPFAIL, "receive: %s: the run was ended before the whole body had come", name);
        n = read(fd, body->data + body->len, LONGEST_BODY + 1 - body->len);
        if (n < 0 && errno == EINTR)
            n = 1; /* and wait anew */
        else if (n < 0)
            return fail(e, EX_IOERR, "receive: %s: %s", name, strerror(errno));
        else
            body->len += (size_t)n;
    }
    body->data[body->len] = '\0';
    return body->len <= LONGEST_BODY
               ? 0
               : fail(e, EX_DATAERR,
                     "receive: %s: it is larger than 1 MiB; name a file with one saved delivery", name);
}

static int read_file(const char *path, struct buffer *body, struct error *e)
{
    if (strcmp(path, "-") == 0)
        return read_rest(STDIN_FILENO, "stdin", body, e);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(e, EX_IOERR, "receive: %s: %s", path, strerror(errno));
    int rc = read_rest(fd, path, body, e);
    close(fd);
    return rc;
}

static int receive_file(const struct cli *cli, const char *path, struct webhook_message *message)
{
    struct run_context context;
    struct error e = {0};
    struct buffer body = {0};
    bool work_left = false;
    if (run_context_open(&context, cli, "receive", RUN_CONTEXT_ANSWER) == 0 &&
        read_file(path, &body, &e) == 0) {
        message->body = body.data;
        message->len = body.len;
        struct reply reply = judge(&context, message, path, &work_left, &e);
        printf("%s\n", reply.json);
        e.status = cli_flush(reply.status);
        run_context_report(&context, &e);
        if (work_left)
            work(&context, false);
    } else {
        run_context_report(&context, &e);
    }
    buffer_free(&body);
    return run_context_close(&context);
}

static int run(const struct command *self, const struct cli *cli, int argc, char **argv)
{
    struct options options = {0};
    struct command_line line;
    /* then arguments may come from whoever sent the request (RFC 3875, section 4.4): none is looked at */
    if (cgi_is_request())
        return receive_cgi(cli);
    if (!options_read(self, argc, argv, &options, &line))
        return line.status;
    return receive_file(cli, options.path, &options.message);
}

static const struct option_spec known[] = {
    {"body", TEXT_TO(struct options, path), .value = "FILE", .required = SUB(0),
        .missing = "a web server is to run this, or write --body FILE",
        .help = "a saved delivery in place of a request (-: stdin); the answer goes to stdout"},
    {"header", READ_BY(read_header), .value = "H",
        .help = "its headers: x-maintainx-webhook-body-signature or x-maintainx-signature,\n"
                "x-maintainx-event-id"},
    {.name = NULL},
};

const struct command command_receive = {
    .name = "receive",
    .summary = "take a webhook: as a CGI program of a web server, or from a file",
    .help =
        "usage: wosync receive\n"
        "       wosync receive --body FILE [--header 'NAME: VALUE']...\n"
        "\n"
        "A web server runs it as a CGI program, through a wrapper (PREFIX/lib/wosync/webhook). It checks the "
        "signature\n"
        "of the delivery, stores it and answers. Then it refetches the work order and delivers the events "
        "for eight\n"
        "seconds at most; the next sync does the rest.\n"
        "\n",
    .help_end =
        "\n"
        "Secrets: those of wosync webhooks register, secret_file in [webhooks], MAINTAINX_WEBHOOK_SECRET.\n"
        "\n"
        "example:  wosync receive --body delivery.json --header \"x-maintainx-signature: $SIGNATURE\"\n",
    .options = known,
    .run = run,
};
