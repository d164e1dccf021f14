/*
 * signature: proves, and checks, by HMAC-SHA256 (RFC 2104) that a message comes from someone who knows the
 * secret. Pure: the caller brings the time.
 */
#ifndef WOSYNC_CORE_SIGNATURE_H
#define WOSYNC_CORE_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

/* A key, ready to sign with. */
struct signature_key;

/* Bytes of a signature as text, with the NUL: `v1,` and 32 bytes as base64. */
enum { SIGNATURE_SIZE = 3 + 44 + 1 };

/* How many bytes a secret should have at least, by the Standard Webhooks specification, and how many we take
 * at the most: more is a mistake, not a better secret. */
enum { SIGNATURE_GOOD_SECRET = 24, SIGNATURE_LONGEST_SECRET = 1024 };

/*
 * Makes a key from a secret as the Standard Webhooks specification writes it: `whsec_` and base64 with its
 * padding. Returns NULL when it is none, with a static text in *wrong (which never repeats the secret). To be
 * freed with signature_key_free.
 */
struct signature_key *signature_key_new(const char *secret, const char **wrong);

/*
 * Makes a key from a secret that is the key itself, byte for byte, as MaintainX gives it out. Returns NULL
 * with a static text in *wrong when it is empty or longer than SIGNATURE_LONGEST_SECRET. To be freed with
 * signature_key_free.
 */
struct signature_key *signature_key_from_text(const char *secret, const char **wrong);

/* How many bytes the secret has. */
size_t signature_key_length(const struct signature_key *key);

/* Wipes and frees; NULL is allowed. */
void signature_key_free(struct signature_key *key);

/*
 * Writes the Standard Webhooks signature of a message into `out`: `v1,BASE64` over `ID.TIMESTAMP.BODY`.
 * `timestamp`: of this try, in seconds since 1970.
 */
void signature_webhook(struct signature_key *key, const char *id, int64_t timestamp, const void *body,
    size_t len, char out[SIGNATURE_SIZE]);

/* What a signature that came with a message is worth. */
enum signature_result {
    SIGNATURE_GOOD,
    SIGNATURE_STALE,    /* good, but made too long ago, or too far ahead */
    SIGNATURE_WRONG,    /* of another secret, or of another message */
    SIGNATURE_MALFORMED /* it is malformed */
};

/* Longest header that is looked into, in bytes: some sixty signatures. */
enum { SIGNATURE_LONGEST_HEADER = 4096 };

/*
 * Checks MaintainX's `t=TIME,v1=HEX`: HMAC-SHA256 over `TIME.BODY`, with the digits as they were sent.
 * Several v1 are tried, other parts passed over; t stands once. TIME is in seconds, or in milliseconds where
 * the number is that large (the unit is not documented); it may be off from `now` (milliseconds since 1970)
 * by `tolerance` milliseconds, either way. Signatures are compared in constant time.
 */
enum signature_result signature_check_timed(struct signature_key *key, const char *header, const void *body,
    size_t len, int64_t now, int64_t tolerance);

/* Checks the other spelling, `HEX`: HMAC-SHA256 over the body alone. It says nothing of when it was made. */
enum signature_result signature_check_plain(
    struct signature_key *key, const char *header, const void *body, size_t len);

#endif
