#include "api/hooks.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"

enum { LONGEST_ID = 64, PATH_SIZE = LONGEST_ID + 64 };

static const char *const api_names[HOOKS_APIS] = {
    [HOOKS_SUBSCRIPTIONS] = "subscriptions",
    [HOOKS_WEBHOOKS] = "webhooks",
};

const char *hooks_api_name(enum hooks_api api)
{
    return api_names[api];
}

enum hooks_api hooks_api_named(const char *name)
{
    enum hooks_api api = 0;
    while (api < HOOKS_APIS && strcmp(api_names[api], name) != 0)
        api++;
    return api;
}

void hook_free(struct hook *hook)
{
    free(hook->id);
    free(hook->events);
    free(hook->url);
    free(hook->status);
    if (hook->secret != NULL)
        explicit_bzero(hook->secret, strlen(hook->secret));
    free(hook->secret);
    *hook = (struct hook){0};
}

const char *hooks_check_url(const char *url)
{
    if (strlen(url) > HOOKS_LONGEST_URL)
        return "it is longer than the 512 bytes that MaintainX takes";
    return http_check_url(url, false) != NULL
               ? "MaintainX calls https addresses only; write https://HOST/PATH"
               : NULL;
}

bool hooks_is_id(const char *id)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t len = strspn(id, allowed);
    return len > 0 && len <= LONGEST_ID && id[len] == '\0';
}

/* --- reading answers --- */

static int copy_text(struct json_object *from, const char *key, char **out)
{
    struct json_object *value = json_object_object_get(from, key);
    if (!json_object_is_type(value, json_type_string))
        return 0;
    *out = strdup(json_object_get_string(value));
    return *out != NULL ? 0 : -1;
}

/* An id may be a number or a text. */
static int copy_id(struct json_object *from, char **out)
{
    struct json_object *value = json_object_object_get(from, "id");
    if (json_object_is_type(value, json_type_string) || json_object_is_type(value, json_type_int)) {
        *out = strdup(json_object_get_string(value));
        return *out != NULL ? 0 : -1;
    }
    return 0;
}

/* `events` is a list, in the other spelling `type` is one. */
static int copy_events(struct json_object *from, char **out)
{
    struct json_object *list = json_object_object_get(from, "events");
    struct buffer joined = {0};
    if (!json_object_is_type(list, json_type_array))
        return copy_text(from, "type", out);
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        const char *event = json_object_get_string(json_object_array_get_idx(list, i));
        if (event != NULL && buffer_append_format(&joined, "%s%s", i > 0 ? " " : "", event) != 0) {
            buffer_free(&joined);
            return -1;
        }
    }
    *out = joined.data;
    return 0;
}

static int copy_hook(struct json_object *from, struct hook *out)
{
    if (copy_id(from, &out->id) != 0 || copy_events(from, &out->events) != 0 ||
        copy_text(from, "url", &out->url) != 0 || copy_text(from, "status", &out->status) != 0 ||
        copy_text(from, "secret", &out->secret) != 0)
        return -1;
    /* /webhooks has no status: what is there is valid */
    if (out->status == NULL)
        out->status = strdup("VALID");
    return out->status != NULL ? 0 : -1;
}

/* The body of an answer as an object; NULL with the error filled. */
static struct json_object *parse(struct http_call *call, const char *what, struct error *e)
{
    const struct buffer *body = http_body(call);
    struct json_object *answer = body->data != NULL ? json_tokener_parse(body->data) : NULL;
    if (json_object_is_type(answer, json_type_object))
        return answer;
    json_object_put(answer);
    fail(e, EXIT_PROTOCOL, "api: %s: the answer is no JSON object; check base_url in [api]", what);
    return NULL;
}

/* Takes one hook out of an answer; `from` NULL: it is not there. */
static enum client_reading take_hook(
    struct json_object *from, struct hook *out, const char *what, struct error *e)
{
    enum client_reading reading = CLIENT_REFUSED;
    if (!json_object_is_type(from, json_type_object))
        fail(e, EXIT_PROTOCOL, "api: %s: the answer holds no registration", what);
    else if (copy_hook(from, out) != 0)
        fail_memory(e, "api");
    else if (out->id == NULL || !hooks_is_id(out->id))
        fail(e, EXIT_PROTOCOL, "api: %s: the answer holds no id", what);
    else
        reading = CLIENT_TAKEN;
    if (reading != CLIENT_TAKEN)
        hook_free(out);
    return reading;
}

static enum client_reading read_registered(
    struct http_call *call, void *out, const char *what, struct error *e)
{
    struct json_object *answer = parse(call, what, e);
    enum client_reading reading = answer != NULL ? take_hook(answer, out, what, e) : CLIENT_REFUSED;
    json_object_put(answer);
    return reading;
}

/* {"subscription": {...}} */
static enum client_reading read_subscription(
    struct http_call *call, void *out, const char *what, struct error *e)
{
    struct json_object *answer = parse(call, what, e);
    enum client_reading reading = CLIENT_REFUSED;
    if (answer != NULL)
        reading = take_hook(json_object_object_get(answer, "subscription"), out, what, e);
    json_object_put(answer);
    return reading;
}

/* What is looked for in a list, and what was found: `found.id` stays NULL when it is not there. */
struct search {
    const char *id;
    struct hook found;
};

