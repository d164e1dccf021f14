/*
 * dice: random numbers that are the same for the same seed, everywhere and always (splitmix64, by Steele, Lea
 * and Flood).
 */
#ifndef WOSYNC_SIM_DICE_H
#define WOSYNC_SIM_DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

/* Dice that begin at `seed`; `purpose` tells apart those of one seed. */
struct dice dice_of(uint64_t seed, uint64_t purpose);

/* 64 random bits. */
uint64_t dice_bits(struct dice *dice);

/* A number from 0 to n - 1; n is at least 1. */
int64_t dice_below(struct dice *dice, int64_t n);

/* A number from `least` to `most`, both included. */
int64_t dice_between(struct dice *dice, int64_t least, int64_t most);

/* True in `percent` of 100 throws. */
bool dice_chance(struct dice *dice, int percent);

/* A number of 1 to 2^bits - 1 whose length in bits is as likely as any other: small ones often, large ones
 * too. */
int64_t dice_spread(struct dice *dice, int bits);

/* Which of the weights the throw fell on. */
size_t dice_weighted(struct dice *dice, const int *weights, size_t count);

#endif
