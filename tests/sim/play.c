#include "play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "disk.h"
#include "hooks.h"
#include "lasting.h"
#include "machine.h"
#include "net.h"
#include "oracle.h"
#include "receivers.h"
#include "run.h"
#include "store/store.h"
#include "verdict.h"
#include "vfs.h"

static const int64_t minute = 60000, hour = 3600000, day = 86400000;

/* Runs after the troubles that may be needed until nothing is left to do: a delivery is tried ten times. */
enum { MOST_LAST_RUNS = 14, MOST_LAST_SWEEPS = 3 };

static const struct history *now; /* the one that is played */
static bool joined;               /* all handlers are in the configuration */

/* --- what runs beside --- */

static void overlap(uint64_t seed)
{
    struct dice dice = dice_of(seed, 7);
    static const enum step_kind kinds[] = {
        STEP_SYNC, STEP_SYNC, STEP_DISPATCH, STEP_RECONCILE, STEP_BACKFILL};
    struct run_options options = {.kind = kinds[dice_below(&dice, sizeof kinds / sizeof kinds[0])]};
    if (options.kind == STEP_BACKFILL) {
        options.until = machine_now() + machine_offset() - dice_spread(&dice, 30);
        options.from = options.until - 1 - dice_spread(&dice, 35);
    }
    run_beside(&options);
}

/* --- the steps --- */

static enum trouble_kind choose_trouble(struct dice *dice)
{
    static const int weights[TROUBLES] = {[TROUBLE_NONE] = 50,
        [TROUBLE_KILL] = 15,
        [TROUBLE_POWER] = 12,
        [TROUBLE_IO] = 7,
        [TROUBLE_BROKEN] = 3,
        [TROUBLE_FULL] = 4,
        [TROUBLE_SIGNAL] = 5,
        [TROUBLE_JUMP] = 3,
        [TROUBLE_OVERLAP] = 4};
    return (enum trouble_kind)dice_weighted(dice, weights, TROUBLES);
}

static int64_t choose_jump(struct dice *dice)
{
    const struct history *h = now;
    if (!h->jumps)
        return 0;
    /* less than a store keeps its events: none is removed by the run that told it */
    int64_t by = dice_spread(dice, 32);
    by = dice_chance(dice, 50) ? -by : by;
    if (h->most_ahead != INT64_MAX && machine_offset() + by > h->most_ahead)
        by = h->most_ahead - machine_offset();
    return by;
}

static void do_run(enum step_kind kind, struct dice *dice)
{
    struct run_options options = {
        .kind = kind, .dry = kind == STEP_DRY_RUN, .no_dispatch = dice_chance(dice, 10)};
    options.trouble = (struct trouble){.kind = choose_trouble(dice),
        .writes = dice_chance(dice, 50),
        .amount = choose_jump(dice),
        .seed = dice_bits(dice)};
    options.trouble.at = dice_spread(dice, options.trouble.writes ? 7 : 10);
    options.fallback = dice_chance(dice, 10);
    if (dice_chance(dice, 8))
        options.max_time = dice_spread(dice, 14);
    if (kind == STEP_BACKFILL) {
        options.until =
            machine_now() + machine_offset() - (dice_chance(dice, 70) ? 0 : dice_spread(dice, 30));
        options.from = options.until - 1 - dice_spread(dice, 35);
        options.silent = dice_chance(dice, 15);
    }
    run(&options);
}

/* A webhook comes in, beside whatever is at work. */
static bool deliver_hook(const struct api_subscription *hook)
{
    struct run_options options = {.kind = STEP_HOOK, .hook = hook};
    if (dice_chance(machine_dice(), 20)) {
        options.trouble.kind = choose_trouble(machine_dice());
        options.trouble.at = dice_spread(machine_dice(), 8);
        options.trouble.writes = dice_chance(machine_dice(), 30);
        if (options.trouble.kind == TROUBLE_OVERLAP || options.trouble.kind == TROUBLE_JUMP)
            options.trouble.kind = TROUBLE_NONE;
    }
    int status = machine_process() == NULL ? run(&options) : run_beside(&options);
    if (hook->forged && status != 65 && status != 75 && status != 74 && status != 73 && status != -1)
        broken("R8", "a webhook that is not signed is taken: %d", status);
    return status == 0 || status == 65;
}

