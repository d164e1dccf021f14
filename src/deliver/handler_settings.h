/*
 * handler_settings: reads a handler's section of the configuration.
 */
#ifndef WOSYNC_DELIVER_HANDLER_SETTINGS_H
#define WOSYNC_DELIVER_HANDLER_SETTINGS_H

#include "deliver/handler_table.h"

/* Reads the section of the setup into the row, which has its name already, and makes the handler. The setup's
 * timeout is the default. Appends a line to the setup's problems for every mistake; the row is to be freed
 * with its table in either case. */
void handler_settings_read(struct handler_setup *setup, const struct config *config, struct handler *handler);

#endif
