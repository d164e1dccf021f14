/*
 * clock: time: everywhere milliseconds since 1970 in UTC, and ISO 8601 text at the edges.
 */
#ifndef MOCK_CLOCK_H
#define MOCK_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIME_NONE INT64_MIN /* there is no such date */

enum {
    CLOCK_SECOND = 1000, /* in milliseconds, as the next two */
    CLOCK_HOUR = 3600 * CLOCK_SECOND,
    CLOCK_DAY = 24 * CLOCK_HOUR,
    CLOCK_ISO_LENGTH = 24 /* of 2026-11-23T10:15:00.000Z */
};

/* The time of day of this machine. */
int64_t clock_now(void);

/* A clock that only goes forward, for measuring; its zero means nothing. */
int64_t clock_steady(void);

/* Writes the CLOCK_ISO_LENGTH characters of 2026-11-23T10:15:00.000Z, no NUL. Years outside 0 to 9999 are cut
 * to fit. */
void clock_iso(int64_t when, char *out);

/* Writes the date of an HTTP header, "Mon, 23 Nov 2026 10:15:00 GMT". */
void clock_http(int64_t when, char *out, size_t size);

/* Reads an ISO 8601 date (2026-11-23, or with T10:15, T10:15:00, any fraction, and Z or +hh:mm). False if it
 * is none. */
bool clock_parse(const char *text, int64_t *when);

/* Sleeps for MILLISECONDS, or until the program is told to end: then false, at once. */
bool clock_pause(int64_t milliseconds);

/* Ends all pauses, now and from now on. */
void clock_end_pauses(void);

#endif
