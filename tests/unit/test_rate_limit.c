#include "support.h"

#include <string.h>

#include "base/clock.h"
#include "store/rate_limit.h"
#include "store/store.h"

static void test_it_is_known_as_it_was_last_seen(void **state)
{
    struct error e = {0};
    struct store *store = store_open("scratch", STORE_SCRATCH, 0, &e);
    const struct rate_limit none = {0};
    struct rate_limit rate_limit = {.limit = 100,
                          .remaining = 3,
                          .reset = 90000,
                          .seen = 5000,
                          .window = 60000,
                          .slack = 7},
                      found;
    (void)state;
    check(store != NULL && store_begin(store, &e) == 0, "%s", e.text);
    check(rate_limit_load(store, &found, &e) == 0 && memcmp(&found, &none, sizeof none) == 0, "at first: %s",
        e.text);
    for (; rate_limit.remaining > 0; rate_limit.remaining--) {
        check(rate_limit_save(store, &rate_limit, &e) == 0, "%s", e.text);
        check(rate_limit_load(store, &found, &e) == 0 && memcmp(&found, &rate_limit, sizeof rate_limit) == 0,
            "saved: %s", e.text);
    }
    check(rate_limit_save(store, &none, &e) == 0 && rate_limit_load(store, &found, &e) == 0 &&
              found.remaining == 1,
        "a run that has heard nothing says nothing: %s", e.text);
    store_close(store);
}

/* Two processes, each with its own memory of the limit: together they send no more than is allowed. */
static void test_two_share_it(void **state)
{
    struct error e = {0};
    struct store *store = store_open("scratch", STORE_SCRATCH, 0, &e);
    struct rate_limit two[2] = {{0}};
    int sent = 0;
    (void)state;
    check(rate_limit_request(store, &two[0], 0, false, &e) == 0, "what is not known is no reason to wait");
    rate_limit_note(&two[0], clock_now(), 10, 9, 3600);
    for (int i = 0; i < 40; i++)
        sent += rate_limit_request(store, &two[i % 2], 0, false, &e) == 0;
    check(sent == 9, "%d", sent);
    check(rate_limit_request(store, &two[0], 0, false, &e) > 3500000, "the wait");
    /* a refusal that one met holds for the other */
    two[1] = (struct rate_limit){0};
    rate_limit_refused(&two[0], clock_now(), 3000000);
    check(rate_limit_request(store, &two[0], 0, false, &e) > 0, "%s", e.text);
    check(rate_limit_request(store, &two[1], 0, false, &e) > 2900000, "%s", e.text);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_known_as_it_was_last_seen),
        cmocka_unit_test(test_two_share_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
