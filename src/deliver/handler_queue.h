/*
 * handler_queue: one handler at work in a run: what is queued, what is under way, and in which order it may
 * go (rule R6).
 */
#ifndef WOSYNC_DELIVER_HANDLER_QUEUE_H
#define WOSYNC_DELIVER_HANDLER_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "handlers/handler.h"
#include "deliver/results.h"
#include "deliver/handler_table.h"

struct store;

/* Deliveries read from the store at a time; requests under way at the most. */
enum { HANDLER_QUEUE_SIZE = 1024, HANDLER_QUEUE_SLOTS = 8 };

/* A request under way. */
struct handler_queue_slot {
    struct delivery delivery; /* id is NULL for a digest */
    struct results digest;    /* the deliveries a digest stands for, to be told how it went */
    struct handler_request request;
    struct http_call *call; /* NULL: the slot is free */
};

struct handler_queue {
    struct handler *handler;
    struct store *store;
    struct run *run;
    int64_t began;  /* only what was due then is tried: nothing twice in a run */
    int64_t latest; /* that the clock has shown since */
    struct delivery
        list[HANDLER_QUEUE_SIZE]; /* in the order of the log; id is NULL where one was taken out */
    int64_t last;                 /* where to read on: the last one's seq; 0: from the start */
    int64_t version;              /* of the store, when it was read from the start */
    int queued;
    int first;   /* of them; those before it are taken out */
    int waiting; /* of them, not taken out */
    struct handler_queue_slot slots[HANDLER_QUEUE_SLOTS];
    int busy; /* slots in use */
    struct results results;
    int failures;        /* in a row */
    int64_t next_start;  /* not before this, by the monotonic clock, for types with an interval */
    int64_t quiet_until; /* not before this, by the monotonic clock: the receiver asked for a pause */
    bool digest_looked;  /* whether a digest is called for was looked at */
    size_t singly;       /* so many are yet to be tried one by one: the batch with them failed */
    bool exhausted;      /* the store has nothing more that is due */
    bool closed;         /* the breaker opened, or a fault of our own */
};

/*
 * Goes one step: collects what has finished, writes what is due to be written, reads what is due to be tried,
 * tries it or starts requests (*http is made when the first is sent). Returns 1 while there is work left, 0
 * when there is none, -1 when the store failed.
 */
int handler_queue_step(struct handler_queue *queue, struct http **http, struct error *e);

/* How long there is nothing to do for this queue, in milliseconds: until an interval has passed, INT64_MAX
 * until an answer comes, 0: go on at once. */
int64_t handler_queue_pause(const struct handler_queue *queue);

/* Writes what is left, drops what is still under way (it will be tried again) and frees. Returns 0, or -1
 * when the store failed. */
int handler_queue_close(struct handler_queue *queue, struct error *e);

#endif
