/*
 * The faults. Each is begun, held for some runs, and ended; lasting_checks.c holds the rules. The rest is
 * checked after every run, as always: that no receiver is told twice, and that the store does not grow
 * (oracle.c).
 */
#include "lasting.h"

#include <string.h>

#include "history.h"
#include "lasting_parts.h"
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
    POLLS = 3,
    SLOW_MS = 12000,
    PAGE_MS = 15000,
    CUT_MS = 40000,             /* after a page or two */
    LONGEST_REQUEST_MS = 16000, /* there and back, in good weather */
    TURN_MS = 60000,            /* deliveries go out once a minute */
    LONGEST_MS = 600000,        /* of a sync that waits for nobody's lock */
    PAGES = 8,
    MOST_CREATED = 60,
    CHAT_MS = 20000,
    ROUNDS = 3
};

enum lasting lasting_of(uint64_t seed)
{
    static const enum lasting by_seed[16] = {[1] = LASTING_CURSED,
        [2] = LASTING_LATE,
        [3] = LASTING_POISON,
        [4] = LASTING_CURSORS,
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
    if (which == LASTING_LATE || which == LASTING_CURSORS)
        h->hooks.on = h->jumps = false;
    if (which == LASTING_CLOCK) {
        h->chat = h->jumps = true;
        h->keep_hours = 90 * 24;
    }
}

enum lasting_children lasting_children;

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
    lasting_create(h, 1);
    plant.cursed = plant.orders[plant.count - 1].id + 1;
    plant.cursed_pages = plant.takes_until = h->seed / 16 % 2 == 0 && can_read_around(h);
    lasting_create(h, 1);
    lasting_create(h, 2);
    lasting_check_two_runs(h, false);
    /* it is asked for by its id from time to time, which keeps no run from the list */
    for (int i = 0; i < POLLS && verdict() == NULL; i++) {
        lasting_settle(h);
        lasting_run_sync(true, 0);
        lasting_check_list();
    }
}

/* It is tried again when that is due: once a day at least. A run that has waited for the rate limit leaves it
 * to the next one. */
static void end_cursed(void)
{
    struct order *order = plant_order(plant.cursed);
    if (order != NULL)
        order->due = machine_now() + day + (plant.manner.limit > 0 ? 5 * hour : 0);
    plant.cursed = 0;
    plant.cursed_pages = false;
}

/* A poll comes before the change can be seen; one that looks back for hours finds it (oracle_passes.c). */
static void hold_late(const struct history *h, void (*configure)(bool))
{
    (void)configure;
    lasting_create(h, 1);
    lasting_run_sync(true, 0);
    plant_change(CHANGE_LATE, h->seed);
    machine_advance(minute);
    lasting_run_sync(true, 0);
    machine_advance(4 * hour);
    lasting_run_sync(true, 0);
}

/* A pass ends between its pages, and its cursor is not taken any more; or it is killed in the midst of one.
 * What lies on that page and on the others is read all the same, though no late window reaches that far. */
static void hold_cursors(const struct history *h, void (*configure)(bool))
{
    struct dice dice = dice_of(h->seed, 12);
    struct run_options options = {.kind = STEP_SYNC, .max_time = CUT_MS};
    (void)configure;
    lasting_run_sync(true, 0);
    for (int i = 0; i <= 2 * h->page_size; i++) {
        plant_change(CHANGE_CREATE, h->seed + (uint64_t)i);
        machine_advance(minute);
    }
    machine_advance(8 * hour);
    if (dice_chance(&dice, 50))
        options = (struct run_options){.kind = STEP_SYNC,
            .trouble = {.kind = TROUBLE_KILL, .at = dice_spread(&dice, 6), .writes = true}};
    else
        plant.slow = PAGE_MS;
    if (verdict() == NULL)
        run(&options);
    if (plant.slow > 0)
        plant_expire_cursors();
    plant.slow = 0;
    lasting_run_sync(true, 0);
    lasting_run_sync(true, 0);
}

