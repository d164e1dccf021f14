#include "core/webhook_body.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/json_parse.h"
#include "base/timestamp.h"
#include "core/workorder.h"

/* The events we know, in both spellings. */
static const struct {
    const char *type;
    bool deleted;
} known[] = {
    {"NEW_WORK_ORDER", false},
    {"WORK_ORDER_CHANGE", false},
    {"WORK_ORDER_STATUS_CHANGE", false},
    {"WORK_ORDER_DELETE", true},
    {"workorder.created", false},
    {"workorder.updated", false},
    {"workorder.status_changed", false},
    {"workorder.completed", false},
    {"workorder.deleted", true},
};
enum { KNOWN = sizeof known / sizeof known[0] };

/* How webhooks say that a DONE was none, and how the list says it. */
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
        *reason = "it holds bytes that are no UTF-8";
    else if (fault != JSON_FINE)
        *reason = "it is no JSON";
    else if (!json_object_is_type(root, json_type_object))
        *reason = "it is no JSON object";
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

/* A positive integer, 0 where there is none. */
static int64_t number_at(struct json_object *root, const char *key)
{
    struct json_object *value = json_object_object_get(root, key);
    if (!json_object_is_type(value, json_type_int))
        return 0;
    int64_t number = json_object_get_int64(value);
    return number > 0 && number < INT64_MAX ? number : 0;
}

static bool read_type(struct json_object *root, struct webhook_body *out)
{
    const char *type = text_at(root, "type");
    if (type == NULL)
        type = text_at(root, "event");
    if (type == NULL || *type == '\0' || strlen(type) >= sizeof out->type)
        return false;
    for (const char *c = type; *c != '\0'; c++) /* it is printed and stored */
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    memcpy(out->type, type, strlen(type) + 1);
    return true;
}

static bool is_complete(const char *const *completed, const char *status)
{
    for (; *completed != NULL; completed++)
        if (strcmp(*completed, status) == 0)
            return true;
    return false;
}

/* Does the body speak of sub statuses, be it to say that there is none? The vendor's status changes do by
 * being what they are, and the other spelling knows none. */
static bool knows_sub_status(struct json_object *root, struct json_object *doc)
{
    const char *type = text_at(root, "type");
    return object_at(root, "newWorkOrder") != doc ||
           (type != NULL && strcmp(type, "WORK_ORDER_STATUS_CHANGE") == 0) ||
           json_object_object_get_ex(root, "newSubStatus", NULL) ||
           json_object_object_get_ex(doc, "subStatus", NULL);
}

/* Brings a sub status to the list's spelling. False when it says something that we do not know, or does not
 * say of a complete one whether it was canceled. */
static bool settle_status(struct json_object *root, struct json_object *doc, const char *const *completed)
{
    const char *status = text_at(doc, "status"), *told = text_at(root, "newStatus");
    const char *sub = text_at(root, "newSubStatus");
    if (status == NULL || (told != NULL && strcmp(told, status) != 0))
        return false;
    if (sub == NULL)
        sub = text_at(doc, "subStatus");
    if (!is_complete(completed, status))
        return true;
    if (sub == NULL || *sub == '\0' || strcasecmp(sub, status) == 0)
        return knows_sub_status(root, doc);
    for (size_t i = 0; i < sizeof sub_statuses / sizeof sub_statuses[0]; i++)
        if (strcasecmp(sub, sub_statuses[i].sub) == 0) {
            json_give_text(doc, "status", sub_statuses[i].status);
            return true;
        }
    return false;
}

/* Is it all that an observation needs? */
static bool is_whole(
    struct json_object *root, struct json_object *doc, int64_t id, const char *const *completed)
{
    struct workorder wo;
    const char *reason;
    if (!settle_status(root, doc, completed) || workorder_from_doc(doc, &wo, &reason) != WORKORDER_OK)
        return false;
    bool whole = wo.id == id && wo.title != NULL &&
                 (wo.completed != TIMESTAMP_NONE || !is_complete(completed, wo.status));
    workorder_free(&wo);
    return whole;
}

static const char *read_event(
    struct json_object *root, const char *const *completed, struct webhook_body *out)
{
    int i = 0;
    if (!read_type(root, out))
        return "it names no event";
    struct json_object *doc = object_at(root, "newWorkOrder");
    if (doc == NULL)
        doc = object_at(root, "data");
    const char *when = text_at(root, "occurredAt");
    if (when == NULL)
        when = text_at(root, "timestamp");
    if (when == NULL || timestamp_parse(when, &out->occurred) != 0)
        out->occurred = TIMESTAMP_NONE;
    out->organization = number_at(root, "orgId");
    out->work_order = number_at(root, "workOrderId");
    if (out->work_order == 0 && doc != NULL)
        out->work_order = number_at(doc, "id");
    while (i < KNOWN && strcmp(known[i].type, out->type) != 0)
        i++;
    if (i == KNOWN) {
        out->kind = WEBHOOK_UNKNOWN;
        return NULL;
    }
    if (out->work_order == 0)
        return "it names no work order";
    out->kind = known[i].deleted ? WEBHOOK_DELETED : WEBHOOK_HINT;
    if (out->kind == WEBHOOK_DELETED || doc == NULL)
        return NULL;
    json_object_object_del(doc, "previousStatus"); /* of the event, not of the work order */
    if (is_whole(root, doc, out->work_order, completed)) {
        out->kind = WEBHOOK_WHOLE;
        out->doc = json_object_get(doc);
    }
    return NULL;
}

int webhook_body_read(const char *bytes, size_t len, const char *const *completed, struct webhook_body *out,
    const char **reason)
{
    *out = (struct webhook_body){.occurred = TIMESTAMP_NONE};
    struct json_object *root = parse(bytes, len, reason);
    if (root == NULL)
        return -1;
    *reason = read_event(root, completed, out);
    json_object_put(root);
    if (*reason == NULL)
        return 0;
    webhook_body_free(out);
    return -1;
}

void webhook_body_free(struct webhook_body *body)
{
    json_object_put(body->doc);
    *body = (struct webhook_body){.occurred = TIMESTAMP_NONE};
}
