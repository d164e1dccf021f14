/* Modules for test_modules: the right one, and what is wrong with others. */
#include "handler_abi.h"
#include "handlers/module.h"

static const int interface = 42;

static const void *open_module(const struct module_host *host)
{
    return host->clock_monotonic() >= 0 ? &interface : (const void *)0;
}