/* Some work orders are refused for ever; the others of the same run are not held back. */
static void hold_poison(const struct history *h, void (*configure)(bool))
{
    (void)configure;
    int first = plant.count;
    lasting_create(h, POISONED);
    if (plant.count <= first)
        return;
    receivers_poison(plant.orders[first].id, plant.orders[plant.count - 1].id);
    lasting_run_sync(false, 0);
    lasting_create(h, HEALTHY);
    lasting_run_sync(true, 0);
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
    lasting_create(h, 2);
    receivers_poison(0, INT64_MAX);
    lasting_run_sync(true, 0);
    receivers_poison(0, 0);
    trace("-- a handler gets another name");
    configure(true);
}

/* The list is read in each run, however slow the receivers are. */
static void hold_slow(const struct history *h, void (*configure)(bool))
{
    (void)configure;
    lasting_make_chain(h);
    receivers_slow(SLOW_MS);
    lasting_check_polls(SLOW_MS + LONGEST_REQUEST_MS);
}

static void end_slow(void)
{
    receivers_slow(0);
}

/* Others do not wait for a lock, nor for an answer that never comes. */
static void hold_children(const struct history *h, enum lasting_children how)
{
    lasting_make_chain(h);
    const int before = tries.count;
    const int64_t began = machine_now();
    lasting_children = how;
    lasting_run_sync(true, 0);
    lasting_check_tries(before, began, LONGEST_MS);
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
    if (plant.count > LASTING_MOST_PLANT)
        return;
    lasting_create(h, count < MOST_CREATED ? count : MOST_CREATED);
    lasting_run_sync(false, 0);
    if (verdict() == NULL)
        lasting_run_sync(false, 0); /* the first may have ended an older pass, which did not show them */
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
    lasting_create(h, 1);
    lasting_run_sync(true, 0);
    lasting_create(h, 1);
    lasting_run_sync(false, 0);
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
        lasting_create(h, 2);
        plant_change(CHANGE_EDIT, h->seed + (uint64_t)round);
        plant_change(CHANGE_COMPLETE, h->seed + (uint64_t)round);
        lasting_settle(h);
        lasting_check_two_runs(h, false);
        machine_advance(h->keep_hours * hour + day);
    }
    if (verdict() == NULL)
        lasting_run_sync(true, 0);
    /* what was removed was emitted all the same: a backfill emits none of it again */
    const int64_t clock = machine_now() + machine_offset();
    if (verdict() == NULL)
        run(&(struct run_options){
            .kind = STEP_BACKFILL, .from = clock - (machine_now() - h->begins) - day, .until = clock});
}

bool lasting_play(const struct history *h, void (*configure)(bool))
{
    static const struct fault faults[LASTINGS] = {[LASTING_CURSED] = {hold_cursed, end_cursed},
        [LASTING_LATE] = {hold_late, end_nothing},
        [LASTING_CURSORS] = {hold_cursors, end_nothing},
        [LASTING_POISON] = {hold_poison, end_poison},
        [LASTING_SILENT] = {hold_silent, end_children},
        [LASTING_RENAMED] = {hold_renamed, end_nothing},
        [LASTING_LONG] = {hold_long, end_long},
        [LASTING_SLOW] = {hold_slow, end_slow},
        [LASTING_CLOCK] = {hold_clock, end_nothing},
        [LASTING_LOCKED] = {hold_locked, end_children}};
    const enum lasting which = lasting_of(h->seed);
    if (which == LASTING_NOTHING)
        return true;
    trace("== something lasts");
    lasting_settle(h);
    lasting_run_sync(true, 0);
    for (int i = 0; i < MOST_FLUSHES && oracle_pending() > 0 && verdict() == NULL; i++) {
        machine_advance(2 * day);
        run(&(struct run_options){.kind = STEP_DISPATCH});
    }
    if (verdict() == NULL)
        faults[which].hold(h, configure);
    const bool mended = !lasting_is_forever(h->seed);
    if (verdict() == NULL && !mended)
        go_on(h);
    faults[which].end();
    if (verdict() == NULL && mended) {
        /* all is due by then */
        machine_advance(day + 3 * hour);
        if (which == LASTING_CURSED && plant.manner.limit > 0) {
            lasting_run_slowly();
            machine_advance(3 * hour);
        }
        lasting_check_two_runs(h, true);
    }
    return mended;
}
