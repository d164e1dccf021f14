/* A Standard Webhooks secret, and behind a NUL the message that is signed with it. OpenSSL's own decoder and
 * its one-shot HMAC are the judges. */
#include "fuzz.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "core/signature.h"

/* What the base64 stands for, by the streaming decoder. Returns the number of bytes, -1 where it is none. */
static int decode(const char *text, unsigned char *out)
{
    int n = 0, more = 0;
    EVP_ENCODE_CTX *context = EVP_ENCODE_CTX_new();
    must(context != NULL, "out of memory");
    EVP_DecodeInit(context);
    int rc = EVP_DecodeUpdate(context, out, &n, (const unsigned char *)text, (int)strlen(text));
    if (rc >= 0)
        rc = EVP_DecodeFinal(context, out + n, &more);
    EVP_ENCODE_CTX_free(context);
    return rc >= 0 ? n + more : -1;
}

static void check_signature(struct signature_key *key, const char *secret, const uint8_t *body, size_t len)
{
    unsigned char bytes[2 * SIGNATURE_LONGEST_SECRET], hmac[EVP_MAX_MD_SIZE];
    char got[SIGNATURE_SIZE], again[SIGNATURE_SIZE], expected[SIGNATURE_SIZE] = "v1,";
    static const char head[] = "id.1763892900.";
    unsigned hmac_len = 0;
    int n = decode(secret + strlen("whsec_"), bytes);
    must(n > 0 && (size_t)n == signature_key_length(key), "the secret has %d bytes, not %zu", n,
        signature_key_length(key));
    signature_webhook(key, "id", 1763892900, body, len, got);
    signature_webhook(key, "id", 1763892900, body, len, again);
    must(strcmp(got, again) == 0, "the second signature is another");
    unsigned char *message = malloc(sizeof head - 1 + len);
    must(message != NULL, "out of memory");
    memcpy(message, head, sizeof head - 1);
    if (len > 0)
        memcpy(message + sizeof head - 1, body, len);
    must(HMAC(EVP_sha256(), bytes, n, message, sizeof head - 1 + len, hmac, &hmac_len) != NULL, "no HMAC");
    EVP_EncodeBlock((unsigned char *)expected + 3, hmac, (int)hmac_len);
    must(strcmp(got, expected) == 0, "%s, not %s", got, expected);
    free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t behind = second_part(data, size);
    char *secret = copy_text(data, behind < size ? behind - 1 : size);
    const char *wrong = NULL;
    struct signature_key *key = signature_key_new(secret, &wrong);
    if (key != NULL)
        check_signature(key, secret, data + behind, size - behind);
    else
        must(wrong != NULL && strcmp(wrong, "out of memory") != 0, "a secret is refused without a reason");
    signature_key_free(key);
    free(secret);
    return 0;
}
