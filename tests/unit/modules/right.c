#include "module.h"

const struct handler_module wosync_module = {HANDLER_ABI, "right", open_module};
