/*
 * truth: what a client that missed nothing should know.
 */
#ifndef MOCK_TRUTH_H
#define MOCK_TRUTH_H

#include "mock.h"
#include "stream.h"

/* All work orders but the hidden ones, as lines of JSON, in the order of their ids. Takes the mock's lock for
 * some of them at a time: what changes meanwhile may be seen or not. */
struct stream *truth_stream(struct mock *m);

#endif
