/*
 * http_handle: a set of libcurl handles and of the targets that they are set up for.
 *
 * A target is an address with its TLS files, parsed once. The set keeps the last few; a handle keeps its own,
 * so a target is freed when the last of them lets go (`users`). A spare handle that is set up for the same
 * target is taken as it is; any other one is reset and set up anew.
 */
#include "api/http_handle.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "api/http_url.h"

enum { CONNECT_TIMEOUT_MS = 10000 };

/* Handles that are kept: as many requests as a handler has under way at the most. And targets: a few handlers
 * take turns. */
enum { SPARES = 8, TARGETS = 4 };

struct http_target {
    char *text;
    struct http_url url;
    bool allow_plain;
    char *ca_file, *certificate, *key;
    int users; /* the set, and handles */
};

struct http_handles {
    char *user_agent;
    struct http_handle spares[SPARES];
    int spare_count;
    struct http_target *targets[TARGETS]; /* the last ones */
    int next;                             /* the place of the oldest */
    enum { CA_UNKNOWN, CA_BUNDLE, CA_DIRECTORY } certificates;
};

/* --- targets --- */

static void leave_target(struct http_target *target)
{
    if (target == NULL || --target->users > 0)
        return;
    http_url_free(&target->url);
    free(target->text);
    free(target->ca_file);
    free(target->certificate);
    free(target->key);
    free(target);
}

static bool is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static char *copy(const char *text)
{
    return text != NULL ? strdup(text) : NULL;
}

static struct http_target *known_target(
    const struct http_handles *handles, const struct http_request *request)
{
    const struct http_tls *tls = &request->tls;
    for (int i = 0; i < TARGETS; i++) {
        struct http_target *target = handles->targets[i];
        if (target != NULL && strcmp(target->text, request->url) == 0 &&
            target->allow_plain == request->allow_plain && is_same(target->ca_file, tls->ca_file) &&
            is_same(target->certificate, tls->certificate) && is_same(target->key, tls->key))
            return target;
    }
    return NULL;
}

/* Where a request goes to; NULL with what is wrong with its URL. It belongs to the set. */
static struct http_target *find_target(
    struct http_handles *handles, const struct http_request *request, const char **wrong)
{
    struct http_url url;
    struct http_target *target = known_target(handles, request);
    if (target != NULL)
        return target;
    *wrong = http_url_parse(request->url, request->allow_plain, &url);
    if (*wrong != NULL)
        return NULL;
    target = malloc(sizeof *target);
    *target = (struct http_target){.text = strdup(request->url),
        .url = url,
        .allow_plain = request->allow_plain,
        .ca_file = copy(request->tls.ca_file),
        .certificate = copy(request->tls.certificate),
        .key = copy(request->tls.key),
        .users = 1};
    leave_target(handles->targets[handles->next]);
    handles->targets[handles->next] = target;
    handles->next = (handles->next + 1) % TARGETS;
    return target;
}

/* --- certificates --- */

/* `a1b2c3d4.0`: the name under which OpenSSL looks for a certificate. */
static bool is_hashed(const char *name)
{
    return strspn(name, "0123456789abcdef") == 8 && strcmp(name + 8, ".0") == 0;
}

/* Where libcurl knows a directory of hashed certificates, only those that a server needs are read; its bundle
 * of all of them costs more than the rest of a poll. */
static bool find_directory(void)
{
    const char *path = curl_version_info(CURLVERSION_NOW)->capath;
    DIR *directory = path != NULL ? opendir(path) : NULL;
    if (directory == NULL)
        return false;
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL && !is_hashed(entry->d_name))
        ;
    bool found = entry != NULL;
    closedir(directory);
    return found;
}

static bool has_directory(struct http_handles *handles)
{
    if (handles->certificates == CA_UNKNOWN)
        handles->certificates = find_directory() ? CA_DIRECTORY : CA_BUNDLE;
    return handles->certificates == CA_DIRECTORY;
}

