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
};

/* No description at all. */
enum { ABSENT = -1 };

enum { EXPECTED_IDS = 5, EXPECTED_ID_SIZE = 128 };

struct expected {
    int count;
    struct expected_event {
        char id[EXPECTED_ID_SIZE];
        char timestamp[32];
        bool numbered; /* the lowest free of ID, ID/2, ID/3, ... */
        bool maybe;    /* a completion whose date came late: none where it was emitted before, under another date */
    } events[EXPECTED_IDS];
    struct knowledge after;
};

/* From `known` to `version` of the order, seen with that description; with the horizon. */
void expect(const struct order *order, const struct knowledge *known, int version, int description,
    int64_t horizon, struct expected *out);

/* The end of such an event's body, behind the work order: previousStatus and changes, and the closing braces.
 */
void expect_tail(const struct order *order, const struct knowledge *from, int version, int description,
    char *out, int size);

#endif
