/*
 * journal: what was asked of the API and what it answered, for GET /mock/state. Not thread safe: the mock's
 * lock.
 */
#ifndef MOCK_JOURNAL_H
#define MOCK_JOURNAL_H

#include <json-c/json.h>
#include <stdint.h>

#include "request.h"

enum { JOURNAL_MOST = 10000 }; /* requests that are remembered; the counters know all */

struct journal;

struct journal *journal_new(void);
void journal_free(struct journal *j);

/* Forgets everything but the requests that are being answered right now. */
void journal_reset(struct journal *j);

/* A request has come; and it has been answered to its end. */
void journal_enter(struct journal *j);
void journal_leave(struct journal *j);

/* Notes R and the STATUS of its answer (0: none was given). LIST: it asked for a page of work orders.
 * LIMITED: the rate limit refused it. */
void journal_note(struct journal *j, const struct request *r, unsigned status, bool list, bool limited);

/* The state as README.md describes it. The caller puts the object. */
json_object *journal_json(const struct journal *j);

#endif
