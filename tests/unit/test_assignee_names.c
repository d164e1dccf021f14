#include "support.h"

#include <json-c/json.h>

#include "handlers/report/assignee_names.h"

static struct json_object *event_of(const char *data)
{
    struct json_object *event =
        json_tokener_parse("{\"names\":{\"users\":{\"9\":\"Ann Lee\"},\"teams\":{\"3\":\"Electricians\"}}}");
    json_object_object_add(event, "data", json_tokener_parse(data));
    return event;
}

static void test_one(void **state)
{
    static const struct {
        const char *data;
        const char *words;
    } table[] = {
        {"{\"p\":{\"name\":\"A B\",\"email\":\"a@x\"}}", "A B"},
        {"{\"p\":{\"name\":\"\",\"fullName\":\"A B\"}}", "A B"},
        {"{\"p\":{\"name\":7,\"displayName\":\"AB\"}}", "AB"},
        {"{\"p\":{\"firstName\":\"A\",\"lastName\":\"B\"}}", "A B"},
        {"{\"p\":{\"firstName\":\"A\",\"lastName\":\"\"}}", "A"},
        {"{\"p\":{\"lastName\":\"B\",\"email\":\"a@x\"}}", "B"},
        {"{\"p\":{\"email\":\"a@x\",\"id\":5}}", "a@x"},
        {"{\"p\":{\"id\":5}}", "User 5"},
        {"{\"p\":{\"id\":5,\"type\":\"TEAM\"}}", "Team 5"},
        {"{\"p\":{\"id\":\"a@x\",\"type\":\"USER\"}}", "a@x"},
        {"{\"p\":{},\"pId\":6}", "User 6"},
        {"{\"p\":\"odd\",\"pId\":6}", "User 6"},
        {"{\"p\":null,\"pId\":\"a@x\"}", "a@x"},
        /* what the event knows */
        {"{\"pId\":9}", "Ann Lee"},
        {"{\"p\":{\"id\":9,\"email\":\"a@x\"}}", "Ann Lee"},
        {"{\"p\":{\"id\":9,\"name\":\"Own\"}}", "Own"},
        {"{\"p\":{\"id\":3,\"type\":\"TEAM\"}}", "Electricians"},
        {"{\"pId\":3}", "User 3"},
        {"{\"pId\":1.5}", NULL},
        {"{}", NULL},
        {"[]", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct buffer out = {0};
        struct json_object *event = event_of(table[i].data);
        assignee_names_append(&out, event, "p", "pId");
        check_text(out.data, table[i].words);
        json_object_put(event);
        buffer_free(&out);
    }
}

static void test_all(void **state)
{
    static const struct {
        const char *data;
        const char *words;
    } table[] = {
        {"{\"assignees\":[{\"name\":\"A\"},{\"type\":\"TEAM\",\"id\":3},7],\"assigneeIds\":[9]}",
            "A, Electricians, User 7"},
        {"{\"assignees\":[],\"assigneeIds\":[9,\"a@x\"],\"teamIds\":[3]}", "Ann Lee, a@x, Electricians"},
        {"{\"assignees\":{},\"teamIds\":[4,5]}", "Team 4, Team 5"},
        {"{}", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct buffer out = {0};
        struct json_object *event = event_of(table[i].data);
        assignee_names_append_all(&out, event);
        check_text(out.data, table[i].words);
        json_object_put(event);
        buffer_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
