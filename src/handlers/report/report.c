/*
 * report: reads an event and its history into a struct report, and puts single facts into words. Only what the
 * record holds is said: a fact that is missing is an empty text, and page and CSV leave it out.
 */
#include "handlers/report/report.h"

#include <ctype.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/timestamp.h"
#include "core/event.h"
#include "core/event_names.h"
#include "handlers/report/assignee_names.h"

static const char *text_of(struct json_object *object, const char *key)
{
    struct json_object *value = json_object_object_get(object, key);
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

static int64_t date_of(struct json_object *object, const char *key)
{
    int64_t ms = TIMESTAMP_NONE;
    timestamp_parse(text_of(object, key), &ms);
    return ms;
}

static int64_t span(int64_t from, int64_t to)
{
    return from == TIMESTAMP_NONE || to == TIMESTAMP_NONE || to < from ? -1 : to - from;
}

/* --- history --- */

static void add_step(struct report *r, int64_t since, const char *status)
{
    r->steps = realloc(r->steps, (r->count + 1) * sizeof *r->steps);
    struct report_step *step = &r->steps[r->count++];
    *step = (struct report_step){.since = since, .span = -1};
    strncpy(step->status, status, sizeof step->status - 1);
}

static void add_change(struct report *r, const struct handler_step *step)
{
    /* what it was before is news where a step was not seen (the log began later, or retention removed it) */
    if (r->count == 0 || strcmp(r->steps[r->count - 1].status, step->previous_status) != 0)
        add_step(r, TIMESTAMP_NONE, step->previous_status);
    add_step(r, step->timestamp, step->status);
}

static void add_history(struct report *r, const struct handler_event *event)
{
    int64_t observed = TIMESTAMP_NONE; /* of the last status_changed */
    for (size_t i = 0; i < event->steps; i++) {
        const struct handler_step *step = &event->history[i];
        if (step->type == EVENT_CREATED) {
            /* one that is seen complete at once was something else when it was created */
            add_step(r, step->timestamp, step->completed_at == TIMESTAMP_NONE ? step->status : "");
        } else if (step->type == EVENT_STATUS_CHANGED) {
            add_change(r, step);
            observed = step->observed;
        } else if (step->observed != observed) {
            /* a completed event of the same observation says nothing new */
            add_step(r, step->timestamp, step->status);
        }
        r->completions += step->type == EVENT_COMPLETED;
    }
}

static void measure(struct report *r)
{
    r->progress = r->hold = -1;
    r->started = TIMESTAMP_NONE;
    for (size_t i = 0; i < r->count; i++) {
        struct report_step *step = &r->steps[i];
        bool in_progress = strcmp(step->status, "IN_PROGRESS") == 0;
        if (i + 1 < r->count && step->status[0] != '\0')
            step->span = span(step->since, step[1].since);
        if (in_progress && r->started == TIMESTAMP_NONE)
            r->started = step->since;
        int64_t *sum = in_progress ? &r->progress : strcmp(step->status, "ON_HOLD") == 0 ? &r->hold : NULL;
        if (sum != NULL && step->span >= 0)
            *sum = (*sum < 0 ? 0 : *sum) + step->span;
    }
    r->took = span(r->created, r->completed);
    r->waited = span(r->created, r->started);
}

void report_read(struct handler_event *event, struct report *out)
{
    *out = (struct report){.id = event->id, .work_order = event->work_order};
    out->event = handler_event_json(event);
    out->data = json_object_object_get(out->event, "data");
    out->created = date_of(out->data, "createdAt");
    out->completed = date_of(out->event, "timestamp");
    out->due = date_of(out->data, "dueDate");
    if (out->due != TIMESTAMP_NONE &&
        json_object_get_boolean(json_object_object_get(out->data, "dueDateIsFullDay")))
        out->due += INT64_C(86400000) - 1000; /* the end of that day */
    add_history(out, event);
    measure(out);
}

void report_free(struct report *report)
{
    free(report->steps);
    *report = (struct report){0};
}

/* --- facts --- */

static void append_string(struct buffer *out, struct json_object *value)
{
    if (json_object_is_type(value, json_type_string))
        buffer_append(out, json_object_get_string(value), (size_t)json_object_get_string_len(value));
}

static void append_list(struct buffer *out, struct json_object *list)
{
    size_t count = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_append_text(out, ", ");
        append_string(out, json_object_array_get_idx(list, i));
    }
}

static void append_number(struct buffer *out, const struct report *r)
{
    const char *number = json_integer_text(json_object_object_get(r->data, "sequentialId"));
    if (number != NULL)
        buffer_append_text(out, number);
    else
        buffer_append_format(out, "%lld", (long long)r->work_order);
}

/* A thing with a name, or else its number: asset, location. */
static void append_thing(struct buffer *out, struct json_object *data, const char *key, const char *id_key)
{
    struct json_object *thing = json_object_object_get(data, key),
                       *name = json_object_object_get(thing, "name");
    if (json_object_is_type(name, json_type_string) && json_object_get_string_len(name) > 0) {
        append_string(out, name);
        return;
    }
    const char *id = json_integer_text(json_object_object_get(data, id_key));
    if (id == NULL)
        id = json_integer_text(json_object_object_get(thing, "id"));
    if (id != NULL)
        buffer_append_format(out, "No. %s", id);
}

/* As the work order says; else who did it, by a notification. */
static void append_completer(struct buffer *out, const struct report *r)
{
    size_t before = out->len;
    assignee_names_append(out, r->event, "completer", "completerId");
    if (out->len == before && event_actor_name(r->event) != NULL)
        buffer_append_text(out, event_actor_name(r->event));
}

void report_words(const char *constant, struct buffer *out)
{
    size_t begin = out->len;
    buffer_append_text(out, constant);
    for (size_t i = begin; i < out->len; i++)
        out->data[i] = (char)(out->data[i] == '_' ? ' '
                              : i > begin         ? tolower((unsigned char)out->data[i])
                                                  : out->data[i]);
}

void report_text(const struct report *r, enum report_fact fact, struct buffer *out)
{
    switch (fact) {
    case REPORT_TITLE:
        append_string(out, json_object_object_get(r->data, "title"));
        break;
    case REPORT_NUMBER:
        append_number(out, r);
        break;
    case REPORT_STATUS:
        report_words(text_of(r->data, "status"), out);
        break;
    case REPORT_PRIORITY:
        report_words(text_of(r->data, "priority"), out);
        break;
    case REPORT_TYPE:
        report_words(text_of(r->data, "type"), out);
        break;
    case REPORT_CATEGORIES:
        append_list(out, json_object_object_get(r->data, "categories"));
        break;
    case REPORT_ASSET:
        append_thing(out, r->data, "asset", "assetId");
        break;
    case REPORT_SERIAL:
        append_string(out, json_object_object_get(json_object_object_get(r->data, "asset"), "serialNumber"));
        break;
    case REPORT_LOCATION:
        append_thing(out, r->data, "location", "locationId");
        break;
    case REPORT_COMPLETER:
        append_completer(out, r);
        break;
    case REPORT_ASSIGNEES:
        assignee_names_append_all(out, r->event);
        break;
    case REPORT_REQUESTER:
        assignee_names_append(out, r->event, "requester", "requesterId");
        break;
    case REPORT_CREATOR:
        assignee_names_append(out, r->event, "creator", "creatorId");
        break;
    case REPORT_DESCRIPTION:
        append_string(out, json_object_object_get(r->data, "description"));
        break;
    case REPORT_NOTE:
    default:
        append_string(
            out, json_object_object_get(json_object_object_get(r->data, "workOrderSummary"), "content"));
        break;
    }
}
