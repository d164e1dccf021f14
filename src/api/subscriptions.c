/*
 * subscriptions: the requests of both spellings, and the reading of their answers.
 *
 * Ids come as numbers or as texts and are kept as texts; one becomes part of a path only after
 * api_subscription_is_id. What an answer leaves out is NULL. An answer that is not as documented breaks the
 * protocol (EX_PROTOCOL), and the message says what it lacks.
 */
#include "api/subscriptions.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/json_parse.h"

enum { LONGEST_ID = 64, PATH_SIZE = LONGEST_ID + 64 };

static const char *const api_names[SUBSCRIPTION_APIS] = {
    [API_SUBSCRIPTIONS] = "subscriptions",
    [API_WEBHOOKS] = "webhooks",
};

const char *subscription_api_name(enum subscription_api api)
{
    return api_names[api];
}

enum subscription_api subscription_api_named(const char *name)
{
    enum subscription_api api = 0;
    while (api < SUBSCRIPTION_APIS && strcmp(api_names[api], name) != 0)
        api++;
    return api;
}

void api_subscription_free(struct api_subscription *hook)
{
    free(hook->id);
    free(hook->events);
    free(hook->url);
    free(hook->status);
    if (hook->secret != NULL)
        explicit_bzero(hook->secret, strlen(hook->secret));
    free(hook->secret);
    *hook = (struct api_subscription){0};
}

const char *api_subscription_check_url(const char *url)
{
    if (strlen(url) > SUBSCRIPTION_MAX_URL)
        return "it is longer than the 512 bytes that MaintainX takes";
    return http_check_url(url, false) != NULL
               ? "MaintainX calls https addresses only; write https://HOST/PATH"
               : NULL;
}

bool api_subscription_is_id(const char *id)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t len = strspn(id, allowed);
    return len > 0 && len <= LONGEST_ID && id[len] == '\0';
}

/* --- reading answers --- */

static void copy_text(struct json_object *from, const char *key, char **out)
{
    struct json_object *value = json_object_object_get(from, key);
    if (json_object_is_type(value, json_type_string))
        *out = strdup(json_object_get_string(value));
}

/* An id may be a number or a text. */
static void copy_id(struct json_object *from, char **out)
{
    struct json_object *value = json_object_object_get(from, "id");
    if (json_object_is_type(value, json_type_string) || json_object_is_type(value, json_type_int))
        *out = strdup(json_object_get_string(value));
}

/* `events` is a list, in the other spelling `type` is one. */
static void copy_events(struct json_object *from, char **out)
{
    struct json_object *list = json_object_object_get(from, "events");
    struct buffer joined = {0};
    if (!json_object_is_type(list, json_type_array)) {
        copy_text(from, "type", out);
        return;
    }
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        const char *event = json_object_get_string(json_object_array_get_idx(list, i));
        if (event != NULL)
            buffer_append_format(&joined, "%s%s", i > 0 ? " " : "", event);
    }
    *out = joined.data;
}

static void copy_hook(struct json_object *from, struct api_subscription *out)
{
    copy_id(from, &out->id);
    copy_events(from, &out->events);
    copy_text(from, "url", &out->url);
    copy_text(from, "status", &out->status);
    copy_text(from, "secret", &out->secret);
    /* /webhooks has no status: what is there is valid */
    if (out->status == NULL)
        out->status = strdup("VALID");
}

/* The body of an answer as an object; NULL with the error filled. */
static struct json_object *parse(struct http_call *call, const char *what, struct error *e)
{
    const struct buffer *body = http_body(call);
    enum json_fault fault;
    struct json_object *answer = json_parse(body->data, body->len, JSON_PARSE_DEPTH, &fault);
    if (json_object_is_type(answer, json_type_object))
        return answer;
    json_object_put(answer);
    fail(e, EX_PROTOCOL, "api: %s: the answer is no JSON object; check base_url in [api]", what);
    return NULL;
}

/* Takes one hook out of an answer; `from` NULL: it is not there. */
static enum body_status take_hook(
    struct json_object *from, struct api_subscription *out, const char *what, struct error *e)
{
    if (!json_object_is_type(from, json_type_object)) {
        fail(e, EX_PROTOCOL, "api: %s: the answer holds no registration; check base_url in [api]", what);
        return CLIENT_REFUSED;
    }
    copy_hook(from, out);
    if (out->id != NULL && api_subscription_is_id(out->id))
        return CLIENT_TAKEN;
    fail(e, EX_PROTOCOL, "api: %s: the answer holds no id; check base_url in [api]", what);
    api_subscription_free(out);
    return CLIENT_REFUSED;
}

static enum body_status read_registered(struct http_call *call, void *out, const char *what, struct error *e)
{
    struct json_object *answer = parse(call, what, e);
    enum body_status reading = answer != NULL ? take_hook(answer, out, what, e) : CLIENT_REFUSED;
    json_object_put(answer);
    return reading;
}

