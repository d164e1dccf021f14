/*
 * client_pace: when a client may send, and whether it tries again.
 *
 * Two waits, of two kinds: keep_pace before a request, because the rate limit says so, and back_off after one
 * that failed. Neither goes beyond the deadline; a wait that is too long is left to a later run, which reads
 * the rate limit from the store. Where a try failed before, that is why the request failed: a request that
 * fails in each run, and for whose next try there is never time, must not look as if it had not been sent
 * (rule R9). What a 429 asks for is part of the rate limit, so that keep_pace waits for it.
 */
#include "api/client_pace.h"

#include "api/rate_headers.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "core/retry.h"

/* A rate limit that lasts longer is left to a later run. MaintainX's windows last a minute. */
enum { LONGEST_PAUSE_MS = 5 * 60 * 1000 };

/* A wait that an optional request calls for: a window of the rate limit. */
enum { OPTIONAL_PAUSE_MS = 60 * 1000 };

/* --- the budget --- */

void budget_begin(struct budget *budget)
{
    if (budget->began == 0)
        *budget = (struct budget){.began = clock_monotonic()};
}

void budget_count_failure(struct budget *budget, enum request_result result)
{
    budget->refused = result == REQUEST_LIMITED;
    budget->refusals += budget->refused;
    budget->failures++;
}

/* A 429 is no failure the first time: it is waited out. That it comes again means that it said too little. */
static bool is_first_refusal(const struct budget *budget)
{
    return budget->refused && budget->refusals == 1;
}

bool budget_allows(const struct budget *budget, int64_t wait, int64_t give_up)
{
    return is_first_refusal(budget) || clock_monotonic() - budget->began - budget->excused + wait <= give_up;
}

/* The last try failed of itself, and there is no time for another. */
static bool is_failed(const struct budget *budget)
{
    return budget->failures > 0 && !budget->refused && !shutdown_signalled();
}

/* --- before a request --- */

enum api_status client_stopped(struct error *e)
{
    if (shutdown_signalled())
        fail(e, EX_TEMPFAIL, "stopped by a signal; the next run continues here");
    return API_STOPPED;
}

/* The wait is left to a later run. One that has read something has only come to its end. */
static enum api_status leave_wait(
    const struct client *client, const char *what, int64_t wait, struct error *e)
{
    char text[TIMESTAMP_SIZE];
    bool too_long = wait > LONGEST_PAUSE_MS;
    duration_format(wait, text);
    *e = (struct error){0};
    if (client->answered && !too_long)
        return client_stopped(e);
    fail(e, EX_TEMPFAIL, "api: %s: the server asks to wait %s%s; a later run continues here", what, text,
        too_long ? "" : ", longer than this run may last");
    return API_FAILED;
}

int64_t client_ask_to_send(struct client *client, struct error *e)
{
    const struct client_settings *s = &client->settings;
    if (s->meter != NULL)
        return s->meter(&client->rate_limit, client->modest, s->meter_data, e);
    int64_t now = clock_now();
    return client->modest ? rate_limit_wait_modestly(&client->rate_limit, now, s->reserve)
                          : rate_limit_wait(&client->rate_limit, now, s->reserve);
}

void client_count_unread(struct client *client)
{
    if (client->settings.meter == NULL)
        rate_limit_count(&client->rate_limit, clock_now());
}

bool client_note_headers(struct client *client, struct http_call *call)
{
    return rate_headers_note(&client->rate_limit, call, client->settings.meter != NULL, clock_now());
}

bool client_note_rate(struct client *client, const struct client_request *request, struct http_call *call)
{
    const struct rate_limit before = client->rate_limit;
    const int64_t now = clock_now();
    bool asked = client_note_headers(client, call);
    if (asked && request->optional && rate_limit_wait(&client->rate_limit, now, 0) > OPTIONAL_PAUSE_MS) {
        client->rate_limit = before;
        rate_limit_refused(&client->rate_limit, now, OPTIONAL_PAUSE_MS);
    }
    return asked;
}

/* The turn or the run ends while the client waits for the rate limit. */
static enum api_status wait_ended(const struct client *client, const char *what, struct error *e)
{
    if (!client->answered)
        fail(e, EX_TEMPFAIL, "api: %s: the time was over before the rate limit allowed a request", what);
    return client_stopped(e);
}

/* The turn or the run has ended; nothing is asked for, and nothing counted. */
static enum api_status time_is_over(const struct client *client, const char *what, struct error *e)
{
    int64_t wait = rate_limit_wait(&client->rate_limit, clock_now(), client->settings.reserve);
    bool waits = wait > 0 && !shutdown_signalled() && shutdown_run_left() == 0;
    return waits ? leave_wait(client, what, wait, e) : client_stopped(e);
}

/* Another process may be quicker: so it asks again after each wait. */
enum api_status client_keep_pace(
    struct client *client, const struct client_request *request, struct budget *budget, struct error *e)
{
    char text[TIMESTAMP_SIZE];
    for (;;) {
        if (shutdown_requested())
            return is_failed(budget) ? API_FAILED : time_is_over(client, request->what, e);
        int64_t wait = client_ask_to_send(client, e);
        if (wait <= 0)
            return wait == 0 ? API_OK : API_FAILED;
        if (request->optional || wait > LONGEST_PAUSE_MS || wait >= shutdown_run_left())
            return is_failed(budget) ? API_FAILED : leave_wait(client, request->what, wait, e);
        duration_format(wait, text);
        log_info("api: %s: waiting %s for the rate limit", request->what, text);
        if (!client->asked_to_wait)
            budget->excused += wait;
        if (!shutdown_wait(wait))
            return is_failed(budget) ? API_FAILED : wait_ended(client, request->what, e);
    }
}

/* --- after a failure --- */

/* The wait that the last answer asked for; keep_pace will wait for it. */
static int64_t wait_asked(const struct client *client)
{
    return client->asked_to_wait ? rate_limit_wait(&client->rate_limit, clock_now(), client->settings.reserve)
                                 : 0;
}

enum api_status client_back_off(
    struct client *client, const struct budget *budget, const char *what, struct error *e)
{
    const int64_t wait = is_first_refusal(budget) ? 0 : retry_request(budget->failures, random_bits());
    const int64_t asked = wait_asked(client), ahead = asked > wait ? asked : wait;
    if (!budget_allows(budget, ahead, client->settings.give_up))
        return API_FAILED;
    if (shutdown_signalled())
        return client_stopped(e);
    if (ahead >= shutdown_run_left())
        return budget->refused ? leave_wait(client, what, ahead, e) : API_FAILED;
    log_info("%s; try %d follows", e->text, budget->failures + 1);
    if (shutdown_wait(wait))
        return API_OK;
    return is_failed(budget) ? API_FAILED : client_stopped(e);
}
