#include "expect.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool is_done(const struct version *v)
{
    return strcmp(v->status, "DONE") == 0;
}

/* Only what both have is compared: the description may be absent. */
static bool same_description(int a, int b)
{
    return a == b || a == ABSENT || b == ABSENT;
}

static bool same_content(const struct version *a, const struct version *b)
{
    return strcmp(a->status, b->status) == 0 && strcmp(a->priority, b->priority) == 0 &&
           a->title == b->title && a->completed == b->completed && a->deleted == b->deleted &&
           a->created == b->created;
}

__attribute__((format(printf, 3, 4))) static struct expected_event *add(
    struct expected *out, int64_t when, const char *format, ...)
{
    struct expected_event *event = &out->events[out->count++];
    va_list ap;
    va_start(ap, format);
    vsnprintf(event->id, sizeof event->id, format, ap);
    va_end(ap);
    plant_write_date(when, event->timestamp);
    event->numbered = false;
    event->maybe = false;
    return event;
}

static void add_completed(struct expected *out, long long id, const struct version *v)
{
    char date[32];
    int64_t when = v->completed != NEVER ? v->completed : v->updated;
    plant_write_date(when, date);
    add(out, when, "workorder.completed/%lld/%s", id, date);
}

static void add_updated(struct expected *out, long long id, const struct version *v, bool numbered)
{
    char date[32];
    plant_write_date(v->updated, date);
    add(out, v->updated, "workorder.updated/%lld/%s", id, date)->numbered = numbered;
}

static void add_deleted(struct expected *out, long long id, const struct version *v)
{
    out->after.deletions++;
    if (out->after.deletions == 1)
        add(out, v->updated, "workorder.deleted/%lld", id);
    else
        add(out, v->updated, "workorder.deleted/%lld/%d", id, out->after.deletions);
}

static void expect_new(long long id, const struct version *v, const struct told_steps *steps, int64_t horizon,
    struct expected *out)
{
    bool born = v->created >= horizon, touched = v->updated >= horizon;
    if (born)
        add(out, v->created, "workorder.created/%lld", id);
    if (is_done(v) && (born || touched) && (v->completed != NEVER ? v->completed >= horizon : born) &&
        !steps->completed)
        add_completed(out, id, v);
    if (!born && touched)
        add_updated(out, id, v, false);
    out->after.deleted = v->deleted != NEVER;
    if (v->deleted != NEVER && v->deleted >= horizon && out->count > 0)
        add_deleted(out, id, v);
}

const char *expect_status(const struct order *order, const struct knowledge *known)
{
    return known->status != NULL ? known->status : order->versions[known->version].status;
}

/* The status change that the steps leave over, and the completion. */
static void expect_status_changed(const struct order *order, const struct knowledge *known,
    const struct version *v, const struct told_steps *steps, struct expected *out)
{
    const struct version *old = &order->versions[known->version];
    const char *from = steps->status != NULL ? steps->status : expect_status(order, known);
    bool jumps = strcmp(from, v->status) != 0;
    char date[32];
    plant_write_date(v->updated, date);
    if (jumps)
        add(out, v->updated, "workorder.status_changed/%lld/%s-%s/%s", (long long)order->id, from, v->status,
            date)
            ->numbered = v->updated <= old->updated;
    if (!is_done(v) || steps->completed)
        return;
    bool undated = is_done(old) && old->completed == NEVER;
    bool again = v->completed != NEVER && v->completed != old->completed;
    if (jumps && strcmp(from, "DONE") != 0) {
        add_completed(out, order->id, v);
        /* an older state is restored: complete once more, by the date of then */
        out->events[out->count - 1].numbered = v->updated < old->updated;
    } else if (again) {
        add_completed(out, order->id, v);
        out->events[out->count - 1].maybe = undated;
    }
}

void expect(const struct order *order, const struct knowledge *known, int version, int description,
    const struct told_steps *steps, int64_t horizon, struct expected *out)
{
    const struct version *v = &order->versions[version];
    long long id = order->id;
    out->count = 0;
    out->after = *known;
    out->after.version = version;
    out->after.description = description;
    if (known->version < 0) {
        expect_new(id, v, steps, horizon, out);
        return;
    }
    const struct version *old = &order->versions[known->version];
    bool back = known->deleted && v->deleted == NEVER, gone = !known->deleted && v->deleted != NEVER;
    if (!steps->waits)
        expect_status_changed(order, known, v, steps, out);
    if (v->updated != old->updated || !same_content(old, v) ||
        !same_description(known->description, description) || back || gone)
        add_updated(out, id, v, v->updated <= old->updated);
    out->after.deleted = v->deleted != NEVER;
    if (gone)
        add_deleted(out, id, v);
}

