/* The panels about wosync itself, but for its runs: deliveries, handlers, webhooks, late arrivals. */
#include "report/page_parts.h"

#include <math.h>
#include <stdlib.h>

#include "base/timestamp.h"
#include "report/bars.h"
#include "report/lines.h"
#include "report/words.h"

/* Lines that can be distinguished. */
enum { MOST_LINES = 4 };

static const enum chart_style line_styles[MOST_LINES] = {
    STYLE_FIRST, STYLE_SECOND, STYLE_THIRD, STYLE_FOURTH};

/* --- delay --- */

/* The handlers that have delivered most in the period come first. */
static size_t choose_handlers(const struct figures *r, const struct figures_handler *chosen[MOST_LINES])
{
    size_t count = 0;
    for (size_t i = 0; i < r->handler_count; i++) {
        size_t at = count;
        if (r->handlers[i].all_delays.count == 0)
            continue;
        while (at > 0 && chosen[at - 1]->all_delays.count < r->handlers[i].all_delays.count)
            at--;
        if (at == MOST_LINES)
            continue;
        if (count < MOST_LINES)
            count++;
        for (size_t last = count - 1; last > at; last--)
            chosen[last] = chosen[last - 1];
        chosen[at] = &r->handlers[i];
    }
    return count;
}

static void say_delay(struct buffer *out, const struct figures_handler *const *chosen, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buffer_append_text(out, i == 0           ? "Half of the deliveries came within "
                                : i + 1 == count ? " and "
                                                 : ", ");
        words_duration(out, values_percentile(&chosen[i]->all_delays, 50));
        buffer_append_format(out, " to %s", chosen[i]->name);
    }
    buffer_append_text(out, ".");
}

/* The days from the first delivery on. */
static struct spans days_with_deliveries(
    const struct figures *r, const struct figures_handler *const *chosen, size_t count, size_t *first)
{
    size_t from = r->days.count;
    for (size_t i = 0; i < count; i++)
        for (size_t day = 0; day < from; day++)
            if (chosen[i]->delays[day].count > 0)
                from = day;
    *first = from;
    return (struct spans){r->days.starts + from, r->days.count - from};
}

static void write_delay(struct buffer *out, const struct figures *r)
{
    const struct figures_handler *chosen[MOST_LINES + 1];
    const size_t handlers = choose_handlers(r, chosen);
    size_t first;
    const struct spans days = days_with_deliveries(r, chosen, handlers, &first);
    struct axis axis = axis_make(&days, CALENDAR_SHORT, CALENDAR_DATE);
    double *values[MOST_LINES], max = 0;
    struct buffer finding = {0};
    struct chart chart = {.id = "delay",
        .title = "Delay from change to delivery per day",
        .note = "Median of each day. Only events since the first sync count.",
        .empty = "Nothing was delivered in the period.",
        .label_name = "Day",
        .labels = axis.labels,
        .names = axis.names,
        .count = days.count,
        .series_count = handlers,
        .decimals = 1};
    say_delay(&finding, chosen, handlers);
    chart.finding = finding.data;
    for (size_t i = 0; i < handlers; i++) {
        values[i] = series_make(days.count);
        for (size_t day = 0; day < days.count; day++)
            if (chosen[i]->delays[first + day].count > 0) {
                values[i][day] = fmax(0, (double)values_percentile(&chosen[i]->delays[first + day], 50));
                max = fmax(max, values[i][day]);
            }
        chart.series[i] = (struct chart_series){chosen[i]->name, values[i], line_styles[i]};
    }
    const struct words_unit *unit = words_unit_for(max);
    for (size_t i = 0; i < handlers; i++)
        for (size_t day = 0; day < days.count; day++)
            values[i][day] /= unit->ms;
    chart.unit = unit->name;
    lines_write(out, &chart);
    for (size_t i = 0; i < handlers; i++)
        free(values[i]);
    buffer_free(&finding);
    axis_free(&axis);
}

/* --- late arrivals --- */

static void write_late(struct buffer *out, const struct figures *r)
{
    static const char *const labels[FIGURES_LATE_STEPS] = {"5s", "1m", "5m", "10m", "1h", "6h", "1d", ">1d"};
    double polled[FIGURES_LATE_STEPS], heard[FIGURES_LATE_STEPS];
    int64_t all = 0, soon = 0;
    struct buffer finding = {0};
    for (int i = 0; i < FIGURES_LATE_STEPS; i++) {
        polled[i] = (double)r->late[0][i];
        heard[i] = (double)r->late[1][i];
        all += r->late[0][i] + r->late[1][i];
        soon += i <= 2 ? r->late[0][i] + r->late[1][i] : 0;
    }
    page_percent(&finding, soon, all);
    buffer_append_text(&finding, " of the changes were seen within 5 minutes. ");
    if (r->late_needed <= 0)
        buffer_append_text(&finding, "No poll came too early for one.");
    else {
        buffer_append_text(&finding, "The latest one needed a lookback of ");
        words_duration(&finding, r->late_needed);
        buffer_append_text(&finding, "; it is ");
        words_duration(&finding, r->lookback);
        buffer_append_text(&finding, ".");
    }
    const struct chart chart = {.id = "late",
        .title = "Late arrivals",
        .finding = finding.data,
        .note = "How long after a change it was first seen, of all changes that are counted in the store.",
        .empty = "No change was seen yet.",
        .unit = "changes, by the time until they were seen",
        .label_name = "Seen within",
        .labels = labels,
        .names = figures_late_names,
        .count = FIGURES_LATE_STEPS,
        .series = {{"By polling", polled, STYLE_FIRST}, {"By webhook", heard, STYLE_SECOND}},
        .series_count = 2};
    bars_write(out, &chart);
    buffer_free(&finding);
}

