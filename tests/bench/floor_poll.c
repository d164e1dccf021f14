/*
 * floor_poll: the least a poll costs in C: floor_poll URL STORE. Opens the store, reads how far it is, sends one
 * request, closes. Nothing is written.
 */
#include <stdio.h>

#include "floor.h"

int main(int argc, char **argv)
{
    if (argc != 3)
        die("usage", "floor_poll URL STORE");
    struct bytes body = {0};
    sqlite3 *store = floor_store(argv[2]);
    sqlite3_stmt *look = floor_prepare(store, "SELECT cursor FROM progress");
    sqlite3_step(look);
    sqlite3_finalize(look);
    CURL *client = floor_client(&body);
    floor_get(client, &body, argv[1]);
    curl_easy_cleanup(client);
    curl_global_cleanup();
    sqlite3_close(store);
    return 0;
}
