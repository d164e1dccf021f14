/*
 * The bodies of webhooks. A live body is an envelope: the event's name, its moment, the organization, the id
 * of the work order, and what belongs to this kind of event. It holds a part of the work order only when that
 * was asked for; entity.c makes that part. A body of the brief holds the whole work order in `data`. Events
 * about anything but a work order are the envelope with a sample of what MaintainX sends (foreign.c).
 *
 * Invariants: there is no `type` at the root but in a comment, where it is the kind of the comment; CANCELED
 * and SKIPPED are spelled DONE with a sub status in an envelope; `userId` is absent when the system did it.
 */
#include "hook.h"

#include <string.h>

#include "base.h"
#include "clock.h"
#include "entity.h"
#include "foreign.h"
#include "spacing.h"

enum { ORGANIZATION = 1001 }; /* of work orders that do not say */

static const char brief_prefix[] = "workorder.";

static const char *const names[HOOK__MAX][SPELLING__MAX] = {
    [HOOK_CREATED] = {"NEW_WORK_ORDER", "workorder.created"},
    [HOOK_CHANGED] = {"WORK_ORDER_CHANGE", "workorder.updated"},
    [HOOK_STATUS] = {"WORK_ORDER_STATUS_CHANGE", "workorder.status_changed"},
    [HOOK_COMPLETED] = {NULL, "workorder.completed"},
    [HOOK_DELETED] = {"WORK_ORDER_DELETE", "workorder.deleted"},
    [HOOK_OVERDUE] = {"WORK_ORDER_OVERDUE", NULL},
    [HOOK_PART_STATUS] = {"WORK_ORDER_PART_STATUS_CHANGE", NULL},
    [HOOK_CATEGORY] = {"NEW_CATEGORY_ON_WORK_ORDER", NULL},
    [HOOK_COMMENT] = {"NEW_COMMENT_ON_WORK_ORDER", NULL},
};

const char *hook_name(enum hook hook, enum spelling spelling)
{
    return names[hook][spelling];
}

enum spelling hook_spelling(const char *event)
{
    return base_starts(event, brief_prefix) ? SPELLING_BRIEF : SPELLING_LIVE;
}

/* The live event of that name; HOOK__MAX: it is not about a work order, or not known. */
static enum hook hook_of(const char *event)
{
    for (int i = 0; i < HOOK__MAX; i++)
        if (names[i][SPELLING_LIVE] != NULL && strcmp(names[i][SPELLING_LIVE], event) == 0)
            return (enum hook)i;
    return HOOK__MAX;
}

