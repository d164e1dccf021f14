#include "handlers/warehouse/warehouse_names.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the list has a name of the same user or team, or its end. */
static size_t find(const struct warehouse_names *names, const struct warehouse_name *name)
{
    size_t i = 0;
    while (i < names->count && (names->list[i].kind != name->kind || names->list[i].id != name->id))
        i++;
    return i;
}

/* Adds a name, or puts it in the place of an older one. *name is then what the list did not keep: its text,
 * NULL where it kept all, is the caller's. */
static void add(struct warehouse_names *names, struct warehouse_name *name)
{
    size_t i = find(names, name);
    if (i == names->count) {
        names->list = realloc(names->list, (names->count + 1) * sizeof *names->list);
        names->list[names->count++] = *name;
        name->name = NULL;
    } else if (names->list[i].observed <= name->observed) {
        const struct warehouse_name older = names->list[i];
        names->list[i] = *name;
        *name = older;
    }
}

/* To be freed; NULL where it is no text, or an empty one. */
static char *text_of(struct json_object *value)
{
    bool is_name = json_object_is_type(value, json_type_string) && json_object_get_string_len(value) > 0;
    return is_name ? strdup(json_object_get_string(value)) : NULL;
}

/* An id as the key of an object. */
static bool read_id(const char *key, int64_t *id)
{
    char *end;
    errno = 0;
    *id = strtoll(key, &end, 10);
    return errno == 0 && *end == '\0' && (*key == '-' || (*key >= '0' && *key <= '9')) && end != key;
}

static void add_all(struct warehouse_names *names, enum warehouse_name_kind kind, struct json_object *object,
    int64_t observed)
{
    struct warehouse_name name = {.kind = kind, .source = NAME_MENTIONED, .observed = observed};
    if (!json_object_is_type(object, json_type_object))
        return;
    json_object_object_foreach(object, key, value)
    {
        name.observed = observed;
        if (!read_id(key, &name.id) || (name.name = text_of(value)) == NULL)
            continue;
        add(names, &name);
        free((char *)name.name);
    }
}

void warehouse_names_from_event(struct json_object *body, int64_t observed, struct warehouse_names *names)
{
    struct json_object *all = json_object_object_get(body, "names");
    struct json_object *actor = json_object_object_get(body, "actor");
    if (json_object_is_type(actor, json_type_object) &&
        json_object_is_type(json_object_object_get(actor, "id"), json_type_int)) {
        struct warehouse_name name = {WAREHOUSE_USER, NAME_MENTIONED,
            json_object_get_int64(json_object_object_get(actor, "id")), observed,
            text_of(json_object_object_get(actor, "name"))};
        if (name.name != NULL)
            add(names, &name);
        free((char *)name.name);
    }
    if (!json_object_is_type(all, json_type_object))
        return;
    add_all(names, WAREHOUSE_USER, json_object_object_get(all, "users"), observed);
    add_all(names, WAREHOUSE_TEAM, json_object_object_get(all, "teams"), observed);
}

void warehouse_names_move(struct warehouse_names *names, struct warehouse_names *from)
{
    for (size_t i = 0; i < from->count; i++)
        add(names, &from->list[i]);
    warehouse_names_free(from);
}

/* clang 14 does not see that the texts differ. NOLINTBEGIN(clang-analyzer-unix.Malloc) */
void warehouse_names_free(struct warehouse_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free((char *)names->list[i].name);
    free(names->list);
    *names = (struct warehouse_names){0};
}
/* NOLINTEND(clang-analyzer-unix.Malloc) */

void warehouse_name_fill(const struct warehouse_name *name, struct warehouse_name_values *out)
{
    static const char *const sources[] = {
        [NAME_MENTIONED] = "mentioned", [NAME_LISTED] = "listed", [NAME_REMOVED] = "removed"};
    snprintf(out->id, sizeof out->id, "%lld", (long long)name->id);
    timestamp_format(name->observed, out->observed);
    out->values[0] = out->id;
    out->values[1] = name->name;
    out->values[2] = out->observed;
    out->values[3] = sources[name->source];
}
