#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "handlers/slack/slack_text.h"

#define LINK  "https://x/?a&id={id}"
#define SHOWN " <https://x/?a&amp;id=7|#7>"

/* What closes the data and follows it in the event. */
#define NAMES "},\"names\":{\"users\":{\"9\":\"Ann <Lee>\"},\"teams\":{\"3\":\"Electricians\"}},\"x\":{"
#define PEOPLE                                                                                               \
    ",\"assignees\":[{\"type\":\"TEAM\",\"id\":3},{\"type\":\"USER\",\"id\":9},{\"id\":8}]" NAMES            \
    "},\"actor\":{\"id\":9,\"name\":\"Ann <Lee>\""

static void check_line(enum event_type type, const char *data, const char *expected, bool urgent)
{
    bool is_urgent;
    struct buffer body = {0}, line = {0};
    buffer_append_format(&body, "{\"event\":\"x\",\"data\":{%s}}", data);
    struct handler_event event = {.work_order = 7, .type = type, .body = body.data, .body_len = body.len};
    slack_append_line(&line, &event, "Hi: ", LINK, &is_urgent);
    check_text(line.data, expected);
    check(is_urgent == urgent, "%s", data);
    handler_event_forget(&event);
    buffer_free(&body);
    buffer_free(&line);
}

