/*
 * json: what json-c's objects lack: values put in, compared, and numbers as they were spelled. Where memory
 * runs out the program ends (base/memory.h), so nothing here fails.
 */
#ifndef WOSYNC_BASE_JSON_H
#define WOSYNC_BASE_JSON_H

#include <stdbool.h>
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

/* Are they the same value? Numbers are, however they are spelled and however long they are (1, 1.0 and 10e-1
 * are one number; 18446744073709551615 and 18446744073709551616 are two), objects whatever the order of their
 * members. */
bool json_same(struct json_object *a, struct json_object *b);

/* The digits of a number as they came, and of a number that is spelled as an integer, however large; NULL for
 * anything else. Borrowed from the value. */
const char *json_number_text(struct json_object *value);
const char *json_integer_text(struct json_object *value);

#endif
