/* What the words on the page mean: each formula, the statuses counted, what was left out and how many. */
#include "report/page_parts.h"

#include "base/timestamp.h"
#include "report/words.h"

static void define(struct buffer *out, const char *word, const char *meaning)
{
    buffer_append_format(out, "<dt>%s</dt><dd>%s</dd>\n", word, meaning);
}

static void define_work(struct buffer *out)
{
    define(out, "Preventive on time",
        "Work orders of type PREVENTIVE with a due date in the period that were done by it, of all such that "
        "are not CANCELED. "
        "SKIPPED ones, and open ones, count as missed. <em>All work on time</em> is the same for every "
        "type.");
    define(
        out, "Open", "Neither done nor CANCELED nor SKIPPED; those that are planned for a later day, too.");
    define(out, "Weeks of work",
        "Open work orders, divided by the mean completed per week of the last twelve weeks.");
    define(out, "Overdue", "Open, with a due date in the past.");
    define(out, "Time to complete",
        "From <code>createdAt</code> to <code>completedAt</code> of work orders that are done and were "
        "completed in the period. The median is the "
        "time within which half of them were done, the 90th percentile that of nine in ten (nearest rank).");
    define(out, "Trend",
        "Percentages and times: against the period of the same length before. Numbers of open and overdue "
        "work orders: against the first instant of the period.");
    define(out, "Backlog",
        "Open at the end of each week, by the priority that they have today. The last bar is now.");
    define(out, "Created, completed",
        "By <code>createdAt</code>, and by <code>completedAt</code> of what is done. Weeks begin on Monday.");
    define(out, "Preventive and reactive share",
        "By <code>type</code>, of what was completed. CYCLE_COUNT and OTHER, and work without a type, are "
        "<em>Other</em>.");
    define(out, "Age", "From <code>createdAt</code> until now, of what is open.");
    define(out, "Reactive",
        "In the tables of assets and locations: work orders of type REACTIVE that were created in the "
        "period, open or not. The tables "
        "are in the order of open, then overdue, then reactive.");
    define(out, "Urgent", "Overdue work orders, by priority, then by the time since the due date.");
}

static void define_wosync(struct buffer *out)
{
    define(out, "Delay",
        "From the change in MaintainX to the end of the delivery that succeeded, retries and waiting "
        "included; median of each day.");
    define(out, "Runs",
        "A run fails that ends with an exit status other than 0, 65 (records went to quarantine) and 75 (try "
        "again later), or that was killed: "
        "it has no end, and another one of its kind was begun since, or a day has gone by. "
        "A run counts in every hour in which it was at work.");
    define(out, "Late arrivals",
        "From <code>updatedAt</code> to when the change was first seen. The store counts them in steps of 1, "
        "2, 5, 10 and so on, so that some are "
        "counted one bar too late.");
    define(out, "Pending, dead",
        "A delivery that is still to be made or tried again; one that used up its attempts.");
    define(out, "Missed by webhooks",
        "Changes that polling found and that no webhook has named within a minute.");
}

static void write_statuses(struct buffer *out, const struct tally *t)
{
    static const char *const states[WORK_STATES] = {"open", "done", "closed, not done", "closed, not done"};
    if (t->status_count == 0)
        return;
    buffer_append_text(out, "<dt>Statuses</dt><dd>");
    for (size_t i = 0; i < t->status_count; i++) {
        buffer_append_text(out, i > 0 ? "; " : "");
        words_text(out, t->statuses[i].name);
        buffer_append_text(out, " (");
        words_number(out, (double)t->statuses[i].count, 0);
        buffer_append_format(out, ") is %s", states[t->statuses[i].state]);
    }
    buffer_append_text(out, ".</dd>\n");
}

static void write_left_out(struct buffer *out, const struct figures *r)
{
    const struct tally *t = &r->tally;
    const struct {
        int64_t count;
        const char *why;
    } reasons[] = {{t->deleted, "deleted in MaintainX"}, {t->elsewhere, "at other locations"},
        {t->unreadable, "without a date of creation that can be read"}};
    buffer_append_text(out, "<dt>Counted and left out</dt><dd>");
    words_count(out, t->counted, "work order");
    buffer_append_text(out, t->counted == 1 ? " is counted. Left out" : " are counted. Left out");
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        buffer_append_text(out, i > 0 ? ", " : ": ");
        words_number(out, (double)reasons[i].count, 0);
        buffer_append_format(out, " %s", reasons[i].why);
    }
    buffer_append_text(out, ". Done without a date of completion: ");
    words_number(out, (double)t->undated, 0);
    buffer_append_text(
        out, " (they are in no time and no month). Completed in the period before they were created: ");
    words_number(out, (double)t->backwards, 0);
    buffer_append_text(out, " (they have no time to complete). With another date that cannot be read: ");
    words_number(out, (double)t->bad_dates, 0);
    buffer_append_text(out, " (it counts as absent).</dd>\n");
}

static void write_past(struct buffer *out, const struct figures *r)
{
    buffer_append_text(out, "<dt>Days before the first sync</dt><dd>They are rebuilt from the records' own "
                            "dates, as are all days. What was deleted before the first "
                            "sync is unknown there, and what was deleted since is left out everywhere. "
                            "CANCELED and SKIPPED have no date of their own: such a work order counts as "
                            "open until its status was seen, or its last update.</dd>\n");
    if (r->location != NULL)
        buffer_append_text(out,
            "<dt>Location</dt><dd>Only work orders that name the location itself are counted, not those of "
            "locations within it. What is said of deliveries, runs and "
            "webhooks is said of the whole account.</dd>\n");
}

void page_words(struct buffer *out, const struct figures *report)
{
    char zone[CALENDAR_SIZE];
    buffer_append_text(out, "<dl class=\"words\">\n");
    define_work(out);
    define_wosync(out);
    write_statuses(out, &report->tally);
    write_left_out(out, report);
    write_past(out, report);
    calendar_zone(report->tally.period.now, zone);
    buffer_append_format(out,
        "<dt>Time zone</dt><dd>Days, weeks and months are in the time zone of the machine that made this "
        "page: %s.</dd>\n</dl>\n",
        zone);
}
