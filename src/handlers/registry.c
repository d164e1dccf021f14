#include "handlers/registry.h"

#include <string.h>

#define ADDRESS_OF(name) &handler_##name,
const struct handler_type *const handler_types[] = {HANDLER_TYPES(ADDRESS_OF) NULL};
#undef ADDRESS_OF

const struct handler_type *handler_type_named(const char *name)
{
    const struct handler_type *const *type = handler_types;
    while (*type != NULL && strcmp((*type)->name, name) != 0)
        type++;
    return *type;
}
