/*
 * handler_settings: reads what a handler's section says, and makes the handler.
 *
 *   keys of every type (type, on, when, timeout, was)   read here
 *   keys of the type                                    known, not twice, none missing: held here; then the
 *                                                       type reads them itself (its make)
 *
 * Invariants: every mistake is a line in the setup's problems, with its place; all are found in one reading.
 * A type is asked to make a handler only where its keys are in order.
 */
#include "deliver/handler_settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/timestamp.h"
#include "handlers/registry.h"

enum { LONGEST_TIMEOUT_MS = 3600000 };

/* Keys of a type, those that every type takes among them: more than any has. */
enum { MOST_KEYS = 32 };

/* Types: more than there are. */
enum { MOST_TYPES = 32 };

/* Keys that every type takes. */
static const struct handler_key common_keys[] = {{.name = "on"}, {.name = "when"},
    {.name = "type", .required = true}, {.name = "timeout"}, {.name = "was"}, {.name = NULL}};

static const struct handler_key *find_key(const struct handler_key *keys, const char *name)
{
    for (; keys->name != NULL; keys++)
        if (strcmp(keys->name, name) == 0)
            return keys;
    return NULL;
}

/* There is no `type`, or it is misspelt. */
static void complain_of_type(const struct handler_setup *setup)
{
    static const char *const wanted[] = {"type"};
    for (size_t i = 0; i < setup->section->count; i++) {
        const struct ini_setting *setting = &setup->section->settings[i];
        if (find_key(common_keys, setting->key) == NULL && nearest_word(setting->key, wanted, 1) != NULL) {
            setup_problem(setup, setting->line, "%s: unknown key; did you mean type?", setting->key);
            return;
        }
    }
    setup_problem(setup, 0, "has no type; write type = log, for instance");
}

static const char *nearest_type(const char *name)
{
    const char *names[MOST_TYPES];
    size_t count = 0;
    for (const struct handler_type *const *type = handler_types; *type != NULL && count < MOST_TYPES; type++)
        names[count++] = (*type)->name;
    return nearest_word(name, names, count);
}

static const struct handler_type *find_type(const struct handler_setup *setup)
{
    const struct ini_setting *setting = ini_setting(setup->section, "type");
    if (setting == NULL) {
        complain_of_type(setup);
        return NULL;
    }
    const struct handler_type *type = handler_type_named(setting->value);
    if (type != NULL)
        return type;
    const char *near = nearest_type(setting->value);
    if (near != NULL) {
        setup_problem(setup, setting->line, "type = %.100s: unknown; did you mean %s?", setting->value, near);
        return NULL;
    }
    struct buffer known = {0};
    for (const struct handler_type *const *each = handler_types; *each != NULL; each++)
        buffer_append_format(&known, "%s%s", each != handler_types ? ", " : "", (*each)->name);
    setup_problem(setup, setting->line, "type = %.100s: unknown; known are %s", setting->value, known.data);
    buffer_free(&known);
    return NULL;
}

/* Names the key that was meant, where one is near. */
static void complain_of_key(
    const struct handler_setup *setup, const struct ini_setting *setting, const struct handler_type *type)
{
    const char *names[MOST_KEYS];
    size_t count = 0;
    for (const struct handler_key *key = common_keys; key->name != NULL && count < MOST_KEYS; key++)
        names[count++] = key->name;
    for (const struct handler_key *key = type->keys; key->name != NULL && count < MOST_KEYS; key++)
        names[count++] = key->name;
    const char *near = nearest_word(setting->key, names, count);
    if (near != NULL) {
        setup_problem(setup, setting->line, "%.100s: unknown key for type = %s; did you mean %s?",
            setting->key, type->name, near);
        return;
    }
    struct buffer known = {0};
    for (size_t i = 0; i < count; i++)
        buffer_append_format(&known, "%s%s", i > 0 ? ", " : "", names[i]);
    setup_problem(setup, setting->line, "%.100s: unknown key for type = %s; known are %s", setting->key,
        type->name, known.data);
    buffer_free(&known);
}

/* What a shell would expand and we do not: it would become a directory called `~`. */
static void check_expansion(
    const struct handler_setup *setup, const struct handler_key *key, const struct ini_setting *setting)
{
    const char *value = setting->value;
    if (*value == '~')
        setup_problem(setup, setting->line, "%s = %.100s: the ~ is not expanded; write the whole path",
            setting->key, value);
    else if (*value == '$')
        setup_problem(setup, setting->line,
            "%s = %.100s: variables are not expanded; write the whole value, or env:NAME where it is a "
            "secret",
            setting->key, value);
    else if (!key->indirect && (strncmp(value, "env:", 4) == 0 || strncmp(value, "file:", 5) == 0))
        setup_problem(setup, setting->line,
            "%s = %.100s: this key takes no env: or file:; write the value itself", setting->key, value);
}

