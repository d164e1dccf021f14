/*
 * What all charts have. The drawing scales with the width of its panel, so texts are drawn large for 340
 * units: at 320 pixels of screen they are still legible. A label takes CHAR_WIDTH for each character; labels
 * that would overlap are left out, and the last one is always there.
 */
#include "report/chart.h"

#include <math.h>
#include <stdint.h>

#include "base/html.h"
#include "report/words.h"

#define CHAR_WIDTH 6.6

enum { MAX_TICKS = 4 };

bool chart_has_numbers(const struct chart *chart, bool zeroes)
{
    for (size_t s = 0; s < chart->series_count; s++)
        for (size_t i = 0; i < chart->count; i++)
            if (!isnan(chart->series[s].values[i]) && (zeroes || chart->series[s].values[i] != 0))
                return true;
    return false;
}

void chart_number(struct buffer *out, double value, int decimals)
{
    if (isnan(value))
        buffer_append_text(out, "\xe2\x80\x93");
    else
        words_number(out, value, decimals);
}

double chart_y(const struct chart_plot *plot, double value)
{
    return scale_at(&plot->scale, value, CHART_BOTTOM, CHART_TOP);
}

/* --- caption and legend --- */

void chart_marker(struct buffer *out, enum chart_style style, double x, double y, bool hollow)
{
    static const char *const hollow_class[] = {"", " hollow"};
    switch (style) {
    case STYLE_SECOND:
        buffer_append_format(out, "<rect class=\"m%d%s\" x=\"%.1f\" y=\"%.1f\" width=\"6\" height=\"6\"/>",
            (int)style, hollow_class[hollow], x - 3, y - 3);
        break;
    case STYLE_THIRD:
        buffer_append_format(out, "<path class=\"m%d%s\" d=\"M%.1f %.1fl4 7h-8z\"/>", (int)style,
            hollow_class[hollow], x, y - 4);
        break;
    case STYLE_FOURTH:
        buffer_append_format(out, "<path class=\"m%d%s\" d=\"M%.1f %.1fl4 4-4 4-4-4z\"/>", (int)style,
            hollow_class[hollow], x, y - 4);
        break;
    default:
        buffer_append_format(out, "<circle class=\"m%d%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.2\"/>", (int)style,
            hollow_class[hollow], x, y);
        break;
    }
}

void chart_sample(struct buffer *out, enum chart_style style, bool line)
{
    buffer_append_format(out,
        "<svg class=\"sample\" viewBox=\"0 0 %d 12\" width=\"%d\" height=\"12\" aria-hidden=\"true\">",
        line ? 26 : 14, line ? 26 : 14);
    if (line) {
        buffer_append_format(out, "<path class=\"l%d\" d=\"M0 6h26\"/>", (int)style);
        chart_marker(out, style, 13, 6, false);
    } else
        buffer_append_format(out, "<rect class=\"b%d\" width=\"14\" height=\"12\"/>", (int)style);
    buffer_append_text(out, "</svg>");
}

static void write_text(struct buffer *out, const char *name, const char *text)
{
    if (text == NULL)
        return;
    buffer_append_format(out, "<p class=\"%s\">", name);
    words_text(out, text);
    buffer_append_text(out, "</p>");
}

void chart_begin(struct buffer *out, const struct chart *chart)
{
    buffer_append_format(out, "<figure id=\"%s\"><figcaption><h3>", chart->id);
    words_text(out, chart->title);
    buffer_append_text(out, "</h3>");
    write_text(out, "finding", chart->finding);
    write_text(out, "note", chart->note);
    buffer_append_text(out, "</figcaption>\n");
}

void chart_empty(struct buffer *out, const struct chart *chart)
{
    chart_begin(out, &(struct chart){.id = chart->id, .title = chart->title});
    write_text(out, "empty", chart->empty);
    buffer_append_text(out, "</figure>\n");
}

void chart_legend(struct buffer *out, const struct chart *chart, bool lines)
{
    if (chart->series_count < 2)
        return;
    buffer_append_text(out, "<ul class=\"legend\">");
    for (size_t s = 0; s < chart->series_count; s++) {
        buffer_append_text(out, "<li>");
        chart_sample(out, chart->series[s].style, lines);
        words_text(out, chart->series[s].name);
        buffer_append_text(out, "</li>");
    }
    for (size_t i = 0; i < chart->target_count; i++) {
        buffer_append_format(out,
            "<li><svg class=\"sample\" viewBox=\"0 0 26 12\" width=\"26\" height=\"12\" aria-hidden=\"true\">"
            "<path class=\"target t%d\" d=\"M0 6h26\"/></svg>",
            (int)i);
        words_text(out, chart->targets[i].name);
        buffer_append_text(out, "</li>");
    }
    buffer_append_text(out, "</ul>\n");
}

/* --- the drawing --- */

static void draw_ticks(struct buffer *out, const struct chart *chart, const struct chart_plot *plot)
{
    const int ticks = scale_ticks(&plot->scale);
    const int decimals = plot->scale.step < 1 ? (int)ceil(-log10(plot->scale.step) - 1e-9) : 0;
    buffer_append_text(out, "<path class=\"grid\" d=\"");
    for (int i = 1; i <= ticks; i++)
        buffer_append_format(
            out, "M%.1f %.1fH%.1f", plot->left, chart_y(plot, plot->scale.step * i), plot->right);
    buffer_append_format(out, "\"/><path class=\"axis\" d=\"M%.1f %dH%.1f\"/><g class=\"end\">", plot->left,
        CHART_BOTTOM, plot->right);
    for (int i = 0; i <= ticks; i++) {
        buffer_append_format(
            out, "<text x=\"%.1f\" y=\"%.1f\">", plot->left - 5, chart_y(plot, plot->scale.step * i) + 4);
        words_number(out, plot->scale.step * i, i == 0 ? 0 : decimals);
        buffer_append_text(out, "</text>");
    }
    buffer_append_text(out, "</g><text class=\"unit\" x=\"0\" y=\"9\">");
    words_text(out, chart->unit);
    buffer_append_text(out, "</text>\n");
}

