/*
 * floor_poll: the least a poll costs in C: floor_poll URL STORE [write]. Opens the store, reads how far it is, sends
 * one request, closes. Nothing is written; with `write`, one row is: that it polled.
 */
#include <stdio.h>
#include <string.h>

#include "floor.h"

int main(int argc, char **argv)
{
    if (argc < 3 || (argc > 3 && strcmp(argv[3], "write") != 0))
        die("usage", "floor_poll URL STORE [write]");
    struct bytes body = {0};
    sqlite3 *store = floor_store(argv[2]);
    sqlite3_stmt *look = floor_prepare(store, "SELECT cursor FROM progress");
    sqlite3_step(look);
    sqlite3_finalize(look);
    CURL *client = floor_client(&body);
    floor_get(client, &body, argv[1]);
    if (argc > 3)
        floor_run(store, "INSERT OR REPLACE INTO progress VALUES (1, datetime())");
    curl_easy_cleanup(client);
    curl_global_cleanup();
    sqlite3_close(store);
    return 0;
}
