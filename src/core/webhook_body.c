/*
 * What a webhook's body is, found out in three steps: which event it names, which work order, and whether it
 * holds all of it. What MaintainX really sends is an envelope without the work order, and not every envelope
 * has a name, so a body is judged by what it holds; only what is not JSON, or names neither an event nor a
 * work order, is of no use.
 */
#include "core/webhook_body.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/json_parse.h"
#include "base/timestamp.h"
#include "core/workorder.h"

/* The events about a work order, in both spellings. */
static const struct {
    const char *name;
    enum webhook_kind kind;
} known[] = {
    {"NEW_WORK_ORDER", WEBHOOK_NOTIFICATION},
    {"WORK_ORDER_CHANGE", WEBHOOK_NOTIFICATION},
    {"WORK_ORDER_STATUS_CHANGE", WEBHOOK_NOTIFICATION},
    {"WORK_ORDER_DELETE", WEBHOOK_DELETION},
    {"WORK_ORDER_OVERDUE", WEBHOOK_NOTIFICATION},
    {"WORK_ORDER_PART_STATUS_CHANGE", WEBHOOK_NOTIFICATION},
    {"NEW_CATEGORY_ON_WORK_ORDER", WEBHOOK_NOTIFICATION},
    {"NEW_COMMENT_ON_WORK_ORDER", WEBHOOK_NOTIFICATION},
    {"workorder.created", WEBHOOK_NOTIFICATION},
    {"workorder.updated", WEBHOOK_NOTIFICATION},
    {"workorder.status_changed", WEBHOOK_NOTIFICATION},
    {"workorder.completed", WEBHOOK_NOTIFICATION},
    {"workorder.deleted", WEBHOOK_DELETION},
    {"WEBHOOK_ARCHIVED", WEBHOOK_ARCHIVED},
};
enum { KNOWN = sizeof known / sizeof known[0] };

