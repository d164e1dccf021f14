/*
 * warehouse: the flat work order upserted, its status history appended, exactly once: an event's effects and
 * its id are in one transaction of the warehouse's own database.
 *
 * The store may be put back from a backup, and then knows less than the warehouse. What it reads anew comes
 * with other places in the log, and partly with ids that are in the warehouse already, so neither says what
 * is later: the order of the rows is in the statement event_put (sql/warehouse/). Once the runs after the
 * restore have read what changed since the backup, work_orders is again what the store knows. What a restore
 * cannot promise:
 *
 * - status_history: steps from between the backup and the restore stay, and the restored store, which did not
 * see them, adds the one change from the status it knew. So there may be OPEN to IN_PROGRESS, IN_PROGRESS to
 * DONE and OPEN to DONE; status_history.observed_at distinguishes them.
 * - A change that MaintainX undid between the backup and the restore without leaving a new updatedAt: the
 * store never learns of it, the row stays. A section of a new name loads everything anew from the snapshots.
 * - A work order that was created and deleted for good between the two stays as it was: the store never hears
 * of it.
 * - Where the clock was set back as well, by more than the time that passed, events without a new updatedAt
 *   (deletions, rewrites) are not applied.
 */
#include "handlers/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "handlers/modules.h"
#include "handlers/warehouse/backend.h"
#include "handlers/warehouse/database_address.h"
#include "handlers/warehouse/warehouse_row.h"
#include "handlers/warehouse/warehouse_script.h"

/* Events in a transaction. */
enum { BATCH = 200 };

struct warehouse_state {
    const struct warehouse_backend *backend;
    void *db;
};

static const struct handler_key keys[] = {
    {.name = "database", .required = true, .indirect = true}, {.name = "schema"}, {.name = NULL}};

static void release(void *context)
{
    struct warehouse_state *state = context;
    state->backend->free(state->db);
    free(state);
}

static int open_sqlite(struct warehouse_state *state, const struct handler_setup *setup, const char *path)
{
    const struct ini_setting *schema = ini_setting(setup->section, "schema");
    if (schema != NULL) {
        setup_problem(setup, schema->line, "schema: it is for PostgreSQL, and database is a file");
        return -1;
    }
    state->backend = &warehouse_sqlite;
    state->db = warehouse_sqlite_new(path, setup->timeout);
    return 0;
}

static int open_postgres(
    struct warehouse_state *state, const struct handler_setup *setup, const char *address)
{
    const struct ini_setting *schema = ini_setting(setup->section, "schema");
    int line = ini_setting(setup->section, "database")->line;
    struct error e = {0};
    const struct warehouse_module *module = module_open("warehouse-postgres", "wosync-postgresql", &e);
    if (module == NULL) {
        setup_problem(setup, line, "database: %s", e.text);
        return -1;
    }
    const char *wrong = module->check_address(address);
    if (wrong != NULL) {
        setup_problem(setup, line, "database: %s", wrong);
        return -1;
    }
    /* longer ones PostgreSQL would cut */
    if (schema != NULL && (*schema->value == '\0' || strlen(schema->value) > 63)) {
        setup_problem(setup, schema->line, "schema = %s: write a name of up to 63 bytes", schema->value);
        return -1;
    }
    state->backend = module->backend;
    state->db = module->make(address, schema != NULL ? schema->value : "wosync", setup->timeout);
    return 0;
}

/* What `database` stands for, to be freed; NULL with a problem added. What the environment holds may be a
 * path, which is no secret and may be printed: database_address_read registers what is one. */
static char *resolve_database(const struct handler_setup *setup)
{
    const struct ini_setting *setting = ini_setting(setup->section, "database");
    if (strncmp(setting->value, "env:", 4) != 0)
        return setup_resolve(setup, setting, setting->value);
    const char *value = getenv(setting->value + 4);
    if (value != NULL && *value != '\0')
        return strdup(value);
    setup_problem(setup, setting->line, "database: %s is not set in the environment", setting->value + 4);
    return NULL;
}

static int open_database(
    struct warehouse_state *state, const struct handler_setup *setup, const char *database)
{
    const char *wrong;
    switch (database_address_read(database, &wrong)) {
    case DATABASE_FILE:
        return open_sqlite(state, setup, database);
    case DATABASE_POSTGRES:
        return open_postgres(state, setup, database);
    default:
        setup_problem(setup, ini_setting(setup->section, "database")->line, "database: %s", wrong);
        return -1;
    }
}

static void *make(const struct handler_setup *setup)
{
    struct warehouse_state *state = calloc(1, sizeof *state);
    char *database = resolve_database(setup);
    if (database == NULL || open_database(state, setup, database) != 0) {
        free(state);
        state = NULL;
    }
    free(database);
    return state;
}

/* --- events --- */

/* Its names are put off: they go together, each once. */
static int put_event(struct warehouse_state *state, struct handler_event *event,
    struct warehouse_names *names, struct delivery_result *result)
{
    struct warehouse_row row;
    const char *wrong = warehouse_row_from_event(event->body, event->body_len, event->seq, &row);
    int rc = -1;
    if (wrong == NULL)
        rc = state->backend->put_event(state->db, &row, result);
    else
        handler_dead(result, "the event cannot be a row: %s", wrong);
    warehouse_names_move(names, &row.names);
    warehouse_row_free(&row);
    return rc;
}

static int put_name(
    struct warehouse_state *state, const struct warehouse_name *name, struct delivery_result *result)
{
    struct warehouse_name_values values = {0};
    warehouse_name_fill(name, &values);
    return state->backend->put_name(state->db, name->kind, &values, result);
}

