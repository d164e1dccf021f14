/*
 * event: the names of the types, and the JSON of an event. A work order that is as it came is copied into it
 * byte for byte.
 */
#include "core/event.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/json_parse.h"
#include "base/timestamp.h"
#include "core/mentions.h"

/* A date in quotes; the members of a body between its id and the work order. */
enum { DATE_SIZE = TIMESTAMP_SIZE + 2, REST_SIZE = 256 };

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
    json_share_all(data, context->doc);
    if (context->previous_status != NULL)
        json_give_text(data, "previousStatus", context->previous_status);
    if (context->changes != NULL)
        json_share(data, "changes", context->changes);
    return data;
}

/* A date as JSON: in quotes, or null. */
static const char *date_text(int64_t ms, char out[DATE_SIZE])
{
    char text[TIMESTAMP_SIZE];
    timestamp_format(ms, text);
    snprintf(out, DATE_SIZE, *text != '\0' ? "\"%s\"" : "null", text);
    return out;
}

/* Everything in front of the people and the work order. json-c escapes the id, for a status is part of it;
 * the rest needs no escapes. */
static void append_head(
    struct buffer *body, const struct event *event, const char *id, const struct event_context *context)
{
    char happened[DATE_SIZE], observed[DATE_SIZE], before[DATE_SIZE], rest[REST_SIZE];
    struct json_object *text = json_object_new_string(id);
    const char *quoted = json_object_to_json_string_ext(text, JSON_C_TO_STRING_NOSLASHESCAPE);
    snprintf(rest, sizeof rest,
        ",\"event\":\"%s\",\"timestamp\":%s,\"observedAt\":%s,\"previouslyObservedAt\":%s,\"source\":\"%s\"",
        event_type_name(event->type), date_text(event->timestamp, happened),
        date_text(context->observed, observed), date_text(context->previously_observed, before),
        event_source_name(context->source));
    buffer_reserve(body, strlen(quoted) + sizeof rest + context->json_len);
    buffer_append_text(body, "{\"id\":");
    buffer_append_text(body, quoted);
    buffer_append_text(body, rest);
    json_object_put(text);
}

/* A text of anyone's, quoted and escaped as json-c does it. */
static void append_quoted(struct buffer *body, const char *text)
{
    const char *c = text;
    while ((unsigned char)*c >= 0x20 && *c != '"' && *c != '\\')
        c++;
    if (*c == '\0') { /* nothing to escape */
        buffer_append_text(body, "\"");
        buffer_append(body, text, (size_t)(c - text));
        buffer_append_text(body, "\"");
        return;
    }
    struct json_object *value = json_object_new_string(text);
    buffer_append_text(body, json_object_to_json_string_ext(value, JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(value);
}

/* An id, which is positive. */
static void append_number(struct buffer *body, int64_t number)
{
    char digits[24], *at = digits + sizeof digits;
    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    buffer_append(body, at, (size_t)(digits + sizeof digits - at));
}

static void append_actor(struct buffer *body, const struct event_context *context)
{
    const struct mentions *mentions = context->mentions;
    int64_t actor = mentions != NULL ? mentions->actor : context->actor;
    const struct mention *known = mentions != NULL ? mentions_find(mentions, false, actor) : NULL;
    if (actor <= 0)
        return;
    buffer_append_text(body, ",\"actor\":{\"id\":");
    append_number(body, actor);
    if (known != NULL && known->name != NULL) {
        buffer_append_text(body, ",\"name\":");
        append_quoted(body, known->name);
    }
    buffer_append_text(body, "}");
}

static void append_names(struct buffer *body, const struct mentions *mentions, bool teams)
{
    const char *separator = "\"";
    for (size_t i = 0; mentions != NULL && i < mentions->count; i++) {
        const struct mention *one = &mentions->list[i];
        if (one->team != teams || one->name == NULL)
            continue;
        buffer_append_text(body, separator);
        append_number(body, one->id);
        buffer_append_text(body, "\":");
        append_quoted(body, one->name);
        separator = ",\"";
    }
}

/* Who did it, and who is who. */
static void append_people(struct buffer *body, const struct event_context *context)
{
    append_actor(body, context);
    buffer_append_text(body, ",\"names\":{\"users\":{");
    append_names(body, context->mentions, false);
    buffer_append_text(body, "},\"teams\":{");
    append_names(body, context->mentions, true);
    buffer_append_text(body, "}},\"data\":");
}

char *event_body(const struct event *event, const char *id, const struct event_context *context)
{
    struct buffer body = {0};
    struct json_object *data = NULL;
    const char *json = context->json;
    size_t len = context->json_len;
    if (context->doc != NULL) {
        data = event_data(context);
        json = json_object_to_json_string_length(
            data, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
    }
    append_head(&body, event, id, context);
    append_people(&body, context);
    buffer_append(&body, json, len);
    buffer_append_text(&body, "}");
    json_object_put(data);
    return body.data;
}

struct json_object *event_parse(const char *body, size_t len)
{
    enum json_fault fault;
    /* a work order's field lies four levels down: in the event, in `data`, in `changes`, in one of them */
    return json_parse(body, len, WORKORDER_MAX_DEPTH + 4, &fault);
}
