#include "base/json.h"

#include <json-c/json.h>

#include "base/timestamp.h"

void json_share(struct json_object *object, const char *key, struct json_object *value)
{
    json_object_object_add(object, key, json_object_get(value));
}

void json_share_all(struct json_object *object, struct json_object *from)
{
    json_object_object_foreach(from, key, value)
    {
        json_share(object, key, value);
    }
}

void json_give_text(struct json_object *object, const char *key, const char *text)
{
    json_object_object_add(object, key, text == NULL ? NULL : json_object_new_string(text));
}

void json_give_int(struct json_object *object, const char *key, int64_t number)
{
    json_object_object_add(object, key, json_object_new_int64(number));
}

void json_give_date(struct json_object *object, const char *key, int64_t ms)
{
    char text[TIMESTAMP_SIZE];
    timestamp_format(ms, text);
    json_give_text(object, key, *text == '\0' ? NULL : text);
}
