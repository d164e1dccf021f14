/*
 * handler_table: the table of handlers, and how the store comes to know it.
 *
 *   made       from the configuration's sections (handler_settings.h); none: one `log` for everything
 *   attached   a handler that is new in the store begins at the end of the log, one that returns continues
 *              where it was, one with another name takes over (`was`), one that is missing is marked as
 *              removed
 *
 * Invariants: attaching is one transaction; no delivery is lost by a change of the configuration, and what
 * waits for a handler that is gone is reported until somebody decides.
 */
#include "deliver/handler_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/timestamp.h"
#include "deliver/handler_settings.h"
#include "deliver/trouble.h"
#include "handlers/registry.h"
#include "store/events.h"
#include "store/store.h"

enum { DEFAULT_TIMEOUT_MS = 30000 };

static struct handler *add_row(struct handler_table *table, const char *name)
{
    table->rows = realloc(table->rows, (table->count + 1) * sizeof *table->rows);
    struct handler *handler = &table->rows[table->count++];
    *handler = (struct handler){.name = strdup(name)};
    return handler;
}

static bool has_row(const struct handler_table *table, const char *name)
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
            setup_problem(&setup, 0, "needs a name, as in [handler erp]");
        else if (has_row(out, setup.name))
            setup_problem(&setup, 0, "a section of this name was before it");
        else
            handler_settings_read(&setup, config, add_row(out, setup.name));
    }
    if (out->count == 0 && problems->len == before) {
        struct handler *handler = add_row(out, "log");
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
    if (has_row(a->table, row->name))
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
    log_warning("handler %s: the configuration no longer has it, and %lld %s for it; to drop them: "
                "wosync events discard --handler %s; if it has another name now, put this into its section: "
                "was = %s",
        missing->name, (long long)counts.pending, counts.pending == 1 ? "delivery waits" : "deliveries wait",
        missing->name, missing->name);
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
    for (size_t i = 0; i < table->count; i++) {
        struct handler *handler = &table->rows[i];
        const bool was = handler->was != NULL && strcmp(handler->was, row->name) == 0;
        /* its own name goes before the one that it had */
        if (strcmp(handler->name, row->name) == 0 || (was && handler->place.handler == 0)) {
            handler->place.handler = row->handler;
            handler->place.position = row->position;
        }
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
