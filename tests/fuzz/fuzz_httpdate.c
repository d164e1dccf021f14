/* Retry-After and Date: seconds or an HTTP date; strptime is the judge of the date. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/timestamp.h"
#include "core/retry.h"

static void check_date(const char *text, int64_t ms)
{
    char written[64];
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    must(ms % 1000 == 0 && gmtime_r(&seconds, &tm) != NULL, "%s is %lld", text, (long long)ms);
    must(strftime(written, sizeof written, "%d %b %Y %H:%M", &tm) > 0, "%s cannot be written", text);
    /* a year below 1000 is written shorter, a leap second is the next one, and the case of names is free */
    if (tm.tm_year >= 1000 - 1900 && strncmp(text + strlen("Sun, 06 Nov 1994 08:49:"), "60", 2) != 0)
        must(strncasecmp(text + strlen("Sun, "), written, strlen(written)) == 0, "%s is read as %s", text,
            written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int64_t now = INT64_C(1763892900000), week = INT64_C(7) * 86400000;
    char *text = copy_text(data, size);
    int64_t wait = retry_after(text, now), ms;
    must(wait >= -1 && wait <= week, "Retry-After: %s waits %lld ms", text, (long long)wait);
    if (timestamp_parse_http(text, &ms) == 0) {
        check_date(text, ms);
        must(wait == (ms < now             ? 0
                         : ms - now > week ? week
                                           : ms - now),
            "Retry-After: %s waits %lld ms", text, (long long)wait);
    } else if (wait >= 0) {
        must(*text != '\0' && strspn(text, "0123456789") == strlen(text), "Retry-After: %s waits %lld ms",
            text, (long long)wait);
    }
    free(text);
    return 0;
}
