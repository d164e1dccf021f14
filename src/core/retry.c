#include "core/retry.h"

#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

int64_t retry_delivery(int failures, uint32_t random)
{
    static const int64_t schedule[] = {
        5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR};
    if (failures > (int)(sizeof schedule / sizeof schedule[0]))
        return RETRY_NEVER;
    int64_t wait = schedule[failures < 1 ? 0 : failures - 1];
    return wait - wait / 10 + (int64_t)(random % 1000) * (wait / 5) / 1000;
}

int64_t retry_delivery_asked(int failures, int64_t age, int64_t asked, uint32_t random)
{
    const int64_t day = 24 * HOUR, left = 3 * day - age;
    int64_t wait = retry_delivery(failures, random);
    if (wait == RETRY_NEVER && left <= 0)
        return RETRY_NEVER;
    if (asked >= 0)
        return asked == 0 ? 1 : asked < day ? asked : day;
    if (wait == RETRY_NEVER)
        wait = left < MINUTE ? MINUTE : left < day ? left : day;
    return wait;
}

int64_t retry_request(int failures, uint32_t random)
{
    int64_t wait = 16 * SECOND;
    if (failures < 6)
        wait = (int64_t)SECOND / 2 << (failures < 1 ? 0 : failures - 1);
    return wait / 2 + (int64_t)(random % 1000) * (wait / 2) / 1000;
}

/* From here on a number is a time: a wait of thirty years is none, and no server asks for a time before 2001.
 * Times in seconds reach this second bound in the year 5138. */
static const int64_t first_time = 1000000000, first_time_ms = 100000000000;

int64_t retry_wait(int64_t number, int64_t now)
{
    if (number < first_time)
        return number * SECOND;
    int64_t at = number < first_time_ms ? number * SECOND : number;
    return at > now ? at - now : 0;
}

int64_t retry_after(const char *text, int64_t now)
{
    const int64_t max = INT64_C(7) * 24 * HOUR;
    int64_t at, wait;
    size_t digits = strspn(text, "0123456789");
    if (digits > 0 && text[digits] == '\0')
        wait = retry_wait(strtoll(text, NULL, 10), now); /* INT64_MAX for more digits than it holds */
    else if (timestamp_parse_http(text, &at) == 0)
        wait = at - now;
    else
        return -1;
    return wait < 0 ? 0 : wait > max ? max : wait;
}
