#include "deliver/handler_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/nearest.h"
#include "base/timestamp.h"
#include "deliver/trouble.h"
#include "handlers/registry.h"
#include "store/events.h"
#include "store/store.h"

enum { DEFAULT_TIMEOUT_MS = 30000, LONGEST_TIMEOUT_MS = 3600000 };

/* Keys of a type, those that every type takes among them: more than any has. */
enum { MOST_KEYS = 32 };

/* Types: more than there are. */
enum { MOST_TYPES = 32 };

/* Keys that every type takes. */
static const struct handler_key common_keys[] = {{"on", false, false}, {"when", false, false},
    {"type", true, false}, {"timeout", false, false}, {"was", false, false}, {NULL, false, false}};

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
static void check_expansion(const struct handler_setup *setup, const struct ini_setting *setting)
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
            check_expansion(setup, setting);
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

static void make_route(struct handler_setup *setup, const struct config *config, struct handler *handler)
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

static struct handler *add_route(struct handler_table *table, const char *name)
{
    table->rows = realloc(table->rows, (table->count + 1) * sizeof *table->rows);
    struct handler *handler = &table->rows[table->count++];
    *handler = (struct handler){.name = strdup(name)};
    return handler;
}

static bool find_route(const struct handler_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->rows[i].name, name) == 0)
            return true;
    return false;
}

int handler_table_make(
    const struct config *config, struct handler_table *out, struct buffer *problems, struct buffer *warnings)
{
    size_t before = problems->len;
    static const struct ini_section no_section = {.name = ""};
    struct handler_setup setup = {.ini = &config->ini,
        .base_url = config->base_url,
        .organization = config->organization,
        .problems = problems,
        .warnings = warnings};
    *out = (struct handler_table){0};
    for (size_t i = 0; i < config->ini.count; i++) {
        setup.section = &config->ini.sections[i];
        setup.name = config_handler_name(setup.section);
        setup.timeout = DEFAULT_TIMEOUT_MS;
        if (setup.name == NULL)
            continue;
        if (*setup.name == '\0')
            setup_problem(&setup, 0, "needs a name");
        else if (find_route(out, setup.name))
            setup_problem(&setup, 0, "a section of this name was before it");
        else
            make_route(&setup, config, add_route(out, setup.name));
    }
    if (out->count == 0 && problems->len == before) {
        struct handler *handler = add_route(out, "log");
        setup = (struct handler_setup){
            .name = "log", .section = &no_section, .problems = problems, .warnings = warnings};
        handler->type = &handler_log;
        for (int i = 0; i < EVENT_TYPES; i++)
            handler->on[i] = true;
        handler->state = handler_log.make(&setup);
    }
    return problems->len == before ? 0 : -1;
}

struct missing {
    int64_t handler;
    char *name;
    int64_t removed, warned;
};

struct attachment {
    const struct handler_table *table;
    struct missing *list; /* handlers that the configuration does not have */
    size_t count;
};

static int find_missing(const struct handler_record *row, void *context, struct error *e)
{
    (void)e; /* this cannot fail */
    struct attachment *a = context;
    if (find_route(a->table, row->name))
        return 0;
    a->list = realloc(a->list, (a->count + 1) * sizeof *a->list);
    a->list[a->count++] = (struct missing){row->handler, strdup(row->name), row->removed, row->warned};
    return 0;
}

/* Marks one as removed. What waits for it is said at once, and again as every trouble is. */
static int attach_missing(struct store *store, const struct missing *missing, int64_t now, struct error *e)
{
    struct delivery_counts counts;
    bool is_new = missing->removed == TIMESTAMP_NONE;
    if (!is_new && !trouble_is_due(missing->removed, missing->warned, now))
        return 0;
    if ((is_new && handlers_remove(store, missing->handler, now, e) != 0) ||
        deliveries_count(store, missing->handler, &counts, e) != 0)
        return -1;
    if (counts.pending == 0)
        return 0;
    log_warning("handler %s: the configuration no longer has it, and %lld deliveries wait for it; to drop "
                "them: wosync events "
                "discard --handler %s; if it has another name now, put this into its section: was = %s",
        missing->name, (long long)counts.pending, missing->name, missing->name);
    return handlers_warned(store, missing->handler, now, e);
}

