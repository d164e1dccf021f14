#include "core/diff_events.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/timestamp.h"

void diff_init_event(struct event *event, enum event_type type, const struct workorder *wo, int64_t timestamp)
{
    *event = (struct event){.type = type, .work_order = wo->id, .timestamp = timestamp};
    snprintf(event->id, sizeof event->id, "%s/%lld", event_type_name(type), (long long)wo->id);
}

static struct event *add_event(
    struct diff *out, enum event_type type, const struct workorder *wo, int64_t timestamp)
{
    struct event *event = &out->events[out->count++];
    diff_init_event(event, type, wo, timestamp);
    return event;
}

__attribute__((format(printf, 2, 3))) static void extend_id(struct event *event, const char *format, ...)
{
    size_t len = strlen(event->id);
    va_list ap;
    va_start(ap, format);
    vsnprintf(event->id + len, sizeof event->id - len, format, ap);
    va_end(ap);
}

void diff_extend_id(struct event *event, int64_t ms)
{
    char text[TIMESTAMP_SIZE];
    timestamp_format(ms, text);
    extend_id(event, "/%s", text);
}

void diff_add_created(struct diff *out, const struct workorder *wo)
{
    add_event(out, EVENT_CREATED, wo, wo->created);
}

void diff_name_status_changed(struct event *event, const char *from, const char *to, int64_t when)
{
    extend_id(event, "/%s-%s", from, to);
    diff_extend_id(event, when);
}

void diff_add_status_changed(struct diff *out, const struct workorder *wo, const char *from, bool numbered)
{
    struct event *event = add_event(out, EVENT_STATUS_CHANGED, wo, wo->updated);
    diff_name_status_changed(event, from, wo->status, wo->updated);
    event->numbered = numbered;
}

void diff_add_completed(struct diff *out, const struct workorder *wo, bool numbered)
{
    int64_t when = wo->completed != TIMESTAMP_NONE ? wo->completed : wo->updated;
    struct event *event = add_event(out, EVENT_COMPLETED, wo, when);
    diff_extend_id(event, when);
    event->numbered = numbered;
}

void diff_add_updated(struct diff *out, const struct workorder *wo, bool numbered)
{
    struct event *event = add_event(out, EVENT_UPDATED, wo, wo->updated);
    diff_extend_id(event, wo->updated);
    event->numbered = numbered;
}

void diff_add_late_completed(struct diff *out, const struct workorder *old, const struct workorder *wo)
{
    char text[TIMESTAMP_SIZE];
    diff_add_completed(out, wo, false);
    struct event *event = &out->events[out->count - 1];
    timestamp_format(old->updated, text);
    snprintf(event->same_as, sizeof event->same_as, "%s/%lld/%s", event_type_name(EVENT_COMPLETED),
        (long long)wo->id, text);
    event->only_same = wo->completed == TIMESTAMP_NONE;
}

void diff_add_deleted(struct diff *out, const struct workorder *wo, int64_t when)
{
    struct event *event = add_event(out, EVENT_DELETED, wo, when);
    out->deleted = true;
    out->deleted_at = when;
    out->deletions++;
    if (out->deletions > 1)
        extend_id(event, "/%d", out->deletions);
}
