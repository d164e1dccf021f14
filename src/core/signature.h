/*
 * signature: proves by HMAC-SHA256 (libcrypto) that a message comes from someone who knows the secret. Pure:
 * the caller brings the time.
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
 * padding. Returns NULL when it is none, with a static text in *wrong (which never repeats the secret), or
 * when memory ran out. To be freed with signature_key_free.
 */
struct signature_key *signature_key_new(const char *secret, const char **wrong);

/* How many bytes the secret has. */
size_t signature_key_length(const struct signature_key *key);

/* Wipes and frees; NULL is allowed. */
void signature_key_free(struct signature_key *key);

/*
 * Writes the Standard Webhooks signature of a message into `out`: `v1,BASE64` over `ID.TIMESTAMP.BODY`.
 * `timestamp`: of this try, in seconds since 1970. Returns 0, or -1 when libcrypto failed (memory ran out).
 */
int signature_webhook(struct signature_key *key, const char *id, int64_t timestamp, const void *body,
    size_t len, char out[SIGNATURE_SIZE]);

#endif
