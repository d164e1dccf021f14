/*
 * The signature header of a webhook, and behind a NUL the body. `@` in the header stands for the right
 * signature of the time 1763892900, `#` for that of the body alone: no mutation would find one. A header that
 * is taken must hold the HMAC, computed here by OpenSSL's one-shot function.
 */
#include "fuzz.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "core/signature.h"

static const char secret[] = "hook-5d1c09be77a24f3e";

static void hmac_hex(const char *time, size_t time_len, const uint8_t *body, size_t len, char out[65])
{
    unsigned char hmac[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct buffer message = {0};
    buffer_append(&message, time, time_len);
    buffer_append(&message, body, len);
    must(HMAC(EVP_sha256(), secret, (int)strlen(secret), (unsigned char *)message.data, message.len, hmac,
             &n) != NULL &&
             n == 32,
        "no HMAC");
    for (unsigned i = 0; i < n; i++)
        snprintf(out + 2 * (size_t)i, 3, "%02x", hmac[i]);
    buffer_free(&message);
}

static char *expand(const char *header, const uint8_t *body, size_t len)
{
    char timed[65], plain[65];
    struct buffer out = {0};
    hmac_hex("1763892900.", 11, body, len, timed);
    hmac_hex("", 0, body, len, plain);
    buffer_reserve(&out, 1);
    for (; *header != '\0'; header++)
        buffer_append(&out,
            *header == '@'   ? timed
            : *header == '#' ? plain
                             : header,
            *header == '@' || *header == '#' ? 64 : 1);
    return out.data;
}

/* The digits that were signed: behind the only part `t=`. */
static void check_timed(const char *header, const uint8_t *body, size_t len)
{
    char expected[65];
    const char *at = header;
    while (*at != '\0') {
        at += strspn(at, " \t,");
        if (strncmp(at, "t=", 2) == 0)
            break;
        at += strcspn(at, ",");
    }
    size_t digits = *at != '\0' ? strspn(at + 2, "0123456789") : 0;
    must(digits > 0, "a header without a time is taken: %s", header);
    char *time = copy_text((const uint8_t *)at + 2, digits + 1);
    time[digits] = '.';
    hmac_hex(time, digits + 1, body, len, expected);
    must(strcasestr(header, expected) != NULL, "a header without the signature is taken: %s", header);
    free(time);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t nows[] = {
        INT64_C(1763892900000), INT64_C(1763892900000) + 300000, INT64_C(1763892900000) - 300001};
    char expected[65];
    const char *wrong;
    size_t behind = second_part(data, size);
    char *text = copy_text(data, behind < size ? behind - 1 : size);
    char *header = expand(text, data + behind, size - behind);
    struct signature_key *key = signature_key_from_text(secret, &wrong);
    must(key != NULL, "%s", wrong);
    for (size_t i = 0; i < sizeof nows / sizeof nows[0]; i++) {
        enum signature_result verdict =
            signature_check_timed(key, header, data + behind, size - behind, nows[i], 300000);
        if (verdict == SIGNATURE_GOOD || verdict == SIGNATURE_STALE)
            check_timed(header, data + behind, size - behind);
    }
    enum signature_result verdict = signature_check_plain(key, header, data + behind, size - behind);
    must(verdict != SIGNATURE_STALE, "the verdict is %d", (int)verdict);
    hmac_hex("", 0, data + behind, size - behind, expected);
    must((verdict == SIGNATURE_GOOD) == (strcasecmp(header, expected) == 0), "the verdict on %s is %d",
        header, (int)verdict);
    signature_key_free(key);
    free(header);
    free(text);
    return 0;
}
