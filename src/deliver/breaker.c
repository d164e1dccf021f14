#include "deliver/breaker.h"

#include "base/clock.h"

bool breaker_doubts(const struct breaker *breaker)
{
    return breaker->failures >= BREAKER_DOUBT;
}

bool breaker_allows(const struct breaker *breaker)
{
    return !breaker_doubts(breaker) || breaker->probes + breaker->failed < BREAKER_PROBES;
}

void breaker_probe(struct breaker *breaker)
{
    breaker->probes++;
}

void breaker_note(struct breaker *breaker, bool answered, bool probe)
{
    breaker->probes -= probe;
    if (answered) {
        breaker->failures = breaker->failed = 0;
        return;
    }
    if (breaker->failures++ == 0)
        breaker->since = clock_monotonic();
    breaker->failed += probe;
}

bool breaker_is_open(const struct breaker *breaker)
{
    return breaker_doubts(breaker) &&
           (breaker->failed >= BREAKER_PROBES || clock_monotonic() - breaker->since > BREAKER_LONGEST_MS);
}
