#include "core/fallback.h"

#include <stddef.h>

#include "base/timestamp.h"

/* Is it so long ago, or, by a clock that went back, is there no output? */
static bool is_past(int64_t instant, int64_t now, int64_t duration)
{
    return instant > now || now - instant >= duration;
}

const char *fallback_reason(const struct fallback *f)
{
    if (f->unfinished)
        return "a pass is unfinished";
    if (f->poll == TIMESTAMP_NONE)
        return "nothing was polled yet";
    if (f->broken > 0)
        return "a subscription is gone or not valid (wosync webhooks list)";
    if (f->webhook == TIMESTAMP_NONE)
        return "no webhook has brought a work order yet";
    if (is_past(f->webhook, f->now, f->silence))
        return "no webhook has brought a work order for as long as webhook_silence in [sync]";
    if (f->refused != TIMESTAMP_NONE && f->refused >= f->poll)
        return "a webhook was refused since the last poll";
    if (f->many)
        return "many work orders were notified at once";
    if (is_past(f->poll, f->now, f->safety_poll))
        return "the last poll is as long ago as safety_poll in [sync]";
    return NULL;
}
