/*
 * status_text: how things stand, for people.
 */
#ifndef WOSYNC_CLI_STATUS_TEXT_H
#define WOSYNC_CLI_STATUS_TEXT_H

#include "base/config.h"

struct json_object;

/* Prints on stdout what status_json gathered, with `runs`. */
void status_text_print(struct json_object *status, const struct config *config);

#endif
