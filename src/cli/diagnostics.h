/*
 * diagnostics: prints all mistakes of a configuration at once.
 */
#ifndef WOSYNC_CLI_DIAGNOSTICS_H
#define WOSYNC_CLI_DIAGNOSTICS_H

#include "base/buffer.h"

/* Prints each line of both buffers as a message of its own and frees the buffers. */
void diagnostics_print(struct buffer *problems, struct buffer *warnings);

#endif
