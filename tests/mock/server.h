/*
 * server: the HTTP server: a thread for each connection, so that one that hangs or drips is in nobody's way.
 */
#ifndef MOCK_SERVER_H
#define MOCK_SERVER_H

#include <stdint.h>

#include "mock.h"

struct server;

/* Listens on 127.0.0.1:PORT (0: one that is free), serves M and fills its base_url. Ends the program if that
 * is not possible. */
struct server *server_start(struct mock *m, uint16_t port);

/* Ends all pauses and connections, then frees the server. */
void server_stop(struct server *s);

#endif
