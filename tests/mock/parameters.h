/*
 * parameters: which query parameters MaintainX knows, and what it says of others.
 */
#ifndef MOCK_PARAMETERS_H
#define MOCK_PARAMETERS_H

#include "base.h"
#include "request.h"

/* Whether all parameters of R are known at its path. False with MaintainX's words in P. */
bool parameters_known(const struct request *r, struct problem *p);

/* "'NAME' is not a valid query parameter", and false. */
bool parameters_unknown(const char *name, struct problem *p);

/* "'VALUE' is not a member of A,B,C" of WORDS (ended by NULL), and false. */
bool parameters_no_member(const char *value, const char *const *words, struct problem *p);

#endif
