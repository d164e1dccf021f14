#include "plant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/http.h"
#include "base/clock.h"
#include "base/timestamp.h"
#include "support.h"

/* --- base/clock.c --- */

const int64_t now = INT64_C(1768903200000);
int64_t later;

int64_t clock_now(void)
{
    return now + later;
}

int64_t clock_monotonic(void)
{
    return 1000 + later;
}

void clock_sleep(int64_t microseconds)
{
    (void)microseconds;
}

/* --- the server --- */

struct plant_server server;

void set_orders(const struct order *orders, size_t count)
{
    memset(&server, 0, sizeof server);
    memcpy(server.orders, orders, count * sizeof *orders);
    server.count = count;
}

static int64_t creation(const struct order *order)
{
    return now - HOUR - server.ages[order->id] * MINUTE;
}

static void write_order(const struct order *order, struct buffer *out)
{
    char updated[TIMESTAMP_SIZE], created[TIMESTAMP_SIZE];
    int64_t stale = order->id == server.stale ? -HOUR : 0;
    timestamp_format(now + order->minute * MINUTE + stale, updated);
    timestamp_format(creation(order), created);
    buffer_append_format(out, "{\"id\":%lld,", (long long)order->id);
    if (!order->odd)
        buffer_append_format(
            out, "\"title\":\"Pump\",\"status\":\"%s\",\"createdAt\":\"%s\",", order->status, created);
    const char *people = server.people[order->id];
    buffer_append_format(out, "\"updatedAt\":\"%s\"%s}", updated, people != NULL ? people : "");
}

/* The value of a parameter of the URL, which is not encoded here. NULL: it is not there. */
static const char *parameter(const char *url, const char *name)
{
    static char values[8][512];
    static unsigned turn;
    char begin[64];
    snprintf(begin, sizeof begin, "&%s=", name);
    const char *found = strstr(url, begin);
    if (found == NULL)
        return NULL;
    char *value = values[turn++ % COUNT(values)];
    found += strlen(begin);
    snprintf(value, sizeof values[0], "%.*s", (int)strcspn(found, "&"), found);
    return value;
}

static int by_date(const void *a, const void *b)
{
    const struct order *x = a, *y = b;
    return (x->minute > y->minute) - (x->minute < y->minute);
}

static int by_creation(const void *a, const void *b)
{
    const int64_t x = creation(a), y = creation(b);
    return (x > y) - (x < y);
}

/* The value of a parameter that is a date; INSTEAD where it is not there, or not honoured. */
static int64_t date_in(const char *url, const char *name, int64_t instead)
{
    const char *date = parameter(url, name);
    return date != NULL && server.brackets == HONOURED ? instant(date) : instead;
}

static int answer_list(const char *url, struct buffer *out)
{
    const char *gte = parameter(url, "updatedAtGte"), *brackets = parameter(url, "updatedAt[gte]");
    const char *sort = parameter(url, "sort"), *cursor = parameter(url, "cursor");
    struct order list[COUNT(server.orders)];
    size_t limit = strtoul(strstr(url, "limit=") + 6, NULL, 10),
           first = cursor != NULL ? strtoul(cursor, NULL, 10) : 0;
    size_t count = 0, i;
    const char *until_text = parameter(url, brackets != NULL ? "updatedAt[lte]" : "updatedAtLte");
    int64_t since = INT64_MIN, until = INT64_MAX;
    const int64_t born_from = date_in(url, "createdAt[gte]", INT64_MIN),
                  born_until = date_in(url, "createdAt[lte]", INT64_MAX);
    if (server.before != NULL)
        server.before();
    if (++server.pages == server.fails)
        return 403;
    if (server.list_status != 0)
        return server.list_status;
    if (cursor != NULL && server.refuses_cursors > 0 && server.refuses_cursors-- > 0)
        return 410;
    if ((gte != NULL && server.gte == REFUSED) || (brackets != NULL && server.brackets == REFUSED) ||
        (sort != NULL && server.sort == REFUSED))
        return 400;
    if ((gte != NULL && server.gte == BROKEN) || (brackets != NULL && server.brackets == BROKEN) ||
        (sort != NULL && server.sort == BROKEN))
        return 500;
    if (strstr(url, "&createdAt[") != NULL && server.brackets == REFUSED)
        return 400;
    if (until_text != NULL && server.lte == REFUSED)
        return 400;
    const bool ignored = server.ignores_both && (brackets != NULL ? server.brackets : server.gte) == IGNORED;
    if (until_text != NULL && server.lte == HONOURED && !ignored)
        until = instant(until_text);
    if (gte != NULL && server.gte == HONOURED)
        since = instant(gte);
    if (brackets != NULL && server.brackets == HONOURED)
        since = instant(brackets);
    for (i = 0; i < server.count; i++)
        if (!server.orders[i].gone && !server.unlisted[server.orders[i].id] &&
            creation(&server.orders[i]) >= born_from && creation(&server.orders[i]) <= born_until &&
            now + server.orders[i].minute * MINUTE >= since &&
            now + server.orders[i].minute * MINUTE <= until)
            list[count++] = server.orders[i];
    if (sort != NULL && server.sort == HONOURED)
        qsort(list, count, sizeof *list, strstr(sort, "createdAt") != NULL ? by_creation : by_date);
    buffer_append_text(out, "{\"workOrders\":[");
    for (i = first; i < count && i < first + limit; i++) {
        buffer_append_text(out, i > first ? "," : "");
        if (list[i].id == server.cursed)
            return server.curse;
        bool falls = sort != NULL && *sort == '-' && server.sort == HONOURED;
        write_order(&list[falls ? count - 1 - i : i], out);
    }
    buffer_append_text(out, "]");
    if (i < count)
        buffer_append_format(out, ",\"nextCursor\":\"%zu\"", server.repeats ? limit : i);
    buffer_append_text(out, "}");
    return 200;
}

