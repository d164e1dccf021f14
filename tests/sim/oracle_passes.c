/* What a run must have seen: a poll, a backfill, a webhook. */
#include <stdio.h>
#include <string.h>

#include "machine.h"
#include "oracle_parts.h"
#include "verdict.h"

/* What becomes visible within hours is seen by the poll that looks back for six, which is due once an hour.
 */
enum { LATE_WINDOW_MS = 6 * 3600000, LATE_WINDOW_EVERY_MS = 3600000 };

static bool is_covered_late(const struct version *v, int64_t began)
{
    bool steady = !oracle.history->jumps && plant.stepped_back == 0;
    return steady && began >= v->stable + LATE_WINDOW_EVERY_MS &&
           v->stable - v->updated < LATE_WINDOW_MS - 2 * LATE_WINDOW_EVERY_MS;
}

/* Could a poll that began at `began` and ended just now have missed what is seen of it now? */
static bool may_be_missed(const struct order *order, int version, int64_t began)
{
    const struct version *v = &order->versions[version];
    int64_t longest = oracle.history->manner.longest_delay;
    if (order->hidden || plant.all_hidden || order->bent || order->id == plant.cursed || began < order->due ||
        (v->late && !is_covered_late(v, began)))
        return true;
    if (v->stable >= began || (order->unhidden != NEVER && order->unhidden >= began))
        return true;
    return order->unhidden != NEVER && order->unhidden - v->updated > longest;
}

/* Of two versions of one updatedAt a webhook may bring the older one late, and so may a sweep that goes on in
 * a list that was frozen when it began: which is newer no one can tell. */
static bool cannot_be_told_apart(const struct order *order, int known, int version)
{
    return known >= 0 && (oracle.history->hooks.on || plant.manner.frozen_pages) &&
           order->versions[known].updated == order->versions[version].updated;
}

int64_t oracle_unseen(int64_t began)
{
    for (int i = 0; i < plant.count; i++) {
        const struct order *order = &plant.orders[i];
        const int version = plant_newest(order, machine_now()), known = oracle.orders[i].known.version;
        if (version < 0 || may_be_missed(order, version, began) ||
            cannot_be_told_apart(order, known, version))
            continue;
        if (known < 0 || oracle_newest_like(order, known) < version)
            return order->id;
    }
    return 0;
}

void oracle_check_pass(const struct run_report *run)
{
    int64_t began = plant_log.pass_began;
    if (run->kind != STEP_SYNC || run->status != 0 || !run->whole || run->stopped || began == NEVER)
        return;
    /* an empty window can be told from no other; the next pass looks back over it */
    const bool emptied = plant_log.window_emptied;
    plant_log.window_emptied = false;
    if (emptied)
        return;
    for (int i = 0; i < plant.count; i++) {
        const struct order *order = &plant.orders[i];
        int version = plant_newest(order, machine_now());
        if (version < 0 || may_be_missed(order, version, began))
            continue;
        int known = oracle.orders[i].known.version;
        /* what waits for more notifications waits for the next poll at the most that shows what is known */
        if (known == version && oracle.orders[i].known.status != NULL &&
            oracle.orders[i].waits_since < run->number)
            broken("R5", "work order %lld: its status changes were told up to %s, and a poll has seen more",
                (long long)order->id, oracle.orders[i].known.status);
        if (cannot_be_told_apart(order, known, version))
            continue;
        if (known < 0 || oracle_newest_like(order, known) < version)
            broken("R1",
                "work order %lld: the pass that began at %lld has seen version %d, not %d, which was there "
                "since %lld",
                (long long)order->id, (long long)began, known, version,
                (long long)order->versions[version].visible);
    }
}

/* Was it seen as done without a date, which was told by the date of the change? Then one that came later is
 * of the same completion. */
static bool was_done_undated(const struct order *order, int version)
{
    for (int i = 0; i < version; i++)
        if (strcmp(order->versions[i].status, "DONE") == 0 && order->versions[i].completed == NEVER)
            return true;
    return false;
}