/* {"webhooks": [...]} */
static enum client_reading read_list(struct http_call *call, void *out, const char *what, struct error *e)
{
    struct search *search = out;
    struct json_object *answer = parse(call, what, e), *list;
    enum client_reading reading = CLIENT_TAKEN;
    if (answer == NULL)
        return CLIENT_REFUSED;
    list = json_object_object_get(answer, "webhooks");
    if (!json_object_is_type(list, json_type_array)) {
        fail(e, EXIT_PROTOCOL, "api: %s: the answer holds no list of webhooks", what);
        reading = CLIENT_REFUSED;
    }
    for (size_t i = 0; reading == CLIENT_TAKEN && i < json_object_array_length(list); i++) {
        struct json_object *one = json_object_array_get_idx(list, i);
        const char *id = json_object_get_string(json_object_object_get(one, "id"));
        if (id != NULL && strcmp(id, search->id) == 0) {
            reading = take_hook(one, &search->found, what, e);
            break;
        }
    }
    json_object_put(answer);
    return reading;
}

static enum client_reading read_secret(struct http_call *call, void *out, const char *what, struct error *e)
{
    struct json_object *answer = parse(call, what, e);
    char **secret = out;
    if (answer == NULL)
        return CLIENT_REFUSED;
    int rc = copy_text(answer, "secret", secret);
    json_object_put(answer);
    if (rc != 0)
        fail_memory(e, "api");
    else if (*secret == NULL)
        fail(e, EXIT_PROTOCOL, "api: %s: the answer holds no secret", what);
    return *secret != NULL ? CLIENT_TAKEN : CLIENT_REFUSED;
}

/* --- asking --- */

/* The body of a registration; NULL when memory ran out. */
static struct json_object *registration(
    enum hooks_api api, const char *const *events, size_t count, const char *url)
{
    struct json_object *body = json_object_new_object();
    struct json_object *part =
        api == HOOKS_SUBSCRIPTIONS ? json_object_new_object() : json_object_new_array();
    int rc = body != NULL ? json_give_text(body, "url", url) : -1;
    if (api == HOOKS_SUBSCRIPTIONS) {
        /* the whole work order in each delivery saves a request for it */
        if (rc == 0 && part != NULL)
            rc = json_give(part, "serializeEntity", json_object_new_boolean(1));
        if (rc == 0)
            rc = json_give_text(body, "type", events[0]);
    }
    for (size_t i = 0; api == HOOKS_WEBHOOKS && part != NULL && rc == 0 && i < count; i++)
        rc = json_object_array_add(part, json_object_new_string(events[i]));
    if (rc == 0)
        rc = json_give(body, api == HOOKS_SUBSCRIPTIONS ? "options" : "events", part);
    else
        json_object_put(part);
    if (rc == 0)
        return body;
    json_object_put(body);
    return NULL;
}

enum api_verdict hooks_register(struct client *client, enum hooks_api api, const char *const *events,
    size_t count, const char *url, struct hook *out, struct error *e)
{
    char path[PATH_SIZE], what[160];
    struct json_object *body = registration(api, events, count, url);
    const char *json = body != NULL ? json_object_to_json_string_ext(
                                          body, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)
                                    : NULL;
    enum api_verdict verdict = API_FAILED;
    *out = (struct hook){0};
    snprintf(path, sizeof path, "/%s", api_names[api]);
    snprintf(what, sizeof what, "registering %s at /%s", events[0], api_names[api]);
    if (json == NULL) {
        fail_memory(e, "api");
    } else {
        const struct client_request request = {.method = "POST",
            .path = path,
            .body = json,
            .what = what,
            .read = read_registered,
            .out = out,
            .once = true};
        verdict = client_ask(client, &request, NULL, e);
    }
    json_object_put(body);
    return verdict;
}

enum api_verdict hooks_get(
    struct client *client, enum hooks_api api, const char *id, struct hook *out, struct error *e)
{
    char path[PATH_SIZE], what[PATH_SIZE];
    struct search search = {.id = id};
    *out = (struct hook){0};
    snprintf(what, sizeof what, "%s %s", api == HOOKS_SUBSCRIPTIONS ? "subscription" : "webhook", id);
    if (api == HOOKS_SUBSCRIPTIONS) {
        snprintf(path, sizeof path, "/subscriptions/%s", id);
        const struct client_request request = {
            .method = "GET", .path = path, .what = what, .read = read_subscription, .out = out};
        return client_ask(client, &request, NULL, e);
    }
    const struct client_request request = {
        .method = "GET", .path = "/webhooks", .what = what, .read = read_list, .out = &search};
    enum api_verdict verdict = client_ask(client, &request, NULL, e);
    if (verdict == API_OK && search.found.id == NULL) {
        fail(e, EXIT_UNAVAILABLE, "api: %s: it is not in the server's list", what);
        return API_GONE;
    }
    *out = search.found;
    return verdict;
}

enum api_verdict hooks_delete(struct client *client, enum hooks_api api, const char *id, struct error *e)
{
    char path[PATH_SIZE], what[PATH_SIZE];
    snprintf(path, sizeof path, "/%s/%s", api_names[api], id);
    snprintf(
        what, sizeof what, "deleting %s %s", api == HOOKS_SUBSCRIPTIONS ? "subscription" : "webhook", id);
    const struct client_request request = {.method = "DELETE", .path = path, .what = what};
    return client_ask(client, &request, NULL, e);
}

enum api_verdict hooks_secret(struct client *client, const char *id, char **out, struct error *e)
{
    char path[PATH_SIZE], what[PATH_SIZE];
    *out = NULL;
    snprintf(path, sizeof path, "/subscriptions/%s/secret", id);
    snprintf(what, sizeof what, "the secret of subscription %s", id);
    const struct client_request request = {
        .method = "GET", .path = path, .what = what, .read = read_secret, .out = out};
    return client_ask(client, &request, NULL, e);
}
