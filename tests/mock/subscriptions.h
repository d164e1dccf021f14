/*
 * subscriptions: webhook registrations, in both spellings: the vendor's /subscriptions, one event type each,
 * and /webhooks with a list of events. Not thread safe: the mock's lock.
 */
#ifndef MOCK_SUBSCRIPTIONS_H
#define MOCK_SUBSCRIPTIONS_H

#include "answer.h"
#include "config.h"
#include "request.h"

struct subscriptions;

struct subscriptions *subscriptions_new(uint64_t seed);
void subscriptions_free(struct subscriptions *s);

/* Answers R if it is for one of the two, and that one is switched on in C. False: it is neither. */
bool subscriptions_answer(
    struct subscriptions *s, const struct request *r, const struct config *c, struct answer *a);

#endif
