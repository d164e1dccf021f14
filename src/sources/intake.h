/*
 * intake: the one function that takes an observation, whatever the source: quarantine, the glance at the
 * fingerprint, the diff, the snapshot and the events. It runs in the caller's transaction and knows no
 * handler.
 */
#ifndef WOSYNC_SOURCES_INTAKE_H
#define WOSYNC_SOURCES_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/diff.h"
#include "core/event.h"
#include "store/runs.h"

struct config;
struct intake;
struct json_object;
struct names;
struct store;

/* Called for every event that was appended to the log. */
typedef void intake_listener(const struct event *event, const struct event_context *context, void *data);

struct intake_settings {
    const struct config *config; /* which statuses are complete, which fields are ignored */
    struct store *store;
    enum event_source source;
    int64_t horizon;                  /* as in diff_rules; may be set later */
    const struct diff_window *window; /* for a backfill; NULL otherwise */
    struct run *run;                  /* counts records, quarantined and events */
    struct names *names;              /* who events mention; NULL: they hold ids alone */
    intake_listener *listener;        /* NULL: no one listens */
    void *listener_data;
};

/* One record as it came. */
struct intake_record {
    const char *json; /* must live until intake_flush or intake_drop; a NUL stands somewhere behind it */
    size_t len;
    struct json_object *doc; /* the same, where whoever brings it has parsed it; borrowed; NULL: nobody has */
    int64_t id_hint;         /* its id at a glance (page_record), 0 when unknown */
    bool from_list;
    bool single;      /* the answer to a request for this very work order */
    bool believed;    /* of a single one: it holds even where it is older than what is known */
    bool wait;        /* status changes that are proved only in part may wait for more notifications */
    int64_t asked;    /* when the pass began that it is part of, or it was asked for, by our clock */
    int64_t sent;     /* when the request was sent that brought it; 0: it came unasked */
    int64_t observed; /* when it came, by our clock */
    int64_t previously_observed; /* until when a finished pass has seen everything; TIMESTAMP_NONE: never */
};

/* What became of a record; of one in quarantine, only the id is there, if it could be made out (else 0). */
struct intake_details {
    int64_t id;
    int64_t updated; /* its updatedAt */
    bool changed;    /* new to us, or newer than what we knew */
    bool listed;     /* known from elsewhere, and shown by the list for the first time */
    bool back;       /* it had been emitted as deleted */
    bool doubtful;   /* an older state than what is known: it is to be asked for by its id */
    bool waiting;    /* not all of its status changes were emitted: more notifications may come */
    int events;      /* that were emitted */
};

enum intake_result {
    INTAKE_TAKEN,       /* understood: applied, unchanged or stale */
    INTAKE_QUARANTINED, /* it could not be understood; it lies in quarantine */
    INTAKE_NOT_JSON,    /* it is not JSON: what it came in cannot be trusted either; the error is filled */
    INTAKE_FAILED       /* the store failed; the error is filled, roll back */
};

/* Makes ready. The settings are copied, what they point to is borrowed. Free with intake_free. */
struct intake *intake_new(const struct intake_settings *settings);

/* Frees; NULL is allowed. */
void intake_free(struct intake *intake);

/* Sets the horizon, once it is known. */
void intake_set_horizon(struct intake *intake, int64_t horizon);

/* Takes one observation, inside a transaction of the caller. Fills *details when the result is INTAKE_TAKEN
 * or INTAKE_QUARANTINED. */
enum intake_result intake_observe(struct intake *intake, const struct intake_record *record,
    struct intake_details *details, struct error *e);

/* A work order is deleted, which was proved by its absence, or notified and confirmed; inside a transaction
 * of the caller. `occurred` is when it happened, TIMESTAMP_NONE where that is not known; `actor` is the id of
 * the user who did it, 0 where that is not known. Does nothing when it
 * was emitted as deleted already or has changed since (rule R4); one that is not known is remembered as
 * deleted. Returns how many events were emitted, or -1 with the error filled. */
int intake_gone(struct intake *intake, int64_t work_order, int64_t occurred, int64_t actor, int64_t observed,
    struct error *e);

/* To be called before the transaction ends: a backfill emits the events of a page in the order in which they
 * happened, so they were held back until now. Returns 0, or -1 with the error filled. */
int intake_flush(struct intake *intake, struct error *e);

/* Drops what was held back, after a rollback. */
void intake_drop(struct intake *intake);

#endif
