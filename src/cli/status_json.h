/*
 * status_json: how things stand, gathered from the store into one JSON object: for `status` and whoever else
 * shows it.
 */
#ifndef WOSYNC_CLI_STATUS_JSON_H
#define WOSYNC_CLI_STATUS_JSON_H

#include "base/error.h"
#include "store/runs.h"

struct json_object;
struct store;

/* Puts everything but the runs into `out`. Returns 0, or -1 with the error filled. */
int status_json_gather(struct store *store, struct json_object *out, struct error *e);

/* Puts `lastSuccess` into `out`: for each kind of run when the last one ended well. As status_json_gather. */
int status_json_successes(struct store *store, struct json_object *out, struct error *e);

/* Prints the object on stdout, with all runs of the store, where one is given, as its last member. */
void status_json_print(struct store *store, struct json_object *status, struct error *e);

/* One run as JSON, to be dropped with json_object_put. */
struct json_object *status_json_run(const struct run *run);

#endif
