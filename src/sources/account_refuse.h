/*
 * account_refuse: what to do when the store holds another account's work orders than the configuration says.
 */
#ifndef WOSYNC_SOURCES_ACCOUNT_REFUSE_H
#define WOSYNC_SOURCES_ACCOUNT_REFUSE_H

#include "base/error.h"
#include "store/account.h"

/* Fills the error (EX_CONFIG): what differs, and what to change. Returns -1. */
int account_refuse(const char *store, const struct account *stored, const char *base_url,
    const char *organization, struct error *e);

#endif
