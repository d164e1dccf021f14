/*
 * audit_words: an audit's result as lines and one sentence, or as a JSON object. The sentence claims no more
 * than what was proved: what is left to the next poll, or waits for its proof, is counted by itself.
 */
#include "cli/audit_words.h"

#include <json-c/json.h>
#include <stdio.h>
#include <time.h>

#include "base/timestamp.h"
#include "base/utf8.h"
#include "report/words.h"

#define DAY_MS INT64_C(86400000)

/* `1 November`, with the year where it is another one, and the time where it is not midnight. UTC, as dates
 * are typed. */
static void append_instant(struct buffer *out, int64_t ms, int64_t now)
{
    static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July",
        "August", "September", "October", "November", "December"};
    const time_t seconds = (time_t)(ms / 1000), today = (time_t)(now / 1000);
    struct tm then, present;
    gmtime_r(&seconds, &then);
    gmtime_r(&today, &present);
    buffer_append_format(out, "%d %s", then.tm_mday, months[then.tm_mon]);
    if (then.tm_year != present.tm_year)
        buffer_append_format(out, " %d", 1900 + then.tm_year);
    if (ms % DAY_MS != 0)
        buffer_append_format(out, " %02d:%02d UTC", then.tm_hour, then.tm_min);
}

static const char *date_of(int64_t ms, char out[TIMESTAMP_SIZE])
{
    timestamp_format(ms, out);
    return out;
}

/* --- findings --- */

static void append_fault(struct buffer *out, const struct audit_finding *finding)
{
    char there[TIMESTAMP_SIZE], stored[TIMESTAMP_SIZE];
    date_of(finding->there, there);
    date_of(finding->stored, stored);
    if (finding->work_order != 0)
        buffer_append_format(out, "work order %lld: ", (long long)finding->work_order);
    else
        buffer_append_text(out, "a work order without an id: ");
    switch (finding->fault) {
    case AUDIT_ABSENT:
        buffer_append_format(out, "not in the store; it changed at %s", there);
        break;
    case AUDIT_OLDER:
        buffer_append_format(out, "older in the store: %s; MaintainX has %s", stored, there);
        break;
    case AUDIT_NEWER:
        buffer_append_format(out, "newer in the store: %s; MaintainX has %s", stored, there);
        break;
    case AUDIT_CONTENT:
        buffer_append_format(out, "other content in the store: %s", finding->detail);
        break;
    case AUDIT_BACK:
        buffer_append_text(out, "emitted as deleted, though it is there");
        break;
    case AUDIT_GONE:
        buffer_append_text(out, "gone (404), though not emitted as deleted");
        break;
    case AUDIT_SILENT:
        buffer_append_format(out, "stored, but %s was never emitted", finding->detail);
        if (finding->created != TIMESTAMP_NONE)
            buffer_append_format(
                out, "; wosync backfill --since %s emits it", date_of(finding->created, there));
        break;
    case AUDIT_UNREADABLE:
    case AUDIT_SAME:
    case AUDIT_FAULTS:
    default:
        buffer_append_format(out, "it could not be read: %s", finding->detail);
        break;
    }
}

/* The names of fields come from outside: no line break of theirs, nor an escape sequence, is to be printed. */
static void append_finding(struct buffer *out, const struct audit_finding *finding, bool heals)
{
    struct buffer fault = {0};
    append_fault(&fault, finding);
    utf8_make_line(fault.data);
    buffer_append_text(out, fault.data);
    buffer_free(&fault);
    if (finding->healed && finding->fault == AUDIT_GONE)
        buffer_append_text(out, "; noted, a sync an hour later proves the deletion");
    else if (heals)
        buffer_append_text(out, finding->healed ? "; healed" : "; not healed");
    buffer_append_text(out, "\n");
}

static void append_missing(struct buffer *out, const struct handler_audit *audit)
{
    static const char *const ends[] = {[MISSING_FOUND] = "",
        [MISSING_HEALED] = "; healed, the next sync delivers it",
        [MISSING_REMOVED] = "; not healed, the event or the handler was removed from the store meanwhile"};
    for (size_t i = 0; i < audit->count; i++)
        buffer_append_format(out, "event %s: not delivered to %s, and not waiting to be%s\n",
            audit->missing[i].id, audit->handler->name, ends[audit->missing[i].state]);
}

