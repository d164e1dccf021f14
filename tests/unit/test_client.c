#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/shutdown.h"
#include "talk.h"

#define ANSWER(status, headers, body) "HTTP/1.1 " status "\r\nConnection: close\r\n" headers "\r\n" body

static const char good[] = ANSWER("200 OK", "", "{}"), busy[] = ANSWER("503 Busy", "", "");
static const char limited[] = ANSWER("429 Too many", "Retry-After: 0\r\n", "");

static void begin_with(
    struct talk *talk, const char *const *answers, size_t count, const struct rate_limit *rate_limit)
{
    talk_begin(talk, answers, count, 60000, rate_limit);
}

#define begin(talk, ...) /* the answers */                                                                   \
    begin_with(talk, (const char *const[]){__VA_ARGS__}, COUNT(((const char *const[]){__VA_ARGS__})),        \
        &(const struct rate_limit){0})

static enum api_status ask(struct talk *talk, const char *path)
{
    const struct client_request request = {.method = "GET", .path = path, .what = "it"};
    return client_request(talk->client, &request, NULL, &talk->e);
}

static void check_error(const struct talk *talk, int status, const char *text)
{
    check(talk->e.status == status && strstr(talk->e.text, text) != NULL, "%d: %s", (int)talk->e.status,
        talk->e.text);
}

