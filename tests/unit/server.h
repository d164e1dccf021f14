/*
 * server: an HTTP server for one test. It answers as it was told, byte for byte, and keeps what it was asked.
 */
#ifndef WOSYNC_TESTS_SERVER_H
#define WOSYNC_TESTS_SERVER_H

#include <stddef.h>

/* In place of an answer: none, as long as the client waits. */
extern const char server_hangs[];

struct server {
    int child;
    char url[64]; /* http://127.0.0.1:PORT */
    struct server_log *log;
};

/*
 * Starts it on a port of loopback that the system gave. The n-th connection gets the n-th answer (bytes of
 * HTTP; "": it is closed without one) and is closed; behind the last one there are none.
 */
void server_start(struct server *server, const char *const *answers, size_t count);

/* How many requests came so far, and what they held: heads and bodies, one behind the other. */
size_t server_requests(const struct server *server);
const char *server_heard(const struct server *server);

/* Ends it and all its connections. */
void server_stop(struct server *server);

#endif
