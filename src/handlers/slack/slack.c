/* slack: a message to an incoming webhook (https://api.slack.com/messaging/webhooks); one summary when there
 * are many. */
#include "handlers/registry.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/http_job.h"
#include "handlers/http_probe.h"
#include "handlers/slack/slack_text.h"

/* Where the app shows a work order. MaintainX documents no such address: change it by `link` if it moves. */
#define DEFAULT_LINK "https://app.getmaintainx.com/workorders/" SLACK_LINK_ID

#define GREETING "MaintainX Alert: "

/* Slack takes one message a second for each webhook, and more only in short bursts. */
enum { INTERVAL_MS = 1000 };

enum { DEFAULT_DIGEST_ABOVE = 20, MOST_DIGEST_ABOVE = 1000000 };

/* Lines of a digest: what is most urgent, at a glance. */
enum { DIGEST_LINES = 5 };

/* What a work order says last, of those that are shown. */
struct entry {
    struct buffer line;
    int64_t work_order;
    int64_t seq;
    bool urgent;
};

struct summary {
    int64_t counts[EVENT_TYPES + 1];
    int64_t total;
    struct entry
        top[DIGEST_LINES + 1]; /* the most urgent first; the last place is for the one that is put in */
    int shown;
};

struct slack_state {
    char *url;
    char *link;
    int64_t digest_above;
    struct summary summary; /* what was pushed and is not sent yet */
};

static const struct handler_key keys[] = {{.name = "url", .required = true, .indirect = true},
    {.name = "digest_above"}, {.name = "link"}, {.name = NULL}};

static char *read_link(const struct handler_setup *setup)
{
    const struct ini_setting *setting = ini_setting(setup->section, "link");
    const char *link = setting != NULL ? setting->value : DEFAULT_LINK;
    int line = setting != NULL ? setting->line : 0;
    if ((strncmp(link, "https://", 8) != 0 && strncmp(link, "http://", 7) != 0) ||
        strpbrk(link, "<>| \t") != NULL || strstr(link, SLACK_LINK_ID) == NULL) {
        setup_problem(setup, line, "link = %s: write a URL with {id} where the work order's id stands", link);
        return NULL;
    }
    return strdup(link);
}

static void *make(const struct handler_setup *setup)
{
    size_t before = setup->problems->len;
    struct slack_state *state = calloc(1, sizeof *state);
    state->url = setup_url(setup, "url");
    state->link = read_link(setup);
    state->digest_above = setup_number(setup, "digest_above", DEFAULT_DIGEST_ABOVE, 0, MOST_DIGEST_ABOVE);
    if (setup->problems->len == before)
        return state;
    free(state->url);
    free(state->link);
    free(state);
    return NULL;
}

/* --- sending --- */

/* An incoming webhook says exactly `ok`. Anything else with a 200 is a proxy, a log-in page, another address.
 */
static void judge(struct http_call *call, enum transfer_status transfer, struct delivery_result *result)
{
    http_job_judge_status(call, transfer, result);
    if (result->status == DELIVERY_DONE && strcmp(http_job_body(call), "ok") != 0)
        handler_later(result, -1, "HTTP %d, but the answer is not `ok`: %.1000s", http_status(call),
            http_job_body(call));
}

/* A request with `{"text": TEXT}`. */
static void make_request(
    const struct slack_state *state, const struct buffer *text, struct http_job_request *request)
{
    *request = (struct http_job_request){.url = state->url};
    struct json_object *message = json_object_new_object();
    json_object_object_add(message, "text", json_object_new_string_len(text->data, (int)text->len));
    const char *json = json_object_to_json_string_length(
        message, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &request->body_len);
    request->headers = calloc(2, sizeof *request->headers);
    request->headers[0] = strdup("Content-Type: application/json");
    request->body = request->made = strdup(json);
    json_object_put(message);
}

/* --- the summary --- */

/* High priority first, then the newest. */
static bool goes_before(const struct entry *a, const struct entry *b)
{
    return a->urgent != b->urgent ? a->urgent : a->seq > b->seq;
}

static void drop(struct summary *summary, int index)
{
    buffer_free(&summary->top[index].line);
    summary->shown--;
    memmove(&summary->top[index], &summary->top[index + 1],
        (size_t)(summary->shown - index) * sizeof *summary->top);
}

/* Puts the entry where it belongs, in place of what the same work order said before; what is too much is
 * dropped. */
