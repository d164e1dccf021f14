/*
 * http_job: a job that is one HTTP request, for types that send their events to a web server.
 */
#ifndef WOSYNC_HANDLERS_HTTP_JOB_H
#define WOSYNC_HANDLERS_HTTP_JOB_H

#include "api/http.h"
#include "handlers/handler.h"

/* What to POST. It owns the headers and `made`; the rest is borrowed until the job is over. */
struct http_job_request {
    const char *url;
    char **headers; /* `Name: value`, ends with NULL; may be NULL */
    const char *body;
    size_t body_len;
    char *made; /* a body of the type's own making */
    struct http_tls tls;
};

/* Decides what an answer means. */
typedef void http_job_judge(
    struct http_call *call, enum transfer_status transfer, struct delivery_result *result);

/* For plain HTTP receivers: 2xx is yes; no answer, 408, 425, 429 and 5xx are tried again, after Retry-After
 * where it is given; everything else is a refusal. */
http_job_judge http_job_judge_status;

/* Appends the beginning of what was answered to the error text of a result: `HTTP 200: ...`. */
const char *http_job_body(struct http_call *call);

/* Sends the request, which becomes the job's. The functions of a driver. */
void *http_job_start(
    struct handler_host *host, struct http_job_request *request, int64_t timeout, http_job_judge *judge);
void http_job_poll(void *job, struct handler_wait *wait);
bool http_job_collect(void *job, struct delivery_result *results);
void http_job_cancel(void *job);

/* Writes the request as http_job_start would send it: method and URL, the headers, an empty line, the body.
 * What follows the host in the URL and the secrets in headers are masked. Left out is what libcurl adds:
 * Host, User-Agent, Accept, Content-Length. */
void http_job_render(const struct http_job_request *request, struct buffer *out);

/* Frees what the request owns and zeroes it. */
void http_job_request_free(struct http_job_request *request);

#endif