/* What a backfill that has read to its end must have told. */
void oracle_check_backfill(const struct run_report *run)
{
    if (run->kind != STEP_BACKFILL || run->status != 0 || !run->whole || run->stopped || run->silent ||
        plant_log.emptied >= run->began)
        return;
    for (int i = 0; i < plant.count; i++) {
        const struct order *order = &plant.orders[i];
        int version = plant_newest(order, machine_now());
        if (version < 0 || may_be_missed(order, version, run->began))
            continue;
        const struct version *v = &order->versions[version];
        char id[EXPECTED_ID_SIZE], date[32];
        snprintf(id, sizeof id, "workorder.created/%lld", (long long)order->id);
        if (v->created >= run->from && v->created <= run->until && log_find(&oracle.log, id) == NULL)
            broken("R5", "a backfill has not told %s", id);
        plant_write_date(v->completed, date);
        snprintf(id, sizeof id, "workorder.completed/%lld/%s", (long long)order->id, date);
        if (strcmp(v->status, "DONE") == 0 && v->completed != NEVER && v->completed >= run->from &&
            v->completed <= run->until && log_find(&oracle.log, id) == NULL &&
            !was_done_undated(order, version))
            broken("R5", "a backfill has not told %s", id);
    }
}

void oracle_note_notice(const struct run_report *run)
{
    if (run->hook_notice < 0)
        return;
    struct notice *notice = &notices.list[run->hook_notice];
    /* where it was cut short, it may be stored or not */
    notice->taken = true;
    if (!notice->sure)
        notice->since = run->ended;
    notice->sure = notice->sure || (run->status == 0 && !run->hurt);
}

void oracle_begin_notices(const struct run_report *run)
{
    /* it was stored before anything came of it */
    if (run->hook_notice >= 0 && run->undisturbed)
        notices.list[run->hook_notice].before = notices.list[run->hook_notice].sure;
}

void oracle_end_notices(void)
{
    for (int i = 0; i < notices.count; i++)
        notices.list[i].before = notices.list[i].sure;
}

/* A deletion that was notified, and that its 404 confirms, is told at once: by the next poll at the latest,
 * where no request fails. */
void oracle_check_deletions(const struct run_report *run)
{
    const struct history *h = oracle.history;
    enum { LONG_AGO_MS = 600000, QUICK_MS = 200 };
    if (run->kind != STEP_SYNC || run->status != 0 || !run->whole || run->stopped || run->hurt ||
        !run->calm || plant.was_troubled || h->jumps || h->latency > QUICK_MS)
        return;
    for (int i = 0; i < notices.count; i++) {
        const struct notice *notice = &notices.list[i];
        if (notice->to != NULL || !notice->before || !notice->plain ||
            notice->since > run->began - LONG_AGO_MS)
            continue;
        const struct order *order = plant_order(notice->work_order);
        const struct knowledge *known = &oracle.orders[order->id - FIRST_ID].known;
        if (order->removed != NEVER && known->version >= 0 && !known->deleted &&
            notice->occurred >= order->versions[known->version].updated)
            broken("R5", "work order %lld: its deletion was notified and is not told", (long long)order->id);
    }
}

static bool is_deletion_notified(const struct order *order)
{
    for (int i = 0; i < notices.count; i++)
        if (notices.list[i].work_order == order->id && notices.list[i].to == NULL)
            return true;
    return false;
}

/* A webhook that was answered with yes is stored. */
void oracle_check_hook(const struct run_report *run)
{
    const struct order *order =
        run->kind == STEP_HOOK && run->hook_version >= 0 ? plant_order(run->hook_order) : NULL;
    /* what is not newer than a deletion brings nothing back */
    if (order == NULL || run->status != 0 || run->hurt || !oracle.has_horizon ||
        is_deletion_notified(order) || order->bent || order->removed != NEVER ||
        oracle.orders[order->id - FIRST_ID].known.deleted)
        return;
    const struct knowledge *known = &oracle.orders[order->id - FIRST_ID].known;
    const struct version *v = &order->versions[run->hook_version];
    if (known->version < 0 || order->versions[known->version].updated < v->updated)
        broken("R2", "a webhook about version %d of %lld was taken, and %d is known", run->hook_version,
            (long long)order->id, known->version);
}
