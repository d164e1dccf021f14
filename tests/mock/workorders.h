/*
 * workorders: GET /v1/workorders, /v1/workorders/{id} and /v1/workorders/{id}/comments. Under the mock's
 * lock.
 */
#ifndef MOCK_WORKORDERS_H
#define MOCK_WORKORDERS_H

#include "answer.h"
#include "mock.h"
#include "request.h"

/* What is wrong with a page on purpose. */
enum twist {
    TWIST_NONE,
    TWIST_REPEAT_CURSOR, /* the next cursor leads to this page again */
    TWIST_DUPLICATE      /* the page begins with the last work order of the page before */
};

/* Whether R asks for a page of the list. */
bool workorders_is_list(const struct request *r);

/* Whether R asks for a page that would hold the work order with that id. */
bool workorders_page_holds(struct mock *m, const struct request *r, int64_t id);

/* Answers R if it is for the list, one work order, or its comments. False: it is not. */
bool workorders_answer(struct mock *m, const struct request *r, enum twist twist, struct answer *a);

#endif
