#include "report/report_json.h"

#include <json-c/json.h>

#include "base/calendar.h"
#include "base/json.h"
#include "base/timestamp.h"

static const char *const priority_names[WORK_PRIORITIES] = {"HIGH", "MEDIUM", "LOW", "NONE"};
static const char *const type_names[WORK_TYPES] = {"PREVENTIVE", "REACTIVE", "OTHER"};
static const char *const state_names[WORK_STATES] = {"open", "done", "canceled", "skipped"};

static struct json_object *add_object(struct json_object *to, const char *key)
{
    struct json_object *object = json_object_new_object();
    json_object_object_add(to, key, object);
    return object;
}

static struct json_object *add_array(struct json_object *to, const char *key)
{
    struct json_object *array = json_object_new_array();
    json_object_object_add(to, key, array);
    return array;
}

static struct json_object *append_object(struct json_object *list)
{
    struct json_object *item = json_object_new_object();
    json_object_array_add(list, item);
    return item;
}

static void give_share(struct json_object *to, const char *key, const struct share *share)
{
    struct json_object *object = add_object(to, key);
    json_give_int(object, "met", share->met);
    json_give_int(object, "of", share->of);
}

static void give_times(struct json_object *to, const char *key, const struct values *values)
{
    struct json_object *object = add_object(to, key);
    json_give_int(object, "count", (int64_t)values->count);
    if (values->count > 0) {
        json_give_int(object, "p50Ms", values_percentile(values, 50));
        json_give_int(object, "p90Ms", values_percentile(values, 90));
    }
}

static void give_day(struct json_object *to, const char *key, int64_t ms)
{
    char text[CALENDAR_SIZE];
    calendar_format(CALENDAR_ISO, ms, text);
    json_give_text(to, key, text);
}

static void give_period(struct json_object *out, const struct figures *r)
{
    const struct period *p = &r->tally.period;
    char zone[CALENDAR_SIZE];
    calendar_zone(p->now, zone);
    json_give_date(out, "since", p->since);
    json_give_date(out, "made", p->now);
    json_give_text(out, "timeZone", zone);
    if (p->location != 0)
        json_give_int(out, "location", p->location);
    json_give_date(out, "lastPass", r->last_pass);
}

static void give_figures(struct json_object *out, const struct figures *r)
{
    const struct tally *t = &r->tally;
    const double weeks = tally_weeks_of_work(t);
    struct json_object *open = add_object(out, "open"), *overdue = add_object(out, "overdue");
    struct json_object *on_time = add_object(out, "onTime"), *times = add_object(out, "timeToComplete");
    give_share(on_time, "preventive", &t->this.preventive);
    give_share(on_time, "preventiveBefore", &t->before.preventive);
    give_share(on_time, "all", &t->this.all);
    give_share(on_time, "allBefore", &t->before.all);
    if (r->target_preventive > 0)
        json_object_object_add(on_time, "targetPreventive", json_object_new_double(r->target_preventive));
    if (r->target_all > 0)
        json_object_object_add(on_time, "targetAll", json_object_new_double(r->target_all));
    json_give_int(open, "now", t->open);
    json_give_int(open, "before", t->open_before);
    json_give_int(open, "withoutDueDate", t->open_without_due);
    json_give_int(open, "completedInTwelveWeeks", t->completed_lately);
    json_object_object_add(open, "weeksOfWork", weeks < 0 ? NULL : json_object_new_double(weeks));
    struct json_object *by = add_object(open, "byPriority"), *ages = add_array(open, "byAge");
    for (int p = 0; p < WORK_PRIORITIES; p++)
        json_give_int(by, priority_names[p], t->open_by[p]);
    for (int i = 0; i < TALLY_AGES; i++)
        json_object_array_add(ages, json_object_new_int64(t->ages[i]));
    json_give_int(overdue, "now", t->overdue);
    json_give_int(overdue, "before", t->overdue_before);
    give_times(times, "all", &t->this.durations);
    give_times(times, "before", &t->before.durations);
    for (int p = 0; p < WORK_PRIORITIES; p++)
        give_times(times, priority_names[p], &t->this.by_priority[p]);
}

static void give_weeks(struct json_object *out, const struct tally *t)
{
    struct json_object *weeks = add_array(out, "weeks"), *months = add_array(out, "months");
    for (size_t i = 0; i < t->period.weeks.count; i++) {
        struct json_object *week = append_object(weeks);
        give_day(week, "from", t->period.weeks.starts[i]);
        json_give_int(week, "created", t->weeks[i].created);
        json_give_int(week, "completed", t->weeks[i].completed);
        struct json_object *open = add_object(week, "open");
        for (int p = 0; p < WORK_PRIORITIES; p++)
            json_give_int(open, priority_names[p], t->weeks[i].open[p]);
    }
    for (size_t i = 0; i < t->period.months.count; i++) {
        struct json_object *month = append_object(months);
        give_day(month, "from", t->period.months.starts[i]);
        give_share(month, "preventive", &t->months[i].preventive);
        give_share(month, "all", &t->months[i].all);
        struct json_object *completed = add_object(month, "completed");
        for (int type = 0; type < WORK_TYPES; type++)
            json_give_int(completed, type_names[type], t->months[i].completed[type]);
    }
}

