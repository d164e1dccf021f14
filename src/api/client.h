/*
 * client: one request to MaintainX, to its end: at the rate_limit it allows, tried again while that makes
 * sense, judged by its status. What is asked for and what the answers mean is known to those who use it.
 */
#ifndef WOSYNC_API_CLIENT_H
#define WOSYNC_API_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "api/http.h"
#include "base/error.h"
#include "core/rate_limit.h"

struct client;

/*
 * Where several processes share the rate limit: asked before each request. It brings *rate_limit, what this
 * client knows, together with what the others know. Returns 0 when the request may be sent, having counted
 * it; else how many milliseconds to wait before asking again, or -1 with the error filled. `modest`: as
 * client_set_modest says.
 */
typedef int64_t client_meter(struct rate_limit *rate_limit, bool modest, void *data, struct error *e);

/* Everything is borrowed for the life of the client; durations are milliseconds. */
struct client_settings {
    const char *base_url; /* one that http_check_url takes */
    const char *token;
    const char *organization; /* "" without one */
    const char *ca_file;      /* PEM: certificates to trust instead of the system's; NULL without one */
    int64_t timeout;          /* of one request */
    int64_t give_up;          /* how long transient failures are tried again */
    int64_t reserve;          /* requests of each window that are left to others */
    bool answered;            /* an earlier client of this run was answered */
    client_meter *meter;      /* NULL: no other process shares the rate limit */
    void *meter_data;
};

enum api_status {
    API_OK,
    API_BAD_REQUEST, /* 400: it does not take a parameter, or the cursor */
    API_GONE,        /* 404, 410: there is no such thing, or no longer */
    API_FORBIDDEN,   /* 403: the token may not do it; the error is filled */
    API_FAILED,      /* the error is filled */
    API_STOPPED      /* a signal or the deadline came before a try. The error: EX_TEMPFAIL for a signal, or
                        where the client did nothing but wait for the rate limit; else empty */
};

/* What a reader says of the body of an answer that was taken. */
enum body_status {
    CLIENT_TAKEN,
    CLIENT_TORN,   /* it broke off: worth another try; the error is filled */
    CLIENT_REFUSED /* it is not what was asked for; the error is filled */
};

/* Looks into a body; `what` is the subject for messages. */
typedef enum body_status client_reader(struct http_call *call, void *out, const char *what, struct error *e);

/* Everything is borrowed until client_request returns. */
struct client_request {
    const char *method;  /* GET, POST, DELETE */
    const char *path;    /* behind the base URL, with its query */
    const char *body;    /* JSON; NULL for none */
    const char *what;    /* what is asked for, in words: the subject of messages */
    client_reader *read; /* NULL: no one wants the body */
    void *out;           /* for the reader */
    bool once;           /* not to be tried again when it may have been done: it would be done twice */
    bool single;         /* one try only: the caller knows what to do when it fails */
    bool optional; /* at most one request, and none where the rate limit would have to be waited for; what its
                      answer asks to wait keeps others waiting for a minute at most */
    int64_t timeout; /* shorter than that of the settings, milliseconds; 0: theirs */
};

/* Makes a client; `pace` is the rate limit as last seen. Fails with EX_CONFIG without a token, or where it
 * or the organization holds a line break. Free with client_free. */
struct client *client_new(
    const struct client_settings *settings, const struct rate_limit *rate_limit, struct error *e);

/* Calls `each` for every HTTP status that answers to this client's requests had, 0 for those that brought no
 * answer (one that is still under way among them), with how many. */
void client_count_statuses(
    const struct client *client, void (*each)(int status, int64_t count, void *context), void *context);

/* Frees; a request on its way is dropped. NULL is allowed. */
void client_free(struct client *client);

/*
 * Sends a request and waits for its end. Waits for the server's rate limit and where an answer asks to wait
 * (Retry-After), tries transient failures again (no connection, resets, 408, 425, 429, 5xx, a body that broke
 * off) with backoff and jitter for as long as `give_up` and the deadline allow. The first wait that a 429
 * asks for is kept whatever `give_up` says. What it learns of waits is in client_rate_limit, for later runs.
 *
 * API_OK: 200 (201 and 204 too for what is no GET), and the reader took the body; the call is in *out, to be
 * freed by the caller, unless `out` is NULL. For API_BAD_REQUEST, API_GONE and API_FORBIDDEN (EX_NOPERM)
 * the error holds what the server said. API_FAILED: EX_UNAVAILABLE (unreachable, failing, 4xx; also where the
 * deadline, or a wait for the rate limit, came before the next try), EX_PROTOCOL (not what was asked for,
 * truncated, too large, a redirect), EX_NOPERM (401), EX_CONFIG (organization_id is missing), EX_TEMPFAIL (a
 * rate limit that lasts longer than we wait, or than the deadline while this client has had no other answer;
 * with `optional`, any wait). API_STOPPED: a signal, or the deadline before a try of a client that has had
 * answers.
 */
enum api_status client_request(
    struct client *client, const struct client_request *request, struct http_call **out, struct error *e);

/* Did the server fail at a request, by the error of API_FAILED: no answer, a failing one, or none that we know?
 * Another request may go well. Not so with a refused token, a rate limit, or a store of ours that failed. */
bool client_blames_server(const struct error *e);

/* For a pass that lasts long: leaves a part of each window's requests to polls. */
void client_set_modest(struct client *client, bool modest);

/* Sends a GET that will be asked for next, if the rate limit allows it at once: the answer is on its way
 * while the caller works. It is optional: nothing is lost when it fails or is never followed by
 * client_request. */
void client_prefetch(struct client *client, const char *path);

/* Gives up what was asked for ahead, when nothing more is asked: client_rate_limit knows then that it counts.
 */
void client_cancel_prefetch(struct client *client);

/* When the request was sent that client_request answered last, by the wall clock. */
int64_t client_sent(const struct client *client);

/* The rate limit as the server last gave it (borrowed), the requests sent so far, and the bytes of bodies
 * received. */
const struct rate_limit *client_rate_limit(const struct client *client);
int64_t client_requests(const struct client *client);
int64_t client_bytes(const struct client *client);

/* The HTTP status of the last answer; 0 when the last request got none. */
int client_status(const struct client *client);

#endif
