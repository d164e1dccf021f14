/*
 * deliveries: POST /mock/deliveries: webhooks on command. README.md says what can be ordered.
 */
#ifndef MOCK_DELIVERIES_H
#define MOCK_DELIVERIES_H

#include "answer.h"
#include "mock.h"
#include "request.h"

/* Makes the deliveries that R orders, sends them and answers with what came back. Takes the mock's lock to
 * make them, and sends without it. */
void deliveries_answer(struct mock *m, const struct request *r, struct answer *a);

#endif
