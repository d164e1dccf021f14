#include "net.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/http.h"
#include "base/clock.h"
#include "base/shutdown.h"
#include "machine.h"
#include "plant.h"
#include "receivers.h"
#include "verdict.h"

/* What becomes of an exchange on its way. */
enum way { WAY_GOOD, WAY_REFUSED, WAY_LOST, WAY_RESET, WAY_TRUNCATED };

/* More are never under way at once: eight for each handler and a page. */
enum { MOST_UNDER_WAY = 128 };

/* In good weather nothing takes longer: no one's patience is at its end by then. */
enum { LONGEST_MS = 8000 };

struct exchange {
    struct http_call *call; /* NULL: no one waits for the answer any more */
    enum net_side side;
    enum way way;
    struct net_request request;
    int64_t arrives;
    bool arrived;
    int64_t answers; /* when the answer is there */
    struct net_answer answer;
};

struct http {
    int calls;
};

struct http_call {
    struct http *http;
    struct exchange *exchange;
    int64_t gives_up;
    bool done;
    enum transfer_status outcome;
    size_t max_body;
    struct buffer body;
};

static struct {
    struct exchange *under_way[MOST_UNDER_WAY];
    int count;
    int percent[NET_SIDES];
    int64_t latency;
    struct dice dice;
} net;

static void free_exchange(struct exchange *x)
{
    for (int i = 0; i < net.count; i++)
        if (net.under_way[i] == x)
            net.under_way[i] = net.under_way[--net.count];
    for (size_t i = 0; x->request.headers[i] != NULL; i++)
        free(x->request.headers[i]);
    free(x->request.headers);
    free(x->request.url);
    free(x->request.body);
    buffer_free(&x->answer.body);
    free(x);
}

void net_reset(uint64_t seed, int64_t latency)
{
    while (net.count > 0)
        free_exchange(net.under_way[0]);
    memset(&net, 0, sizeof net);
    net.latency = latency;
    net.dice = dice_of(seed, 2);
}

void net_weather(enum net_side side, int percent)
{
    net.percent[side] = percent;
}

void net_header(struct net_answer *answer, const char *name, const char *format, ...)
{
    va_list ap;
    for (int i = 0; i < NET_HEADERS; i++) {
        struct net_header *header = &answer->headers[i];
        if (header->name[0] != '\0')
            continue;
        snprintf(header->name, sizeof header->name, "%s", name);
        va_start(ap, format);
        vsnprintf(header->value, sizeof header->value, format, ap);
        va_end(ap);
        return;
    }
    abort();
}

const char *net_request_header(const struct net_request *request, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; request->headers[i] != NULL; i++)
        if (strncasecmp(request->headers[i], name, len) == 0 && request->headers[i][len] == ':')
            return request->headers[i] + len + 1 + strspn(request->headers[i] + len + 1, " ");
    return NULL;
}

/* --- what happens on the way --- */

static int64_t some_time(void)
{
    int64_t time = dice_below(&net.dice, net.latency + 1);
    return dice_chance(&net.dice, 2) && time < LONGEST_MS / 20 ? time * 20 : time;
}

static struct exchange *next_arrival(void)
{
    struct exchange *first = NULL;
    for (int i = 0; i < net.count; i++)
        if (!net.under_way[i]->arrived && (first == NULL || net.under_way[i]->arrives < first->arrives))
            first = net.under_way[i];
    return first;
}

int64_t net_next(void)
{
    const struct exchange *x = next_arrival();
    return x != NULL ? x->arrives : INT64_MAX;
}

void net_happen(void)
{
    struct exchange *x = next_arrival();
    x->arrived = true;
    x->answers = machine_now() + some_time() + receivers_delay(x->request.url) + plant_delay(x->request.url);
    x->request.orphan = x->call == NULL;
    x->request.answer_comes = x->way == WAY_GOOD && x->call != NULL && x->answers < x->call->gives_up;
    if (x->side == NET_TO_PLANT)
        plant_answer(&x->request, &x->answer);
    else
        receivers_answer(&x->request, &x->answer);
    if (x->call == NULL)
        free_exchange(x);
}

