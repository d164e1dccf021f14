/* doctor_handlers: each handler's receiver, tried without an event, and what waits for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/timestamp.h"
#include "cli/doctor.h"
#include "deliver/try_event.h"
#include "store/deliveries.h"
#include "store/store.h"

/* How long one receiver may take, and a delivery may be pending. */
enum { PROBE_MS = 10000, HOUR_MS = 3600 * 1000 };

static void probe(struct doctor *doctor, const struct handler *handler)
{
    struct error e = {0};
    struct handler_probe found = {.timeout = handler->timeout < PROBE_MS ? handler->timeout : PROBE_MS};
    if (handler->type->probe == NULL)
        doctor_ok(doctor, "%s: type %s needs no receiver", handler->name, handler->type->name);
    else if (handler->type->probe(handler->state, &found, &e) != 0)
        doctor_fail(doctor, e.status, "%s: %s", handler->name, e.text);
    else if (found.doubtful)
        doctor_warn(doctor, "%s: %s", handler->name, found.found);
    else
        doctor_ok(doctor, "%s: %s", handler->name, found.found);
}

static void check_receivers(struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->table.count; i++)
        if (doctor->table.rows[i].state != NULL)
            probe(doctor, &doctor->table.rows[i]);
}

static void check_test_event(struct doctor *doctor)
{
    if (!doctor->send)
        doctor_skip(doctor, "not tried; wosync doctor --send does");
    for (size_t i = 0; i < doctor->table.count && doctor->send; i++) {
        const struct handler *handler = &doctor->table.rows[i];
        struct error e = {0};
        if (handler->state == NULL)
            continue;
        switch (try_event(handler, doctor->json, clock_now(), &e)) {
        case TRY_DELIVERED:
            doctor_ok(doctor, "%s: wosync.test was delivered", handler->name);
            break;
        case TRY_KEEPS:
            doctor_skip(doctor, "%s: not tried: type %s would keep it", handler->name, handler->type->name);
            break;
        case TRY_UNTRIED:
            doctor_skip(doctor, "%s: not tried: it prints on stdout, which --json needs", handler->name);
            break;
        case TRY_FAILED:
        default:
            doctor_fail(doctor, EX_UNAVAILABLE,
                "%s: wosync.test was not delivered: %s; see its section in the configuration", handler->name,
                e.text);
            break;
        }
    }
}

/* --- what waits --- */

struct waiting {
    struct doctor *doctor;
    bool dead; /* which of the two checks */
};

static int look(const struct handler_record *row, void *context, struct error *e)
{
    struct waiting *w = context;
    struct delivery_counts counts;
    char age[TIMESTAMP_SIZE];
    const char *error = row->last_error != NULL ? row->last_error : "";
    if (row->removed != TIMESTAMP_NONE)
        return 0;
    if (deliveries_count(w->doctor->store, row->handler, &counts, e) != 0)
        return -1;
    const int64_t old = counts.pending > 0 && counts.oldest < clock_now() ? clock_now() - counts.oldest : 0;
    duration_format(old, age);
    if (w->dead && counts.dead > 0)
        doctor_warn(w->doctor,
            "%s: %lld dead%s%s; see: wosync events list --state dead; then: wosync events retry", row->name,
            (long long)counts.dead, *error != '\0' ? ", last error: " : "", error);
    else if (!w->dead && old > HOUR_MS)
        doctor_warn(w->doctor, "%s: %lld pending, the oldest for %s%s%s; see: wosync status", row->name,
            (long long)counts.pending, age, *error != '\0' ? ", last error: " : "", error);
    return 0;
}

static void check_waiting(struct doctor *doctor, bool dead)
{
    struct waiting w = {doctor, dead};
    struct error e = {0};
    if (handlers_list(doctor->store, look, &w, &e) != 0)
        doctor_fail(doctor, e.status, "%s", e.text);
}

static void check_pending(struct doctor *doctor)
{
    check_waiting(doctor, false);
}

static void check_dead(struct doctor *doctor)
{
    check_waiting(doctor, true);
}

const struct doctor_check doctor_handlers[] = {
    {"receivers", "each handler's receiver can be reached and written to", NULL, true, check_receivers},
    {"test-event", "each handler delivers a wosync.test event", NULL, true, check_test_event},
    {"pending", "no delivery has been pending for an hour", "schema", false, check_pending},
    {"dead", "no delivery is dead", "schema", false, check_dead},
    {NULL, NULL, NULL, false, NULL},
};
