#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

int lock_take(const char *path, struct error *e)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(e, EX_CANTCREAT,
            "lock %s: it cannot be opened: %s; check its permissions and run wosync as the user that the "
            "store belongs to",
            path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        char holder[32] = "";
        int reason = errno;
        ssize_t n = pread(fd, holder, sizeof holder - 1, 0);
        holder[n > 0 ? strcspn(holder, "\n") : 0] = '\0';
        close(fd);
        if (reason != EWOULDBLOCK)
            return fail(e, EX_IOERR, "lock %s: the file system refuses locks: %s", path, strerror(reason));
        return fail(e, EX_TEMPFAIL, "lock %s: another run holds it (process %s); this one leaves it the work",
            path, *holder != '\0' ? holder : "unknown");
    }
    char text[32];
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    /* for people only: a full disk is no reason not to run. To empty the file first would make some file
     * systems wait for the disk */
    if (pwrite(fd, text, (size_t)len, 0) > 0) {
        int rc = ftruncate(fd, len);
        (void)rc;
    }
    return fd;
}

void lock_release(int lock)
{
    if (lock >= 0)
        close(lock);
}
