#include "run.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "disk.h"
#include "net.h"
#include "oracle.h"
#include "receivers.h"
#include "verdict.h"
#include "vfs.h"

static struct {
    const struct history *history;
    int runs;
    bool trouble;
    int64_t lists;                     /* of the last run, */
    int64_t first_poll, last_poll;     /* and when they were sent */
    int64_t beside_from, beside_until; /* the window of a backfill that ran beside the one at work */
    int64_t unsure;                    /* until when the program may not know how many requests are left */
} state;

void run_reset(const struct history *history)
{
    memset(&state, 0, sizeof state);
    state.history = history;
}

static int64_t all_runs;

int64_t run_count(void)
{
    return all_runs;
}

int64_t run_last_lists(void)
{
    return state.lists;
}

int64_t run_first_poll(void)
{
    return state.first_poll;
}

int64_t run_last_poll(void)
{
    return state.last_poll;
}

void run_in_trouble(bool trouble)
{
    state.trouble = trouble;
}

/* --- the command line --- */

static const struct command *command_of(enum step_kind kind)
{
    switch (kind) {
    case STEP_DISPATCH:
        return &command_dispatch;
    case STEP_RECONCILE:
        return &command_reconcile;
    case STEP_BACKFILL:
        return &command_backfill;
    case STEP_HOOK:
        return &command_receive;
    default:
        return &command_sync;
    }
}

struct arguments {
    char *argv[16];
    int argc;
    char from[32], until[32], limit[32];
};

static void add(struct arguments *a, const char *word)
{
    a->argv[a->argc++] = (char *)word;
}

static void add_backfill(struct arguments *a, const struct run_options *o)
{
    plant_write_date(o->from, a->from);
    plant_write_date(o->until, a->until);
    add(a, "--since");
    add(a, a->from);
    add(a, "--until");
    add(a, a->until);
    add(a, "--restart");
    if (o->silent)
        add(a, "--silent");
}

static void add_hook(struct arguments *a, const struct api_subscription *hook)
{
    FILE *file = fopen(RUN_BODY, "w");
    if (file == NULL || fputs(hook->body, file) < 0 || fclose(file) != 0)
        broken("simulator", "a webhook's body cannot be written");
    add(a, "--body");
    add(a, RUN_BODY);
    add(a, "--header");
    add(a, hook->signature);
    if (hook->event_id[0] != '\0') {
        add(a, "--header");
        add(a, hook->event_id);
    }
}

static void write_arguments(struct arguments *a, const struct run_options *o)
{
    bool reads = o->kind != STEP_DISPATCH && o->kind != STEP_HOOK;
    *a = (struct arguments){.argc = 0};
    add(a, command_of(o->kind)->name);
    if (o->kind == STEP_BACKFILL)
        add_backfill(a, o);
    if (o->kind == STEP_HOOK)
        add_hook(a, o->hook);
    if (o->max_time > 0 && o->kind != STEP_HOOK) {
        snprintf(a->limit, sizeof a->limit, "%lldms", (long long)o->max_time);
        add(a, "--max-time");
        add(a, a->limit);
    }
    if (o->no_dispatch && reads)
        add(a, "--no-dispatch");
    if (o->dry)
        add(a, "--dry-run");
    if (o->fallback && o->kind == STEP_SYNC)
        add(a, "--fallback");
}

static int run_command(const struct run_options *options)
{
    static const char *const files[] = {RUN_CONFIG, NULL};
    const struct cli cli = {.config_files = files};
    const struct command *command = command_of(options->kind);
    struct arguments arguments;
    write_arguments(&arguments, options);
    optind = 0;
    return (int)command->run(command, &cli, arguments.argc, arguments.argv);
}

/* --- what must hold of it --- */

/*
 * The program alone uses the token, knows what every answer said, and its clock is steady: then it never goes
 * past the limit. A run that was cut short knows more than the next one; what it has sent is forgotten when
 * the window is over. And a request that arrives later than the next run's first one is not counted in its
 * answer.
 */
static void check_pace(const struct run_report *report, int64_t refused)
{
    const struct plant_manner *m = &plant.manner;
    bool steady = state.history->alone && !state.history->jumps && report->calm && !report->hurt &&
                  !report->stopped && report->kind != STEP_DRY_RUN;
    if (plant_log.overtaken + m->window > state.unsure)
        state.unsure = plant_log.overtaken + m->window;
    if (!steady)
        state.unsure = report->ended + m->window;
    else if (refused > 0 && report->began > state.unsure && !m->rounds_down)
        broken("R7", "%lld requests past the limit", (long long)refused);
}

/* Whatever else fails or waits, a sync reads the list (rule R9). */
static void check_list(const struct run_report *report)
{
    if (report->kind == STEP_SYNC && report->status == 0 && report->whole && !report->hurt &&
        !report->stopped && report->lists == 0)
        broken("R9", "a sync has not read the list");
}

static void check_status(const struct run_report *report)
{
    static const int known[] = {0, 65, 69, 73, 74, 75, 76, 77};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (report->status == known[i])
            return;
    broken("exit status", "%s exits %d", step_name(report->kind), report->status);
}

/* --- a process --- */

