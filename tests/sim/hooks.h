/*
 * hooks: the webhooks that MaintainX sends, and what happens to them: they are late, lost, doubled, come in
 * any order, say all, some or nothing of the work order, or come from someone else.
 */
#ifndef WOSYNC_SIM_HOOKS_H
#define WOSYNC_SIM_HOOKS_H

#include <stdbool.h>
#include <stdint.h>

#define HOOKS_SECRET "simulated-secret"

struct order;

/* How they are, for the whole history. */
struct hooks_manner {
    bool on;
    int lost, doubled, partial, hints; /* of 100 */
    int late;                          /* the longest delay, as a number of bits of milliseconds */
    bool brief;                        /* workorder.created and so on; else NEW_WORK_ORDER and so on */
};

void hooks_reset(const struct hooks_manner *manner, uint64_t seed);

/* A work order has a new version; or was deleted, at that time by its own dates. */
void hooks_changed(struct order *order);
void hooks_deleted(struct order *order, int64_t when);

/* One delivery as it comes in. */
struct api_subscription {
    char body[1024];
    char signature[160]; /* a header line */
    char event_id[64];   /* a header line */
    bool forged;         /* by someone who does not know the secret */
    int64_t work_order;
    int version; /* that it tells whole, or -1 */
};

/* Takes a delivery: set by the player. Returns false when it is to be sent again. */
extern bool (*hooks_deliver)(const struct api_subscription *hook);

/* Nothing is lost any more. */
void hooks_calm(void);

/* Of machine_events. */
int64_t hooks_next(void);
void hooks_happen(void);

#endif
