/*
 * pg_server: a PostgreSQL server for one test, as far as the warehouse speaks with one. It keeps no data: it
 * answers every statement, and says that the tables of the newest version are there. It listens on a Unix
 * socket in a directory of the test's.
 */
#ifndef WOSYNC_TESTS_PG_SERVER_H
#define WOSYNC_TESTS_PG_SERVER_H

#include <stdbool.h>

enum pg_reaction {
    PG_ANSWER,  /* as always */
    PG_SILENCE, /* it says nothing more */
    PG_DEAF     /* it reads nothing more */
};

/* What it does when a message comes that holds `at`; "" is the connection itself, NULL never. */
struct pg_script {
    const char *at;
    char letter; /* of the message; '\0': any */
    enum pg_reaction reaction;
    bool signals; /* the client's process gets SIGTERM first, once */
};

struct pg_server {
    int child;
    char address[256]; /* postgresql://... */
};

/* Starts it; `name` is a file name that no other server of the test has. */
void pg_server_start(
    struct pg_server *server, const char *directory, const char *name, const struct pg_script *script);

/* Ends it and all its connections. */
void pg_server_stop(struct pg_server *server);

#endif
