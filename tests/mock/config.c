/*
 * The settings: a table of names, kinds and places in `struct config`, by which they are read and written. A
 * dialect is a setting that sets others.
 *
 * Invariant: a merge is all or nothing; it works on a copy.
 */
#include "config.h"

#include <string.h>

enum kind { KIND_CHOICE, KIND_TEXT, KIND_INTEGER, KIND_BOOLEAN, KIND_GROUP };

struct setting {
    const char *name;
    enum kind kind;
    size_t offset;               /* in struct config: of an int, char[CONFIG_TEXT], int64_t or bool */
    const char *const *choices;  /* ended by NULL; the value is the index */
    const struct setting *group; /* ended by a nameless one */
    int64_t least, most;
};

static const char *const orders[] = {"id", "-id", "updatedAt", "-createdAt", NULL};
static const char *const policies[] = {"honoured", "ignored", "refused", NULL};
static const char *const webhook_apis[] = {"subscriptions", "webhooks", "both", NULL};
static const char *const url_choices[] = {"fixed", "fresh", NULL};
static const char *const dialects[] = {"live", "brief", NULL};
static const char *const parameter_choices[] = {"refused", "ignored", NULL};
static const char *const thumbnail_choices[] = {"expanded", "always", NULL};
static const char *const null_choices[] = {"absent", "present", NULL};
static const char *const json_choices[] = {"compact", "spaced", NULL};
const char *const config_subscription_status[] = {"VALID", "PENDING_APPROVAL", NULL};

#define AT(field) offsetof(struct config, field)
#define CHOICE(name, field, words)                                                                           \
    {                                                                                                        \
        name, KIND_CHOICE, AT(field), words, NULL, 0, 0                                                      \
    }
#define TEXT(name, field)                                                                                    \
    {                                                                                                        \
        name, KIND_TEXT, AT(field), NULL, NULL, 0, 0                                                         \
    }
#define INTEGER(name, field, least, most)                                                                    \
    {                                                                                                        \
        name, KIND_INTEGER, AT(field), NULL, NULL, least, most                                               \
    }
#define BOOLEAN(name, field)                                                                                 \
    {                                                                                                        \
        name, KIND_BOOLEAN, AT(field), NULL, NULL, 0, 0                                                      \
    }
#define END                                                                                                  \
    {                                                                                                        \
        NULL, KIND_GROUP, 0, NULL, NULL, 0, 0                                                                \
    }

static const struct setting rate_limit_settings[] = {
    INTEGER("requests", rate_limit.requests, 0, 1000000000),
    INTEGER("window_ms", rate_limit.window_ms, 1, 1000000000),
    BOOLEAN("retry_after", rate_limit.retry_after),
    BOOLEAN("headers", rate_limit.headers),
    END,
};

static const struct setting deliver_settings[] = {
    BOOLEAN("on", deliver.on),
    BOOLEAN("hold", deliver.hold),
    TEXT("secret", deliver.secret),
    INTEGER("lost_percent", deliver.lost_percent, 0, 100),
    INTEGER("doubled_percent", deliver.doubled_percent, 0, 100),
    INTEGER("late_percent", deliver.late_percent, 0, 100),
    INTEGER("nameless_percent", deliver.nameless_percent, 0, 100),
    INTEGER("delay_ms", deliver.delay_ms, 0, 1000000000),
    INTEGER("late_ms", deliver.late_ms, 0, 1000000000),
    INTEGER("timeout_ms", deliver.timeout_ms, 1, 1000000000),
    END,
};

static const struct setting settings[] = {
    CHOICE("dialect", dialect, dialects),
    CHOICE("order", order, orders),
    CHOICE("filter_updatedAtGte", filter_updated_at_gte, policies),
    CHOICE("filter_brackets", filter_brackets, policies),
    CHOICE("sort", sort, policies),
    CHOICE("webhook_api", webhook_api, webhook_apis),
    CHOICE("subscription_status", subscription_status, config_subscription_status),
    CHOICE("signed_urls", signed_urls, url_choices),
    CHOICE("unknown_parameters", unknown_parameters, parameter_choices),
    CHOICE("thumbnails", thumbnails, thumbnail_choices),
    CHOICE("null_fields", null_fields, null_choices),
    CHOICE("json", json, json_choices),
    TEXT("token", token),
    TEXT("organization", organization),
    TEXT("date_header", date_header),
    {"rate_limit", KIND_GROUP, 0, NULL, rate_limit_settings, 0, 0},
    {"deliver", KIND_GROUP, 0, NULL, deliver_settings, 0, 0},
    INTEGER("date_skew_ms", date_skew_ms, -1000000000000, 1000000000000),
    INTEGER("clock_skew_ms", clock_skew_ms, -1000000000000, 1000000000000),
    INTEGER("page_delay_ms", page_delay_ms, 0, 1000000000),
    INTEGER("cursor_ttl_ms", cursor_ttl_ms, 0, 1000000000),
    INTEGER("max_limit", max_limit, 1, 200),
    INTEGER("list_lag_ms", list_lag_ms, -1, 1000000000),
    BOOLEAN("gzip", gzip),
    END,
};

