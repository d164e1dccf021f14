/*
 * backend: what a database must be able to do to hold a warehouse. One file per database, which
 * alone knows its library; the SQL lies in sql/warehouse/.
 *
 * Functions that can fail return 0, or -1 with the status and the reason in *why: DELIVERY_LATER when the
 * database is not to be had just now or must be set right, DELIVERY_DEAD when it refuses what it was given.
 * After a failure `rollback` is called; the next `begin` opens anew what was lost.
 */
#ifndef WOSYNC_HANDLERS_WAREHOUSE_BACKEND_H
#define WOSYNC_HANDLERS_WAREHOUSE_BACKEND_H

#include <stdint.h>

#include "handlers/handler.h"
#include "handlers/warehouse/warehouse_row.h"

/* What is written into a warehouse. */
enum warehouse_write {
    WAREHOUSE_WRITE_BEGIN,
    WAREHOUSE_WRITE_EVENT,
    WAREHOUSE_WRITE_SNAPSHOT,
    WAREHOUSE_WRITE_USER,
    WAREHOUSE_WRITE_TEAM,
    WAREHOUSE_WRITE_COMMIT,
    WAREHOUSE_WRITES
};

/* Statements for one of them, at the most; the last of them is followed by NULL. */
enum { WAREHOUSE_STATEMENTS = 4 };

struct warehouse_backend {
    /* The SQL that the functions below run, for a rehearsal: parameters are the values of the row or name,
     * from ?1 or $1 on. */
    const char *statements[WAREHOUSE_WRITES][WAREHOUSE_STATEMENTS];
    char parameter; /* what stands before the number of one: ? or $ */

    /* The values of the parameters of WAREHOUSE_WRITE_BEGIN, borrowed. NULL: it has none. */
    const char *const *(*begin_values)(const void *db);

    /* Begins a transaction; opens the database, makes its tables and migrates them on first use. */
    int (*begin)(void *db, struct delivery_result *why);

    /* Applies an event, or a snapshot. A refusal may come as late as with the commit. */
    int (*put_event)(void *db, const struct warehouse_row *row, struct delivery_result *why);
    int (*put_snapshot)(void *db, const struct warehouse_row *row, struct delivery_result *why);

    /* Writes the name of a user or a team, unless a later one is there. For what no event mentions it can be
     * called in a transaction of its own. */
    int (*put_name)(void *db, enum warehouse_name_kind kind, const struct warehouse_name_values *name,
        struct delivery_result *why);

    /* Ends the transaction durably. When it fails, the database may or may not have it: the same may be
     * applied again. */
    int (*commit)(void *db, struct delivery_result *why);

    /* Ends it without a trace; does nothing outside a transaction. */
    void (*rollback)(void *db);

    /* Looks at the database as it is, and makes and changes nothing: is it to be had, is it ours, may we
     * write? Writes what it found in words. */
    int (*probe)(void *db, char *found, size_t size, struct delivery_result *why);

    /* Closes the database. */
    void (*free)(void *db);
};

/* The one that is built in. */
extern const struct warehouse_backend warehouse_sqlite;

/* Makes its state; nothing is opened yet. `timeout` is in milliseconds. */
void *warehouse_sqlite_new(const char *path, int64_t timeout);

/* A backend that is a module (handlers/module.h), warehouse-postgres. */
struct warehouse_module {
    const struct warehouse_backend *backend;

    /* Checks the address of a database. Returns NULL, or a static text that says what is wrong. */
    const char *(*check_address)(const char *address);

    /* Makes the state of a backend, as above. */
    void *(*make)(const char *address, const char *schema, int64_t timeout);
};

#endif
