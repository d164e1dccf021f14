#include "play.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "cli/cli.h"
#include "disk.h"
#include "machine.h"
#include "net.h"
#include "oracle.h"
#include "receivers.h"
#include "store/store.h"
#include "verdict.h"
#include "vfs.h"

#define CONFIG "wosync.conf"
#define STORE  "wosync.db"

static const int64_t minute = 60000, hour = 3600000, day = 86400000;

/* Runs after the troubles that may be needed until nothing is left to do: a delivery is tried ten times. */
enum { MOST_LAST_RUNS = 14, MOST_LAST_SWEEPS = 3 };

static struct {
    const struct history *history;
    int runs;
    bool api_troubled;
    int64_t unsure;    /* until when the program may not know how many requests are left */
} player;

/* --- one run --- */

struct options {
    enum step_kind kind;
    struct trouble trouble;
    int64_t max_time; /* 0: none */
    bool no_dispatch;
    bool dry;
    int64_t from, until; /* of a backfill, by the wall clock */
    bool silent;
};

static const struct command *command_of(enum step_kind kind)
{
    switch (kind) {
    case STEP_DISPATCH:
        return &command_dispatch;
    case STEP_RECONCILE:
        return &command_reconcile;
    case STEP_BACKFILL:
        return &command_backfill;
    default:
        return &command_sync;
    }
}

/* Runs the command with its arguments. Returns its exit status. */
static int run_command(const struct options *options)
{
    const struct cli cli = {.config_file = CONFIG};
    const struct command *command = command_of(options->kind);
    char from[32], until[32], limit[32];
    char *argv[12] = {(char *)command->name};
    int argc = 1;
    if (options->kind == STEP_BACKFILL) {
        plant_write_date(options->from, from);
        plant_write_date(options->until, until);
        argv[argc++] = (char *)"--since";
        argv[argc++] = from;
        argv[argc++] = (char *)"--until";
        argv[argc++] = until;
        argv[argc++] = (char *)"--restart";
        if (options->silent)
            argv[argc++] = (char *)"--silent";
    }
    if (options->max_time > 0) {
        snprintf(limit, sizeof limit, "%lldms", (long long)options->max_time);
        argv[argc++] = (char *)"--max-time";
        argv[argc++] = limit;
    }
    if (options->no_dispatch && options->kind != STEP_DISPATCH)
        argv[argc++] = (char *)"--no-dispatch";
    if (options->dry)
        argv[argc++] = (char *)"--dry-run";
    optind = 0;
    return (int)command->run(command, &cli, argc, argv);
}

/*
 * The program alone uses the token, knows what every answer said, and its clock is steady: then it never goes
 * past the limit. A run that was cut short knows more than the next one; what it has sent is forgotten when the
 * window is over.
 */
static void check_pace(const struct run_report *run, int64_t refused)
{
    const struct plant_manner *m = &plant.manner;
    bool steady = player.history->alone && !player.history->jumps && run->calm && !run->hurt && !run->stopped;
    if (!steady)
        player.unsure = run->ended + m->window;
    else if (refused > 0 && run->began > player.unsure && !m->rounds_down)
        broken("R7", "%lld requests past the limit", (long long)refused);
}

/* What an exit status may be. */
static void check_status(const struct options *options, const struct run_report *run)
{
    static const int known[] = {0, 65, 69, 73, 74, 75, 76, 77};
    bool listed = false;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        listed = listed || run->status == known[i];
    if (!listed)
        broken("exit status", "%s exits %d", step_name(options->kind), run->status);
}

static void lose_power(void)
{
    trace("== power cut");
    disk_lose_power();
    machine_boot();
}

static int run(const struct options *options)
{
    struct process process;
    struct run_report report = {.number = ++player.runs,
        .kind = options->kind,
        .whole = options->max_time == 0,
        .calm = !player.api_troubled,
        .began = machine_now(),
        .clock_began = machine_now() + machine_offset(),
        .from = options->from,
        .until = options->until};
    int64_t refused = plant_log.refused;
    trace("== %s", step_name(options->kind));
    receivers_run(report.number);
    int64_t pass_began = plant_log.pass_began;
    plant_log.polls = command_of(options->kind) == &command_sync && !options->dry;
    machine_start(&process, &options->trouble);
    report.status = run_command(options);
    machine_end(&process);
    vfs_end_process(&process);
    report.hurt = process.hurt;
    report.stopped = process.signalled;
    report.ended = machine_now();
    report.clock_ended = machine_now() + machine_offset();
    trace("== exit %d after %lld calls", report.status, (long long)process.calls);
    /* what a killed run has written and not synced may be seen, and lost all the same if the power goes before
     * the kernel has written it: no rule can hold for that */
    if (machine_is_off())
        lose_power();
    else if (process.dead)
        disk_sync_all();
    if (!process.dead)
        check_status(options, &report);
    /* it may not have been stored that a new pass began */
    if (report.hurt || report.status != 0)
        plant_log.pass_began = pass_began;
    check_pace(&report, plant_log.refused - refused);
    oracle_look(&report);
    return report.status;
}

