/*
 * snapshots: what we knew last of each work order.
 */
#ifndef WOSYNC_STORE_SNAPSHOTS_H
#define WOSYNC_STORE_SNAPSHOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/diff.h"
#include "core/fingerprint.h"
#include "core/workorder.h"

struct store;

struct snapshot {
    struct workorder wo;
    bool from_list;
    bool deleted;
    int deletions;
    int64_t deleted_at; /* TIMESTAMP_NONE where that is not known */
    char *status;       /* as in diff_snapshot, owned; NULL: the document's own */
    int64_t status_at;  /* as in diff_snapshot */
    int64_t doubted;    /* an older updatedAt that the single work order refuted; TIMESTAMP_NONE: none */
    int64_t observed;   /* when this version was first seen, by our clock */
    int64_t document;   /* where its JSON lies */
};

/* What is known of a work order without a look into its document. */
struct snapshot_glance {
    bool same; /* the list gave this very record last time, and it was not emitted as deleted since */
    int64_t updated;
    int64_t observed;
    bool deleted;
};

/* Looks for the snapshot with this id; `fingerprint` is that of the record at hand. Returns 1, 0 when there
 * is none, -1 when the store failed. */
int snapshots_glance(struct store *store, int64_t id, const unsigned char fingerprint[FINGERPRINT_SIZE],
    struct snapshot_glance *out, struct error *e);

/* Reads one snapshot into *out, to be freed with snapshot_free. Returns 1, 0 when there is none, -1 when the
 * store failed or holds what cannot be read (EX_IOERR). */
int snapshots_load(struct store *store, int64_t id, struct snapshot *out, struct error *e);

/* What to write; `fingerprint` is NULL for a document that is not as the list gave it. */
struct snapshot_row {
    int64_t id;
    int64_t updated;
    const unsigned char *fingerprint;
    const char *json;
    size_t len;
    int64_t observed;
    bool deleted;
    int deletions;
    int64_t deleted_at; /* TIMESTAMP_NONE where that is not known */
    const char *status; /* as in diff_snapshot */
    int64_t status_at;
};

/* Writes a snapshot; `document` is where the old one's JSON lies, 0 for a new one. */
int snapshots_save(struct store *store, const struct snapshot_row *row, int64_t document, struct error *e);

/* Marks a snapshot as emitted as deleted, for the n-th time; `when` is the instant of the deletion. */
int snapshots_set_deleted(struct store *store, int64_t id, int deletions, int64_t when, struct error *e);

/* Notes an older updatedAt that the single work order refuted: seen again, it calls for no request. */
int snapshots_set_doubted(struct store *store, int64_t id, int64_t updated, struct error *e);

/* How many work orders are known in a version that the list has not shown, though a pass that began at
 * `began` has finished; *oldest is the updatedAt of the oldest, TIMESTAMP_NONE where there is none. -1 when
 * the store failed. */
int64_t snapshots_count_unlisted(struct store *store, int64_t began, int64_t *oldest, struct error *e);

/* A snapshot as it lies there; the JSON is borrowed during the call. */
struct snapshot_view {
    int64_t document;
    int64_t id;
    int64_t updated;
    bool deleted;
    const char *json;
    size_t len;
};

/* Calls `each` for the snapshots whose document lies behind `after`, in the order in which they first came,
 * at most `most`; it returns 0 to go on, -1 with the error filled to stop. Returns 0 or -1. */
int snapshots_after(struct store *store, int64_t after, int most,
    int (*each)(const struct snapshot_view *view, void *context, struct error *e), void *context,
    struct error *e);

/* How many snapshots_after would visit in all, or -1. */
int64_t snapshots_count_after(struct store *store, int64_t after, struct error *e);

/* How many there are, or -1. */
int64_t snapshots_count(struct store *store, struct error *e);

/* How many were updated at `since` or later and are not deleted, or -1. */
int64_t snapshots_count_since(struct store *store, int64_t since, struct error *e);

/* Frees what the struct owns and zeroes it. */
void snapshot_free(struct snapshot *snapshot);

#endif
