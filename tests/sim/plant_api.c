/* The API in front of the plant: pages, filters, cursors, the rate limit, and everything that goes wrong with
 * them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "net.h"
#include "plant.h"
#include "verdict.h"

/* More cursors than the longest history asks for: without another one a list would end too early. */
enum { CURSORS = 8192, MOST_ORDERS = 256 };

struct plant_log plant_log;

/* One place in a list: what is shown behind it. */
struct cursor {
    int64_t since; /* NEVER: no bound */
    int64_t until;
    int order;     /* enum page_order */
    uint64_t salt; /* of BY_CHANCE */
    bool started;
    int64_t key, id; /* of the last that was shown */
    int64_t frozen;  /* the true time whose state is shown; NEVER: as it is */
};

struct query {
    int64_t limit, since, until;
    bool upcoming, bounded;
    const char *sort; /* NULL: none */
    char text[512];
    char *cursor;
    bool unknown; /* a parameter is not known */
};

static struct {
    struct cursor cursors[CURSORS];
    int count;
    int expired; /* cursors below this are no longer taken */
    int64_t window_began, used;
    int thumbnail;
} api;

void plant_api_reset(uint64_t seed)
{
    (void)seed;
    api.count = api.expired = api.thumbnail = 0;
    api.used = 0;
    api.window_began = NEVER;
    plant_log = (struct plant_log){.pass_began = NEVER, .date = NEVER, .emptied = NEVER};
}

void plant_expire_cursors(void)
{
    api.expired = api.count;
}

/* --- the question --- */

static void decode(char *text)
{
    char *out = text;
    for (; *text != '\0'; text++) {
        unsigned byte;
        if (*text == '%' && sscanf(text + 1, "%2x", &byte) == 1) {
            *out++ = (char)byte;
            text += 2;
        } else {
            *out++ = *text;
        }
    }
    *out = '\0';
}

static void read_parameter(struct query *q, char *name, char *value)
{
    const struct plant_manner *m = &plant.manner;
    decode(name);
    decode(value);
    if (strcmp(name, "limit") == 0) {
        q->limit = atoll(value);
    } else if (strcmp(name, "cursor") == 0) {
        q->cursor = value;
    } else if (strcmp(name, "show_upcoming") == 0) {
        q->upcoming = strcmp(value, "true") == 0;
    } else if ((strcmp(name, "updatedAtGte") == 0 && m->takes_gte) ||
               (strcmp(name, "updatedAt[gte]") == 0 && m->takes_brackets)) {
        q->bounded = true;
        q->since = plant_read_date(value);
    } else if (plant.takes_until && ((strcmp(name, "updatedAtLte") == 0 && m->takes_gte) ||
                                        (strcmp(name, "updatedAt[lte]") == 0 && m->takes_brackets))) {
        q->until = plant_read_date(value);
    } else if (strcmp(name, "sort") == 0 && m->takes_sort) {
        q->sort = value;
    } else if (strcmp(name, "expand") != 0) {
        q->unknown = true;
    }
}

static void read_query(struct query *q, const char *url)
{
    *q = (struct query){.limit = 100, .since = NEVER, .until = INT64_MAX};
    const char *mark = strchr(url, '?');
    snprintf(q->text, sizeof q->text, "%s", mark != NULL ? mark + 1 : "");
    char *place = NULL;
    for (char *pair = strtok_r(q->text, "&", &place); pair != NULL; pair = strtok_r(NULL, "&", &place)) {
        char *value = strchr(pair, '=');
        if (value == NULL)
            continue;
        *value = '\0';
        read_parameter(q, pair, value + 1);
    }
    if (q->limit < 1 || q->limit > 200)
        broken("R7", "limit=%lld in a request", (long long)q->limit);
}

/* --- the answer --- */

void plant_say(struct net_answer *answer, int status, const char *text)
{
    answer->status = status;
    buffer_append_text(&answer->body, text);
}

static void write_order(struct net_answer *answer, const struct order *order, int version)
{
    const struct version *v = &order->versions[version];
    buffer_append(&answer->body, v->json, v->len);
    if (plant.manner.thumbnails)
        buffer_append_format(&answer->body, ",\"thumbnail\":\"https://t/%d\"", api.thumbnail++);
    buffer_append_text(&answer->body, "}");
}

/* A work order in a list, and its place there. */
struct shown {
    const struct order *order;
    int version;
    int64_t key;
};

static int64_t key_of(const struct cursor *c, const struct order *order, const struct version *v)
{
    switch (c->order) {
    case BY_ID:
        return order->id;
    case BY_ID_DOWN:
        return -order->id;
    case BY_UPDATED:
        return v->updated;
    case BY_UPDATED_DOWN:
        return -v->updated;
    default: {
        struct dice dice = dice_of(c->salt, (uint64_t)order->id);
        return (int64_t)(dice_bits(&dice) >> 1);
    }
    }
}

