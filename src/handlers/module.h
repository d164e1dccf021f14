/*
 * module: what a shared object of ours is to the program, and the program to it. What brings a library that
 * not everyone needs is such a module, LIBDIR/wosync/handlers/NAME.so.
 *
 * A module calls nothing of the program by name: it is linked without it, and is given a table of functions.
 * It exports one symbol, wosync_module. Both are built from the same headers: HANDLER_ABI (generated
 * handler_abi.h) is a number made from all that can be reached from here and from the interfaces below, so it
 * differs whenever they do, and a module with another number is refused. This is an interface inside wosync;
 * it has no other users.
 */
#ifndef WOSYNC_HANDLERS_MODULE_H
#define WOSYNC_HANDLERS_MODULE_H

#include <stdbool.h>
#include <stdint.h>

#include "handlers/handler.h"

/* What the program lends a module; see the functions of these names. */
struct module_host {
    void (*later)(struct delivery_result *result, int64_t retry_after, const char *format, ...)
        __attribute__((format(printf, 3, 4))); /* handler_later */
    void (*dead)(struct delivery_result *result, const char *format, ...)
        __attribute__((format(printf, 2, 3))); /* handler_dead */
    int64_t (*clock_monotonic)(void);
    bool (*shutdown_signalled)(void);
    int (*shutdown_fd)(void);
    void (*shutdown_attend)(void);
};

/* The exported symbol. */
struct handler_module {
    uint32_t abi;     /* HANDLER_ABI; stands first in every version */
    const char *name; /* of its file, without .so */

    /* Makes it ready and returns its interface: for warehouse-NAME a struct warehouse_module
     * (warehouse/backend.h). The host's table is there as long as the program runs. */
    const void *(*open)(const struct module_host *host);
};

extern const struct handler_module wosync_module __attribute__((visibility("default")));

#endif
