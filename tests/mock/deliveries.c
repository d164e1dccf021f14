/*
 * Webhooks on command: an order is read into a form and checked, made into deliveries by the same code that
 * changes use, adjusted as the order says, sent, and answered with what came back.
 */
#include "deliveries.h"

#include <stdlib.h>
#include <string.h>

#include "announce.h"
#include "arguments.h"
#include "sender.h"

enum { REPEAT_MOST = 100000 };

static const char *const names[] = {"work_order", "event", "spelling", "serialize", "fields", "set", "before",
    "old_status", "user_id", "occurred_at", "body", "without", "url", "secret", "repeat", "event_id",
    "skew_ms", "unit", "headers", "raw", NULL};

/* One order, read. All is borrowed from its JSON. */
struct order_form {
    int64_t work_order, repeat, skew, user;
    const char *event, *spelling, *old_status, *occurred_at, *url, *secret, *event_id, *unit, *raw;
    json_object *fields, *set, *before, *body, *without, *headers;
    bool no_event_id, unsigned_;
    bool serialize, serialize_given;
    size_t raw_len;
};

static bool is_one_of(
    const char *name, const char *given, const char *one, const char *other, struct problem *p)
{
    return strcmp(given, one) == 0 || strcmp(given, other) == 0 ||
           problem_set(p, "%s: %s or %s", name, one, other);
}

/* A member that may be null: then *IS_NULL. */
static bool text_or_null(
    json_object *o, const char *name, const char **value, bool *is_null, struct problem *p)
{
    json_object *member;

    *is_null = json_object_object_get_ex(o, name, &member) && member == NULL;
    return *is_null || arguments_text(o, name, value, p);
}

static bool read_list(json_object *o, const char *name, json_object **value, struct problem *p)
{
    return !json_object_object_get_ex(o, name, value) || json_object_is_type(*value, json_type_array) ||
           problem_set(p, "%s: not a list", name);
}

/* Whether the work order is in the body, and which fields of it: `fields` is a list of names, or "id" for
 * none. */
static bool read_fields(struct order_form *f, json_object *o, struct problem *p)
{
    json_object *fields;

    f->serialize_given = json_object_object_get_ex(o, "serialize", NULL);
    if (!arguments_boolean(o, "serialize", &f->serialize, p))
        return false;
    if (!json_object_object_get_ex(o, "fields", &fields))
        return true;
    f->serialize_given = true;
    f->serialize = json_object_is_type(fields, json_type_array);
    f->fields = f->serialize ? fields : NULL;
    return f->serialize ||
           (json_object_is_type(fields, json_type_string) &&
               strcmp(json_object_get_string(fields), "id") == 0) ||
           problem_set(p, "fields: a list of names, or \"id\"");
}

static bool read_object(json_object *o, const char *name, json_object **value, struct problem *p)
{
    return !json_object_object_get_ex(o, name, value) || json_object_is_type(*value, json_type_object) ||
           problem_set(p, "%s: not a JSON object", name);
}

