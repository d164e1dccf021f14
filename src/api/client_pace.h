/*
 * client_pace: when a client may send, and whether it tries again: the rate limit, and a request's budget.
 * For client.c.
 */
#ifndef WOSYNC_API_CLIENT_PACE_H
#define WOSYNC_API_CLIENT_PACE_H

#include "api/client_state.h"
#include "api/request_result.h"

/*
 * What a request may still cost. Durations are milliseconds. Zeroed: nothing was sent.
 *
 * `give_up` of the settings bounds the time from the first try on, the next wait included, but for what is
 * waited because others used up the window (`excused`). The first wait that a 429 asks for is always kept:
 * the server has said when it will answer.
 */
struct budget {
    int64_t began;   /* when the first try was sent, by the monotonic clock; 0: none was yet */
    int64_t excused; /* time since that was spent on waiting for a used up window */
    int failures;    /* tries that went wrong */
    int refusals;    /* of them, those with 429 */
    bool refused;    /* the last one */
};

/* A try is sent; the first one begins the time that counts. */
void budget_begin(struct budget *budget);

/* A try failed. */
void budget_count_failure(struct budget *budget, enum request_result result);

/* May there be another try, `wait` from now? */
bool budget_allows(const struct budget *budget, int64_t wait, int64_t give_up);

/* A signal or the deadline came; in the second case the error stays. Returns API_STOPPED. */
enum api_status client_stopped(struct error *e);

/* Asks to send one request; where others share the rate limit it is counted then. Returns 0 when it may be
 * sent, how long to wait before asking again, or -1 with the error filled. */
int64_t client_ask_to_send(struct client *client, struct error *e);

/* A request whose answer no one reads counts all the same. */
void client_count_unread(struct client *client);

/* Note what an answer's headers say about the rate limit. Return whether it asks to wait. What is optional
 * must not keep the rest waiting for long, whatever it answers. */
bool client_note_headers(struct client *client, struct http_call *call);
bool client_note_rate(struct client *client, const struct client_request *request, struct http_call *call);

/* Waits as the rate limit demands. API_OK: a request may be sent now. Otherwise the wait is left to a later
 * run, or its end came (API_FAILED, API_STOPPED; as client_request says). */
enum api_status client_keep_pace(
    struct client *client, const struct client_request *request, struct budget *budget, struct error *e);

/* Waits after a failure that was counted. API_OK: there may be another try. Otherwise there is none: the
 * error still says what failed, or why the run ends. */
enum api_status client_back_off(
    struct client *client, const struct budget *budget, const char *what, struct error *e);

#endif
