/*
 * http_url: which URLs may be used, and what they are to libcurl.
 */
#ifndef WOSYNC_API_HTTP_URL_H
#define WOSYNC_API_HTTP_URL_H

#include <curl/curl.h>
#include <stdbool.h>

/* A URL that may be used. */
struct http_url {
    CURLU *parsed;
    bool loopback;  /* it leads to ourselves */
    bool encrypted; /* https */
};

/* Parses a URL and judges it as http_check_url says. Returns NULL, or a static text that says what is wrong;
 * then there is nothing to be freed. Free with http_url_free. */
const char *http_url_parse(const char *text, bool allow_plain, struct http_url *out);

/* Frees what a URL holds. */
void http_url_free(struct http_url *url);

#endif
