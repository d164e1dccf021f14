/*
 * secret: keeps secrets out of everything that is printed or stored. What was registered here is masked in
 * every error text and every log line.
 */
#ifndef WOSYNC_BASE_SECRET_H
#define WOSYNC_BASE_SECRET_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"

/* Registers a secret (copied; texts shorter than 4 bytes are passed over, masking them would blot out
 * ordinary words). */
void secret_register(const char *secret);

/* Registers a value that may be a secret, taken from a place where secrets are kept but for a setting that
 * needs none: it is masked from 8 bytes on, and secret_is_value does not know it. */
void secret_register_possible(const char *value);

/* Replaces every registered secret in `text`, in place, by stars. */
void secret_mask(char *text);

/* True when `value` is a secret that was registered as one, or its last word is (`Bearer TOKEN`). */
bool secret_is_value(const char *value);

/* Forgets all secrets, at the end of the program. */
void secret_forget(void);

/*
 * Reads a secret from a file: its contents without a byte order mark and without white space at the ends, at
 * most 64 KiB, registered. *exposed is set when others may read the file (see secret_warn).
 * Returns a string to be freed by the caller, or NULL: EX_CONFIG when the file cannot be read, is empty,
 * holds a NUL byte or is UTF-16, its name begins with a ~, or it is not a regular file.
 */
char *secret_read_file(const char *path, bool *exposed, struct error *e);

/* Appends the line `PATH: others can read it; run: ...` with the command that is right for the file's owner.
 */
void secret_warn(const char *path, struct buffer *warnings);

/*
 * Takes off, in place, what surrounds a secret that was copied by hand: white space, a byte order mark, a
 * pair of quotes; with `bearer` also `Bearer ` and `Authorization: Bearer ` in front. What is left is
 * registered.
 */
void secret_unwrap(char *text, bool bearer);

/* What is wrong with a token, NULL when it is right: visible ASCII characters. The text names no part of it.
 */
const char *secret_check_token(const char *token);

#endif
