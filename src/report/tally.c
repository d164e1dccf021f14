/*
 * The numbers about work orders. Each record is read once and adds to sums; what is kept of it is a duration
 * where it was completed in the period or the one before, and its id while it is among the most urgent.
 *
 * The open work at the ends of weeks: a work order is in the backlog from its creation to when it was closed,
 * so it adds one to the first end behind the one and takes one from the first end behind the other; tally_end
 * adds them up. Until then weeks[i].open holds differences.
 *
 * Invariants: urgent[] is in its final order at any time. Nothing but `counted` records is in any other
 * number, except for what was left out.
 */
#include "report/tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"

#define WEEK_MS INT64_C(604800000)

const int tally_age_weeks[TALLY_AGES - 1] = {1, 2, 4, 13, 26, 52};

size_t spans_find(const struct spans *spans, int64_t ms)
{
    size_t low = 0, high = spans->count + 1; /* the first start behind `ms` is in low..high */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (spans->starts[middle] <= ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? spans->count : low - 1;
}

void tally_begin(struct tally *tally, const struct period *period)
{
    *tally = (struct tally){.period = *period, .first_created = TIMESTAMP_NONE};
    tally->weeks = calloc(period->weeks.count + 1, sizeof *tally->weeks);
    tally->months = calloc(period->months.count + 1, sizeof *tally->months);
}

/* --- one record --- */

/* A record with what follows from it. */
struct item {
    const struct record *record;
    int64_t id;
    int64_t end; /* when it was closed; TIMESTAMP_NONE: it is open */
};

/* When it was closed, if it is. */
static int64_t end_of(const struct record *r, int64_t closed)
{
    if (r->state == WORK_OPEN)
        return TIMESTAMP_NONE;
    return r->state == WORK_DONE && r->completed != TIMESTAMP_NONE ? r->completed : closed;
}

static bool was_open_at(const struct item *item, int64_t ms)
{
    return item->record->created <= ms && (item->end == TIMESTAMP_NONE || item->end > ms);
}

static bool lies_in(int64_t ms, int64_t from, int64_t until)
{
    return ms != TIMESTAMP_NONE && ms >= from && ms < until;
}

static void count_status(struct tally *t, const struct record *r)
{
    size_t i = 0;
    while (i < t->status_count && strcmp(t->statuses[i].name, r->status) != 0)
        i++;
    if (i == t->status_count) {
        if (t->status_count == TALLY_STATUSES)
            i--;
        else
            t->statuses[t->status_count++].state = r->state;
        memcpy(t->statuses[i].name, i == TALLY_STATUSES - 1 ? "others" : r->status,
            i == TALLY_STATUSES - 1 ? sizeof "others" : sizeof r->status);
    }
    t->statuses[i].count++;
}

/* The first week whose end is not before `ms`; the present one ends now. */
static size_t week_ending_behind(const struct period *p, int64_t ms)
{
    if (ms > p->now)
        return p->weeks.count;
    return ms < p->weeks.starts[0] ? 0 : spans_find(&p->weeks, ms);
}

static void count_weeks(struct tally *t, const struct item *item)
{
    const struct record *r = item->record;
    const struct period *p = &t->period;
    if (lies_in(r->created, p->weeks.starts[0], p->now))
        t->weeks[spans_find(&p->weeks, r->created)].created++;
    if (r->state == WORK_DONE && lies_in(r->completed, p->weeks.starts[0], p->now))
        t->weeks[spans_find(&p->weeks, r->completed)].completed++;
    size_t from = week_ending_behind(p, r->created);
    size_t until = item->end != TIMESTAMP_NONE ? week_ending_behind(p, item->end) : p->weeks.count;
    if (from < until) {
        t->weeks[from].open[r->priority]++;
        t->weeks[until].open[r->priority]--;
    }
}

static void add_share(struct share *share, const struct record *r)
{
    share->of++;
    share->met += r->state == WORK_DONE && r->completed != TIMESTAMP_NONE && r->completed <= r->due;
}

/* Its due date decides where it counts, and only once it is over. */
static void count_on_time(struct tally *t, const struct record *r)
{
    const struct period *p = &t->period;
    const int64_t length = p->now - p->since;
    if (r->state == WORK_CANCELED || r->due == TIMESTAMP_NONE || r->due >= p->now)
        return;
    struct tally_period *period = r->due >= p->since            ? &t->this
                                  : r->due >= p->since - length ? &t->before
                                                                : NULL;
    size_t month = spans_find(&p->months, r->due);
    for (int all = r->type == TYPE_PREVENTIVE ? 0 : 1; all < 2; all++) {
        if (period != NULL)
            add_share(all ? &period->all : &period->preventive, r);
        if (month < p->months.count)
            add_share(all ? &t->months[month].all : &t->months[month].preventive, r);
    }
}

static void count_completion(struct tally *t, const struct record *r)
{
    const struct period *p = &t->period;
    const int64_t length = p->now - p->since;
    if (r->completed == TIMESTAMP_NONE) {
        t->undated++;
        return;
    }
    t->completed_lately += lies_in(r->completed, p->now - TALLY_RATE_WEEKS * WEEK_MS, p->now);
    if (lies_in(r->completed, p->months.starts[0], p->now))
        t->months[spans_find(&p->months, r->completed)].completed[r->type]++;
    if (!lies_in(r->completed, p->since - length, p->now))
        return;
    const int64_t duration = r->completed - r->created;
    const bool now = r->completed >= p->since;
    if (duration < 0) {
        t->backwards += now;
        return;
    }
    values_add(now ? &t->this.durations : &t->before.durations, duration);
    if (now)
        values_add(&t->this.by_priority[r->priority], duration);
}

/* Is the first one more urgent? By priority, then the one that is overdue for longer. */
static bool is_more_urgent(const struct tally_urgent *a, const struct tally_urgent *b)
{
    if (a->priority != b->priority)
        return a->priority < b->priority;
    return a->due != b->due ? a->due < b->due : a->id < b->id;
}

static void note_urgent(struct tally *t, const struct item *item)
{
    const struct tally_urgent one = {item->id, item->record->priority, item->record->due};
    size_t at = t->urgent_count;
    while (at > 0 && is_more_urgent(&one, &t->urgent[at - 1]))
        at--;
    if (at == TALLY_URGENT)
        return;
    if (t->urgent_count < TALLY_URGENT)
        t->urgent_count++;
    memmove(&t->urgent[at + 1], &t->urgent[at], (t->urgent_count - at - 1) * sizeof t->urgent[0]);
    t->urgent[at] = one;
}

static void count_open(struct tally *t, const struct item *item, bool overdue)
{
    const struct record *r = item->record;
    size_t age = 0;
    while (age < TALLY_AGES - 1 && t->period.now - r->created >= tally_age_weeks[age] * WEEK_MS)
        age++;
    t->ages[age]++;
    t->open++;
    t->open_by[r->priority]++;
    t->open_without_due += r->due == TIMESTAMP_NONE;
    if (overdue) {
        t->overdue++;
        note_urgent(t, item);
    }
}

static void count_place(struct tally *t, struct places *places, const struct record_place *of,
    const struct record *r, bool overdue)
{
    const bool reactive = r->type == TYPE_REACTIVE && lies_in(r->created, t->period.since, t->period.now);
    if (of->id == 0 || (r->state != WORK_OPEN && !reactive))
        return;
    struct place *place = places_find(places, of);
    place->open += r->state == WORK_OPEN;
    place->overdue += overdue;
    place->reactive += reactive;
}

static void count(struct tally *t, const struct item *item)
{
    const struct record *r = item->record;
    const int64_t since = t->period.since;
    const bool overdue = r->state == WORK_OPEN && r->due != TIMESTAMP_NONE && r->due < t->period.now;
    t->counted++;
    t->bad_dates += r->bad_date;
    if (t->first_created == TIMESTAMP_NONE || r->created < t->first_created)
        t->first_created = r->created;
    count_status(t, r);
    count_weeks(t, item);
    count_on_time(t, r);
    if (r->state == WORK_DONE)
        count_completion(t, r);
    if (r->state == WORK_OPEN)
        count_open(t, item, overdue);
    if (was_open_at(item, since)) {
        t->open_before++;
        t->overdue_before += r->due != TIMESTAMP_NONE && r->due < since;
    }
    count_place(t, &t->assets, &r->asset, r, overdue);
    count_place(t, &t->locations, &r->location, r, overdue);
}

void tally_add(struct tally *tally, const struct tally_row *row)
{
    struct record record;
    bool read = record_read(row->json, row->len, tally->period.completed, &record);
    if (row->deleted)
        tally->deleted++;
    else if (read && tally->period.location != 0 && record.location.id != tally->period.location)
        tally->elsewhere++;
    else if (!read || record.created == TIMESTAMP_NONE)
        tally->unreadable++;
    else
        count(tally, &(struct item){&record, row->id, end_of(&record, row->closed)});
}

/* --- the end --- */

static int compare_statuses(const void *a, const void *b)
{
    const struct tally_status *x = a, *y = b;
    return x->state != y->state ? (x->state > y->state) - (x->state < y->state) : strcmp(x->name, y->name);
}

void tally_end(struct tally *tally)
{
    for (size_t i = 1; i < tally->period.weeks.count; i++)
        for (int p = 0; p < WORK_PRIORITIES; p++)
            tally->weeks[i].open[p] += tally->weeks[i - 1].open[p];
    values_sort(&tally->this.durations);
    values_sort(&tally->before.durations);
    for (int p = 0; p < WORK_PRIORITIES; p++)
        values_sort(&tally->this.by_priority[p]);
    tally->top_assets = places_rank(&tally->assets, TALLY_TOP);
    tally->top_locations = places_rank(&tally->locations, TALLY_TOP);
    qsort(tally->statuses, tally->status_count, sizeof tally->statuses[0], compare_statuses);
}

double tally_weeks_of_work(const struct tally *tally)
{
    const int64_t needed = tally->period.now - TALLY_RATE_WEEKS * WEEK_MS;
    if (tally->completed_lately == 0 || tally->first_created == TIMESTAMP_NONE ||
        tally->first_created > needed)
        return -1;
    return (double)(tally->open * TALLY_RATE_WEEKS) / (double)tally->completed_lately;
}

double share_percent(const struct share *share)
{
    return share->of > 0 ? 100.0 * (double)share->met / (double)share->of : -1;
}

void tally_free(struct tally *tally)
{
    values_free(&tally->this.durations);
    values_free(&tally->before.durations);
    for (int p = 0; p < WORK_PRIORITIES; p++) {
        values_free(&tally->this.by_priority[p]);
        values_free(&tally->before.by_priority[p]);
    }
    places_free(&tally->assets);
    places_free(&tally->locations);
    free(tally->weeks);
    free(tally->months);
    *tally = (struct tally){0};
}
