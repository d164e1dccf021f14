/*
 * fingerprint: a strong fingerprint of bytes, to see at a glance that a record is the one of last time. Pure.
 */
#ifndef WOSYNC_CORE_FINGERPRINT_H
#define WOSYNC_CORE_FINGERPRINT_H

#include <stddef.h>

/* Bytes of a fingerprint: SHA-256 (FIPS 180-4) cut to 128 bits, so that two records never share one by
 * accident. */
enum { FINGERPRINT_SIZE = 16 };

/* Writes the fingerprint of `len` bytes. */
void fingerprint_of(const void *bytes, size_t len, unsigned char out[FINGERPRINT_SIZE]);

#endif
