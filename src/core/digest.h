/*
 * digest: a strong fingerprint of bytes, to see at a glance that a record is the one of last time.
 */
#ifndef WOSYNC_CORE_DIGEST_H
#define WOSYNC_CORE_DIGEST_H

#include <stddef.h>

#include "base/error.h"

/* Bytes of a fingerprint: SHA-256 cut to 128 bits, so that two records never share one by accident. */
enum { DIGEST_SIZE = 16 };

struct digest;

/* Makes ready to compute fingerprints (libcrypto). NULL with EXIT_CONFIG when it has no
 * SHA-256, as its own configuration can bring about. Free with digest_free. */
struct digest *digest_new(struct error *e);

/* Writes the fingerprint of `len` bytes. */
void digest_of(struct digest *digest, const void *bytes, size_t len, unsigned char out[DIGEST_SIZE]);

/* Frees; NULL is allowed. */
void digest_free(struct digest *digest);

#endif
