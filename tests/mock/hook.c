#include "hook.h"

#include <string.h>

#include "base.h"
#include "clock.h"

enum { ORGANIZATION = 1001 }; /* of work orders that do not say */

static const char brief_prefix[] = "workorder.";

static const char *const names[HOOK__MAX][SPELLING__MAX] = {
    [HOOK_CREATED] = {"NEW_WORK_ORDER", "workorder.created"},
    [HOOK_CHANGED] = {"WORK_ORDER_CHANGE", "workorder.updated"},
    [HOOK_STATUS] = {"WORK_ORDER_STATUS_CHANGE", "workorder.status_changed"},
    [HOOK_COMPLETED] = {NULL, "workorder.completed"},
    [HOOK_DELETED] = {"WORK_ORDER_DELETE", "workorder.deleted"},
};

const char *hook_name(enum hook hook, enum spelling spelling)
{
    return names[hook][spelling];
}

enum spelling hook_spelling(const char *event)
{
    return base_starts(event, brief_prefix) ? SPELLING_BRIEF : SPELLING_PUBLIC;
}

static json_object *text_json(const char *text)
{
    return text != NULL ? json_object_new_string(text) : NULL;
}

static json_object *date_json(int64_t when)
{
    char text[CLOCK_ISO_LENGTH];

    clock_iso(when, text);
    return json_object_new_string_len(text, sizeof(text));
}

/* The work order as the body shows it: a copy that the caller puts. */
static json_object *show_work_order(const struct hook_news *news)
{
    json_object *shown = json_object_new_object(), *value;

    if (!news->serialize || news->work_order == NULL) {
        json_object_object_add(shown, "id", json_object_new_int64(news->id));
        return shown;
    }
    if (news->fields == NULL) {
        json_object_object_foreach(news->work_order, name, all)
            json_object_object_add(shown, name, json_object_get(all));
    }
    for (size_t i = 0; news->fields != NULL && i < json_object_array_length(news->fields); i++) {
        const char *name = json_object_get_string(json_object_array_get_idx(news->fields, i));

        if (json_object_object_get_ex(news->work_order, name, &value))
            json_object_object_add(shown, name, json_object_get(value));
    }
    return shown;
}

static const char *status_of(const struct hook_news *news)
{
    json_object *status = NULL;

    json_object_object_get_ex(news->work_order, "status", &status);
    return json_object_get_string(status);
}

/* In the vendor's webhooks, canceled and skipped are sub statuses of DONE. */
static bool is_sub_status(const char *status)
{
    return status != NULL && (strcmp(status, "CANCELED") == 0 || strcmp(status, "SKIPPED") == 0);
}

static void add_status(json_object *body, const struct hook_news *news)
{
    const char *status = status_of(news), *old = news->old_status;
    bool sub = is_sub_status(status);

    json_object_object_add(body, "newStatus", text_json(sub ? "DONE" : status));
    json_object_object_add(body, "oldStatus", text_json(is_sub_status(old) ? "DONE" : old));
    json_object_object_add(body, "newSubStatus", text_json(sub ? status : NULL));
}

static json_object *public_body(const struct hook_news *news)
{
    json_object *body = json_object_new_object(), *shown = show_work_order(news), *organization;

    json_object_object_add(body, "type", text_json(news->event));
    json_object_object_add(body, "workOrderId", json_object_new_int64(news->id));
    if (json_object_object_get_ex(news->work_order, "organizationId", &organization))
        json_object_object_add(body, "orgId", json_object_get(organization));
    else
        json_object_object_add(body, "orgId", json_object_new_int(ORGANIZATION));
    json_object_object_add(body, "occurredAt", date_json(news->occurred));
    if (strcmp(news->event, names[HOOK_STATUS][SPELLING_PUBLIC]) == 0)
        add_status(body, news);
    if (is_sub_status(status_of(news)) && json_object_object_get_ex(shown, "status", NULL))
        json_object_object_add(shown, "status", text_json("DONE"));
    if (news->serialize && news->work_order != NULL)
        json_object_object_add(body, "newWorkOrder", shown);
    else
        json_object_put(shown);
    return body;
}

static json_object *brief_body(const struct hook_news *news)
{
    json_object *body = json_object_new_object(), *data = show_work_order(news);

    if (news->old_status != NULL)
        json_object_object_add(data, "previousStatus", text_json(news->old_status));
    json_object_object_add(body, "event", text_json(news->event));
    json_object_object_add(body, "data", data);
    json_object_object_add(body, "timestamp", date_json(news->occurred));
    return body;
}

void hook_body(const struct hook_news *news, struct buffer *out)
{
    const int flags = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
    json_object *body = news->spelling == SPELLING_BRIEF ? brief_body(news) : public_body(news);

    buffer_text(out, json_object_to_json_string_ext(body, flags));
    json_object_put(body);
}
