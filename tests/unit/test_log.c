#include "support.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/timestamp.h"

/* Where standard error is while a test looks at it. */
static int terminal = -1;

static void begin_capture(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    terminal = dup(STDERR_FILENO);
    check(fd >= 0 && terminal >= 0 && dup2(fd, STDERR_FILENO) == STDERR_FILENO && close(fd) == 0, "%s", path);
}

/* What was said since; to be freed. */
static char *end_capture(const char *path)
{
    fflush(stderr);
    dup2(terminal, STDERR_FILENO);
    close(terminal);
    return read_text(path, NULL);
}

static int teardown(void **state)
{
    log_configure(LOG_LEVEL_WARNING, false);
    log_on_message(NULL, NULL);
    secret_forget();
    return directory_teardown(state);
}

static void say_all(void)
{
    log_error("no %d", 1);
    log_warning("no %d", 2);
    log_info("no %d", 3);
}

static void test_levels(void **state)
{
    static const struct {
        enum log_level most;
        const char *text;
    } table[] = {
        {LOG_LEVEL_ERROR, "wosync: no 1\n"},
        {LOG_LEVEL_WARNING, "wosync: no 1\nwosync: warning: no 2\n"},
        {LOG_LEVEL_INFO, "wosync: no 1\nwosync: warning: no 2\nwosync: no 3\n"},
    };
    const char *path = path_in(*state, "stderr");
    for (size_t i = 0; i < COUNT(table); i++) {
        log_configure(table[i].most, false);
        begin_capture(path);
        say_all();
        char *text = end_capture(path);
        check_text(text, table[i].text);
        free(text);
    }
}

/* What comes from outside forges no line, and shows no secret. */
static void test_text_from_outside(void **state)
{
    const char *path = path_in(*state, "stderr");
    secret_register("hunter22");
    begin_capture(path);
    log_error("%s", "a\nwosync: b\x1b[31m\x7f \xc3\xa9 hunter22");
    char *text = end_capture(path);
    check_text(text, "wosync: a?wosync: b?[31m? \xc3\xa9 ********\n");
    free(text);
}

static void test_json(void **state)
{
    static const char *const levels[] = {"error", "warning", "info"};
    const char *path = path_in(*state, "stderr");
    log_configure(LOG_LEVEL_INFO, true);
    begin_capture(path);
    say_all();
    log_info("a \"b\" /c");
    char *text = end_capture(path), *line = text;
    for (size_t i = 0; i < 4; i++) {
        char message[16];
        int64_t ms;
        char *end = strchr(line, '\n');
        check(end != NULL, "line %zu is missing: %s", i, text);
        *end = '\0';
        struct json_object *object = json_tokener_parse(line);
        check(json_object_is_type(object, json_type_object), "%s", line);
        snprintf(message, sizeof message, "no %zu", i + 1);
        check_text(json_object_get_string(json_object_object_get(object, "message")),
            i < 3 ? message : "a \"b\" /c");
        check_text(json_object_get_string(json_object_object_get(object, "level")), levels[i < 3 ? i : 2]);
        check(timestamp_parse(json_object_get_string(json_object_object_get(object, "time")), &ms) == 0, "%s",
            line);
        json_object_put(object);
        line = end + 1;
    }
    check_text(line, "");
    free(text);
}

static void count(void *data)
{
    ++*(int *)data;
}

/* What stands on the terminal is wiped away before a line is written, but not for a line that is not. */
static void test_wipes_first(void **state)
{
    int wiped = 0;
    const char *path = path_in(*state, "stderr");
    log_on_message(count, &wiped);
    begin_capture(path);
    say_all();
    log_on_message(NULL, NULL);
    log_error("again");
    free(end_capture(path));
    assert_int_equal(wiped, 2);
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, directory_setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_levels),
        in_directory(test_text_from_outside),
        in_directory(test_json),
        in_directory(test_wipes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
