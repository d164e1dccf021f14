/*
 * floor_pass: a pass in C with nothing around it: floor_pass slice|scan FIRST-PAGE STORE. Fetches every page, holds
 * each record against the hash of its bytes, stores new ones in two tables, one transaction a page. No diff, no
 * events, no limits, no checks.
 *
 *   slice  json-c parses every record; its bytes are stored as they came
 *   scan   json-c is never called: three fields are searched for in the bytes
 */
#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor.h"

/* A field's text, as bytes of the record or of json-c's object. */
struct record {
    const char *json;
    size_t len;
    int64_t id;
    const char *updated, *status;
    size_t updated_len, status_len;
};

struct pass {
    bool scan;
    sqlite3 *store;
    sqlite3_stmt *look, *add_document, *put_snapshot, *set_cursor;
    struct json_tokener *parser;
};

/* To behind the record's closing bracket. */
static const char *skip_object(const char *at)
{
    int depth = 0;
    for (;; at++) {
        switch (*at) {
        case '\0':
            die("page", "truncated");
        case '"':
            for (at++; *at != '"'; at++)
                if (*at == '\\')
                    at++;
            break;
        case '{':
        case '[':
            depth++;
            break;
        case '}':
        case ']':
            if (--depth == 0)
                return at + 1;
            break;
        default:
            break;
        }
    }
}

static uint64_t hash(const char *bytes, size_t len)
{
    uint64_t h = len, word;
    for (; len >= 8; bytes += 8, len -= 8) {
        memcpy(&word, bytes, 8);
        h = (h ^ word) * 0x9e3779b97f4a7c15u;
        h ^= h >> 32;
    }
    word = 0;
    memcpy(&word, bytes, len);
    return (h ^ word) * 0x9e3779b97f4a7c15u;
}

static const char *find(const struct record *r, const char *key)
{
    const char *at = memmem(r->json, r->len, key, strlen(key));
    if (at == NULL)
        die(key, "a record has none");
    return at + strlen(key);
}

static void scan_fields(struct record *r)
{
    r->id = strtoll(find(r, "\"id\":"), NULL, 10);
    r->status = find(r, "\"status\":\"");
    r->status_len = strcspn(r->status, "\"");
    r->updated = find(r, "\"updatedAt\":\"");
    r->updated_len = strcspn(r->updated, "\"");
}

static struct json_object *parse_fields(struct pass *p, struct record *r)
{
    json_tokener_reset(p->parser);
    struct json_object *doc = json_tokener_parse_ex(p->parser, r->json, (int)r->len);
    if (doc == NULL)
        die("page", "a record is no JSON");
    r->id = json_object_get_int64(json_object_object_get(doc, "id"));
    r->status = json_object_get_string(json_object_object_get(doc, "status"));
    r->status_len = strlen(r->status);
    r->updated = json_object_get_string(json_object_object_get(doc, "updatedAt"));
    r->updated_len = strlen(r->updated);
    return doc;
}

static bool is_known(struct pass *p, int64_t id, uint64_t bytes_hash)
{
    sqlite3_bind_int64(p->look, 1, id);
    bool known = sqlite3_step(p->look) == SQLITE_ROW &&
                 (uint64_t)sqlite3_column_int64(p->look, 0) == bytes_hash;
    sqlite3_reset(p->look);
    return known;
}

static void run(struct pass *p, sqlite3_stmt *statement)
{
    if (sqlite3_step(statement) != SQLITE_DONE)
        die("store", sqlite3_errmsg(p->store));
    sqlite3_reset(statement);
}

static void take(struct pass *p, struct record *r)
{
    uint64_t h = hash(r->json, r->len);
    struct json_object *doc = NULL;
    if (p->scan)
        scan_fields(r);
    else
        doc = parse_fields(p, r);
    if (!is_known(p, r->id, h)) {
        sqlite3_bind_text(p->add_document, 1, r->json, (int)r->len, SQLITE_STATIC);
        run(p, p->add_document);
        sqlite3_bind_int64(p->put_snapshot, 1, r->id);
        sqlite3_bind_text(p->put_snapshot, 2, r->updated, (int)r->updated_len, SQLITE_STATIC);
        sqlite3_bind_text(p->put_snapshot, 3, r->status, (int)r->status_len, SQLITE_STATIC);
        sqlite3_bind_int64(p->put_snapshot, 4, (int64_t)h);
        sqlite3_bind_int64(p->put_snapshot, 5, sqlite3_last_insert_rowid(p->store));
        run(p, p->put_snapshot);
    }
    json_object_put(doc);
}

/* Returns the length of the next page's cursor, 0 on the last page. */
static size_t take_page(struct pass *p, const char *page, const char **cursor)
{
    static const char begin[] = "\"workOrders\":[", end[] = "\"nextCursor\":\"";
    const char *at = strstr(page, begin);
    if (at == NULL)
        die("page", "it has no work orders");
    floor_run(p->store, "BEGIN IMMEDIATE");
    for (at += sizeof begin - 1; *at == '{' || *at == ','; ) {
        if (*at == ',')
            at++;
        struct record r = {.json = at};
        at = skip_object(at);
        r.len = (size_t)(at - r.json);
        take(p, &r);
    }
    *cursor = strstr(at, end);
    size_t len = 0;
    if (*cursor != NULL) {
        *cursor += sizeof end - 1;
        len = strcspn(*cursor, "\"");
    }
    sqlite3_bind_text(p->set_cursor, 1, *cursor, (int)len, SQLITE_STATIC);
    run(p, p->set_cursor);
    floor_run(p->store, "COMMIT");
    return len;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        die("usage", "floor_pass slice|scan FIRST-PAGE STORE");
    struct bytes body = {0};
    CURL *client = floor_client(&body);
    struct pass p = {.scan = strcmp(argv[1], "scan") == 0, .store = floor_store(argv[3])};
    p.look = floor_prepare(p.store, "SELECT hash FROM snapshots WHERE id = ?1");
    p.add_document = floor_prepare(p.store, "INSERT INTO documents (json) VALUES (?1)");
    p.put_snapshot = floor_prepare(p.store, "INSERT OR REPLACE INTO snapshots VALUES (?1, ?2, ?3, ?4, ?5)");
    p.set_cursor = floor_prepare(p.store, "INSERT OR REPLACE INTO progress VALUES (1, ?1)");
    p.parser = json_tokener_new();
    const char *cursor = "";
    for (size_t len = 0;;) {
        char url[512];
        snprintf(url, sizeof url, "%s%s%.*s", argv[2], len > 0 ? "&cursor=" : "", (int)len, cursor);
        floor_get(client, &body, url);
        if ((len = take_page(&p, body.data, &cursor)) == 0)
            break;
    }
    sqlite3_finalize(p.look);
    sqlite3_finalize(p.add_document);
    sqlite3_finalize(p.put_snapshot);
    sqlite3_finalize(p.set_cursor);
    sqlite3_close(p.store);
    curl_easy_cleanup(client);
    return 0;
}