static int compare_shown(const void *a, const void *b)
{
    const struct shown *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->order->id < y->order->id ? -1 : x->order->id > y->order->id;
}

/* What lies behind the cursor, in its order. Returns how many. */
static int list(const struct cursor *c, bool upcoming, struct shown *out)
{
    int count = 0;
    int64_t now = c->frozen != NEVER ? c->frozen : machine_now();
    for (int i = 0; i < plant.count && !plant.all_hidden; i++) {
        const struct order *order = &plant.orders[i];
        bool gone = order->removed != NEVER && order->removed <= machine_now();
        int version = gone ? -1 : plant_seen(order, now);
        if (version < 0 || order->hidden || (order->upcoming && !upcoming))
            continue;
        const struct version *v = &order->versions[version];
        int64_t key = key_of(c, order, v);
        bool before = c->started && (key < c->key || (key == c->key && order->id <= c->id));
        if (before || (c->since != NEVER && v->updated < c->since) || v->updated > c->until ||
            count == MOST_ORDERS)
            continue;
        out[count++] = (struct shown){order, version, key};
    }
    qsort(out, (size_t)count, sizeof *out, compare_shown);
    return count;
}

/* Finds the place where the list goes on. Returns false after answering that the cursor is not taken. */
static bool find_cursor(const struct query *q, struct cursor *c, struct net_answer *answer)
{
    int number;
    if (q->cursor == NULL) {
        *c = (struct cursor){.since = q->bounded ? q->since : NEVER,
            .until = q->until,
            .order = plant.manner.order,
            .salt = dice_bits(&plant.dice),
            .frozen = plant.manner.frozen_pages ? machine_now() : NEVER};
        if (q->sort != NULL)
            c->order = *q->sort == '-' ? BY_UPDATED_DOWN : BY_UPDATED;
        return true;
    }
    if (sscanf(q->cursor, "c/%d", &number) != 1 || number < 0 || number >= api.count) {
        broken("api", "a cursor that was never given: %s", q->cursor);
        number = 0;
    }
    if (number < api.expired) {
        plant_say(answer, plant.manner.status_gone, "{\"error\":\"the cursor has expired\"}");
        return false;
    }
    *c = api.cursors[number];
    return true;
}

static void answer_list(const struct net_request *request, struct net_answer *answer, bool repeat)
{
    struct query q;
    struct cursor c;
    struct shown shown[MOST_ORDERS];
    read_query(&q, request->url);
    if (q.unknown && plant.manner.refuses_unknown) {
        plant_say(answer, 400, "{\"error\":\"unknown parameter\"}");
        return;
    }
    if (!find_cursor(&q, &c, answer))
        return;
    int count = list(&c, q.upcoming, shown), n = count < q.limit ? count : (int)q.limit;
    for (int i = 0; i < n && plant.cursed_pages; i++)
        if (plant_answer_cursed(shown[i].order, answer))
            return;
    plant_say(answer, 200, "{\"workOrders\":[");
    for (int i = 0; i < n; i++) {
        if (i > 0)
            buffer_append_text(&answer->body, ",");
        write_order(answer, shown[i].order, shown[i].version);
    }
    if (n < count && api.count == CURSORS)
        broken("api", "the model has no more cursors");
    if (n < count && api.count < CURSORS) {
        c.started = true;
        c.key = shown[n - 1].key;
        c.id = shown[n - 1].order->id;
        if (!repeat || q.cursor == NULL)
            api.cursors[api.count++] = c;
        buffer_append_format(&answer->body, "],\"nextCursor\":\"c/%d\",\"nextPageUrl\":null}",
            repeat && q.cursor != NULL ? atoi(q.cursor + 2) : api.count - 1);
    } else {
        buffer_append_text(&answer->body, "],\"nextCursor\":null,\"nextPageUrl\":null}");
    }
    trace("api: %d of %d work orders", n, count);
}

static void note_pass(const struct net_request *request, const struct net_answer *answer)
{
    if (plant_begins_pass(request) && request->answer_comes && answer->status == 200)
        plant_log.pass_began = machine_now();
}

/* Two of these, and a sweep without it, prove that it is deleted. */
static void note_refusal(struct order *order)
{
    order->refusals++;
    if (order->refusals > order->most_refusals)
        order->most_refusals = order->refusals;
}

