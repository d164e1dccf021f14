/*
 * fault: the queue of faults on command. README.md says what each does; fault_answer.h does it. Not thread
 * safe: the mock's lock.
 */
#ifndef MOCK_FAULT_H
#define MOCK_FAULT_H

#include <json-c/json.h>
#include <stdint.h>

#include "base.h"
#include "request.h"

enum fault_kind {
    FAULT_STATUS,
    FAULT_429,
    FAULT_RESET,
    FAULT_TRUNCATE,
    FAULT_TRUNCATE_JSON,
    FAULT_BAD_JSON,
    FAULT_NOT_OBJECT,
    FAULT_NO_WORKORDERS,
    FAULT_WRONG_TYPES,
    FAULT_HUGE,
    FAULT_HUGE_GZIP,
    FAULT_DEEP,
    FAULT_DRIP,
    FAULT_HANG,
    FAULT_REPEAT_CURSOR,
    FAULT_EXPIRED_CURSOR,
    FAULT_DUPLICATE,
    FAULT_REDIRECT,
    FAULT_HTML,
    FAULT_RANDOM,
    FAULT_EMPTY_LIST,
    FAULT_PAGE_HOLDS,
    FAULT_NO_RATE_LIMIT_HEADERS,
    FAULT__MAX
};

struct fault; /* one in the queue */

/* All zero: an empty queue. */
struct faults {
    struct fault *first;
};

/* A fault that hits the request at hand. */
struct fault_hit {
    enum fault_kind kind;
    json_object *spec; /* owned: what was ordered */
    int64_t status;    /* the one to answer with, for the kinds that do */
    bool bare;         /* the answer has none of the headers of the rate limit */
};

/* Whether the page that a request asks for would hold a work order. */
struct fault_page {
    bool (*holds)(void *context, int64_t work_order);
    void *context;
};

/* What the records are called in the list that R asks for; NULL: it asks for none. */
const char *fault_list_name(const struct request *r);

/* Appends SPECS, one fault or a list of them. With PREFIX ("/sink/") each is for the path made of PREFIX and
 * its member `name`. All or nothing: false with the reason in P. */
bool faults_add(struct faults *f, json_object *specs, const char *prefix, struct problem *p);

/* Forgets all faults. */
void faults_clear(struct faults *f);

/* Whether a fault hits R; the first in the queue that fits is used up by one. Then HIT is filled, and to be
 * freed. PAGE is NULL where there are no pages. */
bool faults_take(
    struct faults *f, const struct request *r, const struct fault_page *page, struct fault_hit *hit);
void fault_hit_free(struct fault_hit *hit);

#endif
