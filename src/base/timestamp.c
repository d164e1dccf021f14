#include "base/timestamp.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* strptime skips spaces and takes short numbers; the fixed shape is held here, so that it only sees digits.
 */
static bool has_shape(const char *text, const char *shape)
{
    for (; *shape != '\0'; shape++, text++)
        if (*shape == '0' ? !isdigit((unsigned char)*text) : *text != *shape)
            return false;
    return true;
}

/* Reads `.123456`, if it is there, as milliseconds, and moves *text past it. */
static int parse_fraction(const char **text, int64_t *ms)
{
    const char *p = *text;
    *ms = 0;
    if (*p != '.')
        return 0;
    p++;
    if (!isdigit((unsigned char)*p))
        return -1;
    for (int scale = 100; isdigit((unsigned char)*p); p++, scale /= 10)
        *ms += (*p - '0') * scale;
    *text = p;
    return 0;
}

/* Reads `Z`, `z` or `+05:30` as milliseconds east of UTC; the text must end there. */
static int parse_zone(const char *text, int64_t *offset)
{
    if ((*text == 'Z' || *text == 'z') && text[1] == '\0') {
        *offset = 0;
        return 0;
    }
    if ((*text != '+' && *text != '-') || !has_shape(text + 1, "00:00") || text[6] != '\0')
        return -1;
    int hours = atoi(text + 1), minutes = atoi(text + 4);
    if (hours > 23 || minutes > 59)
        return -1;
    *offset = (hours * INT64_C(3600) + minutes * INT64_C(60)) * (*text == '-' ? -1000 : 1000);
    return 0;
}

/* Is it in the years 0001 to 9999? What is not could be read but never written. */
static bool can_be_written(int64_t ms)
{
    return ms >= INT64_C(-62135596800000) && ms <= INT64_C(253402300799999);
}

/* Reads the first `length` bytes of text by a strptime format, as UTC. */
static int parse_civil(const char *text, size_t length, const char *format, int64_t *ms)
{
    char copy[TIMESTAMP_SIZE]; /* longer than every format's text */
    memcpy(copy, text, length);
    copy[length] = '\0';
    struct tm tm = {0};
    const char *end = strptime(copy, format, &tm);
    if (end == NULL || *end != '\0')
        return -1;
    int day = tm.tm_mday;
    bool leap_second = tm.tm_sec == 60;
    if (tm.tm_sec > 60) /* strptime takes 61 */
        return -1;
    if (leap_second)
        tm.tm_sec = 59;
    time_t seconds = timegm(&tm);
    if (tm.tm_mday != day) /* timegm turns 30 February into 2 March */
        return -1;
    int64_t instant = ((int64_t)seconds + (leap_second ? 1 : 0)) * 1000;
    if (!can_be_written(instant))
        return -1;
    *ms = instant;
    return 0;
}

int timestamp_parse(const char *text, int64_t *ms)
{
    const size_t date = 10, civil = 19;
    int64_t base, fraction, offset;
    if (!has_shape(text, "0000-00-00") || strchr("Tt ", text[date]) == NULL || text[date] == '\0' ||
        !has_shape(text + date + 1, "00:00:00"))
        return -1;
    char copy[TIMESTAMP_SIZE];
    memcpy(copy, text, civil);
    copy[date] = 'T';
    const char *rest = text + civil;
    if (parse_civil(copy, civil, "%Y-%m-%dT%H:%M:%S", &base) != 0 || parse_fraction(&rest, &fraction) != 0 ||
        parse_zone(rest, &offset) != 0 || !can_be_written(base + fraction - offset))
        return -1;
    *ms = base + fraction - offset;
    return 0;
}

int timestamp_parse_http(const char *text, int64_t *ms)
{
    const size_t weekday = strlen("Sun"), date = strlen("Sun, 06 Nov");
    if (strlen(text) != strlen("Sun, 06 Nov 1994 08:49:37 GMT") || !has_shape(text + weekday, ", 00 ") ||
        !has_shape(text + date, " 0000 00:00:00 GMT"))
        return -1;
    return parse_civil(text, strlen(text), "%a, %d %b %Y %H:%M:%S GMT", ms);
}

int timestamp_parse_user(const char *text, int64_t now, int64_t *ms)
{
    int64_t age;
    char with_zone[2 * TIMESTAMP_SIZE];
    if (timestamp_parse(text, ms) == 0)
        return 0;
    if (has_shape(text, "0000-00-00") && text[10] == '\0')
        return parse_civil(text, 10, "%Y-%m-%d", ms);
    if (has_shape(text, "0000-00-00") &&
        (size_t)snprintf(with_zone, sizeof with_zone, "%s%s", text, strlen(text) == 16 ? ":00Z" : "Z") <
            sizeof with_zone &&
        timestamp_parse(with_zone, ms) == 0)
        return 0;
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
