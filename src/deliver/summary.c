#include "deliver/summary.h"

#include "base/timestamp.h"
#include "store/deliveries.h"
#include "store/events.h"

/* At a time: bodies that are pushed, so that others do not wait for long, and results. */
enum { PUSHED = 64, NOTED = RESULTS_AT_ONCE };

struct pushing {
    struct summary *summary;
    const struct handler_driver *driver;
    void *state;
};

static int push(const struct event_row *row, void *context, struct error *e)
{
    (void)e; /* this cannot fail */
    struct pushing *p = context;
    struct handler_event event = {.seq = row->seq,
        .work_order = row->work_order,
        .type = event_type_named(row->type),
        .id = row->id,
        .body = row->body,
        .body_len = row->body_len};
    p->driver->push(p->state, &event);
    handler_event_forget(&event);
    seq_list_add(&p->summary->members, row->seq);
    return 0;
}

bool summary_is_due(int64_t due, int64_t sent, size_t above)
{
    return due > 0 && (uint64_t)(due + sent) > above;
}

int summary_push_some(struct summary *summary, struct store *store, const int64_t *seqs, size_t count,
    const struct handler_driver *driver, void *state, struct error *e)
{
    struct pushing p = {.summary = summary, .driver = driver, .state = state};
    if (summary->members.count == 0)
        driver->push(state, NULL);
    return events_some(store, seqs, count, push, &p, e);
}

int summary_push(struct summary *summary, const struct summary_query *query,
    const struct handler_driver *driver, void *state, struct error *e)
{
    struct delivery due[PUSHED];
    int64_t seqs[PUSHED];
    int n = deliveries_due(
        query->store, query->handler, query->now, query->latest, summary->after, PUSHED, due, e);
    if (n <= 0)
        return n;
    for (int i = 0; i < n; i++)
        seqs[i] = due[i].seq;
    if (summary_push_some(summary, query->store, seqs, (size_t)n, driver, state, e) != 0)
        return -1;
    summary->after = due[n - 1].seq;
    return 1;
}

int summary_note(struct summary *summary, const struct summary_query *query, struct results *results,
    int64_t *dead, struct error *e)
{
    int64_t seq;
    for (int i = 0; i < NOTED; i++) {
        struct delivery delivery = {.first_failed = TIMESTAMP_NONE};
        if (!seq_list_next(&summary->members, &summary->noted, &seq))
            return 0;
        delivery.seq = seq;
        if (summary->result.status == DELIVERY_LATER &&
            deliveries_get(query->store, query->handler, seq, &delivery, e) < 0)
            return -1;
        *dead += results_add(results, &delivery, &summary->result) == RESULT_DEAD;
    }
    return 1;
}

void summary_free(struct summary *summary)
{
    seq_list_free(&summary->members);
    *summary = (struct summary){.after = 0};
}