static void test_needs_a_token(void **state)
{
    static const struct {
        const char *token, *organization, *text; /* NULL: it does */
    } table[] = {
        {NULL, "", "no token; set key_file"},
        {"one\ntwo", "", "holds a line break"},
        {"one\r", "", "holds a line break"},
        {"one", "1\r\nX-Evil: 1", "holds a line break"},
        {"one", "1", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        const struct client_settings settings = {
            .base_url = "https://x", .token = table[i].token, .organization = table[i].organization};
        struct error e = {0};
        struct client *client = client_new(&settings, &(struct rate_limit){0}, &e);
        check((client != NULL) == (table[i].text == NULL), "row %zu", i);
        check(
            client != NULL || (e.status == EX_CONFIG && strstr(e.text, table[i].text) != NULL), "%s", e.text);
        client_free(client);
    }
}

static void test_what_is_sent(void **state)
{
    const struct client_request request = {
        .method = "POST", .path = "/x?a=b", .what = "it", .body = "{\"a\":1}"};
    struct talk talk;
    struct http_call *call = NULL;
    (void)state;
    begin(&talk, good, good);
    assert_int_equal(ask(&talk, "/plain"), API_OK);
    const char *heard = server_heard(&talk.server);
    check(strncmp(heard, "GET /plain ", 11) == 0 &&
              strstr(heard, "\r\nAuthorization: Bearer the-token\r\n") != NULL &&
              strstr(heard, "x-organization-id") == NULL && strstr(heard, "Content-Type") == NULL,
        "%s", heard);
    client_free(talk.client);
    talk.settings.organization = "42";
    talk.client = client_new(&talk.settings, &(struct rate_limit){0}, &talk.e);
    assert_int_equal(client_request(talk.client, &request, &call, &talk.e), API_OK);
    heard = strstr(heard, "POST /x?a=b ");
    check(heard != NULL && strstr(heard, "\r\nx-organization-id: 42\r\n") != NULL &&
              strstr(heard, "\r\nContent-Type: application/json\r\n") != NULL &&
              strstr(heard, "\r\n\r\n{\"a\":1}") != NULL,
        "%s", heard);
    check_text(http_body(call)->data, "{}");
    check(client_requests(talk.client) == 1 && client_bytes(talk.client) == 2, "figures");
    http_call_free(call);
    talk_end(&talk);
}

/* What an answer means that is not tried again. */
static void test_judgements(void **state)
{
    static const struct {
        const char *method, *answer;
        enum api_status verdict;
        int status;
        const char *text;
    } table[] = {
        {"GET", ANSWER("200 OK", "", ""), API_OK, EX_OK, ""},
        {"POST", ANSWER("201 Made", "", ""), API_OK, EX_OK, ""},
        {"DELETE", ANSWER("204 None", "", ""), API_OK, EX_OK, ""},
        {"GET", ANSWER("201 Made", "", ""), API_FAILED, EX_UNAVAILABLE, "api: it: 201; check base_url"},
        {"POST", ANSWER("202 Later", "", ""), API_FAILED, EX_UNAVAILABLE, "202"},
        {"GET", ANSWER("400 Bad", "", "{\"error\": \"no such field.\"}"), API_BAD_REQUEST, EX_UNAVAILABLE,
            "api: it: 400: no such field; check"},
        {"GET", ANSWER("400 Bad", "", "{\"errors\": [{\"error\": \"a\\nb\"}, {\"error\": \"c\"}]}"),
            API_BAD_REQUEST, EX_UNAVAILABLE, "400: a?b; check"},
        {"GET", ANSWER("400 Bad", "", "{\"errors\": \"many\", \"error\": \"one\"}"), API_BAD_REQUEST,
            EX_UNAVAILABLE, "400: one; check"},
        {"GET", ANSWER("400 Bad", "", "{\"errors\": []}"), API_BAD_REQUEST, EX_UNAVAILABLE, "400; check"},
        {"GET", ANSWER("400 Bad", "", "{\"error\": {\"code\": 7}}"), API_BAD_REQUEST, EX_UNAVAILABLE,
            "400; check"},
        {"GET", ANSWER("400 Bad", "", "no JSON"), API_BAD_REQUEST, EX_UNAVAILABLE, "400; check"},
        {"GET", ANSWER("400 Bad", "", "{\"error\": \"x-organization-id is required\"}"), API_FAILED,
            EX_CONFIG,
            "api: it: set organization_id in [api]: the token covers several organizations (400: x-org"},
        {"GET", ANSWER("400 Bad", "", "{}"), API_BAD_REQUEST, EX_UNAVAILABLE,
            "400; check base_url in [api], and set organization_id there if"},
        {"GET", ANSWER("401 Who", "", ""), API_FAILED, EX_NOPERM, "401: the token was refused"},
        {"GET", ANSWER("403 No", "", ""), API_FORBIDDEN, EX_NOPERM, "403: the token may not do this"},
        {"GET", ANSWER("403 No", "", "{\"error\": \"<b>\"}"), API_FORBIDDEN, EX_NOPERM,
            "403: <b>: the token may not do this"},
        {"GET", ANSWER("403 No", "", " \n"), API_FORBIDDEN, EX_NOPERM, "403: the token may not do this"},
        /* of something before MaintainX */
        {"GET", ANSWER("403 No", "", "<html><head><Title>\n Attention | Cloudflare</title><p>"), API_FAILED,
            EX_UNAVAILABLE,
            "api: it: 403 with a page \"Attention | Cloudflare\" that is not MaintainX's: a firewall"},
        {"GET", ANSWER("403 No", "", "<p>no"), API_FAILED, EX_UNAVAILABLE, "403 with a page that is not"},
        {"GET", ANSWER("403 No", "", "error code: 1020"), API_FAILED, EX_UNAVAILABLE,
            "refused the request, not"},
        {"GET", ANSWER("407 Log in", "", ""), API_FAILED, EX_UNAVAILABLE,
            "a proxy on the way asks for a login"},
        {"GET", ANSWER("404 None", "", ""), API_GONE, EX_UNAVAILABLE, "404"},
        {"GET", ANSWER("410 Gone", "", ""), API_GONE, EX_UNAVAILABLE, "410"},
        {"GET", ANSWER("418 Tea", "", ""), API_FAILED, EX_UNAVAILABLE, "418"},
        {"GET", ANSWER("302 There", "Location: https://evil.example/\r\n", ""), API_FAILED, EX_PROTOCOL,
            "302: a redirect to https://evil.example/ is not followed"},
        {"GET", ANSWER("301 There", "", ""), API_FAILED, EX_PROTOCOL,
            "301: a redirect to nowhere is not followed"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct talk talk;
        begin(&talk, table[i].answer, good);
        const struct client_request request = {.method = table[i].method, .path = "/", .what = "it"};
        enum api_status verdict = client_request(talk.client, &request, NULL, &talk.e);
        check(verdict == table[i].verdict, "%s: %d, %s", table[i].answer, (int)verdict, talk.e.text);
        check_error(&talk, table[i].status, table[i].text);
        assert_int_equal(server_requests(&talk.server), 1);
        talk_end(&talk);
    }
}

/* What is not sent at all, for the address is none. */
static void test_refused_address(void **state)
{
    struct talk talk;
    (void)state;
    begin(&talk, good);
    client_free(talk.client);
    talk.settings.base_url = "http://192.0.2.1";
    talk.client = client_new(&talk.settings, &(struct rate_limit){0}, &talk.e);
    assert_int_equal(ask(&talk, "/"), API_FAILED);
    check_error(&talk, EX_UNAVAILABLE, "api: it: http is for loopback only");
    talk_end(&talk);
}

static enum body_status torn_once(struct http_call *call, void *out, const char *what, struct error *e)
{
    (void)call;
    if (++*(int *)out > 1)
        return CLIENT_TAKEN;
    fail(e, EX_PROTOCOL, "%s is torn", what);
    return CLIENT_TORN;
}

static enum body_status refuse(struct http_call *call, void *out, const char *what, struct error *e)
{
    (void)call;
    ++*(int *)out;
    fail(e, EX_PROTOCOL, "%s is odd", what);
    return CLIENT_REFUSED;
}

/* What went wrong and may go well is asked again, until it does; the error of the first try is forgotten. */
static void test_tries_again(void **state)
{
    static const char *const bad[] = {busy, limited, "", ANSWER("200 OK", "Content-Length: 9\r\n", "{}"),
        ANSWER("408 Slow", "", ""), ANSWER("500 Broken", "", ""), ANSWER("502 Bad", "", ""),
        ANSWER("504 Slow", "", ""), ANSWER("425 Early", "", ""), ANSWER("501 No", "", ""),
        ANSWER("507 Full", "", ""), ANSWER("509 Much", "", ""), ANSWER("520 Odd", "", ""),
        ANSWER("522 Slow", "", ""), ANSWER("524 Slow", "", ""), ANSWER("525 TLS", "", ""),
        ANSWER("530 DNS", "", ""), ANSWER("599 Any", "", ""), ANSWER("500 No", "", "<html>oops</html>"),
        ANSWER("503 Busy", "Retry-After: 0\r\n", ""), ANSWER("502 Bad", "Retry-After: soon\r\n", ""),
        ANSWER("200 OK", "Content-Encoding: UTF-8\r\n", "{}"),
        ANSWER("200 OK", "Content-Encoding: gzip\r\n", "{}")};
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct talk talk;
        begin(&talk, bad[i], good);
        enum api_status verdict = ask(&talk, "/");
        check(verdict == API_OK && talk.e.status == EX_OK && *talk.e.text == '\0', "%s: %d, %s", bad[i],
            (int)verdict, talk.e.text);
        assert_int_equal(server_requests(&talk.server), 2);
        talk_end(&talk);
    }
}

/* What is busy or broken is not blamed on the address. */
static void test_the_address_is_not_to_blame(void **state)
{
    static const char *const bad[] = {
        ANSWER("500 No", "", ""), ANSWER("425 Early", "", ""), ANSWER("522 Slow", "", "<html>")};
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct talk talk;
        begin(&talk, bad[i], good);
        const struct client_request request = {.method = "GET", .path = "/", .what = "it", .single = true};
        assert_int_equal(client_request(talk.client, &request, NULL, &talk.e), API_FAILED);
        check_error(&talk, EX_UNAVAILABLE, "; the server is busy or broken");
        check(
            strstr(talk.e.text, "base_url") == NULL && server_requests(&talk.server) == 1, "%s", talk.e.text);
        talk_end(&talk);
    }
}