/* From its start to its end. */
static void live(const struct run_options *options, struct run_report *report)
{
    struct process process;
    all_runs++;
    *report = (struct run_report){.number = ++state.runs,
        .kind = options->kind,
        .whole = options->max_time == 0 && !options->fallback,
        .calm = !state.trouble,
        .began = machine_now(),
        .clock_began = machine_now() + machine_offset(),
        .from = options->from,
        .until = options->until,
        .silent = options->silent,
        .delivers = options->kind != STEP_HOOK && !options->no_dispatch && !options->dry,
        .hook_version = -1,
        .hook_notice = -1};
    if (options->hook != NULL && !options->hook->forged) {
        report->hook_order = options->hook->work_order;
        report->hook_version = options->hook->version;
        report->hook_notice = options->hook->notice;
    }
    int outer = receivers_run_now();
    receivers_run(report->number);
    machine_start(&process, &options->trouble);
    report->status = run_command(options);
    machine_end(&process);
    vfs_end_process(&process);
    receivers_run(outer);
    report->lists = state.lists = process.lists;
    state.first_poll = process.first_list;
    state.last_poll = process.last_list;
    report->singles = process.singles;
    report->deliveries = process.deliveries;
    report->hurt = process.hurt;
    report->dead = process.dead;
    report->stopped = process.signalled;
    report->ended = machine_now();
    report->clock_ended = machine_now() + machine_offset();
    if (!process.dead)
        check_status(report);
    oracle_note(report);
}

int run(const struct run_options *options)
{
    struct run_report report;
    int64_t refused = plant_log.refused, pass_began = plant_log.pass_began;
    trace("== %s", step_name(options->kind));
    plant_log.poller = options->kind == STEP_SYNC && !options->dry ? state.runs + 1 : 0;
    state.beside_from = INT64_MAX;
    state.beside_until = INT64_MIN;
    live(options, &report);
    plant_log.poller = 0;
    trace("== exit %d", report.status);
    /* what was written and could not be synced, for the run was killed or the disk failed, may be seen, and
     * lost all the same if the power goes before the kernel has written it: no rule can hold for that */
    if (machine_is_off()) {
        trace("== power cut");
        disk_lose_power();
        machine_boot();
    } else if (report.hurt) {
        disk_sync_all();
    }
    report.beside_from = state.beside_from;
    report.beside_until = state.beside_until;
    report.undisturbed = state.runs == report.number;
    /* it may not have been stored that a new pass began */
    if (report.hurt || report.status != 0)
        plant_log.pass_began = pass_began;
    check_pace(&report, plant_log.refused - refused);
    check_list(&report);
    oracle_look(&report);
    return report.dead ? -1 : report.status;
}

/* What a run beside another one may do, by the locks that are held: of each kind of work there is one. */
struct beside {
    bool polls, refetches, sweeps, backfills, delivers; /* another run is at it */
};

static struct beside look_around(void)
{
    return (struct beside){.polls = machine_is_locked(LOCK_POLL),
        .refetches = machine_is_locked(LOCK_REFETCH),
        .sweeps = machine_is_locked(LOCK_SWEEP),
        .backfills = machine_is_locked(LOCK_BACKFILL),
        .delivers = machine_is_locked(LOCK_DELIVER)};
}

/* Could it do nothing of what it was asked? */
static bool must_leave(const struct beside *b, const struct run_options *options)
{
    switch (options->kind) {
    case STEP_SYNC:
        return b->polls && (b->delivers || options->no_dispatch);
    case STEP_DISPATCH:
        return b->delivers;
    case STEP_RECONCILE:
        return b->sweeps;
    case STEP_BACKFILL:
        return b->backfills;
    default:
        return false;
    }
}

static void check_beside(
    const struct beside *b, const struct run_options *options, const struct run_report *report)
{
    bool leaves = must_leave(b, options);
    if (b->delivers && report->deliveries > 0)
        broken("lock", "two runs deliver at once");
    if (options->kind == STEP_SYNC && b->polls && report->lists > 0)
        broken("lock", "two runs poll at once");
    if (!b->polls)
        check_list(report);
    if (options->kind == STEP_HOOK && b->refetches && report->singles > 0)
        broken("lock", "two runs refetch at once");
    if (leaves && report->lists + report->singles + report->deliveries > 0)
        broken("lock", "a run that is not to work sends requests");
    if (leaves && report->status != 75 && !report->dead)
        broken("lock", "a run that could do nothing exits %d", report->status);
}

int run_beside(const struct run_options *options)
{
    struct run_report report;
    const struct beside around = look_around();
    int getopt_place = optind;
    trace("== %s beside it", step_name(options->kind));
    live(options, &report);
    trace("== beside it: exit %d", report.status);
    optind = getopt_place;
    /* the other one stood still meanwhile, and reads an old answer as if it had just come */
    if (report.ended - report.began > plant.manner.window / 4)
        plant_log.overtaken = machine_now();
    check_beside(&around, options, &report);
    if (options->kind == STEP_BACKFILL) {
        state.beside_from = options->from;
        state.beside_until = options->until;
    }
    return report.dead ? -1 : report.status;
}