static void test_types(void **state)
{
    static const struct {
        enum event_type type;
        const char *data;
        const char *line;
        bool urgent;
    } table[] = {
        {EVENT_CREATED, "\"title\":\"T\",\"priority\":\"HIGH\"",
            ":rotating_light: Hi: High priority WO created: T" SHOWN, true},
        {EVENT_CREATED, "\"title\":\"T\",\"priority\":\"NONE\"",
            ":information_source: Hi: WO created: T" SHOWN, false},
        {EVENT_COMPLETED, "\"title\":\"T\",\"priority\":\"\"", ":white_check_mark: Hi: WO completed: T" SHOWN,
            false},
        {EVENT_COMPLETED, "\"title\":\"T\",\"priority\":7", ":white_check_mark: Hi: WO completed: T" SHOWN,
            false},
        {EVENT_STATUS_CHANGED,
            "\"title\":\"T\",\"previousStatus\":\"OPEN\",\"status\":\"ON_HOLD\",\"priority\":\"LOW\"",
            ":arrows_counterclockwise: Hi: Low priority WO status changed from OPEN to ON_HOLD: T" SHOWN,
            false},
        {EVENT_UPDATED, "\"title\":\"T\"", ":pencil2: Hi: WO updated: T" SHOWN, false},
        {EVENT_UPDATED, "\"title\":\"T\",\"changes\":{}", ":pencil2: Hi: WO updated: T" SHOWN, false},
        {EVENT_UPDATED,
            "\"title\":\"T\",\"changes\":{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8}",
            ":pencil2: Hi: WO updated (a, b, c, d, e, f, g, h): T" SHOWN, false},
        {EVENT_UPDATED,
            "\"title\":\"T\",\"changes\":{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,"
            "\"i\":9,\"j\":10}",
            ":pencil2: Hi: WO updated (a, b, c, d, e, f, g, h and 2 more): T" SHOWN, false},
        {EVENT_COMPLETED, "\"title\":\"T\",\"priority\":\"HIGH\"",
            ":white_check_mark: Hi: High priority WO completed: T" SHOWN, true},
        {EVENT_DELETED, "\"title\":\"T\"", ":wastebasket: Hi: WO deleted: T" SHOWN, false},
        /* people whose names the event holds */
        {EVENT_CREATED, "\"title\":\"T\"" PEOPLE,
            ":information_source: Hi: WO created by Ann &lt;Lee&gt;: T" SHOWN
            ", assigned to Electricians, Ann &lt;Lee&gt;",
            false},
        {EVENT_STATUS_CHANGED, "\"title\":\"T\",\"previousStatus\":\"A\",\"status\":\"B\"" PEOPLE,
            ":arrows_counterclockwise: Hi: WO status changed from A to B by Ann &lt;Lee&gt;: T" SHOWN
            ", assigned to Electricians, Ann &lt;Lee&gt;",
            false},
        {EVENT_UPDATED, "\"title\":\"T\",\"changes\":{\"a\":1}" PEOPLE,
            ":pencil2: Hi: WO updated by Ann &lt;Lee&gt; (a): T" SHOWN
            ", assigned to Electricians, Ann &lt;Lee&gt;",
            false},
        {EVENT_COMPLETED, "\"title\":\"T\"" PEOPLE,
            ":white_check_mark: Hi: WO completed by Ann &lt;Lee&gt;: T" SHOWN, false},
        {EVENT_DELETED, "\"title\":\"T\"" PEOPLE, ":wastebasket: Hi: WO deleted by Ann &lt;Lee&gt;: T" SHOWN,
            false},
        {EVENT_CREATED, "\"title\":\"T\",\"assignees\":[],\"assigneeIds\":[9,8],\"teamIds\":[3]" NAMES,
            ":information_source: Hi: WO created: T" SHOWN ", assigned to Ann &lt;Lee&gt;, Electricians",
            false},
        {EVENT_CREATED, "\"title\":\"T\",\"assigneeIds\":[9,9,9,9,9,9,9]" NAMES,
            ":information_source: Hi: WO created: T" SHOWN
            ", assigned to Ann &lt;Lee&gt;, Ann &lt;Lee&gt;, Ann "
            "&lt;Lee&gt;, Ann &lt;Lee&gt;, Ann &lt;Lee&gt; and 2 more",
            false},
        {EVENT_TYPES, "\"title\":\"T\"", ":grey_question: Hi: WO event: T" SHOWN, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        check_line(table[i].type, table[i].data, table[i].line, table[i].urgent);
}

/* What people wrote stays on its line and means nothing to Slack. */
static void test_titles(void **state)
{
#define BAD "\xef\xbf\xbd"
    static const struct {
        const char *title;
        const char *shown;
    } table[] = {
        {"", "(no title)"},
        {"   \\n ", "(no title)"},
        {" a  \\t b ", "a b"},
        {"<!here> & co", "&lt;!here&gt; &amp; co"},
        {"a\\u007fb\\u0085c\\u00a0d", "a b c d"},
        {"a\\u2028b\\u2029c\\ufeffd", "a b c d"},
        {"a\\u202ab\\u202ec\\u202fd", "a b c\xe2\x80\xaf"
                                      "d"},
        {"a\\u2066b\\u2069c\\u206ad", "a b c\xe2\x81\xaa"
                                      "d"},
        {"\\u00a1\\u2027\\u2065", "\xc2\xa1\xe2\x80\xa7\xe2\x81\xa5"},
        {"a\\u0000b\\ud83d", "a" BAD "b" BAD},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct buffer data = {0}, line = {0};
        buffer_append_format(&data, "\"title\":\"%s\"", table[i].title);
        buffer_append_format(&line, ":wastebasket: Hi: WO deleted: %s" SHOWN, table[i].shown);
        check_line(EVENT_DELETED, data.data, line.data, false);
        buffer_free(&data);
        buffer_free(&line);
    }
}

/* 250 characters are shown; of longer ones an ellipsis takes the place of the rest. */
static void test_long_titles(void **state)
{
    (void)state;
    for (int length = 249; length <= 252; length++) {
        struct buffer title = {0}, data = {0}, line = {0};
        for (int i = 0; i < length; i++)
            buffer_append_text(&title, "\xc3\xa9");
        buffer_append_format(&data, "\"title\":\"%s\"", title.data);
        buffer_append_format(&line, ":wastebasket: Hi: WO deleted: %.*s%s" SHOWN,
            2 * (length < 250 ? length : 250), title.data, length > 250 ? "\xe2\x80\xa6" : "");
        check_line(EVENT_DELETED, data.data, line.data, false);
        buffer_free(&title);
        buffer_free(&data);
        buffer_free(&line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_titles),
        cmocka_unit_test(test_long_titles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
