#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/subscriptions.h"
#include "talk.h"

#define OK(body) "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" body

#define begin(talk, answer)                                                                                  \
    talk_begin(talk, (const char *const[]){answer}, 1, 0, &(const struct rate_limit){0})

static void test_names(void **state)
{
    (void)state;
    for (enum subscription_api api = 0; api < SUBSCRIPTION_APIS; api++)
        assert_int_equal(subscription_api_named(subscription_api_name(api)), api);
    assert_int_equal(subscription_api_named(""), SUBSCRIPTION_APIS);
    assert_int_equal(subscription_api_named("subscription"), SUBSCRIPTION_APIS);
}

static void test_ids(void **state)
{
    char longest[66];
    (void)state;
    memset(longest, '7', 65);
    longest[65] = '\0';
    check(!api_subscription_is_id(longest), "65 digits");
    longest[64] = '\0';
    check(api_subscription_is_id(longest) && api_subscription_is_id("901") && api_subscription_is_id("a-B_9"),
        "good ones");
    check(!api_subscription_is_id("") && !api_subscription_is_id("../x") && !api_subscription_is_id("9 ") &&
              !api_subscription_is_id("9?a=b"),
        "no ids");
}

static void test_urls(void **state)
{
    char longest[SUBSCRIPTION_MAX_URL + 2];
    (void)state;
    snprintf(longest, sizeof longest, "https://plant.example.com/%0*d", SUBSCRIPTION_MAX_URL + 1 - 26, 7);
    check(strlen(longest) == SUBSCRIPTION_MAX_URL + 1 &&
              strstr(api_subscription_check_url(longest), "longer than the 512") != NULL,
        "%zu bytes", strlen(longest));
    longest[SUBSCRIPTION_MAX_URL] = '\0';
    check_text(api_subscription_check_url(longest), NULL);
    check_text(api_subscription_check_url("http://127.0.0.1:8080/hook"), NULL);
    check_text(api_subscription_check_url("http://plant.example.com/"),
        "MaintainX calls https addresses only; write https://HOST/PATH");
}

static void check_hook(const struct api_subscription *hook, const char *id, const char *events,
    const char *url, const char *status, const char *secret)
{
    check_text(hook->id, id);
    check_text(hook->events, events);
    check_text(hook->url, url);
    check_text(hook->status, status);
    check_text(hook->secret, secret);
}

/* Ids are numbers or texts, events a list or one type, a status that is not told is a good one. */
static void test_registers(void **state)
{
    static const struct {
        enum subscription_api api;
        const char *answer, *sent, *id, *events, *status, *secret;
    } table[] = {
        {API_SUBSCRIPTIONS, OK("{\"id\": 901, \"status\": \"PENDING_APPROVAL\", \"secret\": \"s\"}"),
            "POST /subscriptions "
            "|{\"url\":\"https://x/\",\"type\":\"A\"}",
            "901", NULL, "PENDING_APPROVAL", "s"},
        {API_WEBHOOKS,
            OK("{\"id\": \"w-1\", \"events\": [\"A\", null, \"B\"], \"url\": 7, \"secret\": null}"),
            "POST /webhooks |{\"url\":\"https://x/\",\"events\":[\"A\",\"B\"]}", "w-1", "A B", "VALID", NULL},
        {API_WEBHOOKS, OK("{\"id\": 1, \"events\": [], \"type\": \"A\"}"),
            "POST /webhooks |{\"url\":\"https://x/\",\"events\":[\"A\",\"B\"]}", "1", NULL, "VALID", NULL},
    };
    static const char *const events[] = {"A", "B"};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct talk talk;
        struct api_subscription hook;
        begin(&talk, table[i].answer);
        enum api_status verdict = api_subscription_register(talk.client, table[i].api, events,
            table[i].api == API_WEBHOOKS ? 2 : 1, "https://x/", &hook, &talk.e);
        check(verdict == API_OK, "%s: %s", table[i].answer, talk.e.text);
        check_hook(&hook, table[i].id, table[i].events, NULL, table[i].status, table[i].secret);
        const char *heard = server_heard(&talk.server);
        size_t head = strcspn(table[i].sent, "|");
        check(strncmp(heard, table[i].sent, head) == 0, "%s", heard);
        check_text(strstr(heard, "\r\n\r\n") + 4, table[i].sent + head + 1);
        api_subscription_free(&hook);
        api_subscription_free(&hook);
        talk_end(&talk);
    }
}

static void test_registers_nothing(void **state)
{
    static const struct {
        const char *answer, *error;
    } table[] = {
        {OK("nonsense"), "api: registering A at /subscriptions: the answer is no JSON object"},
        {OK("{\"subscription\": {\"id\": 7}}"),
            "api: registering A at /subscriptions: the answer holds no id"},
    };
    static const char *const events[] = {"A"};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct talk talk;
        struct api_subscription hook;
        begin(&talk, table[i].answer);
        assert_int_equal(api_subscription_register(
                             talk.client, API_SUBSCRIPTIONS, events, 1, "https://x/", &hook, &talk.e),
            API_FAILED);
        check(talk.e.status == EX_PROTOCOL && strstr(talk.e.text, table[i].error) != NULL, "%s", talk.e.text);
        check_text(hook.id, NULL);
        api_subscription_free(&hook);
        talk_end(&talk);
    }
}

