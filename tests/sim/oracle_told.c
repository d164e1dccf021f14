/* The deliveries: every event reaches every handler that wants it, in order for each work order, as the same
 * bytes, and not again once it is settled. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "oracle_parts.h"
#include "verdict.h"

/* How an event stands for a handler. */
struct standing {
    bool taken;   /* the receiver said yes, and that came through */
    bool refused; /* it said no, and that came through */
    bool dead;    /* as the store says */
    bool sure;    /* and the run came to a good end: it must not come again */
    int failures;
    int settled_in;      /* the run */
    int64_t clock, when; /* of the last try, and how long it asked to wait */
    int64_t retry_after;
    bool clock_back; /* the clock had gone back in its run */
};

/* What was written so much later than the clock shows is due at once. */
enum { CLOCK_BACK_MS = 60000 };

enum { MOST_RUNS = 4096, LINE = 1 };

static struct {
    const struct history *history;
    struct standing *list[RECEIVERS]; /* by place in the log */
    int capacity;
    int looked; /* tries */
    int joined; /* how many events the log had when the handler line joined, */
    int sure;   /* and when a run had certainly seen it: from there on it is told everything */
    bool joins;
    bool unsure[MOST_RUNS]; /* by number: the run was cut short, and may not know how its tries ended */
    int pending;
    int waiting[WAITINGS]; /* see oracle_waiting */
    int events;            /* at the last look */
} told_to;

void deliveries_reset(const struct history *history)
{
    for (int h = 0; h < RECEIVERS && told_to.capacity > 0; h++)
        memset(told_to.list[h], 0, (size_t)told_to.capacity * sizeof *told_to.list[h]);
    told_to.history = history;
    told_to.looked = 0;
    told_to.joins = history != NULL && history->line_joins >= 0;
    told_to.joined = told_to.sure = told_to.joins ? INT32_MAX : 0;
    told_to.events = 0;
    memset(told_to.unsure, 0, sizeof told_to.unsure);
    told_to.pending = 0;
}

void deliveries_free(void)
{
    for (int h = 0; h < RECEIVERS; h++) {
        free(told_to.list[h]);
        told_to.list[h] = NULL;
    }
    told_to.capacity = 0;
}

void oracle_note(const struct run_report *run)
{
    told_to.unsure[run->number % MOST_RUNS] = run->hurt || run->stopped;
    oracle_note_notice(run);
    if (run->hook_order != 0)
        oracle.orders[run->hook_order - FIRST_ID].heard = run->ended;
}

int deliveries_pending(void)
{
    return told_to.pending;
}

int oracle_waiting(enum waiting handler)
{
    return told_to.waiting[handler];
}

static void make_room(int count)
{
    if (count <= told_to.capacity)
        return;
    int capacity = told_to.capacity == 0 ? 256 : 2 * told_to.capacity;
    while (capacity < count)
        capacity *= 2;
    for (int h = 0; h < RECEIVERS; h++) {
        told_to.list[h] = realloc(told_to.list[h], (size_t)capacity * sizeof *told_to.list[h]);
        if (told_to.list[h] == NULL)
            abort();
        memset(told_to.list[h] + told_to.capacity, 0,
            (size_t)(capacity - told_to.capacity) * sizeof *told_to.list[h]);
    }
    told_to.capacity = capacity;
}

/* Does the handler want it? As history.c has it in the configuration. */
static bool wants(int handler, const struct told *told)
{
    const struct order *order = plant_order(told->work_order);
    if (handler == LINE)
        return told_to.history->line && (strcmp(told->type, "workorder.created") == 0 ||
                                            strcmp(told->type, "workorder.completed") == 0);
    if (handler == 2)
        return told_to.history->high && order != NULL && told->version >= 0 &&
               strcmp(order->versions[told->version].priority, "HIGH") == 0;
    return true;
}

/* The least wait after so many failures, milliseconds: the schedule less its jitter of a tenth. */
static int64_t least_wait(int failures)
{
    static const int64_t minutes[] = {0, 5, 30, 120, 300, 600, 840, 1200, 1440};
    if (failures <= 1)
        return failures == 1 ? 4500 : 0;
    return failures <= 9 ? minutes[failures - 1] * 54000 : INT64_MAX;
}

/* Must it be told, in the end? What was stored while a new handler was being seen for the first time may be.
 */
static bool must_have(int handler, const struct log *log, int place)
{
    return wants(handler, &log->list[place]) && (handler != LINE || place >= told_to.sure);
}

void oracle_joins(void)
{
    told_to.joined = told_to.events;
}

static void check_order(const struct log *log, int handler, int place)
{
    const struct told *told = &log->list[place];
    for (int i = 0; i < place; i++) {
        const struct told *earlier = &log->list[i];
        const struct standing *s = &told_to.list[handler][i];
        if (earlier->work_order == told->work_order && must_have(handler, log, i) && !s->taken && !s->dead &&
            !s->refused)
            broken("R6", "%s is told %s before %s", receiver_names[handler], told->id, earlier->id);
    }
}