static void do_change(struct dice *dice)
{
    static const int weights[CHANGES] = {[CHANGE_CREATE] = 24,
        [CHANGE_EDIT] = 24,
        [CHANGE_STATUS] = 16,
        [CHANGE_COMPLETE] = 12,
        [CHANGE_REOPEN] = 6,
        [CHANGE_TOUCH] = 4,
        [CHANGE_REWRITE] = 4,
        [CHANGE_DELETE] = 3,
        [CHANGE_RESTORE] = 3,
        [CHANGE_REMOVE] = 3,
        [CHANGE_HIDE] = 1,
        [CHANGE_LATE] = 2,
        [CHANGE_FUTURE] = 1,
        [CHANGE_UNDO] = 1,
        [CHANGE_BACK] = 2,
        [CHANGE_FLEETING] = 3};
    int64_t count = dice_spread(dice, 3);
    bool later = dice_chance(dice, 50);
    for (int64_t i = 0; i < count; i++) {
        enum change_kind kind = (enum change_kind)dice_weighted(dice, weights, CHANGES);
        uint64_t seed = dice_bits(dice);
        if (later)
            plant_plan(machine_now() + dice_spread(dice, 13), kind, seed);
        else
            plant_change(kind, seed);
        if (!later && dice_chance(dice, 50))
            machine_advance(dice_spread(dice, 12));
    }
}

static void do_api(struct dice *dice)
{
    bool bad = dice_chance(dice, 60);
    plant.trouble = bad ? (int)dice_spread(dice, 6) : 0;
    net_weather(NET_TO_PLANT, bad ? (int)dice_spread(dice, 6) : 0);
    plant.empty = bad && dice_chance(dice, 40) ? (int)dice_between(dice, 5, 100) : 0;
    if (plant.empty > 50) /* nothing else is wrong */
        plant.trouble = 0;
    plant.others = now->alone || dice_chance(dice, 50) ? 0 : dice_spread(dice, 5);
    plant.was_troubled = plant.was_troubled || bad;
    run_in_trouble(bad);
}

static void do_receivers(struct dice *dice)
{
    bool bad = dice_chance(dice, 60);
    receivers_weather(bad ? (int)dice_spread(dice, 7) : 0);
    net_weather(NET_TO_RECEIVERS, bad ? (int)dice_spread(dice, 6) : 0);
}

/* Sorting stays as it is: that it is no longer honoured cannot be seen. */
static void do_filter(struct dice *dice)
{
    if (strcmp(now->filter, "auto") != 0)
        return;
    plant.manner.takes_gte = dice_chance(dice, 50);
    plant.manner.takes_brackets = dice_chance(dice, 50);
}

static void do_step(const struct step *step)
{
    struct dice dice = dice_of(step->seed, 8);
    switch (step->kind) {
    case STEP_CHANGE:
        do_change(&dice);
        break;
    case STEP_WAIT:
        trace("-- wait");
        machine_advance(dice_spread(&dice, 26));
        break;
    case STEP_JUMP:
        machine_jump(choose_jump(&dice));
        break;
    case STEP_BACK:
        if (plant.stepped_back < now->back)
            plant.stepped_back += dice_below(&dice, now->back - plant.stepped_back + 1);
        break;
    case STEP_API:
        do_api(&dice);
        break;
    case STEP_RECEIVERS:
        do_receivers(&dice);
        break;
    case STEP_CURSORS:
        plant_expire_cursors();
        break;
    case STEP_FILTER:
        do_filter(&dice);
        break;
    case STEP_HIDE:
        trace("-- the token sees %s", plant.all_hidden ? "everything" : "nothing");
        plant_hide_all(!plant.all_hidden);
        /* two sweeps would prove everything deleted */
        for (int i = 0; i < 2 && plant.all_hidden && dice_chance(&dice, 60); i++) {
            do_run(STEP_RECONCILE, &dice);
            machine_advance(dice_spread(&dice, 24));
        }
        break;
    case STEP_POWER:
        trace("== power cut");
        disk_lose_power();
        machine_boot();
        break;
    default:
        do_run(step->kind, &dice);
    }
}

/* --- the end --- */

/* With so many gone at once a sweep is a safety stop, also one that a sync does because it is due. */
static bool may_stop(enum step_kind kind)
{
    return (kind == STEP_RECONCILE || kind == STEP_SYNC) && now->max_deletes < plant.count;
}

static void run_last(enum step_kind kind)
{
    const struct run_options options = {.kind = kind};
    int is = run(&options);
    if (is != 0 && !(is == 75 && may_stop(kind)))
        broken("end", "the last %s exits %d", step_name(kind), is);
}

static void configure(bool renamed)
{
    if (history_write_config(now, joined, renamed, RUN_CONFIG) != 0)
        broken("simulator", "the configuration cannot be written");
}

/* From here on all goes well. */
static void heal(void)
{
    const struct history *h = now;
    trace("== the end begins");
    plant.trouble = plant.empty = 0;
    plant.others = 0;
    while (plant_next() != INT64_MAX || hooks_next() != INT64_MAX) {
        int64_t next = plant_next() < hooks_next() ? plant_next() : hooks_next();
        machine_advance(next - machine_now());
    }
    plant_hide_all(false);
    plant.manner.takes_gte = h->manner.takes_gte;
    plant.manner.takes_brackets = h->manner.takes_brackets;
    run_in_trouble(false);
    hooks_calm();
    receivers_weather(0);
    net_weather(NET_TO_PLANT, 0);
    net_weather(NET_TO_RECEIVERS, 0);
    for (int i = 0; i < plant.count; i++)
        if (plant.orders[i].hidden)
            plant_hide(&plant.orders[i], false);
}