/* --- webhooks --- */

static void write_webhooks(struct buffer *out, const struct figures *r)
{
    const struct figures_webhooks *w = &r->webhooks;
    const struct {
        const char *name;
        int64_t count;
    } facts[] = {{"Received", w->received}, {"Seen before", w->duplicate}, {"Refused", w->refused},
        {"Given up", w->given_up}, {"Found by polling first", w->polled}, {"Missed", w->missed}};
    buffer_append_text(out, "<section class=\"list wide\"><h3>Webhooks against polling</h3>");
    if (!w->used) {
        buffer_append_text(out,
            "<p class=\"finding\">Webhooks are not in use: everything comes by polling.</p></section>\n");
        return;
    }
    buffer_append_text(out, "<p class=\"finding\">");
    if (w->missed == 0)
        buffer_append_text(out, "No change is known that webhooks missed.");
    else {
        words_count(out, w->missed, "change");
        buffer_append_text(out, w->missed == 1 ? " was missed by webhooks and found by polling."
                                               : " were missed by webhooks and found by polling.");
    }
    buffer_append_text(out, "</p><table class=\"urgent\"><thead><tr><th scope=\"col\">Last webhook</th>");
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
        buffer_append_format(out, "<th scope=\"col\" class=\"number\">%s</th>", facts[i].name);
    buffer_append_text(out, "</tr></thead><tbody><tr><th scope=\"row\">");
    page_instant(out, w->last, "never");
    buffer_append_text(out, "</th>");
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        buffer_append_format(out, "<td class=\"number\" data-label=\"%s\">", facts[i].name);
        words_number(out, (double)facts[i].count, 0);
        buffer_append_text(out, "</td>");
    }
    buffer_append_text(out, "</tr></tbody></table></section>\n");
}

/* --- handlers --- */

static void write_handler(struct buffer *out, const struct figures_handler *h)
{
    buffer_append_text(out, "<tr><th scope=\"row\">");
    words_text(out, h->name);
    if (h->removed)
        buffer_append_text(out, " (removed)");
    buffer_append_text(out, "</th><td data-label=\"Type\">");
    words_text(out, h->type);
    const struct {
        const char *name;
        int64_t count;
    } counts[] = {{"Delivered", h->delivered}, {"Pending", h->pending}, {"Dead", h->dead}};
    for (int i = 0; i < 3; i++) {
        buffer_append_format(out, "</td><td data-label=\"%s\" class=\"number\">", counts[i].name);
        words_number(out, (double)counts[i].count, 0);
    }
    buffer_append_text(out, "</td><td data-label=\"Last success\">");
    page_instant(out, h->last_success, "never");
    buffer_append_text(out, "</td><td data-label=\"Last error\">");
    words_text(out, h->last_error != NULL ? h->last_error : "\xe2\x80\x93");
    buffer_append_text(out, "</td></tr>\n");
}

static void write_handlers(struct buffer *out, const struct figures *r)
{
    int64_t pending = 0, dead = 0;
    buffer_append_text(out, "<section class=\"list wide\"><h3>Handlers</h3>");
    if (r->handler_count == 0) {
        buffer_append_text(out, "<p class=\"empty\">No handler was configured yet.</p></section>\n");
        return;
    }
    for (size_t i = 0; i < r->handler_count; i++) {
        pending += r->handlers[i].pending;
        dead += r->handlers[i].dead;
    }
    buffer_append_text(out, "<p class=\"finding\">");
    if (pending == 0 && dead == 0)
        buffer_append_text(out, "Everything was delivered.");
    else {
        words_number(out, (double)pending, 0);
        buffer_append_text(out, pending == 1 ? " delivery waits, " : " deliveries wait, ");
        words_number(out, (double)dead, 0);
        buffer_append_text(out, dead == 1 ? " is dead." : " are dead.");
    }
    buffer_append_text(out,
        "</p><table class=\"urgent\"><thead><tr><th scope=\"col\">Handler</th><th scope=\"col\">Type</th>"
        "<th scope=\"col\" class=\"number\">Delivered</th><th scope=\"col\" class=\"number\">Pending</th><th "
        "scope=\"col\" class=\"number\">Dead</th>"
        "<th scope=\"col\">Last success</th><th scope=\"col\">Last error</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < r->handler_count; i++)
        write_handler(out, &r->handlers[i]);
    buffer_append_text(out, "</tbody></table></section>\n");
}

void page_deliveries(struct buffer *out, const struct figures *report)
{
    buffer_append_text(out, "<div class=\"panels\">\n");
    write_delay(out, report);
    page_runs(out, report);
    write_late(out, report);
    buffer_append_text(out, "</div>\n<div class=\"lists\">\n");
    write_handlers(out, report);
    write_webhooks(out, report);
    buffer_append_text(out, "</div>\n");
}
