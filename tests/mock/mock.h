/*
 * mock: all that the mock holds. One lock for everything: whoever answers a request takes it, and gives it
 * back before anything is sent or waited for.
 */
#ifndef MOCK_MOCK_H
#define MOCK_MOCK_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "fault.h"
#include "journal.h"
#include "limiter.h"
#include "outbox.h"
#include "records.h"
#include "script.h"
#include "sink.h"
#include "store.h"
#include "subscriptions.h"

enum { MOCK_URL = 64 };

struct mock {
    pthread_mutex_t lock;
    char base_url[MOCK_URL]; /* of the API, http://127.0.0.1:PORT/v1 */
    struct config config;
    struct store *store;
    struct records *records;
    struct limiter limiter;
    struct faults faults, sink_faults;
    struct script script;
    struct journal *journal;
    struct sinks *sinks;
    struct subscriptions *subscriptions;
    struct outbox *outbox;
    uint64_t chance;       /* state of the random numbers for webhooks */
    json_object *nameless; /* what a delivery without its event's name lacks */
};

/* Makes a mock with these settings and WORK_ORDERS generated work orders, whose past ends at BASE (ms since
 * 1970). Its base_url is for the server to fill. mock_end() frees all that it holds. */
void mock_begin(struct mock *m, const struct config *c, uint64_t seed, int64_t base, size_t work_orders);
void mock_end(struct mock *m);

/* The mock's time of day, in ms since 1970. */
int64_t mock_now(const struct mock *m);

#endif
