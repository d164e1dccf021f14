/*
 * registry: the handler types. Adding one is a folder and a line in registry.c.
 */
#ifndef WOSYNC_HANDLERS_REGISTRY_H
#define WOSYNC_HANDLERS_REGISTRY_H

#include "handlers/handler.h"

/* All types, in the order in which they are named to a user; NULL behind the last one. */
extern const struct handler_type *const handler_types[];

/* The type of that name, NULL where there is none. */
const struct handler_type *handler_type_named(const char *name);

extern const struct handler_type handler_log;       /* one line on stdout */
extern const struct handler_type handler_http;      /* a POST of the event */
extern const struct handler_type handler_slack;     /* an incoming-webhook message */
extern const struct handler_type handler_exec;      /* runs a program */
extern const struct handler_type handler_report;    /* a page and a line for every completion */
extern const struct handler_type handler_warehouse; /* a database of flat work orders */

#endif
