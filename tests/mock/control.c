/*
 * The control interface: a table of paths and functions, each of which runs under the mock's lock with its
 * JSON and adds to the answer. Webhooks on command are apart (deliveries.c): they are sent without the lock.
 */
#include "control.h"

#include <stdlib.h>
#include <string.h>

#include "announce.h"
#include "arguments.h"
#include "comment.h"
#include "deliveries.h"
#include "fault_answer.h"
#include "truth.h"

/* One control request: BODY is NULL where none was sent, RESULT becomes the answer with "ok" added. Returns
 * false with the reason. */
typedef bool control_function(struct mock *m, json_object *body, json_object *result, struct problem *p);

static bool set_config(struct mock *m, json_object *body, json_object *result, struct problem *p)
{
    (void)result;
    if (!config_merge(&m->config, body, p))
        return false;
    if (json_object_object_get_ex(body, "rate_limit", NULL))
        m->limiter = (struct limiter){0};
    return true;
}

static bool get_config(struct mock *m, json_object *body, json_object *result, struct problem *p)
{
    (void)body;
    (void)p;
    json_object_object_add(result, "config", config_json(&m->config));
    return true;
}

static bool change_workorders(struct mock *m, json_object *body, json_object *result, struct problem *p)
{
    struct change_listener listener;
    struct change_world world = announce_world(m, &listener);

    return change_apply(&world, body, result, p);
}

static bool set_records(struct mock *m, json_object *body, json_object *result, struct problem *p)
{
    (void)result;
    return records_set(m->records, body, p);
}

/* `order`: "made" (the default), "reversed", or places in the order of the changes, from 0. */
static bool release_deliveries(struct mock *m, json_object *body, json_object *result, struct problem *p)
{
    static const char *const names[] = {"order", NULL};
    size_t held = outbox_held(m->outbox), n = held, *order;
    json_object *given = NULL;
    const char *word;
    bool reversed;

    if (!arguments_known(body, names, NULL, p))
        return false;
    json_object_object_get_ex(body, "order", &given);
    word = json_object_is_type(given, json_type_string) ? json_object_get_string(given) : "made";
    reversed = strcmp(word, "reversed") == 0;
    if (!reversed && strcmp(word, "made") != 0)
        return problem_set(p, "order: made, reversed, or a list of places");
    if (json_object_is_type(given, json_type_array))
        n = json_object_array_length(given);
    order = base_alloc(n + 1, sizeof(*order));
    for (size_t i = 0; i < n; i++) {
        order[i] = reversed ? n - 1 - i : i;
        if (json_object_is_type(given, json_type_array))
            order[i] = (size_t)json_object_get_int64(json_object_array_get_idx(given, i));
        if (order[i] >= held) {
            free(order);
            return problem_set(p, "order: only %zu are held", held);
        }
    }
    outbox_release(m->outbox, order, n);
    free(order);
    json_object_object_add(result, "released", json_object_new_int64((int64_t)n));
    return true;
}

static bool set_script(struct mock *m, json_object *body, json_object *result, struct problem *p)
{
    (void)result;
    return script_set(&m->script, body, p);
}

static bool add_faults(struct mock *m, json_object *body, json_object *result, struct problem *p)
{
    (void)result;
    return faults_add(&m->faults, body, NULL, p);
}

static bool clear_faults(struct mock *m, json_object *body, json_object *result, struct problem *p)
{
    (void)body;
    (void)result;
    (void)p;
    faults_clear(&m->faults);
    faults_clear(&m->sink_faults);
    return true;
}

static bool add_sink_faults(struct mock *m, json_object *body, json_object *result, struct problem *p)
{
    (void)result;
    return faults_add(&m->sink_faults, body, "/sink/", p);
}

static bool get_state(struct mock *m, json_object *body, json_object *result, struct problem *p)
{
    json_object *state = journal_json(m->journal);

    (void)body;
    (void)p;
    json_object_object_add(result, "script", script_json(&m->script));
    json_object_object_add(result, "deliveries", outbox_json(m->outbox));
    json_object_object_foreach(state, name, value)
        json_object_object_add(result, name, json_object_get(value));
    json_object_put(state);
    return true;
}

