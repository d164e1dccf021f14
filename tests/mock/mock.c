#include "mock.h"

#include "clock.h"

void mock_begin(struct mock *m, const struct config *c, uint64_t seed, int64_t base, size_t work_orders)
{
    *m = (struct mock){.config = *c};
    pthread_mutex_init(&m->lock, NULL);
    m->store = store_new(seed, base, work_orders);
    m->records = records_new();
    m->journal = journal_new();
    m->sinks = sinks_new();
    m->subscriptions = subscriptions_new(seed);
    m->outbox = outbox_new();
    m->chance = seed;
    m->nameless = json_tokener_parse("[\"eventType\",\"event\"]");
}

void mock_end(struct mock *m)
{
    outbox_free(m->outbox);
    subscriptions_free(m->subscriptions);
    sinks_free(m->sinks);
    journal_free(m->journal);
    script_free(&m->script);
    faults_clear(&m->faults);
    faults_clear(&m->sink_faults);
    records_free(m->records);
    store_free(m->store);
    json_object_put(m->nameless);
    pthread_mutex_destroy(&m->lock);
}

int64_t mock_now(const struct mock *m)
{
    return clock_now() + m->config.clock_skew_ms;
}
