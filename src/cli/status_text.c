/*
 * status_text: how things stand, for people: a view of the object that status_json gathers, a paragraph for
 * each part of it. A part of which nothing is known has no paragraph. Ages are those of this machine's clock.
 */
#include "cli/status_text.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/timestamp.h"

static const char *text_of(struct json_object *object, const char *key, const char *absent)
{
    struct json_object *value = json_object_object_get(object, key);
    return value != NULL ? json_object_get_string(value) : absent;
}

static int64_t number_of(struct json_object *object, const char *key)
{
    return json_object_get_int64(json_object_object_get(object, key));
}

/* "2m 5s ago", or what is said where there is no date. */
static const char *age_of(struct json_object *object, const char *key, const char *absent, char out[64])
{
    int64_t ms = 0;
    char age[TIMESTAMP_SIZE];
    struct json_object *value = json_object_object_get(object, key);
    if (value == NULL)
        return absent;
    timestamp_parse(json_object_get_string(value), &ms);
    /* written before the clock was set back */
    bool ahead = ms > clock_now();
    duration_format(ahead ? ms - clock_now() : clock_now() - ms, age);
    snprintf(out, 64, ahead ? "%s ahead of this clock" : "%s ago", age);
    return out;
}

static void print_account(struct json_object *status)
{
    char age[64];
    const int64_t work_orders = number_of(status, "workOrders"), events = number_of(status, "events");
    printf("store       %s, %lld work order%s, %lld event%s\n", text_of(status, "store", ""),
        (long long)work_orders, work_orders == 1 ? "" : "s", (long long)events, events == 1 ? "" : "s");
    if (json_object_object_get(status, "baseUrl") == NULL) {
        printf("account     nothing was polled yet; run: wosync sync\n");
        return;
    }
    printf("account     %s%s%s\n", text_of(status, "baseUrl", ""),
        *text_of(status, "organization", "") != '\0' ? ", organization " : "",
        text_of(status, "organization", ""));
    printf("watermark   %s\n", text_of(status, "watermark", "none"));
    printf("last pass   %s, filter %s\n", age_of(status, "passFinished", "none has finished", age),
        text_of(status, "filter", "not known yet"));
    int64_t skipped = number_of(status, "skippedInstants");
    if (skipped > 0)
        printf("skipped     %lld instant%s of the list that the server cannot show; asked for again by later "
               "runs, and "
               "now by: wosync reconcile (the view skipped_log has them)\n",
            (long long)skipped, skipped > 1 ? "s" : "");
    struct json_object *unfinished = json_object_object_get(status, "unfinished");
    for (size_t i = 0; i < json_object_array_length(unfinished); i++) {
        struct json_object *pass = json_object_array_get_idx(unfinished, i);
        printf("unfinished  %s: after page %lld (%lld record%s); run it again to continue there\n",
            text_of(pass, "kind", ""), (long long)number_of(pass, "pages"),
            (long long)number_of(pass, "records"), number_of(pass, "records") == 1 ? "" : "s");
    }
}

/* Which of the configured lookbacks would have seen the latest change. */
static void print_windows(int64_t needed_ms, const struct config *config)
{
    char needed[TIMESTAMP_SIZE], lookback[TIMESTAMP_SIZE], every[TIMESTAMP_SIZE];
    const struct config_window *found = NULL;
    duration_format(needed_ms, needed);
    duration_format(config->lookback, lookback);
    if (needed_ms <= config->lookback) {
        printf("            the latest one needed a lookback of %s; lookback is %s\n", needed, lookback);
        return;
    }
    for (const struct config_window *window = config->late_windows; window->lookback != 0; window++)
        if (window->lookback >= needed_ms && (found == NULL || window->every < found->every))
            found = window;
    if (found != NULL) {
        duration_format(found->every, every);
        printf("            the latest one needed a lookback of %s; lookback is %s, a late window sees it "
               "within %s\n",
            needed, lookback, every);
    } else {
        duration_format(config->sweep, every);
        printf("            the latest one needed a lookback of %s: no late window would have seen it, only "
               "a sweep "
               "(every %s); widen late_windows in [sync]\n",
            needed, every);
    }
}

