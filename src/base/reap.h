/*
 * reap: takes back a process that was killed, without waiting for it for ever.
 */
#ifndef WOSYNC_BASE_REAP_H
#define WOSYNC_BASE_REAP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Waits for a child process that was sent SIGKILL, at most `limit` milliseconds. Not every process dies of
 * it: one that became another user is not ours to kill, and one that waits for a broken disk or network file
 * system in the kernel does not hear it. Such a process is left behind; init reaps it when we have ended.
 *
 * Returns true, and how it ended in *status as waitpid(2) has it; false: it is still there, and *status is
 * not set.
 */
bool reap_killed(pid_t pid, int64_t limit, int *status);

#endif
