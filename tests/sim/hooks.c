#include "hooks.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "machine.h"
#include "plant.h"
#include "verdict.h"

enum { MOST_WAITING = 256, MOST_SENDINGS = 4, MOST_NUMBERS = 1024 };

enum about { ABOUT_WHOLE, ABOUT_PARTIAL, ABOUT_NOTHING, ABOUT_DELETION };

struct message {
    int64_t at;
    int64_t work_order;
    int version;
    enum about about;
    bool forged;
    int number;   /* what makes two deliveries one */
    int sendings; /* so far */
    int64_t occurred;
};

static struct {
    struct hooks_manner manner;
    struct dice dice;
    struct message waiting[MOST_WAITING];
    int count;
    int numbers;
    bool came[MOST_NUMBERS]; /* by number: it was sent before */
} hooks;

bool (*hooks_deliver)(const struct api_subscription *hook);

void hooks_reset(const struct hooks_manner *manner, uint64_t seed)
{
    memset(&hooks, 0, sizeof hooks);
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

static void send_some(struct message message)
{
    struct dice *dice = &hooks.dice;
    message.number = hooks.numbers++;
    message.at = machine_now() + dice_spread(dice, hooks.manner.late);
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

void hooks_changed(struct order *order)
{
    struct message message = {.work_order = order->id,
        .version = order->count - 1,
        .occurred = order->versions[order->count - 1].updated};
    if (!hooks.manner.on)
        return;
    /* the vendor's envelope holds no work order; the other spelling does */
    if (!hooks.manner.brief || dice_chance(&hooks.dice, hooks.manner.hints))
        message.about = ABOUT_NOTHING;
    else if (dice_chance(&hooks.dice, hooks.manner.partial))
        message.about = ABOUT_PARTIAL;
    send_some(message);
}

void hooks_deleted(struct order *order, int64_t when)
{
    const struct message message = {
        .work_order = order->id, .version = order->count - 1, .about = ABOUT_DELETION, .occurred = when};
    if (!hooks.manner.on)
        return;
    order->hook_deleted = when;
    send_some(message);
}

/* --- as it is written --- */

static const char *type_of(const struct message *message)
{
    static const char *const types[2][3] = {{"NEW_WORK_ORDER", "WORK_ORDER_CHANGE", "WORK_ORDER_DELETE"},
        {"workorder.created", "workorder.updated", "workorder.deleted"}};
    return types[hooks.manner.brief][message->about == ABOUT_DELETION ? 2 : message->version > 0];
}

static void write_work_order(const struct message *message, const struct version *v, char out[640])
{
    /* of a forged one nothing was ever true */
    const char *json = v->json;
    if (message->about == ABOUT_PARTIAL)
        snprintf(out, 640, "%.*s%s}", (int)v->head, json, json + v->tail);
    else
        snprintf(out, 640, "%s}", json);
    if (message->forged) {
        char *title = strstr(out, "Pump");
        if (title != NULL)
            memcpy(title, "Fake", 4);
    }
}

static void write_body(const struct message *message, const struct version *v, char *out, size_t size)
{
    char work_order[640] = "", date[32];
    plant_write_date(message->occurred, date);
    if (message->about == ABOUT_WHOLE || message->about == ABOUT_PARTIAL)
        write_work_order(message, v, work_order);
    if (hooks.manner.brief && *work_order != '\0')
        snprintf(out, size, "{\"event\":\"%s\",\"data\":%s,\"timestamp\":\"%s\"}", type_of(message),
            work_order, date);
    else if (hooks.manner.brief)
        snprintf(out, size, "{\"event\":\"%s\",\"data\":{\"id\":%lld},\"timestamp\":\"%s\"}",
            type_of(message), (long long)message->work_order, date);
    else
        snprintf(out, size,
            "{\"eventType\":\"%s\",\"occurredAt\":\"%s\",\"orgId\":1,\"workOrderId\":%lld,\"customerId\":null,"
            "\"userId\":%d}",
            type_of(message), date, (long long)message->work_order, 2041 + message->number % 3);
}

static void write_hex(const char *secret, const char *text, char out[65])
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)text, strlen(text), mac, &len);
    for (unsigned i = 0; i < len && i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", mac[i]);
}

/* In one of the two ways; the one with the time in it by a clock that agrees with the machine's. */
static void sign(const struct message *message, struct api_subscription *hook)
{
    char signed_text[1100], hex[65] = "";
    const char *secret = message->forged ? "another-secret" : HOOKS_SECRET;
    if (hooks.manner.brief) {
        write_hex(secret, hook->body, hex);
        snprintf(hook->signature, sizeof hook->signature, "x-maintainx-signature: %s", hex);
        return;
    }
    long long seconds = clock_now() / 1000;
    snprintf(signed_text, sizeof signed_text, "%lld.%s", seconds, hook->body);
    write_hex(secret, signed_text, hex);
    snprintf(hook->signature, sizeof hook->signature, "x-maintainx-webhook-body-signature: t=%lld,v1=%s",
        seconds, hex);
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
    struct api_subscription hook = {
        .forged = message.forged, .work_order = message.work_order, .version = -1};
    const struct process *process = machine_process();
    hooks.waiting[first] = hooks.waiting[--hooks.count];
    if (process != NULL && (process->outer != NULL || process->dead)) {
        /* the web server runs no more of us at once, or the machine is about to go down */
        message.at = machine_now() + 1000;
        put(&message);
        return;
    }
    const struct version *v = &plant_order(message.work_order)->versions[message.version];
    write_body(&message, v, hook.body, sizeof hook.body);
    sign(&message, &hook);
    snprintf(hook.event_id, sizeof hook.event_id, "x-maintainx-event-id: simulated-%d", message.number);
    /* one that is done and does not say when is a hint, and one that came before may have been a hint then */
    bool done = strcmp(v->status, "DONE") == 0 && v->completed == NEVER;
    if ((message.about == ABOUT_WHOLE || message.about == ABOUT_PARTIAL) && !done &&
        !hooks.came[message.number % MOST_NUMBERS])
        hook.version = message.version;
    hooks.came[message.number % MOST_NUMBERS] = true;
    trace("webhook: %s", hook.body);
    if (!hooks_deliver(&hook) && ++message.sendings < MOST_SENDINGS) {
        message.at = machine_now() + dice_spread(&hooks.dice, 18);
        put(&message);
    }
}
