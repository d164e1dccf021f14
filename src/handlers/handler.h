/*
 * handler: what a handler type is. A type is one source file with one table of functions; adding one is that
 * file and one line in table.c.
 */
#ifndef WOSYNC_HANDLERS_HANDLER_H
#define WOSYNC_HANDLERS_HANDLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/http.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/ini.h"
#include "store/deliveries.h"

/* A key that a type takes in its section, besides `on`, `when`, `type` and `timeout`. The last of a list has
 * no name. */
struct handler_key {
    const char *name;
    bool required;
    bool repeatable;
};

/* What a handler is made from. Everything is borrowed for the time of `make`. */
struct handler_setup {
    const char *name;
    const struct ini *ini; /* the configuration, for the places of lines in messages */
    const struct ini_section *section;
    int64_t timeout;          /* milliseconds, for one delivery */
    const char *base_url;     /* whose work orders these are: the API, */
    const char *organization; /* and the organization, "" without one */
    struct buffer *problems;  /* a line for every mistake */
    struct buffer *warnings;
};

struct store;

enum delivery_verdict {
    DELIVERY_DONE,  /* the receiver has it */
    DELIVERY_LATER, /* not now: try again */
    DELIVERY_DEAD   /* it refused: trying again is no use */
};

/* How a try ended. */
struct delivery_result {
    enum delivery_verdict verdict;
    int64_t retry_after; /* milliseconds the receiver asks for; -1: it did not say */
    char error[256];     /* why, unless DONE; secrets are masked when it is stored */
};

/* A request that a delivery calls for. It owns the headers and `made`; the rest is borrowed from the handler,
 * and the body, where it is not `made`, from the delivery. Free with handler_request_free. */
struct handler_request {
    const char *url;
    char **headers; /* `Name: value`, ends with NULL; may be NULL */
    const char *body;
    size_t body_len;
    char *made; /* a body of the handler's own making */
    struct http_tls tls;
};

/* What a handler is given to do its work with. Everything is borrowed. */
struct handler_work {
    struct store *store; /* to read from: a work order's earlier events */
    const struct delivery *deliveries;
    size_t count;    /* at least 1, at most the type's `batch` */
    int64_t timeout; /* milliseconds, for the whole of it */
};

/* A snapshot, for a type that is loaded with all of them. Borrowed. */
struct handler_snapshot {
    int64_t work_order;
    int64_t updated;
    bool deleted;
    const char *json;
    size_t len;
};

/* Gives the deliveries of a digest, one after the other. */
struct summary_reader;

/* The next delivery, borrowed until the next call; NULL behind the last one, or when the store failed. */
const struct delivery *summary_next(struct summary_reader *reader);

/* What trying a receiver found. */
struct handler_probe {
    int64_t timeout; /* given: milliseconds it may take */
    char found[512]; /* in words; "" where there is nothing to say */
    bool doubtful;   /* it works, and someone should look at what was found */
};

struct handler_type {
    const char *name;
    const struct handler_key *keys;

    /* Makes a handler from its section: its state, or NULL after adding a line to the problems. */
    void *(*make)(const struct handler_setup *setup);

    /* Frees the state. */
    void (*free)(void *state);

    /* Types that do their work at once: makes one try with up to `batch` deliveries, in the order of the log,
     * and fills the result, which holds for all of them: all or none are done. When several fail they are
     * tried one by one. NULL for types that send requests. */
    void (*deliver)(void *state, const struct handler_work *work, struct delivery_result *result);
    size_t batch; /* 0 counts as 1 */
    bool keeps;   /* what it is given stays for good: a test event is not for it */
    bool prints;  /* on stdout, which is not always there for it */
    bool blocks;  /* `deliver` may take long: its turn comes when the handlers that do not block have no work
                     left */

    /* Types that send HTTP requests, which run side by side: fills the request. */
    void (*prepare)(void *state, const struct delivery *delivery, struct handler_request *request);

    int side_by_side;    /* most requests under way, up to 8; 0: 8 */
    int64_t interval_ms; /* least time between two requests, over runs too; 0: none */

    /* Types that flood no one: when more than `digest_above` deliveries are due in a run, one request stands
     * for all of them. Both NULL for others. `digest` reads them all with summary_next and fills the request.
     */
    size_t (*digest_above)(void *state);
    void (*digest)(void *state, struct summary_reader *reader, struct handler_request *request);

    /* Types that hold all work orders: a handler is given every snapshot, in batches: all when it is new,
     * later those of work orders that are seen for the first time, before their events. A batch may come
     * again after a crash. Fills the result like `deliver`. NULL for others. */
    void (*load)(
        void *state, const struct handler_snapshot *snapshots, size_t count, struct delivery_result *result);

    /* Tries the receiver without an event, for `doctor`: nothing is sent that it would keep, nothing is made
     * or changed. Returns 0 with *probe filled (zeroed before, but for the timeout), or -1 with the status
     * that a run would end with and a text that says what to do. NULL for types that nothing can be wrong
     * with. */
    int (*probe)(void *state, struct handler_probe *probe, struct error *e);
};

/* Fills the result. `error` is printf-formatted. */
void handler_done(struct delivery_result *result);
void handler_later(struct delivery_result *result, int64_t retry_after, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void handler_dead(struct delivery_result *result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The judgement of plain HTTP receivers: 2xx is yes; no answer, 408, 425, 429 and 5xx are tried again, after
 * Retry-After where it is given; everything else is a refusal. */
void handler_judge(struct http_call *call, enum http_outcome outcome, struct delivery_result *result);

/* Frees what the request owns and zeroes it. */
void handler_request_free(struct handler_request *request);

/* Adds the line `FILE:LINE: [handler NAME] ...` to the problems; `line` 0 is the section's own. */
void setup_problem(const struct handler_setup *setup, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The value of a key, NULL where it is absent; borrowed. */
const char *setup_value(const struct handler_setup *setup, const char *key);

/* The value of a key that is a whole number from `least` to `most`, `fallback` where it is absent; a problem
 * is added when it is none. */
int64_t setup_number(
    const struct handler_setup *setup, const char *key, int64_t fallback, int64_t least, int64_t most);

/* The setting of a repeatable key behind `previous` (NULL: the first), NULL behind the last. Borrowed. */
const struct ini_setting *setup_next(
    const struct handler_setup *setup, const char *key, const struct ini_setting *previous);

/* What a value stands for: `env:NAME` is taken from the environment and `file:PATH` from a file, without
 * white space at its ends; anything else is itself. What a file holds is registered as a secret, what the
 * environment holds as a possible one (base/secret.h). Returns a string to be freed, or NULL with a problem
 * added. */
char *setup_resolve(const struct handler_setup *setup, const struct ini_setting *setting, const char *value);

/* The same where a secret is expected: it is registered as one in any case, and quotes around what the
 * environment or a file holds are taken off. */
char *setup_resolve_secret(
    const struct handler_setup *setup, const struct ini_setting *setting, const char *value);

/* The value of a key that must be there and is a secret, as setup_resolve_secret. */
char *setup_secret(const struct handler_setup *setup, const char *key);

/* The secret in a file, for a setting that names it in one way or another; a file that others can read is a
 * warning. Returns as setup_secret. */
char *setup_file_secret(
    const struct handler_setup *setup, const struct ini_setting *setting, const char *path);

/* The value of a key that is a URL for a receiver: resolved, checked (http allowed, for a receiver in one's
 * own network), and a secret, with its path. Returns a string to be freed, or NULL, with a problem added
 * unless the key is absent. */
char *setup_url(const struct handler_setup *setup, const char *key);

#endif
