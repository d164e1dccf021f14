/*
 * doctor: what its checks share. A check is a row of a table of its group (doctor_GROUP.c): a name, what it
 * looks at, the check it depends on, and a function. The function reports what it finds, a line each; one
 * that reports nothing is fine.
 *
 * Every line that is not ok ends in a command or a setting. A failure has the exit status that `sync` would
 * end with.
 */
#ifndef WOSYNC_CLI_DOCTOR_H
#define WOSYNC_CLI_DOCTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "api/client.h"
#include "api/maintainx.h"
#include "base/buffer.h"
#include "base/config.h"
#include "base/error.h"
#include "cli/cli.h"
#include "deliver/handler_table.h"

struct store;
struct doctor_check;
struct json_object;

enum doctor_result { DOCTOR_OK, DOCTOR_SKIPPED, DOCTOR_WARNING, DOCTOR_FAILED };

/* Requests to the API that a call of doctor sends, at most. */
enum { DOCTOR_REQUESTS = 6 };

struct doctor {
    const struct cli *cli;
    bool offline, send, strict, json;

    struct config config;
    struct buffer problems, warnings; /* of the configuration, a line each */
    struct handler_table table;

    struct store *store;      /* NULL: there is none, or it cannot be opened */
    struct error store_error; /* why not; zeroed where there is none yet */
    struct client *client;    /* NULL until the first request */
    struct page_answer page;  /* the answer to it; `call` NULL: there is none */
    struct error api_error;   /* why there is none */
    bool asked;               /* the first request was sent, or tried */

    const char *group;                /* of the check at work */
    const struct doctor_check *check; /* the one at work */
    enum doctor_result result;        /* its gravest so far */
    int reported;                     /* lines of it */
    int status;                       /* the exit status so far */
    int counts[DOCTOR_FAILED + 1];    /* lines of each result */
    struct json_object *list;         /* the lines, for --json */
};

struct doctor_check {
    const char *name;
    const char *about; /* for --list */
    const char *after; /* the check that must not have failed; NULL: none */
    bool online;       /* it sends something: not with --offline */
    void (*run)(struct doctor *doctor);
};

/* The groups; each list ends with a check without a name. */
extern const struct doctor_check doctor_config[], doctor_machine[], doctor_api[], doctor_store[],
    doctor_handlers[], doctor_webhooks[];

/* Report a line of the check at work, printf-formatted; secrets are masked. `status` is an exit status. */
void doctor_ok(struct doctor *doctor, const char *format, ...) __attribute__((format(printf, 2, 3)));
void doctor_skip(struct doctor *doctor, const char *format, ...) __attribute__((format(printf, 2, 3)));
void doctor_warn(struct doctor *doctor, const char *format, ...) __attribute__((format(printf, 2, 3)));
void doctor_fail(struct doctor *doctor, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sends the first request, a page of the list, unless it was sent: the machine's clock is held against its
 * date, too. The answer is in doctor->page, or why there is none in doctor->api_error. Returns whether there
 * is one. */
bool doctor_ask(struct doctor *doctor);

/* May another `count` requests be sent? Reports that they may not. */
bool doctor_may_send(struct doctor *doctor, int count);

/* Is this machine's disk of that type (statfs) far away? SQLite's locks cannot be trusted there. */
bool doctor_is_far(long type);

/* Appends a line for each timer and crontab line below `root` ("" for the machine's own) that runs wosync;
 * `user` is whose crontab is looked at. Returns how many. */
int doctor_find_schedules(const char *root, const char *user, struct buffer *lines);

#endif
