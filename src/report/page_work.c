/* The panels about work orders. Each function makes one chart out of the tally and says what it shows. */
#include "report/page_parts.h"

#include <math.h>
#include <stdlib.h>

#include "report/bars.h"
#include "report/lines.h"
#include "report/words.h"

static const char *const priority_names[WORK_PRIORITIES] = {"High", "Medium", "Low", "None"};

/* --- backlog --- */

static int64_t open_in(const struct tally_week *week)
{
    int64_t sum = 0;
    for (int p = 0; p < WORK_PRIORITIES; p++)
        sum += week->open[p];
    return sum;
}

static void say_backlog(struct buffer *out, const struct figures *r)
{
    const struct tally *t = &r->tally;
    const int64_t difference = t->open - open_in(&t->weeks[0]);
    char date[CALENDAR_SIZE];
    words_number(out, (double)t->open, 0);
    buffer_append_text(out, t->open == 1 ? " is open" : " are open");
    if (difference == 0)
        buffer_append_text(out, ", as many as");
    else {
        buffer_append_text(out, ", ");
        words_number(out, fabs((double)difference), 0);
        buffer_append_text(out, difference > 0 ? " more than" : " fewer than");
    }
    calendar_format(CALENDAR_SHORT, t->period.weeks.starts[1] - 1, date);
    buffer_append_format(out, " on %s; ", date);
    words_number(out, (double)t->open_by[PRIORITY_HIGH], 0);
    buffer_append_text(out, t->open_by[PRIORITY_HIGH] == 1 ? " has high priority." : " have high priority.");
}

static void write_backlog(struct buffer *out, const struct figures *r)
{
    const struct tally *t = &r->tally;
    const size_t count = t->period.weeks.count;
    struct axis axis = axis_make(&t->period.weeks, CALENDAR_SHORT, CALENDAR_DATE);
    struct buffer finding = {0};
    struct chart chart = {.id = "backlog",
        .title = "Backlog per week, by priority",
        .empty = "Nothing was open in these weeks.",
        .unit = "open work orders",
        .label_name = "Week from",
        .labels = axis.labels,
        .names = axis.names,
        .count = count,
        .series_count = WORK_PRIORITIES,
        .stacked = true,
        .total = true,
        .running = true};
    double *values[WORK_PRIORITIES];
    say_backlog(&finding, r);
    chart.finding = finding.data;
    for (int p = 0; p < WORK_PRIORITIES; p++) {
        values[p] = series_make(count);
        for (size_t i = 0; i < count; i++)
            values[p][i] = (double)t->weeks[i].open[p];
        chart.series[p] = (struct chart_series){priority_names[p], values[p], STYLE_HIGH + (unsigned)p};
    }
    bars_write(out, &chart);
    for (int p = 0; p < WORK_PRIORITIES; p++)
        free(values[p]);
    buffer_free(&finding);
    axis_free(&axis);
}

/* --- created and completed --- */

static void say_flow(struct buffer *out, const struct figures *r)
{
    const struct tally *t = &r->tally;
    int64_t created = 0, completed = 0;
    for (size_t i = 0; i + 1 < t->period.weeks.count; i++) {
        created += t->weeks[i].created;
        completed += t->weeks[i].completed;
    }
    buffer_append_text(out, "In ");
    words_count(out, (int64_t)t->period.weeks.count - 1, "full week");
    buffer_append_text(out, " ");
    if (created == 0 && completed == 0) {
        buffer_append_text(out, "nothing was created or completed.");
        return;
    }
    words_number(out, (double)created, 0);
    buffer_append_text(out, " were created and ");
    words_number(out, (double)completed, 0);
    buffer_append_text(out, " completed");
    if (created == completed)
        buffer_append_text(out, ": as many.");
    else {
        buffer_append_text(out, ": ");
        words_number(out, fabs((double)(created - completed)), 0);
        buffer_append_text(
            out, created > completed ? " more came in than were done." : " more were done than came in.");
    }
}

static void write_flow(struct buffer *out, const struct figures *r)
{
    const struct tally *t = &r->tally;
    const size_t count = t->period.weeks.count;
    struct axis axis = axis_make(&t->period.weeks, CALENDAR_SHORT, CALENDAR_DATE);
    double *created = series_make(count), *completed = series_make(count);
    struct buffer finding = {0};
    say_flow(&finding, r);
    for (size_t i = 0; i < count; i++) {
        created[i] = (double)t->weeks[i].created;
        completed[i] = (double)t->weeks[i].completed;
    }
    const struct chart chart = {.id = "flow",
        .title = "Created and completed per week",
        .finding = finding.data,
        .note = "The last week is not over: its markers are hollow.",
        .empty = "Nothing was created or completed in these weeks.",
        .unit = "work orders a week",
        .label_name = "Week from",
        .labels = axis.labels,
        .names = axis.names,
        .count = t->counted > 0 ? count : 0,
        .series = {{"Created", created, STYLE_FIRST}, {"Completed", completed, STYLE_SECOND}},
        .series_count = 2,
        .running = true};
    lines_write(out, &chart);
    free(created);
    free(completed);
    buffer_free(&finding);
    axis_free(&axis);
}