/* Appends to a text that has room for `size` bytes. */
__attribute__((format(printf, 3, 4))) static void append(char *out, int size, const char *format, ...)
{
    size_t len = strlen(out);
    va_list ap;
    va_start(ap, format);
    vsnprintf(out + len, (size_t)size - len, format, ap);
    va_end(ap);
}

static void append_change(char *out, int size, const char *field, const char *from, const char *to)
{
    if (strcmp(from, to) == 0)
        return;
    append(out, size, "%s\"%s\":{\"from\":%s,\"to\":%s}", out[strlen(out) - 1] == '{' ? "" : ",", field, from,
        to);
}

__attribute__((format(printf, 2, 3))) static void quoted(char out[64], const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(out, 64, format, ap);
    va_end(ap);
}

static void quoted_date(char out[64], int64_t ms)
{
    char date[32];
    plant_write_date(ms, date);
    if (ms == NEVER)
        strcpy(out, "null");
    else
        quoted(out, "\"%s\"", date);
}

static void quoted_description(char out[64], int number)
{
    if (number == 0)
        strcpy(out, "null");
    else
        quoted(out, "\"note %d\"", number);
}

/* What differs between the two; the status as the step has it, where there is one. */
static void append_changes(const struct order *order, const struct knowledge *from, int version,
    int description, const struct passage *step, char *out, int size)
{
    char a[64], b[64];
    const struct version *old = &order->versions[from->version], *v = &order->versions[version];
    bool differs = strcmp(old->status, v->status) != 0;
    quoted(a, "\"Pump %d\"", old->title);
    quoted(b, "\"Pump %d\"", v->title);
    append_change(out, size, "title", a, b);
    quoted(a, "\"%s\"", step != NULL ? step->from : old->status);
    quoted(b, "\"%s\"", step != NULL ? step->to : v->status);
    if (differs)
        append_change(out, size, "status", a, b);
    quoted(a, "\"%s\"", old->priority);
    quoted(b, "\"%s\"", v->priority);
    append_change(out, size, "priority", a, b);
    quoted_description(a, from->description);
    quoted_description(b, description);
    if (!same_description(from->description, description))
        append_change(out, size, "description", a, b);
    quoted_date(a, old->completed);
    quoted_date(b, v->completed);
    append_change(out, size, "completedAt", a, b);
    quoted_date(a, old->deleted);
    quoted_date(b, v->deleted);
    append_change(out, size, "deletedAt", a, b);
    if (step != NULL && !differs) {
        quoted(a, "\"%s\"", step->from);
        quoted(b, "\"%s\"", step->to);
        append_change(out, size, "status", a, b);
    }
}

void expect_tail(const struct order *order, const struct knowledge *from, int version, int description,
    char *out, int size)
{
    *out = '\0';
    if (from->version >= 0) {
        const char *before = expect_status(order, from);
        if (strcmp(before, order->versions[version].status) != 0)
            append(out, size, ",\"previousStatus\":\"%s\"", before);
        append(out, size, ",\"changes\":{");
        append_changes(order, from, version, description, NULL, out, size);
        append(out, size, "}");
    }
    append(out, size, "}}");
}

void expect_step_tail(const struct order *order, const struct knowledge *from, int version, int description,
    const struct passage *step, char *out, int size)
{
    *out = '\0';
    append(out, size, ",\"previousStatus\":\"%s\",\"changes\":{", step->from);
    if (step->arrives && from->version >= 0)
        append_changes(order, from, version, description, step, out, size);
    else
        append(out, size, "\"status\":{\"from\":\"%s\",\"to\":\"%s\"}", step->from, step->to);
    append(out, size, "}}}");
}

struct version expect_step_version(
    const struct order *order, const struct knowledge *from, int version, const struct passage *step)
{
    struct version v = order->versions[version];
    if (!step->arrives) {
        v.status = step->to;
        if (strcmp(step->to, "DONE") == 0)
            v.completed = step->occurred;
        else if (from->version >= 0)
            v.completed = order->versions[from->version].completed;
        v.updated = step->occurred < v.updated ? step->occurred : v.updated;
    }
    plant_write_version(order->id, &v);
    return v;
}
