#include "report/lines.h"

#include <math.h>

/* With more points than this, only the last one and those between gaps have a marker. */
enum { MARKED = 27 };

static double highest(const struct chart *chart)
{
    double max = 0;
    for (size_t s = 0; s < chart->series_count; s++)
        for (size_t i = 0; i < chart->count; i++)
            if (chart->series[s].values[i] > max) /* NaN is not */
                max = chart->series[s].values[i];
    for (size_t t = 0; t < chart->target_count; t++)
        if (chart->targets[t].value > max)
            max = chart->targets[t].value;
    return max;
}

static bool is_there(const double *values, size_t count, size_t i)
{
    return i < count && !isnan(values[i]);
}

static double x_of(const struct chart_plot *plot, size_t i)
{
    return plot->left + plot->slot * ((double)i + 0.5);
}

/* From one point to the next; the way to a point whose time is not over is drawn apart. */
static void draw_path(
    struct buffer *out, const struct chart *chart, const struct chart_plot *plot, size_t series)
{
    const double *values = chart->series[series].values;
    const size_t end = chart->running ? chart->count - 1 : chart->count;
    const int style = (int)chart->series[series].style;
    buffer_append_format(out, "<path class=\"l%d\" d=\"", style);
    for (size_t i = 0; i < end; i++)
        if (is_there(values, end, i))
            buffer_append_format(out, "%c%.1f %.1f", i > 0 && is_there(values, end, i - 1) ? 'L' : 'M',
                x_of(plot, i), chart_y(plot, values[i]));
    buffer_append_text(out, "\"/>");
    if (chart->running && chart->count > 1 && is_there(values, chart->count, end) &&
        is_there(values, end, end - 1))
        buffer_append_format(out, "<path class=\"l%d faint\" d=\"M%.1f %.1fL%.1f %.1f\"/>", style,
            x_of(plot, end - 1), chart_y(plot, values[end - 1]), x_of(plot, end), chart_y(plot, values[end]));
}

static size_t last_of(const struct chart *chart, size_t series)
{
    size_t last = chart->count;
    for (size_t i = 0; i < chart->count; i++)
        if (!isnan(chart->series[series].values[i]))
            last = i;
    return last;
}

static void draw_markers(
    struct buffer *out, const struct chart *chart, const struct chart_plot *plot, size_t series)
{
    const double *values = chart->series[series].values;
    const size_t last = last_of(chart, series);
    for (size_t i = 0; i < chart->count; i++) {
        const bool alone =
            !(i > 0 && is_there(values, chart->count, i - 1)) && !is_there(values, chart->count, i + 1);
        if (is_there(values, chart->count, i) && (chart->count <= MARKED || alone || i == last))
            chart_marker(out, chart->series[series].style, x_of(plot, i), chart_y(plot, values[i]),
                chart->running && i == chart->count - 1);
    }
}

void lines_write(struct buffer *out, const struct chart *chart)
{
    if (!chart_has_numbers(chart, true)) {
        chart_empty(out, chart);
        return;
    }
    chart_begin(out, chart);
    chart_legend(out, chart, true);
    struct chart_plot plot = chart_begin_drawing(out, chart, highest(chart));
    for (size_t s = 0; s < chart->series_count; s++)
        draw_path(out, chart, &plot, s);
    for (size_t s = 0; s < chart->series_count; s++)
        draw_markers(out, chart, &plot, s);
    chart_end_drawing(out, chart, &plot);
    chart_end(out, chart);
}
