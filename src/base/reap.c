#include "base/reap.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

/* How often we look where the kernel has no pidfd (before Linux 5.3). */
enum { LOOK_MS = 5 };

bool reap_killed(pid_t pid, int64_t limit, int *status)
{
    const int64_t until = clock_monotonic() + limit;
    struct pollfd ended = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
    int64_t left = limit;
    pid_t reaped;
    while ((reaped = waitpid(pid, status, WNOHANG)) == 0 && left > 0) {
        (void)poll(&ended, 1, ended.fd < 0 && left > LOOK_MS ? LOOK_MS : (int)left);
        left = until - clock_monotonic();
    }
    if (ended.fd >= 0)
        close(ended.fd);
    return reaped == pid;
}
