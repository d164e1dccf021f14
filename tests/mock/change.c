/*
 * Changes on command. Each is made to the newest version of a work order, which clients may not yet see, and
 * is told to the listener with the work order before and after, who did it and when. edit.c reads one change
 * and puts it over the work order; here it becomes a version in the store.
 */
#include "change.h"

#include <inttypes.h>
#include <string.h>

#include "arguments.h"
#include "edit.h"
#include "generator.h"

enum { GENERATE_MOST = 1000000 };

static const char *const commands[] = {
    "create", "update", "delete", "hide", "unhide", "generate", "release", NULL};
static const char *const actor[] = {"userId", "occurredAt", NULL};

/* One command at work. */
struct work {
    const struct change_world *world;
    struct store *store;
    struct edit defaults; /* what each change begins with */
    json_object *done;    /* what was done, for the answer */
};

static json_object *date_json(int64_t when)
{
    char text[CLOCK_ISO_LENGTH];

    clock_iso(when, text);
    return json_object_new_string_len(text, sizeof(text));
}

/* BEFORE and AFTER (NULL: there is none) are put. */
static void tell(
    const struct work *w, const struct edit *e, int64_t id, json_object *before, json_object *after)
{
    const struct change_listener *listener = w->world->listener;
    const struct change_news news = {id, before, after, e->user, e->occurred};

    if (listener != NULL && !e->silent)
        listener->tell(listener->context, &news);
    json_object_put(before);
    json_object_put(after);
}

static void put_version(const struct work *w, const struct edit *e, const struct workorder *wo)
{
    if (e->visible_in > 0)
        store_put_later(w->store, wo, clock_steady() + e->visible_in);
    else if (e->listed_in == EDIT_UNTIL_RELEASED)
        store_list_later(w->store, wo, STORE_UNTIL_RELEASED);
    else if (e->listed_in > 0)
        store_list_later(w->store, wo, clock_steady() + e->listed_in);
    else
        store_put(w->store, wo);
}

/* Stores DOC, without the fields to be removed, as the newest version of WO in place of BEFORE (NULL: it is
 * new), and notes it. Puts both. */
static void store_version(
    const struct work *w, struct workorder *wo, json_object *before, json_object *doc, const struct edit *e)
{
    json_object *note = json_object_new_object();

    for (size_t i = 0; e->remove != NULL && i < json_object_array_length(e->remove); i++)
        json_object_object_del(doc, json_object_get_string(json_object_array_get_idx(e->remove, i)));
    workorder_read(wo, doc);
    workorder_own(wo, doc, e->raw);
    put_version(w, e, wo);
    tell(w, e, wo->id, before, doc);
    json_object_object_add(note, "id", json_object_new_int64(wo->id));
    json_object_object_add(note, "updatedAt", date_json(wo->updated));
    json_object_array_add(w->done, note);
}

static void add_missing(json_object *doc, const char *name, json_object *value)
{
    if (json_object_object_get_ex(doc, name, NULL))
        json_object_put(value);
    else
        json_object_object_add(doc, name, value);
}

static bool create(const struct work *w, json_object *fields, struct problem *p)
{
    struct workorder wo = {0};
    struct edit e = w->defaults;
    const struct workorder *old;
    json_object *doc, *updated = NULL;

    if (!edit_parse(&e, fields, p) || !arguments_integer(fields, "id", &wo.id, 1, INT64_MAX - 1, p))
        return false;
    if (!edit_gives(&e, "id"))
        wo.id = store_new_id(w->store);
    old = store_newest(w->store, wo.id);
    if (old != NULL && !old->deleted)
        return problem_set(p, "create: work order %" PRId64 " is there already", wo.id);
    wo.updated = e.occurred;
    doc = json_object_new_object();
    json_object_object_add(doc, "id", json_object_new_int64(wo.id));
    json_object_object_add(doc, "sequentialId",
        json_object_new_int64(wo.id >= GENERATOR_FIRST_ID ? wo.id - GENERATOR_FIRST_ID + 1 : wo.id));
    json_object_object_add(doc, "title", json_object_new_string("Untitled work order"));
    json_object_object_add(doc, "status", json_object_new_string("OPEN"));
    json_object_object_add(doc, "priority", json_object_new_string("NONE"));
    json_object_object_add(doc, "organizationId", json_object_new_int(1001));
    if (e.user != 0)
        json_object_object_add(doc, "creatorId", json_object_new_int64(e.user));
    e.keep_updated = false; /* there is none to keep */
    edit_merge(&e, doc);
    if (json_object_object_get_ex(doc, "updatedAt", &updated))
        add_missing(doc, "createdAt", json_object_get(updated));
    add_missing(doc, "completedAt", NULL);
    store_version(w, &wo, NULL, doc, &e);
    return true;
}

