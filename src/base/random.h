/*
 * random: numbers for jitter; nothing secret hangs on them.
 */
#ifndef WOSYNC_BASE_RANDOM_H
#define WOSYNC_BASE_RANDOM_H

#include <stdint.h>

/* 32 random bits from the kernel; from the clock where it has none yet. */
uint32_t random_bits(void);

#endif
