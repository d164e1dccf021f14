#include "lasting.h"

#include "history.h"
#include "machine.h"
#include "oracle.h"
#include "receivers.h"
#include "run.h"
#include "verdict.h"
#include "vfs.h"

static const int64_t minute = 60000, day = 86400000;

enum {
    MOST_FLUSHES = 14,
    POISONED = 7, /* with what the breaker tries besides, they are too few to open it */
    HEALTHY = 8,
    CHAIN = 8, /* changes of one work order: they are delivered one after the other */
    SLOW_MS = 12000,
    MAX_TIME_MS = 50000,
    LONGEST_MS = 600000 /* of a sync that waits for nobody's lock */
};

enum lasting lasting_of(uint64_t seed)
{
    static const enum lasting by_seed[16] = {
        [3] = LASTING_POISON, [7] = LASTING_RENAMED, [11] = LASTING_SLOW, [15] = LASTING_LOCKED};
    return by_seed[seed % 16];
}

bool lasting_children_take_time;

static void run_sync(bool deliver, int64_t max_time)
{
    const struct run_options options = {.kind = STEP_SYNC, .no_dispatch = !deliver, .max_time = max_time};
    run(&options);
}

/* Until everything can be seen that has happened. */
static void settle(const struct history *h)
{
    machine_advance(h->manner.longest_delay + 3 * minute);
}

static void create(const struct history *h, int count)
{
    for (int i = 0; i < count; i++)
        plant_change(CHANGE_CREATE, h->seed + (uint64_t)i);
    settle(h);
}

/* Changes of one work order, each seen by a poll of its own. */
static void make_chain(const struct history *h)
{
    for (int i = 0; i < CHAIN && verdict() == NULL; i++) {
        plant_change(CHANGE_TOUCH, h->seed);
        settle(h);
        run_sync(false, 0);
    }
}

/* Some work orders are refused for ever; the others of the same run are not held back. */
static void play_poison(const struct history *h, void (*configure)(bool))
{
    (void)configure;
    int first = plant.count;
    create(h, POISONED);
    if (plant.count <= first)
        return;
    receivers_poison(plant.orders[first].id, plant.orders[plant.count - 1].id);
    run_sync(false, 0);
    create(h, HEALTHY);
    run_sync(true, 0);
    if (oracle_healthy_pending() > 0)
        broken("R9", "%d deliveries wait for work orders of others that the receiver never takes",
            oracle_healthy_pending());
    receivers_poison(0, 0);
}

/* What waits for a handler is delivered under its new name; else it is never told (rule R6). */
static void play_renamed(const struct history *h, void (*configure)(bool))
{
    create(h, 2);
    receivers_poison(0, INT64_MAX);
    run_sync(true, 0);
    receivers_poison(0, 0);
    trace("-- a handler gets another name");
    configure(true);
}

/* The list is read in each run, however slow the receivers are. */
static void play_slow(const struct history *h, void (*configure)(bool))
{
    (void)configure;
    make_chain(h);
    receivers_slow(SLOW_MS);
    run_sync(true, MAX_TIME_MS);
    /* a rate limit that lasts longer than the run is another reason */
    if (verdict() == NULL && run_last_lists() == 0 && plant.manner.limit == 0)
        broken("R9", "a sync does not read the list, for a receiver is slow");
    receivers_slow(0);
}

/* Nobody else waits for the lock. */
static void play_locked(const struct history *h, void (*configure)(bool))
{
    (void)configure;
    make_chain(h);
    const int before = tries.count;
    const int64_t began = machine_now();
    vfs_hold("warehouse.db");
    lasting_children_take_time = true;
    run_sync(true, 0);
    lasting_children_take_time = false;
    vfs_hold(NULL);
    for (int i = before; i < tries.count; i++)
        if (tries.list[i].when - began > LONGEST_MS)
            broken("R9", "%s waits for %lld ms, for the warehouse is locked",
                receiver_names[tries.list[i].handler], (long long)(tries.list[i].when - began));
}

void lasting_play(const struct history *h, void (*configure)(bool))
{
    static void (*const plays[])(const struct history *, void (*)(bool)) = {[LASTING_POISON] = play_poison,
        [LASTING_RENAMED] = play_renamed,
        [LASTING_SLOW] = play_slow,
        [LASTING_LOCKED] = play_locked};
    const enum lasting which = lasting_of(h->seed);
    if (which == LASTING_NOTHING)
        return;
    trace("== something lasts");
    settle(h);
    run_sync(true, 0);
    for (int i = 0; i < MOST_FLUSHES && oracle_pending() > 0 && verdict() == NULL; i++) {
        machine_advance(2 * day);
        run(&(struct run_options){.kind = STEP_DISPATCH});
    }
    if (verdict() == NULL)
        plays[which](h, configure);
}
