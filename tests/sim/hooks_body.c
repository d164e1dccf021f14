/* Deliveries as they are written: MaintainX's envelopes, and the bodies of the brief. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "hooks.h"
#include "plant.h"

/* --- the brief --- */

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

static void write_brief(
    const struct message *message, const struct version *v, const char *date, char *out, size_t size)
{
    static const char *const types[] = {"workorder.created", "workorder.updated", "workorder.deleted"};
    const char *type = types[message->about == ABOUT_DELETION ? 2 : message->version > 0];
    char work_order[640];
    if (message->about == ABOUT_WHOLE || message->about == ABOUT_PARTIAL)
        write_work_order(message, v, work_order);
    else
        snprintf(work_order, sizeof work_order, "{\"id\":%lld}", (long long)message->work_order);
    snprintf(out, size, "{\"event\":\"%s\",\"data\":%s,\"timestamp\":\"%s\"}", type, work_order, date);
}

/* --- envelopes --- */

__attribute__((format(printf, 3, 4))) static void append(char *out, size_t size, const char *format, ...)
{
    size_t len = strlen(out);
    va_list ap;
    va_start(ap, format);
    vsnprintf(out + len, size - len, format, ap);
    va_end(ap);
}

static const char *name_of(const struct message *message)
{
    switch (message->about) {
    case ABOUT_STATUS:
        return "WORK_ORDER_STATUS_CHANGE";
    case ABOUT_DELETION:
        return "WORK_ORDER_DELETE";
    case ABOUT_COMMENT:
        return "NEW_COMMENT_ON_WORK_ORDER";
    case ABOUT_FOREIGN:
        return "NEW_WORK_REQUEST";
    default:
        return message->version > 0 ? "WORK_ORDER_CHANGE" : "NEW_WORK_ORDER";
    }
}

/* CANCELED and SKIPPED are sub statuses of DONE here. */
static void append_status(char *out, size_t size, const char *when, const char *status)
{
    bool sub = strcmp(status, "CANCELED") == 0 || strcmp(status, "SKIPPED") == 0;
    append(out, size, ",\"%sStatus\":\"%s\"", when, sub ? "DONE" : status);
    if (sub)
        append(out, size, ",\"%sSubStatus\":\"%s\"", when, status);
}

static void write_envelope(const struct message *message, const struct hooks_manner *manner,
    const struct version *v, const char *date, char *out, size_t size)
{
    const enum about about = message->about;
    snprintf(out, size, "{");
    if (about == ABOUT_COMMENT)
        append(out, size, "\"type\":\"TEXT\",\"comment\":\"gasket ordered\",");
    if (!message->nameless)
        append(out, size, "\"eventType\":\"%s\",", name_of(message));
    append(out, size, "\"occurredAt\":\"%s\",\"orgId\":1", date);
    if (about == ABOUT_FOREIGN)
        append(out, size, ",\"workRequestId\":%d", message->number);
    else
        append(out, size, ",\"workOrderId\":%lld", (long long)message->work_order);
    if (about == ABOUT_STATUS) {
        append_status(out, size, "old", notices.list[message->notice].from);
        append_status(out, size, "new", notices.list[message->notice].to);
    }
    /* never its id, its status or its dates */
    if (manner->serialized && about != ABOUT_COMMENT && about != ABOUT_FOREIGN)
        append(out, size, ",\"%s\":{\"title\":\"%s %d\",\"priority\":\"%s\"}",
            about == ABOUT_DELETION ? "WorkOrder" : "newWorkOrder", message->forged ? "Fake" : "Pump",
            v->title, v->priority);
    if (about == ABOUT_NOTHING || about == ABOUT_STATUS)
        append(out, size, ",\"customerId\":null");
    if (message->actor != 0 && about != ABOUT_COMMENT && about != ABOUT_FOREIGN)
        append(out, size, ",\"userId\":%lld", (long long)message->actor);
    append(out, size, "}");
}

/* --- the signature --- */

static void write_hex(const char *secret, const char *text, char out[65])
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)text, strlen(text), mac, &len);
    for (unsigned i = 0; i < len && i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", mac[i]);
}

/* In one of the two ways; the one with the time in it by a clock that agrees with the machine's. */
static void sign(const struct message *message, bool brief, struct api_subscription *hook)
{
    char signed_text[1100], hex[65] = "";
    const char *secret = message->forged ? "another-secret" : HOOKS_SECRET;
    if (brief) {
        write_hex(secret, hook->body, hex);
        snprintf(hook->signature, sizeof hook->signature, "x-maintainx-signature: %s", hex);
        snprintf(
            hook->event_id, sizeof hook->event_id, "x-maintainx-event-id: simulated-%d", message->number);
        return;
    }
    long long seconds = clock_now() / 1000;
    snprintf(signed_text, sizeof signed_text, "%lld.%s", seconds, hook->body);
    write_hex(secret, signed_text, hex);
    snprintf(hook->signature, sizeof hook->signature, "x-maintainx-webhook-body-signature: t=%lld,v1=%s",
        seconds, hex);
}

void hooks_write(
    const struct message *message, const struct hooks_manner *manner, struct api_subscription *out)
{
    const struct version *v = &plant_order(message->work_order)->versions[message->version];
    char date[32];
    plant_write_date(message->occurred, date);
    if (manner->brief)
        write_brief(message, v, date, out->body, sizeof out->body);
    else
        write_envelope(message, manner, v, date, out->body, sizeof out->body);
    sign(message, manner->brief, out);
}
