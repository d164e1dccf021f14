/* What a run must have seen: a poll, a backfill, a webhook. */
#include <stdio.h>
#include <string.h>

#include "machine.h"
#include "oracle_parts.h"
#include "verdict.h"

/* Could a poll that began at `began` and ended just now have missed what is seen of it now? */
static bool may_be_missed(const struct order *order, int version, int64_t began)
{
    const struct version *v = &order->versions[version];
    int64_t longest = oracle.history->manner.longest_delay;
    if (order->hidden || plant.all_hidden || v->late)
        return true;
    if (v->stable >= began || (order->unhidden != NEVER && order->unhidden >= began))
        return true;
    return order->unhidden != NEVER && order->unhidden - v->updated > longest;
}

void oracle_check_pass(const struct run_report *run)
{
    int64_t began = plant_log.pass_began;
    if (run->kind != STEP_SYNC || run->status != 0 || !run->whole || run->stopped || began == NEVER)
        return;
    for (int i = 0; i < plant.count; i++) {
        const struct order *order = &plant.orders[i];
        int version = plant_newest(order, machine_now());
        if (version < 0 || may_be_missed(order, version, began))
            continue;
        int known = oracle.orders[i].known.version;
        /* of two versions of one updatedAt a webhook may bring the older one late, and so may a sweep that
         * goes on in a list that was frozen when it began: which is newer no one can tell */
        if (known >= 0 && (oracle.history->hooks.on || plant.manner.frozen_pages) &&
            order->versions[known].updated == order->versions[version].updated)
            continue;
        if (known < 0 || oracle_newest_like(order, known) < version)
            broken("R1",
                "work order %lld: the pass that began at %lld has seen version %d, not %d, which was there "
                "since %lld",
                (long long)order->id, (long long)began, known, version,
                (long long)order->versions[version].visible);
    }
}

/* What a backfill that has read to its end must have told. */
void oracle_check_backfill(const struct run_report *run)
{
    if (run->kind != STEP_BACKFILL || run->status != 0 || !run->whole || run->stopped || run->silent)
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
            v->completed <= run->until && log_find(&oracle.log, id) == NULL)
            broken("R5", "a backfill has not told %s", id);
    }
}

/* A webhook that was answered with yes is stored. */
void oracle_check_hook(const struct run_report *run)
{
    const struct order *order =
        run->kind == STEP_HOOK && run->hook_version >= 0 ? plant_order(run->hook_order) : NULL;
    /* what is not newer than a deletion brings nothing back */
    if (order == NULL || run->status != 0 || run->hurt || !oracle.has_horizon || order->hook_deleted != NEVER ||
        order->removed != NEVER || oracle.orders[order->id - FIRST_ID].known.deleted)
        return;
    const struct knowledge *known = &oracle.orders[order->id - FIRST_ID].known;
    const struct version *v = &order->versions[run->hook_version];
    if (known->version < 0 || order->versions[known->version].updated < v->updated)
        broken("R2", "a webhook about version %d of %lld was taken, and %d is known", run->hook_version,
            (long long)order->id, known->version);
}