bool audit_words_missed(const struct audit_account *account)
{
    for (size_t i = 0; i < account->result->count; i++)
        if (!account->result->findings[i].healed)
            return true;
    return delivery_audit_missing(account->deliveries) >
           delivery_audit_count(account->deliveries, MISSING_HEALED);
}

/* --- the sentence --- */

/* A clause about so many of the work orders: `; 2 are left ...`. */
static void append_clause(
    struct buffer *out, const char *before, int64_t count, const char *one, const char *many)
{
    buffer_append_text(out, before);
    words_number(out, (double)count, 0);
    buffer_append_text(out, count == 1 ? one : many);
}

/* Those whose events were never emitted. */
static int64_t count_silent(const struct audit_result *result)
{
    int64_t count = 0;
    for (size_t i = 0; i < result->count; i++)
        count += result->findings[i].fault == AUDIT_SILENT;
    return count;
}

static void append_work_orders(struct buffer *out, const struct audit_account *account)
{
    const struct audit_result *result = account->result;
    int64_t counted = 0;
    for (size_t i = 0; i < result->count; i++)
        counted += result->findings[i].counted;
    const int64_t others = (int64_t)result->count - counted - count_silent(result);
    words_count(out, result->work_orders, "work order");
    if (account->since != TIMESTAMP_NONE) {
        buffer_append_text(out, " changed since ");
        append_instant(out, account->since, account->now);
    }
    append_clause(out, "; ", result->same, " is in the store as it is", " are in the store as they are");
    if (result->unlisted > 0)
        append_clause(out, " (", result->unlisted, " of them is shown by its id alone, not by the list)",
            " of them are shown by their ids alone, not by the list)");
    if (counted > 0)
        append_clause(out, ", ", counted, " is not", " are not");
    if (others > 0)
        append_clause(
            out, ", ", others, " more is gone or could not be read", " more are gone or could not be read");
    if (result->left > 0)
        append_clause(out, ", ", result->left,
            " changed too late for the last poll and is left to the next one",
            " changed too late for the last poll and are left to the next one");
    if (result->proving > 0)
        append_clause(out, ", ", result->proving, " is gone and waits for the proof that it is deleted",
            " are gone and wait for the proof that they are deleted");
}

static void append_handler(struct buffer *out, const struct handler_audit *audit, int64_t events)
{
    const struct audit_deliveries *d = &audit->deliveries;
    const int64_t missing = (int64_t)audit->count;
    const int64_t passed_over =
        events - d->done - d->dead - d->pending - d->discarded - audit->waiting - missing;
    append_clause(out, ", ", d->done, " delivered to ", " delivered to ");
    buffer_append_text(out, audit->handler->name);
    append_clause(out, ", ", d->dead, " dead", " dead");
    if (d->pending + audit->waiting > 0)
        append_clause(out, ", ", d->pending + audit->waiting, " pending", " pending");
    if (d->discarded > 0)
        append_clause(out, ", ", d->discarded, " discarded", " discarded");
    if (passed_over > 0)
        append_clause(out, ", ", passed_over, " passed over", " passed over");
    if (missing > 0)
        append_clause(out, ", ", missing, " missing", " missing");
}

static int64_t count_dead(const struct delivery_audit *deliveries)
{
    int64_t dead = 0;
    for (size_t i = 0; i < deliveries->count; i++)
        dead += deliveries->handlers[i].deliveries.dead;
    return dead;
}

static const char *ending(const struct audit_account *account)
{
    if (audit_words_missed(account))
        return account->heals ? ": not all of what was missed is healed"
                              : ": something was missed; wosync audit --heal observes it";
    if (account->result->count > 0 || delivery_audit_missing(account->deliveries) > 0)
        return ": what was missed is healed; the next sync delivers it";
    return count_dead(account->deliveries) > 0
               ? ": nothing was missed but what is dead; see: wosync events list --state dead"
               : ": nothing was missed";
}

void audit_words_text(struct buffer *out, const struct audit_account *account)
{
    const struct audit_result *result = account->result;
    const struct delivery_audit *deliveries = account->deliveries;
    for (size_t i = 0; i < result->count; i++)
        append_finding(out, &result->findings[i], account->heals);
    for (size_t i = 0; i < deliveries->count; i++)
        append_missing(out, &deliveries->handlers[i]);
    append_work_orders(out, account);
    buffer_append_text(out, "; ");
    words_count(out, deliveries->events, "event");
    if (account->events_from != TIMESTAMP_NONE) {
        buffer_append_text(out, " since ");
        append_instant(out, account->events_from, account->now);
    }
    if (count_silent(result) > 0)
        append_clause(out, ", ", count_silent(result), " more was never emitted", " more were never emitted");
    for (size_t i = 0; i < deliveries->count; i++)
        append_handler(out, &deliveries->handlers[i], deliveries->events);
    buffer_append_format(out, "%s\n", ending(account));
}

