#include "base/random.h"

#include <sys/random.h>

#include "base/clock.h"

uint32_t random_bits(void)
{
    uint32_t bits = 0;
    if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) != (ssize_t)sizeof bits)
        bits = (uint32_t)clock_monotonic();
    return bits;
}