static void check_keys(const struct handler_setup *setup, const struct handler_type *type)
{
    for (size_t i = 0; i < setup->section->count; i++) {
        const struct ini_setting *setting = &setup->section->settings[i];
        const struct handler_key *key = find_key(common_keys, setting->key);
        if (key == NULL)
            key = find_key(type->keys, setting->key);
        if (key == NULL)
            complain_of_key(setup, setting, type);
        else if (!key->repeatable && ini_setting(setup->section, setting->key) != setting)
            setup_problem(setup, setting->line, "%s: set twice", setting->key);
        else if (strcmp(setting->key, "when") != 0)
            check_expansion(setup, key, setting);
    }
    for (const struct handler_key *key = type->keys; key->name != NULL; key++)
        if (key->required && ini_setting(setup->section, key->name) == NULL)
            setup_problem(setup, 0, "has no %s, which type = %s needs", key->name, type->name);
}

static void complain_of_event(const struct handler_setup *setup, int line, const char *word)
{
    const char *names[EVENT_TYPES];
    for (int i = 0; i < EVENT_TYPES; i++)
        names[i] = event_type_name((enum event_type)i);
    const char *near = nearest_word(word, names, EVENT_TYPES);
    if (near != NULL)
        setup_problem(setup, line, "on: %.100s: unknown event; did you mean %s?", word, near);
    else
        setup_problem(setup, line,
            "on: %.100s: unknown event; known are workorder.created, workorder.status_changed, "
            "workorder.completed, workorder.updated, workorder.deleted and *",
            word);
}

/* `on`: event types separated by spaces; `*` stands for all, `workorder.*` too. */
static void read_on(const struct handler_setup *setup, struct handler *handler)
{
    const struct ini_setting *setting = ini_setting(setup->section, "on");
    const int line = setting != NULL ? setting->line : 0;
    size_t before = setup->problems->len;
    char *rest = strdup(setting != NULL ? setting->value : "*"), *place = NULL;
    for (char *word = strtok_r(rest, " \t", &place); word != NULL; word = strtok_r(NULL, " \t", &place)) {
        enum event_type type = event_type_named(word);
        if (strcmp(word, "*") == 0 || strcmp(word, "workorder.*") == 0)
            for (int i = 0; i < EVENT_TYPES; i++)
                handler->on[i] = true;
        else if (type < EVENT_TYPES)
            handler->on[type] = true;
        else
            complain_of_event(setup, line, word);
    }
    free(rest);
    for (int i = 0; i < EVENT_TYPES; i++)
        if (handler->on[i])
            return;
    if (setup->problems->len == before)
        setup_problem(setup, line, "on names no event; write on = *, for instance");
}

static void read_when(const struct handler_setup *setup, struct handler *handler)
{
    char reason[256];
    const struct ini_setting *setting = ini_setting(setup->section, "when");
    if (setting == NULL)
        return;
    handler->when = when_compile(setting->value, reason, sizeof reason);
    if (handler->when == NULL)
        setup_problem(setup, setting->line, "when: %s", reason);
}

static void read_timeout(const struct handler_setup *setup, int64_t *timeout)
{
    const struct ini_setting *setting = ini_setting(setup->section, "timeout");
    if (setting != NULL &&
        (duration_parse(setting->value, timeout) != 0 || *timeout < 1 || *timeout > LONGEST_TIMEOUT_MS))
        setup_problem(setup, setting->line,
            "timeout = %.100s: expected a duration such as 30s, from 1ms to 1h", setting->value);
}

/* `was`: the name that it had, which no section may have any more. */
static void read_was(const struct handler_setup *setup, const struct config *config, struct handler *handler)
{
    const struct ini_setting *setting = ini_setting(setup->section, "was");
    if (setting == NULL)
        return;
    for (size_t i = 0; i < config->ini.count; i++) {
        const char *name = config_handler_name(&config->ini.sections[i]);
        if (name != NULL && strcmp(name, setting->value) == 0) {
            setup_problem(setup, setting->line,
                "was = %.100s: there is a section [handler %s]; write the name that this one had before",
                setting->value, setting->value);
            return;
        }
    }
    handler->was = strdup(setting->value);
}

void handler_settings_read(struct handler_setup *setup, const struct config *config, struct handler *handler)
{
    read_was(setup, config, handler);
    read_timeout(setup, &setup->timeout);
    handler->timeout = setup->timeout;
    handler->type = find_type(setup);
    read_on(setup, handler);
    read_when(setup, handler);
    if (handler->type == NULL)
        return;
    size_t before = setup->problems->len;
    check_keys(setup, handler->type);
    if (setup->problems->len == before)
        handler->state = handler->type->make(setup);
}
