#include "base/random.h"

#include <sys/random.h>

#include "base/clock.h"

uint32_t random_bits(void)
{
    uint32_t bits = (uint32_t)clock_monotonic(); /* stays where the system has none yet, early in its boot */
    ssize_t n = getrandom(&bits, sizeof bits, GRND_NONBLOCK);
    (void)n;
    return bits;
}
