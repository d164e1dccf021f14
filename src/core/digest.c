#include "core/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Looking up an algorithm costs more than hashing a record, so it is done once. */
struct digest {
    EVP_MD *algorithm;
    EVP_MD_CTX *context;
};

struct digest *digest_new(struct error *e)
{
    struct digest *digest = calloc(1, sizeof *digest);
    digest->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    digest->context = EVP_MD_CTX_new();
    if (digest->algorithm != NULL)
        return digest;
    fail(e, EXIT_CONFIG, "libcrypto: it has no SHA-256; see OPENSSL_CONF and openssl.cnf");
    digest_free(digest);
    return NULL;
}

void digest_of(struct digest *digest, const void *bytes, size_t len, unsigned char out[DIGEST_SIZE])
{
    unsigned char whole[EVP_MAX_MD_SIZE];
    int good = EVP_DigestInit_ex2(digest->context, digest->algorithm, NULL);
    good &= EVP_DigestUpdate(digest->context, bytes, len);
    good &= EVP_DigestFinal_ex(digest->context, whole, NULL);
    if (good != 1)        /* LCOV_EXCL_BR_LINE: an algorithm that was found can miss nothing but memory */
        memory_ran_out(); /* LCOV_EXCL_LINE */
    memcpy(out, whole, DIGEST_SIZE);
}

void digest_free(struct digest *digest)
{
    if (digest == NULL)
        return;
    EVP_MD_CTX_free(digest->context);
    EVP_MD_free(digest->algorithm);
    free(digest);
}