static bool reset_state(struct mock *m, json_object *body, json_object *result, struct problem *p)
{
    (void)body;
    (void)result;
    (void)p;
    journal_reset(m->journal);
    outbox_reset(m->outbox);
    return true;
}

struct control {
    const char *method, *path;
    control_function *run;
    bool needs_body;
};

static const struct control controls[] = {
    {"POST", "/mock/config", set_config, true},
    {"GET", "/mock/config", get_config, false},
    {"POST", "/mock/workorders", change_workorders, true},
    {"POST", "/mock/records", set_records, true},
    {"POST", "/mock/comments", comment_add, true},
    {"POST", "/mock/deliveries/release", release_deliveries, true},
    {"POST", "/mock/script", set_script, true},
    {"POST", "/mock/faults", add_faults, true},
    {"POST", "/mock/faults/clear", clear_faults, false},
    {"POST", "/mock/sink-faults", add_sink_faults, true},
    {"GET", "/mock/state", get_state, false},
    {"POST", "/mock/state/reset", reset_state, false},
};

static void run_control(
    const struct control *control, struct mock *m, const struct request *r, struct answer *a)
{
    json_object *body = NULL, *result = json_object_new_object();
    struct problem p = {""};

    if (r->body_too_large)
        problem_set(&p, "the body is too large");
    else if (control->needs_body)
        body = arguments_parse(r->body.data, r->body.len, &p);
    if (p.text[0] == '\0' && control->run(m, body, result, &p)) {
        json_object_object_add(result, "ok", json_object_new_boolean(true));
        answer_json(a, 200, json_object_get(result));
    } else {
        answer_error(a, 400, p.text);
    }
    json_object_put(result);
    json_object_put(body);
}

static void answer_sink(struct mock *m, const struct request *r, const char *name, struct answer *a)
{
    json_object *result;

    if (strcmp(r->method, "GET") == 0) {
        answer_json(a, 200, sinks_json(m->sinks, name));
    } else if (strcmp(r->method, "DELETE") == 0) {
        sinks_empty(m->sinks, name);
        result = json_object_new_object();
        json_object_object_add(result, "ok", json_object_new_boolean(true));
        answer_json(a, 200, result);
    } else {
        answer_error(a, 404, "a sink takes GET and DELETE");
    }
}

void control_answer(struct mock *m, const struct request *r, struct answer *a)
{
    static const char sink[] = "/mock/sink/";
    const struct control *control = NULL;

    for (size_t i = 0; i < COUNT_OF(controls); i++)
        if (request_is(r, controls[i].method, controls[i].path))
            control = &controls[i];
    if (request_is(r, "GET", "/mock/truth")) {
        a->status = 200;
        a->content_type = "application/x-ndjson";
        a->stream = truth_stream(m);
        return;
    }
    if (request_is(r, "POST", "/mock/deliveries")) {
        deliveries_answer(m, r, a);
        return;
    }
    pthread_mutex_lock(&m->lock);
    store_settle(m->store, clock_steady());
    if (control != NULL)
        run_control(control, m, r, a);
    else if (base_starts(r->path, sink))
        answer_sink(m, r, r->path + sizeof(sink) - 1, a);
    else
        answer_error(a, 404, "no such control; tests/mock/README.md lists them");
    pthread_mutex_unlock(&m->lock);
}

void control_sink(struct mock *m, const struct request *r, struct answer *a)
{
    struct fault_hit hit;
    bool hit_it, spoils;

    pthread_mutex_lock(&m->lock);
    sinks_keep(m->sinks, r);
    hit_it = faults_take(&m->sink_faults, r, NULL, &hit);
    spoils = hit_it && fault_spoils(hit.kind);
    if (!hit_it || spoils) {
        a->status = 200;
        a->content_type = "application/json; charset=utf-8";
        buffer_text(&a->body, "{\"ok\":true}");
    }
    if (hit_it) {
        fault_answer(&hit, r, m->base_url, a);
        fault_hit_free(&hit);
    }
    pthread_mutex_unlock(&m->lock);
}
