/*
 * timestamp: each format is checked by its shape before its numbers are read, and each number against its
 * range: nothing is normalized, so a 31st of February is no date. Instants outside of the years 0001 to 9999
 * are refused, for they could not be written again. The machine's time zone plays no part (base/calendar.h
 * has what needs it).
 */
#include "base/timestamp.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Is it of the shape, in which 0 stands for any digit? */
static bool has_shape(const char *text, const char *shape)
{
    for (; *shape != '\0'; shape++, text++)
        if (*shape == '0' ? !isdigit((unsigned char)*text) : *text != *shape)
            return false;
    return true;
}

/* The number that `digits` digits spell. */
static int number_at(const char *text, int digits)
{
    int number = 0;
    for (int i = 0; i < digits; i++)
        number = number * 10 + (text[i] - '0');
    return number;
}

/* Is it in the years 0001 to 9999? What is not could be read but never written. */
static bool can_be_written(int64_t ms)
{
    return ms >= INT64_C(-62135596800000) && ms <= INT64_C(253402300799999);
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

/* Days from 1970-01-01, by the Gregorian calendar: years that begin in March end with the odd day. */
static int64_t days_to(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;
    return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

/* Reads `2026-11-23` at the beginning of the text as the milliseconds of its midnight. */
static int parse_date(const char *text, int64_t *ms)
{
    if (!has_shape(text, "0000-00-00"))
        return -1;
    int year = number_at(text, 4), month = number_at(text + 5, 2), day = number_at(text + 8, 2);
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return -1;
    *ms = days_to(year, month, day) * 86400000;
    return 0;
}

/* Reads `.123456`, or with a comma, if it is there, as milliseconds, and moves *text past it. */
static int parse_fraction(const char **text, int64_t *ms)
{
    const char *p = *text;
    if (*p != '.' && *p != ',')
        return 0;
    p++;
    if (!isdigit((unsigned char)*p))
        return -1;
    for (int scale = 100; isdigit((unsigned char)*p); p++, scale /= 10)
        *ms += (*p - '0') * scale;
    *text = p;
    return 0;
}

/* Reads `10:15`, `10:15:00` or `10:15:00.123` as milliseconds since midnight, and moves *text past it. A leap
 * second counts as the next second; 24:00 is the end of the day. */
static int parse_time(const char **text, int64_t *ms)
{
    const char *p = *text;
    int second = 0;
    if (!has_shape(p, "00:00"))
        return -1;
    int hour = number_at(p, 2), minute = number_at(p + 3, 2);
    int64_t fraction = 0;
    p += strlen("00:00");
    if (has_shape(p, ":00")) {
        second = number_at(p + 1, 2);
        p += strlen(":00");
        if (parse_fraction(&p, &fraction) != 0)
            return -1;
    }
    int64_t of_day = ((hour * INT64_C(60) + minute) * 60 + second) * 1000 + fraction;
    if (hour > 24 || minute > 59 || second > 60 || (hour == 24 && of_day != INT64_C(86400000)))
        return -1;
    *text = p;
    *ms = of_day;
    return 0;
}

/* Reads `Z`, `+05:30`, `+0530` or `+05` as milliseconds east of UTC; the text must end there. */
static int parse_zone(const char *text, int64_t *offset)
{
    int minutes = 0;
    *offset = 0;
    if (*text == 'Z' || *text == 'z')
        return text[1] == '\0' ? 0 : -1;
    if ((*text != '+' && *text != '-') || !has_shape(text + 1, "00"))
        return -1;
    const char *rest = text + strlen("+00");
    int hours = number_at(text + 1, 2);
    if (*rest != '\0') {
        rest += *rest == ':' ? 1 : 0;
        if (!has_shape(rest, "00") || rest[2] != '\0')
            return -1;
        minutes = number_at(rest, 2);
    }
    if (hours > 23 || minutes > 59)
        return -1;
    *offset = (hours * INT64_C(60) + minutes) * (*text == '-' ? -60000 : 60000);
    return 0;
}

int timestamp_parse(const char *text, int64_t *ms)
{
    int64_t day, time, offset;
    if (parse_date(text, &day) != 0)
        return -1;
    const char *rest = text + strlen("0000-00-00");
    if (*rest != 'T' && *rest != 't' && *rest != ' ')
        return -1;
    rest++;
    if (parse_time(&rest, &time) != 0 || parse_zone(rest, &offset) != 0 || !can_be_written(day + time) ||
        !can_be_written(day + time - offset))
        return -1;
    *ms = day + time - offset;
    return 0;
}

int timestamp_parse_http(const char *text, int64_t *ms)
{
    static const char months[] = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec ";
    static const char days[] = "Sun Mon Tue Wed Thu Fri Sat ";
    static const char shape[] = "Sun, 06 Nov 1994 08:49:37 GMT";
    char date[TIMESTAMP_SIZE], month[5] = "", day[5] = "";
    const char *found, *at = text + strlen("Sun, 06 Nov ");
    if (strlen(text) != sizeof shape - 1 || !has_shape(text + 3, ", 00 ") ||
        !has_shape(at - 1, " 0000 00:00:00 GMT"))
        return -1;
    memcpy(day, text, 3);
    memcpy(month, text + strlen("Sun, 06 "), 3);
    day[3] = month[3] = ' ';
    found = strstr(months, month);
    if (found == NULL || strstr(days, day) == NULL)
        return -1;
    snprintf(date, sizeof date, "%.4s-%02d-%.2sT%.8sZ", at, (int)(found - months) / 4 + 1,
        text + strlen("Sun, "), at + strlen("1994 "));
    return timestamp_parse(date, ms);
}

int timestamp_parse_user(const char *text, int64_t now, int64_t *ms)
{
    int64_t age;
    if (timestamp_parse(text, ms) == 0)
        return 0;
    if (has_shape(text, "0000-00-00")) {
        char with_zone[2 * TIMESTAMP_SIZE];
        const char *zone = text[strlen("0000-00-00")] == '\0' ? "T00:00Z" : "Z";
        return (size_t)snprintf(with_zone, sizeof with_zone, "%s%s", text, zone) < sizeof with_zone
                   ? timestamp_parse(with_zone, ms)
                   : -1;
    }
    if (duration_parse(text, &age) != 0)
        return -1;
    *ms = now - age;
    return 0;
}

/* Writes a number of so many digits and what follows it. Returns the place behind. */
static char *put_number(char *at, int number, int digits, char behind)
{
    for (int i = digits - 1; i >= 0; i--, number /= 10)
        at[i] = (char)('0' + number % 10);
    at[digits] = behind;
    return at + digits + 1;
}

void timestamp_format(int64_t ms, char out[TIMESTAMP_SIZE])
{
    out[0] = '\0';
    if (ms < INT64_C(-62167219200000) || ms > INT64_C(253402300799999)) /* years 0000 to 9999 */
        return;
    int64_t fraction = ms % 1000;
    if (fraction < 0)
        fraction += 1000;
    time_t seconds = (time_t)((ms - fraction) / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    /* printf would take longer than all the rest of an event's body */
    char *at = put_number(out, tm.tm_year + 1900, 4, '-');
    at = put_number(at, tm.tm_mon + 1, 2, '-');
    at = put_number(at, tm.tm_mday, 2, 'T');
    at = put_number(at, tm.tm_hour, 2, ':');
    at = put_number(at, tm.tm_min, 2, ':');
    at = put_number(at, tm.tm_sec, 2, '.');
    at = put_number(at, (int)fraction, 3, 'Z');
    *at = '\0';
}

static const struct {
    char name[3];
    int64_t ms;
} units[] = {
    {"w", INT64_C(7) * 86400000}, {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
enum { UNITS = sizeof units / sizeof units[0] };

int duration_parse(const char *text, int64_t *ms)
{
    const int64_t most = INT64_C(100) * 366 * 86400000;
    char *unit;
    if (!isdigit((unsigned char)*text))
        return -1;
    errno = 0;
    long long n = strtoll(text, &unit, 10);
    if (errno != 0)
        return -1;
    if (n == 0 && *unit == '\0') {
        *ms = 0;
        return 0;
    }
    for (int i = 0; i < UNITS; i++)
        if (strcmp(unit, units[i].name) == 0) {
            if (n > most / units[i].ms)
                return -1;
            *ms = n * units[i].ms;
            return 0;
        }
    return -1;
}

void duration_format(int64_t ms, char out[TIMESTAMP_SIZE])
{
    const char *sign = ms < 0 ? "-" : "";
    if (ms < 0)
        ms = -ms;
    if (ms < 1000) {
        snprintf(out, TIMESTAMP_SIZE, "%s%ums", sign, (unsigned)ms % 1000);
        return;
    }
    int i = 1; /* no weeks: people count days */
    while (units[i].ms > ms)
        i++;
    const int64_t most = 999999; /* days: nobody reads more */
    int first = (int)(ms / units[i].ms > most ? most : ms / units[i].ms);
    int second = (int)(ms % units[i].ms / units[i + 1].ms);
    if (second == 0 || units[i].ms == 1000)
        snprintf(out, TIMESTAMP_SIZE, "%s%d%s", sign, first, units[i].name);
    else
        snprintf(out, TIMESTAMP_SIZE, "%s%d%s %d%s", sign, first, units[i].name, second, units[i + 1].name);
}
