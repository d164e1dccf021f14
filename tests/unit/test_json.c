#include "support.h"

#include <json-c/json.h>

#include "base/json.h"
#include "base/timestamp.h"

static void test_gives(void **state)
{
    struct json_object *object = json_object_new_object();
    (void)state;
    json_give_text(object, "text", "a\"b/c");
    json_give_text(object, "none", NULL);
    json_give_int(object, "number", INT64_MIN);
    json_give_date(object, "date", instant("2026-11-23T10:15:00.5Z"));
    json_give_date(object, "never", TIMESTAMP_NONE);
    json_give_text(object, "text", "again");
    check_text(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN),
        "{\"text\":\"again\",\"none\":null,\"number\":-9223372036854775808,\"date\":\"2026-11-23T10:15:00."
        "500Z\","
        "\"never\":null}");
    json_object_put(object);
}

/* What is shared lives as long as the last that holds it. */
static void test_shares(void **state)
{
    struct json_object *from = json_object_new_object(), *to = json_object_new_object();
    (void)state;
    json_give_int(from, "a", 1);
    json_give_int(from, "b", 2);
    json_give_text(from, "null", NULL);
    json_give_int(to, "b", 3);
    json_give_int(to, "c", 4);
    json_share_all(to, from);
    json_share(to, "list", NULL);
    json_object_put(from);
    check_text(json_object_to_json_string_ext(to, JSON_C_TO_STRING_PLAIN),
        "{\"b\":2,\"c\":4,\"a\":1,\"null\":null,\"list\":null}");
    json_object_put(to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gives),
        cmocka_unit_test(test_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
