#include "core/fingerprint.h"

#include <nettle/sha2.h>

void fingerprint_of(const void *bytes, size_t len, unsigned char out[FINGERPRINT_SIZE])
{
    struct sha256_ctx sha256;
    sha256_init(&sha256);
    sha256_update(&sha256, len, bytes);
    sha256_digest(&sha256, FINGERPRINT_SIZE, out);
}
