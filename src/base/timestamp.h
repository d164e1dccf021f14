/*
 * timestamp: instants as the program keeps them (milliseconds since 1970-01-01T00:00:00Z, in an int64_t) and
 * as others write them.
 */
#ifndef WOSYNC_BASE_TIMESTAMP_H
#define WOSYNC_BASE_TIMESTAMP_H

#include <stdint.h>

/* "There is no such date." Smaller than every real instant, so it may be compared. */
#define TIMESTAMP_NONE INT64_MIN

/* Bytes that timestamp_format writes, with the NUL. */
#define TIMESTAMP_SIZE 32

/*
 * Reads a date and time of RFC 3339, section 5.6, and what ISO 8601 allows beyond it: `T` (or `t`, or a
 * space) between them; no seconds, or seconds with any number of decimals behind a dot or a comma (cut to
 * milliseconds); 24:00 for the end of the day; `Z` or `z`, or an offset as `+05:30`, `+0530` or `+05`.
 * Without a zone it is no instant. Years 0001 to 9999, in UTC, too; a leap second counts as the next second.
 * Returns 0 and fills *ms, or -1 (and leaves *ms alone) for anything else, trailing bytes included.
 */
int timestamp_parse(const char *text, int64_t *ms);

/* Reads the date of an HTTP header in its preferred form, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section
 * 5.6.7). Returns 0 and fills *ms, or -1. */
int timestamp_parse_http(const char *text, int64_t *ms);

/* Reads what a user types for a point in time: a date (`2026-11-23`, midnight UTC), a date and time (as
 * timestamp_parse; without a zone it is UTC), or an age before `now` (`90d`, by duration_parse).
 * Returns 0 and fills *ms, or -1. */
int timestamp_parse_user(const char *text, int64_t now, int64_t *ms);

/* Writes `2026-11-23T10:15:00.000Z`; for TIMESTAMP_NONE and years outside 0000 to 9999 an empty string. */
void timestamp_format(int64_t ms, char out[TIMESTAMP_SIZE]);

/* Reads a duration: digits and one unit of ms, s, m, h, d, w (`90d`); `0` needs none.
 * Returns 0 and fills *ms (never negative, at most 100 years), or -1. */
int duration_parse(const char *text, int64_t *ms);

/* Writes a duration for people, in at most two units: `4m 10s`, `2d 3h`, `850ms`. `out` has room for
 * TIMESTAMP_SIZE bytes. */
void duration_format(int64_t ms, char out[TIMESTAMP_SIZE]);

#endif
