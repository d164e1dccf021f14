#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/http.h"
#include "base/shutdown.h"
#include "server.h"

#define ANSWER(status, headers, body) "HTTP/1.1 " status "\r\nConnection: close\r\n" headers "\r\n" body

static const char good[] = ANSWER("200 OK", "Content-Length: 5\r\nX-One: 1\r\n", "hello");

static int install(void **state)
{
    struct error e = {0};
    (void)state;
    return shutdown_install(&e);
}

/* One exchange with a server that gives this answer. */
struct exchange {
    struct server server;
    struct http *http;
    struct http_call *call;
    enum transfer_status outcome;
};

static void begin(struct exchange *x, const char *answer, const struct http_request *like)
{
    struct http_request request = *like;
    const char *const answers[] = {answer};
    server_start(&x->server, answers, 1);
    x->http = http_new("unit/1");
    request.url = x->server.url;
    request.timeout_ms = request.timeout_ms != 0 ? request.timeout_ms : 60000;
    request.max_body = request.max_body != 0 ? request.max_body : 1000;
    request.method = request.method != NULL ? request.method : "GET";
    x->call = http_start(x->http, &request);
}

static void end(struct exchange *x)
{
    http_call_free(x->call);
    http_free(x->http);
    server_stop(&x->server);
}

static void test_addresses(void **state)
{
    static const char shown[] = "http is for loopback only", scheme[] = "only https", no_url[] = "not a URL",
                      user[] = "user name or password";
    static const struct {
        const char *url;
        const char *wrong; /* NULL: it may be used */
    } table[] = {
        {"https://api.getmaintainx.com/v1", NULL},
        {"HTTPS://example.com:8443", NULL},
        {"http://localhost:8080/v1", NULL},
        {"http://LocalHost", NULL},
        {"http://127.0.0.1/v1", NULL},
        {"http://127.255.1.2", NULL},
        {"http://[::1]:8080/", NULL},
        {"http://[0:0:0:0:0:0:0:1]/", NULL},
        {"https://[2001:db8::1]/", NULL},
        {"http://128.0.0.1", shown},
        {"http://0.0.0.0", shown},
        {"http://localhost.example.com", shown},
        {"http://127.0.0.1.example.com", shown},
        {"http://[::2]/", shown},
        {"http://[::]/", shown},
        {"http://[::ffff:127.0.0.1]/", shown},
        {"http://example.com", shown},
        {"https://someone@example.com", user},
        {"https://someone:word@example.com", user},
        {"https://:word@example.com", user},
        {"ftp://example.com", scheme},
        {"javascript:alert(1)", "https"},
        {"file:///etc/passwd", no_url},
        {"", no_url},
        {"example.com", no_url},
        {"http://", no_url},
        {"http://[::1", no_url},
        {"http://exa mple.com", no_url},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        const char *wrong = http_check_url(table[i].url, false);
        if (table[i].wrong == NULL)
            check_text(wrong, NULL);
        else
            check(wrong != NULL &&
                      (strstr(wrong, table[i].wrong) != NULL || strstr(wrong, "not a URL") != NULL),
                "%s: %s", table[i].url, wrong);
        check((http_check_url(table[i].url, true) == NULL) ==
                  (table[i].wrong == NULL || table[i].wrong == shown),
            "%s", table[i].url);
    }
}

static void test_encodes(void **state)
{
    struct buffer url = {0};
    (void)state;
    buffer_append_text(&url, "?a=");
    http_append_encoded(&url, "updatedAt[gte] \xc3\xa9&=/~-._");
    http_append_encoded(&url, "");
    check_text(url.data, "?a=updatedAt%5Bgte%5D%20%C3%A9%26%3D%2F~-._");
    buffer_free(&url);
}