/* How late changes became visible, and what that means for the lookbacks. */
static void print_lateness(struct json_object *status, const struct config *config)
{
    struct json_object *late = json_object_object_get(status, "lateness");
    char p50[TIMESTAMP_SIZE], p99[TIMESTAMP_SIZE], largest[TIMESTAMP_SIZE], set[TIMESTAMP_SIZE], age[64];
    int64_t unlisted = number_of(late, "notListed");
    if (number_of(late, "count") > 0) {
        duration_format(number_of(late, "p50Ms"), p50);
        duration_format(number_of(late, "p99Ms"), p99);
        duration_format(number_of(late, "largestMs"), largest);
        duration_format(config->lookback, set);
        printf("lateness    half of the changes were seen within %s, 99 %% within %s, the last after %s\n",
            p50, p99, largest);
        if (number_of(late, "lookbackNeededMs") == 0)
            printf("            every change was visible to the first poll after it: no lookback was needed, "
                   "it is %s\n",
                set);
        else
            print_windows(number_of(late, "lookbackNeededMs"), config);
    }
    if (unlisted > 0)
        printf("            the list does not show the newest version of %lld work order%s yet, the oldest "
               "changed %s\n",
            (long long)unlisted, unlisted == 1 ? "" : "s", age_of(late, "notListedSince", "", age));
    if (number_of(status, "missing") > 0)
        printf("missing     %lld work order%s wait%s for the second proof of being gone\n",
            (long long)number_of(status, "missing"), number_of(status, "missing") == 1 ? "" : "s",
            number_of(status, "missing") == 1 ? "s" : "");
}

/* Who is known by name, and a list that cannot be read; nothing where names were never read. */
static void print_names(struct json_object *status)
{
    static const char *const lists[] = {"users", "teams"};
    struct json_object *names = json_object_object_get(status, "names");
    char age[64];
    if (names == NULL)
        return;
    printf("names       ");
    for (int i = 0; i < 2; i++) {
        struct json_object *list = json_object_object_get(names, lists[i]);
        printf("%s%lld %s, read %s", i > 0 ? "; " : "", (long long)number_of(list, "known"), lists[i],
            age_of(list, "lastRead", "never", age));
    }
    printf("\n");
    for (int i = 0; i < 2; i++) {
        struct json_object *list = json_object_object_get(names, lists[i]);
        if (json_object_object_get(list, "lastError") != NULL)
            printf("            GET /%s failed %s: %s\n", lists[i], age_of(list, "lastTried", "", age),
                text_of(list, "lastError", ""));
    }
}

/* The work orders that are to be asked for by their ids. */
static void print_refetches(struct json_object *status)
{
    struct json_object *refetches = json_object_object_get(status, "refetches");
    struct json_object *failed = json_object_object_get(refetches, "failed");
    char age[64], next[64];
    int64_t waiting = number_of(refetches, "waiting");
    if (waiting > 0)
        printf("refetches   %lld work order%s to be read by id, the oldest since %s; %lld failed so far\n",
            (long long)waiting, waiting == 1 ? "" : "s", age_of(refetches, "oldest", "", age),
            (long long)number_of(refetches, "failing"));
    for (size_t i = 0; failed != NULL && i < json_object_array_length(failed); i++) {
        struct json_object *one = json_object_array_get_idx(failed, i);
        snprintf(next, sizeof next, "%s", text_of(one, "due", ""));
        printf("            work order %lld: %lld failed attempt%s, first %s, next %.19s: %s\n",
            (long long)number_of(one, "workOrder"), (long long)number_of(one, "attempts"),
            number_of(one, "attempts") == 1 ? "" : "s", age_of(one, "requested", "", age), next,
            text_of(one, "error", ""));
    }
}

/* What the two channels have brought; nothing where webhooks were never used. */
static void print_webhooks(struct json_object *status)
{
    struct json_object *hooks = json_object_object_get(status, "webhooks");
    char age[64], delay[TIMESTAMP_SIZE];
    if (hooks == NULL)
        return;
    printf(
        "webhooks    the last one %s; received %lld, of them seen before %lld; refused %lld; given up %lld\n",
        age_of(hooks, "lastReceived", "never", age), (long long)number_of(hooks, "received"),
        (long long)number_of(hooks, "duplicate"), (long long)number_of(hooks, "refused"),
        (long long)number_of(hooks, "givenUp"));
    printf("            the last work order that was read because of a webhook: %s\n",
        age_of(hooks, "lastObserved", "never", age));
    printf("            found by polling first: %lld, of them named by no webhook: %lld\n",
        (long long)number_of(hooks, "foundByPolling"), (long long)number_of(hooks, "missed"));
    if (json_object_object_get(hooks, "webhookDelayP50Ms") != NULL) {
        duration_format(number_of(hooks, "webhookDelayP50Ms"), delay);
        printf("            half of the changes were seen within %s by webhook", delay);
        if (json_object_object_get(hooks, "pollDelayP50Ms") != NULL) {
            duration_format(number_of(hooks, "pollDelayP50Ms"), delay);
            printf(", within %s by polling", delay);
        }
        printf("\n");
    }
    if (number_of(hooks, "brokenSubscriptions") > 0)
        printf("            subscriptions that are gone or not valid: %lld; see: wosync webhooks list\n",
            (long long)number_of(hooks, "brokenSubscriptions"));
}

