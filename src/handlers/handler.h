/*
 * handler: what a handler type is. A type is a folder with one table of functions, and a line in registry.h.
 *
 * The engine (deliver/) gives a handler its deliveries in batches. A batch becomes a job: `start` begins it,
 * `poll` says which descriptors it waits for and until when, `collect` lets it go on and, at its end, gives a
 * result for each delivery. Nothing of these may block. A type that can only block has `work` in their place:
 * the engine calls it in a child process, which it kills at the time limit.
 *
 * A delivery may come again, with the same id and the same bytes: after a crash, or when a child was killed.
 * A type that keeps what it is given looks whether it has the id already, or the manual says that it does
 * not. With one job at a time a batch may hold several events of a work order, in their order: once one of
 * them has failed, the later ones of that work order are not delivered, and are LATER or UNTRIED, too.
 *
 * A type sees events, its own settings and what the host lends it, never the store, another type or the
 * engine.
 */
#ifndef WOSYNC_HANDLERS_HANDLER_H
#define WOSYNC_HANDLERS_HANDLER_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/ini.h"
#include "core/event.h"
#include "core/workorder.h"

struct http;

/* A key that a type takes in its section, besides `on`, `when`, `type`, `timeout` and `was`. The last of a
 * list has no name. */
struct handler_key {
    const char *name;
    bool required;
    bool repeatable;
    bool indirect; /* its value may be env:NAME or file:PATH */
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

/* --- what a batch holds --- */

/* An earlier event of a work order that says its status. */
struct handler_step {
    enum event_type type; /* created, status_changed or completed */
    int64_t timestamp;    /* when it happened */
    int64_t observed;
    int64_t completed_at; /* of the work order as it was then, TIMESTAMP_NONE without one */
    char status[WORKORDER_MAX_STATUS + 1];
    char previous_status[WORKORDER_MAX_STATUS + 1];
};

/* An event to be delivered. Borrowed until its job is over. */
struct handler_event {
    int64_t seq; /* its place in the log */
    int64_t work_order;
    enum event_type type; /* EVENT_TYPES: one that this program does not know */
    int attempts;         /* that have failed so far */
    const char *id;
    const char *body; /* the bytes that every attempt sends, with a NUL behind them */
    size_t body_len;
    struct json_object *json;           /* see handler_event_json */
    const struct handler_step *history; /* for types that want it: the steps up to this event, oldest first */
    size_t steps;
};

/* A snapshot, for a type that is given all of them. Borrowed. */
struct handler_snapshot {
    int64_t work_order;
    int64_t updated;
    bool deleted;
    const char *json;
    size_t len;
};

/* A batch, and how many results it has: one for each event; one for a summary or for snapshots. */
struct handler_batch {
    enum { HANDLER_EVENTS, HANDLER_SUMMARY, HANDLER_SNAPSHOTS } kind;
    size_t count;                 /* at least 1: events, snapshots, or events that were pushed */
    struct handler_event *events; /* of HANDLER_EVENTS, in the order of the log */
    const struct handler_snapshot *snapshots;
    int64_t timeout; /* milliseconds, for the whole job */
};

size_t handler_batch_results(const struct handler_batch *batch);

/* The event as JSON: parsed when it is first asked for, and kept with it. NULL when it is none. Borrowed. */
struct json_object *handler_event_json(struct handler_event *event);

/* Forgets the parsed JSON, for a batch of many that are looked at one after the other. */
void handler_event_forget(struct handler_event *event);

/* --- how an attempt ended --- */

enum delivery_status {
    DELIVERY_UNTRIED, /* it was not tried: no attempt is counted. So is a result that is not filled */
    DELIVERY_DONE,    /* the receiver has it */
    DELIVERY_LATER,   /* it failed: try again */
    DELIVERY_DEAD     /* it refused: trying again is no use */
};

struct delivery_result {
    enum delivery_status status;
    bool broken; /* of LATER: someone must set it right (a program that is missing): said at once */
    bool away;   /* of LATER: it is not about this delivery, the receiver is not to be had: nothing more is
                    tried in this run */
    int64_t retry_after; /* milliseconds the receiver asks for; -1: it did not say */
    char error[256];     /* why, unless DONE or UNTRIED; secrets are masked */
};

/* Fill the result. `error` is printf-formatted. */
void handler_done(struct delivery_result *result);
void handler_untried(struct delivery_result *result);
void handler_later(struct delivery_result *result, int64_t retry_after, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void handler_broken(struct delivery_result *result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void handler_dead(struct delivery_result *result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* --- what a type is lent --- */

struct handler_host {
    struct http *http; /* see handler_host_http */
    bool quiet;        /* nobody reads our stdout */
};

/* The client that all handlers of a run share; made when it is first asked for. */
struct http *handler_host_http(struct handler_host *host);

/* What the jobs of all handlers wait for. Start from {.until = INT64_MAX}. */
struct handler_wait {
    struct pollfd *fds;
    size_t count, capacity;
    bool http;     /* for answers of the host's client */
    int64_t until; /* by the monotonic clock */
};

void handler_wait_fd(struct handler_wait *wait, int fd, short events);
void handler_wait_http(struct handler_wait *wait);
void handler_wait_until(struct handler_wait *wait, int64_t monotonic_ms);

/* What `render` makes of a batch: what would be sent. */
struct handler_render {
    int directory;       /* given: open and for this alone; a type that writes files writes them there */
    struct buffer bytes; /* filled, and the caller's: a message, which becomes a file of its own */
    const char *suffix;  /* filled: how the name of that file ends, `.http`; NULL: there is none */
};

/* --- a type --- */

struct handler_driver {
    /* Begins a job. Returns it; or NULL when it is over already and `results` are filled. */
    void *(*start)(
        void *state, struct handler_host *host, struct handler_batch *batch, struct delivery_result *results);

    /* Adds what the job waits for. */
    void (*poll)(void *job, struct handler_wait *wait);

    /* Lets the job go on as far as it can without waiting. True: it is over, `results` are filled, and it is
     * freed. After a signal (base/shutdown.h) it must be over within a second, unless what it does has no way
     * back. */
    bool (*collect)(void *job, struct delivery_result *results);

    /* Ends the job, whatever it is at, and frees it. */
    void (*cancel)(void *job);

    /* Types that make one message of many: adds an event to the next summary, which `start` then sends; NULL
     * in place of an event begins a new one. Absent for others. */
    void (*push)(void *state, struct handler_event *event);
};

struct handler_limits {
    size_t events;        /* most events in a batch; 0: 1 */
    int jobs;             /* most jobs at a time, up to 8; 0: 8 */
    int64_t interval_ms;  /* least time between two jobs, over runs too; 0: none */
    size_t summary_above; /* a run with more than this for the handler sends one summary; only with push */
};

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

    /* Fills the limits, which are zeroed before. NULL: one event a job, eight jobs at a time. */
    void (*limits)(const void *state, struct handler_limits *limits);

    bool keeps; /* what it is given stays for good: `doctor --send` gives it no test event */

    bool wants_history;   /* each event comes with the steps of its work order */
    bool wants_snapshots; /* a handler is given every snapshot: all when it is new, later those of work orders
                             that are seen for the first time, before their events. A batch may come again
                             after a crash */

    /* Is anything sent for an event of this type? What is not is delivered all the same, to no effect. NULL:
     * for all. */
    bool (*sends)(enum event_type type);

    /* One of the two. `work` does the whole batch and fills the results; it may block. It is called in a
     * child process: the state is a copy of what `make` made, is kept from batch to batch while the child
     * lives, and is freed there, too. Descriptors that `make` opened are closed in it. All else is called in
     * the engine's process. */
    struct handler_driver driver;
    void (*work)(void *state, struct handler_batch *batch, struct delivery_result *results);

    /* Tries the receiver without an event, for `doctor`: nothing is sent that it would keep, nothing is made
     * or changed. Returns 0 with *probe filled (zeroed before, but for the timeout), or -1 with the status
     * that a run would end with and a text that says what to do. NULL for types that nothing can be wrong
     * with: `doctor` says that they need no receiver. */
    int (*probe)(void *state, struct handler_probe *probe, struct error *e);

    /* Makes what a job with this batch would send, by the same functions, for `rehearse`: nothing is sent,
     * and nothing is written outside render->directory. Batches of events have one. Secrets of the
     * configuration are masked. *render is zeroed before, but for the directory. Returns 0, or -1 when a file
     * cannot be written. */
    int (*render)(void *state, struct handler_batch *batch, struct handler_render *render, struct error *e);
};

/* --- from the configuration --- */

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
