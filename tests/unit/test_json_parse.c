#include "support.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_parse.h"
#include "json_judge.h"

enum { DEPTH = 32 };

/* Parses a copy of its own that has no NUL behind it, so that a read too far is seen. */
static struct json_object *parse(const char *json, size_t len, enum json_fault *fault)
{
    char *copy = malloc(len > 0 ? len : 1);
    check(copy != NULL, "memory");
    memcpy(copy, json, len);
    struct json_object *object = json_parse(copy, len, DEPTH, fault);
    free(copy);
    return object;
}

static const char *printed(struct json_object *object)
{
    return json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

static void test_accepts(void **state)
{
    static const struct {
        const char *json, *printed;
    } table[] = {
        {"null", "null"}, {" \t\r\n true ", "true"}, {"false", "false"}, {"\"\"", "\"\""}, {"{}", "{}"},
        {"[ ]", "[]"}, {"[1,[2,{\"a\":[]}],null]", "[1,[2,{\"a\":[]}],null]"},
        {"{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}"}, {"{\"\":0}", "{\"\":0}"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
        {"\"\\u00e9\\u20AC\\ud83d\\ude00\"", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {"\"K\xc3\xbchlanlage pr\xc3\xbc"
         "fen\"",
            "\"K\xc3\xbchlanlage pr\xc3\xbc"
            "fen\""},
        {"\"\x7f\xc2\x80\xef\xbf\xbf\xf4\x8f\xbf\xbf\"", "\"\x7f\xc2\x80\xef\xbf\xbf\xf4\x8f\xbf\xbf\""},
        {"\xef\xbb\xbf[1]", "[1]"}, /* a byte order mark */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        enum json_fault fault;
        struct json_object *object = parse(table[i].json, strlen(table[i].json), &fault);
        check(fault == JSON_FINE, "%s: fault %d", table[i].json, (int)fault);
        check_text(printed(object), table[i].printed);
        json_object_put(object);
    }
}

static void test_refuses(void **state)
{
    static const struct {
        const char *json;
        enum json_fault fault;
    } table[] = {
        {"", JSON_TRUNCATED},
        {" ", JSON_TRUNCATED},
        {"\xef\xbb\xbf", JSON_TRUNCATED},
        {"\xef\xbb\xbf\xef\xbb\xbf[]", JSON_MALFORMED},
        {"[]\xef\xbb\xbf", JSON_MALFORMED},
        {"[", JSON_TRUNCATED},
        {"[1", JSON_TRUNCATED},
        {"[1,", JSON_TRUNCATED},
        {"{\"a\"", JSON_TRUNCATED},
        {"{\"a\":", JSON_TRUNCATED},
        {"{\"a\":1", JSON_TRUNCATED},
        {"\"", JSON_TRUNCATED},
        {"\"\\", JSON_TRUNCATED},
        {"\"\\u12", JSON_TRUNCATED},
        {"tru", JSON_TRUNCATED},
        {"-", JSON_TRUNCATED},
        {"1.", JSON_TRUNCATED},
        {"1e+", JSON_TRUNCATED},
        {"[1,]", JSON_MALFORMED},
        {"[,1]", JSON_MALFORMED},
        {"[1 2]", JSON_MALFORMED},
        {"{\"a\":1,}", JSON_MALFORMED},
        {"{,}", JSON_MALFORMED},
        {"{\"a\" 1}", JSON_MALFORMED},
        {"{a:1}", JSON_MALFORMED},
        {"{'a':1}", JSON_MALFORMED},
        {"{1:1}", JSON_MALFORMED},
        {"['a']", JSON_MALFORMED},
        {"[1}", JSON_MALFORMED},
        {"{\"a\":1]", JSON_MALFORMED},
        {"1 2", JSON_MALFORMED},
        {"[]]", JSON_MALFORMED},
        {"/* a */ 1", JSON_MALFORMED},
        {"1 // a", JSON_MALFORMED},
        {"# a", JSON_MALFORMED},
        {"True", JSON_MALFORMED},
        {"nulL", JSON_MALFORMED},
        {"truer", JSON_MALFORMED},
        {"01", JSON_MALFORMED},
        {"-01", JSON_MALFORMED},
        {"+1", JSON_MALFORMED},
        {".5", JSON_MALFORMED},
        {"1.e5", JSON_MALFORMED},
        {"1.5.5", JSON_MALFORMED},
        {"1e5e5", JSON_MALFORMED},
        {"1e", JSON_TRUNCATED},
        {"0x10", JSON_MALFORMED},
        {"1_000", JSON_MALFORMED},
        {"--1", JSON_MALFORMED},
        {"\v1", JSON_MALFORMED},
        {"\f1", JSON_MALFORMED},
        {"\xc2\xa0"
         "1",
            JSON_MALFORMED},
        {"NaN", JSON_NOT_A_NUMBER},
        {"nan", JSON_NOT_A_NUMBER},
        {"[Infinity]", JSON_NOT_A_NUMBER},
        {"-Infinity", JSON_NOT_A_NUMBER},
        {"[-inf]", JSON_NOT_A_NUMBER},
        {"\"\\x\"", JSON_MALFORMED},
        {"\"\\'\"", JSON_MALFORMED},
        {"\"\\U00e9\"", JSON_MALFORMED},
        {"\"\\u00g9\"", JSON_MALFORMED},
        {"\"\\u+123\"", JSON_MALFORMED},
        {"\"\x01\"", JSON_CONTROL},
        {"\"a\nb\"", JSON_CONTROL},
        {"\"\x1f\"", JSON_CONTROL},
        {"{\"a\tb\":1}", JSON_CONTROL},
        {"\"\x80\"", JSON_NOT_UTF8},
        {"\"\xff\"", JSON_NOT_UTF8},
        {"{\"\xc3\":1}", JSON_NOT_UTF8},
        {"\"\xc0\x80\"", JSON_NOT_UTF8},         /* overlong */
        {"\"\xe0\x9f\xbf\"", JSON_NOT_UTF8},     /* overlong */
        {"\"\xf0\x8f\xbf\xbf\"", JSON_NOT_UTF8}, /* overlong */
        {"\"\xed\xa0\xbd\"", JSON_NOT_UTF8},     /* half of a surrogate pair */
        {"\"\xf4\x90\x80\x80\"", JSON_NOT_UTF8}, /* beyond U+10FFFF */
        {"\"\xe2\x82\"", JSON_NOT_UTF8},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        enum json_fault fault;
        struct json_object *object = parse(table[i].json, strlen(table[i].json), &fault);
        check(
            object == NULL && fault == table[i].fault, "row %zu, %s: fault %d", i, table[i].json, (int)fault);
        if (memcmp(table[i].json, "\xef\xbb\xbf", strlen(table[i].json) < 3 ? 0 : 3) != 0)
            check(!judge_json(table[i].json, strlen(table[i].json), DEPTH), "%s is JSON", table[i].json);
    }
}

/* Every control character but in an escape, in values and in names. A NUL byte is one of them. */
static void test_control_characters(void **state)
{
    (void)state;
    for (int c = 0; c < 0x20; c++) {
        static const char *const shapes[] = {
            "\"a?\"", "[\"?\"]", "{\"?\":1}", "\"abcdefghijklmno?pqrstuvwxyz\""};
        for (size_t i = 0; i < COUNT(shapes); i++) {
            char text[64];
            enum json_fault fault;
            size_t len = strlen(shapes[i]);
            memcpy(text, shapes[i], len);
            *(char *)memchr(text, '?', len) = (char)c;
            check(parse(text, len, &fault) == NULL && fault == JSON_CONTROL, "%d in %s", c, shapes[i]);
        }
    }
}

static void check_bytes(const char *bytes, size_t len)
{
    static const struct {
        const char *before, *behind;
    } places[] = {{"\"", "\""}, {"{\"", "\":1}"}, {"[\"a string of some length", "and more\"]"}};
    bool valid = judge_utf8(bytes, len);
    for (size_t i = 0; i < COUNT(places); i++) {
        struct buffer text = {0};
        enum json_fault fault;
        buffer_append_text(&text, places[i].before);
        buffer_append(&text, bytes, len);
        buffer_append_text(&text, places[i].behind);
        struct json_object *object = parse(text.data, text.len, &fault);
        check(fault == (valid ? JSON_FINE : JSON_NOT_UTF8), "%02x %02x %02x %02x: fault %d, iconv says %d",
            (unsigned char)bytes[0], (unsigned char)bytes[1], (unsigned char)bytes[2],
            (unsigned char)bytes[3], (int)fault, (int)valid);
        json_object_put(object);
        buffer_free(&text);
    }
}

/* Every first byte with every kind of byte behind it: what RFC 3629 forbids is refused, all else is not. */
static void test_every_kind_of_utf8(void **state)
{
    static const char next[] = "\x41\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xed\xff";
    char bytes[5] = "";
    (void)state;
    for (int lead = 0x80; lead <= 0xff; lead++) {
        bytes[0] = (char)lead;
        check_bytes(bytes, 1);
        for (size_t i = 0; i < sizeof next - 1; i++) {
            bytes[1] = next[i];
            check_bytes(bytes, 2);
            for (size_t j = 0; lead >= 0xe0 && j < sizeof next - 1; j++) {
                bytes[2] = next[j];
                check_bytes(bytes, 3);
                for (size_t k = 0; lead >= 0xf0 && k < sizeof next - 1; k++) {
                    bytes[3] = next[k];
                    check_bytes(bytes, 4);
                }
                bytes[3] = '\0';
            }
            bytes[2] = '\0';
        }
        bytes[1] = '\0';
    }
}

/* What stands for no character becomes U+FFFD: nothing behind a NUL is lost, in values and in names. */
static void test_escapes_for_no_character(void **state)
{
    static const struct {
        const char *json, *printed;
    } table[] = {
        {"\"a\\u0000b\"", "\"a\xef\xbf\xbd"
                          "b\""},
        {"{\"a\\u0000b\":1,\"a\\u0000c\":2}", "{\"a\xef\xbf\xbd"
                                              "b\":1,\"a\xef\xbf\xbd"
                                              "c\":2}"},
        {"\"\\ud83d\"", "\"\xef\xbf\xbd\""},
        {"\"\\ude00\"", "\"\xef\xbf\xbd\""},
        {"\"\\ud83dx\"", "\"\xef\xbf\xbdx\""},
        {"\"\\ud83d\\n\"", "\"\xef\xbf\xbd\\n\""},
        {"\"\\ud83d\\u0041\"", "\"\xef\xbf\xbd"
                               "A\""},
        {"\"\\ud83d\\ud83d\\ude00\"", "\"\xef\xbf\xbd\xf0\x9f\x98\x80\""},
        {"\"\\ude00\\ud83d\"", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\"\\ud83d\\\\ude00\"", "\"\xef\xbf\xbd\\\\ude00\""},
        {"\"\\\\u0000\"", "\"\\\\u0000\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        enum json_fault fault;
        struct json_object *object = parse(table[i].json, strlen(table[i].json), &fault);
        check(fault == JSON_FINE, "%s: fault %d", table[i].json, (int)fault);
        check_text(printed(object), table[i].printed);
        json_object_put(object);
    }
}

/* Whatever a number is, it goes out as it came in. */
static void test_numbers_keep_their_digits(void **state)
{
    static const struct {
        const char *digits;
        bool integer;
    } table[] = {
        {"0", true},
        {"-0", false},
        {"7", true},
        {"-7", true},
        {"9223372036854775807", true},
        {"9223372036854775808", true},
        {"-9223372036854775808", true},
        {"-9223372036854775809", false},
        {"18446744073709551615", true},
        {"18446744073709551616", false},
        {"-18446744073709551615", false},
        {"89014103211118510720", false},
        {"-89014103211118510720", false},
        {"100000000000000000000000000000000000000000000000000000000000000000000000000000000001", false},
        {"0.0", false},
        {"-0.0", false},
        {"1.0", false},
        {"1.10", false},
        {"0.1000000000000000055511151231257827", false},
        {"3.141592653589793238462643383279502884197", false},
        {"1e5", false},
        {"1E5", false},
        {"1E+05", false},
        {"-1.5e-003", false},
        {"1e-7", false},
        {"1E400", false},
        {"-1E400", false},
        {"1e-400", false},
        {"1e99999999999999999999", false},
        {"0e0", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        enum json_fault fault;
        struct json_object *object = parse(table[i].digits, strlen(table[i].digits), &fault);
        check(fault == JSON_FINE, "%s: fault %d", table[i].digits, (int)fault);
        check_text(printed(object), table[i].digits);
        check_text(json_number_text(object), table[i].digits);
        check(json_object_is_type(object, table[i].integer ? json_type_int : json_type_double), "%s",
            table[i].digits);
        json_object_put(object);
    }
}

static void test_depth(void **state)
{
    (void)state;
    for (size_t depth = 0; depth <= 40; depth++) {
        struct buffer text = {0};
        enum json_fault fault;
        for (size_t i = 0; i < depth; i++)
            buffer_append_text(&text, i % 2 == 0 ? "[" : "{\"a\":");
        buffer_append_text(&text, "1");
        for (size_t i = depth; i > 0; i--)
            buffer_append_text(&text, i % 2 == 1 ? "]" : "}");
        struct json_object *object = parse(text.data, text.len, &fault);
        check(fault == (depth <= DEPTH ? JSON_FINE : JSON_TOO_DEEP), "%zu: fault %d", depth, (int)fault);
        json_object_put(object);
        buffer_free(&text);
    }
}

/* --- any text --- */

static const char *const seeds[] = {
    "{\"id\":184412,\"title\":\"Grease \\\"palletizer\\\" "
    "2\\n\",\"n\":[0,-1.5e3,1E400,89014103211118510720]}",
    " [ true , false,null ,\"K\xc3\xbchlanlage pr\xc3\xbc"
    "fen \xf0\x9f\x98\x80\", {\"\\u00e9\\ud83d\\ude00\":{}} ]\n",
    "\"a longer text without anything in it that would stop a reader of eight bytes\"",
};

static const char *const pieces[] = {"\"", "\\", "{", "}", "[", "]", ",", ":", "0", "1", "-", "+", ".", "e",
    "null", "true", " ", "\n", "\v", "\\u00e9", "\\ud83d", "\\ude00", "\\u0000", "\xc3\xa9", "\xc3", "\x80",
    "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\xaf", "\x01", "\x1f", "\x7f", "NaN", "'", "/", "[[[[[[[[",
    "99999999999999999999", "\\"};

static size_t mutate(char *text, size_t len, size_t room, uint64_t *seed)
{
    const char *piece = pieces[next_random(seed) % COUNT(pieces)];
    size_t at = next_random(seed) % (len + 1), more = strlen(piece), gone = next_random(seed) % 4;
    if (gone > len - at)
        gone = len - at;
    if (next_random(seed) % 4 == 0)
        more = 0;
    if (len - gone + more > room)
        return len;
    memmove(text + at + more, text + at + gone, len - at - gone);
    memcpy(text + at, piece, more);
    return len - gone + more;
}

/* It accepts what SQLite and iconv accept, reads what json-c reads, and what it prints is read again. */
static void test_agrees_with_others(void **state)
{
    enum { TRIES = 60000 };
    uint64_t seed = 20260120;
    int taken = 0;
    (void)state;
    for (int i = 0; i < TRIES; i++) {
        char text[512];
        enum json_fault fault;
        const char *from = seeds[next_random(&seed) % COUNT(seeds)];
        size_t len = strlen(from);
        memcpy(text, from, len);
        for (uint32_t n = 1 + next_random(&seed) % 3; n > 0; n--)
            len = mutate(text, len, sizeof text - 1, &seed);
        text[len] = '\0';
        struct json_object *ours = parse(text, len, &fault);
        check((fault == JSON_FINE) == judge_json(text, len, DEPTH), "%s: fault %d", text, (int)fault);
        if (fault != JSON_FINE)
            continue;
        taken++;
        struct json_object *theirs = judge_parse(text, len);
        check(judge_same(ours, theirs), "%s: read otherwise: %s", text, printed(ours));
        struct json_object *again = parse(printed(ours), strlen(printed(ours)), &fault);
        check(fault == JSON_FINE && json_same(ours, again), "%s: not read again: %s", text, printed(ours));
        json_object_put(again);
        json_object_put(theirs);
        json_object_put(ours);
    }
    check(taken > TRIES / 10 && taken < TRIES, "%d of %d were taken", taken, TRIES);
}

/* --- equality --- */

static void test_same(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } table[] = {
        {"1", "1", true},
        {"1", "2", false},
        {"1", "-1", false},
        {"1", "1.0", true},
        {"1.0", "1.000", true},
        {"1.1", "1.10", true},
        {"1", "1e0", true},
        {"100", "1E2", true},
        {"1e2", "10e1", true},
        {"0.001", "1e-3", true},
        {"0.00120", "12E-4", true},
        {"12", "1.2", false},
        {"12", "102", false},
        {"1.02", "12", false},
        {"0", "-0", true},
        {"0", "0.000e9", true},
        {"0", "1e-400", false},
        {"0", "0.1", false},
        {"-0.5", "0.5", false},
        {"18446744073709551615", "18446744073709551615", true},
        {"18446744073709551615", "89014103211118510720", false},
        {"89014103211118510720", "89014103211118510721", false},
        {"9223372036854775807", "18446744073709551615", false},
        {"9223372036854775808", "9223372036854775808.0", true},
        {"-1", "18446744073709551615", false},
        {"1E400", "1E500", false},
        {"1E400", "10E399", true},
        {"1e99999999999999999999", "1e99999999999999999999", true},
        {"1e99999999999999999999", "1e99999999999999999998", false},
        {"0.1000000000000000055511151231257827", "0.1", false},
        {"1", "\"1\"", false},
        {"1", "true", false},
        {"0", "null", false},
        {"0", "false", false},
        {"null", "null", true},
        {"null", "false", false},
        {"true", "true", true},
        {"true", "false", false},
        {"\"a\"", "\"a\"", true},
        {"\"a\"", "\"b\"", false},
        {"\"a\"", "\"ab\"", false},
        {"\"\\u0061\"", "\"a\"", true},
        {"[]", "{}", false},
        {"[1,2]", "[1,2.0]", true},
        {"[1,2]", "[2,1]", false},
        {"[1]", "[1,1]", false},
        {"{\"a\":1,\"b\":[2]}", "{\"b\":[2e0],\"a\":1}", true},
        {"{\"a\":1}", "{\"a\":2}", false},
        {"{\"a\":1}", "{\"b\":1}", false},
        {"{\"a\":null}", "{\"b\":null}", false},
        {"{\"a\":1}", "{}", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        enum json_fault fault;
        struct json_object *a = parse(table[i].a, strlen(table[i].a), &fault),
                           *b = parse(table[i].b, strlen(table[i].b), &fault);
        check(json_same(a, b) == table[i].same, "%s and %s", table[i].a, table[i].b);
        check(json_same(b, a) == table[i].same, "%s and %s", table[i].b, table[i].a);
        check(json_same(a, a), "%s", table[i].a);
        json_object_put(a);
        json_object_put(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_control_characters),
        cmocka_unit_test(test_every_kind_of_utf8),
        cmocka_unit_test(test_escapes_for_no_character),
        cmocka_unit_test(test_numbers_keep_their_digits),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_agrees_with_others),
        cmocka_unit_test(test_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
