/*
 * json: what is put into json-c's objects again and again. Where memory runs out the program ends
 * (base/memory.h), so nothing here fails.
 */
#ifndef WOSYNC_BASE_JSON_H
#define WOSYNC_BASE_JSON_H

#include <stdint.h>

struct json_object;

/* Puts a value that lives elsewhere under `key` and takes a reference of its own; NULL is JSON's null. */
void json_share(struct json_object *object, const char *key, struct json_object *value);

/* Puts every field of `from` into `object`, shared, replacing those of the same name. */
void json_share_all(struct json_object *object, struct json_object *from);

/* Puts a text, null where it is NULL. */
void json_give_text(struct json_object *object, const char *key, const char *text);

/* Puts an integer. */
void json_give_int(struct json_object *object, const char *key, int64_t number);

/* Puts milliseconds as a date and time, TIMESTAMP_NONE as null. */
void json_give_date(struct json_object *object, const char *key, int64_t ms);

#endif
