/*
 * atomic_file: files that are there whole or not at all, whatever happens in between.
 */
#ifndef WOSYNC_BASE_ATOMIC_FILE_H
#define WOSYNC_BASE_ATOMIC_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* Opens the directory `path`, made with mode 0750 (the last part only) where it is missing: what is in it is
 * for the owner and for a group that a web server may belong to. Returns a descriptor, or -1: EX_CANTCREAT.
 */
int atomic_file_directory(const char *path, struct error *e);

/*
 * Writes a file of mode 0640 into the directory: into a temporary file beside it, synced, renamed, and the
 * directory synced. Whatever had that name is replaced. Returns 0, or -1 with EX_IOERR and no file left
 * behind.
 */
int atomic_file_write(int directory, const char *name, const char *bytes, size_t len, struct error *e);

/* The same for a file that is for everyone and made anew all the time: mode 0644 whatever the umask, and the
 * disk is not waited for: after a power cut the file of an earlier time may be there, or an empty one. */
int atomic_file_publish(int directory, const char *name, const char *bytes, size_t len, struct error *e);

/* The same with the mode `mode`, less the umask. */
int atomic_file_write_mode(
    int directory, const char *name, mode_t mode, const char *bytes, size_t len, struct error *e);

/* Removes the temporary files that a crash left behind, and none that another process is writing. */
void atomic_file_clean(int directory);

#endif