static void test_an_answer(void **state)
{
    static const char *const headers[] = {"X-Mine: yes", NULL};
    struct exchange x;
    (void)state;
    begin(&x, good, &(struct http_request){.headers = headers});
    assert_int_equal(http_finish(x.call), HTTP_ANSWERED);
    check(http_is_done(x.call) && http_status(x.call) == 200, "%d", http_status(x.call));
    check_text(http_body(x.call)->data, "hello");
    check_text(http_header(x.call, "x-one"), "1");
    check_text(http_header(x.call, "x-two"), NULL);
    check_text(http_reason(x.call), "No error");
    const char *heard = server_heard(&x.server);
    check(strncmp(heard, "GET / HTTP", 10) == 0 && strstr(heard, "\r\nX-Mine: yes\r\n") != NULL &&
              strstr(heard, "\r\nUser-Agent: unit/1\r\n") != NULL &&
              strstr(heard, "\r\nAccept-Encoding: gzip\r\n") != NULL,
        "%s", heard);
    end(&x);
}

static void test_methods(void **state)
{
    static const struct {
        const char *method, *body;
    } table[] = {{"POST", "{}"}, {"PATCH", "{\"a\":1}"}, {"DELETE", NULL}, {"GET", NULL}};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct exchange x;
        const char *body = table[i].body;
        begin(&x, good,
            &(struct http_request){
                .method = table[i].method, .body = body, .body_len = body != NULL ? strlen(body) : 0});
        assert_int_equal(http_finish(x.call), HTTP_ANSWERED);
        const char *heard = server_heard(&x.server), *head = strstr(heard, "\r\n\r\n");
        check(strncmp(heard, table[i].method, strlen(table[i].method)) == 0, "%s", heard);
        check_text(head + 4, body != NULL ? body : "");
        end(&x);
    }
}