static int answer_one(int64_t id, struct buffer *out)
{
    for (size_t i = 0; i < server.count; i++)
        if (server.orders[i].id == id && !server.orders[i].gone) {
            buffer_append_text(out, "{\"workOrder\":");
            write_order(&server.orders[i], out);
            buffer_append_text(out, "}");
            return 200;
        }
    return 404;
}

static int answer_people(struct plant_people *people, const char *url, struct buffer *out)
{
    const char *cursor = parameter(url, "cursor");
    people->requests++;
    if (server.before != NULL)
        server.before();
    if (people->status == 200)
        buffer_append_text(out, people->pages[cursor != NULL ? atoi(cursor) : 0]);
    return people->status != 0 ? people->status : 404;
}

static int answer(const char *url, struct buffer *out)
{
    const char *path = strrchr(url, '/');
    if (strncmp(path, "/users?", 7) == 0)
        return answer_people(&server.users, url, out);
    if (strncmp(path, "/teams?", 7) == 0)
        return answer_people(&server.teams, url, out);
    if (strncmp(path, "/workorders?", 12) == 0)
        return answer_list(url, out);
    if (server.before != NULL)
        server.before();
    if (server.status != 0)
        return server.status;
    if (strstr(url, "/subscriptions/") != NULL && strcmp(path, "/s1") == 0) {
        buffer_append_text(out,
            "{\"subscription\":{\"id\":\"s1\",\"type\":\"a\",\"url\":\"https://x.example/\","
            "\"status\":\"PENDING_APPROVAL\"}}");
        return 200;
    }
    return strstr(url, "/workorders/") != NULL ? answer_one(strtoll(path + 1, NULL, 10), out) : 404;
}

/* --- api/http.c --- */

struct http {
    int calls;
};

struct http_call {
    int status;
    struct buffer body;
};

struct http *http_new(const char *user_agent)
{
    (void)user_agent;
    return calloc(1, sizeof(struct http));
}

void http_free(struct http *http)
{
    free(http);
}

const char *http_check_url(const char *url, bool allow_plain)
{
    (void)url;
    (void)allow_plain;
    return NULL;
}

void http_append_encoded(struct buffer *url, const char *text)
{
    buffer_append_text(url, text);
}

struct http_call *http_start(struct http *http, const struct http_request *request)
{
    struct http_call *call = calloc(1, sizeof *call);
    http->calls++;
    call->status = answer(request->url, &call->body);
    return call;
}

void http_work(struct http *http, int64_t ms)
{
    (void)http;
    (void)ms;
}

void http_wait(struct http *http, const struct pollfd *fds, size_t count, int64_t ms)
{
    (void)fds;
    (void)count;
    http_work(http, ms);
}

bool http_is_done(const struct http_call *call)
{
    (void)call;
    return true;
}

enum transfer_status http_finish(struct http_call *call)
{
    (void)call;
    return HTTP_ANSWERED;
}

const char *http_reason(const struct http_call *call)
{
    (void)call;
    return "";
}

int http_status(const struct http_call *call)
{
    return call->status;
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
    (void)call;
    return strcmp(name, "x-rate-limit-limit") == 0       ? "1000"
           : strcmp(name, "x-rate-limit-remaining") == 0 ? "900"
           : strcmp(name, "x-rate-limit-reset") == 0     ? "60"
                                                         : NULL;
}

void http_call_free(struct http_call *call)
{
    if (call == NULL)
        return;
    buffer_free(&call->body);
    free(call);
}
