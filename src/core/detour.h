/*
 * detour: how a list is read around a place that cannot be read: in windows of time, each half of what is
 * known to fail, until a window of one millisecond is left, which is skipped. Pure.
 *
 *     from ............... until ............. bad
 *     everything before    the window that    the end of what failed as a whole (none: nothing is known
 *     is read or skipped   is asked for       to fail, and the window has no end)
 */
#ifndef WOSYNC_CORE_DETOUR_H
#define WOSYNC_CORE_DETOUR_H

#include <stdbool.h>
#include <stdint.h>

/* Instants are milliseconds, bounds inclusive, TIMESTAMP_NONE where there is none. */
struct detour {
    int64_t from; /* none: there is no detour, and the rest says nothing */
    int64_t until;
    int64_t bad;
};

#define DETOUR_NONE ((struct detour){TIMESTAMP_NONE, TIMESTAMP_NONE, TIMESTAMP_NONE})

bool detour_is_on(const struct detour *detour);

/* Begins: nothing from `from` on is read. `bad`: everything up to there fails when it is asked for at once;
 * TIMESTAMP_NONE where only what is skipped is known. */
void detour_begin(struct detour *detour, int64_t from, int64_t bad);

/* Sets the window to ask for next, which ends before `skipped`, the next instant that is known to fail
 * (TIMESTAMP_NONE: there is none). Where that is the very next one: with `again` it is a window of its own;
 * else it is passed over, and false returned: find the next one and call again. */
bool detour_set_window(struct detour *detour, int64_t skipped, bool again);

/* The window was read to its end. Returns true when it was the last one: everything is read. */
bool detour_window_read(struct detour *detour);

/* The window failed; `newest` is an instant behind which hardly anything can be (the present, which may be
 * another one the next time). Returns true when it cannot be made smaller: it is one instant, which is to be
 * skipped. */
bool detour_window_failed(struct detour *detour, int64_t newest);

/* The instant that failed is passed over. */
void detour_skip(struct detour *detour);

#endif
