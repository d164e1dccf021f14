/*
 * Ids are found in a tree where there is one, else in the record's compact text (scan_record), which is read
 * member by member without a tree: of a field that is there twice the last one counts, as in json-c.
 *
 * Invariant: the list is sorted by (team, id) and holds nobody twice.
 */
#include "core/mentions.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

/* What a field holds: an id, an array of ids, an array of {"type", "id"}. */
enum kind { USER_ID, USER_IDS, TEAM_IDS, ASSIGNEES };

enum field { FIELD_ASSIGNEES, FIELD_ASSIGNEE_IDS, FIELD_TEAM_IDS, CREATOR, REQUESTER, COMPLETER, FIELDS };

#define NAME(text) text, sizeof(text) - 1
static const struct {
    const char *name;
    size_t len;
    enum kind kind;
} fields[FIELDS] = {
    [FIELD_ASSIGNEES] = {NAME("assignees"), ASSIGNEES},
    [FIELD_ASSIGNEE_IDS] = {NAME("assigneeIds"), USER_IDS},
    [FIELD_TEAM_IDS] = {NAME("teamIds"), TEAM_IDS},
    [CREATOR] = {NAME("creatorId"), USER_ID},
    [REQUESTER] = {NAME("requesterId"), USER_ID},
    [COMPLETER] = {NAME("completerId"), USER_ID},
};

/* Who did what the record itself says. */
struct roles {
    int64_t creator, completer;
};

/* --- the list --- */

