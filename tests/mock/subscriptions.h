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

/* One registration, as who delivers to it sees it. All is borrowed, until the next change. */
struct registration {
    int64_t id;
    const char *url;
    const char *secret; /* of its own */
    bool webhook;       /* registered at /webhooks, which knows one secret for all */
    bool serialize;     /* wants the work order in the body */
    json_object *given; /* all that was registered */
};

/* Fills R with the registration at INDEX (from 0, in the order of their ids). False: there are not so many.
 */
bool subscriptions_at(const struct subscriptions *s, size_t index, struct registration *r);

/* Whether R is to be told of EVENT. STATUS: the new one, for the filter oneOfStatuses; NULL: not known. */
bool registration_wants(const struct registration *r, const char *event, const char *status);

/* Answers R if it is for one of the two, and that one is switched on in C. False: it is neither. */
bool subscriptions_answer(
    struct subscriptions *s, const struct request *r, const struct config *c, struct answer *a);

#endif
