/*
 * signature: HMAC-SHA256, by libcrypto.
 */
#ifndef MOCK_SIGNATURE_H
#define MOCK_SIGNATURE_H

#include <stddef.h>

enum { SIGNATURE_HEX = 2 * 32 + 1 }; /* with the NUL */

/* Writes the HMAC of LEN bytes (which may be NULL where there are none), with the text of SECRET as the key,
 * as lower-case hex. */
void signature_hex(const char *secret, const void *bytes, size_t len, char out[SIGNATURE_HEX]);

#endif