/* --- on time --- */

static void say_on_time(struct buffer *out, const struct figures *r)
{
    const struct tally *t = &r->tally;
    int reached = 0, months = 0;
    for (size_t i = 0; i < t->period.months.count; i++) {
        const double percent = share_percent(&t->months[i].preventive);
        months += percent >= 0;
        reached += percent >= 0 && percent >= r->target_preventive;
    }
    if (t->this.all.of == 0) {
        buffer_append_text(out, "No work was due in the period.");
        return;
    }
    if (t->this.preventive.of > 0) {
        words_number(out, share_percent(&t->this.preventive), 1);
        buffer_append_text(out, "% of the preventive work on time, ");
    } else
        buffer_append_text(out, "No preventive work was due; ");
    words_number(out, share_percent(&t->this.all), 1);
    buffer_append_text(out, "% of all");
    if (r->target_preventive > 0 && months > 0) {
        buffer_append_format(out, "; target reached in %d of ", reached);
        words_count(out, months, "month");
    }
    buffer_append_text(out, ".");
}

static void add_target(struct chart *chart, struct buffer *name, double value, const char *of)
{
    if (value <= 0)
        return;
    buffer_append_text(name, "Target ");
    words_number(name, value, value == floor(value) ? 0 : 1);
    buffer_append_format(name, "%%%s", of);
    chart->targets[chart->target_count++] = (struct chart_target){name->data, value};
}

static void write_on_time(struct buffer *out, const struct figures *r)
{
    const struct tally *t = &r->tally;
    const size_t count = t->period.months.count;
    struct axis axis = axis_make(&t->period.months, CALENDAR_SEP, CALENDAR_SEP_2026);
    double *preventive = series_make(count), *all = series_make(count);
    struct buffer finding = {0}, names[2] = {{0}, {0}};
    say_on_time(&finding, r);
    for (size_t i = 0; i < count; i++) {
        preventive[i] = t->months[i].preventive.of > 0 ? share_percent(&t->months[i].preventive) : NAN;
        all[i] = t->months[i].all.of > 0 ? share_percent(&t->months[i].all) : NAN;
    }
    struct chart chart = {.id = "on-time",
        .title = "Preventive work on time per month",
        .finding = finding.data,
        .note = "By the month of the due date.",
        .empty = "No work order had a due date in these months.",
        .unit = "% done by the due date",
        .label_name = "Month",
        .labels = axis.labels,
        .names = axis.names,
        .count = count,
        .series = {{"Preventive", preventive, STYLE_FIRST}, {"All with a due date", all, STYLE_SECOND}},
        .series_count = 2,
        .decimals = 1,
        .percent = true,
        .running = true};
    const bool same = r->target_preventive == r->target_all;
    add_target(&chart, &names[0], r->target_preventive, same ? "" : ", preventive");
    add_target(&chart, &names[1], same ? 0 : r->target_all, ", all");
    lines_write(out, &chart);
    free(preventive);
    free(all);
    buffer_free(&names[0]);
    buffer_free(&names[1]);
    buffer_free(&finding);
    axis_free(&axis);
}

/* --- kinds of work --- */

static const char *const type_names[WORK_TYPES] = {"Preventive", "Reactive", "Other"};

static void write_kinds(struct buffer *out, const struct figures *r)
{
    static const enum chart_style styles[WORK_TYPES] = {STYLE_FIRST, STYLE_SECOND, STYLE_NONE};
    const struct tally *t = &r->tally;
    const size_t count = t->period.months.count;
    struct axis axis = axis_make(&t->period.months, CALENDAR_SEP, CALENDAR_SEP_2026);
    int64_t sums[WORK_TYPES] = {0}, all = 0;
    struct buffer finding = {0};
    double *values[WORK_TYPES];
    struct chart chart = {.id = "kinds",
        .title = "Preventive and reactive share",
        .note = "Of what was completed, by the month of its completion.",
        .empty = "Nothing was completed in these months.",
        .unit = "% of completed work orders",
        .label_name = "Month",
        .labels = axis.labels,
        .names = axis.names,
        .count = count,
        .series_count = WORK_TYPES,
        .decimals = 1,
        .percent = true,
        .stacked = true,
        .running = true};
    for (int type = 0; type < WORK_TYPES; type++) {
        values[type] = series_make(count);
        chart.series[type] = (struct chart_series){type_names[type], values[type], styles[type]};
    }
    for (size_t i = 0; i < count; i++) {
        const int64_t *month = t->months[i].completed;
        const int64_t sum = month[TYPE_PREVENTIVE] + month[TYPE_REACTIVE] + month[TYPE_OTHER];
        for (int type = 0; type < WORK_TYPES; type++) {
            values[type][i] = sum > 0 ? 100.0 * (double)month[type] / (double)sum : NAN;
            sums[type] += month[type];
        }
        all += sum;
    }
    buffer_append_text(&finding, "Of ");
    words_count(&finding, all, "completed work order");
    buffer_append_text(&finding, " ");
    page_percent(&finding, sums[TYPE_PREVENTIVE], all);
    buffer_append_text(&finding, " were preventive and ");
    page_percent(&finding, sums[TYPE_REACTIVE], all);
    buffer_append_text(&finding, " reactive.");
    chart.finding = finding.data;
    bars_write(out, &chart);
    for (int type = 0; type < WORK_TYPES; type++)
        free(values[type]);
    buffer_free(&finding);
    axis_free(&axis);
}

