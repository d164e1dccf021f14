/*
 * generator: work orders out of numbers: the same seed and id give the same work order. The dates, status and
 * priority are drawn once and kept in the struct; all the rest is drawn again whenever the JSON is written.
 */
#ifndef MOCK_GENERATOR_H
#define MOCK_GENERATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "workorder.h"

enum {
    GENERATOR_FIRST_ID = 100000,
    /* who and what work orders refer to; records.c has their names */
    GENERATOR_FIRST_USER = 2001,
    GENERATOR_USERS = 60,
    GENERATOR_FIRST_TEAM = 301,
    GENERATOR_TEAMS = 8,
    GENERATOR_FIRST_LOCATION = 601
};

/* Fills WO, which has its id, with the past: the INDEXth of TOTAL that were created in the two years before
 * BASE, in the order of their ids. Most are done, the younger ones are open, some are planned for the days
 * after BASE. */
void generator_past(struct workorder *wo, uint64_t seed, int64_t base, size_t index, size_t total);

/* Fills WO, which has its id, as one that was created and never changed at NOW. */
void generator_fresh(struct workorder *wo, uint64_t seed, int64_t now);

/* How a work order is written. */
struct look {
    unsigned expand; /* with which of the fields that must be asked for (expand.h) */
    bool nulls;      /* with the fields that are null */
    uint32_t stamp;  /* in the signature of the thumbnail's URL: another one makes other bytes, as with the
                        vendor, whose signed URLs are new in every answer */
};

/* Appends the JSON of WO, as the list gives it. */
void generator_write(struct buffer *out, uint64_t seed, const struct workorder *wo, struct look look);

/* A number that looks random, of STATE, which it moves on (splitmix64). */
uint64_t generator_random(uint64_t *state);

#endif
