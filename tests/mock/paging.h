/*
 * paging: what all lists have in common: the limit, and the way to the next page.
 */
#ifndef MOCK_PAGING_H
#define MOCK_PAGING_H

#include <stdbool.h>
#include <stddef.h>

#include "answer.h"
#include "config.h"
#include "request.h"

/* Reads the limit of R, cut to the configured one. False, with the error as the answer, if it is none. */
bool paging_limit(size_t *limit, const struct request *r, const struct config *c, struct answer *a);

/* Appends what comes behind the records of a page: the bracket that closes them, and the way on. BASE_URL is
 * the API's; CURSOR is that of the next page, NULL: this was the last. */
void paging_end(struct buffer *out, const char *base_url, const struct request *r, const char *cursor);

#endif