/* --- time to complete --- */

static void write_times(struct buffer *out, const struct figures *r)
{
    const struct values *by = r->tally.this.by_priority;
    double median[WORK_PRIORITIES], ninety[WORK_PRIORITIES], max = 0;
    struct buffer finding = {0};
    for (int p = 0; p < WORK_PRIORITIES; p++) {
        median[p] = by[p].count > 0 ? (double)values_percentile(&by[p], 50) : NAN;
        ninety[p] = by[p].count > 0 ? (double)values_percentile(&by[p], 90) : NAN;
        max = ninety[p] > max ? ninety[p] : max;
    }
    if (by[PRIORITY_HIGH].count > 0) {
        buffer_append_text(&finding, "Half of the work of high priority was done within ");
        words_duration(&finding, values_percentile(&by[PRIORITY_HIGH], 50));
        buffer_append_text(&finding, ", half of all work within ");
    } else
        buffer_append_text(&finding, "Half of all work was done within ");
    words_duration(&finding, values_percentile(&r->tally.this.durations, 50));
    buffer_append_text(&finding, ".");
    const struct words_unit *unit = words_unit_for(max);
    for (int p = 0; p < WORK_PRIORITIES; p++) {
        median[p] /= unit->ms;
        ninety[p] /= unit->ms;
    }
    const struct chart chart = {.id = "times",
        .title = "Time to complete, by priority",
        .finding = finding.data,
        .empty = "Nothing was completed in the period.",
        .unit = unit->name,
        .label_name = "Priority",
        .labels = priority_names,
        .count = WORK_PRIORITIES,
        .series = {{"Median", median, STYLE_FIRST}, {"90% within", ninety, STYLE_SECOND}},
        .series_count = 2,
        .decimals = 1};
    bars_write(out, &chart);
    buffer_free(&finding);
}

/* --- age --- */

static void write_ages(struct buffer *out, const struct figures *r)
{
    static const char *const labels[TALLY_AGES] = {"<1", "1",
        "2\xe2\x80\x93"
        "3",
        "4\xe2\x80\x93"
        "12",
        "13\xe2\x80\x93"
        "25",
        "26\xe2\x80\x93"
        "51",
        "52+"};
    static const char *const names[TALLY_AGES] = {"less than 1 week", "1 week", "2 to 3 weeks",
        "4 to 12 weeks", "13 to 25 weeks", "26 to 51 weeks", "52 weeks and more"};
    const struct tally *t = &r->tally;
    double values[TALLY_AGES];
    struct buffer finding = {0};
    const int64_t old = t->ages[4] + t->ages[5] + t->ages[6];
    for (int i = 0; i < TALLY_AGES; i++)
        values[i] = (double)t->ages[i];
    words_number(&finding, (double)old, 0);
    buffer_append_text(&finding, " of ");
    words_number(&finding, (double)t->open, 0);
    buffer_append_text(&finding, " open (");
    page_percent(&finding, old, t->open);
    buffer_append_text(&finding, ") are 13 weeks old and older.");
    const struct chart chart = {.id = "ages",
        .title = "Age of what is open",
        .finding = finding.data,
        .note = "Full weeks since the work order was created.",
        .empty = "Nothing is open.",
        .unit = "open work orders, by age in weeks",
        .label_name = "Age",
        .labels = labels,
        .names = names,
        .count = TALLY_AGES,
        .series = {{"Open", values, STYLE_FIRST}},
        .series_count = 1};
    bars_write(out, &chart);
    buffer_free(&finding);
}

void page_work(struct buffer *out, const struct figures *report)
{
    buffer_append_text(out, "<div class=\"panels\">\n");
    write_backlog(out, report);
    write_flow(out, report);
    write_on_time(out, report);
    write_kinds(out, report);
    write_times(out, report);
    write_ages(out, report);
    buffer_append_text(out, "</div>\n");
}
