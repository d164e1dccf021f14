#include "handlers/registry.h"

#include <string.h>

const struct handler_type *const handler_types[] = {
    &handler_log,
    &handler_http,
    &handler_slack,
    &handler_exec,
    &handler_report,
    &handler_warehouse,
    NULL,
};

const struct handler_type *handler_type_named(const char *name)
{
    const struct handler_type *const *type = handler_types;
    while (*type != NULL && strcmp((*type)->name, name) != 0)
        type++;
    return *type;
}
