/*
 * ping: reports how a run went to a service that watches over cron jobs: healthchecks.io and what speaks like
 * it (https://healthchecks.io/docs/http_api/). It hears at once that a run failed, and notices by itself when
 * none comes.
 */
#ifndef WOSYNC_CLI_PING_H
#define WOSYNC_CLI_PING_H

#include "base/buffer.h"

/* A run's number as the service wants it, a UUID. */
enum { PING_ID_SIZE = 37 };
void ping_make_id(char id[PING_ID_SIZE]);

/* Reports that a run begins. A ping that fails is one warning. It takes 5 s at most, that of the end 10. */
void ping_start(const char *url, const char *id);

/*
 * Reports how it ended, with the run's lines as the body, of which 100,000 bytes are sent. By the exit
 * status:
 *
 *   0, 65    success (the URL itself): what went to quarantine holds nothing else up
 *   69, 75   /log: noted, and no alarm: one unreachable minute is none, and where it lasts, success does not
 *            come
 *   others   /fail: someone must do something
 */
void ping_end(const char *url, const char *id, int exit_status, const struct buffer *lines);

#endif
