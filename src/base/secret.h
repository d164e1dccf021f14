/*
 * secret: keeps secrets out of everything that is printed or stored. What was registered here is masked in
 * every error text and every log line.
 */
#ifndef WOSYNC_BASE_SECRET_H
#define WOSYNC_BASE_SECRET_H

#include <stdbool.h>

#include "base/error.h"

/* Registers a secret (copied; texts shorter than 4 bytes are passed over, masking them would blot out
 * ordinary words). */
void secret_register(const char *secret);

/* Replaces every registered secret in `text`, in place, by stars. */
void secret_mask(char *text);

/* True when `text` holds a registered secret, alone or among other things. */
bool secret_is_in(const char *text);

/* Forgets all secrets, at the end of the program. */
void secret_forget(void);

/*
 * Reads a secret from a file: its contents without white space at the ends, at most 64 KiB, registered.
 * *exposed is set when others may read the file, or, where it is our own, its group.
 * Returns a string to be freed by the caller, or NULL: EX_CONFIG when the file cannot be read or is empty.
 */
char *secret_read_file(const char *path, bool *exposed, struct error *e);

#endif
