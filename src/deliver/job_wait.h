/*
 * job_wait: waits for whatever the jobs of handlers wait for.
 */
#ifndef WOSYNC_DELIVER_JOB_WAIT_H
#define WOSYNC_DELIVER_JOB_WAIT_H

#include "handlers/handler.h"

struct http;

/* Waits until something that the jobs have added to `wait` is there, a signal comes or an instant has come,
 * and for a second at most. `http` is the host's client; NULL where no job waits for it. */
void job_wait(struct handler_wait *wait, struct http *http);

#endif
