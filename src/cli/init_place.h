/*
 * init_place: where init puts what it makes, and whose it is.
 */
#ifndef WOSYNC_CLI_INIT_PLACE_H
#define WOSYNC_CLI_INIT_PLACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* All paths are absolute, and owned by the struct. */
struct init_place {
    const char *user; /* who runs wosync, where root sets it up; NULL: wosync. Borrowed */
    bool system;      /* root sets it up */
    uid_t uid;        /* of that user, else our own */
    gid_t gid;
    char *conf;      /* the configuration */
    char *name;      /* of the account: the configuration's base name without .conf */
    char *directory; /* for secrets */
    char *key;       /* the file with the token */
    char *store;     /* may be set before init_place_find */
    char *store_directory;
};

/* A path as it is from the root, to be freed. */
char *init_place_absolute(const char *path);

/* Fills what is not set. `files`: those of -c, ending with NULL. Returns 0, or -1: EX_USAGE for several
 * files, no HOME, `user` without being root; EX_CONFIG when there is no such user. */
int init_place_find(struct init_place *place, const char *const *files, struct error *e);

/* Frees what the struct owns and zeroes it. */
void init_place_free(struct init_place *place);

#endif
