#include "base/calendar.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const month_names[] = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static struct tm local_time(int64_t ms)
{
    struct tm tm = {0};
    time_t seconds = (time_t)(ms / 1000 - (ms % 1000 < 0 ? 1 : 0));
    localtime_r(&seconds, &tm);
    return tm;
}

/* Midnight of the unit's first day, `steps` units later. */
static int64_t begin_of(enum calendar_unit unit, int64_t ms, int steps)
{
    struct tm now = local_time(ms);
    struct tm tm = {.tm_year = now.tm_year, .tm_mon = now.tm_mon, .tm_mday = now.tm_mday, .tm_isdst = -1};
    if (unit == CALENDAR_DAY)
        tm.tm_mday += steps;
    else if (unit == CALENDAR_WEEK)
        tm.tm_mday += 7 * steps - (now.tm_wday + 6) % 7;
    else {
        tm.tm_mday = 1;
        tm.tm_mon += steps;
    }
    return (int64_t)mktime(&tm) * 1000;
}

int64_t calendar_floor(enum calendar_unit unit, int64_t ms)
{
    return begin_of(unit, ms, 0);
}

int64_t calendar_next(enum calendar_unit unit, int64_t ms)
{
    return begin_of(unit, ms, 1);
}

void calendar_format(enum calendar_format format, int64_t ms, char out[CALENDAR_SIZE])
{
    const struct tm tm = local_time(ms);
    const char *month = month_names[tm.tm_mon];
    const int year = tm.tm_year + 1900;
    switch (format) {
    case CALENDAR_SHORT:
        snprintf(out, CALENDAR_SIZE, "%d %s", tm.tm_mday, month);
        break;
    case CALENDAR_DATE:
        snprintf(out, CALENDAR_SIZE, "%d %s %d", tm.tm_mday, month, year);
        break;
    case CALENDAR_MINUTE:
        snprintf(out, CALENDAR_SIZE, "%d %s %d, %02d:%02d", tm.tm_mday, month, year, tm.tm_hour, tm.tm_min);
        break;
    case CALENDAR_SEP:
        snprintf(out, CALENDAR_SIZE, "%s", month);
        break;
    case CALENDAR_SEP_2026:
        snprintf(out, CALENDAR_SIZE, "%s %d", month, year);
        break;
    case CALENDAR_ISO:
    default:
        snprintf(out, CALENDAR_SIZE, "%04d-%02d-%02d", year, tm.tm_mon + 1, tm.tm_mday);
        break;
    }
}

void calendar_zone(int64_t ms, char out[CALENDAR_SIZE])
{
    const struct tm tm = local_time(ms);
    const long minutes = labs(tm.tm_gmtoff) / 60;
    if (strcmp(tm.tm_zone, "UTC") == 0)
        snprintf(out, CALENDAR_SIZE, "UTC");
    else /* a zone without a name is called +0545 or so */
        snprintf(out, CALENDAR_SIZE, "%s%sUTC%c%02ld:%02ld",
            isalpha((unsigned char)*tm.tm_zone) ? tm.tm_zone : "",
            isalpha((unsigned char)*tm.tm_zone) ? ", " : "", tm.tm_gmtoff < 0 ? '-' : '+', minutes / 60,
            minutes % 60);
}