/* --- the client's side: api/http.h --- */

struct http *http_new(const char *user_agent)
{
    (void)user_agent;
    return calloc(1, sizeof(struct http));
}

void http_free(struct http *http)
{
    if (http != NULL && http->calls != 0)
        broken("memory", "an HTTP client is freed before its calls");
    free(http);
}

const char *http_check_url(const char *url, bool allow_plain)
{
    (void)allow_plain;
    return strncmp(url, "http", 4) == 0 ? NULL : "not a URL";
}

void http_append_encoded(struct buffer *url, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    for (; *text != '\0'; text++)
        if (strchr(plain, *text) != NULL)
            buffer_append(url, text, 1);
        else
            buffer_append_format(url, "%%%02X", (unsigned char)*text);
}

static char *copy(const void *bytes, size_t len)
{
    char *result = malloc(len + 1);
    if (result == NULL)
        abort();
    if (len > 0)
        memcpy(result, bytes, len);
    result[len] = '\0';
    return result;
}

static void copy_request(const struct http_request *from, struct net_request *to)
{
    size_t count = 0;
    while (from->headers != NULL && from->headers[count] != NULL)
        count++;
    to->url = copy(from->url, strlen(from->url));
    to->headers = calloc(count + 1, sizeof *to->headers);
    if (to->headers == NULL)
        abort();
    for (size_t i = 0; i < count; i++)
        to->headers[i] = copy(from->headers[i], strlen(from->headers[i]));
    to->body = copy(from->body, from->body_len);
    to->body_len = from->body_len;
    to->sent = clock_now();
    to->true_sent = machine_now();
    to->run = receivers_run_now();
}

static enum way choose_way(enum net_side side)
{
    if (!dice_chance(&net.dice, net.percent[side]))
        return WAY_GOOD;
    return (enum way)dice_between(&net.dice, WAY_REFUSED, WAY_TRUNCATED);
}

static void count_request(struct process *process, const char *url)
{
    if (strncmp(url, NET_PLANT "/", sizeof NET_PLANT) != 0) {
        process->deliveries++;
    } else if (strstr(url, "/workorders?") != NULL) {
        process->first_list = process->lists++ == 0 ? machine_now() : process->first_list;
        process->last_list = machine_now();
    } else if (strstr(url, "/workorders/") != NULL) {
        process->singles++;
    }
}

struct http_call *http_start(struct http *http, const struct http_request *request)
{
    struct http_call *call = calloc(1, sizeof *call);
    if (call == NULL)
        abort();
    call->http = http;
    call->max_body = request->max_body;
    call->gives_up = machine_now() + request->timeout_ms;
    http->calls++;
    if (machine_call(CALL_HTTP) == FATE_DEAD)
        return call;
    struct exchange *x = calloc(1, sizeof *x);
    if (x == NULL || net.count == MOST_UNDER_WAY)
        abort();
    x->side = strncmp(request->url, NET_PLANT "/", sizeof NET_PLANT) == 0 ? NET_TO_PLANT : NET_TO_RECEIVERS;
    x->way = choose_way(x->side);
    x->call = call;
    copy_request(request, &x->request);
    count_request(machine_process(), request->url);
    x->arrives = machine_now() + some_time();
    call->exchange = x;
    net.under_way[net.count++] = x;
    if (x->way == WAY_REFUSED) {
        /* the connection itself fails: no one else hears of it */
        x->arrived = true;
        x->answers = x->arrives;
        if (x->side == NET_TO_RECEIVERS)
            receivers_unreached(&x->request);
    }
    return call;
}

/* When this call will have something to say: INT64_MAX for one that is done. */
static int64_t next_moment(const struct http_call *call)
{
    const struct exchange *x = call->exchange;
    int64_t moment = x == NULL            ? INT64_MAX
                     : !x->arrived        ? x->arrives
                     : x->way == WAY_LOST ? INT64_MAX
                                          : x->answers;
    return moment < call->gives_up ? moment : call->gives_up;
}

