/*
 * handler_queue: one handler at work in a run: what waits for it, what is under way, and in which order it
 * may go (rule R6).
 */
#ifndef WOSYNC_DELIVER_HANDLER_QUEUE_H
#define WOSYNC_DELIVER_HANDLER_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "deliver/breaker.h"
#include "deliver/child.h"
#include "deliver/handler_table.h"
#include "deliver/job.h"
#include "deliver/results.h"
#include "deliver/summary.h"
#include "deliver/due_list.h"

struct store;

/* Jobs under way at the most; bytes of bodies in them, unless there is one alone. */
enum { HANDLER_QUEUE_JOBS = 8, HANDLER_QUEUE_BYTES = 4 << 20 };

/* What became dead in this run: said in one line. */
struct deaths {
    int64_t count;
    char first[512]; /* the first one, as it is said when it is alone */
};

struct handler_queue {
    struct handler *handler;
    const struct handler_driver *driver;
    void *state; /* that the driver is called with */
    struct child *child;
    struct handler_limits limits;
    struct handler_host *host;
    struct store *store;
    struct run *run;
    const int64_t *linger_until; /* the engine's, see handler_queue_lingers; NULL: it is 0 */
    enum queue_phase { QUEUE_LOADING, QUEUE_SUMMING, QUEUE_DELIVERING, QUEUE_CLOSED } phase;
    int64_t began;  /* only what was due then is tried: nothing twice in a run */
    int64_t latest; /* that the clock has shown since */
    struct due_list due;
    bool exhausted; /* the store has nothing more that is due */
    bool blocked;   /* what is due waits for a job to end */
    struct job jobs[HANDLER_QUEUE_JOBS];
    int busy;
    size_t bytes;  /* of bodies under way */
    size_t singly; /* so many are yet to be tried one by one: a batch with them failed as a whole */
    struct results results;
    struct breaker breaker;
    struct summary summary;
    struct deaths deaths;
    bool failed;         /* in this run */
    bool broken;         /* someone must set it right */
    int64_t next_start;  /* not before this, by the monotonic clock, for types with an interval */
    int64_t quiet_until; /* not before this, by the monotonic clock: the receiver asked for a pause */
};

/* Where a queue's run begins: handler, host, store, run, began and linger_until are set. */
void handler_queue_open(struct handler_queue *queue);

/* There are new deliveries: one that had no work left looks again. */
void handler_queue_reopen(struct handler_queue *queue);

/*
 * Goes one step, without waiting: collects what has finished, writes what is due to be written, reads what is
 * due to be tried, starts it, and adds to `wait` what it waits for. Returns 1 while there is work left, 0
 * when there is none, -1 when the store failed.
 */
int handler_queue_step(struct handler_queue *queue, struct handler_wait *wait, struct error *e);

/* Until when, by the monotonic clock, the longest job that is under way may last; 0: there is none. The run
 * waits for it also after its deadline: meanwhile other queues start what ends by then. */
int64_t handler_queue_lingers(const struct handler_queue *queue);

/* Writes what is left, ends what is still under way (it will be tried again), says what became dead, and
 * frees. Returns 0, or -1 when the store failed. */
int handler_queue_close(struct handler_queue *queue, struct error *e);

#endif
