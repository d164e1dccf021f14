/*
 * audit_look: the second look of an audit, by ids.
 */
#ifndef WOSYNC_SOURCES_AUDIT_LOOK_H
#define WOSYNC_SOURCES_AUDIT_LOOK_H

#include "base/error.h"
#include "sources/audit_compare.h"

/* What asking for a work order by its id brought. */
enum audit_look { LOOK_THERE, LOOK_GONE, LOOK_BROKEN, LOOK_STOPPED, LOOK_FAILED };

/* Looks once more at what was found: a run may have stored it, or the list be late. LOOK_THERE, LOOK_STOPPED
 * or LOOK_FAILED. */
enum audit_look audit_look_at_findings(struct audit *a, struct error *e);

/* Asks for what the list did not show, though the store holds it; likewise. */
enum audit_look audit_look_at_unseen(struct audit *a, struct error *e);

#endif
