/*
 * store: the SQLite file: opening and transactions. How a statement is run is in store/statement.h, how an
 * old store is brought up to date in store/migration.h.
 *
 * Every function that fails has printed nothing and filled the error. A failed write inside a transaction is
 * followed by store_rollback; nothing is ever half stored.
 */
#ifndef WOSYNC_STORE_STORE_H
#define WOSYNC_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "store/statement.h"

struct buffer;
struct store;

enum store_mode {
    STORE_WRITE,  /* make it when it is missing, bring it up to date */
    STORE_READ,   /* to look at: it must exist and be up to date */
    STORE_LOOK,   /* the same, to look at for long, and nothing of it changes: see store_open */
    STORE_SCRATCH /* an empty one in memory, for a dry run without a store */
};

/*
 * Opens the store at `path`. STORE_WRITE makes the file (mode 0600) and its directory (0700, the last one
 * only) where they are missing, switches to WAL, and applies the migrations that it lacks, after a copy of it
 * was made (store_copy). Returns the store, to be closed with store_close, or NULL: EX_CANTCREAT when it
 * cannot be made, EX_IOERR when it cannot be read, is corrupt, is not ours or was written by a newer program,
 * EX_TEMPFAIL when another process keeps it locked for longer than `busy_ms` milliseconds.
 *
 * STORE_LOOK: SQLite refuses to write, and a log that lies beside the store stays as it is. Where our user
 * may not write, which SQLite needs to read what others write, and there is no log, the file is read as one
 * that does not change: store_check_unchanged says in the end whether that was so.
 */
struct store *store_open(const char *path, enum store_mode mode, int busy_ms, struct error *e);

/* Makes the directory of a store (0700, the last one only) where it is missing. Returns 0, or -1 with
 * EX_CANTCREAT. */
int store_make_directory(const char *path, struct error *e);

/* Closes the store; an open transaction is rolled back. NULL is allowed. */
void store_close(struct store *store);

/* True when a file is there to be opened, or may be: our user is not allowed to look. */
bool store_exists(const char *path);

/* Has SQLite refuse to write from now on, for those who only look. Returns 0 or -1. */
int store_forbid_writes(struct store *store, struct error *e);

/* Returns 0, or -1 with EX_TEMPFAIL: a file that was taken for one that does not change has changed. */
int store_check_unchanged(const struct store *store, struct error *e);

/* Has SQLite look through the whole file. Returns 0, or -1 with EX_IOERR: what is wrong with it. */
int store_check(struct store *store, struct error *e);

/* Is this a store of an older schema, which STORE_WRITE would bring up to date and STORE_READ refuses? Then
 * *version is its schema. False, too, when it cannot be read: store_open says why. */
bool store_is_old(const char *path, int *version);

/* The copy of the store as it was before it was brought up to date, when opening it did that; else NULL.
 * Borrowed. */
const char *store_copy(const struct store *store);

/* The path it was opened with. */
const char *store_path(const struct store *store);

/* Changes how long a locked store is waited for, in milliseconds. */
void store_set_patience(struct store *store, int busy_ms);

/* Appends the path of SQLite's log of the store at `path`: it lies beside the file itself, not beside a link to
 * it. */
void store_log_path(const char *path, struct buffer *out);

/* Starts a writing transaction (BEGIN IMMEDIATE). Fails with EX_TEMPFAIL when the store is locked for too
 * long, EX_IOERR otherwise; also when a newer program has migrated the store since it was opened. */
int store_begin(struct store *store, struct error *e);

/* The same for a transaction whose end does not wait for the disk: when the power is cut, it may be undone,
 * whole, until the next durable one has ended. For what the next run would find out anew. */
int store_begin_relaxed(struct store *store, struct error *e);

/* Starts a transaction that only reads: until store_rollback every statement sees the store as the first one
 * saw it, and nobody waits for us. Returns 0, or -1 with EX_TEMPFAIL or EX_IOERR. */
int store_begin_reading(struct store *store, struct error *e);

/* Ends it durably. When it fails (EX_IOERR: disk full, I/O error), the transaction is rolled back. */
int store_commit(struct store *store, struct error *e);

/* Ends it without a trace; does nothing outside a transaction. */
void store_rollback(struct store *store);

/* How many transactions were begun since the store was opened. */
int64_t store_transactions(const struct store *store);

#endif
