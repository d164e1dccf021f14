/*
 * control: the control interface, /mock/..., and the sinks, /sink/...: for tests, and not part of the API.
 */
#ifndef MOCK_CONTROL_H
#define MOCK_CONTROL_H

#include "answer.h"
#include "mock.h"
#include "request.h"

/* Answers R, whose path begins with /mock/. Takes the mock's lock. */
void control_answer(struct mock *m, const struct request *r, struct answer *a);

/* Keeps R, whose path begins with /sink/, and answers that it came, or with the fault that was ordered. Takes
 * the mock's lock. */
void control_sink(struct mock *m, const struct request *r, struct answer *a);

#endif