/* What came whole, what broke off, what never came. */
static void test_outcomes(void **state)
{
    static const struct {
        const char *answer;
        enum transfer_status outcome;
        int status;
        const char *body, *reason; /* libcurl's words, which differ by version; NULL: whatever they are */
    } table[] = {
        {ANSWER("200 OK", "", "until the end"), HTTP_ANSWERED, 200, "until the end", "No error"},
        {ANSWER("500 No", "Content-Length: 2\r\n", "no"), HTTP_ANSWERED, 500, "no", "No error"},
        {ANSWER("302 There", "Location: http://127.0.0.1:1/\r\nContent-Length: 0\r\n", ""), HTTP_ANSWERED,
            302, NULL, "No error"},
        {ANSWER("204 None", "", ""), HTTP_ANSWERED, 204, NULL, "No error"},
        {ANSWER("200 OK", "Content-Length: 10\r\n", "0123456789"), HTTP_ANSWERED, 200, "0123456789",
            "No error"},
        {ANSWER("200 OK", "Content-Length: 11\r\n", "01234567890"), HTTP_TOO_LARGE, 200, "0123456789", NULL},
        {ANSWER("200 OK", "", "0123456789 and more"), HTTP_TOO_LARGE, 200, "0123456789", NULL},
        {ANSWER("200 OK", "Content-Length: 9\r\n", "hello"), HTTP_TRUNCATED, 200, "hello", "4 bytes"},
        {ANSWER("200 OK", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n"), HTTP_TRUNCATED, 200, "hello",
            NULL},
        {ANSWER("200 OK", "Content-Encoding: gzip\r\n", "no gzip at all"), HTTP_GARBLED, 200, NULL, NULL},
        {ANSWER("200 OK", "Content-Encoding: UTF-8\r\n", "{}"), HTTP_GARBLED, 200, NULL, NULL},
        {"", HTTP_NO_ANSWER, 0, NULL, NULL},
        {"HTTP/1.1 200 OK\r\nX-Hal", HTTP_ANSWERED, 200, NULL,
            "No error"}, /* to libcurl, one without a body */
        {"\x15\x03\x01\x02\x02\x16", HTTP_NO_ANSWER, 0, NULL, "HTTP/0.9"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct exchange x;
        begin(&x, table[i].answer,
            &(struct http_request){.max_body = strstr(table[i].answer, "until") != NULL ? 100 : 10});
        enum transfer_status outcome = http_finish(x.call);
        check(outcome == table[i].outcome && http_status(x.call) == table[i].status, "%s: %d, status %d, %s",
            table[i].answer, (int)outcome, http_status(x.call), http_reason(x.call));
        check_text(http_body(x.call)->data, table[i].body);
        const char *reason = http_reason(x.call);
        check(reason[0] != '\0' && (outcome == HTTP_ANSWERED) == (strcmp(reason, "No error") == 0), "%s",
            reason);
        check(table[i].reason == NULL || strstr(reason, table[i].reason) != NULL, "%s", reason);
        end(&x);
    }
}

/* Without compression any body is taken as it comes, whatever its Content-Encoding says. */
static void test_uncompressed(void **state)
{
    static const char answer[] = ANSWER("200 OK", "Content-Encoding: UTF-8\r\n", "plain");
    struct exchange x;
    (void)state;
    begin(&x, answer, &(struct http_request){.uncompressed = true});
    assert_int_equal(http_finish(x.call), HTTP_ANSWERED);
    check_text(http_body(x.call)->data, "plain");
    check(strstr(server_heard(&x.server), "Accept-Encoding") == NULL, "%s", server_heard(&x.server));
    end(&x);
}

static void test_waits_no_longer_than_it_may(void **state)
{
    struct exchange x;
    (void)state;
    begin(&x, server_hangs, &(struct http_request){.timeout_ms = 50});
    assert_int_equal(http_finish(x.call), HTTP_NO_ANSWER);
    check(strstr(http_reason(x.call), "timed out") != NULL, "%s", http_reason(x.call));
    end(&x);
}

/* Nothing is sent to what may not be asked, and nothing can be read from it. */
static void test_refused(void **state)
{
    struct http *http = http_new("unit/1");
    (void)state;
    struct http_call *call = http_start(
        http, &(struct http_request){.method = "GET", .url = "http://192.0.2.1/", .timeout_ms = 1000});
    assert_true(http_is_done(call));
    assert_int_equal(http_finish(call), HTTP_REFUSED);
    check(strstr(http_reason(call), "http is for loopback only") != NULL, "%s", http_reason(call));
    assert_int_equal(http_status(call), 0);
    check_text(http_header(call, "date"), NULL);
    http_call_free(call);
    http_call_free(NULL);
    http_free(http);
    http_free(NULL);
}

/* More at a time than handles are kept, in two rounds, so that those that were kept are used again. */
static void test_side_by_side(void **state)
{
    enum { CALLS = 12 };
    const char *answers[2 * CALLS];
    struct http_call *calls[CALLS];
    struct server server;
    struct http *http = http_new("unit/1");
    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++)
        answers[i] = good;
    server_start(&server, answers, COUNT(answers));
    for (int round = 0; round < 2; round++) {
        int done = 0;
        for (int i = 0; i < CALLS; i++)
            calls[i] = http_start(
                http, &(struct http_request){
                          .method = "GET", .url = server.url, .timeout_ms = 60000, .max_body = 100});
        while (done < CALLS) {
            http_work(http, 1000);
            done = 0;
            for (int i = 0; i < CALLS; i++)
                done += http_is_done(calls[i]);
        }
        for (int i = 0; i < CALLS; i++) {
            assert_int_equal(http_finish(calls[i]), HTTP_ANSWERED);
            check_text(http_body(calls[i])->data, "hello");
            http_call_free(calls[i]);
        }
    }
    http_work(http, 1000); /* nothing is under way: it does not wait */
    assert_int_equal(server_requests(&server), 2 * CALLS);
    http_free(http);
    server_stop(&server);
}

/* What is sent with a handle that is used again, in turn; and what the server must hear of it, and must not.
 */
static const struct turn {
    const char *method, *body, *header, *heard, *unheard;
} turns[] = {
    {"POST", "first, and long", "X-One: 1", "POST / ", "Accept-Encoding"},
    {"GET", NULL, "X-Two: 2", "Accept-Encoding: gzip\r\n", "X-One"},
    {"DELETE", NULL, NULL, "DELETE / ", "X-Two"},
    {"GET", NULL, NULL, "GET / ", "DELETE"},
    {"PATCH", "2nd", NULL, "PATCH / ", "GET"},
    {"POST", "", NULL, "Content-Length: 0\r\n", "2nd"},
    {"GET", NULL, NULL, "GET / ", "Content-Length"},
};

/* More addresses than are kept take turns. */
enum { ADDRESSES = 6 };

static void take_turn(
    struct http *http, const char *url, const struct server *server, const struct turn *turn)
{
    const char *headers[] = {turn->header, NULL};
    size_t before = strlen(server_heard(server));
    char *text = strdup(url);
    struct http_call *call = http_start(http, &(struct http_request){.method = turn->method,
                                                  .url = text,
                                                  .headers = headers,
                                                  .body = turn->body,
                                                  .body_len = turn->body != NULL ? strlen(turn->body) : 0,
                                                  .timeout_ms = 60000,
                                                  .max_body = 100});
    memset(text, '#', strlen(text)); /* it was borrowed until now */
    free(text);
    assert_int_equal(http_finish(call), HTTP_ANSWERED);
    check(http_status(call) == 200 && strcmp(http_body(call)->data, "hello") == 0, "%s", turn->method);
    http_call_free(call);
    const char *heard = server_heard(server) + before, *end = strstr(heard, "\r\n\r\n");
    check(end != NULL && strncmp(heard, turn->method, strlen(turn->method)) == 0 &&
              strstr(heard, turn->heard) != NULL && strstr(heard, turn->unheard) == NULL &&
              (turn->header == NULL || strstr(heard, turn->header) != NULL) &&
              strcmp(end + 4, turn->body != NULL ? turn->body : "") == 0,
        "%s: %s", turn->method, heard);
}

static void test_nothing_is_kept_of_a_call(void **state)
{
    const char *answers[COUNT(turns) * ADDRESSES];
    struct server servers[ADDRESSES];
    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++)
        answers[i] = good;
    for (int addresses = 1; addresses <= ADDRESSES; addresses += ADDRESSES - 1) {
        struct http *http = http_new("unit/1");
        for (int i = 0; i < addresses; i++)
            server_start(&servers[i], answers, COUNT(answers));
        for (size_t turn = 0; turn < COUNT(turns); turn++)
            for (int i = 0; i < addresses; i++)
                take_turn(http, servers[i].url, &servers[i], &turns[turn]);
        http_free(http);
        for (int i = 0; i < addresses; i++)
            server_stop(&servers[i]);
    }
}

