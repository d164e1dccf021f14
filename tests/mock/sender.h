/*
 * sender: sends deliveries over HTTP, by libcurl.
 */
#ifndef MOCK_SENDER_H
#define MOCK_SENDER_H

#include <stddef.h>
#include <stdint.h>

#include "delivery.h"

enum { SENDER_CONNECTIONS_MOST = 256 };

/*
 * Sends FIRST and all behind it, at most CONNECTIONS (1 to SENDER_CONNECTIONS_MOST) at a time, begun in their
 * order, each given up after TIMEOUT ms, and fills in their answers. Their timestamps are those of this
 * machine's clock plus CLOCK_SKEW (ms). A mock calls nobody but loopback addresses, by http. Without the
 * mock's lock, for the receiver may ask the mock. Ends early, with problems in place of answers, when the
 * mock ends.
 */
void sender_send(struct delivery *first, size_t connections, int64_t timeout, int64_t clock_skew);

#endif
