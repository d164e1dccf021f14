/*
 * registry: the handler types. Adding one is a folder and a line here.
 */
#ifndef WOSYNC_HANDLERS_REGISTRY_H
#define WOSYNC_HANDLERS_REGISTRY_H

#include "handlers/handler.h"

/* clang-format off */
/* All types, in the order in which they are named to a user: X(NAME) for `handler_NAME` in src/handlers/NAME. */
#define HANDLER_TYPES(X) \
    X(log)       /* one line on stdout */ \
    X(http)      /* a POST of the event */ \
    X(slack)     /* an incoming-webhook message */ \
    X(exec)      /* runs a program */ \
    X(report)    /* a page and a line for every completion */ \
    X(warehouse) /* a database of flat work orders */
/* clang-format on */

/* The types in this order; NULL behind the last one. */
extern const struct handler_type *const handler_types[];

/* The type of that name, NULL where there is none. */
const struct handler_type *handler_type_named(const char *name);

#define DECLARE_HANDLER_TYPE(name) extern const struct handler_type handler_##name;
HANDLER_TYPES(DECLARE_HANDLER_TYPE)
#undef DECLARE_HANDLER_TYPE

#endif
