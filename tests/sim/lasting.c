/*
 * Each fault is begun, held for some runs, and ended. While it holds, it is R9 that is checked:
 *
 *   emitted     what is not behind the fault is known after two runs,
 *   delivered   and delivered after two, by every handler whose own receiver is well;
 *   polled      between two polls lies at most --max-time and one request;
 *   at once     what is slow elsewhere makes no delivery wait.
 *
 * The rest is checked after every run, as always: that no receiver is told twice, and that the store does not
 * grow (oracle.c).
 */
#include "lasting.h"

#include <string.h>

#include "history.h"
#include "machine.h"
#include "oracle.h"
#include "receivers.h"
#include "run.h"
#include "verdict.h"
#include "vfs.h"

static const int64_t minute = 60000, hour = 3600000, day = 86400000;

enum {
    MOST_FLUSHES = 14,
    POISONED = 7, /* with what the breaker tries besides, they are too few to open it */
    HEALTHY = 8,
    CHAIN = 8, /* changes of one work order: they are delivered one after the other */
    POLLS = 3,
    MOST_RUNS_AROUND = 30,
    SLOW_MS = 12000,
    PAGE_MS = 15000,
    LONGEST_REQUEST_MS = 16000, /* there and back, in good weather */
    MAX_TIME_MS = 50000,
    TURN_MS = 60000,     /* deliveries go out once a minute */
    LONGEST_MS = 600000, /* of a sync that waits for nobody's lock */
    PAGES = 8,
    MOST_CREATED = 60,
    MOST_PLANT = 190, /* work orders there may be before more are created */
    CHAT_MS = 20000,
    ROUNDS = 3
};

enum lasting lasting_of(uint64_t seed)
{
    static const enum lasting by_seed[16] = {[1] = LASTING_CURSED,
        [3] = LASTING_POISON,
        [5] = LASTING_SILENT,
        [7] = LASTING_RENAMED,
        [9] = LASTING_LONG,
        [11] = LASTING_SLOW,
        [13] = LASTING_CLOCK,
        [15] = LASTING_LOCKED};
    return by_seed[seed % 16];
}

bool lasting_is_forever(uint64_t seed)
{
    return seed % 10 == 5; /* all of these have a fault */
}

void lasting_arrange(struct history *h)
{
    const enum lasting which = lasting_of(h->seed);
    h->warehouse = h->warehouse || which == LASTING_LOCKED || which == LASTING_SILENT;
    h->hooks.on = h->hooks.on || which == LASTING_CURSED;
    if (which == LASTING_CLOCK) {
        h->chat = h->jumps = true;
        h->keep_hours = 90 * 24;
    }
}

enum lasting_children lasting_children;

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
    for (int i = 0; i < count && plant.count < MOST_PLANT + MOST_CREATED; i++)
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

/* --- what must hold --- */

/* Whose deliveries may wait. */
static bool is_behind(enum lasting which, enum waiting handler)
{
    return handler == WAITING_WAREHOUSE && (which == LASTING_SILENT || which == LASTING_LOCKED);
}

/* Whatever else fails, the list is read; a rate limit that lasts longer than the run is another reason. */
static void check_list(void)
{
    if (verdict() == NULL && run_last_lists() == 0 && plant.manner.limit == 0)
        broken("R9", "a sync does not read the list");
}

/* Two runs, and everything is done that is not behind the fault. */
static void check_two_runs(const struct history *h)
{
    static const char *const names[WAITINGS] = {"erp", "line", "high", "chat", "the warehouse"};
    const int64_t began = machine_now();
    /* the way around a page that fails takes some fifty requests: a rate limit makes it longer */
    const int runs = plant.cursed_pages && plant.manner.limit > 0 ? MOST_RUNS_AROUND : 2;
    for (int i = 0; i < runs && verdict() == NULL; i++) {
        run_sync(true, 0);
        check_list();
        machine_advance(minute);
    }
    const int64_t unseen = oracle_unseen(began);
    if (unseen != 0)
        broken("R9", "work order %lld is not known after two runs, and nothing is wrong with it",
            (long long)unseen);
    for (enum waiting w = 0; w < WAITINGS; w++)
        if (oracle_waiting(w) > 0 && !is_behind(lasting_of(h->seed), w))
            broken("R9", "%d deliveries wait for %s after two runs, and nothing is wrong with it",
                oracle_waiting(w), names[w]);
}