static enum body_status is_read(struct http_call *call, void *out, const char *what, struct error *e)
{
    (void)what;
    (void)e;
    *(bool *)out = strcmp(http_body(call)->data, "{}") == 0;
    return CLIENT_TAKEN;
}

/* An encoding that cannot be undone is asked for no more; what stays compressed all the same cannot be read.
 */
static void test_encodings(void **state)
{
    static const char odd[] = ANSWER("200 OK", "Content-Encoding: UTF-8\r\n", "{}"),
                      packed[] = ANSWER("200 OK", "Content-Encoding: GZIP\r\n", "x");
    struct talk talk;
    bool read = false;
    const struct client_request request = {
        .method = "GET", .path = "/", .what = "it", .read = is_read, .out = &read};
    (void)state;
    begin(&talk, odd, odd, odd, packed);
    client_free(talk.client);
    talk.settings.give_up = 0; /* it is no failure */
    talk.client = client_new(&talk.settings, &(struct rate_limit){0}, &talk.e);
    check(client_request(talk.client, &request, NULL, &talk.e) == API_OK && read, "%s", talk.e.text);
    assert_int_equal(server_requests(&talk.server), 2);
    check(client_request(talk.client, &request, NULL, &talk.e) == API_OK, "%s", talk.e.text);
    assert_int_equal(server_requests(&talk.server), 3);
    assert_int_equal(client_request(talk.client, &request, NULL, &talk.e), API_FAILED);
    check_error(&talk, EX_PROTOCOL, "it: the answer cannot be decoded, and it stays compressed");
    talk_end(&talk);
}

