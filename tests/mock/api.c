/*
 * The way of a request to the API: delay, rate limit, fault, token, organization, parameters, answer, script.
 * All but the delay happens under the mock's lock, so that a request sees one state.
 *
 * Invariant: each request is counted by the rate limit and noted in the journal once, whatever its answer.
 */
#include "api.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "announce.h"
#include "fault_answer.h"
#include "parameters.h"
#include "spacing.h"
#include "workorders.h"

static bool token_is_right(const char *given, const struct config *c)
{
    static const char scheme[] = "Bearer ";

    return strncasecmp(given, scheme, sizeof(scheme) - 1) == 0 &&
           strcmp(given + sizeof(scheme) - 1, c->token) == 0;
}

/* Whether R may pass; otherwise it is answered. */
static bool check_access(const struct request *r, const struct config *c, struct answer *a)
{
    const char *token = request_header(r, "authorization");
    const char *organization = request_header(r, "x-organization-id");

    if (token == NULL) {
        answer_empty(a, 401);
        a->content_type = "text/html";
        buffer_text(&a->body, "Invalid authentication token");
    } else if (!token_is_right(token, c)) {
        answer_error(a, 401, "Invalid token");
    } else if (c->organization[0] != '\0' && organization == NULL) {
        answer_error(a, 400, "Missing x-organization-id header");
    } else if (c->organization[0] != '\0' && strcmp(organization, c->organization) != 0) {
        answer_errors(a, 403, "Wrong x-organization-id header.");
    } else {
        return true;
    }
    return false;
}

/* The answer of a server that is well. */
static void answer_right(struct mock *m, const struct request *r, enum twist twist, struct answer *a)
{
    static const char subscriptions[] = "/v1/subscriptions/";
    struct problem p;

    if (!check_access(r, &m->config, a))
        return;
    if (m->config.unknown_parameters == PARAMETERS_REFUSED && !parameters_known(r, &p))
        answer_error(a, 400, p.text);
    else if (!workorders_answer(m, r, twist, a) &&
             !records_answer(m->records, r, &m->config, m->base_url, a) &&
             !subscriptions_answer(m->subscriptions, r, &m->config, a))
        answer_error(a, 404, "Not Found.");
    if (m->config.json == JSON_SPACED)
        spacing_add(&a->body);
    if (a->status == 204 && base_starts(r->path, subscriptions))
        announce_archived(m, strtoll(r->path + sizeof(subscriptions) - 1, NULL, 10));
}

static void answer_limited(const struct config *c, const struct allowance *allowance, struct answer *a)
{
    char seconds[32];

    answer_error(a, 429, "Too many requests.");
    snprintf(seconds, sizeof(seconds), "%" PRId64, allowance->reset);
    if (c->rate_limit.retry_after)
        answer_header(a, "Retry-After", seconds);
}

/* For faults of pages that hold a certain work order. */
struct asked {
    struct mock *mock;
    const struct request *request;
};

static bool page_holds(void *context, int64_t work_order)
{
    const struct asked *asked = context;

    return workorders_page_holds(asked->mock, asked->request, work_order);
}

/* Returns whether the answer has the headers of the rate limit. */
static bool answer_with_faults(struct mock *m, const struct request *r, struct answer *a)
{
    struct asked asked = {m, r};
    const struct fault_page page = {page_holds, &asked};
    enum twist twist = TWIST_NONE;
    struct fault_hit hit;

    if (!faults_take(&m->faults, r, &page, &hit)) {
        answer_right(m, r, twist, a);
        return true;
    }
    if (hit.kind == FAULT_REPEAT_CURSOR)
        twist = TWIST_REPEAT_CURSOR;
    else if (hit.kind == FAULT_DUPLICATE)
        twist = TWIST_DUPLICATE;
    if (fault_spoils(hit.kind))
        answer_right(m, r, twist, a);
    fault_answer(&hit, r, m->base_url, a);
    fault_hit_free(&hit);
    return !hit.bare;
}

static void add_rate_limit(const struct allowance *allowance, struct answer *a)
{
    char text[64];

    snprintf(text, sizeof(text), "%" PRId64, allowance->limit);
    answer_header(a, "X-Rate-Limit-Limit", text);
    snprintf(text, sizeof(text), "%" PRId64, allowance->remaining);
    answer_header(a, "X-Rate-Limit-Remaining", text);
    snprintf(text, sizeof(text), "%" PRId64, allowance->reset);
    answer_header(a, "X-Rate-Limit-Reset", text);
}

static void add_date(const struct mock *m, struct answer *a)
{
    char text[64];

    if (strcmp(m->config.date_header, "normal") == 0) {
        clock_http(mock_now(m) + m->config.date_skew_ms, text, sizeof(text));
        answer_header(a, "Date", text);
    } else if (strcmp(m->config.date_header, "none") != 0) {
        answer_header(a, "Date", m->config.date_header);
    }
}

void api_answer(struct mock *m, const struct request *r, struct answer *a)
{
    bool list = workorders_is_list(r);
    struct change_listener listener;
    struct allowance allowance;
    struct change_world world;
    bool headers = true;
    int64_t delay;

    pthread_mutex_lock(&m->lock);
    journal_enter(m->journal);
    delay = m->config.page_delay_ms;
    pthread_mutex_unlock(&m->lock);
    if (delay > 0)
        clock_pause(delay);
    pthread_mutex_lock(&m->lock);
    store_settle(m->store, clock_steady());
    allowance = limiter_take(&m->limiter, &m->config.rate_limit, clock_steady());
    a->gzip = m->config.gzip;
    if (allowance.allowed)
        headers = answer_with_faults(m, r, a);
    else
        answer_limited(&m->config, &allowance, a);
    world = announce_world(m, &listener);
    if (list)
        script_run(&m->script, &world);
    if (a->status != 0 && headers && m->config.rate_limit.headers)
        add_rate_limit(&allowance, a);
    if (a->status != 0)
        add_date(m, a);
    journal_note(m->journal, r, a->status, list, !allowance.allowed);
    pthread_mutex_unlock(&m->lock);
}
