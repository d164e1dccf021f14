/*
 * sweep: a reading of everything, for what a poll by updatedAt can never see: changes behind the watermark,
 * and work orders that are gone. Deletion is inferred from absence, so it is proved: missing from a sweep
 * that ran to its end, then twice a 404 for its id, in different runs.
 */
#ifndef WOSYNC_SOURCES_SWEEP_H
#define WOSYNC_SOURCES_SWEEP_H

#include "sources/pass.h"

/* A reading of everything. What polling should have emitted counts as healed. When it ends, what is known and
 * was not seen is noted as missing; with too much missing at once it notes nothing and fails with
 * EX_TEMPFAIL. */
extern const struct pass_kind sweep_kind;

/*
 * Asks for missing work orders by their ids, `most` of them: one that answers is observed; one that answers
 * 404 for the second time, in another sweep or an hour later, is emitted as deleted. Sends no request when
 * none is due. The settings are those of the pass before it.
 */
enum pass_result sweep_prove(
    const struct pass_settings *settings, enum event_source source, int most, struct error *e);

/* How many work orders may be missing at once (max_deletes), where so many are known in all: more of them say
 * that the list is wrong, not that they are gone. */
int64_t sweep_limit(const struct pass_settings *settings, int64_t known);

#endif