/* What one caller may do is not allowed to the next. */
static void test_plain_for_one(void **state)
{
    struct http *http = http_new("unit/1");
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct http_call *call = http_start(http, &(struct http_request){.method = "GET",
                                                      .url = "http://192.0.2.1:9/",
                                                      .timeout_ms = 1000,
                                                      .allow_plain = i % 2 == 0});
        assert_int_equal(http_is_done(call), i % 2);
        if (i % 2 == 1)
            assert_int_equal(http_finish(call), HTTP_REFUSED);
        http_call_free(call);
    }
    http_free(http);
}

static void test_dropped_on_its_way(void **state)
{
    struct exchange x;
    (void)state;
    begin(&x, server_hangs, &(struct http_request){0});
    http_work(x.http, 0);
    assert_false(http_is_done(x.call));
    end(&x);
}

/* In a process of its own, for it ends a run. */
static void wait_and_be_stopped(void *data)
{
    struct exchange *x = data;
    raise(SIGTERM);
    if (http_finish(x->call) != HTTP_STOPPED || http_is_done(x->call))
        exit(1);
}

static void test_a_signal_ends_the_wait(void **state)
{
    struct exchange x;
    (void)state;
    begin(&x, server_hangs, &(struct http_request){0});
    assert_int_equal(run_in_child(wait_and_be_stopped, &x), 0);
    end(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_encodes),
        cmocka_unit_test(test_an_answer),
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_uncompressed),
        cmocka_unit_test(test_waits_no_longer_than_it_may),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_side_by_side),
        cmocka_unit_test(test_nothing_is_kept_of_a_call),
        cmocka_unit_test(test_plain_for_one),
        cmocka_unit_test(test_dropped_on_its_way),
        cmocka_unit_test(test_a_signal_ends_the_wait),
    };
    return cmocka_run_group_tests(tests, install, NULL);
}
