#include "core/signature.h"

#include <inttypes.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HMAC_SIZE = 32 };

static const char prefix[] = "whsec_";
static const char version[] = "v1,";

struct signature_key {
    EVP_MAC *mac;
    EVP_MAC_CTX *context; /* holds the key; each message begins it anew */
    size_t length;
};

/* A piece of a message, so that nothing is copied to be signed. */
struct piece {
    const void *bytes;
    size_t len;
};

/* The HMAC of the pieces in a row. */
static int compute(
    struct signature_key *key, const struct piece *pieces, size_t count, unsigned char out[HMAC_SIZE])
{
    size_t written = 0;
    int ok = EVP_MAC_init(key->context, NULL, 0, NULL);
    for (size_t i = 0; i < count && ok == 1; i++)
        ok = EVP_MAC_update(key->context, pieces[i].bytes, pieces[i].len);
    if (ok == 1)
        ok = EVP_MAC_final(key->context, out, &written, HMAC_SIZE);
    return ok == 1 && written == HMAC_SIZE ? 0 : -1;
}

static struct signature_key *key_from_bytes(const unsigned char *bytes, size_t len)
{
    char sha256[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0), OSSL_PARAM_construct_end()};
    struct signature_key *key = calloc(1, sizeof *key);
    if (key == NULL)
        return NULL;
    key->length = len;
    key->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    key->context = key->mac != NULL ? EVP_MAC_CTX_new(key->mac) : NULL;
    if (key->context != NULL && EVP_MAC_init(key->context, bytes, len, parameters) == 1)
        return key;
    signature_key_free(key);
    return NULL;
}

/* libcrypto's decoder passes over white space and takes padding in odd places: the shape is held here. */
static const char *check_shape(const char *text)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t digits = strspn(text, alphabet), padding = strspn(text + digits, "=");
    if (text[digits + padding] != '\0' || padding > 2)
        return "what follows whsec_ is no base64";
    if (digits == 0)
        return "nothing follows whsec_";
    if ((digits + padding) % 4 != 0)
        return "what follows whsec_ is not whole: base64 comes in fours, with = at its end";
    return digits / 4 * 3 > SIGNATURE_LONGEST_SECRET ? "it is longer than 1024 bytes" : NULL;
}

struct signature_key *signature_key_new(const char *secret, const char **wrong)
{
    unsigned char bytes[SIGNATURE_LONGEST_SECRET + 6];
    *wrong = "it does not begin with whsec_";
    if (strncmp(secret, prefix, sizeof prefix - 1) != 0)
        return NULL;
    const char *text = secret + sizeof prefix - 1;
    *wrong = check_shape(text);
    if (*wrong != NULL)
        return NULL;
    size_t len = strlen(text);
    int decoded = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)len);
    *wrong = decoded < 0 ? "what follows whsec_ is no base64" : "out of memory";
    struct signature_key *key = NULL;
    if (decoded >= 0) /* padding is decoded as if it were zeros */
        key = key_from_bytes(bytes, (size_t)decoded - (text[len - 1] == '=') - (text[len - 2] == '='));
    OPENSSL_cleanse(bytes, sizeof bytes);
    return key;
}

size_t signature_key_length(const struct signature_key *key)
{
    return key->length;
}

void signature_key_free(struct signature_key *key)
{
    if (key == NULL)
        return;
    EVP_MAC_CTX_free(key->context);
    EVP_MAC_free(key->mac);
    free(key);
}

int signature_webhook(struct signature_key *key, const char *id, int64_t timestamp, const void *body,
    size_t len, char out[SIGNATURE_SIZE])
{
    unsigned char hmac[HMAC_SIZE];
    char middle[32];
    int n = snprintf(middle, sizeof middle, ".%" PRId64 ".", timestamp);
    const struct piece pieces[] = {{id, strlen(id)}, {middle, (size_t)n}, {body, len}};
    if (compute(key, pieces, sizeof pieces / sizeof pieces[0], hmac) != 0)
        return -1;
    memcpy(out, version, sizeof version - 1);
    EVP_EncodeBlock((unsigned char *)out + sizeof version - 1, hmac, sizeof hmac);
    return 0;
}
