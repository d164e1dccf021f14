#include "api.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "announce.h"
#include "fault_answer.h"
#include "workorders.h"

static bool token_is_right(const struct request *r, const struct config *c)
{
    static const char scheme[] = "Bearer ";
    const char *given = request_header(r, "authorization");

    return given != NULL && strncasecmp(given, scheme, sizeof(scheme) - 1) == 0 &&
           strcmp(given + sizeof(scheme) - 1, c->token) == 0;
}

static bool organization_is_right(const struct request *r, const struct config *c)
{
    const char *given = request_header(r, "x-organization-id");

    return c->organization[0] == '\0' || (given != NULL && strcmp(given, c->organization) == 0);
}

/* The answer of a server that is well. */
static void answer_right(struct mock *m, const struct request *r, enum twist twist, struct answer *a)
{
    if (!token_is_right(r, &m->config))
        answer_empty(a, 401);
    else if (!organization_is_right(r, &m->config))
        answer_errors(a, 403, "Missing or wrong x-organization-id header.");
    else if (!workorders_answer(m, r, twist, a) && !subscriptions_answer(m->subscriptions, r, &m->config, a))
        answer_error(a, 404, "Not Found.");
}

static void answer_limited(const struct config *c, const struct allowance *allowance, struct answer *a)
{
    char seconds[32];

    answer_error(a, 429, "Too many requests.");
    snprintf(seconds, sizeof(seconds), "%" PRId64, allowance->reset);
    if (c->rate_limit.retry_after)
        answer_header(a, "Retry-After", seconds);
}

static void answer_with_faults(struct mock *m, const struct request *r, struct answer *a)
{
    enum twist twist = TWIST_NONE;
    struct fault_hit hit;

    if (!faults_take(&m->faults, r, &hit)) {
        answer_right(m, r, twist, a);
        return;
    }
    if (hit.kind == FAULT_REPEAT_CURSOR)
        twist = TWIST_REPEAT_CURSOR;
    else if (hit.kind == FAULT_DUPLICATE)
        twist = TWIST_DUPLICATE;
    if (fault_spoils(hit.kind))
        answer_right(m, r, twist, a);
    fault_answer(&hit, r, m->base_url, a);
    fault_hit_free(&hit);
}

static void add_headers(const struct mock *m, const struct allowance *allowance, struct answer *a)
{
    char text[64];

    snprintf(text, sizeof(text), "%" PRId64, allowance->limit);
    answer_header(a, "X-Rate-Limit-Limit", text);
    snprintf(text, sizeof(text), "%" PRId64, allowance->remaining);
    answer_header(a, "X-Rate-Limit-Remaining", text);
    snprintf(text, sizeof(text), "%" PRId64, allowance->reset);
    answer_header(a, "X-Rate-Limit-Reset", text);
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
        answer_with_faults(m, r, a);
    else
        answer_limited(&m->config, &allowance, a);
    if (list)
        script_run(&m->script, m->store, mock_now(m), announce_listener(m, &listener));
    if (a->status != 0)
        add_headers(m, &allowance, a);
    journal_note(m->journal, r, a->status, list, !allowance.allowed);
    pthread_mutex_unlock(&m->lock);
}