/* Between two polls lies no more than one run and one request. */
static void check_polls(int64_t request)
{
    int64_t last = NEVER;
    for (int i = 0; i < POLLS && verdict() == NULL; i++) {
        run_sync(true, MAX_TIME_MS);
        check_list();
        if (plant.manner.limit > 0 || verdict() != NULL)
            continue;
        if (last != NEVER && run_first_poll() - last > MAX_TIME_MS + request)
            broken("R9", "%lld ms lie between two polls", (long long)(run_first_poll() - last));
        last = run_last_poll();
    }
}

/* What was tried from try `first` on did not wait for a fault of others. */
static void check_tries(int first, int64_t began, int64_t longest)
{
    for (int i = first; i < tries.count; i++)
        if (tries.list[i].when - began > longest) {
            broken("R9", "%s waits for %lld ms, for what is slow is another's",
                receiver_names[tries.list[i].handler], (long long)(tries.list[i].when - began));
            return;
        }
}

/* --- the faults --- */

struct fault {
    void (*hold)(const struct history *h, void (*configure)(bool));
    void (*end)(void);
};

/* Can a list be read in parts? Then the server must always have honoured the first bound that it did not
 * refuse: of one that it ignored an empty list shows nothing. */
static bool can_read_around(const struct history *h)
{
    const struct plant_manner *m = &h->manner;
    const bool honest =
        strcmp(h->filter, "auto") != 0 || m->takes_brackets || (m->takes_gte && m->refuses_unknown);
    for (int i = 0; i < h->count; i++)
        if (h->steps[i].kind == STEP_FILTER)
            return false;
    return honest && !plant.was_troubled;
}

static void hold_cursed(const struct history *h, void (*configure)(bool))
{
    (void)configure;
    create(h, 1);
    plant.cursed = plant.orders[plant.count - 1].id + 1;
    plant.cursed_pages = plant.takes_until = h->seed / 16 % 2 == 0 && can_read_around(h);
    create(h, 1);
    create(h, 2);
    check_two_runs(h);
    /* it is asked for by its id from time to time, which keeps no run from the list */
    for (int i = 0; i < POLLS && verdict() == NULL; i++) {
        settle(h);
        run_sync(true, 0);
        check_list();
    }
}

/* It is tried again when that is due: once a day at least. */
static void end_cursed(void)
{
    struct order *order = plant_order(plant.cursed);
    if (order != NULL)
        order->due = machine_now() + day;
    plant.cursed = 0;
    plant.cursed_pages = false;
}

/* Some work orders are refused for ever; the others of the same run are not held back. */
static void hold_poison(const struct history *h, void (*configure)(bool))
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
    if (oracle_waiting(WAITING_ERP) > 0)
        broken("R9", "%d deliveries wait for work orders of others that the receiver never takes",
            oracle_waiting(WAITING_ERP));
}

static void end_poison(void)
{
    receivers_poison(0, 0);
}

/* What waits for a handler is delivered under its new name; else it is never told (rule R6). */
static void hold_renamed(const struct history *h, void (*configure)(bool))
{
    create(h, 2);
    receivers_poison(0, INT64_MAX);
    run_sync(true, 0);
    receivers_poison(0, 0);
    trace("-- a handler gets another name");
    configure(true);
}

/* The list is read in each run, however slow the receivers are. */
static void hold_slow(const struct history *h, void (*configure)(bool))
{
    (void)configure;
    make_chain(h);
    receivers_slow(SLOW_MS);
    check_polls(SLOW_MS + LONGEST_REQUEST_MS);
}

static void end_slow(void)
{
    receivers_slow(0);
}

/* Others do not wait for a lock, nor for an answer that never comes. */
static void hold_children(const struct history *h, enum lasting_children how)
{
    make_chain(h);
    const int before = tries.count;
    const int64_t began = machine_now();
    lasting_children = how;
    run_sync(true, 0);
    check_tries(before, began, LONGEST_MS);
}

static void hold_locked(const struct history *h, void (*configure)(bool))
{
    (void)configure;
    vfs_hold("warehouse.db");
    hold_children(h, CHILDREN_TAKE_TIME);
}