/* {"subscription": {...}} */
static enum body_status read_subscription(
    struct http_call *call, void *out, const char *what, struct error *e)
{
    struct json_object *answer = parse(call, what, e);
    enum body_status reading = CLIENT_REFUSED;
    if (answer != NULL)
        reading = take_hook(json_object_object_get(answer, "subscription"), out, what, e);
    json_object_put(answer);
    return reading;
}

/* What is looked for in a list, and what was found: `found.id` stays NULL when it is not there. */
struct search {
    const char *id;
    struct api_subscription found;
};

/* {"webhooks": [...]} */
static enum body_status read_list(struct http_call *call, void *out, const char *what, struct error *e)
{
    struct search *search = out;
    struct json_object *answer = parse(call, what, e), *list;
    enum body_status reading = CLIENT_TAKEN;
    if (answer == NULL)
        return CLIENT_REFUSED;
    list = json_object_object_get(answer, "webhooks");
    if (!json_object_is_type(list, json_type_array)) {
        fail(e, EX_PROTOCOL, "api: %s: the answer holds no list of webhooks; check base_url in [api]", what);
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

static enum body_status read_secret(struct http_call *call, void *out, const char *what, struct error *e)
{
    struct json_object *answer = parse(call, what, e);
    char **secret = out;
    if (answer == NULL)
        return CLIENT_REFUSED;
    copy_text(answer, "secret", secret);
    json_object_put(answer);
    if (*secret != NULL)
        return CLIENT_TAKEN;
    fail(e, EX_PROTOCOL, "api: %s: the answer holds no secret; check base_url in [api]", what);
    return CLIENT_REFUSED;
}

/* --- asking --- */

/* The body of a registration. */
static struct json_object *registration(
    enum subscription_api api, const char *const *events, size_t count, const char *url)
{
    struct json_object *body = json_object_new_object();
    json_give_text(body, "url", url);
    if (api == API_SUBSCRIPTIONS) {
        /* what could be asked for besides lacks the status and all dates: the work order is read anyway */
        json_give_text(body, "type", events[0]);
    } else {
        struct json_object *list = json_object_new_array();
        for (size_t i = 0; i < count; i++)
            json_object_array_add(list, json_object_new_string(events[i]));
        json_object_object_add(body, "events", list);
    }
    return body;
}

enum api_status api_subscription_register(struct client *client, enum subscription_api api,
    const char *const *events, size_t count, const char *url, struct api_subscription *out, struct error *e)
{
    char path[PATH_SIZE], what[160];
    struct json_object *body = registration(api, events, count, url);
    *out = (struct api_subscription){0};
    snprintf(path, sizeof path, "/%s", api_names[api]);
    snprintf(what, sizeof what, "registering %s at /%s", events[0], api_names[api]);
    const struct client_request request = {.method = "POST",
        .path = path,
        .body = json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
        .what = what,
        .read = read_registered,
        .out = out,
        .once = true};
    enum api_status status = client_request(client, &request, NULL, e);
    json_object_put(body);
    return status;
}

enum api_status api_subscription_get(struct client *client, enum subscription_api api, const char *id,
    struct api_subscription *out, struct error *e)
{
    char path[PATH_SIZE], what[PATH_SIZE];
    struct search search = {.id = id};
    *out = (struct api_subscription){0};
    snprintf(what, sizeof what, "%s %s", api == API_SUBSCRIPTIONS ? "subscription" : "webhook", id);
    if (api == API_SUBSCRIPTIONS) {
        snprintf(path, sizeof path, "/subscriptions/%s", id);
        const struct client_request request = {
            .method = "GET", .path = path, .what = what, .read = read_subscription, .out = out};
        return client_request(client, &request, NULL, e);
    }
    const struct client_request request = {
        .method = "GET", .path = "/webhooks", .what = what, .read = read_list, .out = &search};
    enum api_status status = client_request(client, &request, NULL, e);
    if (status == API_OK && search.found.id == NULL) {
        fail(e, EX_UNAVAILABLE, "api: %s: it is not in the server's list", what);
        return API_GONE;
    }
    *out = search.found;
    return status;
}

enum api_status api_subscription_delete(
    struct client *client, enum subscription_api api, const char *id, struct error *e)
{
    char path[PATH_SIZE], what[PATH_SIZE];
    snprintf(path, sizeof path, "/%s/%s", api_names[api], id);
    snprintf(what, sizeof what, "deleting %s %s", api == API_SUBSCRIPTIONS ? "subscription" : "webhook", id);
    const struct client_request request = {.method = "DELETE", .path = path, .what = what};
    return client_request(client, &request, NULL, e);
}

enum api_status api_subscription_secret(struct client *client, const char *id, char **out, struct error *e)
{
    char path[PATH_SIZE], what[PATH_SIZE];
    *out = NULL;
    snprintf(path, sizeof path, "/subscriptions/%s/secret", id);
    snprintf(what, sizeof what, "the secret of subscription %s", id);
    const struct client_request request = {
        .method = "GET", .path = path, .what = what, .read = read_secret, .out = out};
    return client_request(client, &request, NULL, e);
}
