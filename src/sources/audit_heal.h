/*
 * audit_heal: what an audit found is refetched, by the code of every refetch and with the same intake.
 */
#ifndef WOSYNC_SOURCES_AUDIT_HEAL_H
#define WOSYNC_SOURCES_AUDIT_HEAL_H

#include "base/error.h"
#include "sources/audit.h"

/* Asks for what was found by ids, and observes the answers, as a refetch does: `healed` of the findings is
 * set. What is gone is from now on known to be missing: a second 404, an hour later, proves that it is
 * deleted. */
enum pass_result audit_heal(
    const struct audit_settings *settings, struct audit_result *result, struct error *e);

#endif
