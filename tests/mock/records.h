/*
 * records: the small lists beside the work orders: users, teams, locations, and the comments of a work order.
 * Not thread safe: the mock's lock.
 */
#ifndef MOCK_RECORDS_H
#define MOCK_RECORDS_H

#include <json-c/json.h>
#include <stdint.h>

#include "answer.h"
#include "base.h"
#include "config.h"
#include "request.h"

struct records;

/* Users, teams and locations for all that generated work orders refer to; no comments. */
struct records *records_new(void);
void records_free(struct records *s);

/* Carries out {"users": [...], "teams": [...], "locations": [...], "remove": {"users": [ID]}}: a record takes
 * the place of the one with its id. All or nothing: false with the reason in P. */
bool records_set(struct records *s, json_object *command, struct problem *p);

/* Adds a comment to a work order; returns its id. */
int64_t records_comment(
    struct records *s, int64_t work_order, int64_t author, const char *content, const char *created);

/* Answers R if it asks for users, teams or locations. False: it does not. */
bool records_answer(const struct records *s, const struct request *r, const struct config *c,
    const char *base_url, struct answer *a);

/* Answers R, which asks for a page of the comments of that work order. */
void records_answer_comments(const struct records *s, int64_t work_order, const struct request *r,
    const struct config *c, const char *base_url, struct answer *a);

#endif
