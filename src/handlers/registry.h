/*
 * registry: the handler types, each defined in the file of its name.
 */
#ifndef WOSYNC_HANDLERS_REGISTRY_H
#define WOSYNC_HANDLERS_REGISTRY_H

#include "handlers/handler.h"

extern const struct handler_type handler_log;       /* one line on stdout */
extern const struct handler_type handler_http;      /* a POST of the event */
extern const struct handler_type handler_slack;     /* an incoming-webhook message */
extern const struct handler_type handler_exec;      /* runs a program */
extern const struct handler_type handler_report;    /* a page and a line for every completion */
extern const struct handler_type handler_warehouse; /* a database of flat work orders */

#endif