static void set_tls(struct http_handles *handles, struct http_handle *handle)
{
    const struct http_target *target = handle->target;
    handle->by_directory = target->ca_file == NULL && has_directory(handles);
    curl_easy_setopt(handle->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2); /* or later */
    if (handle->by_directory)
        curl_easy_setopt(handle->easy, CURLOPT_CAINFO, NULL);
    if (target->ca_file != NULL) {
        curl_easy_setopt(handle->easy, CURLOPT_CAINFO, target->ca_file);
        curl_easy_setopt(handle->easy, CURLOPT_CAPATH, NULL);
    }
    if (target->certificate != NULL)
        curl_easy_setopt(handle->easy, CURLOPT_SSLCERT, target->certificate);
    if (target->key != NULL)
        curl_easy_setopt(handle->easy, CURLOPT_SSLKEY, target->key);
}

void http_handle_use_bundle(struct http_handle *handle)
{
    handle->by_directory = false;
    curl_easy_setopt(handle->easy, CURLOPT_CAINFO, curl_version_info(CURLVERSION_NOW)->cainfo);
}

/* --- handles --- */

/* Without memory, which is always there, only a text of more than 8 MB is refused: none of these is. */
static void set_up(struct http_handles *handles, struct http_handle *handle)
{
    CURL *easy = handle->easy;
    curl_easy_setopt(easy, CURLOPT_CURLU, handle->target->url.parsed);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, handles->user_agent);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    if (handle->target->url.encrypted)
        set_tls(handles, handle);
    /* http_proxy in the environment is not for ourselves: it would be shown the token */
    if (handle->target->url.loopback)
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* a name that is being looked up when a signal comes is not waited for */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
}

/* A spare handle: where there is one for the target, that. */
static struct http_handle take_spare(struct http_handles *handles, const struct http_target *target)
{
    int found = handles->spare_count - 1;
    for (int i = 0; i < handles->spare_count; i++)
        if (handles->spares[i].target == target)
            found = i;
    if (found < 0)
        return (struct http_handle){.easy = curl_easy_init()};
    struct http_handle handle = handles->spares[found];
    handles->spares[found] = handles->spares[--handles->spare_count];
    return handle;
}

const char *http_handles_take(
    struct http_handles *handles, const struct http_request *request, struct http_handle *out)
{
    const char *wrong = NULL;
    struct http_target *target = find_target(handles, request, &wrong);
    *out = (struct http_handle){0};
    if (target == NULL)
        return wrong;
    *out = take_spare(handles, target);
    if (out->target == target)
        return NULL;
    if (out->target != NULL)
        curl_easy_reset(out->easy);
    leave_target(out->target);
    out->target = target;
    out->by_directory = false;
    target->users++;
    set_up(handles, out);
    return NULL;
}

static void free_handle(struct http_handle *handle)
{
    curl_easy_cleanup(handle->easy);
    leave_target(handle->target);
}

void http_handles_drop(struct http_handle *handle)
{
    free_handle(handle);
    *handle = (struct http_handle){0};
}

void http_handles_give(struct http_handles *handles, struct http_handle *handle)
{
    CURL *easy = handle->easy;
    if (easy == NULL)
        return;
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, NULL);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, NULL);
    if (handles->spare_count < SPARES)
        handles->spares[handles->spare_count++] = *handle;
    else
        free_handle(handle);
    *handle = (struct http_handle){0};
}

struct http_handles *http_handles_new(const char *user_agent)
{
    struct http_handles *handles = calloc(1, sizeof *handles);
    handles->user_agent = strdup(user_agent);
    return handles;
}

void http_handles_free(struct http_handles *handles)
{
    while (handles->spare_count > 0)
        free_handle(&handles->spares[--handles->spare_count]);
    for (int i = 0; i < TARGETS; i++)
        leave_target(handles->targets[i]);
    free(handles->user_agent);
    free(handles);
}
