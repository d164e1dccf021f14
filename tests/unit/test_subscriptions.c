#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/subscriptions.h"
#include "talk.h"

#define OK(body) "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" body

#define begin(talk, answer) talk_begin(talk, (const char *const[]){answer}, 1, 0, &(const struct pace){0})

static void test_names(void **state)
{
    (void)state;
    for (enum hooks_api api = 0; api < HOOKS_APIS; api++)
        assert_int_equal(hooks_api_named(hooks_api_name(api)), api);
    assert_int_equal(hooks_api_named(""), HOOKS_APIS);
    assert_int_equal(hooks_api_named("subscription"), HOOKS_APIS);
}

static void test_ids(void **state)
{
    char longest[66];
    (void)state;
    memset(longest, '7', 65);
    longest[65] = '\0';
    check(!hooks_is_id(longest), "65 digits");
    longest[64] = '\0';
    check(hooks_is_id(longest) && hooks_is_id("901") && hooks_is_id("a-B_9"), "good ones");
    check(!hooks_is_id("") && !hooks_is_id("../x") && !hooks_is_id("9 ") && !hooks_is_id("9?a=b"), "no ids");
}

static void test_urls(void **state)
{
    char longest[HOOKS_LONGEST_URL + 2];
    (void)state;
    snprintf(longest, sizeof longest, "https://plant.example.com/%0*d", HOOKS_LONGEST_URL + 1 - 26, 7);
    check(strlen(longest) == HOOKS_LONGEST_URL + 1 && strstr(hooks_check_url(longest), "longer than the 512") != NULL,
        "%zu bytes", strlen(longest));
    longest[HOOKS_LONGEST_URL] = '\0';
    check_text(hooks_check_url(longest), NULL);
    check_text(hooks_check_url("http://127.0.0.1:8080/hook"), NULL);
    check_text(
        hooks_check_url("http://plant.example.com/"), "MaintainX calls https addresses only; write https://HOST/PATH");
}

static void check_hook(const struct hook *hook, const char *id, const char *events, const char *url, const char *status,
    const char *secret)
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
        enum hooks_api api;
        const char *answer, *sent, *id, *events, *status, *secret;
    } table[] = {
        {HOOKS_SUBSCRIPTIONS, OK("{\"id\": 901, \"status\": \"PENDING_APPROVAL\", \"secret\": \"s\"}"),
            "POST /subscriptions |{\"url\":\"https://x/\",\"type\":\"A\",\"options\":{\"serializeEntity\":true}}", "901",
            NULL, "PENDING_APPROVAL", "s"},
        {HOOKS_WEBHOOKS, OK("{\"id\": \"w-1\", \"events\": [\"A\", null, \"B\"], \"url\": 7, \"secret\": null}"),
            "POST /webhooks |{\"url\":\"https://x/\",\"events\":[\"A\",\"B\"]}", "w-1", "A B", "VALID", NULL},
        {HOOKS_WEBHOOKS, OK("{\"id\": 1, \"events\": [], \"type\": \"A\"}"),
            "POST /webhooks |{\"url\":\"https://x/\",\"events\":[\"A\",\"B\"]}", "1", NULL, "VALID", NULL},
    };
    static const char *const events[] = {"A", "B"};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct talk talk;
        struct hook hook;
        begin(&talk, table[i].answer);
        enum api_verdict verdict = hooks_register(
            talk.client, table[i].api, events, table[i].api == HOOKS_WEBHOOKS ? 2 : 1, "https://x/", &hook, &talk.e);
        check(verdict == API_OK, "%s: %s", table[i].answer, talk.e.text);
        check_hook(&hook, table[i].id, table[i].events, NULL, table[i].status, table[i].secret);
        const char *heard = server_heard(&talk.server);
        size_t head = strcspn(table[i].sent, "|");
        check(strncmp(heard, table[i].sent, head) == 0, "%s", heard);
        check_text(strstr(heard, "\r\n\r\n") + 4, table[i].sent + head + 1);
        hook_free(&hook);
        hook_free(&hook);
        talk_end(&talk);
    }
}

