/*
 * workorders: GET /v1/workorders and GET /v1/workorders/{id}. Under the mock's lock.
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

/* Answers R if it is one of the two. False: it is neither. */
bool workorders_answer(struct mock *m, const struct request *r, enum twist twist, struct answer *a);

#endif
