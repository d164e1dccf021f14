#include "handlers/http_job.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "core/retry.h"

/* An answer is read up to this size, and shown up to that: enough to say what is wrong. */
enum { MAX_ANSWER = 64 << 10, ANSWER_HEAD = 1024 };

struct http_job {
    struct http_job_request request;
    struct http_call *call;
    http_job_judge *judge;
};

static int64_t asked_wait(struct http_call *call)
{
    int64_t server = clock_now();
    const char *date = http_header(call, "date");
    if (date != NULL)
        timestamp_parse_http(date, &server);
    const char *after = http_header(call, "retry-after");
    return after != NULL ? retry_after(after, server) : -1;
}

const char *http_job_body(struct http_call *call)
{
    const char *body = http_body(call)->data;
    return body != NULL ? body : "";
}

void http_job_judge_status(
    struct http_call *call, enum transfer_status transfer, struct delivery_result *result)
{
    const char *body = http_job_body(call), *colon = *body != '\0' ? ": " : "";
    int status = http_status(call);
    if (transfer != HTTP_ANSWERED && transfer != HTTP_TOO_LARGE)
        handler_later(result, -1, "no answer: %s", http_reason(call));
    else if (status / 100 == 2)
        handler_done(result);
    else if (status == 408 || status == 425 || status == 429 || status >= 500)
        handler_later(result, asked_wait(call), "HTTP %d%s%.*s", status, colon, ANSWER_HEAD, body);
    else if (status / 100 == 3)
        handler_dead(result, "HTTP %d: a redirect is not followed; put the final address into url", status);
    else
        handler_dead(result, "HTTP %d%s%.*s", status, colon, ANSWER_HEAD, body);
}

/* Both what is sent and what is rendered is made from this. */
static struct http_request describe(const struct http_job_request *request, int64_t timeout)
{
    return (struct http_request){.method = "POST",
        .url = request->url,
        .headers = (const char *const *)request->headers,
        .body = request->body,
        .body_len = request->body_len,
        .timeout_ms = timeout,
        .max_body = MAX_ANSWER,
        .allow_plain = true,
        .tls = request->tls};
}

void *http_job_start(
    struct handler_host *host, struct http_job_request *request, int64_t timeout, http_job_judge *judge)
{
    struct http_job *job = malloc(sizeof *job);
    const struct http_request what = describe(request, timeout);
    *job = (struct http_job){.request = *request, .judge = judge};
    *request = (struct http_job_request){0};
    job->call = http_start(handler_host_http(host), &what);
    return job;
}

void http_job_poll(void *job, struct handler_wait *wait)
{
    (void)job;
    handler_wait_http(wait);
}

void http_job_cancel(void *context)
{
    struct http_job *job = context;
    http_call_free(job->call);
    http_job_request_free(&job->request);
    free(job);
}

bool http_job_collect(void *context, struct delivery_result *results)
{
    struct http_job *job = context;
    if (http_is_done(job->call))
        job->judge(job->call, http_finish(job->call), results);
    else if (shutdown_signalled())
        handler_untried(results);
    else
        return false;
    http_job_cancel(job);
    return true;
}

/* The address of a receiver is a secret but for its host. */
static void append_url(struct buffer *out, const char *url)
{
    const char *host = strstr(url, "://") + 3;
    size_t shown = (size_t)(host - url) + strcspn(host, "/?#");
    buffer_append(out, url, shown);
    buffer_append_text(out, strlen(url + shown) > 1 ? "/***" : "/");
}

void http_job_render(const struct http_job_request *request, struct buffer *out)
{
    const struct http_request what = describe(request, 0);
    buffer_append_format(out, "%s ", what.method);
    append_url(out, what.url);
    for (const char *const *header = what.headers; *header != NULL; header++) {
        char *line = strdup(*header);
        secret_mask(line);
        buffer_append_format(out, "\n%s", line);
        free(line);
    }
    buffer_append_text(out, "\n\n");
    buffer_append(out, what.body, what.body_len);
}

void http_job_request_free(struct http_job_request *request)
{
    for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++)
        free(request->headers[i]);
    free(request->headers);
    free(request->made);
    *request = (struct http_job_request){0};
}
