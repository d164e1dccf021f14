#include "core/detour.h"

#include "base/timestamp.h"

/* How far ahead of the present a date may lie: forty years. */
static const int64_t far_ms = INT64_C(40) * 366 * 24 * 3600 * 1000;

/* Closer to the present than this, it is no bound: it moves on while windows are read, and the records' dates
 * are of another clock. */
static const int64_t near_ms = INT64_C(24) * 3600 * 1000;

bool detour_is_on(const struct detour *detour)
{
    return detour->from != TIMESTAMP_NONE;
}

void detour_begin(struct detour *detour, int64_t from, int64_t bad)
{
    *detour = (struct detour){.from = from, .until = TIMESTAMP_NONE, .bad = bad};
    if (bad != TIMESTAMP_NONE && bad < from)
        detour->bad = from;
}

/* Goes on behind an instant. */
static void move_on(struct detour *detour, int64_t done)
{
    detour->from = done + 1;
    detour->until = TIMESTAMP_NONE;
    if (detour->bad != TIMESTAMP_NONE && detour->from > detour->bad)
        detour->bad = TIMESTAMP_NONE;
}

bool detour_set_window(struct detour *detour, int64_t skipped, bool again)
{
    if (skipped == detour->from && again) {
        detour->until = skipped;
        return true;
    }
    if (skipped == detour->from) {
        move_on(detour, skipped);
        return false;
    }
    detour->until = TIMESTAMP_NONE;
    if (detour->bad != TIMESTAMP_NONE)
        detour->until = detour->from + (detour->bad - detour->from) / 2;
    if (skipped != TIMESTAMP_NONE && (detour->until == TIMESTAMP_NONE || detour->until >= skipped))
        detour->until = skipped - 1;
    return true;
}

bool detour_window_read(struct detour *detour)
{
    if (detour->until == TIMESTAMP_NONE)
        return true;
    move_on(detour, detour->until);
    return false;
}

bool detour_window_failed(struct detour *detour, int64_t newest)
{
    if (detour->until == TIMESTAMP_NONE) {
        detour->bad = newest - detour->from >= near_ms ? newest : detour->from + far_ms;
        return false;
    }
    if (detour->until == detour->from)
        return true;
    detour->bad = detour->until;
    return false;
}

void detour_skip(struct detour *detour)
{
    move_on(detour, detour->from);
}
