/*
 * init_token: the token, and whether MaintainX takes it.
 */
#ifndef WOSYNC_CLI_INIT_TOKEN_H
#define WOSYNC_CLI_INIT_TOKEN_H

#include <stdbool.h>

#include "base/error.h"
#include "cli/init_ask.h"

struct init_token {
    char *token;          /* NULL: not read yet. Owned */
    char *organization;   /* "": none. Owned */
    const char *base_url; /* NULL: the default */
    const char *ca_file;  /* NULL: the system's certificates */
};

/*
 * Reads the token from stdin and, with `try`, asks MaintainX for one work order with it. On a terminal a
 * token that is refused is asked for again, a few times, and an organization where one is missing. Returns 0,
 * or -1: EX_USAGE when there is none, EX_CONFIG when it cannot be one, EX_NOPERM when it is refused,
 * EX_TEMPFAIL after a signal; otherwise as client_request.
 */
int init_token_settle(struct init_token *token, struct init_ask *ask, bool try, struct error *e);

/* Frees what the struct owns and zeroes it. */
void init_token_free(struct init_token *token);

#endif