static void test_gets(void **state)
{
    static const struct {
        enum subscription_api api;
        const char *answer;
        enum api_status verdict;
        const char *events, *error;
    } table[] = {
        {API_SUBSCRIPTIONS, OK("{\"subscription\": {\"id\": 7, \"type\": \"A\"}}"), API_OK, "A", ""},
        {API_SUBSCRIPTIONS, OK("{\"id\": 7}"), API_FAILED, NULL,
            "api: subscription 7: the answer holds no registration"},
        {API_SUBSCRIPTIONS, OK("{\"subscription\": {\"id\": null}}"), API_FAILED, NULL,
            "subscription 7: the answer holds no id"},
        {API_SUBSCRIPTIONS, OK("{\"subscription\": {\"id\": \"a/b\", \"secret\": \"s\"}}"), API_FAILED, NULL,
            "no id"},
        {API_SUBSCRIPTIONS, OK(""), API_FAILED, NULL, "the answer is no JSON object; check base_url"},
        {API_SUBSCRIPTIONS, OK("[7]"), API_FAILED, NULL, "the answer is no JSON object"},
        {API_WEBHOOKS,
            OK("{\"webhooks\": [null, {}, {\"id\": 70}, {\"id\": 7, \"events\": [\"A\"]}, {\"id\": 7}]}"),
            API_OK, "A", ""},
        {API_WEBHOOKS, OK("{\"webhooks\": [{\"id\": 70}]}"), API_GONE, NULL,
            "api: webhook 7: it is not in the server's list"},
        {API_WEBHOOKS, OK("{\"webhooks\": {\"id\": 7}}"), API_FAILED, NULL,
            "webhook 7: the answer holds no list of webhooks"},
        {API_WEBHOOKS, OK("nonsense"), API_FAILED, NULL, "the answer is no JSON object"},
        {API_WEBHOOKS, "HTTP/1.1 404 None\r\nConnection: close\r\n\r\n", API_GONE, NULL, "404"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct talk talk;
        struct api_subscription hook;
        begin(&talk, table[i].answer);
        enum api_status verdict = api_subscription_get(talk.client, table[i].api, "7", &hook, &talk.e);
        check(verdict == table[i].verdict && strstr(talk.e.text, table[i].error) != NULL, "%s: %d, %s",
            table[i].answer, (int)verdict, talk.e.text);
        check_hook(&hook, verdict == API_OK ? "7" : NULL, table[i].events, NULL,
            verdict == API_OK ? "VALID" : NULL, NULL);
        api_subscription_free(&hook);
        talk_end(&talk);
    }
}

static void test_deletes(void **state)
{
    static const char *const sent[SUBSCRIPTION_APIS] = {"DELETE /subscriptions/7 ", "DELETE /webhooks/7 "};
    static const char *const errors[SUBSCRIPTION_APIS] = {
        "api: deleting subscription 7: 404", "api: deleting webhook 7: 404"};
    (void)state;
    for (enum subscription_api api = 0; api < SUBSCRIPTION_APIS; api++) {
        struct talk talk;
        begin(&talk, "HTTP/1.1 204 None\r\nConnection: close\r\n\r\n");
        assert_int_equal(api_subscription_delete(talk.client, api, "7", &talk.e), API_OK);
        check(strncmp(server_heard(&talk.server), sent[api], strlen(sent[api])) == 0, "%s",
            server_heard(&talk.server));
        talk_end(&talk);
        begin(&talk, "HTTP/1.1 404 None\r\nConnection: close\r\n\r\n");
        assert_int_equal(api_subscription_delete(talk.client, api, "7", &talk.e), API_GONE);
        check(strncmp(talk.e.text, errors[api], strlen(errors[api])) == 0, "%s", talk.e.text);
        talk_end(&talk);
    }
}

static void test_secrets(void **state)
{
    static const struct {
        const char *answer, *secret, *error;
    } table[] = {
        {OK("{\"secret\": \"5f0c\"}"), "5f0c", ""},
        {OK("{\"secret\": 5}"), NULL, "api: the secret of subscription 7: the answer holds no secret"},
        {OK("{}"), NULL, "the answer holds no secret"},
        {OK("null"), NULL, "the answer is no JSON object"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct talk talk;
        char *secret = NULL;
        begin(&talk, table[i].answer);
        enum api_status verdict = api_subscription_secret(talk.client, "7", &secret, &talk.e);
        check((verdict == API_OK) == (table[i].secret != NULL) && strstr(talk.e.text, table[i].error) != NULL,
            "%s: %s", table[i].answer, talk.e.text);
        check_text(secret, table[i].secret);
        free(secret);
        talk_end(&talk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_registers_nothing),
        cmocka_unit_test(test_gets),
        cmocka_unit_test(test_deletes),
        cmocka_unit_test(test_secrets),
    };
    return cmocka_run_group_tests(tests, talk_install, NULL);
}