static bool read_form(struct order_form *f, json_object *o, struct problem *p)
{
    json_object *raw;

    *f = (struct order_form){.repeat = 1, .unit = "s"};
    if (!arguments_known(o, names, NULL, p) ||
        !arguments_integer(o, "work_order", &f->work_order, 1, INT64_MAX - 1, p) ||
        !arguments_integer(o, "repeat", &f->repeat, 1, REPEAT_MOST, p) ||
        !arguments_integer(o, "user_id", &f->user, 0, INT64_MAX, p) ||
        !arguments_integer(o, "skew_ms", &f->skew, -1000000000000, 1000000000000, p) ||
        !arguments_text(o, "event", &f->event, p) || !arguments_text(o, "spelling", &f->spelling, p) ||
        !arguments_text(o, "old_status", &f->old_status, p) ||
        !arguments_text(o, "occurred_at", &f->occurred_at, p) || !arguments_text(o, "url", &f->url, p) ||
        !text_or_null(o, "secret", &f->secret, &f->unsigned_, p) ||
        !text_or_null(o, "event_id", &f->event_id, &f->no_event_id, p) ||
        !arguments_text(o, "unit", &f->unit, p) || !arguments_text(o, "raw", &f->raw, p) ||
        !read_object(o, "set", &f->set, p) || !read_object(o, "before", &f->before, p) ||
        !read_object(o, "body", &f->body, p) || !read_object(o, "headers", &f->headers, p) ||
        !read_list(o, "without", &f->without, p) || !read_fields(f, o, p))
        return false;
    if (json_object_object_get_ex(o, "raw", &raw))
        f->raw_len = (size_t)json_object_get_string_len(raw);
    if (f->event == NULL)
        f->event = hook_name(HOOK_CREATED,
            f->spelling != NULL && strcmp(f->spelling, "brief") == 0 ? SPELLING_BRIEF : SPELLING_LIVE);
    if (f->spelling == NULL)
        f->spelling = hook_spelling(f->event) == SPELLING_BRIEF ? "brief" : "live";
    if (!is_one_of("spelling", f->spelling, "live", "brief", p) || !is_one_of("unit", f->unit, "s", "ms", p))
        return false;
    return f->work_order != 0 || f->raw != NULL || hook_is_foreign(f->event) ||
           problem_set(p, "work_order or raw is needed");
}

/* The work order as it is (the newest version, deleted ones too) with what is set over it; NULL: there is
 * none. The caller puts it. */
static json_object *find_document(struct mock *m, const struct order_form *f)
{
    const struct workorder *wo = store_newest(m->store, f->work_order);
    json_object *doc = wo != NULL ? store_document(m->store, wo) : NULL;

    if (f->set == NULL || f->work_order == 0)
        return doc;
    if (doc == NULL) {
        doc = json_object_new_object();
        json_object_object_add(doc, "id", json_object_new_int64(f->work_order));
    }
    json_object_object_foreach(f->set, name, value) json_object_object_add(doc, name, json_object_get(value));
    return doc;
}

/* The work order as it was: AFTER with what is ordered over it; NULL: not known. The caller puts it. */
static json_object *find_before(json_object *after, const struct order_form *f)
{
    json_object *doc = NULL;

    if (f->before == NULL && f->old_status == NULL)
        return NULL;
    if (after != NULL)
        json_object_deep_copy(after, &doc, NULL);
    else
        doc = json_object_new_object();
    if (f->before != NULL) {
        json_object_object_foreach(f->before, name, value)
            json_object_object_add(doc, name, json_object_get(value));
    }
    if (f->old_status != NULL)
        json_object_object_add(doc, "status", json_object_new_string(f->old_status));
    return doc;
}

/* What the order changes in each delivery that is made from it. */
static void adjust(struct delivery *d, const struct order_form *f)
{
    if (f->secret != NULL || f->unsigned_) {
        free(d->secret);
        d->secret = base_copy(f->secret);
    }
    if (f->event_id != NULL || f->no_event_id) {
        free(d->event_id);
        d->event_id = base_copy(f->event_id);
    }
    if (f->raw != NULL) {
        buffer_free(&d->body);
        buffer_add(&d->body, f->raw, f->raw_len);
    }
    d->milliseconds = strcmp(f->unit, "ms") == 0;
    d->skew = f->skew;
    d->headers = json_object_get(f->headers);
}

/* A delivery to a URL that need not be registered. */
static struct delivery *make_by_url(struct mock *m, const struct hook_news *news, const struct order_form *f)
{
    struct delivery *d = delivery_new(f->url, news->event);

    d->secret = base_copy(m->config.deliver.secret);
    d->spelling = news->spelling;
    d->work_order = news->id;
    d->event_id = news->spelling == SPELLING_BRIEF ? announce_event_id(m) : NULL;
    hook_body(news, &d->body);
    return d;
}

