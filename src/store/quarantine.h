/*
 * quarantine: records that could not be understood, kept raw and with the reason (rule R8).
 */
#ifndef WOSYNC_STORE_QUARANTINE_H
#define WOSYNC_STORE_QUARANTINE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/fingerprint.h"

struct store;

struct quarantine_entry {
    const unsigned char *identity;    /* fingerprint of what makes it this record and no other */
    const unsigned char *fingerprint; /* of the whole record */
    int64_t work_order;               /* 0 where no id could be made out */
    const char *source;
    const char *reason;
    const char *raw;
    size_t size;  /* of the record; at most the first 64 KiB of it are kept */
    int64_t seen; /* milliseconds */
};

/* Keeps a record. Returns 1 when it is new; 0 when a record of that identity is here already for the same
 * reason, of which these bytes are kept now; -1 when the store failed. */
int quarantine_add(struct store *store, const struct quarantine_entry *entry, struct error *e);

/* How many records are in quarantine, or -1. */
int64_t quarantine_count(struct store *store, struct error *e);

/* Calls `each` for the newest ten, the newest first, without fingerprint and raw; it returns 0 to go on, -1
 * with the error filled to stop. */
int quarantine_list(struct store *store,
    int (*each)(const struct quarantine_entry *entry, void *context, struct error *e), void *context,
    struct error *e);

/* Forgets the records of a work order that is understood again. */
int quarantine_resolve(struct store *store, int64_t work_order, struct error *e);

#endif
