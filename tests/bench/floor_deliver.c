/*
 * floor_deliver: the least that durable, signed delivery costs in C: floor_deliver URL STORE. The store's table
 * `outbox` holds ids and bodies; each is posted with the headers of Standard Webhooks, 8 at a time, and its number
 * written into the table `done`, which is committed every 100 ms. Nothing is tried again, no order is kept.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "floor.h"

enum { AT_A_TIME = 8, COMMIT_MS = 100 };

struct slot {
    CURL *client;
    struct curl_slist *headers;
    sqlite3_int64 seq;
    char *body;
};

static long long now_ms(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static size_t on_answer(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count;
}

static void add_header(struct slot *slot, const char *name, const char *value)
{
    char line[256];
    snprintf(line, sizeof line, "%s: %s", name, value);
    slot->headers = curl_slist_append(slot->headers, line);
}

static void sign(struct slot *slot, const char *id, size_t len)
{
    unsigned char mac[EVP_MAX_MD_SIZE], text[64];
    unsigned mac_len = 0;
    char seconds[32], *message = NULL, value[80];
    snprintf(seconds, sizeof seconds, "%lld", now_ms(CLOCK_REALTIME) / 1000);
    int n = asprintf(&message, "%s.%s.%.*s", id, seconds, (int)len, slot->body);
    HMAC(EVP_sha256(), "secret", 6, (unsigned char *)message, (size_t)n, mac, &mac_len);
    free(message);
    EVP_EncodeBlock(text, mac, (int)mac_len);
    snprintf(value, sizeof value, "v1,%s", (char *)text);
    add_header(slot, "webhook-signature", value);
    add_header(slot, "webhook-timestamp", seconds);
}

/* Sends the next row, if there is one. */
static bool send_next(CURLM *multi, struct slot *slot, sqlite3_stmt *next, const char *url)
{
    static bool ended; /* one more step would begin anew */
    ended = ended || sqlite3_step(next) != SQLITE_ROW;
    if (ended)
        return false;
    const char *id = (const char *)sqlite3_column_text(next, 1);
    size_t len = (size_t)sqlite3_column_bytes(next, 2);
    slot->seq = sqlite3_column_int64(next, 0);
    slot->body = strndup((const char *)sqlite3_column_text(next, 2), len);
    slot->headers = curl_slist_append(NULL, "Content-Type: application/json");
    sign(slot, id, len);
    add_header(slot, "webhook-id", id);
    add_header(slot, "Idempotency-Key", id);
    curl_easy_setopt(slot->client, CURLOPT_URL, url);
    curl_easy_setopt(slot->client, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(slot->client, CURLOPT_HTTPHEADER, slot->headers);
    curl_easy_setopt(slot->client, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(slot->client, CURLOPT_PRIVATE, (char *)slot);
    curl_easy_setopt(slot->client, CURLOPT_POSTFIELDSIZE, (long)len);
    curl_easy_setopt(slot->client, CURLOPT_POSTFIELDS, slot->body);
    curl_multi_add_handle(multi, slot->client);
    return true;
}

/* Writes down that it was answered. */
static void mark(sqlite3 *store, sqlite3_stmt *done, struct slot *slot)
{
    sqlite3_bind_int64(done, 1, slot->seq);
    if (sqlite3_step(done) != SQLITE_DONE)
        die("store", sqlite3_errmsg(store));
    sqlite3_reset(done);
    curl_slist_free_all(slot->headers);
    free(slot->body);
}

/* Marks what was answered and sends more. Returns how many are under way now. */
static int collect(CURLM *multi, int running, const char *url, sqlite3 *store, sqlite3_stmt *next, sqlite3_stmt *done)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        struct slot *slot = NULL;
        long status = 0;
        curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&slot);
        if (message->data.result != CURLE_OK || status / 100 != 2)
            die(url, "a delivery failed");
        curl_multi_remove_handle(multi, slot->client);
        mark(store, done, slot);
        running += send_next(multi, slot, next, url);
    }
    return running;
}

int main(int argc, char **argv)
{
    struct slot slots[AT_A_TIME] = {0};
    if (argc != 3)
        die("usage", "floor_deliver URL STORE");
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURLM *multi = curl_multi_init();
    sqlite3 *store = floor_store(argv[2]);
    sqlite3_stmt *next = floor_prepare(store, "SELECT seq, id, body FROM outbox ORDER BY seq");
    sqlite3_stmt *done = floor_prepare(store, "INSERT INTO done (seq) VALUES (?1)");
    int running = 1;
    floor_run(store, "BEGIN IMMEDIATE");
    for (int i = 0; i < AT_A_TIME; i++) {
        slots[i].client = curl_easy_init();
        send_next(multi, &slots[i], next, argv[1]);
    }
    for (long long committed = now_ms(CLOCK_MONOTONIC); running > 0;) {
        curl_multi_perform(multi, &running);
        running = collect(multi, running, argv[1], store, next, done);
        if (now_ms(CLOCK_MONOTONIC) - committed >= COMMIT_MS) {
            floor_run(store, "COMMIT; BEGIN IMMEDIATE");
            committed = now_ms(CLOCK_MONOTONIC);
        }
        if (running > 0)
            curl_multi_poll(multi, NULL, 0, COMMIT_MS, NULL);
    }
    floor_run(store, "COMMIT");
    for (int i = 0; i < AT_A_TIME; i++)
        curl_easy_cleanup(slots[i].client);
    curl_multi_cleanup(multi);
    sqlite3_finalize(next);
    sqlite3_finalize(done);
    sqlite3_close(store);
    return 0;
}
