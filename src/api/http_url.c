#include "api/http_url.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static bool is_loopback(const char *host)
{
    struct in_addr four;
    if (strcasecmp(host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    return strcmp(host, "[::1]") == 0; /* libcurl has brought it to its shortest form */
}

/* Is this a URL that may be used? The members of `url` are set. */
static const char *judge(const struct http_url *url, const char *scheme, bool has_user, bool allow_plain)
{
    if (has_user)
        return "a user name or password in a URL would be logged on the way; use a header or a key file";
    if (!url->encrypted && strcmp(scheme, "http") != 0)
        return "only https is spoken";
    if (!url->encrypted && !url->loopback && !allow_plain)
        return "http is for loopback only, it would show the token to everyone on the way; use https";
    return NULL;
}

/* Finds out what a parsed URL is, then judges it. */
static const char *examine(struct http_url *url, bool allow_plain)
{
    char *scheme = NULL, *host = NULL, *user = NULL;
    const char *wrong = "not a URL";
    CURLUcode has_host = curl_url_get(url->parsed, CURLUPART_HOST, &host, 0);
    curl_url_get(url->parsed, CURLUPART_SCHEME, &scheme, 0);
    curl_url_get(url->parsed, CURLUPART_USER, &user, 0); /* empty, but there, before a password alone */
    if (has_host == CURLUE_OK) {
        url->encrypted = strcmp(scheme, "https") == 0;
        url->loopback = is_loopback(host);
        wrong = judge(url, scheme, user != NULL, allow_plain);
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    return wrong;
}

const char *http_url_parse(const char *text, bool allow_plain, struct http_url *out)
{
    const char *wrong = "not a URL";
    *out = (struct http_url){.parsed = curl_url()};
    CURLUcode code = curl_url_set(out->parsed, CURLUPART_URL, text, 0);
    if (code == CURLUE_OK)
        wrong = examine(out, allow_plain);
    else if (code == CURLUE_UNSUPPORTED_SCHEME)
        wrong = "only https is spoken";
    if (wrong != NULL)
        http_url_free(out);
    return wrong;
}

void http_url_free(struct http_url *url)
{
    curl_url_cleanup(url->parsed);
    *url = (struct http_url){0};
}