/* And everything must come right. */
static void finish(void)
{
    const struct history *h = now;
    heal();
    if (!lasting_play(h, configure) || verdict() != NULL)
        return;
    machine_advance(h->manner.longest_delay + 3 * minute);
    run_last(STEP_SYNC);
    machine_advance(3 * hour);
    run_last(STEP_RECONCILE);
    /* the first may have gone on with a sweep that began before something was gone */
    for (int i = 0; i < MOST_LAST_SWEEPS && (i == 0 || oracle_owes_deletion()) && verdict() == NULL; i++) {
        machine_advance(2 * hour);
        run_last(STEP_RECONCILE);
    }
    /* a sweep that was a safety stop leaves what it doubted to the next run */
    run_last(STEP_SYNC);
    for (int i = 0; i < MOST_LAST_RUNS && oracle_pending() > 0 && verdict() == NULL; i++) {
        machine_advance(2 * day);
        run_last(STEP_DISPATCH);
    }
    if (verdict() == NULL)
        oracle_finish();
}

/* --- a life --- */

/* An empty store: most histories begin with it, for to make one takes as long as many runs. */
static struct {
    char bytes[1 << 20];
    size_t size;
} empty_store;

static int make_empty_store(void)
{
    struct process process;
    struct error e = {0};
    machine_reset(0, 0, 0);
    disk_reset();
    machine_start(&process, &(struct trouble){.kind = TROUBLE_NONE});
    struct store *store = store_open(RUN_STORE, STORE_WRITE, 0, &e);
    store_close(store);
    machine_end(&process);
    const struct disk_file *file = disk_find(RUN_STORE, false);
    if (store == NULL || file == NULL || disk_size(file) > sizeof empty_store.bytes)
        return -1;
    empty_store.size = disk_size(file);
    disk_read(file, empty_store.bytes, empty_store.size, 0);
    return 0;
}

static void begin(const struct history *h)
{
    now = h;
    machine_reset(h->begins, h->offset, h->seed);
    disk_reset();
    vfs_reset(h->forgetful);
    net_reset(h->seed, h->latency);
    hooks_reset(&h->hooks, h->seed);
    plant_reset(&h->manner, h->seed);
    receivers_reset(h->seed);
    oracle_reset(h);
    run_reset(h);
    if (!h->from_nothing) {
        struct disk_file *file = disk_find(RUN_STORE, true);
        disk_write(file, empty_store.bytes, empty_store.size, 0);
        disk_sync(file);
    }
    joined = h->line_joins < 0;
    configure(false);
    struct dice dice = dice_of(h->seed, 9);
    for (int i = 0; i < h->first_orders; i++) {
        plant_change(CHANGE_CREATE, dice_bits(&dice));
        machine_advance(dice_spread(&dice, 20));
    }
}

/* A handler is new in the configuration. */
static void join(void)
{
    trace("-- a handler joins");
    joined = true;
    configure(false);
    oracle_joins();
}

const char *play(const struct history *history, bool want_trace)
{
    verdict_reset(want_trace);
    begin(history);
    for (int i = 0; i < history->count && verdict() == NULL; i++) {
        if (i == history->line_joins)
            join();
        do_step(&history->steps[i]);
    }
    if (verdict() == NULL)
        finish();
    return verdict();
}

static char directory[] = "/tmp/wosync-sim-XXXXXX";

int play_set_up(void)
{
    vfs_register();
    machine_overlap = overlap;
    machine_sources[0] = (struct machine_events){net_next, net_happen};
    machine_sources[1] = (struct machine_events){plant_next, plant_happen};
    machine_sources[2] = (struct machine_events){hooks_next, hooks_happen};
    hooks_deliver = deliver_hook;
    unsetenv("MAINTAINX_BASE_URL");
    unsetenv("WOSYNC_DB");
    unsetenv("WOSYNC_CONFIG");
    if (setenv("MAINTAINX_API_KEY", "simulated-token", 1) != 0 ||
        setenv("MAINTAINX_WEBHOOK_SECRET", HOOKS_SECRET, 1) != 0 || mkdtemp(directory) == NULL)
        return -1;
    return chdir(directory) == 0 ? make_empty_store() : -1;
}

void play_tear_down(void)
{
    net_reset(0, 0);
    plant_reset(NULL, 0);
    receivers_free();
    oracle_free();
    disk_free();
    secret_forget();
    unlink(RUN_CONFIG);
    unlink(RUN_STORE);
    unlink(RUN_BODY);
    unlink("warehouse.db");
    if (chdir("/") == 0)
        rmdir(directory);
}
