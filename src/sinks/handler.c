#include "sinks/handler.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/timestamp.h"
#include "core/retry.h"

void handler_done(struct delivery_result *result)
{
    *result = (struct delivery_result){.verdict = DELIVERY_DONE, .retry_after = -1};
}

static void say(struct delivery_result *result, const char *format, va_list ap)
{
    vsnprintf(result->error, sizeof result->error, format, ap);
    for (char *p = result->error; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    secret_mask(result->error);
}

void handler_later(struct delivery_result *result, int64_t retry_after, const char *format, ...)
{
    va_list ap;
    *result = (struct delivery_result){.verdict = DELIVERY_LATER, .retry_after = retry_after};
    va_start(ap, format);
    say(result, format, ap);
    va_end(ap);
}

void handler_dead(struct delivery_result *result, const char *format, ...)
{
    va_list ap;
    *result = (struct delivery_result){.verdict = DELIVERY_DEAD, .retry_after = -1};
    va_start(ap, format);
    say(result, format, ap);
    va_end(ap);
}

static int64_t asked_wait(struct http_call *call)
{
    int64_t server = clock_now();
    const char *date = http_header(call, "date");
    if (date != NULL)
        timestamp_parse_http(date, &server);
    const char *after = http_header(call, "retry-after");
    return after != NULL ? retry_after(after, server) : -1;
}

void handler_judge(struct http_call *call, enum http_outcome outcome, struct delivery_result *result)
{
    const char *body = http_body(call)->data != NULL ? http_body(call)->data : "";
    int status = http_status(call);
    if (outcome != HTTP_ANSWERED && outcome != HTTP_TOO_LARGE)
        handler_later(result, -1, "no answer: %s", http_reason(call));
    else if (status >= 200 && status < 300)
        handler_done(result);
    else if (status == 408 || status == 425 || status == 429 || status >= 500)
        handler_later(result, asked_wait(call), "HTTP %d: %.120s", status, body);
    else if (status >= 300 && status < 400)
        handler_dead(result, "HTTP %d: a redirect is not followed; put the final address into url", status);
    else
        handler_dead(result, "HTTP %d: %.120s", status, body);
}

void handler_request_free(struct handler_request *request)
{
    for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++)
        free(request->headers[i]);
    free(request->headers);
    free(request->url);
    free(request->body);
    *request = (struct handler_request){0};
}

void setup_problem(const struct handler_setup *setup, int line, const char *format, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    secret_mask(text);
    if (buffer_append_format(setup->problems, "%s:%d: [handler %s] %s\n", setup->file != NULL ? setup->file : "-",
            line != 0 ? line : setup->section->line, setup->name, text) != 0)
        fputs("wosync: configuration: out of memory\n", stderr);
}

const char *setup_value(const struct handler_setup *setup, const char *key)
{
    const struct ini_setting *setting = ini_setting(setup->section, key);
    return setting != NULL ? setting->value : NULL;
}

char *setup_secret(const struct handler_setup *setup, const char *key)
{
    struct error e = {0};
    const struct ini_setting *setting = ini_setting(setup->section, key);
    if (setting == NULL)
        return NULL;
    const char *value = setting->value;
    if (strncmp(value, "env:", 4) == 0) {
        value = getenv(setting->value + 4);
        if (value == NULL || *value == '\0') {
            setup_problem(setup, setting->line, "%s: %s is not set in the environment", key, setting->value + 4);
            return NULL;
        }
    }
    char *copy = strdup(value);
    if (copy == NULL || secret_register(value, &e) != 0) {
        setup_problem(setup, setting->line, "%s: out of memory", key);
        free(copy);
        return NULL;
    }
    return copy;
}

int64_t setup_number(const struct handler_setup *setup, const char *key, int64_t fallback, int64_t least, int64_t most)
{
    const struct ini_setting *setting = ini_setting(setup->section, key);
    char *end;
    if (setting == NULL)
        return fallback;
    errno = 0;
    long long n = strtoll(setting->value, &end, 10);
    if (errno == 0 && end != setting->value && *end == '\0' && n >= least && n <= most)
        return n;
    setup_problem(setup, setting->line, "%s = %s: write a number from %lld to %lld", key, setting->value,
        (long long)least, (long long)most);
    return fallback;
}

char *setup_secret_file(const struct handler_setup *setup, const char *key)
{
    struct error e = {0};
    bool exposed = false;
    const struct ini_setting *setting = ini_setting(setup->section, key);
    if (setting == NULL)
        return NULL;
    char *secret = secret_read_file(setting->value, &exposed, &e);
    if (secret == NULL)
        setup_problem(setup, setting->line, "%s: %s", key, e.text);
    if (exposed && buffer_append_format(setup->warnings, "%s: others can read it; run: chmod 600 %s\n", setting->value,
                       setting->value) != 0)
        setup_problem(setup, setting->line, "%s: out of memory", key);
    return secret;
}

char *setup_url(const struct handler_setup *setup, const char *key)
{
    char *url = setup_secret(setup, key);
    const char *wrong = url != NULL ? http_check_url(url, true) : NULL;
    if (wrong == NULL)
        return url;
    setup_problem(setup, ini_setting(setup->section, key)->line, "%s: %s", key, wrong);
    free(url);
    return NULL;
}
