/*
 * handler_table: the handler table: which events go to which handler.
 */
#ifndef WOSYNC_DELIVER_HANDLER_TABLE_H
#define WOSYNC_DELIVER_HANDLER_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/config.h"
#include "base/error.h"
#include "core/event.h"
#include "handlers/handler.h"
#include "deliver/when.h"
#include "store/deliveries.h"

struct store;

/* One row of the table. */
struct handler {
    char *name;
    const struct handler_type *type;
    void *state;                   /* the handler itself */
    bool on[EVENT_TYPES];          /* the event types it wants */
    struct when *when;             /* its condition, NULL without one */
    int64_t timeout;               /* milliseconds, for one delivery */
    struct handler_position place; /* where it stands in the store, once attached */
    bool stopped; /* how its deliveries went could not be stored: none is tried in this run */
    int64_t sent; /* deliveries that this run has tried, one by one */
    char *was;    /* its name before, NULL without one */
};

struct handler_table {
    struct handler *rows;
    size_t count;
};

/* Makes the table from the configuration's handler sections; with none, one handler `log` for everything.
 * Appends a line to `problems` for every mistake. Returns 0, or -1 when there is one. `out` is to be freed
 * with handler_table_free in either case. */
int handler_table_make(
    const struct config *config, struct handler_table *out, struct buffer *problems, struct buffer *warnings);

/* Makes the store know the table: new handlers start behind the event `end` (-1: at the end of the log),
 * those that come back continue where they were, those missing are marked as removed; what waits for either
 * is said. */
int handler_table_attach(
    struct handler_table *table, struct store *store, int64_t end, int64_t now, struct error *e);

/* Reads where the handlers stand, and writes nothing: one that the store knows by its former name alone
 * (`was`) stands where that one does, one that it does not know at the end of the log. Returns 0, or -1 when
 * the store failed. */
int handler_table_look(struct handler_table *table, struct store *store, struct error *e);

/* Does the row want this event? 1, 0, or -1 when its `when` cannot be evaluated (the error says so). `type`
 * EVENT_TYPES is one that this program does not know. */
int handler_wants(
    const struct handler *handler, enum event_type type, const char *body, size_t len, struct error *e);

/* Frees what the table owns and zeroes it. */
void handler_table_free(struct handler_table *table);

#endif