static void settle(struct http_call *call)
{
    struct exchange *x = call->exchange;
    call->done = true;
    call->outcome = HTTP_NO_ANSWER;
    if (x == NULL || !x->arrived || x->answers > machine_now() ||
        (x->way != WAY_GOOD && x->way != WAY_TRUNCATED))
        return;
    size_t len = x->answer.body.len;
    call->outcome = x->way == WAY_TRUNCATED || x->answer.truncated ? HTTP_TRUNCATED : HTTP_ANSWERED;
    if (call->outcome == HTTP_TRUNCATED)
        len /= 2;
    if (len > call->max_body) {
        len = call->max_body;
        call->outcome = HTTP_TOO_LARGE;
    }
    buffer_append(&call->body, x->answer.body.data != NULL ? x->answer.body.data : "", len);
}

/* Marks the calls that are done by now. Returns how many; *next is when the next thing happens to one that is
 * not. */
static int collect(const struct http *http, int64_t *next)
{
    int count = 0;
    *next = INT64_MAX;
    for (int i = 0; i < net.count; i++) {
        struct http_call *call = net.under_way[i]->call;
        if (call == NULL || call->http != http || call->done)
            continue;
        const struct exchange *x = net.under_way[i];
        int64_t moment = next_moment(call);
        if (machine_now() >= call->gives_up ||
            (x->arrived && x->way != WAY_LOST && machine_now() >= x->answers)) {
            settle(call);
            count++;
        } else if (moment < *next) {
            *next = moment;
        }
    }
    return count;
}

void http_work(struct http *http, int64_t ms)
{
    int64_t next, end = ms < INT64_MAX - machine_now() ? machine_now() + ms : INT64_MAX;
    if (machine_call(CALL_HTTP) == FATE_DEAD)
        return;
    while (collect(http, &next) == 0 && next < INT64_MAX && machine_now() < end && !shutdown_signalled()) {
        int64_t until = next < end ? next : end;
        machine_advance(until > machine_now() ? until - machine_now() : 0);
    }
}

/* Nothing else is waited for: blocking work is done at once (child.c). */
void http_wait(struct http *http, const struct pollfd *fds, size_t count, int64_t ms)
{
    (void)fds;
    (void)count;
    http_work(http, ms);
}

bool http_is_done(const struct http_call *call)
{
    return call->done;
}

enum transfer_status http_finish(struct http_call *call)
{
    while (!call->done && !shutdown_signalled())
        http_work(call->http, 1000);
    return call->done ? call->outcome : HTTP_STOPPED;
}

const char *http_reason(const struct http_call *call)
{
    return call->outcome == HTTP_TRUNCATED ? "it breaks off" : "there is none";
}

int http_status(const struct http_call *call)
{
    return call->exchange != NULL ? call->exchange->answer.status : 0;
}

const struct buffer *http_body(const struct http_call *call)
{
    return &call->body;
}

/* Its servers speak no TLS. */
bool http_certificate(const struct http_call *call, char *issuer, size_t size, int64_t *ends)
{
    (void)call;
    (void)issuer;
    (void)size;
    (void)ends;
    return false;
}

const char *http_header(struct http_call *call, const char *name)
{
    for (int i = 0; call->exchange != NULL && i < NET_HEADERS; i++)
        if (strcasecmp(call->exchange->answer.headers[i].name, name) == 0)
            return call->exchange->answer.headers[i].value;
    return NULL;
}

void http_call_free(struct http_call *call)
{
    if (call == NULL)
        return;
    struct exchange *x = call->exchange;
    call->http->calls--;
    if (x != NULL && x->arrived)
        free_exchange(x);
    else if (x != NULL)
        x->call = NULL; /* it arrives all the same */
    buffer_free(&call->body);
    free(call);
}
