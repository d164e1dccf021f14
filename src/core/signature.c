/*
 * signature: reads secrets, makes signatures, and checks those of webhooks. Bytes are compared in constant
 * time.
 */
#include "core/signature.h"

#include <inttypes.h>
#include <nettle/base16.h>
#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HMAC_SIZE = SHA256_DIGEST_SIZE };

static const char prefix[] = "whsec_";
static const char version[] = "v1,";

struct signature_key {
    struct hmac_sha256_ctx context; /* holds the key; each message begins it anew */
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
    for (size_t i = 0; i < count; i++)
        hmac_sha256_update(&key->context, pieces[i].len, pieces[i].bytes);
    hmac_sha256_digest(&key->context, HMAC_SIZE, out);
}

static struct signature_key *key_from_bytes(const void *bytes, size_t len)
{
    struct signature_key *key = malloc(sizeof *key);
    key->length = len;
    hmac_sha256_set_key(&key->context, len, bytes);
    return key;
}

/* How many digits of base64 a text has that is nothing else, but for its padding. The decoder passes over
 * white space and does not ask for padding: the shape is held here. 0 with what is wrong. */
static size_t check_shape(const char *text, const char **wrong)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t digits = strspn(text, alphabet), padding = strspn(text + digits, "=");
    *wrong = NULL;
    if (text[digits + padding] != '\0' || padding > 2)
        *wrong = "what follows whsec_ is not base64";
    else if (digits == 0)
        *wrong = "nothing follows whsec_";
    else if ((digits + padding) % 4 != 0)
        *wrong = "what follows whsec_ is not whole: base64 comes in fours, with = at its end";
    else if (digits / 4 * 3 > SIGNATURE_LONGEST_SECRET)
        *wrong = "it is longer than 1024 bytes";
    return *wrong == NULL ? digits : 0;
}

struct signature_key *signature_key_new(const char *secret, const char **wrong)
{
    unsigned char bytes[SIGNATURE_LONGEST_SECRET + 6];
    *wrong = "it does not begin with whsec_";
    if (strncmp(secret, prefix, sizeof prefix - 1) != 0)
        return NULL;
    const char *text = secret + sizeof prefix - 1;
    size_t digits = check_shape(text, wrong), decoded = sizeof bytes;
    if (digits == 0)
        return NULL;
    /* without its padding, so that bits left over are passed over, as receivers do */
    struct base64_decode_ctx base64;
    base64_decode_init(&base64);
    base64_decode_update(&base64, &decoded, bytes, digits, text);
    struct signature_key *key = key_from_bytes(bytes, decoded);
    explicit_bzero(bytes, sizeof bytes);
    explicit_bzero(&base64, sizeof base64);
    return key;
}

struct signature_key *signature_key_from_text(const char *secret, const char **wrong)
{
    size_t len = strlen(secret);
    *wrong = len == 0                         ? "it is empty"
             : len > SIGNATURE_LONGEST_SECRET ? "it is longer than 1024 bytes"
                                              : NULL;
    return *wrong == NULL ? key_from_bytes(secret, len) : NULL;
}

size_t signature_key_length(const struct signature_key *key)
{
    return key->length;
}

void signature_key_free(struct signature_key *key)
{
    if (key == NULL)
        return;
    explicit_bzero(key, sizeof *key);
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
    char *text = out + sizeof version - 1;
    base64_encode_raw(text, sizeof hmac, hmac);
    text[BASE64_ENCODE_RAW_LENGTH(sizeof hmac)] = '\0';
}

/* --- checking --- */

/* A time of this many milliseconds lies in 1973, of this many seconds in the year 5138. */
static const int64_t least_milliseconds = INT64_C(100000000000);

/* More digits than any time has: they would not fit. */
enum { TIME_DIGITS = 18 };

static bool is_same(const unsigned char hmac[HMAC_SIZE], const char *hex, size_t len)
{
    unsigned char claimed[HMAC_SIZE];
    size_t decoded = sizeof claimed;
    struct base16_decode_ctx base16;
    if (len != BASE16_ENCODE_LENGTH(sizeof claimed))
        return false;
    base16_decode_init(&base16);
    /* it passes over white space: then there are fewer bytes */
    return base16_decode_update(&base16, &decoded, claimed, len, hex) == 1 && decoded == sizeof claimed &&
           memeql_sec(hmac, claimed, sizeof claimed) == 1;
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

enum signature_result signature_check_timed(struct signature_key *key, const char *header, const void *body,
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

enum signature_result signature_check_plain(
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