/* Appends what O orders at **END. */
static bool make(struct mock *m, json_object *o, struct delivery ***end, struct problem *p)
{
    struct delivery *made, *d;
    struct order_form f;
    struct hook_news news = {.occurred = mock_now(m), .spaced = m->config.json == JSON_SPACED};

    if (!read_form(&f, o, p))
        return false;
    if (f.occurred_at != NULL && !clock_parse(f.occurred_at, &news.occurred))
        return problem_set(p, "occurred_at: not an ISO 8601 date");
    news.event = f.event;
    news.spelling = strcmp(f.spelling, "brief") == 0 ? SPELLING_BRIEF : SPELLING_LIVE;
    news.id = f.work_order;
    news.serialize = f.serialize_given ? f.serialize : news.spelling == SPELLING_BRIEF;
    news.fields = f.fields;
    news.user = f.user;
    news.members = f.body;
    news.without = f.without;
    news.after = find_document(m, &f);
    news.before = find_before(news.after, &f);
    made = f.url != NULL ? make_by_url(m, &news, &f) : announce_make(m, &news, NULL, f.serialize_given);
    json_object_put(news.after);
    json_object_put(news.before);
    if (made == NULL)
        return problem_set(p, "nobody is registered for %s, and no url is given", f.event);
    while ((d = made) != NULL) {
        made = d->next;
        d->next = NULL;
        adjust(d, &f);
        for (int64_t i = 0; i < f.repeat; i++) {
            **end = i + 1 < f.repeat ? delivery_copy(d) : d;
            *end = &(**end)->next;
        }
    }
    return true;
}

static bool make_all(struct mock *m, json_object *orders, struct delivery **first, struct problem *p)
{
    struct delivery **end = first;

    if (!json_object_is_type(orders, json_type_array))
        return make(m, orders, &end, p);
    for (size_t i = 0; i < json_object_array_length(orders); i++)
        if (!make(m, json_object_array_get_idx(orders, i), &end, p))
            return false;
    return true;
}

static bool read_connections(const struct request *r, size_t *connections, struct problem *p)
{
    const char *text = request_param(r, "connections");
    size_t digits = text != NULL ? strspn(text, "0123456789") : 0;

    *connections =
        text != NULL && digits > 0 && digits < 4 && text[digits] == '\0' ? strtoul(text, NULL, 10) : 1;
    return text == NULL ||
           (digits > 0 && digits < 4 && text[digits] == '\0' && *connections >= 1 &&
               *connections <= SENDER_CONNECTIONS_MOST) ||
           problem_set(p, "connections: 1 to %d", SENDER_CONNECTIONS_MOST);
}

/* The deliveries as they would be sent, for a test that sends them in a way of its own. */
static json_object *unsent_json(const struct delivery *d, int64_t now)
{
    json_object *object = json_object_new_object();

    json_object_object_add(object, "url", json_object_new_string(d->url));
    json_object_object_add(object, "headers", delivery_headers(d, now));
    json_object_object_add(object, "body", json_object_new_string_len(d->body.data, (int)d->body.len));
    return object;
}

void deliveries_answer(struct mock *m, const struct request *r, struct answer *a)
{
    struct problem p = {""};
    json_object *orders = arguments_parse(r->body.data, r->body.len, &p), *result, *list;
    bool unsent = request_param(r, "unsent") != NULL, ok = orders != NULL;
    struct delivery *first = NULL;
    size_t connections;
    struct config c;

    pthread_mutex_lock(&m->lock);
    c = m->config;
    ok = ok && read_connections(r, &connections, &p) && make_all(m, orders, &first, &p);
    pthread_mutex_unlock(&m->lock);
    if (ok && !unsent)
        sender_send(first, connections, c.deliver.timeout_ms, c.clock_skew_ms);
    if (ok) {
        result = json_object_new_object();
        list = json_object_new_array();
        for (const struct delivery *d = first; d != NULL; d = d->next)
            json_object_array_add(
                list, unsent ? unsent_json(d, clock_now() + c.clock_skew_ms) : delivery_json(d));
        json_object_object_add(result, "ok", json_object_new_boolean(true));
        json_object_object_add(result, "deliveries", list);
        answer_json(a, 200, result);
    } else {
        answer_error(a, 400, p.text);
    }
    delivery_free_all(first);
    json_object_put(orders);
}
