/*
 * hooks: the webhooks that MaintainX sends, and what happens to them: they are late, lost, doubled, come in
 * any order, say all, some or nothing of the work order, lack their name, or come from someone else.
 * MaintainX sends envelopes; in the brief's spelling a delivery holds the work order.
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
    int nameless;                      /* of 100 envelopes, so many do not say which event they are */
    int64_t skew;                      /* how far occurredAt may lie from updatedAt, milliseconds */
    bool serialized;                   /* envelopes hold a part of the work order */
    bool resent;                       /* what was not taken is sent again */
};

void hooks_reset(const struct hooks_manner *manner, uint64_t seed);

/* A work order has a new version; or was deleted, at that time by its own dates, and no notification of it
 * comes before `earliest` (true time). */
void hooks_changed(struct order *order);
void hooks_deleted(struct order *order, int64_t when, int64_t earliest);

/* What a notification names: a status change, or a deletion. */
struct notice {
    int64_t work_order, occurred;
    const char *from, *to; /* NULL: of a deletion */
    int64_t actor;         /* 0: the system did it */
    bool plain;            /* its event can be told from what it holds */
    bool taken;            /* it came in and may be stored, */
    bool sure;             /* it is, */
    bool before;           /* and was so when the newest run began */
    int64_t since;         /* the true time since which it is */
};

/* All so far, in the order in which they happened. */
enum { MOST_NOTICES = 1024 };
extern struct notices {
    struct notice list[MOST_NOTICES];
    int count;
} notices;

/* One delivery as it comes in. */
struct api_subscription {
    char body[1024];
    char signature[160]; /* a header line */
    char event_id[64];   /* a header line; "": it has none */
    bool forged;         /* by someone who does not know the secret */
    int64_t work_order;  /* 0: it is about none */
    int version;         /* that it tells whole, or -1 */
    int notice;          /* what it names, in notices, or -1 */
};

/* Takes a delivery: set by the player. Returns false when it is to be sent again. */
extern bool (*hooks_deliver)(const struct api_subscription *hook);

/* Nothing is lost any more. */
void hooks_calm(void);

/* Of machine_events. */
int64_t hooks_next(void);
void hooks_happen(void);

/* --- hooks_body.c --- */

enum about {
    ABOUT_WHOLE,
    ABOUT_PARTIAL,
    ABOUT_NOTHING,
    ABOUT_STATUS,
    ABOUT_DELETION,
    ABOUT_COMMENT,
    ABOUT_FOREIGN
};

/* A delivery before it is written. */
struct message {
    int64_t at;
    int64_t work_order;
    int version;
    enum about about;
    bool forged, nameless;
    int number;   /* what makes two deliveries one */
    int sendings; /* so far */
    int64_t occurred, actor;
    int notice;
};

/* Writes the body and the headers. */
void hooks_write(
    const struct message *message, const struct hooks_manner *manner, struct api_subscription *out);

#endif
