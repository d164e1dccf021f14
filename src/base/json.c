#include "base/json.h"

#include <json-c/json.h>

#include "base/timestamp.h"

static int put(struct json_object *object, const char *key, struct json_object *value)
{
    if (json_object_object_add(object, key, value) == 0)
        return 0;
    json_object_put(value);
    return -1;
}

int json_give(struct json_object *object, const char *key, struct json_object *value)
{
    return value == NULL ? -1 : put(object, key, value);
}

int json_share(struct json_object *object, const char *key, struct json_object *value)
{
    return put(object, key, json_object_get(value));
}

int json_share_all(struct json_object *object, struct json_object *from)
{
    int rc = 0;
    json_object_object_foreach(from, key, value)
    {
        if (rc == 0)
            rc = json_share(object, key, value);
    }
    return rc;
}

int json_give_text(struct json_object *object, const char *key, const char *text)
{
    return text == NULL ? put(object, key, NULL) : json_give(object, key, json_object_new_string(text));
}

int json_give_int(struct json_object *object, const char *key, int64_t number)
{
    return json_give(object, key, json_object_new_int64(number));
}

int json_give_date(struct json_object *object, const char *key, int64_t ms)
{
    char text[TIMESTAMP_SIZE];
    timestamp_format(ms, text);
    return json_give_text(object, key, *text == '\0' ? NULL : text);
}
