#include "module.h"

/* What stands behind the number may be anything. */
const struct handler_module wosync_module = {HANDLER_ABI ^ 1, (const char *)1, open_module};