static void hold_silent(const struct history *h, void (*configure)(bool))
{
    (void)configure;
    hold_children(h, CHILDREN_ARE_SILENT);
}

static void end_children(void)
{
    vfs_hold(NULL);
    lasting_children = CHILDREN_WORK_AT_ONCE;
}

/* While a pass goes on for minutes, deliveries go out every minute. In half of these the disk is full just
 * when something was delivered, for a moment: what was taken and cannot be stored is not sent again. */
static void hold_long(const struct history *h, void (*configure)(bool))
{
    struct dice dice = dice_of(h->seed, 11);
    struct run_options options = {.kind = STEP_SYNC};
    int count = (PAGES - 1) * h->page_size + 1;
    (void)configure;
    if (plant.count > MOST_PLANT)
        return;
    create(h, count < MOST_CREATED ? count : MOST_CREATED);
    run_sync(false, 0);
    if (dice_chance(&dice, 50))
        options.trouble = (struct trouble){.kind = TROUBLE_FULL,
            .at = dice_spread(&dice, 3),
            .writes = true,
            .sent = true,
            .lasts = dice_spread(&dice, 3)};
    plant.slow = PAGE_MS;
    const int before = tries.count;
    const int64_t began = machine_now();
    if (verdict() == NULL)
        run(&options);
    if (tries.count > before && tries.list[before].when - began > TURN_MS + PAGE_MS + LONGEST_REQUEST_MS)
        broken("R9", "the first delivery goes out after %lld ms, for the list is long",
            (long long)(tries.list[before].when - began));
}

static void end_long(void)
{
    plant.slow = 0;
}

/* A clock that is wrong keeps the chat waiting no longer than its rate does. */
static void hold_clock(const struct history *h, void (*configure)(bool))
{
    (void)configure;
    create(h, 1);
    run_sync(true, 0);
    create(h, 1);
    run_sync(false, 0);
    trace("-- the wall clock goes back");
    machine_jump(-3 * hour);
    const int64_t began = machine_now();
    if (verdict() == NULL)
        run(&(struct run_options){.kind = STEP_DISPATCH});
    if (verdict() == NULL && oracle_waiting(WAITING_CHAT) > 0)
        broken("R9", "the chat is not told, for the clock went back");
    else if (chat.sent - began > CHAT_MS)
        broken("R9", "the chat waits for %lld ms, for the clock went back", (long long)(chat.sent - began));
}

static void end_nothing(void)
{
}

/* --- all of it --- */

/* It is never mended, and life goes on. */
static void go_on(const struct history *h)
{
    for (int round = 0; round < ROUNDS && verdict() == NULL; round++) {
        trace("== it is not mended");
        create(h, 2);
        plant_change(CHANGE_EDIT, h->seed + (uint64_t)round);
        plant_change(CHANGE_COMPLETE, h->seed + (uint64_t)round);
        settle(h);
        check_two_runs(h);
        machine_advance(h->keep_hours * hour + day);
    }
    if (verdict() == NULL)
        run_sync(true, 0);
}

bool lasting_play(const struct history *h, void (*configure)(bool))
{
    static const struct fault faults[LASTINGS] = {[LASTING_CURSED] = {hold_cursed, end_cursed},
        [LASTING_POISON] = {hold_poison, end_poison},
        [LASTING_SILENT] = {hold_silent, end_children},
        [LASTING_RENAMED] = {hold_renamed, end_nothing},
        [LASTING_LONG] = {hold_long, end_long},
        [LASTING_SLOW] = {hold_slow, end_slow},
        [LASTING_CLOCK] = {hold_clock, end_nothing},
        [LASTING_LOCKED] = {hold_locked, end_children}};
    const enum lasting which = lasting_of(h->seed);
    bool mended = true;
    if (which == LASTING_NOTHING)
        return true;
    trace("== something lasts");
    settle(h);
    run_sync(true, 0);
    for (int i = 0; i < MOST_FLUSHES && oracle_pending() > 0 && verdict() == NULL; i++) {
        machine_advance(2 * day);
        run(&(struct run_options){.kind = STEP_DISPATCH});
    }
    if (verdict() == NULL)
        faults[which].hold(h, configure);
    if (verdict() == NULL && lasting_is_forever(h->seed)) {
        go_on(h);
        mended = false;
    }
    faults[which].end();
    return mended;
}
