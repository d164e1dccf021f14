/*
 * chart: a figure with its caption, what it says, its legend, the drawing and its numbers in a table. Pure.
 *
 * bars.h and lines.h draw; this file does what both need. Coordinates are units of the drawing, CHART_WIDTH
 * of which make its width, whatever it is on the screen.
 */
#ifndef WOSYNC_REPORT_CHART_H
#define WOSYNC_REPORT_CHART_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "report/scale.h"

enum { CHART_SERIES = 8, CHART_TARGETS = 2 };

/* Looks of a series: a colour with a pattern, and for lines with a dash and a marker (report/page.css). The
 * first four are a ramp from urgent to calm. */
enum chart_style {
    STYLE_HIGH,
    STYLE_MEDIUM,
    STYLE_LOW,
    STYLE_NONE,
    STYLE_FIRST,
    STYLE_SECOND,
    STYLE_THIRD,
    STYLE_FOURTH,
    CHART_STYLES
};

struct chart_series {
    const char *name;
    const double *values; /* one for each label; NaN: there is none */
    enum chart_style style;
};

struct chart_target {
    const char *name;
    double value;
};

struct chart {
    const char *id; /* a name of its own on the page */
    const char *title;
    const char *finding;       /* a sentence or two: what it shows */
    const char *note;          /* small print; NULL: none */
    const char *empty;         /* what is said in place of a drawing without numbers */
    const char *unit;          /* of the numbers: `work orders`, `%`, `days` */
    const char *label_name;    /* head of the table's first column: `Week of` */
    const char *const *labels; /* short ones for the axis */
    const char *const *names;  /* long ones for the table; NULL: as on the axis */
    size_t count;
    struct chart_series series[CHART_SERIES];
    size_t series_count;
    struct chart_target targets[CHART_TARGETS];
    size_t target_count;
    int decimals; /* of numbers in the table */
    bool percent; /* the axis goes to 100 */
    bool stacked; /* bars: upon each other, not side by side */
    bool total;   /* the table has a sum of each row */
    bool running; /* the last label's time is not over */
};

enum {
    CHART_WIDTH = 340,
    CHART_HEIGHT = 190,
    CHART_TOP = 20,    /* above it stands the unit */
    CHART_BOTTOM = 164 /* the line of 0 */
};

/* Where the numbers are drawn. */
struct chart_plot {
    struct scale scale;
    double left, right;
    double slot; /* the width that each label has */
};

/* Has it any number (but zeroes alone count only where `zeroes`)? */
bool chart_has_numbers(const struct chart *chart, bool zeroes);

/* Begins the figure: its caption. Everything is escaped. */
void chart_begin(struct buffer *out, const struct chart *chart);

/* The whole figure of a chart without numbers: it says so. */
void chart_empty(struct buffer *out, const struct chart *chart);

/* What each series looks like, where there is more than one. */
void chart_legend(struct buffer *out, const struct chart *chart, bool lines);

/* Opens the drawing: <svg> with <title> and <desc>, the axes for numbers up to `max`. To be closed by
 * chart_end_drawing. */
struct chart_plot chart_begin_drawing(struct buffer *out, const struct chart *chart, double max);

/* Draws the targets, and closes the drawing. */
void chart_end_drawing(struct buffer *out, const struct chart *chart, const struct chart_plot *plot);

/* The numbers in a table, and the end of the figure. */
void chart_end(struct buffer *out, const struct chart *chart);

/* Where a number is, from above. */
double chart_y(const struct chart_plot *plot, double value);

/* A sample of a series for a legend, lines or bars. */
void chart_sample(struct buffer *out, enum chart_style style, bool line);

/* A number with so many decimals and its thousands apart; NaN is a dash. */
void chart_number(struct buffer *out, double value, int decimals);

/* The marker of a style, at a place. `hollow`: its time is not over. */
void chart_marker(struct buffer *out, enum chart_style style, double x, double y, bool hollow);

#endif