static int attach_one(struct store *store, struct handler *handler, int64_t end, int64_t now, struct error *e)
{
    struct handler_backlog waiting;
    int taken = handler->was != NULL ? handlers_take_over(store, handler->name, handler->was, e) : 0;
    if (taken < 0 || handlers_attach(store, handler->name, handler->type->name,
                         handler->type->wants_snapshots, end, now, &handler->place, e) != 0)
        return -1;
    if (taken == 0 && !handler->place.returned)
        return 0;
    if (handlers_waiting(store, &handler->place, &waiting, e) != 0)
        return -1;
    if (taken == 1)
        log_info("handler %s: it takes over from %s: %lld deliveries and %lld later events wait",
            handler->name, handler->was, (long long)waiting.pending, (long long)waiting.events);
    else if (waiting.pending > 0 || waiting.events > 0)
        log_warning("handler %s: it is back and continues where it was: %lld deliveries and %lld later "
                    "events wait for "
                    "it; to drop them: wosync events discard --handler %s",
            handler->name, (long long)waiting.pending, (long long)waiting.events, handler->name);
    return 0;
}

static int attach_all(struct handler_table *table, struct store *store, int64_t end, int64_t now,
    struct attachment *a, struct error *e)
{
    if (end < 0)
        end = events_last_seq(store, e);
    if (end < 0)
        return -1;
    for (size_t i = 0; i < table->count; i++)
        if (attach_one(store, &table->rows[i], end, now, e) != 0)
            return -1;
    if (handlers_list(store, find_missing, a, e) != 0)
        return -1;
    for (size_t i = 0; i < a->count; i++)
        if (attach_missing(store, &a->list[i], now, e) != 0)
            return -1;
    return 0;
}

int handler_table_attach(
    struct handler_table *table, struct store *store, int64_t end, int64_t now, struct error *e)
{
    struct attachment a = {.table = table};
    if (store_begin(store, e) != 0)
        return -1;
    int rc = attach_all(table, store, end, now, &a, e);
    if (rc == 0)
        rc = store_commit(store, e);
    store_rollback(store);
    for (size_t i = 0; i < a.count; i++)
        free(a.list[i].name);
    free(a.list);
    return rc;
}

static int find_place(const struct handler_record *row, void *context, struct error *e)
{
    struct handler_table *table = context;
    (void)e; /* this cannot fail */
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->rows[i].name, row->name) == 0) {
            table->rows[i].place.handler = row->handler;
            table->rows[i].place.position = row->position;
        }
    return 0;
}

int handler_table_look(struct handler_table *table, struct store *store, struct error *e)
{
    int64_t end = events_last_seq(store, e);
    for (size_t i = 0; i < table->count; i++)
        table->rows[i].place.position = end;
    return end < 0 ? -1 : handlers_list(store, find_place, table, e);
}

int handler_wants(
    const struct handler *handler, enum event_type type, const char *body, size_t len, struct error *e)
{
    char reason[256];
    if (type >= EVENT_TYPES || !handler->on[type])
        return 0;
    if (handler->when == NULL)
        return 1;
    int wants = when_matches(handler->when, body, len, reason, sizeof reason);
    return wants >= 0 ? wants
                      : fail(e, EX_CONFIG, "handler %s: when: %s; correct it, its events wait", handler->name,
                            reason);
}

void handler_table_free(struct handler_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        struct handler *handler = &table->rows[i];
        if (handler->state != NULL)
            handler->type->free(handler->state);
        when_free(handler->when);
        free(handler->name);
        free(handler->was);
    }
    free(table->rows);
    *table = (struct handler_table){0};
}
