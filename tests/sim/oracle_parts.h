/*
 * oracle_parts: what the parts of the oracle share.
 */
#ifndef WOSYNC_SIM_ORACLE_PARTS_H
#define WOSYNC_SIM_ORACLE_PARTS_H

#include "expect.h"
#include "oracle.h"

struct sqlite3;
struct sqlite3_stmt;

enum { MOST_ORDERS = 256, FIRST_ID = 100 };

/* An event of the log, as it was when it was stored. */
struct told {
    int64_t seq;
    char *id;
    char *type;
    int64_t work_order;
    char *body;
    int version;          /* of the work order, that it tells of, */
    int description;      /* with that description */
    int64_t actor;        /* who did it; 0: it does not say */
    uint64_t hash;        /* of the id */
    uint64_t fingerprint; /* of the body */
};

struct log {
    struct told *list;
    int count; /* that were looked at, */
    int total; /* and those behind them */
    int capacity;
};

/* The event of that id among those that were looked at, NULL when there is none. */
const struct told *log_find(const struct log *log, const char *id);

/* oracle_told.c: the deliveries. */
void deliveries_reset(const struct history *history);
void deliveries_look(const struct log *log, const struct run_report *run);
void deliveries_finish(const struct log *log);
int deliveries_pending(void);
void deliveries_free(void);

/* oracle_warehouse.c: what the warehouse holds in the end. `is_as_known` judges a work order's row. */
void warehouse_finish(
    const struct log *log, bool (*is_as_known)(int64_t work_order, bool deleted, const char *json));

/* What the store is asked. */
enum oracle_query {
    ORACLE_HAS_TABLES,
    ORACLE_HORIZON,
    ORACLE_WATERMARK,
    ORACLE_EVENTS, /* behind ?1 */
    ORACLE_SNAPSHOTS,
    ORACLE_DELIVERIES, /* that are not done */
    ORACLE_OLD,        /* what is older than ?1, and wanted by no one */
    ORACLE_QUERIES
};
struct sqlite3_stmt *oracle_query(enum oracle_query which);

/* What was seen of a work order so far. */
struct watched {
    struct knowledge known;
    int waits_since; /* the run since which the rest of its steps waits */
    int64_t heard;   /* when a webhook last spoke of it; 0: none did */
};

extern struct oracle {
    struct sqlite3 *db;
    struct sqlite3_stmt *queries[ORACLE_QUERIES];
    const struct history *history;
    bool has_horizon;
    int64_t horizon;
    int64_t last_seq;
    int64_t latest;   /* that any clock has shown so far */
    int run;          /* the one that is looked at */
    bool few_missing; /* a sweep found no more missing at once than are allowed, although the token saw
                         nothing */
    struct log log;
    struct watched orders[MOST_ORDERS]; /* by id, from FIRST_ID on */
} oracle;

/* Adds a row of ORACLE_EVENTS to the log. */
struct told *oracle_log_add(struct sqlite3_stmt *row);

/* oracle_text.c: the newest version of the order with that text, -1 when there is none; *rest is what stands
 * behind it, *description the one it has. And the newest version that looks like this one. */
int oracle_version_of(const struct order *order, const char *text, int *description, const char **rest);
int oracle_newest_like(const struct order *order, int version);

/* What stands behind the work order in a text that begins like this version's; NULL: it is another. */
const char *oracle_behind(const struct version *v, const char *text, int *description);

/* oracle_steps.c: holds the events from place `i` of the log on, which are of one observation, against what
 * must be told after `known`. Returns how many of them that is, and fills *after; 0 when they are not what
 * they should be, which `why` then says. */
enum { ORACLE_WHY = 1200 };
int oracle_match(const struct order *order, const struct knowledge *known, int i, struct knowledge *after,
    char why[ORACLE_WHY]);

/* What must be told of it when no step was, without what was told before. */
void oracle_owe(const struct order *order, const struct knowledge *known, int version, int description,
    const struct told_steps *steps, struct expected *out);

/* Are they of one observation: the same work order, the same moment, the same source? */
bool oracle_same_look(const struct told *a, const struct told *b);

/* Does a body begin so, up to when it was observed, and does it end so? */
bool oracle_has_head(const struct told *told, const char *id, const char *timestamp);

/* oracle_passes.c: which notifications are stored: when a run has ended, before and after the look at it. */
void oracle_note_notice(const struct run_report *run);
void oracle_begin_notices(const struct run_report *run);
void oracle_end_notices(void);

/* oracle_chain.c: which notified steps must be told on the way from `known` to `version`: `told` are those
 * that were. Returns what is wrong, NULL when nothing is. */
struct step_list {
    const struct notice *list[64];
    int count;
};
const char *oracle_judge_chain(const struct order *order, const struct knowledge *known, int version,
    const struct step_list *told, bool waits);

/* oracle_events.c: takes the new events and the snapshots. */
void oracle_look_at_events(const struct run_report *run);
void oracle_look_at_snapshots(void);

/* How many are known and not told deleted, and no webhook has spoken of them since. */
int64_t oracle_known_orders(int64_t since);

/* oracle_passes.c: what a run that has read to its end must have seen. */
void oracle_check_pass(const struct run_report *run);
void oracle_check_backfill(const struct run_report *run);
void oracle_check_hook(const struct run_report *run);
void oracle_check_deletions(const struct run_report *run);

#endif
