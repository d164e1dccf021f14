#include "comment.h"

#include <inttypes.h>

#include "announce.h"
#include "arguments.h"
#include "generator.h"

struct form {
    int64_t work_order, author;
    const char *content, *type, *url, *occurred;
    int64_t when;
};

static bool read_form(struct form *f, json_object *given, struct problem *p)
{
    static const char *const names[] = {
        "work_order", "content", "authorId", "type", "url", "occurredAt", NULL};

    f->author = GENERATOR_FIRST_USER;
    f->content = "";
    f->type = "TEXT";
    if (!arguments_known(given, names, NULL, p) ||
        !arguments_integer(given, "work_order", &f->work_order, 1, INT64_MAX - 1, p) ||
        !arguments_integer(given, "authorId", &f->author, 1, INT64_MAX, p) ||
        !arguments_text(given, "content", &f->content, p) || !arguments_text(given, "type", &f->type, p) ||
        !arguments_text(given, "url", &f->url, p) || !arguments_text(given, "occurredAt", &f->occurred, p))
        return false;
    return f->occurred == NULL || clock_parse(f->occurred, &f->when) ||
           problem_set(p, "occurredAt: not an ISO 8601 date");
}

/* lastMessageSentAt moves, and nothing else. */
static bool touch(struct mock *m, const struct form *f, const char *when, struct problem *p)
{
    const struct change_world w = {.store = m->store, .now = mock_now(m), .lag_ms = m->config.list_lag_ms};
    json_object *command = json_object_new_object(), *list = json_object_new_array(),
                *fields = json_object_new_object(), *unused = json_object_new_object();
    bool ok;

    json_object_object_add(fields, "id", json_object_new_int64(f->work_order));
    json_object_object_add(fields, "lastMessageSentAt", json_object_new_string(when));
    json_object_object_add(fields, "_keep_updatedAt", json_object_new_boolean(true));
    json_object_array_add(list, fields);
    json_object_object_add(command, "update", list);
    ok = change_apply(&w, command, unused, p);
    json_object_put(command);
    json_object_put(unused);
    return ok;
}

static void tell(struct mock *m, const struct form *f)
{
    struct hook_news news = {.event = hook_name(HOOK_COMMENT, SPELLING_LIVE),
        .spelling = SPELLING_LIVE,
        .id = f->work_order,
        .occurred = f->when,
        .after = store_document(m->store, store_newest(m->store, f->work_order)),
        .members = json_object_new_object()};

    json_object_object_add(news.members, "type", json_object_new_string(f->type));
    json_object_object_add(news.members, "comment", json_object_new_string(f->content));
    if (f->url != NULL)
        json_object_object_add(news.members, "url", json_object_new_string(f->url));
    announce_news(m, &news);
    json_object_put(news.after);
    json_object_put(news.members);
}

bool comment_add(struct mock *m, json_object *list, json_object *result, struct problem *p)
{
    json_object *ids = json_object_new_array();

    json_object_object_add(result, "comments", ids);
    if (!json_object_is_type(list, json_type_array))
        return problem_set(p, "a list of comments is needed");
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        char when[CLOCK_ISO_LENGTH + 1] = "";
        struct form f = {.when = mock_now(m)};

        if (!read_form(&f, json_object_array_get_idx(list, i), p))
            return false;
        clock_iso(f.when, when);
        if (!touch(m, &f, when, p))
            return false;
        json_object_array_add(
            ids, json_object_new_int64(records_comment(m->records, f.work_order, f.author, f.content, when)));
        tell(m, &f);
    }
    return true;
}
