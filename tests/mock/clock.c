#include "clock.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static pthread_mutex_t pause_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t pause_end;
static pthread_once_t pause_once = PTHREAD_ONCE_INIT;
static bool ending;

static int64_t read_clock(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_now(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_steady(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static char *put_digits(char *out, int64_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        out[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return out + digits;
}

/* The calendar by arithmetic, for a page has more than a thousand dates: the era-based algorithm of Howard
 * Hinnant, in which a year begins in March so that the leap day comes last. */
void clock_iso(int64_t when, char *out)
{
    int64_t days = when / CLOCK_DAY - (when % CLOCK_DAY < 0);
    int64_t ms = when - days * CLOCK_DAY;
    int64_t z = days + 719468; /* days from 0000-03-01 to 1970-01-01 */
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int64_t month = mp < 10 ? mp + 3 : mp - 9;
    int64_t year = yoe + era * 400 + (month <= 2);

    out = put_digits(out, year < 0 ? 0 : year, 4);
    *out++ = '-';
    out = put_digits(out, month, 2);
    *out++ = '-';
    out = put_digits(out, doy - (153 * mp + 2) / 5 + 1, 2);
    *out++ = 'T';
    out = put_digits(out, ms / CLOCK_HOUR, 2);
    *out++ = ':';
    out = put_digits(out, ms / 60000 % 60, 2);
    *out++ = ':';
    out = put_digits(out, ms / 1000 % 60, 2);
    *out++ = '.';
    out = put_digits(out, ms % 1000, 3);
    *out = 'Z';
}

void clock_http(int64_t when, char *out, size_t size)
{
    time_t seconds = (time_t)(when / 1000);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    strftime(out, size, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

/* Reads exactly DIGITS digits and moves *P behind them. */
static bool take_digits(const char **p, int digits, int *value)
{
    *value = 0;
    for (int i = 0; i < digits; i++, (*p)++) {
        if (**p < '0' || **p > '9')
            return false;
        *value = *value * 10 + (**p - '0');
    }
    return true;
}

static bool take_char(const char **p, char c)
{
    if (**p != c)
        return false;
    (*p)++;
    return true;
}

/* "Z", "+hh:mm" or nothing, to the end of the text. */
static bool take_zone(const char **p, int64_t *offset)
{
    int sign = **p == '-' ? -1 : 1, hours, minutes;

    *offset = 0;
    if (take_char(p, 'Z') || **p == '\0')
        return **p == '\0';
    if (!take_char(p, '+') && !take_char(p, '-'))
        return false;
    if (!take_digits(p, 2, &hours))
        return false;
    take_char(p, ':');
    if (!take_digits(p, 2, &minutes) || **p != '\0')
        return false;
    *offset = (int64_t)sign * (hours * 60 + minutes) * 60000;
    return true;
}

/* "T10:15", "T10:15:00" or "T10:15:00.5"; digits behind the millisecond are read and dropped. */
static bool take_time(const char **p, struct tm *tm, int64_t *ms)
{
    int64_t unit = 100;

    if (!take_digits(p, 2, &tm->tm_hour) || !take_char(p, ':') || !take_digits(p, 2, &tm->tm_min))
        return false;
    if (tm->tm_hour > 23 || tm->tm_min > 59)
        return false;
    if (!take_char(p, ':'))
        return true;
    if (!take_digits(p, 2, &tm->tm_sec) || tm->tm_sec > 60)
        return false;
    if (!take_char(p, '.'))
        return true;
    if (**p < '0' || **p > '9')
        return false;
    for (; **p >= '0' && **p <= '9'; (*p)++, unit /= 10)
        *ms += unit * (**p - '0');
    return true;
}

bool clock_parse(const char *text, int64_t *when)
{
    struct tm tm = {0};
    int64_t ms = 0, offset;
    const char *p = text;
    int day;

    if (!take_digits(&p, 4, &tm.tm_year) || !take_char(&p, '-') || !take_digits(&p, 2, &tm.tm_mon) ||
        !take_char(&p, '-') || !take_digits(&p, 2, &tm.tm_mday))
        return false;
    day = tm.tm_mday;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    if (take_char(&p, 'T') && !take_time(&p, &tm, &ms))
        return false;
    if (!take_zone(&p, &offset))
        return false;
    *when = (int64_t)timegm(&tm) * 1000 + ms - offset;
    return tm.tm_mday == day || tm.tm_sec > 59; /* timegm() moves 31 February on to March */
}

static void pause_init(void)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&pause_end, &attr);
    pthread_condattr_destroy(&attr);
}

bool clock_pause(int64_t milliseconds)
{
    int64_t until = clock_steady() + milliseconds;
    struct timespec t = {.tv_sec = (time_t)(until / 1000), .tv_nsec = (long)(until % 1000) * 1000000};
    bool go_on;

    pthread_once(&pause_once, pause_init);
    pthread_mutex_lock(&pause_lock);
    while (!ending && clock_steady() < until)
        pthread_cond_timedwait(&pause_end, &pause_lock, &t);
    go_on = !ending;
    pthread_mutex_unlock(&pause_lock);
    return go_on;
}

void clock_end_pauses(void)
{
    pthread_once(&pause_once, pause_init);
    pthread_mutex_lock(&pause_lock);
    ending = true;
    pthread_cond_broadcast(&pause_end);
    pthread_mutex_unlock(&pause_lock);
}