static void answer_one(const struct net_request *request, struct net_answer *answer)
{
    long long id = atoll(strrchr(request->url, '/') + 1);
    struct order *order = plant_order(id);
    /* the list lags the single record, which is always as it is */
    int version = order != NULL && !plant.all_hidden ? plant_truth(order, machine_now()) : -1;
    if (version < 0) {
        if (order != NULL)
            note_refusal(order);
        plant_say(answer, 404, "{\"error\":\"not found\"}");
        return;
    }
    order->refusals = 0;
    if (plant_answer_cursed(order, answer))
        return;
    plant_say(answer, 200, "{\"workOrder\":");
    write_order(answer, order, version);
    buffer_append_text(&answer->body, "}");
}

/* Users, two a page; teams there are none. */
static void answer_people(const struct net_request *request, struct net_answer *answer, const char *list)
{
    struct query q;
    read_query(&q, request->url);
    if (plant.manner.people != 200) {
        plant_say(answer, plant.manner.people, "{\"error\":\"no\"}");
        return;
    }
    int first = q.cursor != NULL ? atoi(q.cursor) : 0, all = strcmp(list, "users") == 0 ? PLANT_USERS : 0;
    plant_say(answer, 200, "");
    buffer_append_format(&answer->body, "{\"%s\":[", list);
    for (int i = first; i < all && i < first + 2; i++)
        buffer_append_format(&answer->body, "%s{\"id\":%d,\"firstName\":\"User\",\"lastName\":\"%d\"}",
            i > first ? "," : "", PLANT_FIRST_USER + i, PLANT_FIRST_USER + i);
    if (first + 2 < all)
        buffer_append_format(&answer->body, "],\"nextCursor\":\"%d\"}", first + 2);
    else
        buffer_append_text(&answer->body, "]}");
}

/* --- the rate limit --- */

/* Returns false after refusing. */
static bool take_token(struct net_answer *answer)
{
    const struct plant_manner *m = &plant.manner;
    int64_t now = machine_now();
    if (m->limit == 0)
        return true;
    if (api.window_began == NEVER || now >= api.window_began + m->window) {
        api.window_began = now;
        api.used = 0;
    }
    if (plant.others > 0 && dice_chance(&plant.dice, (int)plant.others))
        api.used += dice_below(&plant.dice, m->limit + 1);
    bool taken = api.used < m->limit;
    if (taken)
        api.used++;
    int64_t left = api.window_began + m->window - now, remaining = m->limit - api.used;
    int64_t seconds = m->rounds_down ? left / 1000 : (left + 999) / 1000;
    net_header(answer, "X-Rate-Limit-Limit", "%lld", (long long)m->limit);
    net_header(answer, "X-Rate-Limit-Remaining", "%lld", (long long)(remaining > 0 ? remaining : 0));
    net_header(answer, "X-Rate-Limit-Reset", "%lld", (long long)seconds);
    if (taken)
        return true;
    if (m->says_retry_after)
        net_header(answer, "Retry-After", "%lld", (long long)(left + 999) / 1000);
    plant_log.refused++;
    plant_say(answer, 429, "{\"error\":\"too many requests\"}");
    return false;
}

/* --- all of it --- */

void plant_answer(const struct net_request *request, struct net_answer *answer)
{
    char date[64];
    const char *path = request->url + sizeof NET_PLANT - 1;
    const char *token = net_request_header(request, "Authorization");
    trace("api: %s", path);
    plant_log.requests++;
    if (request->orphan)
        plant_log.overtaken = machine_now();
    plant_log.date = NEVER;
    if (plant.manner.says_date) {
        plant_log.date = machine_now() + plant.manner.date_ahead;
        plant_write_http_date(plant_log.date, date);
        net_header(answer, "Date", "%s", date);
    }
    if (token == NULL || strcmp(token, "Bearer simulated-token") != 0)
        broken("R7", "a request without the token");
    if (!take_token(answer)) {
        trace("api: 429");
        return;
    }
    if (plant_answer_emptily(request, answer))
        return;
    bool wrong = dice_chance(&plant.dice, plant.trouble);
    if (wrong && plant_answer_wrongly(answer)) {
        trace("api: wrongly %d", answer->status);
        struct order *order =
            strncmp(path, "/v1/workorders/", 15) == 0 ? plant_order(atoll(path + 15)) : NULL;
        if (order != NULL && (answer->status == 404 || answer->status == 410))
            note_refusal(order);
    }
    if (wrong && answer->status != 0)
        return;
    if (strncmp(path, "/v1/workorders?", 15) == 0)
        answer_list(request, answer, wrong);
    else if (strncmp(path, "/v1/workorders/", 15) == 0)
        answer_one(request, answer);
    else if (strncmp(path, "/v1/users?", 10) == 0)
        answer_people(request, answer, "users");
    else if (strncmp(path, "/v1/teams?", 10) == 0)
        answer_people(request, answer, "teams");
    else
        broken("api", "an address that there is not: %s", path);
    if (strncmp(path, "/v1/workorders?", 15) == 0 && !wrong)
        note_pass(request, answer);
}