static void give_places(struct json_object *out, const char *key, const struct place *places, size_t count)
{
    struct json_object *list = add_array(out, key);
    for (size_t i = 0; i < count; i++) {
        struct json_object *place = append_object(list);
        json_give_int(place, "id", places[i].id);
        json_give_text(place, "name", places[i].name);
        json_give_int(place, "open", places[i].open);
        json_give_int(place, "overdue", places[i].overdue);
        json_give_int(place, "reactive", places[i].reactive);
    }
}

static void give_urgent(struct json_object *out, const struct figures *r)
{
    struct json_object *list = add_array(out, "urgent");
    for (size_t i = 0; i < r->tally.urgent_count; i++) {
        struct json_object *urgent = append_object(list);
        json_give_int(urgent, "id", r->tally.urgent[i].id);
        json_give_text(urgent, "title", r->urgent[i].title);
        json_give_text(urgent, "priority", priority_names[r->tally.urgent[i].priority]);
        json_give_date(urgent, "dueDate", r->tally.urgent[i].due);
        json_give_text(urgent, "assignees", r->urgent[i].assignees);
        json_give_text(urgent, "asset", r->urgent[i].asset);
    }
}

static void give_counted(struct json_object *out, const struct tally *t)
{
    struct json_object *statuses = add_array(out, "statuses"), *left = add_object(out, "leftOut");
    json_give_int(out, "counted", t->counted);
    json_give_int(left, "deleted", t->deleted);
    json_give_int(left, "otherLocations", t->elsewhere);
    json_give_int(left, "withoutCreationDate", t->unreadable);
    json_give_int(out, "unreadableDates", t->bad_dates);
    json_give_int(out, "completedBeforeCreated", t->backwards);
    json_give_int(out, "doneWithoutDate", t->undated);
    for (size_t i = 0; i < t->status_count; i++) {
        struct json_object *status = append_object(statuses);
        json_give_text(status, "status", t->statuses[i].name);
        json_give_text(status, "countsAs", state_names[t->statuses[i].state]);
        json_give_int(status, "count", t->statuses[i].count);
    }
}

static void give_handlers(struct json_object *out, const struct figures *r)
{
    struct json_object *list = add_array(out, "handlers");
    for (size_t i = 0; i < r->handler_count; i++) {
        const struct figures_handler *h = &r->handlers[i];
        struct json_object *handler = append_object(list);
        json_give_text(handler, "name", h->name);
        json_give_text(handler, "type", h->type);
        json_give_int(handler, "delivered", h->delivered);
        json_give_int(handler, "pending", h->pending);
        json_give_int(handler, "dead", h->dead);
        json_give_date(handler, "lastSuccess", h->last_success);
        json_give_text(handler, "lastError", h->last_error);
        give_times(handler, "delay", &h->all_delays);
        struct json_object *days = add_array(handler, "days");
        for (size_t day = 0; day < r->days.count; day++)
            if (h->delays[day].count > 0) {
                struct json_object *one = append_object(days);
                give_day(one, "day", r->days.starts[day]);
                json_give_int(one, "count", (int64_t)h->delays[day].count);
                json_give_int(one, "p50Ms", values_percentile(&h->delays[day], 50));
            }
    }
}

static void give_runs(struct json_object *out, const struct figures *r)
{
    struct json_object *runs = add_object(out, "runs"), *days = add_array(runs, "days");
    static const char marks[] = {
        [CELL_NOTHING] = ' ', [CELL_GAP] = '.', [CELL_SUCCESS] = '+', [CELL_FAILURE] = 'x'};
    json_give_int(runs, "count", r->run_count);
    json_give_int(runs, "failed", r->failed_runs);
    for (size_t day = 0; day < r->run_days.count; day++) {
        char hours[FIGURES_HOURS + 1] = "";
        struct json_object *one = append_object(days);
        for (int hour = 0; hour < FIGURES_HOURS; hour++)
            hours[hour] = marks[r->cells[day][hour]];
        give_day(one, "day", r->run_days.starts[day]);
        json_give_text(one, "hours", hours);
    }
}

static void give_channels(struct json_object *out, const struct figures *r)
{
    struct json_object *late = add_object(out, "lateness");
    static const char *const channels[] = {"poll", "webhook"};
    for (int channel = 0; channel < 2; channel++) {
        struct json_object *steps = add_array(late, channels[channel]);
        for (int i = 0; i < FIGURES_LATE_STEPS; i++)
            json_object_array_add(steps, json_object_new_int64(r->late[channel][i]));
    }
    json_give_int(late, "lookbackNeededMs", r->late_needed);
    if (!r->webhooks.used)
        return;
    struct json_object *webhooks = add_object(out, "webhooks");
    json_give_date(webhooks, "lastReceived", r->webhooks.last);
    json_give_int(webhooks, "received", r->webhooks.received);
    json_give_int(webhooks, "duplicate", r->webhooks.duplicate);
    json_give_int(webhooks, "refused", r->webhooks.refused);
    json_give_int(webhooks, "givenUp", r->webhooks.given_up);
    json_give_int(webhooks, "foundByPolling", r->webhooks.polled);
    json_give_int(webhooks, "missed", r->webhooks.missed);
}

struct json_object *report_json_make(const struct figures *report)
{
    struct json_object *out = json_object_new_object();
    give_period(out, report);
    give_figures(out, report);
    give_weeks(out, &report->tally);
    give_places(out, "assets", report->tally.assets.slots, report->tally.top_assets);
    give_places(out, "locations", report->tally.locations.slots, report->tally.top_locations);
    give_urgent(out, report);
    give_counted(out, &report->tally);
    give_handlers(out, report);
    give_runs(out, report);
    give_channels(out, report);
    return out;
}