/* What the dialect decides; each can be set by itself, too. */
static void speak(struct config *c, enum dialect dialect)
{
    bool brief = dialect == DIALECT_BRIEF;

    c->dialect = (int)dialect;
    c->filter_updated_at_gte = brief ? POLICY_HONOURED : POLICY_REFUSED;
    c->filter_brackets = brief ? POLICY_IGNORED : POLICY_HONOURED;
    c->webhook_api = brief ? WEBHOOK_API_WEBHOOKS : WEBHOOK_API_SUBSCRIPTIONS;
    c->unknown_parameters = brief ? PARAMETERS_IGNORED : PARAMETERS_REFUSED;
    c->thumbnails = brief ? THUMBNAILS_ALWAYS : THUMBNAILS_EXPANDED;
    c->null_fields = brief ? NULL_FIELDS_PRESENT : NULL_FIELDS_ABSENT;
}

void config_defaults(struct config *c)
{
    *c = (struct config){
        .order = DEFAULT_ORDER_ID,
        .token = "test-token",
        .date_header = "normal",
        .rate_limit = {.requests = 100000, .window_ms = 60000, .headers = true},
        .deliver = {.secret = "webhook-secret", .timeout_ms = 10000},
        .max_limit = 200,
        .gzip = true,
    };
    speak(c, DIALECT_LIVE);
}

static bool set_choice(int *value, const struct setting *s, json_object *given, struct problem *p)
{
    for (int i = 0; s->choices[i] != NULL; i++) {
        if (json_object_is_type(given, json_type_string) &&
            strcmp(json_object_get_string(given), s->choices[i]) == 0) {
            *value = i;
            return true;
        }
    }
    return problem_set(p, "%s: %s is none of its choices", s->name, json_object_to_json_string(given));
}

/* Null is no text; a number may stand for its digits (an organization is a number). */
static bool set_text(char *value, const struct setting *s, json_object *given, struct problem *p)
{
    const char *text = given == NULL ? "" : json_object_get_string(given);

    if (given != NULL && !json_object_is_type(given, json_type_string) &&
        !json_object_is_type(given, json_type_int))
        return problem_set(p, "%s: not a text", s->name);
    if (strlen(text) >= CONFIG_TEXT)
        return problem_set(p, "%s: too long", s->name);
    strcpy(value, text);
    return true;
}

static bool merge_group(
    struct config *c, const struct setting *group, json_object *changes, struct problem *p);

static bool set_one(struct config *c, const struct setting *s, json_object *given, struct problem *p)
{
    void *value = (char *)c + s->offset;
    int64_t number = json_object_get_int64(given);

    switch (s->kind) {
    case KIND_CHOICE:
        return set_choice(value, s, given, p);
    case KIND_TEXT:
        return set_text(value, s, given, p);
    case KIND_INTEGER:
        if (!json_object_is_type(given, json_type_int) || number < s->least || number > s->most)
            return problem_set(p, "%s: not a number in its range", s->name);
        *(int64_t *)value = number;
        return true;
    case KIND_BOOLEAN:
        if (!json_object_is_type(given, json_type_boolean))
            return problem_set(p, "%s: not true or false", s->name);
        *(bool *)value = json_object_get_boolean(given) != 0;
        return true;
    case KIND_GROUP:
        break;
    }
    return merge_group(c, s->group, given, p);
}

static bool merge_group(
    struct config *c, const struct setting *group, json_object *changes, struct problem *p)
{
    if (!json_object_is_type(changes, json_type_object))
        return problem_set(p, "settings must be a JSON object");
    json_object_object_foreach(changes, name, given)
    {
        const struct setting *s = group;

        while (s->name != NULL && strcmp(s->name, name) != 0)
            s++;
        if (s->name == NULL)
            return problem_set(p, "%s: no such setting", name);
        if (!set_one(c, s, given, p))
            return false;
    }
    return true;
}

bool config_merge(struct config *c, json_object *changes, struct problem *p)
{
    struct config merged = *c;
    json_object *dialect;

    /* the dialect first, so that what is named beside it wins */
    if (json_object_is_type(changes, json_type_object) &&
        json_object_object_get_ex(changes, "dialect", &dialect)) {
        if (!set_choice(&merged.dialect, settings, dialect, p))
            return false;
        speak(&merged, (enum dialect)merged.dialect);
    }
    if (!merge_group(&merged, settings, changes, p))
        return false;
    *c = merged;
    return true;
}

static json_object *group_json(const struct config *c, const struct setting *group)
{
    json_object *object = json_object_new_object();

    for (const struct setting *s = group; s->name != NULL; s++) {
        const void *value = (const char *)c + s->offset;
        json_object *member = NULL;

        switch (s->kind) {
        case KIND_CHOICE:
            member = json_object_new_string(s->choices[*(const int *)value]);
            break;
        case KIND_TEXT:
            member = json_object_new_string(value);
            break;
        case KIND_INTEGER:
            member = json_object_new_int64(*(const int64_t *)value);
            break;
        case KIND_BOOLEAN:
            member = json_object_new_boolean(*(const bool *)value);
            break;
        case KIND_GROUP:
            member = group_json(c, s->group);
            break;
        }
        json_object_object_add(object, s->name, member);
    }
    return object;
}

json_object *config_json(const struct config *c)
{
    return group_json(c, settings);
}
