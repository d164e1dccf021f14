#include "change.h"

#include <inttypes.h>
#include <string.h>

#include "arguments.h"
#include "generator.h"

enum { GENERATE_MOST = 1000000 };

static const char *const commands[] = {"create", "update", "delete", "hide", "unhide", "generate", NULL};

/* What a command is carried out with. */
struct work {
    struct store *store;
    int64_t now; /* the mock's time of day */
    const struct change_listener *listener;
};

/* One change, with the members that are no fields of the work order taken out. */
struct edit {
    json_object *fields; /* borrowed */
    json_object *raw;    /* borrowed, or NULL */
    json_object *remove; /* borrowed, or NULL */
    bool keep_updated;
    int64_t visible_in; /* ms; 0: at once */
};

static bool is_given(const struct edit *e, const char *name)
{
    return json_object_object_get_ex(e->fields, name, NULL);
}

/* Members that begin with an underscore say how to change, and are no fields. */
static bool check_special(json_object *fields, struct problem *p)
{
    static const char *const special[] = {"_raw", "_remove", "_keep_updatedAt", "_visible_in_ms"};

    json_object_object_foreach(fields, name, value)
    {
        bool known = name[0] != '_';

        (void)value;
        for (size_t i = 0; i < COUNT_OF(special); i++)
            known = known || strcmp(name, special[i]) == 0;
        if (!known)
            return problem_set(p, "%s: unknown key", name);
    }
    return true;
}

static bool parse_edit(struct edit *e, json_object *fields, struct problem *p)
{
    *e = (struct edit){.fields = fields};
    if (!json_object_is_type(fields, json_type_object))
        return problem_set(p, "a work order must be a JSON object");
    if (!check_special(fields, p))
        return false;
    json_object_object_get_ex(fields, "_raw", &e->raw);
    json_object_object_get_ex(fields, "_remove", &e->remove);
    if (e->raw != NULL && !json_object_is_type(e->raw, json_type_string))
        return problem_set(p, "_raw: not a text");
    if (e->remove != NULL && !json_object_is_type(e->remove, json_type_array))
        return problem_set(p, "_remove: not a list");
    return arguments_boolean(fields, "_keep_updatedAt", &e->keep_updated, p) &&
           arguments_integer(fields, "_visible_in_ms", &e->visible_in, 0, INT32_MAX, p);
}

static json_object *date_json(int64_t when)
{
    char text[CLOCK_ISO_LENGTH];

    clock_iso(when, text);
    return json_object_new_string_len(text, sizeof(text));
}

/* Puts the fields over DOC and stamps updatedAt and completedAt where they are not given. */
static void merge_fields(json_object *doc, const struct edit *e, int64_t now)
{
    json_object *status, *updated = NULL;

    json_object_object_foreach(e->fields, name, value)
    {
        if (name[0] != '_')
            json_object_object_add(doc, name, json_object_get(value));
    }
    if (!is_given(e, "updatedAt") && !e->keep_updated)
        json_object_object_add(doc, "updatedAt", date_json(now));
    json_object_object_get_ex(doc, "updatedAt", &updated);
    if (!is_given(e, "completedAt") && json_object_object_get_ex(e->fields, "status", &status) &&
        workorder_is_complete(workorder_status(json_object_get_string(status))))
        json_object_object_add(doc, "completedAt", json_object_get(updated));
}

/* BEFORE and AFTER (NULL: there is none) are put. */
static void tell(const struct work *w, int64_t id, json_object *before, json_object *after)
{
    if (w->listener != NULL)
        w->listener->tell(w->listener->context, id, before, after);
    json_object_put(before);
    json_object_put(after);
}

/* Stores DOC, without the fields to be removed, as the newest version of WO in place of BEFORE (NULL: it is
 * new), and notes it in DONE. Puts both. */
static void store_version(const struct work *w, struct workorder *wo, json_object *before, json_object *doc,
    const struct edit *e, json_object *done)
{
    json_object *note = json_object_new_object();

    for (size_t i = 0; e->remove != NULL && i < json_object_array_length(e->remove); i++)
        json_object_object_del(doc, json_object_get_string(json_object_array_get_idx(e->remove, i)));
    workorder_read(wo, doc);
    workorder_own(wo, doc, e->raw);
    if (e->visible_in > 0)
        store_put_later(w->store, wo, clock_steady() + e->visible_in);
    else
        store_put(w->store, wo);
    tell(w, wo->id, before, doc);
    json_object_object_add(note, "id", json_object_new_int64(wo->id));
    json_object_object_add(note, "updatedAt", date_json(wo->updated));
    json_object_array_add(done, note);
}

static void add_missing(json_object *doc, const char *name, json_object *value)
{
    if (json_object_object_get_ex(doc, name, NULL))
        json_object_put(value);
    else
        json_object_object_add(doc, name, value);
}

