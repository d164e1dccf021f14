#include "signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "base.h"

void signature_hex(const char *secret, const void *bytes, size_t len, char out[SIGNATURE_HEX])
{
    unsigned char hmac[EVP_MAX_MD_SIZE];
    unsigned int n = 0;

    if (HMAC(EVP_sha256(), secret, (int)strlen(secret), bytes != NULL ? bytes : "", len, hmac, &n) == NULL ||
        n * 2 + 1 != SIGNATURE_HEX)
        die("libcrypto: no HMAC");
    for (unsigned int i = 0; i < n; i++)
        sprintf(out + 2 * i, "%02x", hmac[i]);
}