static void test_registers_nothing(void **state)
{
    static const struct {
        const char *answer, *error;
    } table[] = {
        {OK("nonsense"), "api: registering A at /subscriptions: the answer is no JSON object"},
        {OK("{\"subscription\": {\"id\": 7}}"), "api: registering A at /subscriptions: the answer holds no id"},
    };
    static const char *const events[] = {"A"};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct talk talk;
        struct hook hook;
        begin(&talk, table[i].answer);
        assert_int_equal(
            hooks_register(talk.client, HOOKS_SUBSCRIPTIONS, events, 1, "https://x/", &hook, &talk.e), API_FAILED);
        check(talk.e.status == EXIT_PROTOCOL && strstr(talk.e.text, table[i].error) != NULL, "%s", talk.e.text);
        check_text(hook.id, NULL);
        hook_free(&hook);
        talk_end(&talk);
    }
}

static void test_gets(void **state)
{
    static const struct {
        enum hooks_api api;
        const char *answer;
        enum api_verdict verdict;
        const char *events, *error;
    } table[] = {
        {HOOKS_SUBSCRIPTIONS, OK("{\"subscription\": {\"id\": 7, \"type\": \"A\"}}"), API_OK, "A", ""},
        {HOOKS_SUBSCRIPTIONS, OK("{\"id\": 7}"), API_FAILED, NULL, "api: subscription 7: the answer holds no registration"},
        {HOOKS_SUBSCRIPTIONS, OK("{\"subscription\": {\"id\": null}}"), API_FAILED, NULL, "subscription 7: the answer holds no id"},
        {HOOKS_SUBSCRIPTIONS, OK("{\"subscription\": {\"id\": \"a/b\", \"secret\": \"s\"}}"), API_FAILED, NULL, "no id"},
        {HOOKS_SUBSCRIPTIONS, OK(""), API_FAILED, NULL, "the answer is no JSON object; check base_url"},
        {HOOKS_SUBSCRIPTIONS, OK("[7]"), API_FAILED, NULL, "the answer is no JSON object"},
        {HOOKS_WEBHOOKS, OK("{\"webhooks\": [null, {}, {\"id\": 70}, {\"id\": 7, \"events\": [\"A\"]}, {\"id\": 7}]}"), API_OK,
            "A", ""},
        {HOOKS_WEBHOOKS, OK("{\"webhooks\": [{\"id\": 70}]}"), API_GONE, NULL, "api: webhook 7: it is not in the server's list"},
        {HOOKS_WEBHOOKS, OK("{\"webhooks\": {\"id\": 7}}"), API_FAILED, NULL, "webhook 7: the answer holds no list of webhooks"},
        {HOOKS_WEBHOOKS, OK("nonsense"), API_FAILED, NULL, "the answer is no JSON object"},
        {HOOKS_WEBHOOKS, "HTTP/1.1 404 None\r\nConnection: close\r\n\r\n", API_GONE, NULL, "404"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct talk talk;
        struct hook hook;
        begin(&talk, table[i].answer);
        enum api_verdict verdict = hooks_get(talk.client, table[i].api, "7", &hook, &talk.e);
        check(verdict == table[i].verdict && strstr(talk.e.text, table[i].error) != NULL, "%s: %d, %s", table[i].answer,
            (int)verdict, talk.e.text);
        check_hook(&hook, verdict == API_OK ? "7" : NULL, table[i].events, NULL, verdict == API_OK ? "VALID" : NULL, NULL);
        hook_free(&hook);
        talk_end(&talk);
    }
}

static void test_deletes(void **state)
{
    static const char *const sent[HOOKS_APIS] = {"DELETE /subscriptions/7 ", "DELETE /webhooks/7 "};
    static const char *const errors[HOOKS_APIS] = {"api: deleting subscription 7: 404", "api: deleting webhook 7: 404"};
    (void)state;
    for (enum hooks_api api = 0; api < HOOKS_APIS; api++) {
        struct talk talk;
        begin(&talk, "HTTP/1.1 204 None\r\nConnection: close\r\n\r\n");
        assert_int_equal(hooks_delete(talk.client, api, "7", &talk.e), API_OK);
        check(strncmp(server_heard(&talk.server), sent[api], strlen(sent[api])) == 0, "%s", server_heard(&talk.server));
        talk_end(&talk);
        begin(&talk, "HTTP/1.1 404 None\r\nConnection: close\r\n\r\n");
        assert_int_equal(hooks_delete(talk.client, api, "7", &talk.e), API_GONE);
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
        enum api_verdict verdict = hooks_secret(talk.client, "7", &secret, &talk.e);
        check((verdict == API_OK) == (table[i].secret != NULL) && strstr(talk.e.text, table[i].error) != NULL, "%s: %s",
            table[i].answer, talk.e.text);
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
