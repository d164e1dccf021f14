#include "arguments.h"

#include <limits.h>
#include <string.h>

enum { DEPTH_MOST = 1000 }; /* tests send deeper records as raw text */

json_object *arguments_parse(const char *text, size_t len, struct problem *p)
{
    struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MOST);
    json_object *value = NULL;

    if (tokener == NULL)
        die("out of memory");
    /* not JSON_TOKENER_STRICT: json-c 0.18 then takes letters beyond ASCII for control characters */
    if (len == 0 || len > INT_MAX)
        problem_set(p, "a JSON body is needed");
    else
        value = json_tokener_parse_ex(tokener, text, (int)len);
    size_t end = json_tokener_get_parse_end(tokener);
    if (value == NULL && len > 0) {
        problem_set(p, "the body is not JSON: %s", json_tokener_error_desc(json_tokener_get_error(tokener)));
    } else if (value != NULL && end + strspn(text + end, " \t\r\n") < len) {
        problem_set(p, "the body is not JSON: there is something behind it");
        json_object_put(value);
        value = NULL;
    }
    json_tokener_free(tokener);
    return value;
}

static bool is_one_of(const char *name, const char *const *names)
{
    for (; names != NULL && *names != NULL; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

bool arguments_known(
    json_object *object, const char *const *names, const char *const *more, struct problem *p)
{
    if (!json_object_is_type(object, json_type_object))
        return problem_set(p, "not a JSON object: %s", json_object_to_json_string(object));
    json_object_object_foreach(object, name, value)
    {
        (void)value;
        if (!is_one_of(name, names) && !is_one_of(name, more))
            return problem_set(p, "%s: unknown key", name);
    }
    return true;
}

bool arguments_integer(
    json_object *object, const char *name, int64_t *value, int64_t least, int64_t most, struct problem *p)
{
    json_object *member;

    if (!json_object_object_get_ex(object, name, &member))
        return true;
    if (!json_object_is_type(member, json_type_int) || json_object_get_int64(member) < least ||
        json_object_get_int64(member) > most)
        return problem_set(p, "%s: not a number in its range", name);
    *value = json_object_get_int64(member);
    return true;
}

bool arguments_number(
    json_object *object, const char *name, double *value, double least, double most, struct problem *p)
{
    json_object *member;

    if (!json_object_object_get_ex(object, name, &member))
        return true;
    if ((!json_object_is_type(member, json_type_int) && !json_object_is_type(member, json_type_double)) ||
        json_object_get_double(member) < least || json_object_get_double(member) > most)
        return problem_set(p, "%s: not a number in its range", name);
    *value = json_object_get_double(member);
    return true;
}

bool arguments_boolean(json_object *object, const char *name, bool *value, struct problem *p)
{
    json_object *member;

    if (!json_object_object_get_ex(object, name, &member))
        return true;
    if (!json_object_is_type(member, json_type_boolean))
        return problem_set(p, "%s: not true or false", name);
    *value = json_object_get_boolean(member) != 0;
    return true;
}

bool arguments_text(json_object *object, const char *name, const char **value, struct problem *p)
{
    json_object *member;

    if (!json_object_object_get_ex(object, name, &member))
        return true;
    if (!json_object_is_type(member, json_type_string))
        return problem_set(p, "%s: not a text", name);
    *value = json_object_get_string(member);
    return true;
}
