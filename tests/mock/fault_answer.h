/*
 * fault_answer: what a fault makes of an answer.
 */
#ifndef MOCK_FAULT_ANSWER_H
#define MOCK_FAULT_ANSWER_H

#include "answer.h"
#include "fault.h"
#include "request.h"

/* Whether the fault needs the answer that would be right, because it sends that one in a wrong way. */
bool fault_spoils(enum fault_kind kind);

/* Turns A, the right answer if the fault spoils it and no answer otherwise, into what the fault sends to R.
 * BASE_URL is the API's, for redirects. */
void fault_answer(
    const struct fault_hit *hit, const struct request *r, const char *base_url, struct answer *a);

#endif
