/*
 * floor_receive: the least that taking a webhook costs in C: a CGI program that checks the HMAC of the body against
 * HTTP_X_MAINTAINX_SIGNATURE with the secret in MAINTAINX_WEBHOOK_SECRET, commits one row to the store in its first
 * argument, and answers.
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor.h"

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL)
        die(name, "it is not set");
    return value;
}

int main(int argc, char **argv)
{
    static char body[1 << 20];
    unsigned char mac[EVP_MAX_MD_SIZE];
    char hex[2 * EVP_MAX_MD_SIZE + 1];
    unsigned mac_len = 0;
    if (argc != 2)
        die("usage", "floor_receive STORE");
    const char *secret = variable("MAINTAINX_WEBHOOK_SECRET"), *signature = variable("HTTP_X_MAINTAINX_SIGNATURE");
    size_t length = strtoul(variable("CONTENT_LENGTH"), NULL, 10);
    if (length > sizeof body || fread(body, 1, length, stdin) != length)
        die("body", "it is too long or too short");
    HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)body, length, mac, &mac_len);
    for (unsigned i = 0; i < mac_len; i++)
        snprintf(hex + 2 * i, 3, "%02x", mac[i]);
    if (strlen(signature) != 2 * (size_t)mac_len || CRYPTO_memcmp(signature, hex, strlen(signature)) != 0)
        die("signature", "it is wrong");
    sqlite3 *store = floor_store(argv[1]);
    sqlite3_stmt *add = floor_prepare(store, "INSERT INTO documents (json) VALUES (?1)");
    sqlite3_bind_text(add, 1, body, (int)length, SQLITE_STATIC);
    if (sqlite3_step(add) != SQLITE_DONE)
        die("store", sqlite3_errmsg(store));
    sqlite3_finalize(add);
    sqlite3_close(store);
    printf("Status: 200 OK\r\nContent-Type: application/json\r\n\r\n{\"status\":\"ok\"}");
    return 0;
}