bool hook_is_foreign(const char *event)
{
    return hook_spelling(event) == SPELLING_LIVE && hook_of(event) == HOOK__MAX;
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

/* The member of a work order, which may be NULL; borrowed. */
static json_object *member(json_object *work_order, const char *name)
{
    json_object *value = NULL;

    json_object_object_get_ex(work_order, name, &value);
    return value;
}

static const char *text_member(json_object *work_order, const char *name, const char *otherwise)
{
    json_object *value = member(work_order, name);

    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : otherwise;
}

/* In an envelope, canceled and skipped are sub statuses of DONE. */
static void add_status(json_object *body, const char *name, const char *sub_name, const char *status)
{
    bool sub = strcmp(status, "CANCELED") == 0 || strcmp(status, "SKIPPED") == 0;

    json_object_object_add(body, name, text_json(sub ? "DONE" : status));
    if (sub)
        json_object_object_add(body, sub_name, text_json(status));
}

/* The ids that are in TO and not in FROM. Both are put. */
static json_object *added(json_object *from, json_object *to)
{
    json_object *list = json_object_new_array();

    for (size_t i = 0; i < json_object_array_length(to); i++)
        if (!entity_holds(from, json_object_array_get_idx(to, i)))
            json_object_array_add(list, json_object_get(json_object_array_get_idx(to, i)));
    json_object_put(from);
    json_object_put(to);
    return list;
}

static void add_moves(
    json_object *body, const char *name, json_object *from, json_object *to, const char *type)
{
    json_object_object_add(body, name, added(entity_people(from, type), entity_people(to, type)));
}

/* All four lists are there when one of them is not empty. */
static void add_people(json_object *body, const struct hook_news *news)
{
    if (news->before == NULL || !entity_people_differ(news->before, news->after))
        return;
    add_moves(body, "addedAssigneeIds", news->before, news->after, "USER");
    add_moves(body, "removedAssigneeIds", news->after, news->before, "USER");
    add_moves(body, "addedTeamIds", news->before, news->after, "TEAM");
    add_moves(body, "removedTeamIds", news->after, news->before, "TEAM");
}

/* What only this kind of event has. */
static void add_own_members(json_object *body, enum hook hook, const struct hook_news *news)
{
    json_object *due = member(news->after, "dueDate");

    switch (hook) {
    case HOOK_CHANGED:
        add_people(body, news);
        break;
    case HOOK_STATUS:
        add_status(body, "oldStatus", "oldSubStatus", text_member(news->before, "status", "OPEN"));
        add_status(body, "newStatus", "newSubStatus", text_member(news->after, "status", "OPEN"));
        break;
    case HOOK_OVERDUE:
        json_object_object_add(
            body, "dueDate", due != NULL ? json_object_get(due) : date_json(news->occurred));
        break;
    case HOOK_PART_STATUS:
        json_object_object_add(
            body, "oldPartStatus", text_json(text_member(news->before, "partStatus", "NO_PARTS")));
        json_object_object_add(
            body, "newPartStatus", text_json(text_member(news->after, "partStatus", "NO_PARTS")));
        break;
    case HOOK_CATEGORY:
        json_object_object_add(
            body, "newCategories", added(entity_categories(news->before), entity_categories(news->after)));
        break;
    case HOOK_COMMENT:
        json_object_object_add(body, "type", text_json("TEXT"));
        json_object_object_add(body, "comment", text_json("Ordered, here on Friday"));
        break;
    default:
        break;
    }
}

static void add_work_order(json_object *body, enum hook hook, const struct hook_news *news)
{
    bool has_one = hook == HOOK_CREATED || hook == HOOK_CHANGED || hook == HOOK_STATUS ||
                   hook == HOOK_DELETED || hook == HOOK_PART_STATUS;

    if (has_one && news->serialize && news->after != NULL)
        json_object_object_add(body, hook == HOOK_DELETED ? "WorkOrder" : "newWorkOrder",
            entity_json(news->after, news->fields, hook == HOOK_CHANGED));
}

static json_object *envelope(const struct hook_news *news)
{
    json_object *body = json_object_new_object(), *organization = member(news->after, "organizationId");
    enum hook hook = hook_of(news->event);

    json_object_object_add(body, "eventType", text_json(news->event));
    json_object_object_add(body, "occurredAt", date_json(news->occurred));
    json_object_object_add(body, "orgId",
        organization != NULL ? json_object_get(organization) : json_object_new_int(ORGANIZATION));
    if (news->id != 0)
        json_object_object_add(body, "workOrderId", json_object_new_int64(news->id));
    if (hook == HOOK__MAX)
        foreign_members(body, news->event);
    add_own_members(body, hook, news);
    add_work_order(body, hook, news);
    if (hook == HOOK_CREATED || hook == HOOK_CHANGED || hook == HOOK_STATUS)
        json_object_object_add(body, "customerId", json_object_get(member(news->after, "customerId")));
    if (news->user != 0 && hook != HOOK_COMMENT && hook != HOOK_OVERDUE)
        json_object_object_add(body, "userId", json_object_new_int64(news->user));
    return body;
}

/* The work order as a body of the brief shows it: a copy that the caller puts. */
static json_object *whole_work_order(const struct hook_news *news)
{
    json_object *shown = json_object_new_object(), *value;

    if (!news->serialize || news->after == NULL) {
        json_object_object_add(shown, "id", json_object_new_int64(news->id));
        return shown;
    }
    if (news->fields == NULL) {
        json_object_object_foreach(news->after, name, all)
            json_object_object_add(shown, name, json_object_get(all));
    }
    for (size_t i = 0; news->fields != NULL && i < json_object_array_length(news->fields); i++) {
        const char *name = json_object_get_string(json_object_array_get_idx(news->fields, i));

        if (json_object_object_get_ex(news->after, name, &value))
            json_object_object_add(shown, name, json_object_get(value));
    }
    return shown;
}

static json_object *brief_body(const struct hook_news *news)
{
    json_object *body = json_object_new_object(), *data = whole_work_order(news);
    const char *old_status = text_member(news->before, "status", NULL);

    if (old_status != NULL && strcmp(news->event, names[HOOK_STATUS][SPELLING_BRIEF]) == 0)
        json_object_object_add(data, "previousStatus", text_json(old_status));
    json_object_object_add(body, "event", text_json(news->event));
    json_object_object_add(body, "data", data);
    json_object_object_add(body, "timestamp", date_json(news->occurred));
    return body;
}

void hook_body(const struct hook_news *news, struct buffer *out)
{
    const int flags = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
    json_object *body = news->spelling == SPELLING_BRIEF ? brief_body(news) : envelope(news);

    if (news->members != NULL) {
        json_object_object_foreach(news->members, name, value)
            json_object_object_add(body, name, json_object_get(value));
    }
    for (size_t i = 0; news->without != NULL && i < json_object_array_length(news->without); i++)
        json_object_object_del(body, json_object_get_string(json_object_array_get_idx(news->without, i)));
    buffer_text(out, json_object_to_json_string_ext(body, flags));
    json_object_put(body);
    if (news->spaced)
        spacing_add(out);
}
