/*
 * talk: a client of the API and the server that it talks to, for one test.
 */
#ifndef WOSYNC_TESTS_TALK_H
#define WOSYNC_TESTS_TALK_H

#include "api/client.h"
#include "server.h"

struct talk {
    struct server server;
    struct client_settings settings; /* of the client; its token is `the-token` */
    struct client *client;
    struct error e;
};

/* For a group of tests: signals are taken as the program takes them. */
int talk_install(void **state);

/* Starts both: the server gives these answers (server_start), the client tries again for `give_up`
 * milliseconds and knows of the rate limit what `pace` says. */
void talk_begin(struct talk *talk, const char *const *answers, size_t count, int64_t give_up,
    const struct rate_limit *rate_limit);

/* Ends both. */
void talk_end(struct talk *talk);

#endif