static bool update(const struct work *w, json_object *fields, struct problem *p)
{
    struct edit e = w->defaults;
    const struct workorder *newest;
    struct workorder wo;
    json_object *before, *doc;
    int64_t id = 0;

    if (!edit_parse(&e, fields, p) || !arguments_integer(fields, "id", &id, 1, INT64_MAX - 1, p))
        return false;
    newest = store_newest(w->store, id);
    if (newest == NULL || newest->deleted)
        return problem_set(p, "update: no work order %" PRId64, id);
    wo = *newest;
    before = store_document(w->store, newest);
    doc = store_document(w->store, newest);
    edit_merge(&e, doc);
    store_version(w, &wo, before, doc, &e);
    return true;
}

/* The id of ITEM, which is that id, or an object with it and with what edit_parse() reads. */
static bool parse_mark(struct edit *e, json_object *item, int64_t *id, struct problem *p)
{
    *id = json_object_get_int64(item);
    if (!json_object_is_type(item, json_type_object))
        return json_object_is_type(item, json_type_int) || problem_set(p, "not an id");
    *id = 0;
    return edit_parse(e, item, p) && arguments_integer(item, "id", id, 1, INT64_MAX - 1, p);
}

/* Sets the flag that COMMAND names. */
static bool mark(const struct work *w, const char *command, json_object *item, struct problem *p)
{
    struct edit e = w->defaults;
    const struct workorder *wo;
    bool deleted, hidden, was;
    json_object *before;
    int64_t id;

    if (!parse_mark(&e, item, &id, p))
        return false;
    wo = store_newest(w->store, id);
    if (wo == NULL)
        return problem_set(p, "%s: no work order %s", command, json_object_to_json_string(item));
    deleted = was = wo->deleted;
    hidden = wo->hidden;
    before = store_document(w->store, wo);
    if (strcmp(command, "delete") == 0)
        deleted = true;
    else
        hidden = strcmp(command, "hide") == 0;
    store_mark(w->store, id, deleted, hidden);
    if (deleted && !was)
        tell(w, &e, id, before, NULL);
    else
        json_object_put(before);
    json_object_array_add(w->done, json_object_new_int64(id));
    return true;
}

/* The list shows what was held back: of the work order ITEM. */
static bool release(const struct work *w, json_object *item, struct problem *p)
{
    if (!json_object_is_type(item, json_type_int) || !store_release(w->store, json_object_get_int64(item)))
        return problem_set(p, "release: nothing of work order %s waits", json_object_to_json_string(item));
    json_object_array_add(w->done, json_object_get(item));
    return true;
}

/* Carries out the list of one command. */
static bool apply_list(const struct work *w, const char *command, json_object *list, struct problem *p)
{
    if (!json_object_is_type(list, json_type_array))
        return problem_set(p, "%s: not a list", command);
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *item = json_object_array_get_idx(list, i);
        bool ok;

        if (strcmp(command, "create") == 0)
            ok = create(w, item, p);
        else if (strcmp(command, "update") == 0)
            ok = update(w, item, p);
        else if (strcmp(command, "release") == 0)
            ok = release(w, item, p);
        else
            ok = mark(w, command, item, p);
        if (!ok)
            return false;
    }
    return true;
}

static bool generate(const struct work *w, json_object *command, json_object *result, struct problem *p)
{
    int64_t count = 0, first, now = w->defaults.occurred;
    json_object *done;

    if (!arguments_integer(command, "generate", &count, 0, GENERATE_MOST, p))
        return false;
    first = store_generate(w->store, (size_t)count, now);
    for (int64_t id = first; w->world->listener != NULL && id < first + count; id++)
        tell(w, &w->defaults, id, NULL, store_document(w->store, store_find(w->store, id)));
    done = json_object_new_object();
    json_object_object_add(done, "first", json_object_new_int64(first));
    json_object_object_add(done, "count", json_object_new_int64(count));
    json_object_object_add(done, "updatedAt", date_json(now));
    json_object_object_add(result, "generate", done);
    return true;
}

bool change_known(json_object *command, struct problem *p)
{
    return arguments_known(command, commands, actor, p);
}

bool change_apply(
    const struct change_world *world, json_object *command, json_object *result, struct problem *p)
{
    struct work w = {.world = world,
        .store = world->store,
        .defaults = {.occurred = world->now, .listed_in = world->lag_ms}};

    if (!change_known(command, p) || !edit_actor(&w.defaults, command, p))
        return false;
    for (size_t i = 0; commands[i] != NULL; i++) {
        json_object *list;
        bool ok;

        if (!json_object_object_get_ex(command, commands[i], &list))
            continue;
        if (strcmp(commands[i], "generate") == 0) {
            ok = generate(&w, command, result, p);
        } else {
            w.done = json_object_new_array();
            json_object_object_add(result, commands[i], w.done);
            ok = apply_list(&w, commands[i], list, p);
        }
        if (!ok)
            return false;
    }
    return true;
}
