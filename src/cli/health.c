#include "cli/health.h"

#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "store/runs.h"

/* How long polling and a delivery may take before they are a problem. */
enum { LONG_MS = 3600 * 1000 };

void health_add(struct json_object *problems, const char *format, ...)
{
    char text[2048];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    secret_mask(text);
    utf8_replace_bad(text);
    json_object_array_add(problems, json_object_new_string(text));
}

void health_add_lines(const struct buffer *lines, struct json_object *problems)
{
    char *rest = strdup(lines->data != NULL ? lines->data : ""), *place = NULL;
    for (char *line = strtok_r(rest, "\n", &place); line != NULL; line = strtok_r(NULL, "\n", &place))
        health_add(problems, "%s", line);
    free(rest);
}

/* --- reading the facts --- */

static int64_t number_of(struct json_object *object, const char *key)
{
    return json_object_get_int64(json_object_object_get(object, key));
}

static const char *text_of(struct json_object *object, const char *key)
{
    struct json_object *value = json_object_object_get(object, key);
    return value != NULL ? json_object_get_string(value) : "";
}

/* TIMESTAMP_NONE where there is no date. */
static int64_t date_of(struct json_object *object, const char *key)
{
    int64_t ms = TIMESTAMP_NONE;
    struct json_object *value = json_object_object_get(object, key);
    if (value != NULL && timestamp_parse(json_object_get_string(value), &ms) != 0)
        ms = TIMESTAMP_NONE;
    return ms;
}

/* --- what is wrong --- */

static void check_passes(
    const struct config *config, struct json_object *status, int64_t now, struct json_object *problems)
{
    const int64_t finished = date_of(status, "passFinished");
    struct json_object *webhooks = json_object_object_get(status, "webhooks");
    /* sync --fallback polls no more often than that while webhooks come */
    const bool rare = webhooks != NULL && date_of(webhooks, "lastReceived") != TIMESTAMP_NONE;
    const int64_t most = LONG_MS + (rare ? config->safety_poll : 0);
    char age[TIMESTAMP_SIZE];
    if (finished == TIMESTAMP_NONE) {
        health_add(problems, "polling: no pass has finished yet; run: wosync sync");
    } else if (now - finished > most) {
        duration_format(now - finished, age);
        health_add(problems, "polling: the last pass finished %s ago; see whether wosync sync is run", age);
    }
}

static int check_last_run(struct store *store, struct json_object *problems, struct error *e)
{
    struct run_end end;
    int found = runs_last_end(store, "sync", &end, e);
    if (found == 1 && end.exit_status != EX_OK && end.exit_status != EX_TEMPFAIL)
        health_add(problems, "sync: the last run ended with exit status %lld%s%s", (long long)end.exit_status,
            *end.message != '\0' ? ": " : "", end.message);
    if (found == 1)
        free(end.message);
    return found < 0 ? -1 : 0;
}

static void check_handler(struct json_object *handler, int64_t now, struct json_object *problems)
{
    const int64_t dead = number_of(handler, "dead"), pending = number_of(handler, "pending");
    const int64_t oldest = date_of(handler, "oldestPending");
    const char *name = text_of(handler, "name"), *error = text_of(handler, "lastError");
    const char *colon = *error != '\0' ? "; last error: " : "";
    char age[TIMESTAMP_SIZE];
    if (json_object_object_get(handler, "removed") != NULL)
        return;
    if (dead > 0)
        health_add(problems, "handler %s: %lld %s dead%s%s; see: wosync events list --state dead", name,
            (long long)dead, dead == 1 ? "delivery is" : "deliveries are", colon, error);
    if (pending > 0 && oldest != TIMESTAMP_NONE && now - oldest > LONG_MS) {
        duration_format(now - oldest, age);
        health_add(problems, "handler %s: %lld %s pending, the oldest for %s%s%s", name, (long long)pending,
            pending == 1 ? "delivery is" : "deliveries are", age, colon, error);
    }
}

static void check_rest(struct json_object *status, int64_t now, struct json_object *problems)
{
    struct json_object *refetches = json_object_object_get(status, "refetches");
    struct json_object *webhooks = json_object_object_get(status, "webhooks");
    const int64_t quarantined = number_of(status, "quarantine"), oldest = date_of(refetches, "oldest");
    if (quarantined > 0)
        health_add(problems, "quarantine: %lld record%s could not be understood; see: wosync status",
            (long long)quarantined, quarantined == 1 ? "" : "s");
    if (number_of(refetches, "failing") > 0 && oldest != TIMESTAMP_NONE && now - oldest > LONG_MS)
        health_add(problems, "refetches: %lld work order%s cannot be read by id; see: wosync status",
            (long long)number_of(refetches, "failing"), number_of(refetches, "failing") == 1 ? "" : "s");
    if (webhooks != NULL && number_of(webhooks, "brokenSubscriptions") > 0)
        health_add(problems,
            "webhooks: subscriptions that are gone or not valid: %lld; see: wosync webhooks list",
            (long long)number_of(webhooks, "brokenSubscriptions"));
}

int health_check(struct store *store, const struct config *config, struct json_object *status, int64_t now,
    struct json_object *problems, struct error *e)
{
    struct json_object *handlers = json_object_object_get(status, "handlers");
    check_passes(config, status, now, problems);
    if (check_last_run(store, problems, e) != 0)
        return -1;
    for (size_t i = 0; i < json_object_array_length(handlers); i++)
        check_handler(json_object_array_get_idx(handlers, i), now, problems);
    check_rest(status, now, problems);
    return 0;
}
