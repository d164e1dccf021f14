/*
 * arguments: reading the JSON that the control interface is given. What is absent leaves the value as it was;
 * what is of another type or out of range is a problem.
 */
#ifndef MOCK_ARGUMENTS_H
#define MOCK_ARGUMENTS_H

#include <json-c/json.h>
#include <stdint.h>

#include "base.h"

/* Parses LEN bytes that must be one JSON value and nothing else. NULL with the reason in P, otherwise the
 * caller puts it. */
json_object *arguments_parse(const char *text, size_t len, struct problem *p);

/* Whether OBJECT is an object and each of its names is in one of the two lists (ended by NULL; MORE may be
 * NULL). */
bool arguments_known(
    json_object *object, const char *const *names, const char *const *more, struct problem *p);

bool arguments_integer(
    json_object *object, const char *name, int64_t *value, int64_t least, int64_t most, struct problem *p);
bool arguments_number(
    json_object *object, const char *name, double *value, double least, double most, struct problem *p);
bool arguments_boolean(json_object *object, const char *name, bool *value, struct problem *p);

/* The text belongs to OBJECT. */
bool arguments_text(json_object *object, const char *name, const char **value, struct problem *p);

#endif
