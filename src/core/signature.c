#include "core/signature.h"

#include <inttypes.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { HMAC_SIZE = 32 };

static const char prefix[] = "whsec_";
static const char version[] = "v1,";
static const char no_hmac[] = "libcrypto has no HMAC-SHA256; see openssl.cnf";

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
static void compute(
    struct signature_key *key, const struct piece *pieces, size_t count, unsigned char out[HMAC_SIZE])
{
    size_t written = 0;
    int good = EVP_MAC_init(key->context, NULL, 0, NULL);
    for (size_t i = 0; i < count; i++)
        good &= EVP_MAC_update(key->context, pieces[i].bytes, pieces[i].len);
    good &= EVP_MAC_final(key->context, out, &written, HMAC_SIZE);
    if (good != 1)        /* LCOV_EXCL_BR_LINE: an algorithm that was found can miss nothing but memory */
        memory_ran_out(); /* LCOV_EXCL_LINE */
}

static struct signature_key *key_from_bytes(const unsigned char *bytes, size_t len)
{
    char sha256[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0), OSSL_PARAM_construct_end()};
    struct signature_key *key = calloc(1, sizeof *key);
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
    /* of that shape it takes everything; padding is decoded as if it were zeros */
    size_t decoded = (size_t)EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)len);
    struct signature_key *key =
        key_from_bytes(bytes, decoded - (text[len - 1] == '=') - (text[len - 2] == '='));
    *wrong = no_hmac;
    OPENSSL_cleanse(bytes, sizeof bytes);
    return key;
}

struct signature_key *signature_key_from_text(const char *secret, const char **wrong)
{
    size_t len = strlen(secret);
    *wrong = len == 0                         ? "it is empty"
             : len > SIGNATURE_LONGEST_SECRET ? "it is longer than 1024 bytes"
                                              : NULL;
    if (*wrong != NULL)
        return NULL;
    *wrong = no_hmac;
    return key_from_bytes((const unsigned char *)secret, len);
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

void signature_webhook(struct signature_key *key, const char *id, int64_t timestamp, const void *body,
    size_t len, char out[SIGNATURE_SIZE])
{
    unsigned char hmac[HMAC_SIZE];
    char middle[32];
    int n = snprintf(middle, sizeof middle, ".%" PRId64 ".", timestamp);
    const struct piece pieces[] = {{id, strlen(id)}, {middle, (size_t)n}, {body, len}};
    compute(key, pieces, sizeof pieces / sizeof pieces[0], hmac);
    memcpy(out, version, sizeof version - 1);
    EVP_EncodeBlock((unsigned char *)out + sizeof version - 1, hmac, sizeof hmac);
}

/* --- checking --- */

/* A time of this many milliseconds lies in 1973, of this many seconds in the year 5138. */
static const int64_t least_milliseconds = INT64_C(100000000000);

/* More digits than any time has: they would not fit. */
enum { TIME_DIGITS = 18 };

static bool is_same(const unsigned char hmac[HMAC_SIZE], const char *hex, size_t len)
{
    char text[2 * HMAC_SIZE + 1];
    unsigned char claimed[HMAC_SIZE];
    size_t decoded = 0;
    if (len != sizeof text - 1)
        return false;
    memcpy(text, hex, len);
    text[len] = '\0';
    return OPENSSL_hexstr2buf_ex(claimed, sizeof claimed, &decoded, text, '\0') == 1 &&
           CRYPTO_memcmp(hmac, claimed, HMAC_SIZE) == 0;
}

/* One part of a header, `NAME=VALUE`. */
struct part {
    const char *name, *value;
    size_t name_len, value_len;
};

/* Takes the next part from *rest, without the blanks around it; false when there is none. */
static bool next_part(const char **rest, struct part *out)
{
    const char *start = *rest + strspn(*rest, " \t,");
    size_t len = strcspn(start, ",");
    *rest = start + len;
    while (len > 0 && (start[len - 1] == ' ' || start[len - 1] == '\t'))
        len--;
    const char *equals = memchr(start, '=', len);
    *out = (struct part){.name = start, .name_len = len};
    if (equals != NULL)
        *out = (struct part){start, equals + 1, (size_t)(equals - start), len - (size_t)(equals + 1 - start)};
    return len > 0;
}

static bool is_named(const struct part *part, const char *name)
{
    return part->name_len == strlen(name) && memcmp(part->name, name, part->name_len) == 0;
}

/* Finds the one `t`; false when there is none, more than one, or it is no plain number. */
static bool find_time(const char *header, struct part *out)
{
    struct part part;
    int found = 0;
    for (const char *rest = header; next_part(&rest, &part);)
        if (is_named(&part, "t")) {
            *out = part;
            found++;
        }
    return found == 1 && out->value_len >= 1 && out->value_len <= TIME_DIGITS &&
           strspn(out->value, "0123456789") >= out->value_len;
}

static bool is_near(const struct part *time, int64_t now, int64_t tolerance)
{
    int64_t sent = strtoll(time->value, NULL, 10);
    if (sent < least_milliseconds)
        sent *= 1000;
    return sent >= now - tolerance && sent <= now + tolerance;
}

enum signature_verdict signature_check_timed(struct signature_key *key, const char *header, const void *body,
    size_t len, int64_t now, int64_t tolerance)
{
    unsigned char hmac[HMAC_SIZE];
    struct part time, part;
    bool good = false;
    if (strnlen(header, SIGNATURE_LONGEST_HEADER + 1) > SIGNATURE_LONGEST_HEADER || !find_time(header, &time))
        return SIGNATURE_MALFORMED;
    const struct piece pieces[] = {{time.value, time.value_len}, {".", 1}, {body, len}};
    compute(key, pieces, sizeof pieces / sizeof pieces[0], hmac);
    for (const char *rest = header; next_part(&rest, &part);)
        if (is_named(&part, "v1") && is_same(hmac, part.value, part.value_len))
            good = true;
    if (!good)
        return SIGNATURE_WRONG;
    return is_near(&time, now, tolerance) ? SIGNATURE_GOOD : SIGNATURE_STALE;
}

enum signature_verdict signature_check_plain(
    struct signature_key *key, const char *header, const void *body, size_t len)
{
    unsigned char hmac[HMAC_SIZE];
    const struct piece piece = {body, len};
    size_t digits = strnlen(header, 2 * HMAC_SIZE + 1);
    if (digits != 2 * HMAC_SIZE || strspn(header, "0123456789abcdefABCDEF") != digits)
        return SIGNATURE_MALFORMED;
    compute(key, &piece, 1, hmac);
    return is_same(hmac, header, digits) ? SIGNATURE_GOOD : SIGNATURE_WRONG;
}
