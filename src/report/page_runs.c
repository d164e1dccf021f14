/* The strip of runs: a row a day, a cell an hour. Cells of one kind are one path, which keeps the page small.
 */
#include "report/page_parts.h"

#include "base/timestamp.h"
#include "report/chart.h"
#include "report/words.h"

enum { LEFT = 48, TOP = 16, CELL = 9, PITCH = 11, ROW = 12, WIDTH = CHART_WIDTH, LEGEND_SIZE = 12 };

static const char *const cell_classes[] = {
    [CELL_GAP] = "gap", [CELL_SUCCESS] = "success", [CELL_FAILURE] = "failure"};

static void draw_cell(struct buffer *out, enum figures_cell cell, int x, int y)
{
    buffer_append_format(out, "M%d %dh%dv%dh-%dz", x, y, CELL, CELL, CELL);
    if (cell == CELL_FAILURE) /* a cross, that it is seen without its colour */
        buffer_append_format(out, "m2 2l5 5m0-5l-5 5");
}

static void draw_cells(struct buffer *out, const struct figures *r, enum figures_cell cell)
{
    buffer_append_format(out, "<path class=\"%s\" d=\"", cell_classes[cell]);
    for (size_t day = 0; day < r->run_days.count; day++)
        for (int hour = 0; hour < FIGURES_HOURS; hour++)
            if (r->cells[day][hour] == cell)
                draw_cell(out, cell, LEFT + hour * PITCH, TOP + (int)day * ROW);
    buffer_append_text(out, "\"/>\n");
}

static int count_cells(const struct figures *r, enum figures_cell cell, size_t from, size_t until)
{
    int count = 0;
    for (size_t day = from; day < until; day++)
        for (int hour = 0; hour < FIGURES_HOURS; hour++)
            count += r->cells[day][hour] == cell;
    return count;
}

static void write_legend(struct buffer *out)
{
    static const struct {
        enum figures_cell cell;
        const char *name;
    } entries[] = {{CELL_SUCCESS, "Success"}, {CELL_FAILURE, "Failure"}, {CELL_GAP, "No run"}};
    buffer_append_text(out, "<ul class=\"legend\">");
    for (size_t i = 0; i < 3; i++) {
        buffer_append_format(out,
            "<li><svg class=\"sample\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
            "aria-hidden=\"true\"><path class=\"%s\" d=\"",
            LEGEND_SIZE, LEGEND_SIZE, LEGEND_SIZE, LEGEND_SIZE, cell_classes[entries[i].cell]);
        draw_cell(out, entries[i].cell, 1, 1);
        buffer_append_format(out, "\"/></svg>%s</li>", entries[i].name);
    }
    buffer_append_text(out, "</ul>\n");
}

static void draw_axes(struct buffer *out, const struct figures *r)
{
    char date[CALENDAR_SIZE];
    buffer_append_text(out, "<g class=\"middle\">");
    for (int hour = 0; hour < 24; hour += 6)
        buffer_append_format(
            out, "<text x=\"%d\" y=\"10\">%d:00</text>", LEFT + hour * PITCH + CELL / 2 + 6, hour);
    buffer_append_text(out, "</g><g class=\"end\">");
    for (size_t day = 0; day < r->run_days.count; day++) {
        calendar_format(CALENDAR_SHORT, r->run_days.starts[day], date);
        if ((r->run_days.count - 1 - day) % 2 == 0)
            buffer_append_format(
                out, "<text x=\"%d\" y=\"%d\">%s</text>", LEFT - 5, TOP + (int)day * ROW + CELL, date);
    }
    buffer_append_text(out, "</g>\n");
}

static void draw(struct buffer *out, const struct figures *r, const char *finding)
{
    buffer_append_format(out,
        "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"runs-t runs-d\"><title "
        "id=\"runs-t\">Runs per hour</title>"
        "<desc id=\"runs-d\">",
        WIDTH, TOP + (int)r->run_days.count * ROW);
    words_text(out, finding);
    buffer_append_text(out, "</desc>\n");
    draw_axes(out, r);
    draw_cells(out, r, CELL_GAP);
    draw_cells(out, r, CELL_SUCCESS);
    draw_cells(out, r, CELL_FAILURE);
    buffer_append_text(out, "</svg>\n");
}

static void write_table(struct buffer *out, const struct figures *r)
{
    char date[CALENDAR_SIZE];
    buffer_append_text(out,
        "<details><summary>Numbers</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" "
        "aria-label=\"Runs per hour\">"
        "<table><caption>Hours by what their runs came to</caption><thead><tr><th scope=\"col\">Day</th>"
        "<th scope=\"col\">Success</th><th scope=\"col\">Failure</th><th scope=\"col\">No "
        "run</th></tr></thead><tbody>\n");
    for (size_t day = 0; day < r->run_days.count; day++) {
        calendar_format(CALENDAR_DATE, r->run_days.starts[day], date);
        buffer_append_format(out, "<tr><th scope=\"row\">%s</th><td>%d</td><td>%d</td><td>%d</td></tr>\n",
            date, count_cells(r, CELL_SUCCESS, day, day + 1), count_cells(r, CELL_FAILURE, day, day + 1),
            count_cells(r, CELL_GAP, day, day + 1));
    }
    buffer_append_text(out, "</tbody></table></div></details>");
}

static void say(struct buffer *out, const struct figures *r)
{
    const int gaps = count_cells(r, CELL_GAP, 0, r->run_days.count);
    words_count(out, r->run_count, "run");
    buffer_append_text(out, " in ");
    words_count(out, (int64_t)r->run_days.count, "day");
    buffer_append_text(out, ", ");
    if (r->failed_runs == 0)
        buffer_append_text(out, "none failed; ");
    else {
        words_number(out, (double)r->failed_runs, 0);
        buffer_append_text(out, " failed; ");
    }
    if (gaps == 0)
        buffer_append_text(out, "no hour was without a run.");
    else {
        words_count(out, gaps, "hour");
        buffer_append_text(out, gaps == 1 ? " was without a run." : " were without a run.");
    }
}

void page_runs(struct buffer *out, const struct figures *report)
{
    struct buffer finding = {0};
    struct chart chart = {.id = "runs",
        .title = "Runs per hour",
        .note = "An hour with a failed run is a failure, whatever else ran in it.",
        .empty = "There was no run yet."};
    if (report->first_run == TIMESTAMP_NONE) {
        chart_empty(out, &chart);
        return;
    }
    say(&finding, report);
    chart.finding = finding.data;
    chart_begin(out, &chart);
    write_legend(out);
    draw(out, report, finding.data);
    write_table(out, report);
    chart_end(out, &chart);
    buffer_free(&finding);
}
