/*
 * rehearse: what a handler would have sent for events that lie in the log, and nothing is sent. `on`, `when`,
 * summaries, history, the initial load and the messages themselves are made by the code that delivers; here
 * is only what takes the place of time and of the receiver.
 */
#ifndef WOSYNC_DELIVER_REHEARSE_H
#define WOSYNC_DELIVER_REHEARSE_H

#include <stdint.h>

#include "base/error.h"
#include "deliver/handler_table.h"
#include "deliver/rehearse_counts.h"
#include "deliver/rehearse_out.h"

struct store;

/* By how much the clock may have been set back without an event being overlooked, in milliseconds. */
#define REHEARSE_SLACK_MS INT64_C(86400000)

/* Ids that are kept of events that one table would send and the other would not. */
enum { REHEARSE_IDS = 5 };

/* What to rehearse. Everything is borrowed. */
struct rehearse_request {
    struct store *store; /* only read */
    struct handler *handler;
    struct handler *old; /* the handler to compare with; NULL: none */
    int64_t since;       /* events that were observed at this time or later */
    struct rehearse_out *out;
    void (*progress)(int64_t done, int64_t all, void *data); /* after some events; may be NULL */
    void *progress_data;
};

/* Events of which one table alone sends something. */
struct rehearse_difference {
    int64_t count;
    char *ids[REHEARSE_IDS]; /* of the first ones; owned */
};

struct rehearse_result {
    int64_t events;    /* that were looked at */
    int64_t sent;      /* of which something is sent */
    bool known;        /* the store knows the handler: */
    int64_t waiting;   /* events that it would take and has not had yet */
    int64_t snapshots; /* that it is given first */
    struct rehearse_counts counts;
    struct rehearse_difference added, dropped;
};

/*
 * Looks at every event that lies in the log when it begins; a few at a time, so that no writer waits and the
 * log beside the store is not kept from being written back. Returns 0; or -1: the store failed, a file could
 * not be written, a `when` cannot be evaluated (EX_CONFIG), or a signal came (EX_TEMPFAIL). *result is to be
 * freed with rehearse_free in either case.
 */
int rehearse_run(const struct rehearse_request *request, struct rehearse_result *result, struct error *e);

/* Frees what the result owns and zeroes it. */
void rehearse_free(struct rehearse_result *result);

#endif
