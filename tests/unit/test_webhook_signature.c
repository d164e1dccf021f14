#include "support.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/signature.h"

#define SECRET "5f0c1d2e3b4a59687786a5b4c3d2e1f0"
#define BODY   "{\"type\":\"NEW_WORK_ORDER\",\"workOrderId\":184412}"

/* Made by: printf '%s' "1763892900.$BODY" | openssl dgst -sha256 -mac HMAC -macopt key:$SECRET -hex */
#define TIMED  "d8f637ff08b28f4be106991fa4b351fb9cfeffb2ebbbbbd0291881114252c936"
#define MILLIS "72f851ead049c136db8e55898db766ca848b2433de8530fe8c866af4adeae76b"
#define PLAIN  "5380b4eeb1db975a0ea83639c901e8f4f88a10679943d360cc40e79f7b7cfa5d"

static const int64_t sent = INT64_C(1763892900) * 1000;
static const int64_t tolerance = 300000;

static struct signature_key *key_of(const char *secret)
{
    const char *wrong = NULL;
    struct signature_key *key = signature_key_from_text(secret, &wrong);
    check(key != NULL, "%s: %s", secret, wrong);
    return key;
}

static enum signature_result timed(const char *secret, const char *header, const char *body, int64_t now)
{
    struct signature_key *key = key_of(secret);
    enum signature_result verdict = signature_check_timed(key, header, body, strlen(body), now, tolerance);
    signature_key_free(key);
    return verdict;
}

static enum signature_result plain(const char *secret, const char *header, const char *body)
{
    struct signature_key *key = key_of(secret);
    enum signature_result verdict = signature_check_plain(key, header, body, strlen(body));
    signature_key_free(key);
    return verdict;
}