static void put(struct summary *summary, const struct entry *entry)
{
    int place = 0;
    for (int i = 0; i < summary->shown; i++)
        if (summary->top[i].work_order == entry->work_order) {
            drop(summary, i);
            break;
        }
    while (place < summary->shown && goes_before(&summary->top[place], entry))
        place++;
    memmove(&summary->top[place + 1], &summary->top[place],
        (size_t)(summary->shown - place) * sizeof *summary->top);
    summary->top[place] = *entry;
    summary->shown++;
    if (summary->shown > DIGEST_LINES)
        drop(summary, DIGEST_LINES);
}

static void clear(struct summary *summary)
{
    while (summary->shown > 0)
        drop(summary, summary->shown - 1);
    *summary = (struct summary){.total = 0};
}

static void push(void *context, struct handler_event *event)
{
    struct slack_state *state = context;
    if (event == NULL) {
        clear(&state->summary);
        return;
    }
    struct entry entry = {.work_order = event->work_order, .seq = event->seq};
    slack_append_line(&entry.line, event, "", state->link, &entry.urgent);
    state->summary.counts[event->type]++;
    state->summary.total++;
    put(&state->summary, &entry);
}

/* `:inbox_tray: MaintainX Alert: 42 events: 40 WO created, 2 WO completed`, and the lines. */
static void append_summary(struct buffer *text, const struct summary *summary)
{
    static const char *const words[EVENT_TYPES + 1] = {
        [EVENT_CREATED] = "created",
        [EVENT_STATUS_CHANGED] = "status changed",
        [EVENT_COMPLETED] = "completed",
        [EVENT_UPDATED] = "updated",
        [EVENT_DELETED] = "deleted",
        [EVENT_TYPES] = "other",
    };
    const char *separator = ": ";
    buffer_append_format(text, ":inbox_tray: " GREETING "%" PRId64 " %s", summary->total,
        summary->total == 1 ? "event" : "events");
    for (int i = 0; i <= EVENT_TYPES; i++) {
        if (summary->counts[i] == 0)
            continue;
        buffer_append_format(text, "%s%" PRId64 " WO %s", separator, summary->counts[i], words[i]);
        separator = ", ";
    }
    for (int i = 0; i < summary->shown; i++)
        buffer_append_format(text, "\n%s", summary->top[i].line.data);
}

/* The message for a batch: of one event, or of what was pushed. */
static void prepare(
    const struct slack_state *state, struct handler_batch *batch, struct http_job_request *request)
{
    struct buffer text = {0};
    bool urgent;
    if (batch->kind == HANDLER_SUMMARY)
        append_summary(&text, &state->summary);
    else
        slack_append_line(&text, batch->events, GREETING, state->link, &urgent);
    make_request(state, &text, request);
    buffer_free(&text);
}

static void *start(
    void *state, struct handler_host *host, struct handler_batch *batch, struct delivery_result *results)
{
    struct http_job_request request;
    (void)results;
    prepare(state, batch, &request);
    return http_job_start(host, &request, batch->timeout, judge);
}

/* The message alone: the address is the secret. */
static int render(void *state, struct handler_batch *batch, struct handler_render *out, struct error *e)
{
    struct http_job_request request;
    (void)e; /* this cannot fail */
    prepare(state, batch, &request);
    buffer_append(&out->bytes, request.body, request.body_len);
    out->suffix = ".json";
    http_job_request_free(&request);
    return 0;
}

/* Messages in a channel keep their order. */
static void limits(const void *context, struct handler_limits *limits)
{
    const struct slack_state *state = context;
    limits->jobs = 1;
    limits->interval_ms = INTERVAL_MS;
    limits->summary_above = (size_t)state->digest_above;
}

static void release(void *context)
{
    struct slack_state *state = context;
    clear(&state->summary);
    free(state->url);
    free(state->link);
    free(state);
}

static int probe(void *context, struct handler_probe *out, struct error *e)
{
    const struct slack_state *state = context;
    return http_probe(state->url, &(struct http_tls){NULL, NULL, NULL}, out, e);
}

const struct handler_type handler_slack = {
    .name = "slack",
    .keys = keys,
    .make = make,
    .free = release,
    .limits = limits,
    .driver = {.start = start,
        .poll = http_job_poll,
        .collect = http_job_collect,
        .cancel = http_job_cancel,
        .push = push},
    .probe = probe,
    .render = render,
};
