/*
 * What must hold while one of the faults of lasting.c does (rule R9):
 *
 *   emitted     what is not behind the fault is known after two runs,
 *   delivered   and delivered after two, by every handler whose own receiver is well;
 *   polled      between two polls lies at most --max-time and one request;
 *   at once     what is slow elsewhere makes no delivery wait;
 *   mended      two runs after it ended, everything is done.
 */
#include "history.h"
#include "lasting_parts.h"
#include "machine.h"
#include "oracle.h"
#include "receivers.h"
#include "run.h"
#include "verdict.h"

static const int64_t minute = 60000;

enum {
    CHAIN = 8, /* changes of one work order: they are delivered one after the other */
    POLLS = 3,
    MOST_RUNS_AROUND = 30,
    MAX_TIME_MS = 50000
};

void lasting_run_sync(bool deliver, int64_t max_time)
{
    const struct run_options options = {.kind = STEP_SYNC, .no_dispatch = !deliver, .max_time = max_time};
    run(&options);
}

/* Until everything can be seen that has happened. */
void lasting_settle(const struct history *h)
{
    machine_advance(h->manner.longest_delay + 3 * minute);
}

void lasting_create(const struct history *h, int count)
{
    for (int i = 0; i < count && plant.count < 2 * LASTING_MOST_PLANT; i++)
        plant_change(CHANGE_CREATE, h->seed + (uint64_t)i);
    lasting_settle(h);
}

/* Changes of one work order, each seen by a poll of its own. */
void lasting_make_chain(const struct history *h)
{
    for (int i = 0; i < CHAIN && verdict() == NULL; i++) {
        plant_change(CHANGE_TOUCH, h->seed);
        lasting_settle(h);
        lasting_run_sync(false, 0);
    }
}

/* --- what must hold --- */

/* Whose deliveries may wait. */
static bool is_behind(enum lasting which, enum waiting handler)
{
    return handler == WAITING_WAREHOUSE && (which == LASTING_SILENT || which == LASTING_LOCKED);
}

/* Whatever else fails, the list is read; a rate limit that lasts longer than the run is another reason. */
void lasting_check_list(void)
{
    if (verdict() == NULL && run_last_lists() == 0 && plant.manner.limit == 0)
        broken("R9", "a sync does not read the list");
}

static void run_each_minute(int runs)
{
    for (int i = 0; i < runs && verdict() == NULL; i++) {
        lasting_run_sync(true, 0);
        lasting_check_list();
        machine_advance(minute);
    }
}

void lasting_run_slowly(void)
{
    run_each_minute(MOST_RUNS_AROUND);
}

/* Two runs, and everything is done that is not behind the fault. */
void lasting_check_two_runs(const struct history *h, bool mended)
{
    static const char *const names[WAITINGS] = {"erp", "line", "high", "chat", "the warehouse"};
    const int64_t began = machine_now();
    /* the way around a page that fails takes some fifty requests: a rate limit makes it longer */
    const int runs = plant.cursed_pages && plant.manner.limit > 0 ? MOST_RUNS_AROUND : 2;
    run_each_minute(runs);
    const int64_t unseen = oracle_unseen(began);
    if (unseen != 0)
        broken("R9", "work order %lld is not known after two runs, and nothing is wrong with it",
            (long long)unseen);
    for (enum waiting w = 0; w < WAITINGS; w++)
        if (oracle_waiting(w) > 0 && (mended || !is_behind(lasting_of(h->seed), w)))
            broken("R9", "%d deliveries wait for %s after two runs, and nothing is wrong with it",
                oracle_waiting(w), names[w]);
}

/* Between two polls lies no more than one run and one request. */
void lasting_check_polls(int64_t request)
{
    int64_t last = NEVER;
    for (int i = 0; i < POLLS && verdict() == NULL; i++) {
        lasting_run_sync(true, MAX_TIME_MS);
        lasting_check_list();
        if (plant.manner.limit > 0 || verdict() != NULL)
            continue;
        if (last != NEVER && run_first_poll() - last > MAX_TIME_MS + request)
            broken("R9", "%lld ms lie between two polls", (long long)(run_first_poll() - last));
        last = run_last_poll();
    }
}

/* What was tried from try `first` on did not wait for a fault of others. */
void lasting_check_tries(int first, int64_t began, int64_t longest)
{
    for (int i = first; i < tries.count; i++)
        if (tries.list[i].when - began > longest) {
            broken("R9", "%s waits for %lld ms, for what is slow is another's",
                receiver_names[tries.list[i].handler], (long long)(tries.list[i].when - began));
            return;
        }
}
