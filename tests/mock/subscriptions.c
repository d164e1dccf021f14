/*
 * Registrations of webhooks in both spellings, in one list in the order of their ids. A subscription has a
 * secret of its own, made of the seed.
 */
#include "subscriptions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "foreign.h"
#include "generator.h"

enum { FIRST_ID = 901, ID_DIGITS_MOST = 18, UUID_LENGTH = 36 };

struct subscription {
    int64_t id;
    json_object *given;                   /* as it was registered and changed */
    char secret[3 + 2 * UUID_LENGTH + 2]; /* mx_<uuid>_<uuid> */
    bool webhook;                         /* registered at /webhooks */
    struct subscription *next;
};

struct subscriptions {
    struct subscription *first;
    int64_t next_id;
    uint64_t chance; /* state of the random numbers for secrets */
};

struct subscriptions *subscriptions_new(uint64_t seed)
{
    struct subscriptions *s = base_alloc(1, sizeof(*s));

    s->next_id = FIRST_ID;
    s->chance = seed;
    return s;
}

static void free_one(struct subscription *one)
{
    json_object_put(one->given);
    free(one);
}

void subscriptions_free(struct subscriptions *s)
{
    struct subscription *next;

    while (s != NULL && s->first != NULL) {
        next = s->first->next;
        free_one(s->first);
        s->first = next;
    }
    free(s);
}

/* Appends a random UUID (version 4) behind PREFIX. */
static void add_uuid(char *secret, size_t size, const char *prefix, uint64_t *chance)
{
    uint64_t high = generator_random(chance), low = generator_random(chance);
    size_t len = strlen(secret);

    snprintf(secret + len, size - len, "%s%08x-%04x-4%03x-%04x-%012" PRIx64, prefix, (unsigned)(high >> 32),
        (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xfff), 0x8000u | (unsigned)(low >> 48 & 0x3fff),
        low & 0xffffffffffff);
}

static struct subscription *register_one(struct subscriptions *s, json_object *given, bool webhook)
{
    struct subscription *one = base_alloc(1, sizeof(*one)), **link = &s->first;

    while (*link != NULL)
        link = &(*link)->next;
    *link = one;
    one->id = s->next_id++;
    one->given = json_object_get(given);
    one->webhook = webhook;
    add_uuid(one->secret, sizeof(one->secret), "mx_", &s->chance);
    add_uuid(one->secret, sizeof(one->secret), "_", &s->chance);
    return one;
}

/* The member NAME of the object that is the member GROUP of OBJECT, or NULL. */
static json_object *inner(json_object *object, const char *group, const char *name)
{
    json_object *outer, *value = NULL;

    if (json_object_object_get_ex(object, group, &outer) && json_object_is_type(outer, json_type_object))
        json_object_object_get_ex(outer, name, &value);
    return value;
}

/* Whether LIST is a list that holds TEXT. */
static bool holds(json_object *list, const char *text)
{
    for (size_t i = 0; json_object_is_type(list, json_type_array) && i < json_object_array_length(list);
         i++) {
        const char *one = json_object_get_string(json_object_array_get_idx(list, i));

        if (one != NULL && strcmp(one, text) == 0)
            return true;
    }
    return false;
}

bool subscriptions_at(const struct subscriptions *s, size_t index, struct registration *r)
{
    const struct subscription *one = s->first;
    json_object *url;

    while (one != NULL && index > 0) {
        one = one->next;
        index--;
    }
    if (one == NULL)
        return false;
    json_object_object_get_ex(one->given, "url", &url);
    *r = (struct registration){.id = one->id,
        .url = json_object_get_string(url),
        .secret = one->secret,
        .webhook = one->webhook,
        .serialize =
            one->webhook || json_object_get_boolean(inner(one->given, "options", "serializeEntity")) != 0,
        .given = one->given};
    return true;
}

bool registration_wants(const struct registration *r, const char *event, const char *status)
{
    json_object *own = NULL, *statuses = inner(r->given, "filters", "oneOfStatuses");

    if (r->webhook)
        return json_object_object_get_ex(r->given, "events", &own) && holds(own, event);
    if (!json_object_object_get_ex(r->given, "type", &own) || strcmp(json_object_get_string(own), event) != 0)
        return false;
    return status == NULL || !json_object_is_type(statuses, json_type_array) ||
           json_object_array_length(statuses) == 0 || holds(statuses, status);
}

static const char *status_name(const struct config *c)
{
    return config_subscription_status[c->subscription_status];
}

/* The members of NAMES (ended by NULL) that were given. */
static json_object *describe(const struct subscription *one, const char *const *names)
{
    json_object *object = json_object_new_object(), *value;

    json_object_object_add(object, "id", json_object_new_int64(one->id));
    for (; *names != NULL; names++)
        if (json_object_object_get_ex(one->given, *names, &value))
            json_object_object_add(object, *names, json_object_get(value));
    return object;
}

static const char *const subscription_names[] = {"type", "url", NULL};
static const char *const webhook_names[] = {"url", "events", NULL};

