#include "report/scale.h"

#include <math.h>

/* The smallest of 1, 2, 5 times a power of ten that is not less than `least`. */
static double nice_step(double least)
{
    double power = pow(10, floor(log10(least)));
    static const double factors[] = {1, 2, 5, 10};
    for (int i = 0; i < 4; i++)
        if (factors[i] * power >= least * (1 - 1e-9)) /* 0.3 is not three times 0.1 */
            return factors[i] * power;
    return 10 * power; /* LCOV_EXCL_LINE: 10 times the power is more than `least` */
}

struct scale scale_make(double max, int ticks, bool whole)
{
    if (!(max > 0))
        return (struct scale){1, 1};
    double step = nice_step(max / ticks);
    if (whole && step < 1)
        step = 1;
    return (struct scale){step * ceil(max / step - 1e-9), step};
}

int scale_ticks(const struct scale *scale)
{
    return (int)lround(scale->top / scale->step);
}

double scale_at(const struct scale *scale, double value, double zero, double end)
{
    double part = value / scale->top;
    if (!(part > 0))
        part = 0;
    return zero + (end - zero) * (part > 1 ? 1 : part);
}

size_t scale_stride(size_t count, double slot, double label)
{
    size_t stride = 1;
    while (stride < count && (double)stride * slot < label)
        stride++;
    return stride;
}
