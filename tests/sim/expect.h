/*
 * expect: what must be told when a work order that was seen as one version is seen as another: rules R3 to R5
 * once more, written down from the contract and not from the program.
 */
#ifndef WOSYNC_SIM_EXPECT_H
#define WOSYNC_SIM_EXPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "plant.h"

/* What is known of a work order. */
struct knowledge {
    int version;     /* -1: it was never seen */
    int description; /* as in struct version; that of another version when a webhook did not bring it, ABSENT
                        when none ever did */
    bool deleted;    /* it is told deleted */
    int deletions;
    const char *status; /* up to which its status changes were told; NULL: all of them */
    int64_t low, high;  /* steps up to `low` are part of what was told, those behind `high` are not; which of
                           them  are in between only the program knows */
};

/* No description at all. */
enum { ABSENT = -1 };

enum { EXPECTED_IDS = 5, EXPECTED_ID_SIZE = 128 };

/* What the steps that were notified have told already (rule R5, exact steps). */
struct told_steps {
    const char *status; /* where they lead to; NULL: there are none */
    bool completed;     /* one of them completed it */
    bool waits;         /* the rest waits for more of them */
};

struct expected {
    int count;
    struct expected_event {
        char id[EXPECTED_ID_SIZE];
        char timestamp[32];
        bool numbered; /* the lowest free of ID, ID/2, ID/3, ... */
        bool maybe; /* a completion whose date came late: none where it was emitted before, under another date
                     */
    } events[EXPECTED_IDS];
    struct knowledge after;
};

/* From `known` to `version` of the order, seen with that description, behind those steps; with the horizon.
 * The steps come behind `created`, and before all else. */
void expect(const struct order *order, const struct knowledge *known, int version, int description,
    const struct told_steps *steps, int64_t horizon, struct expected *out);

/* The status up to which changes were told. */
const char *expect_status(const struct order *order, const struct knowledge *known);

/* The end of such an event's body, behind the work order: previousStatus and changes, and the closing braces.
 */
void expect_tail(const struct order *order, const struct knowledge *from, int version, int description,
    char *out, int size);

/* A status change that is told as one of several. */
struct passage {
    const char *from, *to;
    int64_t occurred;
    bool arrives; /* behind it the work order is as it is seen */
};

/* The same of a step on the way to `version`. */
void expect_step_tail(const struct order *order, const struct knowledge *from, int version, int description,
    const struct passage *step, char *out, int size);

/* The work order as it was right after a step on the way to `version`. Its json is to be freed. */
struct version expect_step_version(
    const struct order *order, const struct knowledge *from, int version, const struct passage *step);

#endif
