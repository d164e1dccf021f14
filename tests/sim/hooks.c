#include "hooks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "plant.h"
#include "verdict.h"

enum { MOST_WAITING = 512, MOST_SENDINGS = 4, MOST_NUMBERS = 2048 };

/* Of 100 changes, so many are commented on; of as many something else is told. */
enum { COMMENTS = 6, FOREIGN = 3 };

static struct {
    struct hooks_manner manner;
    struct dice dice;
    struct message waiting[MOST_WAITING];
    int count;
    int numbers;
    bool came[MOST_NUMBERS]; /* by number: it was sent before */
} hooks;

struct notices notices;

bool (*hooks_deliver)(const struct api_subscription *hook);

void hooks_reset(const struct hooks_manner *manner, uint64_t seed)
{
    memset(&hooks, 0, sizeof hooks);
    notices.count = 0;
    if (manner != NULL)
        hooks.manner = *manner;
    hooks.dice = dice_of(seed, 10);
}

void hooks_calm(void)
{
    hooks.manner.lost = 0;
}

/* --- what is sent --- */

static void put(const struct message *message)
{
    if (hooks.count < MOST_WAITING)
        hooks.waiting[hooks.count++] = *message;
}

/* Who did it: one of the users, of whom one is on no list, or the system. */
static int64_t choose_actor(void)
{
    int64_t who = dice_below(&hooks.dice, PLANT_USERS + 2);
    return who <= PLANT_USERS ? PLANT_FIRST_USER + who : 0;
}

static void send_some(struct message message)
{
    struct dice *dice = &hooks.dice;
    message.number = hooks.numbers++;
    message.at =
        (message.at > machine_now() ? message.at : machine_now()) + dice_spread(dice, hooks.manner.late);
    if (dice_chance(dice, hooks.manner.lost))
        return;
    put(&message);
    if (dice_chance(dice, hooks.manner.doubled)) {
        message.at += dice_spread(dice, hooks.manner.late);
        put(&message);
    }
    if (dice_chance(dice, 3)) {
        message.forged = true;
        message.number = hooks.numbers++;
        put(&message);
    }
}

/* The brief's: it holds the work order, or part of it, or its id. */
static void send_brief(const struct order *order, struct message message)
{
    message.occurred = order->versions[message.version].updated;
    if (dice_chance(&hooks.dice, hooks.manner.hints))
        message.about = ABOUT_NOTHING;
    else
        message.about = dice_chance(&hooks.dice, hooks.manner.partial) ? ABOUT_PARTIAL : ABOUT_WHOLE;
    send_some(message);
}

/* The moment of a change: close to its updatedAt, and later than the one before it. */
static int64_t moment_of(struct order *order)
{
    int64_t skew = hooks.manner.skew;
    int64_t moment = plant_server_now() + (skew > 0 ? dice_between(&hooks.dice, -skew, skew) : 0);
    if (moment <= order->last_moment)
        moment = order->last_moment + 1;
    order->last_moment = moment;
    return moment;
}

static int add_notice(const struct message *message, const char *from, const char *to)
{
    if (notices.count == MOST_NOTICES)
        abort();
    notices.list[notices.count] = (struct notice){.work_order = message->work_order,
        .occurred = message->occurred,
        .from = from,
        .to = to,
        .actor = message->actor,
        .plain = from != NULL || !message->nameless || hooks.manner.serialized};
    return notices.count++;
}

/* MaintainX's: an envelope, which names what happened. */
static void send_envelope(struct order *order, struct message message)
{
    struct dice *dice = &hooks.dice;
    const struct version *v = &order->versions[message.version], *old = message.version > 0 ? v - 1 : v;
    message.occurred = moment_of(order);
    message.actor = choose_actor();
    message.nameless = dice_chance(dice, hooks.manner.nameless);
    message.about = ABOUT_NOTHING;
    if (strcmp(old->status, v->status) != 0) {
        message.about = ABOUT_STATUS;
        message.notice = add_notice(&message, old->status, v->status);
    }
    /* nothing fires for time entries and the like */
    bool touched = message.version > 0 && message.about == ABOUT_NOTHING && old->title == v->title &&
                   old->description == v->description && strcmp(old->priority, v->priority) == 0;
    if (!touched || dice_chance(dice, 30))
        send_some(message);
    message.notice = -1;
    message.nameless = false;
    if (dice_chance(dice, COMMENTS + FOREIGN)) {
        message.about = dice_below(dice, COMMENTS + FOREIGN) < COMMENTS ? ABOUT_COMMENT : ABOUT_FOREIGN;
        send_some(message);
    }
}

void hooks_changed(struct order *order)
{
    const struct message message = {.work_order = order->id, .version = order->count - 1, .notice = -1};
    if (!hooks.manner.on)
        return;
    if (hooks.manner.brief)
        send_brief(order, message);
    else if (order->versions[message.version].deleted == NEVER)
        send_envelope(order, message);
}

void hooks_deleted(struct order *order, int64_t when, int64_t earliest)
{
    struct message message = {.work_order = order->id,
        .version = order->count - 1,
        .about = ABOUT_DELETION,
        .occurred = when,
        .at = earliest};
    if (!hooks.manner.on)
        return;
    message.actor = hooks.manner.brief ? 0 : choose_actor();
    message.nameless = !hooks.manner.brief && dice_chance(&hooks.dice, hooks.manner.nameless);
    /* one that is deleted a second time is so at another moment */
    if (!hooks.manner.brief && message.occurred <= order->last_moment)
        message.occurred = order->last_moment + 1;
    if (!hooks.manner.brief)
        order->last_moment = message.occurred;
    message.notice = add_notice(&message, NULL, NULL);
    send_some(message);
}

/* --- as they come in --- */

static int first_waiting(void)
{
    int first = -1;
    for (int i = 0; i < hooks.count; i++)
        if (first < 0 || hooks.waiting[i].at < hooks.waiting[first].at)
            first = i;
    return first;
}

int64_t hooks_next(void)
{
    int first = first_waiting();
    return first >= 0 ? hooks.waiting[first].at : INT64_MAX;
}

void hooks_happen(void)
{
    int first = first_waiting();
    struct message message = hooks.waiting[first];
    struct api_subscription hook = {.forged = message.forged,
        .work_order = message.about == ABOUT_FOREIGN ? 0 : message.work_order,
        .version = -1,
        .notice = message.forged ? -1 : message.notice};
    const struct process *process = machine_process();
    hooks.waiting[first] = hooks.waiting[--hooks.count];
    if (process != NULL && (process->outer != NULL || process->dead)) {
        /* the web server runs no more of us at once, or the machine is about to go down */
        message.at = machine_now() + 1000;
        put(&message);
        return;
    }
    const struct version *v = &plant_order(message.work_order)->versions[message.version];
    hooks_write(&message, &hooks.manner, &hook);
    /* one that is done and does not say when is a hint, and one that came before may have been a hint then */
    bool done = strcmp(v->status, "DONE") == 0 && v->completed == NEVER;
    if ((message.about == ABOUT_WHOLE || message.about == ABOUT_PARTIAL) && !done &&
        !hooks.came[message.number % MOST_NUMBERS])
        hook.version = message.version;
    hooks.came[message.number % MOST_NUMBERS] = true;
    trace("webhook: %s", hook.body);
    if (!hooks_deliver(&hook) && hooks.manner.resent && ++message.sendings < MOST_SENDINGS) {
        message.at = machine_now() + dice_spread(&hooks.dice, 18);
        put(&message);
    }
}