/* A run beside one that is at work. */
static void overlap(uint64_t seed)
{
    struct dice dice = dice_of(seed, 7);
    struct options options = {.kind = dice_chance(&dice, 50) ? STEP_SYNC : STEP_DISPATCH};
    struct process process;
    bool locked = machine_is_locked();
    int64_t requests = plant_log.requests, told = tries.count;
    int getopt_place = optind;
    trace("== %s beside it", step_name(options.kind));
    machine_start(&process, &options.trouble);
    int status = run_command(&options);
    machine_end(&process);
    vfs_end_process(&process);
    optind = getopt_place;
    trace("== beside it: exit %d", status);
    if (locked && (status != 75 || plant_log.requests != requests || tries.count != told))
        broken("lock", "a run beside another one exits %d", status);
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
    const struct history *h = player.history;
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
    struct options options = {.kind = kind, .dry = kind == STEP_DRY_RUN, .no_dispatch = dice_chance(dice, 10)};
    options.trouble = (struct trouble){.kind = choose_trouble(dice),
        .writes = dice_chance(dice, 50),
        .amount = choose_jump(dice),
        .seed = dice_bits(dice)};
    options.trouble.at = dice_spread(dice, options.trouble.writes ? 7 : 10);
    if (dice_chance(dice, 8))
        options.max_time = dice_spread(dice, 14);
    if (kind == STEP_BACKFILL) {
        options.until = machine_now() + machine_offset() - (dice_chance(dice, 70) ? 0 : dice_spread(dice, 30));
        options.from = options.until - 1 - dice_spread(dice, 35);
        options.silent = dice_chance(dice, 15);
    }
    run(&options);
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
        [CHANGE_FUTURE] = 1};
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
    plant.others = player.history->alone || dice_chance(dice, 50) ? 0 : dice_spread(dice, 5);
    player.api_troubled = bad;
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
    if (strcmp(player.history->filter, "auto") != 0)
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
        if (plant.stepped_back < player.history->back)
            plant.stepped_back += dice_below(&dice, player.history->back - plant.stepped_back + 1);
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
        break;
    case STEP_POWER:
        lose_power();
        break;
    default:
        do_run(step->kind, &dice);
    }
}

/* --- the end --- */

/* With so many gone at once a sweep is a safety stop. */
static bool may_stop(enum step_kind kind)
{
    return kind == STEP_RECONCILE && player.history->max_deletes < plant.count;
}

static void run_last(enum step_kind kind)
{
    const struct options options = {.kind = kind};
    int is = run(&options);
    if (is != 0 && !(is == 75 && may_stop(kind)))
        broken("end", "the last %s exits %d", step_name(kind), is);
}

/* From here on all goes well, and everything must come right. */
static void finish(void)
{
    const struct history *h = player.history;
    trace("== the end begins");
    plant.trouble = 0;
    plant.others = 0;
    while (plant_next() != INT64_MAX)
        machine_advance(plant_next() - machine_now());
    plant_hide_all(false);
    plant.manner.takes_gte = h->manner.takes_gte;
    plant.manner.takes_brackets = h->manner.takes_brackets;
    player.api_troubled = false;
    receivers_weather(0);
    net_weather(NET_TO_PLANT, 0);
    net_weather(NET_TO_RECEIVERS, 0);
    for (int i = 0; i < plant.count; i++)
        if (plant.orders[i].hidden)
            plant_hide(&plant.orders[i], false);
    machine_advance(h->manner.longest_delay + 3 * minute);
    run_last(STEP_SYNC);
    machine_advance(3 * hour);
    run_last(STEP_RECONCILE);
    /* the first may have gone on with a sweep that began before something was gone */
    for (int i = 0; i < MOST_LAST_SWEEPS && (i == 0 || oracle_owes_deletion()) && verdict() == NULL; i++) {
        machine_advance(2 * hour);
        run_last(STEP_RECONCILE);
    }
    for (int i = 0; i < MOST_LAST_RUNS && oracle_pending() > 0 && verdict() == NULL; i++) {
        machine_advance(2 * day);
        run_last(STEP_DISPATCH);
    }
    if (verdict() == NULL)
        oracle_finish();
}

/* --- a life --- */

/*
 * A store as the program makes it, with nothing in it: most histories begin with it, for to make one takes as
 * long as many runs.
 */
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
    struct store *store = store_open(STORE, STORE_WRITE, 0, &e);
    store_close(store);
    machine_end(&process);
    const struct disk_file *file = disk_find(STORE, false);
    if (store == NULL || file == NULL || disk_size(file) > sizeof empty_store.bytes)
        return -1;
    empty_store.size = disk_size(file);
    disk_read(file, empty_store.bytes, empty_store.size, 0);
    return 0;
}

static void begin(const struct history *h)
{
    memset(&player, 0, sizeof player);
    player.history = h;
    machine_reset(h->begins, h->offset, h->seed);
    disk_reset();
    vfs_reset();
    net_reset(h->seed, h->latency);
    plant_reset(&h->manner, h->seed);
    receivers_reset(h->seed);
    oracle_reset(h);
    if (!h->from_nothing) {
        struct disk_file *file = disk_find(STORE, true);
        disk_write(file, empty_store.bytes, empty_store.size, 0);
        disk_sync(file);
    }
    if (history_write_config(h, CONFIG) != 0)
        broken("simulator", "the configuration cannot be written");
    struct dice dice = dice_of(h->seed, 9);
    for (int i = 0; i < h->first_orders; i++) {
        plant_change(CHANGE_CREATE, dice_bits(&dice));
        machine_advance(dice_spread(&dice, 20));
    }
}

const char *play(const struct history *history, bool want_trace)
{
    verdict_reset(want_trace);
    begin(history);
    for (int i = 0; i < history->count && verdict() == NULL; i++)
        do_step(&history->steps[i]);
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
    unsetenv("MAINTAINX_BASE_URL");
    unsetenv("WOSYNC_DB");
    unsetenv("WOSYNC_CONFIG");
    if (setenv("MAINTAINX_API_KEY", "simulated-token", 1) != 0 || mkdtemp(directory) == NULL)
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
    unlink(CONFIG);
    unlink(STORE);
    if (chdir("/") == 0)
        rmdir(directory);
}