static void test_headers(void **state)
{
    static const struct {
        const char *header;
        enum signature_result verdict;
    } table[] = {
        {"t=1763892900,v1=" TIMED, SIGNATURE_GOOD},
        {"v1=" TIMED ",t=1763892900", SIGNATURE_GOOD},
        {" t=1763892900 , v1=" TIMED " ", SIGNATURE_GOOD},
        {"\tt=1763892900\t,\tv1=" TIMED "\t ", SIGNATURE_GOOD},
        {"t=1763892900,v0=00,v1=" TIMED ",scheme=x,junk", SIGNATURE_GOOD},
        {"t=1763892900,v1=" PLAIN ",v1=" TIMED, SIGNATURE_GOOD},
        {"t=1763892900,v1=00,v1=,v1=" TIMED, SIGNATURE_GOOD},
        {"t=1763892900123,v1=" MILLIS, SIGNATURE_GOOD},
        {"t=1763892900,v1=" PLAIN, SIGNATURE_WRONG},
        {"t=1763892901,v1=" TIMED, SIGNATURE_WRONG},
        {"t=01763892900,v1=" TIMED, SIGNATURE_WRONG}, /* the digits are signed as they were sent */
        {"t=1763892900,v2=" TIMED, SIGNATURE_WRONG},
        {"t=1763892900", SIGNATURE_WRONG},
        {"t=1763892900,v1=" TIMED "0", SIGNATURE_WRONG},
        {"t=1763892900,v1= " TIMED, SIGNATURE_WRONG},
        {"", SIGNATURE_MALFORMED},
        {",,,", SIGNATURE_MALFORMED},
        {"v1=" TIMED, SIGNATURE_MALFORMED},
        {TIMED, SIGNATURE_MALFORMED},
        {"t=,v1=" TIMED, SIGNATURE_MALFORMED},
        {"t,v1=" TIMED, SIGNATURE_MALFORMED},
        {"t=-1763892900,v1=" TIMED, SIGNATURE_MALFORMED},
        {"t=1763892900.0,v1=" TIMED, SIGNATURE_MALFORMED},
        {"t=1763892900,t=1763892900,v1=" TIMED, SIGNATURE_MALFORMED},
        {"t=1763892900,v1=" TIMED ",t=1", SIGNATURE_MALFORMED},
        {"t=1234567890123456789,v1=" TIMED, SIGNATURE_MALFORMED},
        {"T=1763892900,v1=" TIMED, SIGNATURE_MALFORMED},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        check(timed(SECRET, table[i].header, BODY, sent) == table[i].verdict, "%s", table[i].header);
}

static void test_upper_case_is_hex_too(void **state)
{
    char header[] = "t=1763892900,v1=" TIMED, lone[] = PLAIN;
    (void)state;
    for (char *c = strchr(header, 'v') + 3; *c != '\0'; c++)
        *c = (char)toupper(*c);
    for (char *c = lone; *c != '\0'; c++)
        *c = (char)toupper(*c);
    assert_int_equal(timed(SECRET, header, BODY, sent), SIGNATURE_GOOD);
    assert_int_equal(plain(SECRET, lone, BODY), SIGNATURE_GOOD);
}

static void test_age(void **state)
{
    static const struct {
        int64_t off; /* our clock against the sender's, milliseconds */
        enum signature_result verdict;
    } table[] = {
        {0, SIGNATURE_GOOD},
        {300000, SIGNATURE_GOOD},
        {300001, SIGNATURE_STALE},
        {-300000, SIGNATURE_GOOD},
        {-300001, SIGNATURE_STALE},
        {INT64_C(3155760000000), SIGNATURE_STALE},
        {-INT64_C(1763892900000), SIGNATURE_STALE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        int64_t now = sent + table[i].off;
        check(timed(SECRET, "t=1763892900,v1=" TIMED, BODY, now) == table[i].verdict, "row %zu", i);
        check(timed(SECRET, "t=1763892900123,v1=" MILLIS, BODY, now + 123) == table[i].verdict, "row %zu", i);
        /* what is wrong is never told to be late */
        check(timed(SECRET, "t=1763892900,v1=" PLAIN, BODY, now) == SIGNATURE_WRONG, "row %zu", i);
    }
}

/* Flips every bit of the hex digits that begin at `from`; what is another spelling of the same digit is
 * passed over. */
static void flip_digits(char *header, size_t from, bool with_time)
{
    for (size_t i = from; header[i] != '\0'; i++)
        for (int bit = 0; bit < 8; bit++) {
            char was = header[i], flipped = (char)(was ^ (1 << bit));
            if (tolower(flipped) == tolower(was))
                continue;
            header[i] = flipped;
            check((with_time ? timed(SECRET, header, BODY, sent) : plain(SECRET, header, BODY)) !=
                      SIGNATURE_GOOD,
                "byte %zu, bit %d", i, bit);
            header[i] = was;
        }
}

static void test_every_flipped_bit_is_seen(void **state)
{
    static const char prefix[] = "t=1763892900,v1=";
    char header[] = "t=1763892900,v1=" TIMED, body[] = BODY, lone[] = PLAIN;
    (void)state;
    flip_digits(header, sizeof prefix - 1, true);
    flip_digits(lone, 0, false);
    for (size_t i = 0; body[i] != '\0'; i++) {
        body[i] ^= 1;
        check(timed(SECRET, header, body, sent) == SIGNATURE_WRONG, "byte %zu", i);
        check(plain(SECRET, PLAIN, body) == SIGNATURE_WRONG, "byte %zu", i);
        body[i] ^= 1;
    }
}

static void test_other_secrets(void **state)
{
    (void)state;
    assert_int_equal(
        timed("geheim", "t=1763892900,v1=4590d6edc40571f68a2382db70d66d45bb17fe3c3c317d76503ca33a715a9831",
            "", sent),
        SIGNATURE_GOOD);
    assert_int_equal(
        timed("na\xc3\xafve secret \xe2\x98\x83",
            "t=1763892900,v1=7540c4a51e9e56dfeb787956b22938f2b92158b911223ed2d4c08bff57d9b076", BODY, sent),
        SIGNATURE_GOOD);
    assert_int_equal(timed(SECRET "0", "t=1763892900,v1=" TIMED, BODY, sent), SIGNATURE_WRONG);
    assert_int_equal(plain("geheim", PLAIN, BODY), SIGNATURE_WRONG);
}

static void test_plain_headers(void **state)
{
    static const struct {
        const char *header;
        enum signature_result verdict;
    } table[] = {
        {PLAIN, SIGNATURE_GOOD},
        {TIMED, SIGNATURE_WRONG},
        {"", SIGNATURE_MALFORMED},
        {PLAIN "0", SIGNATURE_MALFORMED},
        {" " PLAIN, SIGNATURE_MALFORMED},
        {"sha256=" PLAIN, SIGNATURE_MALFORMED},
        {"zz", SIGNATURE_MALFORMED},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        check(plain(SECRET, table[i].header, BODY) == table[i].verdict, "%s", table[i].header);
}

/* What was signed with its time is no signature of a body alone, and the other way round: a body could hold a
 * time. */
static void test_one_kind_does_not_pass_for_the_other(void **state)
{
    (void)state;
    assert_int_equal(plain(SECRET, TIMED, BODY), SIGNATURE_WRONG);
    assert_int_equal(timed(SECRET, "t=1763892900,v1=" PLAIN, BODY, sent), SIGNATURE_WRONG);
}

static void test_a_long_header(void **state)
{
    char *header = malloc(10001);
    (void)state;
    assert_non_null(header);
    memset(header, ',', 10000);
    header[10000] = '\0';
    memcpy(header, "t=1763892900,v1=" TIMED, 80);
    assert_int_equal(timed(SECRET, header, BODY, sent), SIGNATURE_MALFORMED);
    assert_int_equal(plain(SECRET, header, BODY), SIGNATURE_MALFORMED);
    header[SIGNATURE_LONGEST_HEADER] = '\0';
    assert_int_equal(timed(SECRET, header, BODY, sent), SIGNATURE_GOOD);
    free(header);
}

static void test_secrets(void **state)
{
    const char *wrong = NULL;
    char secret[SIGNATURE_LONGEST_SECRET + 2];
    (void)state;
    assert_null(signature_key_from_text("", &wrong));
    check_text(wrong, "it is empty");
    memset(secret, 'x', sizeof secret);
    secret[sizeof secret - 1] = '\0';
    assert_null(signature_key_from_text(secret, &wrong));
    check_text(wrong, "it is longer than 1024 bytes");
    signature_key_free(key_of(secret + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_upper_case_is_hex_too),
        cmocka_unit_test(test_age),
        cmocka_unit_test(test_every_flipped_bit_is_seen),
        cmocka_unit_test(test_other_secrets),
        cmocka_unit_test(test_plain_headers),
        cmocka_unit_test(test_one_kind_does_not_pass_for_the_other),
        cmocka_unit_test(test_a_long_header),
        cmocka_unit_test(test_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
