#include "dice.h"

struct dice dice_of(uint64_t seed, uint64_t purpose)
{
    struct dice dice = {seed ^ (purpose * UINT64_C(0x9fb21c651e98df25))};
    dice_bits(&dice);
    return dice;
}

uint64_t dice_bits(struct dice *dice)
{
    uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

int64_t dice_below(struct dice *dice, int64_t n)
{
    return (int64_t)(dice_bits(dice) % (uint64_t)n);
}

int64_t dice_between(struct dice *dice, int64_t least, int64_t most)
{
    return least + dice_below(dice, most - least + 1);
}

bool dice_chance(struct dice *dice, int percent)
{
    return dice_below(dice, 100) < percent;
}

int64_t dice_spread(struct dice *dice, int bits)
{
    int64_t least = INT64_C(1) << dice_below(dice, bits);
    return least + dice_below(dice, least);
}

size_t dice_weighted(struct dice *dice, const int *weights, size_t count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += weights[i];
    int64_t throw = dice_below(dice, sum);
    for (size_t i = 0; i < count; i++) {
        if (throw < weights[i])
            return i;
        throw -= weights[i];
    }
    return count - 1;
}
