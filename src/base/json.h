/*
 * json: building json-c objects without losing a reference when memory runs out. json_object_object_add takes
 * the value's reference when it succeeds and leaves it when it fails; these take it always.
 */
#ifndef WOSYNC_BASE_JSON_H
#define WOSYNC_BASE_JSON_H

#include <stdint.h>

struct json_object;

/* Puts `value` under `key` and takes its reference, whatever happens. NULL means that the value could not be
 * made. Returns 0, or -1 when memory ran out. */
int json_give(struct json_object *object, const char *key, struct json_object *value);

/* Puts a value that lives elsewhere under `key` and takes a reference of its own; NULL is JSON's null.
 * Returns as json_give. */
int json_share(struct json_object *object, const char *key, struct json_object *value);

/* Puts every field of `from` into `object`, shared, replacing those of the same name. Returns as json_give.
 */
int json_share_all(struct json_object *object, struct json_object *from);

/* Puts a text, null where it is NULL. Returns as json_give. */
int json_give_text(struct json_object *object, const char *key, const char *text);

/* Puts an integer. Returns as json_give. */
int json_give_int(struct json_object *object, const char *key, int64_t number);

/* Puts milliseconds as a date and time, TIMESTAMP_NONE as null. Returns as json_give. */
int json_give_date(struct json_object *object, const char *key, int64_t ms);

#endif