/* The body of a registration or change, or NULL after having answered 400. FULL: all NAMES must be in it. */
static json_object *parse_body(const struct request *r, const char *const *names, bool full, struct answer *a)
{
    struct problem p = {""};
    json_object *body = arguments_parse(r->body.data, r->body.len, &p), *value;
    const char *text = NULL, *type = NULL;

    if (body != NULL && !json_object_is_type(body, json_type_object))
        problem_set(&p, "The body must be a JSON object.");
    for (; p.text[0] == '\0' && full && *names != NULL; names++)
        if (!json_object_object_get_ex(body, *names, &value))
            problem_set(&p, "%s is required.", *names);
    if (p.text[0] == '\0')
        arguments_text(body, "url", &text, &p);
    if (p.text[0] == '\0' && text != NULL && !base_starts(text, "http://") && !base_starts(text, "https://"))
        problem_set(&p, "url must be a valid URL.");
    if (p.text[0] == '\0')
        arguments_text(body, "type", &type, &p);
    if (p.text[0] == '\0' && type != NULL && !foreign_is_event(type))
        problem_set(&p, "'%s' is not a valid type", type);
    if (p.text[0] == '\0')
        return body;
    json_object_put(body);
    answer_errors(a, 400, p.text);
    return NULL;
}

static void answer_subscription(const struct subscription *one, const struct config *c, struct answer *a)
{
    json_object *body = json_object_new_object(), *inner = describe(one, subscription_names);

    json_object_object_add(inner, "status", json_object_new_string(status_name(c)));
    json_object_object_add(body, "subscription", inner);
    answer_json(a, 200, body);
}

static void post(
    struct subscriptions *s, const struct request *r, const struct config *c, bool webhook, struct answer *a)
{
    const char *const *names = webhook ? webhook_names : subscription_names;
    json_object *given = parse_body(r, names, true, a), *body;
    struct subscription *one;

    if (given == NULL)
        return;
    one = register_one(s, given, webhook);
    json_object_put(given);
    if (webhook) {
        body = describe(one, webhook_names);
    } else {
        body = json_object_new_object();
        json_object_object_add(body, "id", json_object_new_int64(one->id));
        json_object_object_add(body, "status", json_object_new_string(status_name(c)));
        json_object_object_add(body, "secret", json_object_new_string(one->secret));
    }
    answer_json(a, 201, body);
}

static void patch(struct subscription *one, const struct request *r, const struct config *c, struct answer *a)
{
    json_object *given = parse_body(r, subscription_names, false, a);

    if (given == NULL)
        return;
    json_object_object_foreach(given, name, value)
        json_object_object_add(one->given, name, json_object_get(value));
    json_object_put(given);
    answer_subscription(one, c, a);
}

static void list_webhooks(const struct subscriptions *s, struct answer *a)
{
    json_object *body = json_object_new_object(), *list = json_object_new_array();

    for (const struct subscription *one = s->first; one != NULL; one = one->next)
        if (one->webhook)
            json_object_array_add(list, describe(one, webhook_names));
    json_object_object_add(body, "webhooks", list);
    answer_json(a, 200, body);
}

static void answer_secret(const struct subscription *one, struct answer *a)
{
    json_object *body = json_object_new_object();

    json_object_object_add(body, "secret", json_object_new_string(one->secret));
    answer_json(a, 200, body);
}

/* The link to the registration whose id begins REST, of that kind; REST is moved behind the id. */
static struct subscription **find(struct subscriptions *s, const char **rest, bool webhook)
{
    size_t digits = strspn(*rest, "0123456789");
    int64_t id = digits > 0 && digits <= ID_DIGITS_MOST ? strtoll(*rest, NULL, 10) : -1;
    struct subscription **link = &s->first;

    *rest += digits;
    while (*link != NULL && ((*link)->id != id || (*link)->webhook != webhook))
        link = &(*link)->next;
    return link;
}

/* What is below the collection: /{id} and /{id}/secret. */
static void answer_one(struct subscriptions *s, const struct request *r, const char *rest,
    const struct config *c, bool webhook, struct answer *a)
{
    struct subscription **link = find(s, &rest, webhook), *one = *link;
    bool itself = *rest == '\0';

    if (one == NULL) {
        answer_error(a, 404, "subscription Not Found");
    } else if (itself && strcmp(r->method, "DELETE") == 0) {
        *link = one->next;
        free_one(one);
        answer_empty(a, 204);
    } else if (!webhook && itself && strcmp(r->method, "GET") == 0) {
        answer_subscription(one, c, a);
    } else if (!webhook && itself && strcmp(r->method, "PATCH") == 0) {
        patch(one, r, c, a);
    } else if (!webhook && strcmp(rest, "/secret") == 0 && strcmp(r->method, "GET") == 0) {
        answer_secret(one, a);
    } else {
        answer_error(a, 404, "Not Found.");
    }
}

bool subscriptions_answer(
    struct subscriptions *s, const struct request *r, const struct config *c, struct answer *a)
{
    bool webhook = base_starts(r->path, "/v1/webhooks");
    const char *collection = webhook ? "/v1/webhooks" : "/v1/subscriptions", *rest;

    if (c->webhook_api == (webhook ? WEBHOOK_API_SUBSCRIPTIONS : WEBHOOK_API_WEBHOOKS))
        return false;
    if (!base_starts(r->path, collection))
        return false;
    rest = r->path + strlen(collection);
    if (*rest == '/')
        answer_one(s, r, rest + 1, c, webhook, a);
    else if (*rest == '\0' && strcmp(r->method, "POST") == 0)
        post(s, r, c, webhook, a);
    else if (webhook && *rest == '\0' && strcmp(r->method, "GET") == 0)
        list_webhooks(s, a);
    else
        return false;
    return true;
}
