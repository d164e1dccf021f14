#include "receivers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dice.h"
#include "machine.h"
#include "net.h"
#include "verdict.h"

struct tries tries;
struct chat chat;

/* erp wants everything, line what begins and ends, high what is urgent: see history.c. */
const char *const receiver_names[RECEIVERS] = {"erp", "line", "high"};

enum { ERP };

static struct dice dice;
static int percent, run, newest_run;
static int64_t poisoned_first, poisoned_last, slow;

void receivers_reset(uint64_t seed)
{
    tries.count = 0;
    chat = (struct chat){.run = -1};
    dice = dice_of(seed, 5);
    percent = 0;
    poisoned_first = poisoned_last = slow = 0;
    run = newest_run = 0;
}

void receivers_free(void)
{
    free(tries.list);
    tries = (struct tries){0};
}

void receivers_weather(int new_percent)
{
    percent = new_percent;
}

void receivers_poison(int64_t first, int64_t last)
{
    poisoned_first = first;
    poisoned_last = last;
}

bool receivers_is_poisoned(int64_t work_order)
{
    return poisoned_last != 0 && work_order >= poisoned_first && work_order <= poisoned_last;
}

void receivers_slow(int64_t ms)
{
    slow = ms;
}

int64_t receivers_delay(const char *url)
{
    return strcmp(url, NET_RECEIVERS "erp") == 0 ? slow : 0;
}

void receivers_run(int new_run)
{
    run = new_run;
    if (run > newest_run)
        newest_run = run;
}

int receivers_run_now(void)
{
    return run;
}

uint64_t digest_bytes(const void *bytes, size_t len)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    const unsigned char *p = bytes;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* One message a second at the most, over runs too, as far as the clock is steady and the run before came to a
 * good end. */
static void note_chat(const struct net_request *request)
{
    bool same = chat.run == request->run;
    bool steady = request->sent - chat.clock == request->true_sent - chat.sent;
    if (same && steady && request->true_sent - chat.sent < 1000)
        broken("R6", "the chat is sent two messages within %lld ms",
            (long long)(request->true_sent - chat.sent));
    chat.messages = same ? chat.messages + 1 : 1;
    chat.began = same ? chat.began : request->true_sent;
    /* two dispatches of a run may send as many, before one is a fingerprint, and one more for each turn that
     * reading takes; what webhooks bring in beside it comes one by one */
    int64_t turns = 2 + (request->true_sent - chat.began) / 60000;
    if (chat.messages > turns * CHAT_DIGEST_ABOVE + 2 + newest_run - request->run)
        broken("R6", "the chat is flooded with %d messages in a run", chat.messages);
    chat.run = request->run;
    chat.sent = request->true_sent;
    chat.clock = request->sent;
}

/* workorder.updated/ID/... */
static int64_t work_order_of(const char *id)
{
    const char *slash = strchr(id, '/');
    return slash != NULL ? strtoll(slash + 1, NULL, 10) : 0;
}

static bool is_chat(const struct net_request *request)
{
    return strcmp(request->url, NET_RECEIVERS "chat") == 0;
}

static struct try *note(const struct net_request *request)
{
    static const char *const wanted[] = {"webhook-timestamp", "Idempotency-Key", "Content-Type"};
    const char *name = request->url + sizeof NET_RECEIVERS - 1,
               *id = net_request_header(request, "webhook-id");
    int handler = 0;
    while (handler < RECEIVERS - 1 && strcmp(receiver_names[handler], name) != 0)
        handler++;
    if (net_request_header(request, "Authorization") != NULL)
        broken("R8", "a receiver was given the token");
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (net_request_header(request, wanted[i]) == NULL)
            broken("R6", "a delivery without %s", wanted[i]);
    if (tries.count == tries.capacity) {
        tries.capacity = tries.capacity == 0 ? 256 : 2 * tries.capacity;
        tries.list = realloc(tries.list, (size_t)tries.capacity * sizeof *tries.list);
        if (tries.list == NULL)
            abort();
    }
    struct try *t = &tries.list[tries.count++];
    *t = (struct try){.handler = handler,
        .fingerprint = digest_bytes(request->body, request->body_len),
        .when = machine_now(),
        .clock = request->sent,
        .retry_after = -1,
        .how = TRIED_LATER,
        .orphan = request->orphan,
        .run = request->run};
    snprintf(t->id, sizeof t->id, "%s", id != NULL ? id : "");
    return t;
}

void receivers_unreached(const struct net_request *request)
{
    if (is_chat(request)) {
        note_chat(request);
        return;
    }
    const struct try *t = note(request);
    trace("%s is not reached for %s", receiver_names[t->handler], t->id);
}

void receivers_answer(const struct net_request *request, struct net_answer *answer)
{
    static const int later[] = {408, 425, 429, 500, 502, 503, 504}, refused[] = {400, 404, 410, 422, 302};
    answer->status = 200;
    if (is_chat(request)) {
        note_chat(request);
        if (dice_chance(&dice, percent))
            answer->status = later[dice_below(&dice, 7)];
        if (answer->status == 200)
            buffer_append_text(&answer->body, "ok");
        trace("chat says %d to %.*s", answer->status, (int)request->body_len, request->body);
        return;
    }
    struct try *t = note(request);
    t->how = request->answer_comes ? TRIED_TAKEN : TRIED_UNSURE;
    if (t->handler == ERP && receivers_is_poisoned(work_order_of(t->id))) {
        answer->status = 500;
        t->how = TRIED_LATER;
    } else if (dice_chance(&dice, percent)) {
        bool final = dice_chance(&dice, 10);
        answer->status = final ? refused[dice_below(&dice, 5)] : later[dice_below(&dice, 7)];
        t->how = final && request->answer_comes ? TRIED_REFUSED : TRIED_LATER;
        if (!final && dice_chance(&dice, 30)) {
            int64_t seconds = dice_spread(&dice, 12);
            net_header(answer, "Retry-After", "%lld", (long long)seconds);
            t->retry_after = request->answer_comes ? seconds * 1000 : -1;
        }
    }
    trace("%s says %d%s to %s", receiver_names[t->handler], answer->status,
        request->answer_comes ? "" : " (which is lost)", t->id);
}
