#include "report/bars.h"

#include <math.h>

/* How much of its slot a bar, or a group of bars, takes. */
#define FILLED 0.76

/* Bars of one series have their numbers on top where there are so few. */
enum { FEW = 8 };

static double number_of(const struct chart *chart, size_t series, size_t i)
{
    const double value = chart->series[series].values[i];
    return value > 0 ? value : 0;
}

/* The highest bar. */
static double highest(const struct chart *chart)
{
    double max = 0;
    for (size_t i = 0; i < chart->count; i++) {
        double sum = 0;
        for (size_t s = 0; s < chart->series_count; s++) {
            const double value = number_of(chart, s, i);
            sum = chart->stacked ? sum + value : value;
            max = sum > max ? sum : max;
        }
    }
    return max;
}

static void draw_bar(
    struct buffer *out, enum chart_style style, double x, double width, double top, double bottom)
{
    if (bottom - top < 0.05)
        return;
    buffer_append_format(out, "<rect class=\"b%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
        (int)style, x, top, width, bottom - top);
}

static void draw_number(
    struct buffer *out, const struct chart *chart, size_t series, size_t i, double x, double top)
{
    buffer_append_format(out, "<text class=\"label middle\" x=\"%.1f\" y=\"%.1f\">", x, top - 3);
    chart_number(out, chart->series[series].values[i], chart->decimals);
    buffer_append_text(out, "</text>");
}

static void draw_slot(struct buffer *out, const struct chart *chart, const struct chart_plot *plot, size_t i)
{
    const size_t across = chart->stacked ? 1 : chart->series_count;
    const double width = plot->slot * FILLED / (double)across;
    const bool numbers = !chart->stacked && chart->count * chart->series_count <= FEW;
    double x = plot->left + plot->slot * ((double)i + (1 - FILLED) / 2), below = 0;
    for (size_t s = 0; s < chart->series_count; s++) {
        const double value = number_of(chart, s, i);
        const double top = chart_y(plot, below + value);
        draw_bar(out, chart->series[s].style, x, width, top, chart_y(plot, below));
        if (numbers && !isnan(chart->series[s].values[i]))
            draw_number(out, chart, s, i, x + width / 2, top);
        if (chart->stacked)
            below += value;
        else
            x += width;
    }
}

void bars_write(struct buffer *out, const struct chart *chart)
{
    if (!chart_has_numbers(chart, false)) {
        chart_empty(out, chart);
        return;
    }
    chart_begin(out, chart);
    chart_legend(out, chart, false);
    struct chart_plot plot = chart_begin_drawing(out, chart, highest(chart));
    for (size_t i = 0; i < chart->count; i++)
        draw_slot(out, chart, &plot, i);
    chart_end_drawing(out, chart, &plot);
    chart_end(out, chart);
}
