#include "plant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hooks.h"
#include "machine.h"
#include "verdict.h"

enum { PLANNED = 64 };

static const char *const statuses[] = {"OPEN", "IN_PROGRESS", "ON_HOLD", "DONE", "CANCELED", "SKIPPED"};
enum { STATUSES = sizeof statuses / sizeof statuses[0] };
static const char *const priorities[] = {"NONE", "LOW", "MEDIUM", "HIGH"};

static const char *const change_names[CHANGES] = {"create", "edit", "status", "complete", "reopen", "touch",
    "rewrite", "delete", "restore", "remove", "hide", "late", "future", "undo", "back", "fleeting"};

static const int64_t hour = 3600000, year = INT64_C(366) * 86400000;

struct plant plant;

static struct {
    struct planned {
        int64_t at;
        enum change_kind kind;
        uint64_t seed;
    } list[PLANNED];
    int count;
} plan;

void plant_reset(const struct plant_manner *manner, uint64_t seed)
{
    for (int i = 0; i < plant.count; i++) {
        for (int v = 0; v < plant.orders[i].count; v++)
            free(plant.orders[i].versions[v].json);
        free(plant.orders[i].versions);
    }
    free(plant.orders);
    memset(&plant, 0, sizeof plant);
    plan.count = 0;
    if (manner == NULL)
        return;
    plant.manner = *manner;
    plant.dice = dice_of(seed, 3);
    plant_api_reset(seed);
}

struct order *plant_order(int64_t id)
{
    for (int i = 0; i < plant.count; i++)
        if (plant.orders[i].id == id)
            return &plant.orders[i];
    return NULL;
}

/* --- how a version comes to be seen --- */

int64_t plant_server_now(void)
{
    return machine_now() - plant.stepped_back;
}

/* Behind a date in the future the next one may be right again. */
static int64_t date_of_change(struct order *order, struct dice *dice)
{
    int64_t last = order->versions[order->count - 1].updated, now = plant_server_now();
    if (now <= last - hour && dice_chance(dice, 50)) {
        order->bent = true;
        return now;
    }
    return now <= last ? last + 1 : now;
}

/* Nothing of a work order is seen before what was earlier. */
static void set_visibility(const struct order *order, struct version *v, struct dice *dice, bool late)
{
    int64_t now = machine_now(), covered = plant.manner.longest_delay - plant.stepped_back;
    int64_t delay = dice_chance(dice, 60) || covered <= 0 ? 0 : dice_below(dice, covered + 1);
    if (late)
        delay = plant.manner.lookback + 1 + dice_spread(dice, 22);
    v->visible = now + delay;
    v->stable = plant.manner.flickers && !late && covered > delay ? now + covered : v->visible;
    if (order->count > 0) {
        const struct version *last = &order->versions[order->count - 1];
        v->visible = v->visible < last->visible ? last->visible : v->visible;
        v->stable = v->stable < last->stable ? last->stable : v->stable;
    }
    /* until it is stable a pass may see the one before it: a rewrite's updatedAt may be too old by then */
    v->late = v->stable - v->updated > plant.manner.longest_delay;
}

static void add_version(struct order *order, struct version v, struct dice *dice, enum change_kind kind)
{
    set_visibility(order, &v, dice, kind == CHANGE_LATE);
    plant_write_version(order->id, &v);
    if (order->count == order->capacity) {
        order->capacity = order->capacity == 0 ? 4 : 2 * order->capacity;
        order->versions = realloc(order->versions, (size_t)order->capacity * sizeof *order->versions);
        if (order->versions == NULL)
            abort();
    }
    order->versions[order->count++] = v;
    if (kind != CHANGE_UNDO)
        hooks_changed(order);
}

int plant_newest(const struct order *order, int64_t now)
{
    int found = -1;
    if (order->removed != NEVER && order->removed <= now)
        return -1;
    for (int i = 0; i < order->count && order->versions[i].visible <= now; i++)
        found = i;
    return found;
}

int plant_truth(const struct order *order, int64_t now)
{
    return order->removed != NEVER && order->removed <= now ? -1 : order->count - 1;
}