static void test_what_the_reader_says(void **state)
{
    struct talk talk;
    int read = 0;
    struct client_request request = {
        .method = "GET", .path = "/", .what = "it", .read = torn_once, .out = &read};
    (void)state;
    begin(&talk, good, good, good);
    assert_int_equal(client_request(talk.client, &request, NULL, &talk.e), API_OK);
    check(
        read == 2 && server_requests(&talk.server) == 2 && *talk.e.text == '\0', "%d %s", read, talk.e.text);
    request.read = refuse;
    assert_int_equal(client_request(talk.client, &request, NULL, &talk.e), API_FAILED);
    check_error(&talk, EX_PROTOCOL, "it is odd");
    check(read == 3 && server_requests(&talk.server) == 3, "%d", read);
    talk_end(&talk);
}

/* What would be done twice is not asked twice, unless it was refused for its rate: then it was not done. */
static void test_once(void **state)
{
    static const struct {
        const char *answer;
        enum api_status verdict;
        size_t requests;
    } table[] = {{busy, API_FAILED, 1}, {"", API_FAILED, 1}, {limited, API_OK, 2}};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct talk talk;
        begin(&talk, table[i].answer, good);
        const struct client_request request = {.method = "POST", .path = "/", .what = "it", .once = true};
        assert_int_equal(client_request(talk.client, &request, NULL, &talk.e), table[i].verdict);
        assert_int_equal(server_requests(&talk.server), table[i].requests);
        talk_end(&talk);
    }
}

static void test_gives_up(void **state)
{
    struct talk talk;
    (void)state;
    begin(&talk, busy, good);
    client_free(talk.client);
    talk.settings.give_up = 0;
    talk.client = client_new(&talk.settings, &(struct rate_limit){0}, &talk.e);
    assert_int_equal(ask(&talk, "/"), API_FAILED);
    check_error(&talk, EX_UNAVAILABLE, "503; the server is busy or broken");
    assert_int_equal(server_requests(&talk.server), 1);
    talk_end(&talk);
}

/* A wait that the server tells is kept once, however short the patience; one that it goes on output is not.
 */
static void test_a_limit_that_does_not_end(void **state)
{
    struct talk talk;
    (void)state;
    begin(&talk, limited, limited, good);
    client_free(talk.client);
    talk.settings.give_up = 0;
    talk.client = client_new(&talk.settings, &(struct rate_limit){0}, &talk.e);
    assert_int_equal(ask(&talk, "/"), API_FAILED);
    check_error(&talk, EX_TEMPFAIL, "429; the rate limit is used up");
    assert_int_equal(server_requests(&talk.server), 2);
    talk_end(&talk);
}

#define RATE(limit, remaining, reset)                                                                        \
    "X-Rate-Limit-Limit: " limit "\r\nX-Rate-Limit-Remaining: " remaining "\r\nX-Rate-Limit-Reset: " reset   \
    "\r\n"

