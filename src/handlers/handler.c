/*
 * handler: what types have in common: results, the event as parsed JSON (parsed once for all who look), what a
 * job waits for, and the values of a section (env:NAME, file:PATH, secrets, URLs, numbers).
 *
 * Invariant: a value that may be a secret is registered before anybody can print it.
 */
#include "handlers/handler.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/http.h"
#include "base/secret.h"
#include "base/utf8.h"

/* Bytes of a text before its secrets are masked. */
enum { LONGEST_TEXT = 2048 };

/* The parts of a URL from this size on count as secrets of their own. */
enum { SHORTEST_URL_SECRET = 8 };

void handler_done(struct delivery_result *result)
{
    *result = (struct delivery_result){.status = DELIVERY_DONE, .retry_after = -1};
}

void handler_untried(struct delivery_result *result)
{
    *result = (struct delivery_result){.status = DELIVERY_UNTRIED, .retry_after = -1};
}

/* Secrets are masked before the text is cut: half of one would not be recognized. */
__attribute__((format(printf, 2, 0))) static void say(
    struct delivery_result *result, const char *format, va_list ap)
{
    char text[LONGEST_TEXT];
    vsnprintf(text, sizeof text, format, ap);
    for (char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    secret_mask(text);
    utf8_replace_bad(text);
    size_t len = strlen(text);
    if (len >= sizeof result->error)
        for (len = sizeof result->error - 1; (text[len] & 0xc0) == 0x80; len--)
            ;
    memcpy(result->error, text, len);
    result->error[len] = '\0';
}

void handler_later(struct delivery_result *result, int64_t retry_after, const char *format, ...)
{
    va_list ap;
    *result = (struct delivery_result){.status = DELIVERY_LATER, .retry_after = retry_after};
    va_start(ap, format);
    say(result, format, ap);
    va_end(ap);
}

void handler_broken(struct delivery_result *result, const char *format, ...)
{
    va_list ap;
    *result = (struct delivery_result){.status = DELIVERY_LATER, .broken = true, .retry_after = -1};
    va_start(ap, format);
    say(result, format, ap);
    va_end(ap);
}

void handler_dead(struct delivery_result *result, const char *format, ...)
{
    va_list ap;
    *result = (struct delivery_result){.status = DELIVERY_DEAD, .retry_after = -1};
    va_start(ap, format);
    say(result, format, ap);
    va_end(ap);
}

size_t handler_batch_results(const struct handler_batch *batch)
{
    return batch->kind == HANDLER_EVENTS ? batch->count : 1;
}

struct json_object *handler_event_json(struct handler_event *event)
{
    if (event->json == NULL)
        event->json = event_parse(event->body, event->body_len);
    return event->json;
}

void handler_event_forget(struct handler_event *event)
{
    json_object_put(event->json);
    event->json = NULL;
}

/* --- the host --- */

struct http *handler_host_http(struct handler_host *host)
{
    if (host->http == NULL)
        host->http = http_new("wosync/" WOSYNC_VERSION);
    return host->http;
}

void handler_wait_fd(struct handler_wait *wait, int fd, short events)
{
    if (wait->count == wait->capacity) {
        wait->capacity = wait->capacity == 0 ? 16 : 2 * wait->capacity;
        wait->fds = realloc(wait->fds, wait->capacity * sizeof *wait->fds);
    }
    wait->fds[wait->count++] = (struct pollfd){.fd = fd, .events = events};
}

void handler_wait_http(struct handler_wait *wait)
{
    wait->http = true;
}

void handler_wait_until(struct handler_wait *wait, int64_t monotonic_ms)
{
    if (monotonic_ms < wait->until)
        wait->until = monotonic_ms;
}

/* --- from the configuration --- */

void setup_problem(const struct handler_setup *setup, int line, const char *format, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    secret_mask(text);
    if (setup->ini != NULL) {
        ini_place(setup->ini, line != 0 ? line : setup->section->line, setup->problems);
        buffer_append_text(setup->problems, ": ");
    }
    buffer_append_format(setup->problems, "[handler %s] %s\n", setup->name, text);
}

const char *setup_value(const struct handler_setup *setup, const char *key)
{
    const struct ini_setting *setting = ini_setting(setup->section, key);
    return setting != NULL ? setting->value : NULL;
}

const struct ini_setting *setup_next(
    const struct handler_setup *setup, const char *key, const struct ini_setting *previous)
{
    const struct ini_section *section = setup->section;
    for (size_t i = previous != NULL ? (size_t)(previous - section->settings) + 1 : 0; i < section->count;
         i++)
        if (strcmp(section->settings[i].key, key) == 0)
            return &section->settings[i];
    return NULL;
}

/* The variable's value without white space at its ends: a file of variables may have other line ends than
 * ours. To be freed; NULL with a problem added. */
static char *from_environment(
    const struct handler_setup *setup, const struct ini_setting *setting, const char *name)
{
    const char *value = getenv(name);
    if (value == NULL || *value == '\0') {
        setup_problem(setup, setting->line, "%s: %s is not set in the environment", setting->key, name);
        return NULL;
    }
    value += strspn(value, " \t\r\n");
    size_t len = strlen(value);
    while (len > 0 && strchr(" \t\r\n", value[len - 1]) != NULL)
        len--;
    return strndup(value, len);
}

/* What is in the file, registered as a secret. */
static char *read_file(const struct handler_setup *setup, const struct ini_setting *setting, const char *path)
{
    struct error e = {0};
    bool exposed = false;
    char *secret = secret_read_file(path, &exposed, &e);
    if (secret == NULL)
        setup_problem(setup, setting->line, "%s: %s", setting->key, e.text);
    if (exposed)
        secret_warn(path, setup->warnings);
    return secret;
}

char *setup_resolve(const struct handler_setup *setup, const struct ini_setting *setting, const char *value)
{
    if (strncmp(value, "file:", 5) == 0)
        return read_file(setup, setting, value + 5);
    if (strncmp(value, "env:", 4) != 0)
        return strdup(value);
    char *found = from_environment(setup, setting, value + 4);
    if (found != NULL)
        secret_register_possible(found);
    return found;
}

char *setup_resolve_secret(
    const struct handler_setup *setup, const struct ini_setting *setting, const char *value)
{
    const bool named = strncmp(value, "env:", 4) == 0 || strncmp(value, "file:", 5) == 0;
    char *secret = setup_resolve(setup, setting, value);
    if (secret == NULL)
        return NULL;
    secret_register(secret);
    if (named)
        secret_unwrap(secret, false);
    return secret;
}

char *setup_secret(const struct handler_setup *setup, const char *key)
{
    const struct ini_setting *setting = ini_setting(setup->section, key);
    return setup_resolve_secret(setup, setting, setting->value);
}

int64_t setup_number(
    const struct handler_setup *setup, const char *key, int64_t fallback, int64_t least, int64_t most)
{
    const struct ini_setting *setting = ini_setting(setup->section, key);
    char *end;
    if (setting == NULL)
        return fallback;
    errno = 0;
    long long n = strtoll(setting->value, &end, 10);
    if (errno == 0 && end != setting->value && *end == '\0' && n >= least && n <= most)
        return n;
    setup_problem(setup, setting->line, "%s = %.100s: expected a number, %lld to %lld", key, setting->value,
        (long long)least, (long long)most);
    return fallback;
}

char *setup_file_secret(
    const struct handler_setup *setup, const struct ini_setting *setting, const char *path)
{
    char *secret = read_file(setup, setting, path);
    if (secret != NULL)
        secret_unwrap(secret, false);
    return secret;
}

/* A receiver may repeat the path of its URL in an error (`no handler for /services/...`), or the last part of
 * it alone: where they are long enough to be secrets, they are masked like the whole. */
static void register_parts(const char *url)
{
    const char *host = strstr(url, "://"), *path = host != NULL ? strchr(host + 3, '/') : NULL;
    const char *last = path != NULL ? strrchr(path, '/') + 1 : NULL;
    if (path != NULL && strlen(path) >= SHORTEST_URL_SECRET)
        secret_register(path);
    if (last != NULL && strlen(last) >= 2 * SHORTEST_URL_SECRET)
        secret_register(last);
}

char *setup_url(const struct handler_setup *setup, const char *key)
{
    const struct ini_setting *setting = ini_setting(setup->section, key);
    char *url = setup_resolve_secret(setup, setting, setting->value);
    if (url == NULL)
        return NULL;
    register_parts(url);
    const char *wrong = http_check_url(url, true);
    if (wrong == NULL)
        return url;
    setup_problem(setup, setting->line, "%s: %s", key, wrong);
    free(url);
    return NULL;
}