static bool create(const struct work *w, json_object *fields, json_object *done, struct problem *p)
{
    struct workorder wo = {.updated = w->now};
    const struct workorder *old;
    json_object *doc, *updated = NULL;
    struct edit e;

    if (!parse_edit(&e, fields, p) || !arguments_integer(fields, "id", &wo.id, 1, INT64_MAX - 1, p))
        return false;
    if (!is_given(&e, "id"))
        wo.id = store_new_id(w->store);
    old = store_newest(w->store, wo.id);
    if (old != NULL && !old->deleted)
        return problem_set(p, "create: work order %" PRId64 " is there already", wo.id);
    doc = json_object_new_object();
    json_object_object_add(doc, "id", json_object_new_int64(wo.id));
    json_object_object_add(doc, "sequentialId",
        json_object_new_int64(wo.id >= GENERATOR_FIRST_ID ? wo.id - GENERATOR_FIRST_ID + 1 : wo.id));
    json_object_object_add(doc, "title", json_object_new_string("Untitled work order"));
    json_object_object_add(doc, "status", json_object_new_string("OPEN"));
    json_object_object_add(doc, "priority", json_object_new_string("NONE"));
    json_object_object_add(doc, "organizationId", json_object_new_int(1001));
    e.keep_updated = false; /* there is none to keep */
    merge_fields(doc, &e, w->now);
    if (json_object_object_get_ex(doc, "updatedAt", &updated))
        add_missing(doc, "createdAt", json_object_get(updated));
    add_missing(doc, "completedAt", NULL);
    store_version(w, &wo, NULL, doc, &e, done);
    return true;
}

static bool update(const struct work *w, json_object *fields, json_object *done, struct problem *p)
{
    const struct workorder *newest;
    struct workorder wo;
    json_object *before, *doc;
    int64_t id = 0;
    struct edit e;

    if (!parse_edit(&e, fields, p) || !arguments_integer(fields, "id", &id, 1, INT64_MAX - 1, p))
        return false;
    newest = store_newest(w->store, id);
    if (newest == NULL || newest->deleted)
        return problem_set(p, "update: no work order %" PRId64, id);
    wo = *newest;
    before = store_document(w->store, newest);
    doc = store_document(w->store, newest);
    merge_fields(doc, &e, w->now);
    store_version(w, &wo, before, doc, &e, done);
    return true;
}

/* Sets the flag that COMMAND names. */
static bool mark(
    const struct work *w, const char *command, json_object *id_json, json_object *done, struct problem *p)
{
    int64_t id = json_object_get_int64(id_json);
    const struct workorder *wo = store_newest(w->store, id);
    bool deleted = wo != NULL && wo->deleted, hidden = wo != NULL && wo->hidden, was = deleted;
    json_object *before = wo != NULL ? store_document(w->store, wo) : NULL;

    if (strcmp(command, "delete") == 0)
        deleted = true;
    else
        hidden = strcmp(command, "hide") == 0;
    if (!json_object_is_type(id_json, json_type_int) || !store_mark(w->store, id, deleted, hidden)) {
        json_object_put(before);
        return problem_set(p, "%s: no work order %s", command, json_object_to_json_string(id_json));
    }
    if (deleted && !was)
        tell(w, id, before, NULL);
    else
        json_object_put(before);
    json_object_array_add(done, json_object_get(id_json));
    return true;
}

/* Carries out the list of one command. */
static bool apply_list(
    const struct work *w, const char *command, json_object *list, json_object *done, struct problem *p)
{
    if (!json_object_is_type(list, json_type_array))
        return problem_set(p, "%s: not a list", command);
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *item = json_object_array_get_idx(list, i);
        bool ok;

        if (strcmp(command, "create") == 0)
            ok = create(w, item, done, p);
        else if (strcmp(command, "update") == 0)
            ok = update(w, item, done, p);
        else
            ok = mark(w, command, item, done, p);
        if (!ok)
            return false;
    }
    return true;
}

static bool generate(const struct work *w, json_object *command, json_object *result, struct problem *p)
{
    int64_t count = 0, first;
    json_object *done;

    if (!arguments_integer(command, "generate", &count, 0, GENERATE_MOST, p))
        return false;
    first = store_generate(w->store, (size_t)count, w->now);
    for (int64_t id = first; w->listener != NULL && id < first + count; id++)
        tell(w, id, NULL, store_document(w->store, store_find(w->store, id)));
    done = json_object_new_object();
    json_object_object_add(done, "first", json_object_new_int64(first));
    json_object_object_add(done, "count", json_object_new_int64(count));
    json_object_object_add(done, "updatedAt", date_json(w->now));
    json_object_object_add(result, "generate", done);
    return true;
}

bool change_known(json_object *command, struct problem *p)
{
    return arguments_known(command, commands, NULL, p);
}

bool change_apply(struct store *s, json_object *command, int64_t now, const struct change_listener *listener,
    json_object *result, struct problem *p)
{
    const struct work w = {s, now, listener};

    if (!change_known(command, p))
        return false;
    for (size_t i = 0; commands[i] != NULL; i++) {
        json_object *list, *done;

        if (!json_object_object_get_ex(command, commands[i], &list))
            continue;
        if (strcmp(commands[i], "generate") == 0)
            return generate(&w, command, result, p);
        done = json_object_new_array();
        json_object_object_add(result, commands[i], done);
        if (!apply_list(&w, commands[i], list, done, p))
            return false;
    }
    return true;
}
