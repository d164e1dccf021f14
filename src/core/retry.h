/*
 * retry: when the next try is due. Pure: the caller brings the random number.
 */
#ifndef WOSYNC_CORE_RETRY_H
#define WOSYNC_CORE_RETRY_H

#include <stdint.h>

/* "No further try." */
#define RETRY_NEVER INT64_MAX

/*
 * How long to wait before a delivery is tried again: the schedule of the Standard Webhooks specification
 * (https://www.standardwebhooks.com, "Retry schedule"): 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h,
 * each with up to 10 % more or less, so that receivers that failed together are not asked together.
 *
 * failures: tries that failed so far, at least 1; random: any 32 bits. Returns milliseconds, or RETRY_NEVER
 * when the attempts are used up and the delivery is dead.
 */
int64_t retry_delivery(int failures, uint32_t random);

/*
 * The same for a receiver that may ask for a wait of its own (`asked` milliseconds, by Retry-After; -1: it
 * did not): it moves the next try, by a day at most, and 1 at least, so that nothing is tried twice in a run.
 * The delivery is dead when the attempts are used up and its first failure is three days old: `age`
 * milliseconds.
 */
int64_t retry_delivery_asked(int failures, int64_t age, int64_t asked, uint32_t random);

/* How long to wait before a request to the API is sent again: half a second, doubled each time up to 16 s, of
 * which a random half is kept (jitter). failures: at least 1. Returns milliseconds. */
int64_t retry_request(int failures, uint32_t random);

/*
 * What a server's number of seconds to wait means, in milliseconds: some servers send a Unix time instead, in
 * seconds or milliseconds. number: not negative; now: the server's time where it is known, else ours. Returns
 * at least 0.
 */
int64_t retry_wait(int64_t number, int64_t now);

/*
 * Reads a Retry-After header: seconds or an HTTP date (RFC 9110, section 10.2.3), or a Unix time
 * (retry_wait). `now` is the server's time where the response gave one, else ours. Returns the wait in
 * milliseconds, at least 0 and at most 7 days, or -1 when the text is none of them.
 */
int64_t retry_after(const char *text, int64_t now);

#endif