/* How far a transaction came. */
enum applied { APPLIED, NOT_BEGUN, FAILED };

/* Some events in one transaction. */
static enum applied apply(
    struct warehouse_state *state, struct handler_event *events, size_t count, struct delivery_result *result)
{
    struct warehouse_names names = {0};
    int rc = state->backend->begin(state->db, result);
    enum applied how = rc == 0 ? FAILED : NOT_BEGUN;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = put_event(state, &events[i], &names, result);
    for (size_t i = 0; i < names.count && rc == 0; i++)
        rc = put_name(state, &names.list[i], result);
    warehouse_names_free(&names);
    if (rc == 0)
        rc = state->backend->commit(state->db, result);
    if (rc == 0) {
        handler_done(result);
        return APPLIED;
    }
    state->backend->rollback(state->db);
    return how;
}

/*
 * All in one transaction, or, where one of them is refused or fails, one by one. A database that is not to be
 * had is the failure of the first; the others were not tried.
 */
static void apply_all(
    struct warehouse_state *state, const struct handler_batch *batch, struct delivery_result *results)
{
    int64_t began = clock_monotonic();
    enum applied how = apply(state, batch->events, batch->count, results);
    size_t i = 1;
    if (how == APPLIED) {
        for (; i < batch->count; i++)
            results[i] = results[0];
        return;
    }
    results[0].away = how == NOT_BEGUN && results[0].status == DELIVERY_LATER;
    if (how == FAILED && batch->count > 1 && clock_monotonic() - began > batch->timeout / 2)
        i = 0; /* there is no time left; the engine tries them one by one */
    else if (how == FAILED && batch->count > 1)
        for (i = 0; i < batch->count; i++) {
            apply(state, &batch->events[i], 1, &results[i]);
            if (results[i].status == DELIVERY_LATER) {
                i++;
                break;
            }
        }
    for (; i < batch->count; i++)
        handler_untried(&results[i]);
}

/* --- snapshots --- */

static void leave_out(const struct handler_snapshot *snapshot, const char *reason)
{
    log_warning("warehouse: work order %lld: it cannot be loaded and is left out: %s",
        (long long)snapshot->work_order, reason);
}

/* One that cannot be a row is left out: it must not hold up the others. */
static int put_snapshot(
    struct warehouse_state *state, const struct handler_snapshot *snapshot, struct delivery_result *result)
{
    struct warehouse_row row;
    const char *wrong =
        warehouse_row_from_snapshot(snapshot->json, snapshot->len, snapshot->deleted, clock_now(), &row);
    int rc = 0;
    if (wrong == NULL)
        rc = state->backend->put_snapshot(state->db, &row, result);
    else
        leave_out(snapshot, wrong);
    warehouse_row_free(&row);
    return rc;
}

static void load_together(struct warehouse_state *state, const struct handler_snapshot *snapshots,
    size_t count, struct delivery_result *result)
{
    int rc = state->backend->begin(state->db, result);
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = put_snapshot(state, &snapshots[i], result);
    if (rc == 0)
        rc = state->backend->commit(state->db, result);
    if (rc == 0)
        handler_done(result);
    else
        state->backend->rollback(state->db);
}

/* What the database refuses is found by loading one by one, and left out. */
static void load_all(
    struct warehouse_state *state, const struct handler_batch *batch, struct delivery_result *result)
{
    load_together(state, batch->snapshots, batch->count, result);
    if (result->status != DELIVERY_DEAD)
        return;
    for (size_t i = 0; i < batch->count; i++) {
        load_together(state, &batch->snapshots[i], 1, result);
        if (result->status == DELIVERY_LATER)
            return;
        if (result->status == DELIVERY_DEAD)
            leave_out(&batch->snapshots[i], result->error);
    }
    handler_done(result);
}

static int probe(void *context, struct handler_probe *out, struct error *e)
{
    struct warehouse_state *state = context;
    struct delivery_result why = {0};
    if (state->backend->probe(state->db, out->found, sizeof out->found, &why) == 0)
        return 0;
    return fail(e, EX_UNAVAILABLE, "%s", why.error);
}

/* --- a rehearsal --- */

/* The same functions, with a database that writes down what it is given. */
static int render(void *context, struct handler_batch *batch, struct handler_render *out, struct error *e)
{
    const struct warehouse_state *state = context;
    struct warehouse_script script = {.backend = state->backend, .db = state->db, .out = &out->bytes};
    struct warehouse_state written = {.backend = &warehouse_script_backend, .db = &script};
    struct delivery_result result = {0};
    (void)e; /* this cannot fail */
    if (batch->kind == HANDLER_SNAPSHOTS)
        load_together(&written, batch->snapshots, batch->count, &result);
    else
        apply(&written, batch->events, batch->count, &result);
    if (result.status == DELIVERY_DEAD)
        buffer_append_format(&out->bytes, "-- refused: %s\n", result.error);
    out->suffix = ".sql";
    return 0;
}

/* --- the type --- */

static void work(void *context, struct handler_batch *batch, struct delivery_result *results)
{
    if (batch->kind == HANDLER_SNAPSHOTS)
        load_all(context, batch, results);
    else
        apply_all(context, batch, results);
}

static void limits(const void *state, struct handler_limits *limits)
{
    (void)state;
    limits->events = BATCH;
    limits->jobs = 1;
}

const struct handler_type handler_warehouse = {
    .name = "warehouse",
    .keys = keys,
    .make = make,
    .free = release,
    .limits = limits,
    .wants_snapshots = true,
    .keeps = true,
    .work = work,
    .probe = probe,
    .render = render,
};
