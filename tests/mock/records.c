/*
 * Users, teams and locations, each a list of JSON objects in the order of their ids, and comments: an object
 * of such lists, by the id of their work order. They page by keyset cursors, as the work orders do.
 *
 * Invariant: a record has an integer `id`, and no two of a list have the same.
 */
#include "records.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "cursor.h"
#include "expand.h"
#include "generator.h"
#include "paging.h"
#include "words.h"

enum { FIRST_COMMENT = 40001 };
enum list { LIST_USERS, LIST_TEAMS, LIST_LOCATIONS, LIST__MAX };

static const char *const list_names[LIST__MAX + 1] = {"users", "teams", "locations", NULL};

struct records {
    json_object *lists[LIST__MAX];
    json_object *comments; /* {"100007": [...]} */
    int64_t next_comment;
};

static void add_text(json_object *record, const char *name, const char *text)
{
    json_object_object_add(record, name, json_object_new_string(text));
}

static json_object *new_record(int64_t id)
{
    json_object *record = json_object_new_object();

    json_object_object_add(record, "id", json_object_new_int64(id));
    return record;
}

static json_object *make_users(void)
{
    static const char *const first[] = {"Ann", "Bela", "Carlos", "Dana", "Emre", "Fatima", "George", "Hana",
        "Ivan", "Jo\u00e3o", "Kim", "Lars", "Maria", "Noor", "Olga", "Pedro", "Quinn", "Rosa", "Sven",
        "Tariq"};
    static const char *const last[] = {"Abbott", "Baker", "Costa", "Dvorak", "Eriksen", "Fischer", "Garcia",
        "Hughes", "Ito", "Jansen", "Kaya", "Lopez", "Lee", "M\u00fcller", "Novak"};
    static const char *const roles[] = {"ADMIN", "MEMBER", "OPERATOR"};
    json_object *list = json_object_new_array(), *user;
    char email[64];

    for (size_t i = 0; i < GENERATOR_USERS; i++) {
        user = new_record(GENERATOR_FIRST_USER + (int64_t)i);
        add_text(user, "firstName", first[i % COUNT_OF(first)]);
        add_text(user, "lastName", last[(i * 7 + i / COUNT_OF(first)) % COUNT_OF(last)]);
        snprintf(email, sizeof(email), "user%zu@example.com", GENERATOR_FIRST_USER + i);
        add_text(user, "email", email);
        add_text(user, "authType", "NORMAL");
        add_text(user, "role", roles[i > 0 ? 1 + i % 2 : 0]);
        json_object_array_add(list, user);
    }
    return list;
}

static json_object *make_teams(void)
{
    static const char *const names[GENERATOR_TEAMS] = {"Mechanics", "Electricians", "Night shift", "Line 1",
        "Line 2", "Building services", "Safety", "Contractors"};
    json_object *list = json_object_new_array(), *team;

    for (size_t i = 0; i < GENERATOR_TEAMS; i++) {
        team = new_record(GENERATOR_FIRST_TEAM + (int64_t)i);
        add_text(team, "name", names[i]);
        json_object_array_add(list, team);
    }
    return list;
}

static json_object *make_locations(void)
{
    json_object *list = json_object_new_array(), *location;

    for (size_t i = 0; i < WORDS_LOCATIONS; i++) {
        location = new_record(GENERATOR_FIRST_LOCATION + (int64_t)i);
        json_object_object_add(location, "name",
            json_object_new_string_len(words_locations[i].text, (int)words_locations[i].len));
        add_text(location, "createdAt", "2020-01-06T08:00:00.000Z");
        add_text(location, "updatedAt", "2021-03-01T08:00:00.000Z");
        json_object_object_add(location, "organizationId", json_object_new_int(1001));
        json_object_array_add(list, location);
    }
    return list;
}

struct records *records_new(void)
{
    struct records *s = base_alloc(1, sizeof(*s));

    s->lists[LIST_USERS] = make_users();
    s->lists[LIST_TEAMS] = make_teams();
    s->lists[LIST_LOCATIONS] = make_locations();
    s->comments = json_object_new_object();
    s->next_comment = FIRST_COMMENT;
    return s;
}

void records_free(struct records *s)
{
    if (s == NULL)
        return;
    for (int i = 0; i < LIST__MAX; i++)
        json_object_put(s->lists[i]);
    json_object_put(s->comments);
    free(s);
}

static int64_t id_of(json_object *record)
{
    json_object *id = NULL;

    json_object_object_get_ex(record, "id", &id);
    return json_object_get_int64(id);
}

static int compare(const void *a, const void *b)
{
    int64_t x = id_of(*(json_object *const *)a), y = id_of(*(json_object *const *)b);

    return (x > y) - (x < y);
}

/* LIST without the record of that id. */
static void take_out(json_object *list, int64_t id)
{
    for (size_t i = json_object_array_length(list); i > 0; i--)
        if (id_of(json_object_array_get_idx(list, i - 1)) == id)
            json_object_array_del_idx(list, i - 1, 1);
}

