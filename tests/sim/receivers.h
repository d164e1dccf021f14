/*
 * receivers: the model of those that are told: they take a delivery, refuse it, fail, or take it and die
 * before they have said so. Everything is written down for the oracle.
 */
#ifndef WOSYNC_SIM_RECEIVERS_H
#define WOSYNC_SIM_RECEIVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a try ended, as the receiver and the network know it. */
enum tried {
    TRIED_TAKEN,  /* taken, and its yes came through */
    TRIED_UNSURE, /* taken, but its yes was lost */
    TRIED_LATER,  /* not now, or it was never reached */
    TRIED_REFUSED /* a refusal that came through */
};

struct
try {
    int handler;          /* its place in receiver_names */
    char id[128];         /* of the event, as the header says */
    uint64_t fingerprint; /* of the body */
    int64_t when;         /* true time of the sending, */
    int64_t clock;        /* and the wall clock */
    int64_t retry_after;  /* milliseconds, -1 where it did not say */
    enum tried how;
    bool orphan; /* the process that sent it is no more */
    int run;     /* which run it was in */
};

/* Everything that was tried since receivers_reset. */
struct tries {
    struct try *list;
    int count, capacity;
};
extern struct tries tries;

enum { RECEIVERS = 3 };
extern const char *const receiver_names[RECEIVERS];

/* The chat takes one message a second, and a fingerprint where a run would send more than this. */
enum { CHAT_DIGEST_ABOVE = 3 };

/* Messages that the chat was sent, by run. */
struct chat {
    int run;       /* the last that sent one, */
    int messages;  /* how many it sent so far, */
    int64_t began; /* since when, */
    int64_t sent;  /* and when, by the true time, */
    int64_t clock; /* and by the wall clock: where that jumps, nothing is held */
};
extern struct chat chat;

void receivers_reset(uint64_t seed);
void receivers_free(void);

/* In so many of 100 tries the receiver does not do as it should. */
void receivers_weather(int percent);

/* The receiver erp fails for the work orders from one id to another, whatever the weather (0, 0: for none);
 * and takes so much longer for each answer. */
void receivers_poison(int64_t first, int64_t last);
bool receivers_is_poisoned(int64_t work_order);
void receivers_slow(int64_t ms);
int64_t receivers_delay(const char *url);

/* The number of the run that is at work, for the tries. */
void receivers_run(int run);
int receivers_run_now(void);

struct net_request;
struct net_answer;
void receivers_answer(const struct net_request *request, struct net_answer *answer);

/* A try that did not reach its receiver. */
void receivers_unreached(const struct net_request *request);

/* A fingerprint of bytes that is the same for the same bytes (FNV-1a). */
uint64_t digest_bytes(const void *bytes, size_t len);

#endif
