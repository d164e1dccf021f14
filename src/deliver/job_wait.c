#include "deliver/job_wait.h"

#include <poll.h>
#include <stdint.h>

#include "api/http.h"
#include "base/clock.h"
#include "base/shutdown.h"

/* Nothing waits longer than this without a look at the clock. */
enum { LONGEST_WAIT_MS = 1000 };

void job_wait(struct handler_wait *wait, struct http *http)
{
    int64_t left = wait->until == INT64_MAX ? LONGEST_WAIT_MS : wait->until - clock_monotonic();
    int64_t ms = left < 0 ? 0 : left < LONGEST_WAIT_MS ? left : LONGEST_WAIT_MS;
    if (wait->http) {
        http_wait(http, wait->fds, wait->count, ms);
        return;
    }
    if (wait->count == 0) {
        shutdown_pause(ms);
        return;
    }
    /* after a signal the jobs end what they are at: its descriptor would only keep us awake */
    if (!shutdown_signalled())
        handler_wait_fd(wait, shutdown_fd(), POLLIN);
    (void)poll(wait->fds, wait->count, (int)ms);
    shutdown_attend();
}