/* Whether each name of COMMAND that is a list's has a list of items: records (objects with an id), or ids. */
static bool check(json_object *command, bool records, struct problem *p)
{
    json_object *items, *id;

    for (int l = 0; l < LIST__MAX; l++) {
        if (!json_object_object_get_ex(command, list_names[l], &items))
            continue;
        if (!json_object_is_type(items, json_type_array))
            return problem_set(p, "%s: not a list", list_names[l]);
        for (size_t i = 0; i < json_object_array_length(items); i++) {
            id = json_object_array_get_idx(items, i);
            if (records && !json_object_object_get_ex(id, "id", &id))
                return problem_set(p, "%s: a record needs an id", list_names[l]);
            if (!json_object_is_type(id, json_type_int))
                return problem_set(p, "%s: an id is an integer", list_names[l]);
        }
    }
    return true;
}

bool records_set(struct records *s, json_object *command, struct problem *p)
{
    static const char *const more[] = {"remove", NULL};
    json_object *remove = NULL, *items;

    if (!arguments_known(command, list_names, more, p))
        return false;
    if (json_object_object_get_ex(command, "remove", &remove) &&
        (!arguments_known(remove, list_names, NULL, p) || !check(remove, false, p)))
        return false;
    if (!check(command, true, p))
        return false;
    for (int l = 0; l < LIST__MAX; l++) {
        if (remove != NULL && json_object_object_get_ex(remove, list_names[l], &items))
            for (size_t i = 0; i < json_object_array_length(items); i++)
                take_out(s->lists[l], json_object_get_int64(json_object_array_get_idx(items, i)));
        if (!json_object_object_get_ex(command, list_names[l], &items))
            continue;
        for (size_t i = 0; i < json_object_array_length(items); i++) {
            json_object *record = json_object_array_get_idx(items, i);

            take_out(s->lists[l], id_of(record));
            json_object_array_add(s->lists[l], json_object_get(record));
        }
        json_object_array_sort(s->lists[l], compare);
    }
    return true;
}

int64_t records_comment(
    struct records *s, int64_t work_order, int64_t author, const char *content, const char *created)
{
    json_object *comment = new_record(s->next_comment), *list;
    char key[24];

    json_object_object_add(comment, "authorId", json_object_new_int64(author));
    add_text(comment, "content", content);
    add_text(comment, "createdAt", created);
    snprintf(key, sizeof(key), "%" PRId64, work_order);
    if (!json_object_object_get_ex(s->comments, key, &list)) {
        list = json_object_new_array();
        json_object_object_add(s->comments, key, list);
    }
    json_object_array_add(list, comment);
    return s->next_comment++;
}

/* Appends RECORD as a list shows it: without nulls, and a role only if it is asked for. */
static void write_record(struct buffer *out, json_object *record, bool with_role)
{
    json_object *shown = NULL;

    json_object_deep_copy(record, &shown, NULL);
    if (!with_role)
        json_object_object_del(shown, "role");
    expand_strip_nulls(shown);
    buffer_text(
        out, json_object_to_json_string_ext(shown, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(shown);
}

static bool expands_role(const struct request *r)
{
    for (size_t i = 0; i < r->nparams; i++)
        if (strcmp(r->params[i].name, "expand") == 0 && strcmp(r->params[i].value, "role") == 0)
            return true;
    return false;
}

/* A page of LIST (NULL: it is empty), whose records are called NAME. */
static void answer_page(json_object *list, const char *name, const struct request *r, const struct config *c,
    const char *base_url, struct answer *a)
{
    size_t n = list != NULL ? json_object_array_length(list) : 0, limit, written = 0;
    const char *given = request_param(r, "cursor");
    struct cursor cursor = {.order = {KEY_ID, false}, .issued = clock_now()};
    char next[CURSOR_LENGTH];
    bool more = false;

    if (!paging_limit(&limit, r, c, a))
        return;
    if (given != NULL && !cursor_read(&cursor, given)) {
        answer_error(a, 400, "cursor is invalid.");
        return;
    }
    a->status = 200;
    a->content_type = "application/json; charset=utf-8";
    buffer_text(&a->body, "{\"");
    buffer_text(&a->body, name);
    buffer_text(&a->body, "\":[");
    for (size_t i = 0; i < n && !more; i++) {
        json_object *record = json_object_array_get_idx(list, i);

        if (given != NULL && id_of(record) <= cursor.last.id && written == 0)
            continue;
        more = written == limit;
        if (more)
            break;
        if (written++ > 0)
            buffer_text(&a->body, ",");
        write_record(&a->body, record, expands_role(r));
        cursor.last = (struct position){id_of(record), id_of(record)};
    }
    cursor_write(&cursor, next);
    paging_end(&a->body, base_url, r, more ? next : NULL);
}

bool records_answer(const struct records *s, const struct request *r, const struct config *c,
    const char *base_url, struct answer *a)
{
    static const char root[] = "/v1/";

    for (int l = 0; strcmp(r->method, "GET") == 0 && l < LIST__MAX; l++) {
        if (base_starts(r->path, root) && strcmp(r->path + sizeof(root) - 1, list_names[l]) == 0) {
            answer_page(s->lists[l], list_names[l], r, c, base_url, a);
            return true;
        }
    }
    return false;
}

void records_answer_comments(const struct records *s, int64_t work_order, const struct request *r,
    const struct config *c, const char *base_url, struct answer *a)
{
    json_object *list = NULL;
    char key[24];

    snprintf(key, sizeof(key), "%" PRId64, work_order);
    json_object_object_get_ex(s->comments, key, &list);
    answer_page(list, "comments", r, c, base_url, a);
}
