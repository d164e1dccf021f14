/*
 * migration: which schema a store has, and how it comes to that of this program. For store/ and what shows
 * it.
 */
#ifndef WOSYNC_STORE_MIGRATION_H
#define WOSYNC_STORE_MIGRATION_H

#include "store/store.h"

/* The migrations that this program knows, sql/migrations: the n-th leads to schema n. Tests put further ones
 * in their place. */
struct migrations {
    const char *const *sql;
    int count;
};
extern struct migrations migration_known;

/* Reads the schema of the open file: 0 for an empty one. Returns it, or -1 with the error filled: it cannot
 * be read, belongs to another program or a newer wosync, or was made by a development version. */
int migration_version(struct store *store, struct error *e);

/* Fails, for who found another schema in the store than that of this program: with what store_open would say.
 * Returns -1. */
int migration_refuse(struct store *store, struct error *e);

/* Brings the store to the newest schema, in one transaction: after it was copied to PATH.schema-N, where it
 * is an older one, N. Returns 0, or -1 with the error filled and the store as it was. */
int migration_run(struct store *store, struct error *e);

#endif
