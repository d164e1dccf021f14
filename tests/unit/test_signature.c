#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "core/signature.h"

static struct signature_key *key_of(const char *secret)
{
    const char *wrong = NULL;
    struct signature_key *key = signature_key_new(secret, &wrong);
    check(key != NULL, "%s: %s", secret, wrong);
    return key;
}

/* The first row is the one that the libraries of the specification are tested with; the others were made with
 * Python's hmac. */
static void test_signs(void **state)
{
    static const struct {
        const char *secret, *id;
        int64_t timestamp;
        const char *body, *signature;
    } table[] = {
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
            "{\"test\": 2432232314}", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
        {"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "workorder.created/184412", 1763892900,
            "{\"id\":\"workorder.created/184412\"}", "v1,s6J8gvpz1/G4U/QO7/6A/irqw73sJCDjX4WIWe6a1oo="},
        {"whsec_/////////////////////////////////////////////////////////////////////////////////////w==",
            "workorder.updated/1/2026-11-23T10:15:00.000Z/2", 0, "",
            "v1,9K+UO1uDW2egQca0xU1PX54Xxmjl3nJrE/pVayjMhE8="},
        {"whsec_aw==", "", 253402300799, "{\"title\":\"a \\ b\"}",
            "v1,PVtTQ4DAuZEUk0OY0VIMtAfEC1S4CRNJFKwrELKpUL4="},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        char signature[SIGNATURE_SIZE];
        struct signature_key *key = key_of(table[i].secret);
        for (int again = 0; again < 2; again++) {
            signature_webhook(
                key, table[i].id, table[i].timestamp, table[i].body, strlen(table[i].body), signature);
            check_text(signature, table[i].signature);
        }
        signature_key_free(key);
    }
}

/* Whatever differs makes another signature. */
static void test_covers_everything(void **state)
{
    static const struct {
        const char *secret, *id;
        int64_t timestamp;
        const char *body;
        size_t len;
    } table[] = {
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "a", 1, "body", 4},
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx", "a", 1, "body", 4},
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "b", 1, "body", 4},
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "a", 2, "body", 4},
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "a", -1, "body", 4},
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "a", 1, "bodx", 4},
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "a", 1, "body", 5},
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "a", 1, "body", 0},
    };
    char signatures[COUNT(table)][SIGNATURE_SIZE];
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct signature_key *key = key_of(table[i].secret);
        signature_webhook(key, table[i].id, table[i].timestamp, table[i].body, table[i].len, signatures[i]);
        signature_key_free(key);
        check(strlen(signatures[i]) == SIGNATURE_SIZE - 1, "row %zu: %s", i, signatures[i]);
        for (size_t j = 0; j < i; j++)
            check(strcmp(signatures[i], signatures[j]) != 0, "rows %zu and %zu", i, j);
    }
}

static void test_reads_secrets(void **state)
{
    static const struct {
        const char *secret;
        size_t length; /* 0: refused */
        const char *wrong;
    } table[] = {
        {"whsec_QQ==", 1, NULL},
        {"whsec_QUE=", 2, NULL},
        {"whsec_QUFB", 3, NULL},
        {"whsec_+/+/", 3, NULL},
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 24, NULL},
        {"", 0, "begin with whsec_"},
        {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 0, "begin with whsec_"},
        {"WHSEC_QUFB", 0, "begin with whsec_"},
        {" whsec_QUFB", 0, "begin with whsec_"},
        {"whsec_", 0, "nothing follows"},
        {"whsec_=", 0, "nothing follows"},
        {"whsec_====", 0, "not base64"},
        {"whsec_Q", 0, "not whole"},
        {"whsec_QQ", 0, "not whole"},
        {"whsec_QQ=", 0, "not whole"},
        {"whsec_QUFB=", 0, "not whole"},
        {"whsec_Q===", 0, "not base64"},
        {"whsec_QQ==QUFB", 0, "not base64"},
        {"whsec_QUFB\n", 0, "not base64"},
        {"whsec_QU FB", 0, "not base64"},
        {"whsec_QU-_", 0, "not base64"},
        {"whsec_QUF\xc3", 0, "not base64"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        const char *wrong = NULL;
        struct signature_key *key = signature_key_new(table[i].secret, &wrong);
        check((key != NULL) == (table[i].length > 0), "%s: %s", table[i].secret, wrong);
        if (key != NULL)
            check(signature_key_length(key) == table[i].length, "%s", table[i].secret);
        else
            check(strstr(wrong, table[i].wrong) != NULL, "%s: %s", table[i].secret, wrong);
        signature_key_free(key);
    }
}

static void test_size_limit(void **state)
{
    const char *wrong = NULL;
    size_t digits = (SIGNATURE_LONGEST_SECRET / 3 + 2) * 4;
    char *secret = calloc(1, digits + 7);
    (void)state;
    memcpy(secret, "whsec_", 6);
    memset(secret + 6, 'A', digits);
    assert_null(signature_key_new(secret, &wrong));
    check(strstr(wrong, "longer than 1024") != NULL, "%s", wrong);
    secret[6 + SIGNATURE_LONGEST_SECRET / 3 * 4] = '\0';
    struct signature_key *key = signature_key_new(secret, &wrong);
    check(key != NULL && signature_key_length(key) == SIGNATURE_LONGEST_SECRET / 3 * 3, "%s", wrong);
    signature_key_free(key);
    signature_key_free(NULL);
    free(secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signs),
        cmocka_unit_test(test_covers_everything),
        cmocka_unit_test(test_reads_secrets),
        cmocka_unit_test(test_size_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