/* The rate limit of an answer; where it does not say it in numbers, our own requests are counted. */
static void test_rate(void **state)
{
    static const struct {
        const char *answer;
        int64_t limit, remaining, window; /* window 0: it said nothing */
    } table[] = {
        {ANSWER("200 OK", RATE("100", "99", "60"), "{}"), 100, 99, 60000},
        {ANSWER("200 OK", RATE("100", "98", "0.25"), "{}"), 100, 98, 1000},
        {ANSWER("404 None", RATE("500", "0", "1"), "{}"), 500, 0, 1000},
        {ANSWER("200 OK", RATE("many", "99", "60"), "{}"), -1, 99, 60000},
        {ANSWER("200 OK", RATE("100", "5", "500000"), "{}"), 100, 5, 3600000},
        /* a Unix time, by the server's clock, in seconds and milliseconds */
        {ANSWER("200 OK", "Date: Mon, 23 Nov 2026 10:15:00 GMT\r\n" RATE("100", "5", "1795428930"), "{}"),
            100, 5, 30000},
        {ANSWER("200 OK", "Date: Mon, 23 Nov 2026 10:15:00 GMT\r\n" RATE("100", "5", "1795428930001"), "{}"),
            100, 5, 31000},
        {ANSWER("200 OK", RATE("200", "50", "soon"), "{}"), 100, 99, 0},
        {ANSWER("200 OK", RATE("200", "", "60"), "{}"), 100, 99, 0},
        {ANSWER("200 OK", RATE("200", "-1", "60"), "{}"), 100, 99, 0},
        {ANSWER("200 OK", RATE("200", "50", "-60"), "{}"), 100, 99, 0},
        {ANSWER("200 OK", RATE("200", "50", "NaN"), "{}"), 100, 99, 0},
        {ANSWER("200 OK", RATE("200", "1e9", "60"), "{}"), 100, 99, 0},
        {ANSWER("200 OK", RATE("200", "50", "1e15"), "{}"), 100, 99, 0},
        {ANSWER("200 OK", RATE("200", "50", "1e999"), "{}"), 100, 99, 0},
        {ANSWER("200 OK", "X-Rate-Limit-Remaining: 9\r\n", "{}"), 100, 99, 0},
        {ANSWER("200 OK", "X-Rate-Limit-Reset: 9\r\n", "{}"), 100, 99, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct talk talk;
        begin(&talk, table[i].answer);
        ask(&talk, "/");
        const struct rate_limit *rate_limit = client_rate_limit(talk.client);
        check(rate_limit->seen != 0 && rate_limit->limit == table[i].limit &&
                  rate_limit->remaining == table[i].remaining && rate_limit->window == table[i].window,
            "%s: %lld, %lld, %lld", table[i].answer, (long long)rate_limit->limit,
            (long long)rate_limit->remaining, (long long)rate_limit->window);
        talk_end(&talk);
    }
}

/* How long an answer has us wait: by Retry-After, in seconds, as a date or a Unix time against the server's
 * own clock; a 429 else by what it says of the window, else for more than a window. The deadline is nearer:
 * what is longer than it is left to a later run, at once. */
static void test_how_long_to_wait(void **state)
{
    static const struct {
        const char *answer;
        int64_t seconds;
        int status;
    } table[] = {
        {ANSWER("429 Too many", "Retry-After: 3600\r\n", ""), 3600, EX_TEMPFAIL},
        {ANSWER("429 Too many", "Retry-After: 3600\r\n" RATE("9", "0", "50"), ""), 3600, EX_TEMPFAIL},
        {ANSWER("429 Too many", "Retry-After: 7200\r\n", ""), 3600, EX_TEMPFAIL},
        {ANSWER("429 Too many",
             "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 09:19:37 GMT\r\n", ""),
            1800, EX_TEMPFAIL},
        {ANSWER("429 Too many", "Date: Mon, 23 Nov 2026 10:15:00 GMT\r\nRetry-After: 1795428970\r\n", ""), 70,
            EX_TEMPFAIL},
        {ANSWER("429 Too many", "Date: Mon, 23 Nov 2026 10:15:00 GMT\r\nRetry-After: 1795428970000\r\n", ""),
            70, EX_TEMPFAIL},
        {ANSWER("429 Too many", "Retry-After: later\r\n" RATE("9", "0", "600"), ""), 600, EX_TEMPFAIL},
        {ANSWER("429 Too many", RATE("9", "0", "600"), ""), 600, EX_TEMPFAIL},
        {ANSWER("429 Too many", RATE("9", "0", "500000"), ""), 3600, EX_TEMPFAIL},
        {ANSWER("429 Too many", "", ""), 90, EX_TEMPFAIL},
        {ANSWER("503 Busy", "Retry-After: 3600\r\n", ""), 3600, EX_UNAVAILABLE},
        {ANSWER("503 Busy", "Retry-After: 61\r\n" RATE("9", "8", "50"), ""), 61, EX_UNAVAILABLE},
        {ANSWER("500 Busy", "Retry-After: 61\r\n", ""), 61, EX_UNAVAILABLE},
        {ANSWER("425 Early", "Retry-After: 61\r\n", ""), 61, EX_UNAVAILABLE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct talk talk;
        begin(&talk, table[i].answer, good);
        shutdown_set_deadline(60000);
        int64_t before = clock_now();
        enum api_status verdict = ask(&talk, "/");
        int64_t came = client_rate_limit(talk.client)->reset - table[i].seconds * 1000;
        check(came >= before && came <= clock_now(), "%s: %lld", table[i].answer, (long long)(came - before));
        check(verdict == API_FAILED && talk.e.status == table[i].status, "%s: %s", table[i].answer,
            talk.e.text);
        assert_int_equal(server_requests(&talk.server), 1);
        /* a later request of the same run does not go out either */
        check(ask(&talk, "/") == API_FAILED && talk.e.status == EX_TEMPFAIL, "%s", talk.e.text);
        assert_int_equal(server_requests(&talk.server), 1);
        shutdown_set_deadline(0);
        talk_end(&talk);
    }
}

/* Without a deadline such a wait is kept, however short `give_up` is; a date in the past is none. */
static void test_the_wait_is_kept(void **state)
{
    static const char *const answers[] = {ANSWER("429 Too many", "Retry-After: 1\r\n", ""),
        ANSWER("429 Too many", RATE("9", "0", "1"), ""),
        ANSWER("429 Too many", "Date: today\r\nRetry-After: Sun, 06 Nov 1994 09:49:37 GMT\r\n", "")};
    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        struct talk talk;
        begin(&talk, answers[i], good);
        client_free(talk.client);
        talk.settings.give_up = 0;
        talk.client = client_new(&talk.settings, &(struct rate_limit){0}, &talk.e);
        int64_t before = clock_now();
        check(ask(&talk, "/") == API_OK, "%s", talk.e.text);
        check(i == 2 || clock_now() - before >= 1000, "%zu: it did not wait", i);
        assert_int_equal(server_requests(&talk.server), 2);
        talk_end(&talk);
    }
}

/* A 503 that asks for more than `give_up` is not waited for. */
static void test_a_wait_beyond_patience(void **state)
{
    struct talk talk;
    (void)state;
    begin(&talk, ANSWER("503 Busy", "Retry-After: 61\r\n", ""), good); /* give_up is 60 s */
    assert_int_equal(ask(&talk, "/"), API_FAILED);
    check_error(&talk, EX_UNAVAILABLE, "503; the server is busy");
    assert_int_equal(server_requests(&talk.server), 1);
    talk_end(&talk);
}

/* The rate limit as an earlier run left it. */
static struct rate_limit used_up(int64_t ms)
{
    return (struct rate_limit){.limit = 1, .remaining = 0, .reset = clock_now() + ms, .seen = clock_now()};
}

static void test_keeps_the_pace(void **state)
{
    static const char *const answers[] = {good};
    struct talk talk;
    struct rate_limit rate_limit = used_up(100);
    (void)state;
    begin_with(&talk, answers, 1, &rate_limit);
    assert_int_equal(ask(&talk, "/"), API_OK);
    check(clock_now() >= rate_limit.reset, "%lld", (long long)(clock_now() - rate_limit.reset));
    talk_end(&talk);
    rate_limit = used_up(3600 * 1000);
    begin_with(&talk, answers, 1, &rate_limit);
    assert_int_equal(ask(&talk, "/"), API_FAILED);
    check_error(&talk, EX_TEMPFAIL, "the server asks to wait");
    assert_int_equal(server_requests(&talk.server), 0);
    talk_end(&talk);
}

/* The deadline comes before the wait is over. */
static void test_a_deadline_ends_the_wait(void **state)
{
    static const char *const answers[] = {good};
    struct talk talk;
    const struct rate_limit rate_limit = used_up(60 * 1000);
    (void)state;
    begin_with(&talk, answers, 1, &rate_limit);
    shutdown_set_deadline(30000);
    enum api_status verdict = ask(&talk, "/");
    shutdown_set_deadline(0);
    assert_int_equal(verdict, API_FAILED);
    check_error(&talk, EX_TEMPFAIL, ", longer than this run may last; a later run continues here");
    assert_int_equal(server_requests(&talk.server), 0);
    talk_end(&talk);
}

/* For a run that has read something the same wait is no more than its end. */
static void test_a_deadline_ends_a_run_that_has_read(void **state)
{
    struct talk talk;
    (void)state;
    begin(&talk, ANSWER("200 OK", RATE("9", "0", "60"), "{}"), good);
    shutdown_set_deadline(30000);
    assert_int_equal(ask(&talk, "/"), API_OK);
    enum api_status verdict = ask(&talk, "/");
    shutdown_set_deadline(0);
    assert_int_equal(verdict, API_STOPPED);
    assert_int_equal(server_requests(&talk.server), 1);
    talk_end(&talk);
}

static enum body_status torn_at_the_deadline(
    struct http_call *call, void *out, const char *what, struct error *e)
{
    shutdown_set_deadline(1);
    return torn_once(call, out, what, e);
}

static void test_a_deadline_ends_the_tries(void **state)
{
    struct talk talk;
    int read = 0;
    const struct client_request request = {
        .method = "GET", .path = "/", .what = "it", .read = torn_at_the_deadline, .out = &read};
    (void)state;
    begin(&talk, good, good);
    enum api_status verdict = client_request(talk.client, &request, NULL, &talk.e);
    shutdown_set_deadline(0);
    assert_int_equal(verdict, API_FAILED); /* it failed, the deadline is not to blame */
    check_error(&talk, EX_PROTOCOL, "it is torn");
    assert_int_equal(server_requests(&talk.server), 1);
    talk_end(&talk);
}

static enum body_status torn_at_the_turns_end(
    struct http_call *call, void *out, const char *what, struct error *e)
{
    shutdown_set_turn(1);
    return torn_once(call, out, what, e);
}

/* The rate limit, or the end of the turn, leaves no time for another try: that the first one failed is what
 * happened, and not that the time was over. */
static void test_a_failed_try_is_not_forgotten(void **state)
{
    struct talk talk;
    (void)state;
    begin(&talk, good, ANSWER("500 Internal Server Error", RATE("9", "0", "60"), "{}"));
    shutdown_set_deadline(30000);
    assert_int_equal(ask(&talk, "/"), API_OK);
    assert_int_equal(ask(&talk, "/"), API_FAILED);
    shutdown_set_deadline(0);
    check_error(&talk, EX_UNAVAILABLE, "500");
    talk_end(&talk);

    int read = 0;
    const struct client_request request = {
        .method = "GET", .path = "/", .what = "it", .read = torn_at_the_turns_end, .out = &read};
    begin(&talk, good, good);
    enum api_status verdict = client_request(talk.client, &request, NULL, &talk.e);
    shutdown_set_turn(0);
    assert_int_equal(verdict, API_FAILED);
    check_error(&talk, EX_PROTOCOL, "it is torn");
    talk_end(&talk);
}

/* In a process of its own: before anything is sent, and while the answer is waited for. */
static void be_stopped(void *data)
{
    struct talk *talk = data;
    client_prefetch(talk->client, "/");
    raise(SIGTERM);
    if (ask(talk, "/") != API_STOPPED || ask(talk, "/other") != API_STOPPED || talk->e.status != EX_TEMPFAIL)
        exit(1);
}

static void test_a_signal_ends_it(void **state)
{
    struct talk talk;
    (void)state;
    begin(&talk, server_hangs);
    assert_int_equal(run_in_child(be_stopped, &talk), 0);
    talk_end(&talk);
}

/* --- asking ahead --- */

static const char counted[] = ANSWER("200 OK", RATE("100", "42", "60"), "{}");

static void test_ahead(void **state)
{
    struct talk talk;
    (void)state;
    begin(&talk, counted, good);
    client_prefetch(talk.client, "/next");
    client_prefetch(talk.client, "/another"); /* one at a time */
    assert_int_equal(ask(&talk, "/next"), API_OK);
    check(server_requests(&talk.server) == 1 && client_requests(talk.client) == 1, "it was asked twice");
    assert_int_equal(client_rate_limit(talk.client)->remaining, 42);
    assert_int_equal(ask(&talk, "/next"), API_OK);
    assert_int_equal(server_requests(&talk.server), 2);
    talk_end(&talk);
}

/* One that fails is asked again like every other. */
static void test_ahead_in_vain(void **state)
{
    struct talk talk;
    (void)state;
    begin(&talk, busy, good);
    client_prefetch(talk.client, "/next");
    assert_int_equal(ask(&talk, "/next"), API_OK);
    assert_int_equal(server_requests(&talk.server), 2);
    talk_end(&talk);
}

/* The caller took another turn: what was asked ahead counts against the limit, and is not taken for the
 * answer. */
static void test_another_turn(void **state)
{
    static const struct {
        const char *answer, *method, *path;
        int64_t remaining;
    } table[] = {
        {counted, "GET", "/other", 41},
        {counted, "POST", "/next", 41},
        {"", "GET", "/other", 8},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        const char *const answers[] = {table[i].answer, good};
        const struct rate_limit rate_limit = {
            .limit = 100, .remaining = 10, .reset = clock_now() + 60000, .seen = clock_now()};
        const struct client_request request = {
            .method = table[i].method, .path = table[i].path, .what = "it"};
        struct talk talk;
        begin_with(&talk, answers, COUNT(answers), &rate_limit);
        client_prefetch(talk.client, "/next");
        assert_int_equal(client_request(talk.client, &request, NULL, &talk.e), API_OK);
        assert_int_equal(client_rate_limit(talk.client)->remaining, table[i].remaining);
        assert_int_equal(server_requests(&talk.server), 2);
        talk_end(&talk);
    }
}

/* Dropped on its way, it counts: nobody knows whether it came in. */
static void test_dropped(void **state)
{
    static const char *const answers[] = {server_hangs};
    struct rate_limit rate_limit = {
        .limit = 100, .remaining = 10, .reset = clock_now() + 60000, .seen = clock_now()};
    struct talk talk;
    (void)state;
    begin_with(&talk, answers, 1, &rate_limit);
    client_cancel_prefetch(talk.client);
    assert_int_equal(client_rate_limit(talk.client)->remaining, 10);
    client_prefetch(talk.client, "/next");
    client_cancel_prefetch(talk.client);
    client_cancel_prefetch(talk.client);
    assert_int_equal(client_rate_limit(talk.client)->remaining, 9);
    talk_end(&talk);
    /* and where nothing is left, it is not even sent */
    rate_limit.remaining = 0;
    begin_with(&talk, answers, 1, &rate_limit);
    client_prefetch(talk.client, "/next");
    assert_int_equal(client_requests(talk.client), 0);
    client_free(NULL);
    talk_end(&talk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_needs_a_token),
        cmocka_unit_test(test_what_is_sent),
        cmocka_unit_test(test_judgements),
        cmocka_unit_test(test_refused_address),
        cmocka_unit_test(test_tries_again),
        cmocka_unit_test(test_the_address_is_not_to_blame),
        cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_what_the_reader_says),
        cmocka_unit_test(test_once),
        cmocka_unit_test(test_gives_up),
        cmocka_unit_test(test_a_limit_that_does_not_end),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_how_long_to_wait),
        cmocka_unit_test(test_the_wait_is_kept),
        cmocka_unit_test(test_a_wait_beyond_patience),
        cmocka_unit_test(test_keeps_the_pace),
        cmocka_unit_test(test_a_deadline_ends_the_wait),
        cmocka_unit_test(test_a_deadline_ends_a_run_that_has_read),
        cmocka_unit_test(test_a_deadline_ends_the_tries),
        cmocka_unit_test(test_a_failed_try_is_not_forgotten),
        cmocka_unit_test(test_a_signal_ends_it),
        cmocka_unit_test(test_ahead),
        cmocka_unit_test(test_ahead_in_vain),
        cmocka_unit_test(test_another_turn),
        cmocka_unit_test(test_dropped),
    };
    return cmocka_run_group_tests(tests, talk_install, NULL);
}
