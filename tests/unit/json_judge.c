#include "json_judge.h"

#include <iconv.h>
#include <json-c/json.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A test's judge that cannot be asked proves nothing. */
static void must(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "json_judge: %s\n", what);
    abort();
}

bool judge_utf8(const char *bytes, size_t len)
{
    static iconv_t converter;
    if (converter == NULL)
        converter = iconv_open("UTF-32LE", "UTF-8");
    must(converter != (iconv_t)-1, "there is no iconv for UTF-8"); /* NOLINT: that is how it says so */
    size_t left = len, room = 4 * len + 4;
    char *out = malloc(room), *to = out, *from = (char *)(uintptr_t)bytes;
    must(out != NULL, "out of memory");
    iconv(converter, NULL, NULL, NULL, NULL);
    bool valid = iconv(converter, &from, &left, &to, &room) != (size_t)-1;
    free(out);
    return valid;
}

/* How deep its brackets go; of a text that is valid JSON. */
static int depth_of(const char *json, size_t len)
{
    int depth = 0, most = 0;
    bool inside = false;
    for (size_t i = 0; i < len; i++) {
        if (inside && json[i] == '\\')
            i++;
        else if (json[i] == '"')
            inside = !inside;
        else if (!inside && (json[i] == '{' || json[i] == '['))
            most = ++depth > most ? depth : most;
        else if (!inside && (json[i] == '}' || json[i] == ']'))
            depth--;
    }
    return most;
}

bool judge_json(const char *json, size_t len, int depth)
{
    static sqlite3_stmt *statement;
    static sqlite3 *db;
    if (statement == NULL) {
        must(sqlite3_open(":memory:", &db) == SQLITE_OK, "SQLite does not open");
        must(sqlite3_prepare_v3(
                 db, "SELECT json_valid(?1)", -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) == SQLITE_OK,
            "SQLite has no json_valid");
    }
    if (memchr(json, '\0', len) != NULL || !judge_utf8(json, len))
        return false;
    sqlite3_bind_text(statement, 1, json, (int)len, SQLITE_STATIC);
    must(sqlite3_step(statement) == SQLITE_ROW, "SQLite does not answer");
    bool valid = sqlite3_column_int(statement, 0) != 0;
    sqlite3_reset(statement);
    return valid && depth_of(json, len) <= depth;
}

struct json_object *judge_parse(const char *json, size_t len)
{
    struct json_tokener *parser = json_tokener_new_ex(100); /* not strict: 0.18 has a bug there */
    struct json_object *object = json_tokener_parse_ex(parser, json, (int)len);
    if (json_tokener_get_error(parser) == json_tokener_continue)
        object = json_tokener_parse_ex(parser, " ", 1);
    must(json_tokener_get_error(parser) == json_tokener_success, "json-c does not read valid JSON");
    json_tokener_free(parser);
    return object;
}

static bool is_number(struct json_object *value)
{
    return json_object_is_type(value, json_type_int) || json_object_is_type(value, json_type_double);
}

static bool same_number(struct json_object *ours, struct json_object *theirs)
{
    const char *digits = json_object_get_string(ours);
    if (json_object_is_type(ours, json_type_double) && json_object_is_type(theirs, json_type_int))
        return strcmp(digits, "-0") == 0 || strlen(digits) > strlen("9223372036854775807");
    return strcmp(digits, json_object_get_string(theirs)) == 0;
}

/* A member's name ends at a NUL for json-c, so names may be others, and fewer. */
static bool same_members(struct json_object *ours, struct json_object *theirs)
{
    bool has_nul = false;
    json_object_object_foreach(ours, name, value)
    {
        struct json_object *other;
        if (strstr(name, "\xef\xbf\xbd") != NULL)
            has_nul = true;
        else if (json_object_object_get_ex(theirs, name, &other) && !judge_same(value, other) && !has_nul)
            return false;
    }
    return has_nul || json_object_object_length(ours) == json_object_object_length(theirs);
}

static bool same_text(struct json_object *ours, struct json_object *theirs)
{
    const char *text = json_object_get_string(theirs);
    size_t len = (size_t)json_object_get_string_len(theirs), at = 0;
    char *expected = malloc(3 * len + 1);
    must(expected != NULL, "out of memory");
    for (size_t i = 0; i < len; i++)
        if (text[i] != '\0') {
            expected[at++] = text[i];
        } else {
            memcpy(expected + at, "\xef\xbf\xbd", 3);
            at += 3;
        }
    bool same = (size_t)json_object_get_string_len(ours) == at &&
                memcmp(json_object_get_string(ours), expected, at) == 0;
    free(expected);
    return same;
}

bool judge_same(struct json_object *ours, struct json_object *theirs)
{
    if (is_number(ours) && is_number(theirs))
        return same_number(ours, theirs);
    if (json_object_get_type(ours) != json_object_get_type(theirs))
        return false;
    switch (json_object_get_type(ours)) {
    case json_type_string:
        return same_text(ours, theirs);
    case json_type_object:
        return same_members(ours, theirs);
    case json_type_array:
        if (json_object_array_length(ours) != json_object_array_length(theirs))
            return false;
        for (size_t i = 0; i < json_object_array_length(ours); i++)
            if (!judge_same(json_object_array_get_idx(ours, i), json_object_array_get_idx(theirs, i)))
                return false;
        return true;
    default:
        return json_object_equal(ours, theirs) != 0;
    }
}
