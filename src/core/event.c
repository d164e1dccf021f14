#include "core/event.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static const char *const type_names[EVENT_TYPES] = {
    [EVENT_CREATED] = "workorder.created",
    [EVENT_STATUS_CHANGED] = "workorder.status_changed",
    [EVENT_COMPLETED] = "workorder.completed",
    [EVENT_UPDATED] = "workorder.updated",
    [EVENT_DELETED] = "workorder.deleted",
};

static const char *const source_names[EVENT_SOURCES] = {
    [SOURCE_POLL] = "poll",
    [SOURCE_BACKFILL] = "backfill",
    [SOURCE_RECONCILE] = "reconcile",
    [SOURCE_WEBHOOK] = "webhook",
};

const char *event_type_name(enum event_type type)
{
    return type_names[type];
}

enum event_type event_type_named(const char *name)
{
    enum event_type type = 0;
    while (type < EVENT_TYPES && strcmp(type_names[type], name) != 0)
        type++;
    return type;
}

const char *event_source_name(enum event_source source)
{
    return source_names[source];
}

const char *event_numbered_id(const struct event *event, int n, char out[EVENT_ID_SIZE])
{
    if (n == 1)
        snprintf(out, EVENT_ID_SIZE, "%s", event->id);
    else
        snprintf(out, EVENT_ID_SIZE, "%.*s/%d", EVENT_ID_SIZE - 16, event->id, n);
    return out;
}

/* The work order's own fields, shared with the document, and what is known of how they came to be. */
static struct json_object *event_data(const struct event_context *context)
{
    struct json_object *data = json_object_new_object();
    if (data == NULL)
        return NULL;
    if (json_share_all(data, context->doc) == 0 &&
        (context->previous_status == NULL ||
            json_give_text(data, "previousStatus", context->previous_status) == 0) &&
        (context->changes == NULL || json_share(data, "changes", context->changes) == 0))
        return data;
    json_object_put(data);
    return NULL;
}

/* `head` with one more member, a work order as text. */
static char *append_data(const char *head, size_t len, const struct event_context *context)
{
    static const char name[] = ",\"data\":";
    char *text = malloc(len + sizeof name + context->json_len + 1), *end = text;
    if (text == NULL)
        return NULL;
    end = mempcpy(end, head, len - 1); /* but for the bracket that closes it */
    end = mempcpy(end, name, sizeof name - 1);
    end = mempcpy(end, context->json, context->json_len);
    memcpy(end, "}", 2);
    return text;
}

char *event_body(const struct event *event, const char *id, const struct event_context *context)
{
    char *text = NULL;
    size_t len;
    struct json_object *body = json_object_new_object();
    if (body == NULL)
        goto out;
    if (json_give_text(body, "id", id) != 0 ||
        json_give_text(body, "event", event_type_name(event->type)) != 0 ||
        json_give_date(body, "timestamp", event->timestamp) != 0 ||
        json_give_date(body, "observedAt", context->observed) != 0 ||
        json_give_date(body, "previouslyObservedAt", context->previously_observed) != 0 ||
        json_give_text(body, "source", event_source_name(context->source)) != 0 ||
        (context->doc != NULL && json_give(body, "data", event_data(context)) != 0))
        goto out;
    const char *json = json_object_to_json_string_length(
        body, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
    if (json != NULL)
        text = context->doc != NULL ? strdup(json) : append_data(json, len, context);
out:
    json_object_put(body);
    return text;
}

struct json_object *event_parse(const char *body, size_t len)
{
    /* the work order lies two levels down: in the event, in `data`; json-c's own limit would refuse the
     * deepest ones */
    struct json_tokener *parser = json_tokener_new_ex(WORKORDER_MAX_DEPTH + 4);
    struct json_object *event = NULL;
    if (parser != NULL && len <= INT_MAX)
        event = json_tokener_parse_ex(parser, body, (int)len);
    if (parser != NULL)
        json_tokener_free(parser);
    return event;
}