void audit_words_plan(struct buffer *out, const struct audit_plan *plan, bool json)
{
    if (json) {
        buffer_append_format(out,
            "{\"workOrders\":%lld,\"requests\":%lld,\"requestsPerMinute\":%lld,\"minutes\":%lld}\n",
            (long long)plan->work_orders, (long long)plan->requests, (long long)plan->per_minute,
            (long long)plan->minutes);
        return;
    }
    buffer_append_text(out, "audit: about ");
    words_count(out, plan->work_orders, "work order");
    buffer_append_text(out, ", ");
    words_count(out, plan->requests, "request");
    buffer_append_text(out, "; at ");
    words_count(out, plan->per_minute, "request");
    buffer_append_text(out, " a minute ");
    words_count(out, plan->minutes, "minute");
    buffer_append_text(out, "\n");
}

/* --- JSON --- */

static void put_number(struct json_object *object, const char *name, int64_t value)
{
    json_object_object_add(object, name, json_object_new_int64(value));
}

static void put_date(struct json_object *object, const char *name, int64_t ms)
{
    char text[TIMESTAMP_SIZE];
    if (ms != TIMESTAMP_NONE)
        json_object_object_add(object, name, json_object_new_string(date_of(ms, text)));
}

static struct json_object *finding_json(const struct audit_finding *finding)
{
    struct json_object *object = json_object_new_object();
    if (finding->work_order != 0)
        put_number(object, "workOrder", finding->work_order);
    json_object_object_add(object, "fault", json_object_new_string(audit_fault_name(finding->fault)));
    put_date(object, "updatedAt", finding->there);
    put_date(object, "storedUpdatedAt", finding->stored);
    if (finding->detail != NULL)
        json_object_object_add(object, "detail", json_object_new_string(finding->detail));
    json_object_object_add(object, "healed", json_object_new_boolean(finding->healed));
    return object;
}

static struct json_object *handler_json(const struct handler_audit *audit)
{
    struct json_object *object = json_object_new_object(), *missing = json_object_new_array();
    json_object_object_add(object, "name", json_object_new_string(audit->handler->name));
    put_number(object, "delivered", audit->deliveries.done);
    put_number(object, "dead", audit->deliveries.dead);
    put_number(object, "pending", audit->deliveries.pending + audit->waiting);
    put_number(object, "discarded", audit->deliveries.discarded);
    for (size_t i = 0; i < audit->count; i++)
        json_object_array_add(missing, json_object_new_string(audit->missing[i].id));
    json_object_object_add(object, "missing", missing);
    return object;
}

void audit_words_json(struct buffer *out, const struct audit_account *account)
{
    const struct audit_result *result = account->result;
    struct json_object *object = json_object_new_object(), *findings = json_object_new_array(),
                       *handlers = json_object_new_array();
    json_object_object_add(object, "ok", json_object_new_boolean(!audit_words_missed(account)));
    put_date(object, "since", account->since);
    put_number(object, "plannedRequests", account->plan->requests);
    put_number(object, "requests", account->requests);
    put_number(object, "workOrders", result->work_orders);
    put_number(object, "asTheyAre", result->same);
    put_number(object, "unlisted", result->unlisted);
    put_number(object, "leftToNextPoll", result->left);
    put_number(object, "waitingForProof", result->proving);
    for (size_t i = 0; i < result->count; i++)
        json_object_array_add(findings, finding_json(&result->findings[i]));
    json_object_object_add(object, "findings", findings);
    put_date(object, "eventsSince",
        account->events_from != TIMESTAMP_NONE ? account->events_from : account->since);
    put_number(object, "events", account->deliveries->events);
    for (size_t i = 0; i < account->deliveries->count; i++)
        json_object_array_add(handlers, handler_json(&account->deliveries->handlers[i]));
    json_object_object_add(object, "handlers", handlers);
    buffer_append_text(
        out, json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    buffer_append_text(out, "\n");
    json_object_put(object);
}