int plant_seen(const struct order *order, int64_t now)
{
    int found = plant_newest(order, now);
    while (found > 0 && order->versions[found].stable > now && dice_chance(&plant.dice, 30))
        found--;
    return found;
}

/* --- changes --- */

static void create(struct dice *dice, enum change_kind kind)
{
    const bool future = kind == CHANGE_FUTURE;
    if (plant.count == plant.capacity) {
        plant.capacity = plant.capacity == 0 ? 16 : 2 * plant.capacity;
        plant.orders = realloc(plant.orders, (size_t)plant.capacity * sizeof *plant.orders);
        if (plant.orders == NULL)
            abort();
    }
    struct order *order = &plant.orders[plant.count];
    *order = (struct order){.id = 100 + plant.count,
        .removed = NEVER,
        .unhidden = NEVER,
        .last_moment = NEVER,
        .upcoming = dice_chance(dice, 20)};
    struct version v = {.updated = plant_server_now() + (future ? year : 0),
        .created = plant_server_now(),
        .completed = NEVER,
        .deleted = NEVER,
        .status = statuses[dice_chance(dice, 80) ? 0 : dice_below(dice, STATUSES)],
        .priority = priorities[dice_below(dice, 4)],
        .title = (int)dice_below(dice, 1000),
        .description = (int)dice_below(dice, 3)};
    if (strcmp(v.status, "DONE") == 0 && dice_chance(dice, 80))
        v.completed = v.created;
    plant.count++;
    add_version(order, v, dice, kind);
}

/* May this happen to a work order as it is? */
static bool can(const struct order *order, enum change_kind kind)
{
    const struct version *v = &order->versions[order->count - 1];
    bool done = strcmp(v->status, "DONE") == 0;
    if (order->removed != NEVER)
        return false;
    switch (kind) {
    case CHANGE_COMPLETE:
        return v->deleted == NEVER;
    case CHANGE_REOPEN:
        return done && v->deleted == NEVER;
    case CHANGE_RESTORE:
        return v->deleted != NEVER;
    case CHANGE_REMOVE:
    case CHANGE_HIDE:
    case CHANGE_TOUCH:
    case CHANGE_REWRITE:
        return true;
    case CHANGE_UNDO:
        return order->count > 1;
    default:
        return v->deleted == NEVER;
    }
}

static struct order *choose(enum change_kind kind, struct dice *dice)
{
    if (plant.count == 0)
        return NULL;
    int first = (int)dice_below(dice, plant.count);
    for (int i = 0; i < plant.count; i++) {
        struct order *order = &plant.orders[(first + i) % plant.count];
        if (can(order, kind))
            return order;
    }
    return NULL;
}

/* Versions of one updatedAt have one description: else it could not be told from which one it was kept. */
static void edit(struct version *v, bool rewrite, struct dice *dice)
{
    int64_t what = dice_below(dice, 3);
    if (what == 0 || (what == 1 && rewrite))
        v->title++;
    else if (what == 1)
        v->description = v->description > 0 && dice_chance(dice, 30) ? 0 : v->description + 1;
    else
        v->priority = priorities[dice_below(dice, 4)];
}

static void set_status(struct version *v, const char *status, struct dice *dice)
{
    v->status = status;
    if (strcmp(status, "DONE") == 0 && dice_chance(dice, 85))
        v->completed = v->updated;
    else if (dice_chance(dice, 50))
        v->completed = NEVER;
}

/* What a change makes of a version. */
static void apply(struct version *v, enum change_kind kind, struct dice *dice)
{
    switch (kind) {
    case CHANGE_STATUS:
        set_status(v, statuses[dice_below(dice, STATUSES)], dice);
        break;
    case CHANGE_COMPLETE:
        set_status(v, "DONE", dice);
        break;
    case CHANGE_REOPEN:
        set_status(v, "OPEN", dice);
        break;
    case CHANGE_DELETE:
        v->deleted = v->updated;
        break;
    case CHANGE_RESTORE:
        v->deleted = NEVER;
        break;
    case CHANGE_TOUCH:
    case CHANGE_UNDO:
        break;
    default:
        edit(v, kind == CHANGE_REWRITE, dice);
    }
}