static void print_handlers(struct json_object *status)
{
    struct json_object *handlers = json_object_object_get(status, "handlers");
    size_t count = json_object_array_length(handlers);
    if (count > 0)
        printf("\n%-20s %-10s %8s %6s %10s %8s  %s\n", "handler", "type", "pending", "dead", "delivered",
            "skipped", "last success");
    for (size_t i = 0; i < count; i++) {
        struct json_object *handler = json_object_array_get_idx(handlers, i);
        char age[64];
        printf("%-20s %-10s %8lld %6lld %10lld %8lld  %s%s\n", text_of(handler, "name", ""),
            text_of(handler, "type", ""), (long long)number_of(handler, "pending"),
            (long long)number_of(handler, "dead"), (long long)number_of(handler, "delivered"),
            (long long)number_of(handler, "skipped"), age_of(handler, "lastSuccess", "never", age),
            json_object_object_get(handler, "removed") != NULL ? "  (removed from the configuration)" : "");
        if (number_of(handler, "pending") + number_of(handler, "dead") > 0)
            printf("    oldest pending: %s; last error: %s\n", age_of(handler, "oldestPending", "none", age),
                text_of(handler, "lastError", "none"));
        if (number_of(handler, "failures") > 0)
            printf("    failing since: %s, %lld failure%s%s%s\n",
                age_of(handler, "failingSince", "never", age), (long long)number_of(handler, "failures"),
                number_of(handler, "failures") == 1 ? "" : "s",
                number_of(handler, "pending") == 0 ? "; the last: " : "",
                number_of(handler, "pending") == 0 ? text_of(handler, "lastError", "none") : "");
    }
}

static void print_quarantine(struct json_object *status)
{
    struct json_object *records = json_object_object_get(status, "quarantined");
    char age[64];
    if (number_of(status, "quarantine") == 0)
        return;
    const int64_t count = number_of(status, "quarantine");
    printf("\n%lld record%s in quarantine, until MaintainX sends a version that can be read; the newest:\n",
        (long long)count, count == 1 ? "" : "s");
    for (size_t i = 0; i < json_object_array_length(records); i++) {
        struct json_object *record = json_object_array_get_idx(records, i);
        printf("  %s  work order %s: %s\n", age_of(record, "seen", "", age),
            text_of(record, "workOrder", "unknown"), text_of(record, "reason", ""));
    }
}

static void print_runs(struct json_object *status)
{
    struct json_object *runs = json_object_object_get(status, "runs");
    size_t count = json_object_array_length(runs);
    if (count > 0)
        printf("\n%-20s %-10s %-24s %6s %8s %7s %9s  %s\n", "run", "kind", "asked since", "pages", "records",
            "events", "requests", "exit");
    for (size_t i = 0; i < count; i++) {
        struct json_object *run = json_object_array_get_idx(runs, i);
        int64_t events = 0;
        json_object_object_foreach(json_object_object_get(run, "events"), type, number)
        {
            (void)type;
            events += json_object_get_int64(number);
        }
        printf("%-20.19s %-10s %-24s %6lld %8lld %7lld %9lld  %s\n", text_of(run, "began", ""),
            text_of(run, "kind", ""), text_of(run, "since", "everything"), (long long)number_of(run, "pages"),
            (long long)number_of(run, "records"), (long long)events, (long long)number_of(run, "requests"),
            text_of(run, "exitStatus", "killed, or still at work"));
        if (json_object_object_get(run, "message") != NULL)
            printf("    %s\n", text_of(run, "message", ""));
    }
}

static void print_problems(struct json_object *status)
{
    struct json_object *problems = json_object_object_get(status, "problems");
    for (size_t i = 0; i < json_object_array_length(problems); i++)
        printf("problem     %s\n", json_object_get_string(json_object_array_get_idx(problems, i)));
    if (json_object_array_length(problems) > 0)
        printf("help        run: wosync doctor\n");
}

void status_text_print(struct json_object *status, const struct config *config)
{
    print_problems(status);
    print_account(status);
    print_lateness(status, config);
    print_names(status);
    print_refetches(status);
    print_webhooks(status);
    print_handlers(status);
    print_quarantine(status);
    print_runs(status);
}
