/*
 * modules: opens the modules that the configuration calls for.
 */
#ifndef WOSYNC_HANDLERS_MODULES_H
#define WOSYNC_HANDLERS_MODULES_H

#include "base/error.h"

/*
 * Opens the module NAME.so and returns its interface, which stays open until the program ends. It is looked
 * for in LIBDIR/wosync/handlers alone, which must belong to root and be writable by no one else; or, for a
 * program that is not installed, in the directory that WOSYNC_MODULES names (SECURITY.md). Returns NULL with
 * EX_CONFIG: the module is missing, none of ours, of another version, or others can write it.
 */
const void *module_open(const char *name, const char *package, struct error *e);

#endif
