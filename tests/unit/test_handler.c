#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "handlers/handler.h"

/* An error text is one line of UTF-8 that fits, without secrets. */
static void test_error_texts(void **state)
{
    enum { ROOM = sizeof((struct delivery_result *)0)->error };
    struct delivery_result result;
    char long_text[1024], expected[ROOM];
    (void)state;
    handler_later(&result, 7, "a\nb\x1b[1mc\x7f");
    check_text(result.error, "a b [1mc ");
    check(result.status == DELIVERY_LATER && result.retry_after == 7, "the verdict");
    handler_dead(&result, "a\xff");
    check_text(result.error, "a?");
    check(result.status == DELIVERY_DEAD && result.retry_after == -1, "the verdict");
    /* characters of three bytes, from each of three places on */
    for (size_t before = 0; before < 3; before++) {
        memset(long_text, 'x', before);
        long_text[before] = '\0';
        while (strlen(long_text) < ROOM + 10)
            strcat(long_text, "\xe2\x82\xac");
        handler_dead(&result, "%s", long_text);
        size_t whole = before + (ROOM - 1 - before) / 3 * 3;
        memcpy(expected, long_text, whole);
        expected[whole] = '\0';
        check_text(result.error, expected);
    }
    secret_register("open-sesame");
    memset(long_text, 'x', ROOM - 5); /* it would be cut in the middle of the secret */
    strcpy(long_text + ROOM - 5, "open-sesame");
    handler_dead(&result, "%s", long_text);
    check(strstr(result.error, "open") == NULL && strchr(result.error, '*') != NULL, "%s", result.error);
    secret_forget();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