/* An older state is restored, with the date that it had. */
static struct version undone(struct order *order, struct dice *dice)
{
    order->bent = true;
    return order->versions[dice_below(dice, order->count - 1)];
}

void plant_hide(struct order *order, bool hide)
{
    order->hidden = hide;
    if (!hide)
        order->unhidden = machine_now();
}

void plant_hide_all(bool hide)
{
    for (int i = 0; i < plant.count; i++)
        if (hide)
            plant.orders[i].half_proved = plant.orders[i].refusals > 0;
        else if (plant.all_hidden)
            plant.orders[i].unhidden = machine_now();
    plant.all_hidden = hide;
}

static void delete_and_restore(struct order *order, struct dice *dice)
{
    const int64_t removed = machine_now() + dice_spread(dice, 20);
    struct version v = order->versions[order->count - 1];
    v.updated = v.deleted = date_of_change(order, dice);
    add_version(order, v, dice, CHANGE_DELETE);
    hooks_deleted(order, v.deleted, removed);
    v.updated = date_of_change(order, dice);
    v.deleted = NEVER;
    add_version(order, v, dice, CHANGE_RESTORE);
    order->removed = removed;
}

static void complete_and_remove(struct order *order, struct dice *dice)
{
    static const enum change_kind steps[] = {CHANGE_STATUS, CHANGE_COMPLETE};
    const int64_t removed = machine_now() + dice_below(dice, 30000);
    for (int i = 0; i < 2; i++) {
        struct version v = order->versions[order->count - 1];
        v.updated = date_of_change(order, dice);
        apply(&v, steps[i], dice);
        add_version(order, v, dice, steps[i]);
    }
    order->removed = removed;
    hooks_deleted(order, order->versions[order->count - 1].updated + 1, removed);
}

void plant_change(enum change_kind kind, uint64_t seed)
{
    struct dice dice = dice_of(seed, 4);
    if (kind == CHANGE_CREATE || kind == CHANGE_FUTURE) {
        create(&dice, kind);
        trace("%s %lld", change_names[kind], (long long)plant.orders[plant.count - 1].id);
        return;
    }
    struct order *order = choose(kind, &dice);
    if (order == NULL)
        return;
    if (kind == CHANGE_REMOVE) {
        order->removed = machine_now();
        hooks_deleted(order, order->versions[order->count - 1].updated + 1, machine_now());
    } else if (kind == CHANGE_BACK) {
        delete_and_restore(order, &dice);
    } else if (kind == CHANGE_FLEETING) {
        complete_and_remove(order, &dice);
    } else if (kind == CHANGE_HIDE) {
        plant_hide(order, !order->hidden);
    } else {
        struct version v = order->versions[order->count - 1];
        if (kind == CHANGE_UNDO)
            v = undone(order, &dice);
        else if (kind != CHANGE_REWRITE)
            v.updated = date_of_change(order, &dice);
        apply(&v, kind, &dice);
        add_version(order, v, &dice, kind);
        if (kind == CHANGE_DELETE)
            hooks_deleted(order, v.deleted, machine_now());
    }
    const struct version *v = &order->versions[order->count - 1];
    trace("%s %lld version %d: %s%s", change_names[kind], (long long)order->id, order->count - 1, v->json,
        v->late ? " LATE" : "");
    if (v->visible > machine_now())
        trace("  it is seen in %lld ms", (long long)(v->visible - machine_now()));
}

/* --- what is planned --- */

void plant_plan(int64_t at, enum change_kind kind, uint64_t seed)
{
    if (plan.count < PLANNED)
        plan.list[plan.count++] = (struct planned){at, kind, seed};
}

static int first_planned(void)
{
    int first = -1;
    for (int i = 0; i < plan.count; i++)
        if (first < 0 || plan.list[i].at < plan.list[first].at)
            first = i;
    return first;
}

int64_t plant_next(void)
{
    int first = first_planned();
    return first >= 0 ? plan.list[first].at : INT64_MAX;
}

void plant_happen(void)
{
    int first = first_planned();
    struct planned planned = plan.list[first];
    plan.list[first] = plan.list[--plan.count];
    plant_change(planned.kind, planned.seed);
}