/* Which member distinguishes an envelope without a name from others. */
static const struct {
    const char *member, *name;
} shapes[] = {
    {"newStatus", "WORK_ORDER_STATUS_CHANGE"},
    {"WorkOrder", "WORK_ORDER_DELETE"},
    {"comment", "NEW_COMMENT_ON_WORK_ORDER"},
    {"newCategories", "NEW_CATEGORY_ON_WORK_ORDER"},
    {"newPartStatus", "WORK_ORDER_PART_STATUS_CHANGE"},
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

/* How a notification says that a work order was closed without being done, and how the list does. */
static const struct {
    const char *sub, *status;
} sub_statuses[] = {{"CANCELED", "CANCELED"}, {"CANCELLED", "CANCELED"}, {"SKIPPED", "SKIPPED"}};

/* The whole of `bytes` as one JSON object; NULL with a reason. */
static struct json_object *parse(const char *bytes, size_t len, const char **reason)
{
    enum json_fault fault;
    /* the work order lies one level down */
    struct json_object *root = json_parse(bytes, len, WORKORDER_MAX_DEPTH + 1, &fault);
    *reason = NULL;
    if (fault == JSON_NOT_UTF8)
        *reason = "it holds bytes that are not UTF-8";
    else if (fault != JSON_FINE)
        *reason = "it is not JSON";
    else if (!json_object_is_type(root, json_type_object))
        *reason = "it is not a JSON object";
    if (*reason == NULL)
        return root;
    json_object_put(root);
    return NULL;
}

static struct json_object *object_at(struct json_object *root, const char *key)
{
    struct json_object *value = json_object_object_get(root, key);
    return json_object_is_type(value, json_type_object) ? value : NULL;
}

/* A text without an embedded NUL, NULL where there is none. */
static const char *text_at(struct json_object *root, const char *key)
{
    struct json_object *value = json_object_object_get(root, key);
    if (!json_object_is_type(value, json_type_string))
        return NULL;
    const char *text = json_object_get_string(value);
    return strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

/* A positive integer, also as a text; 0 where there is none. */
static int64_t number_at(struct json_object *root, const char *key)
{
    struct json_object *value = json_object_object_get(root, key);
    int64_t number = 0;
    if (json_object_is_type(value, json_type_int)) {
        number = json_object_get_int64(value);
    } else if (json_object_is_type(value, json_type_string)) {
        const char *text = json_object_get_string(value);
        size_t digits = strspn(text, "0123456789");
        number = digits > 0 && digits <= 18 && text[digits] == '\0' ? strtoll(text, NULL, 10) : 0;
    }
    return number > 0 && number < INT64_MAX ? number : 0;
}

/* --- the event's name --- */

static int find_known(const char *name)
{
    int i = 0;
    while (i < KNOWN && strcmp(known[i].name, name) != 0)
        i++;
    return i;
}

static const char *name_of_shape(struct json_object *root)
{
    for (int i = 0; i < SHAPES; i++)
        if (json_object_object_get_ex(root, shapes[i].member, NULL))
            return shapes[i].name;
    return "";
}

static void read_name(struct json_object *root, const char *subscribed, struct webhook_body *out)
{
    const char *name = text_at(root, "eventType");
    if (name == NULL || *name == '\0')
        name = text_at(root, "event");
    /* `type` is the kind of a comment, too */
    if ((name == NULL || *name == '\0') && (name = text_at(root, "type")) != NULL &&
        find_known(name) == KNOWN && (subscribed != NULL || number_at(root, "workOrderId") != 0))
        name = NULL;
    if (name == NULL || *name == '\0')
        name = subscribed != NULL ? subscribed : name_of_shape(root);
    snprintf(out->event, sizeof out->event, "%s", name);
    for (char *c = out->event; *c != '\0'; c++) /* it is printed and stored */
        if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
            *c = '?';
}

/* --- a status change --- */

static bool read_status(struct json_object *root, const char *key, const char *sub_key, char out[])
{
    const char *status = text_at(root, key), *sub = text_at(root, sub_key);
    for (size_t i = 0; sub != NULL && i < sizeof sub_statuses / sizeof sub_statuses[0]; i++)
        if (strcasecmp(sub, sub_statuses[i].sub) == 0)
            status = sub_statuses[i].status;
    if (status == NULL || *status == '\0' || strlen(status) > WORKORDER_MAX_STATUS)
        return false;
    for (const char *c = status; *c != '\0'; c++) /* it becomes part of ids */
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    snprintf(out, WORKORDER_MAX_STATUS + 1, "%s", status);
    return true;
}

static void read_step(struct json_object *root, struct webhook_body *out)
{
    struct status_step *step = &out->step;
    out->has_step = out->occurred != TIMESTAMP_NONE && out->work_order != 0 &&
                    read_status(root, "oldStatus", "oldSubStatus", step->from) &&
                    read_status(root, "newStatus", "newSubStatus", step->to) &&
                    strcmp(step->from, step->to) != 0;
    step->occurred = out->occurred;
    step->actor = out->actor;
}

/* --- the whole work order --- */

static bool is_complete(const char *const *completed, const char *status)
{
    for (; *completed != NULL; completed++)
        if (strcmp(*completed, status) == 0)
            return true;
    return false;
}

static bool is_whole(struct json_object *doc, int64_t id, const char *const *completed)
{
    struct workorder wo;
    const char *reason;
    if (workorder_from_doc(doc, &wo, &reason) != WORKORDER_OK)
        return false;
    bool whole = wo.id == id && wo.title != NULL &&
                 (wo.completed != TIMESTAMP_NONE || !is_complete(completed, wo.status));
    workorder_free(&wo);
    return whole;
}

/* --- all of it --- */

static int64_t read_occurred(struct json_object *root)
{
    int64_t occurred;
    const char *when = text_at(root, "occurredAt");
    if (when == NULL)
        when = text_at(root, "timestamp");
    return when != NULL && timestamp_parse(when, &occurred) == 0 ? occurred : TIMESTAMP_NONE;
}

static void read_webhook(struct json_object *root, struct webhook_body *out)
{
    struct json_object *id = json_object_object_get(root, "webhookId");
    out->kind = WEBHOOK_ARCHIVED;
    if (json_object_is_type(id, json_type_int) || json_object_is_type(id, json_type_string))
        snprintf(out->webhook, sizeof out->webhook, "%s", json_object_get_string(id));
}

static const char *read_event(
    struct json_object *root, const char *const *completed, const char *subscribed, struct webhook_body *out)
{
    read_name(root, subscribed, out);
    const int event = find_known(out->event);
    struct json_object *doc = object_at(root, "data");
    out->occurred = read_occurred(root);
    out->actor = number_at(root, "userId");
    out->organization = number_at(root, "orgId");
    out->work_order = number_at(root, "workOrderId");
    if (event < KNOWN && known[event].kind == WEBHOOK_ARCHIVED) {
        read_webhook(root, out);
        return NULL;
    }
    /* an object of another event may have an id, too */
    if (out->work_order == 0 && doc != NULL && event < KNOWN)
        out->work_order = number_at(doc, "id");
    if (out->work_order == 0) {
        out->kind = WEBHOOK_UNSUPPORTED;
        return event < KNOWN           ? "it names no work order"
               : out->event[0] == '\0' ? "it names neither an event nor a work order"
                                       : NULL;
    }
    out->kind = event < KNOWN ? known[event].kind : WEBHOOK_NOTIFICATION;
    read_step(root, out);
    if (out->kind == WEBHOOK_DELETION || doc == NULL)
        return NULL;
    json_object_object_del(doc, "previousStatus"); /* of the event, not of the work order */
    if (is_whole(doc, out->work_order, completed)) {
        out->kind = WEBHOOK_OBSERVATION;
        out->doc = json_object_get(doc);
    }
    return NULL;
}

int webhook_body_read(const char *bytes, size_t len, const char *const *completed, const char *subscribed,
    struct webhook_body *out, const char **reason)
{
    *out = (struct webhook_body){.kind = WEBHOOK_UNSUPPORTED, .occurred = TIMESTAMP_NONE};
    struct json_object *root = parse(bytes, len, reason);
    if (root == NULL)
        return -1;
    *reason = read_event(root, completed, subscribed, out);
    json_object_put(root);
    if (*reason == NULL)
        return 0;
    webhook_body_free(out);
    return -1;
}

void webhook_body_free(struct webhook_body *body)
{
    json_object_put(body->doc);
    *body = (struct webhook_body){.kind = WEBHOOK_UNSUPPORTED, .occurred = TIMESTAMP_NONE};
}
