/*
 * audit: is everything in the store as MaintainX has it? Reads the list (audit_list.h), compares it with the
 * snapshots, and asks by its id for what the list does not show. It only looks; audit_heal.h observes what
 * was found.
 */
#ifndef WOSYNC_SOURCES_AUDIT_H
#define WOSYNC_SOURCES_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "sources/pass.h"

enum audit_fault {
    AUDIT_SAME,       /* none */
    AUDIT_ABSENT,     /* not in the store */
    AUDIT_OLDER,      /* older in the store */
    AUDIT_NEWER,      /* newer in the store than MaintainX has it */
    AUDIT_CONTENT,    /* of the same updatedAt, with another content */
    AUDIT_BACK,       /* emitted as deleted, though it is there */
    AUDIT_GONE,       /* gone (404), though not emitted as deleted */
    AUDIT_SILENT,     /* as it is in the store, but its event was never emitted */
    AUDIT_UNREADABLE, /* it could not be understood, or not be read by its id */
    AUDIT_FAULTS
};

/* The fault's name for machines: `absent`, `older`, ... */
const char *audit_fault_name(enum audit_fault fault);

struct audit_finding {
    int64_t work_order; /* 0: its id could not be made out */
    enum audit_fault fault;
    int64_t there, stored; /* updatedAt; TIMESTAMP_NONE where there is none */
    int64_t created;       /* AUDIT_SILENT: createdAt, where `created` was not emitted, or TIMESTAMP_NONE */
    int64_t sent;          /* when the request was sent that showed it, by our clock */
    bool counted;          /* it is one of `work_orders` */
    bool healed;
    char *detail; /* owned: the fields that differ, the event that is missing, or why it cannot be read; or
                     NULL */
};

/* To be freed with audit_free. */
struct audit_result {
    int64_t horizon;     /* facts older than this emitted no events */
    int64_t work_orders; /* that the list or their ids show */
    int64_t same;        /* of them, those that are in the store as they are */
    int64_t unlisted;    /* of these, those that only their ids show */
    int64_t left;        /* changed less than a lookback before the last poll, or later: the next one reads
                            them */
    int64_t proving;     /* gone, and known to be missing: the proof that they are deleted is on its way */
    struct audit_finding *findings; /* owned, by id */
    size_t count;
    size_t capacity;
};

struct audit_settings {
    const struct pass_settings *pass;
    int64_t since;                /* TIMESTAMP_NONE: everything */
    void (*progress)(void *data); /* called after every request */
    void *progress_data;
};

/*
 * Compares. PASS_FINISHED: *result says what was found. PASS_STOPPED, PASS_FAILED: nothing is proved; the
 * error says why, as that of a pass; EX_TEMPFAIL also when nothing was polled yet, or when more are missing
 * from the list than max_deletes allows.
 */
enum pass_result audit_run(
    const struct audit_settings *settings, struct audit_result *result, struct error *e);

/* Frees what the result owns and zeroes it. */
void audit_free(struct audit_result *result);

#endif
