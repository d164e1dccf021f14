/*
 * init_files: writes some files that belong together, all or none, and none over one that exists.
 */
#ifndef WOSYNC_CLI_INIT_FILES_H
#define WOSYNC_CLI_INIT_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/error.h"

enum { INIT_FILES_MOST = 8 };

struct init_file {
    char *path;
    struct buffer text;
    bool written;
};

/* Zeroed: no file, written as our own user (mode 0600). */
struct init_files {
    bool system; /* they belong to root, and `gid` can read them (mode 0640, 0600 for root's own); directories
                    0750 */
    gid_t gid;
    struct init_file files[INIT_FILES_MOST];
    size_t count;
    char *made[INIT_FILES_MOST]; /* directories that were not there before, outermost first */
    size_t made_count;
};

/* Adds a file. The path is copied; returns the file's text, for the caller to append to. */
struct buffer *init_files_add(struct init_files *files, const char *path);

/* Returns 0 when none of them exists, or -1 with EX_CANTCREAT. */
int init_files_check(const struct init_files *files, struct error *e);

/* Makes a directory where it is missing, with those above it. `uid` and `gid`: its owner, where `system`.
 * Returns 0, or -1 with EX_CANTCREAT. */
int init_files_make_directory(
    struct init_files *files, const char *path, mode_t mode, uid_t uid, gid_t gid, struct error *e);

/* Writes all of them, with the directories they need; each appears whole. Returns 0, or -1 with EX_CANTCREAT;
 * then none is there. */
int init_files_write(struct init_files *files, struct error *e);

/* Takes back what was written and made. */
void init_files_remove(struct init_files *files);

/* Frees what the struct owns and zeroes it; texts are wiped, for they hold secrets. */
void init_files_free(struct init_files *files);

#endif