/* The length of a text in characters. */
static size_t length_of(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static double longest_label(const struct chart *chart)
{
    size_t longest = 1;
    for (size_t i = 0; i < chart->count; i++)
        if (length_of(chart->labels[i]) > longest)
            longest = length_of(chart->labels[i]);
    return (double)longest * CHAR_WIDTH + 6;
}

/* From the last one backwards: what is newest has its label. The last and the first one are moved where they
 * would leave the drawing. */
static void draw_labels(struct buffer *out, const struct chart *chart, const struct chart_plot *plot)
{
    const double width = longest_label(chart), half = (width - 6) / 2, edge = CHART_WIDTH;
    const double beyond = fmax(0, plot->right - plot->slot / 2 + half - edge);
    const double before = fmax(0, half - plot->left - plot->slot / 2);
    const size_t stride = scale_stride(chart->count, plot->slot, width + beyond + before);
    buffer_append_text(out, "<g class=\"middle\">");
    for (size_t i = (chart->count - 1) % stride; i < chart->count; i += stride) {
        double x = plot->left + plot->slot * ((double)i + 0.5);
        x = fmax(half, fmin(x, edge - half));
        buffer_append_format(out, "<text x=\"%.1f\" y=\"%d\">", x, CHART_BOTTOM + 16);
        words_text(out, chart->labels[i]);
        buffer_append_text(out, "</text>");
    }
    buffer_append_text(out, "</g>\n");
}

struct chart_plot chart_begin_drawing(struct buffer *out, const struct chart *chart, double max)
{
    struct chart_plot plot = {
        .scale = scale_make(chart->percent ? 100 : max, MAX_TICKS, true), .right = CHART_WIDTH - 2};
    struct buffer widest = {0};
    if (chart->percent)
        plot.scale = (struct scale){100, 25};
    words_number(&widest, plot.scale.top, 0);
    plot.left = (double)widest.len * CHAR_WIDTH + 8;
    buffer_free(&widest);
    plot.slot = (plot.right - plot.left) / (double)chart->count;
    buffer_append_format(out,
        "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"%s-t %s-d\"><title "
        "id=\"%s-t\">",
        CHART_WIDTH, CHART_HEIGHT, chart->id, chart->id, chart->id);
    words_text(out, chart->title);
    buffer_append_format(out, "</title><desc id=\"%s-d\">", chart->id);
    words_text(out, chart->finding);
    buffer_append_text(out, "</desc>\n");
    draw_ticks(out, chart, &plot);
    draw_labels(out, chart, &plot);
    return plot;
}

void chart_end_drawing(struct buffer *out, const struct chart *chart, const struct chart_plot *plot)
{
    for (size_t i = 0; i < chart->target_count; i++)
        buffer_append_format(out, "<path class=\"target t%d\" d=\"M%.1f %.1fH%.1f\"/>", (int)i, plot->left,
            chart_y(plot, chart->targets[i].value), plot->right);
    buffer_append_text(out, "</svg>\n");
}

/* --- the table --- */

static void write_row(struct buffer *out, const struct chart *chart, size_t i)
{
    double sum = 0;
    buffer_append_text(out, "<tr><th scope=\"row\">");
    words_text(out, chart->names != NULL ? chart->names[i] : chart->labels[i]);
    if (chart->running && i == chart->count - 1)
        buffer_append_text(out, ", so far");
    buffer_append_text(out, "</th>");
    for (size_t s = 0; s < chart->series_count; s++) {
        const double value = chart->series[s].values[i];
        buffer_append_text(out, "<td>");
        chart_number(out, value, chart->decimals);
        buffer_append_text(out, "</td>");
        sum += isnan(value) ? 0 : value;
    }
    if (chart->total) {
        buffer_append_text(out, "<td>");
        chart_number(out, sum, chart->decimals);
        buffer_append_text(out, "</td>");
    }
    buffer_append_text(out, "</tr>\n");
}

void chart_end(struct buffer *out, const struct chart *chart)
{
    if (chart->count > 0) {
        buffer_append_text(out, "<details><summary>Numbers</summary><div class=\"scroll\" tabindex=\"0\" "
                                "role=\"region\" aria-label=\"");
        words_text(out, chart->title);
        buffer_append_text(out, "\"><table><caption>");
        words_text(out, chart->title);
        buffer_append_text(out, ", ");
        words_text(out, chart->unit);
        buffer_append_text(out, "</caption><thead><tr><th scope=\"col\">");
        words_text(out, chart->label_name);
        buffer_append_text(out, "</th>");
        for (size_t s = 0; s < chart->series_count; s++) {
            buffer_append_text(out, "<th scope=\"col\">");
            words_text(out, chart->series[s].name);
            buffer_append_text(out, "</th>");
        }
        buffer_append_text(out,
            chart->total ? "<th scope=\"col\">All</th></tr></thead><tbody>\n" : "</tr></thead><tbody>\n");
        for (size_t i = 0; i < chart->count; i++)
            write_row(out, chart, i);
        buffer_append_text(out, "</tbody></table></div></details>");
    }
    buffer_append_text(out, "</figure>\n");
}
