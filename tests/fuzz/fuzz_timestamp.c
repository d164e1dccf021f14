/* Dates, times and durations: what is read can be written and read again; timegm is the judge of the plain
 * form. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/timestamp.h"

static const int64_t now = INT64_C(1763892900000); /* 2025-11-23T10:15:00Z */

static void check_round_trip(int64_t ms)
{
    char text[TIMESTAMP_SIZE];
    int64_t again;
    timestamp_format(ms, text);
    must(strlen(text) == strlen("2026-11-23T10:15:00.000Z"), "%lld is written as '%s'", (long long)ms, text);
    must(timestamp_parse(text, &again) == 0, "%s, which we wrote, cannot be read", text);
    must(again == ms, "%s is %lld, not %lld", text, (long long)again, (long long)ms);
}

/* The form that everyone writes, `2026-11-23T10:15:00Z`, and nothing unusual in it. */
static void check_plain(const char *text, int64_t ms)
{
    struct tm tm = {0};
    int used = 0;
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
            &tm.tm_min, &tm.tm_sec, &used) != 6 ||
        used != 20 || text[used] != '\0' || tm.tm_sec > 59)
        return;
    tm.tm_year -= 1900;
    tm.tm_mon--;
    must(tm.tm_mon >= 0 && tm.tm_mon < 12 && tm.tm_mday >= 1 && tm.tm_mday <= 31 && tm.tm_hour <= 24 &&
             tm.tm_min < 60,
        "%s is no date", text);
    must((int64_t)timegm(&tm) * 1000 == ms, "%s is not %lld", text, (long long)ms);
}

static void check_duration(const char *text)
{
    char written[TIMESTAMP_SIZE];
    int64_t ms;
    if (duration_parse(text, &ms) != 0)
        return;
    must(ms >= 0 && ms <= INT64_C(100) * 366 * 86400000, "%s is %lld", text, (long long)ms);
    duration_format(ms, written);
    must(*written != '\0', "%s is written as nothing", text);
    duration_format(-ms, written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = copy_text(data, size);
    char written[TIMESTAMP_SIZE];
    int64_t ms;
    if (timestamp_parse(text, &ms) == 0) {
        check_round_trip(ms);
        check_plain(text, ms);
    }
    if (timestamp_parse_user(text, now, &ms) == 0)
        check_round_trip(ms);
    check_duration(text);
    if (size == sizeof ms) { /* any instant can be written, if only as nothing */
        memcpy(&ms, data, sizeof ms);
        timestamp_format(ms, written);
        if (*written != '\0')
            must(strlen(written) == 24, "%lld is written as '%s'", (long long)ms, written);
        if (ms != INT64_MIN)
            duration_format(ms, written);
    }
    free(text);
    return 0;
}