static void check_wait(const struct try *t, const struct standing *s, const struct told *told)
{
    int64_t since = t->clock - s->clock,
            least = s->retry_after >= 0 ? s->retry_after : least_wait(s->failures);
    bool steady = since == t->when - s->when && !s->clock_back;
    if (s->failures > 0 && steady && since < least - 2 * 20 * told_to.history->latency - 2)
        broken("R6", "%s is told %s again after %lld ms, and %lld were asked", receiver_names[t->handler],
            told->id, (long long)since, (long long)least);
}

static void take_try(const struct log *log, const struct try *t, int64_t latest)
{
    const struct told *told = log_find(log, t->id);
    if (told == NULL) {
        broken("R6", "%s is told %s, which is not in the log", receiver_names[t->handler], t->id);
        return;
    }
    int place = (int)(told - log->list);
    struct standing *s = &told_to.list[t->handler][place];
    if (!wants(t->handler, told) || (t->handler == LINE && place < told_to.joined))
        broken("R6", "%s is told %s, which it does not want", receiver_names[t->handler], t->id);
    if (t->fingerprint != told->fingerprint)
        broken("R6", "%s is told %s with other bytes than are in the log", receiver_names[t->handler], t->id);
    if (t->orphan)
        return;
    bool sure = !told_to.unsure[t->run % MOST_RUNS];
    if (s->sure)
        broken("R3", "%s is told %s again after it %s it", receiver_names[t->handler], t->id,
            s->refused ? "refused" : "took");
    /* whatever became of the run: where the disk fails, it knows at least that it cannot say so */
    if (s->settled_in == t->run)
        broken("R3", "%s is told %s again in the run in which it was settled", receiver_names[t->handler],
            t->id);
    check_order(log, t->handler, place);
    check_wait(t, s, told);
    s->when = t->when;
    s->clock = t->clock;
    s->retry_after = t->retry_after;
    /* a run writes how it ended at the latest that it has seen, so as not to try twice */
    s->clock_back = t->clock < latest - CLOCK_BACK_MS;
    s->taken = s->taken || t->how == TRIED_TAKEN;
    s->failures = t->how == TRIED_TAKEN || !sure ? 0 : s->failures + 1;
    s->refused = s->refused || t->how == TRIED_REFUSED;
    s->sure = sure && (t->how == TRIED_TAKEN || t->how == TRIED_REFUSED);
    if (t->how == TRIED_TAKEN || t->how == TRIED_REFUSED)
        s->settled_in = t->run;
}

/* By the name of its handler, which may be another one by now: `erp-2`. The first are the receivers. */
static int find_handler(const char *handler)
{
    static const char *const names[WAITINGS] = {"erp", "line", "high", "chat", "warehouse"};
    int h = 0;
    while (h < WAITINGS && strncmp(names[h], handler, strlen(names[h])) != 0)
        h++;
    return h;
}

/* Is it behind something that lasts? */
static bool is_behind(int handler, const struct told *told)
{
    return told == NULL || told->work_order == plant.cursed ||
           (handler == WAITING_ERP && receivers_is_poisoned(told->work_order));
}

static void look_at_rows(const struct log *log)
{
    sqlite3_stmt *rows = oracle_query(ORACLE_DELIVERIES);
    told_to.pending = 0;
    memset(told_to.waiting, 0, sizeof told_to.waiting);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        const char *state = (const char *)sqlite3_column_text(rows, 2);
        const struct told *told = log_find(log, (const char *)sqlite3_column_text(rows, 1));
        const int h = find_handler((const char *)sqlite3_column_text(rows, 0));
        if (strcmp(state, "pending") == 0) {
            told_to.pending++;
            if (h < WAITINGS && !is_behind(h, told))
                told_to.waiting[h]++;
        }
        if (told == NULL || h >= RECEIVERS)
            continue;
        struct standing *s = &told_to.list[h][told - log->list];
        s->dead = strcmp(state, "dead") == 0;
        if (s->dead && sqlite3_column_int(rows, 3) < 10 && !s->refused && s->failures > 0)
            broken("R6", "%s for %s is dead after %d tries", told->id, receiver_names[h],
                sqlite3_column_int(rows, 3));
    }
    sqlite3_reset(rows);
}

void deliveries_look(const struct log *log, const struct run_report *run)
{
    int64_t latest = run->clock_began;
    make_room(log->count);
    for (; told_to.looked < tries.count; told_to.looked++) {
        const struct try *t = &tries.list[told_to.looked];
        latest = t->clock > latest ? t->clock : latest;
        take_try(log, t, latest);
    }
    look_at_rows(log);
    told_to.events = log->count;
    if (told_to.joins && told_to.joined < INT32_MAX && !run->hurt && run->kind != STEP_DRY_RUN &&
        run->kind != STEP_HOOK && run->status != 75 && told_to.sure == INT32_MAX)
        told_to.sure = log->count;
}

void deliveries_finish(const struct log *log)
{
    for (int h = 0; h < RECEIVERS; h++)
        for (int i = 0; i < log->count; i++) {
            const struct standing *s = &told_to.list[h][i];
            if (must_have(h, log, i) && !s->taken && !s->dead && !s->refused)
                broken("R6", "%s was never told %s", receiver_names[h], log->list[i].id);
        }
}
