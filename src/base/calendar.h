/*
 * calendar: days, weeks and months in the machine's time zone. Weeks begin on Monday. Instants are
 * milliseconds since 1970-01-01T00:00:00Z.
 */
#ifndef WOSYNC_BASE_CALENDAR_H
#define WOSYNC_BASE_CALENDAR_H

#include <stdint.h>

enum calendar_unit { CALENDAR_DAY, CALENDAR_WEEK, CALENDAR_MONTH };

/* How an instant is written. */
enum calendar_format {
    CALENDAR_SHORT,  /* 14 Sep */
    CALENDAR_DATE,   /* 14 Sep 2026 */
    CALENDAR_MINUTE, /* 14 Sep 2026, 13:05 */
    CALENDAR_SEP,    /* Sep */
    CALENDAR_SEP_2026,
    CALENDAR_ISO /* 2026-09-14 */
};

/* Bytes that calendar_format and calendar_zone write, with the NUL. */
enum { CALENDAR_SIZE = 64 };

/* When the day, week or month that `ms` lies in begins. */
int64_t calendar_floor(enum calendar_unit unit, int64_t ms);

/* When the next one begins: a day may have 23 or 25 hours. */
int64_t calendar_next(enum calendar_unit unit, int64_t ms);

/* Writes an instant as people of this time zone would. */
void calendar_format(enum calendar_format format, int64_t ms, char out[CALENDAR_SIZE]);

/* Writes the time zone as it is at `ms`: `CET, UTC+01:00`. */
void calendar_zone(int64_t ms, char out[CALENDAR_SIZE]);

#endif
