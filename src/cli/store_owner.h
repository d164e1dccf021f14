/*
 * store_owner: a command that root types on another user's store works as that user, so that nothing which
 * belongs to root is left where later runs must write.
 */
#ifndef WOSYNC_CLI_STORE_OWNER_H
#define WOSYNC_CLI_STORE_OWNER_H

#include "base/buffer.h"
#include "base/error.h"
#include "cli/cli.h"

/*
 * As root: becomes the user that the configured store belongs to; where there is none yet, the owner of its
 * directory. With root as the owner, and as any other user, nothing happens. Names the configuration file
 * that is to be read afterwards in *file (to be freed; NULL when there is none): where files are looked for
 * depends on who looks. Returns 0, or -1 with EX_CONFIG when the system does not let root become that user.
 */
int store_owner_become(const struct cli *cli, char **file, struct error *e);

/* Before the problems of a configuration are printed: where a file could not be read, and root has become
 * another user, adds a line that says so. */
void store_owner_explain(struct buffer *problems);

#endif
