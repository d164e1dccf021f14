#include "floor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void die(const char *what, const char *why)
{
    fprintf(stderr, "floor: %s: %s\n", what, why);
    exit(70);
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct bytes *body = context;
    size_t n = size * count;
    if (body->len + n + 1 > body->capacity) {
        body->capacity = 2 * (body->len + n + 1);
        body->data = realloc(body->data, body->capacity);
        if (body->data == NULL)
            die("page", "out of memory");
    }
    memcpy(body->data + body->len, data, n);
    body->len += n;
    body->data[body->len] = '\0';
    return n;
}

CURL *floor_client(struct bytes *body)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        die("curl", "no client");
    CURL *client = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Authorization: Bearer bench");
    curl_easy_setopt(client, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(client, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(client, CURLOPT_WRITEDATA, body);
    return client;
}

void floor_get(CURL *client, struct bytes *body, const char *url)
{
    long status = 0;
    body->len = 0;
    curl_easy_setopt(client, CURLOPT_URL, url);
    CURLcode code = curl_easy_perform(client);
    curl_easy_getinfo(client, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK || status != 200)
        die(url, code != CURLE_OK ? curl_easy_strerror(code) : "its status is not 200");
}

void floor_run(sqlite3 *store, const char *sql)
{
    if (sqlite3_exec(store, sql, NULL, NULL, NULL) != SQLITE_OK)
        die(sql, sqlite3_errmsg(store));
}

sqlite3 *floor_store(const char *path)
{
    sqlite3 *store;
    if (sqlite3_open(path, &store) != SQLITE_OK)
        die(path, "it cannot be opened");
    floor_run(store,
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "CREATE TABLE IF NOT EXISTS snapshots (id INTEGER PRIMARY KEY, updated TEXT, status TEXT, hash INTEGER,"
        " document INTEGER);"
        "CREATE TABLE IF NOT EXISTS documents (document INTEGER PRIMARY KEY, json TEXT);"
        "CREATE TABLE IF NOT EXISTS progress (one INTEGER PRIMARY KEY, cursor TEXT)");
    return store;
}

sqlite3_stmt *floor_prepare(sqlite3 *store, const char *sql)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(store, sql, -1, &statement, NULL) != SQLITE_OK)
        die(sql, sqlite3_errmsg(store));
    return statement;
}
