/*
 * read_only: opens a store of which nothing is to change, not even the files beside it. For store/ alone.
 */
#ifndef WOSYNC_STORE_READ_ONLY_H
#define WOSYNC_STORE_READ_ONLY_H

#include "base/error.h"

struct store;

/* As connection_open, for STORE_LOOK (store_open says what that is). */
int read_only_open(struct store *store, struct error *e);

#endif
