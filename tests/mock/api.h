/*
 * api: the way of a request to the API: delay, rate limit, faults, token, organization, and then the answer
 * proper.
 */
#ifndef MOCK_API_H
#define MOCK_API_H

#include "answer.h"
#include "mock.h"
#include "request.h"

/* Answers R, and notes it in the journal. Takes the mock's lock. */
void api_answer(struct mock *m, const struct request *r, struct answer *a);

#endif