/* Where it is, or belongs. */
static size_t place_of(const struct mentions *m, bool team, int64_t id)
{
    size_t low = 0, high = m->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct mention *at = &m->list[middle];
        if (at->team != team ? team : at->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct mentions *m, size_t place, bool team, int64_t id)
{
    return place < m->count && m->list[place].team == team && m->list[place].id == id;
}

static void add(struct mentions *m, bool team, int64_t id)
{
    size_t place = place_of(m, team, id);
    if (id <= 0 || is_at(m, place, team, id) || m->count == MENTIONS_MAX)
        return;
    if (m->count == m->capacity) {
        m->capacity = m->capacity == 0 ? 8 : 2 * m->capacity;
        m->list = realloc(m->list, m->capacity * sizeof *m->list);
    }
    memmove(m->list + place + 1, m->list + place, (m->count - place) * sizeof *m->list);
    m->list[place] = (struct mention){.id = id, .team = team};
    m->count++;
}

const struct mention *mentions_find(const struct mentions *m, bool team, int64_t id)
{
    size_t place = place_of(m, team, id);
    return is_at(m, place, team, id) ? &m->list[place] : NULL;
}

static void note_role(struct roles *roles, enum field field, int64_t id)
{
    if (field == CREATOR)
        roles->creator = id;
    else if (field == COMPLETER)
        roles->completer = id;
}

/* --- in a tree --- */

/* An id that fits, 0 for anything else. */
static int64_t id_of(struct json_object *value)
{
    if (!json_object_is_type(value, json_type_int) || json_object_get_uint64(value) > INT64_MAX)
        return 0;
    int64_t id = json_object_get_int64(value);
    return id > 0 ? id : 0;
}

static bool is_team(struct json_object *assignee)
{
    struct json_object *type = json_object_object_get(assignee, "type");
    return json_object_is_type(type, json_type_string) && strcmp(json_object_get_string(type), "TEAM") == 0;
}

static void add_value(struct mentions *m, enum kind kind, struct json_object *value)
{
    if (kind == USER_ID) {
        add(m, false, id_of(value));
        return;
    }
    size_t count = json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 0;
    for (size_t i = 0; i < count; i++) {
        struct json_object *one = json_object_array_get_idx(value, i);
        if (kind != ASSIGNEES)
            add(m, kind == TEAM_IDS, id_of(one));
        else if (json_object_is_type(one, json_type_object))
            add(m, is_team(one), id_of(json_object_object_get(one, "id")));
    }
}

static void collect_from_tree(struct json_object *doc, struct mentions *m, struct roles *roles)
{
    for (enum field field = 0; field < FIELDS; field++) {
        struct json_object *value = json_object_object_get(doc, fields[field].name);
        add_value(m, fields[field].kind, value);
        if (fields[field].kind == USER_ID)
            note_role(roles, field, id_of(value));
    }
}

static void collect_from_changes(struct json_object *changes, struct mentions *m)
{
    for (enum field field = 0; field < FIELDS; field++) {
        struct json_object *change = json_object_object_get(changes, fields[field].name);
        if (!json_object_is_type(change, json_type_object))
            continue;
        add_value(m, fields[field].kind, json_object_object_get(change, "from"));
        add_value(m, fields[field].kind, json_object_object_get(change, "to"));
    }
}

/* --- in compact text --- */

/* All of it lies before `end`; what is not as expected ends the reading. */
struct reader {
    const char *at, *end;
};

static bool take(struct reader *r, char c)
{
    if (r->at >= r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

/* From its opening quote to behind the closing one. Nearly all strings have no escape. */
static void skip_string(struct reader *r)
{
    const char *begin = r->at + 1;
    const char *quote = memchr(begin, '"', (size_t)(r->end - begin));
    if (quote != NULL && memchr(begin, '\\', (size_t)(quote - begin)) == NULL) {
        r->at = quote + 1;
        return;
    }
    for (r->at = begin; r->at < r->end && *r->at != '"'; r->at++)
        if (*r->at == '\\' && r->at + 1 < r->end)
            r->at++;
    if (r->at < r->end)
        r->at++;
}

static void skip_value(struct reader *r)
{
    int depth = 0;
    while (r->at < r->end) {
        char c = *r->at;
        if (c == '"') {
            skip_string(r);
            continue;
        }
        if (c == '{' || c == '[')
            depth++;
        else if (depth == 0 && (c == ',' || c == '}' || c == ']'))
            return;
        else if (c == '}' || c == ']')
            depth--;
        r->at++;
    }
}

/* A string: its bytes between the quotes, as they are written. */
static bool take_text(struct reader *r, const char **text, size_t *len)
{
    if (r->at >= r->end || *r->at != '"')
        return false;
    *text = r->at + 1;
    skip_string(r);
    if (r->at == r->end)
        return false; /* something always follows */
    *len = (size_t)(r->at - 1 - *text);
    return true;
}

/* A number is an id when it has digits alone; it is taken in any case. Returns 0 for what is no id. */
static int64_t take_id(struct reader *r)
{
    const char *begin = r->at;
    int64_t id = 0;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9' && r->at - begin < 18)
        id = id * 10 + (*r->at++ - '0');
    const char *behind = r->at;
    skip_value(r);
    return r->at == behind ? id : 0;
}

/* {"type":"TEAM","id":7,...} */
static void add_assignee(struct mentions *m, struct reader *r)
{
    const char *key, *type;
    size_t len, type_len;
    int64_t id = 0;
    bool team = false;
    if (!take(r, '{')) {
        skip_value(r);
        return;
    }
    while (take_text(r, &key, &len) && take(r, ':')) {
        if (len == 2 && memcmp(key, "id", 2) == 0) {
            id = take_id(r);
        } else if (len == 4 && memcmp(key, "type", 4) == 0) {
            team = take_text(r, &type, &type_len) && type_len == 4 && memcmp(type, "TEAM", 4) == 0;
            skip_value(r);
        } else {
            skip_value(r);
        }
        if (!take(r, ','))
            break;
    }
    take(r, '}');
    add(m, team, id);
}

static void add_text(struct mentions *m, enum kind kind, struct reader r)
{
    if (!take(&r, '[') || take(&r, ']'))
        return;
    do {
        if (kind == ASSIGNEES)
            add_assignee(m, &r);
        else
            add(m, kind == TEAM_IDS, take_id(&r));
    } while (take(&r, ','));
}

static enum field field_named(const char *name, size_t len)
{
    enum field field = 0;
    while (field < FIELDS && (fields[field].len != len || memcmp(fields[field].name, name, len) != 0))
        field++;
    return field;
}

static void collect_from_text(const char *json, size_t len, struct mentions *m, struct roles *roles)
{
    const char *found[FIELDS] = {NULL}, *key;
    struct reader r = {json, json + len};
    size_t key_len;
    if (!take(&r, '{'))
        return;
    while (take_text(&r, &key, &key_len) && take(&r, ':')) {
        enum field field = field_named(key, key_len);
        if (field < FIELDS)
            found[field] = r.at;
        skip_value(&r);
        if (!take(&r, ','))
            break;
    }
    for (enum field field = 0; field < FIELDS; field++) {
        struct reader value = {found[field], r.end};
        if (found[field] != NULL && fields[field].kind == USER_ID) {
            int64_t id = take_id(&value);
            add(m, false, id);
            note_role(roles, field, id);
        } else if (found[field] != NULL) {
            add_text(m, fields[field].kind, value);
        }
    }
}

/* --- both --- */

void mentions_collect(enum event_type type, const struct event_context *context, struct mentions *out)
{
    struct roles roles = {0};
    mentions_free(out);
    out->actor = context->actor > 0 ? context->actor : 0;
    if (context->doc != NULL)
        collect_from_tree(context->doc, out, &roles);
    else
        collect_from_text(context->json, context->json_len, out, &roles);
    if (context->changes != NULL)
        collect_from_changes(context->changes, out);
    if (out->actor == 0 && type == EVENT_COMPLETED)
        out->actor = roles.completer;
    if (out->actor == 0 && type == EVENT_CREATED)
        out->actor = roles.creator;
    add(out, false, out->actor);
}

void mentions_free(struct mentions *mentions)
{
    for (size_t i = 0; i < mentions->count; i++)
        free(mentions->list[i].name);
    free(mentions->list);
    *mentions = (struct mentions){0};
}
