/*
 * account: whose work orders the store holds, and how far polling has come.
 */
#ifndef WOSYNC_STORE_ACCOUNT_H
#define WOSYNC_STORE_ACCOUNT_H

#include <stdint.h>

#include "base/error.h"

struct store;

/* Dates are milliseconds, TIMESTAMP_NONE where there is none yet. The struct owns its texts. */
struct account {
    char *base_url;
    char *organization; /* "" without one */
    int64_t horizon;    /* facts older than this make no events */
    int64_t watermark;  /* largest updatedAt observed by a finished pass */
    int64_t started;    /* S of rule R1: when the last finished pass began, by the server's clock or ours */
    int64_t observed;   /* the same instant by our clock */
    int64_t finished;   /* when it ended, by our clock */
    char *filter;       /* the spelling that the server honours; NULL while unknown */
};

/* Reads the account into *out, to be freed with account_free. Returns 1, 0 when nothing was polled yet (*out
 * is zeroed), -1 when the store failed. */
int account_load(struct store *store, struct account *out, struct error *e);

/* Writes the account of a new store. */
int account_make(
    struct store *store, const char *base_url, const char *organization, int64_t horizon, struct error *e);

/* Moves the watermark (never back; `newest` may be TIMESTAMP_NONE) and S: in the transaction that ends a
 * pass. */
int account_finish_pass(struct store *store, int64_t newest, int64_t started, int64_t observed,
    int64_t finished, struct error *e);

/* A pass has ended that showed nothing: only `finished` moves. */
int account_touch(struct store *store, int64_t finished, struct error *e);

/* Remembers the spelling of the filter; NULL forgets it. */
int account_set_filter(struct store *store, const char *filter, struct error *e);

/* Frees what the struct owns and zeroes it. */
void account_free(struct account *account);

#endif
