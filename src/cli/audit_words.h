/*
 * audit_words: what an audit found, for people and for machines.
 */
#ifndef WOSYNC_CLI_AUDIT_WORDS_H
#define WOSYNC_CLI_AUDIT_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "deliver/delivery_audit.h"
#include "sources/audit.h"

/* What it would cost. */
struct audit_plan {
    int64_t work_orders, requests, per_minute, minutes;
};

struct audit_account {
    int64_t since;       /* TIMESTAMP_NONE: everything */
    int64_t events_from; /* the log may begin later: TIMESTAMP_NONE where it does not */
    int64_t now;
    int64_t requests; /* that were sent */
    bool heals;       /* it was asked to */
    const struct audit_plan *plan;
    const struct audit_result *result;
    const struct delivery_audit *deliveries;
};

/* Was anything missed that is not healed? */
bool audit_words_missed(const struct audit_account *account);

/* Appends a line for each finding, and one sentence. */
void audit_words_text(struct buffer *out, const struct audit_account *account);

/* Appends the same as a line of JSON. */
void audit_words_json(struct buffer *out, const struct audit_account *account);

/* Appends the plan as a line. */
void audit_words_plan(struct buffer *out, const struct audit_plan *plan, bool json);

#endif
