#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "handlers/http/headers.h"

/* What becomes of `header = SETTING`: the line that is sent, or the problem. To be freed. */
static char *make(const char *setting, bool *right)
{
    struct buffer problems = {0}, warnings = {0};
    struct ini_setting header = {.key = (char *)"header", .value = (char *)setting, .line = 1};
    struct ini_section section = {.name = (char *)"handler x", .line = 1, .settings = &header, .count = 1};
    const struct handler_setup setup = {
        .name = "x", .section = &section, .problems = &problems, .warnings = &warnings};
    char **headers = headers_make(&setup);
    *right = headers != NULL;
    char *text = strdup(*right ? headers[0] : problems.data);
    headers_free(headers);
    buffer_free(&problems);
    buffer_free(&warnings);
    return text;
}

static void test_headers(void **state)
{
    static const struct {
        const char *setting, *line;
    } table[] = {
        {"A: b", "A: b"},
        {"A:b", "A: b"},
        {"A: \tb c", "A: b c"},
        {"A: b\tc", "A: b\tc"},
        {"A: caf\xc3\xa9", "A: caf\xc3\xa9"},
        {"Authorization: Bearer env:TOKEN", "Authorization: Bearer t0ken"},
        {"Authorization: Bearer env:WITH_SCHEME", "Authorization: Bearer t0ken"},
        {"Authorization: env:WITH_SCHEME", "Authorization: Bearer t0ken"},
        {"Authorization: Basic env:WITH_SCHEME", "Authorization: Basic Bearer t0ken"},
        {"X-Api-Key: env:QUOTED", "X-Api-Key: t0ken"},
        {"X-Quote: env:QUOTED", "X-Quote: \"t0ken\""},
    };
    (void)state;
    setenv("TOKEN", "t0ken\r\n", 1);
    setenv("WITH_SCHEME", "Bearer t0ken", 1);
    setenv("QUOTED", "\"t0ken\"", 1);
    for (size_t i = 0; i < COUNT(table); i++) {
        bool right;
        char *line = make(table[i].setting, &right);
        check(right, "%s: %s", table[i].setting, line);
        check_text(line, table[i].line);
        free(line);
    }
    secret_forget();
}

/* No control character but a tab is sent, wherever it stands: it could end the line. */
static void test_control_characters(void **state)
{
    /* @ is the character */
    static const char *const forms[] = {"A: x@y", "A: x@", "A: @y", "A: x@y env:TOKEN", "A: x @env:TOKEN",
        "A@: x", "A@B: x", "@A: x", "A: env:VALUE", "A: x env:VALUE"};
    (void)state;
    setenv("TOKEN", "t0ken", 1);
    for (int c = 1; c <= 0x7f; c++) {
        if ((c >= 0x20 && c < 0x7f) || c == '\t')
            continue;
        for (size_t i = 0; i < COUNT(forms); i++) {
            char setting[64], value[8];
            bool right;
            snprintf(value, sizeof value, "x%cy", c);
            setenv("VALUE", value, 1);
            strcpy(setting, forms[i]);
            if (strchr(setting, '@') != NULL)
                *strchr(setting, '@') = (char)c;
            char *problem = make(setting, &right);
            check(!right, "%s with 0x%02x is sent as %s", forms[i], (unsigned)c, problem);
            check(strstr(problem, "header: ") != NULL, "%s", problem);
            free(problem);
        }
    }
    secret_forget();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers), cmocka_unit_test(test_control_characters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
