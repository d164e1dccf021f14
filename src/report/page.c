#include "report/page.h"

#include "base/timestamp.h"
#include "report/page_parts.h"
#include "report/words.h"

/* page.css, by the build. */
extern const char report_css[];

/* The patterns that page.css fills bars with: a colour is never alone. */
static const char patterns[] =
    "<svg class=\"patterns\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>"
    "<pattern id=\"p1\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
    "patternTransform=\"rotate(45)\">"
    "<rect class=\"f1\" width=\"6\" height=\"6\"/><rect class=\"over\" width=\"1.6\" height=\"6\"/></pattern>"
    "<pattern id=\"p2\" width=\"6\" height=\"5\" patternUnits=\"userSpaceOnUse\">"
    "<rect class=\"f2\" width=\"6\" height=\"5\"/><rect class=\"over\" width=\"6\" height=\"1\" "
    "y=\"2\"/></pattern>"
    "<pattern id=\"p3\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\">"
    "<rect class=\"f3\" width=\"5\" height=\"5\"/><circle class=\"over\" cx=\"2.5\" cy=\"2.5\" "
    "r=\"1\"/></pattern>"
    "<pattern id=\"p5\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
    "patternTransform=\"rotate(-45)\">"
    "<rect class=\"f5\" width=\"6\" height=\"6\"/><rect class=\"over\" width=\"1.6\" height=\"6\"/></pattern>"
    "</defs></svg>\n";

static void write_header(struct buffer *out, const struct figures *r)
{
    const struct period *period = &r->tally.period;
    char since[CALENDAR_SIZE], now[CALENDAR_SIZE], made[CALENDAR_SIZE], zone[CALENDAR_SIZE];
    calendar_format(CALENDAR_DATE, period->since, since);
    calendar_format(CALENDAR_DATE, period->now, now);
    calendar_format(CALENDAR_MINUTE, period->now, made);
    calendar_zone(period->now, zone);
    buffer_append_text(out, "<header><h1>Maintenance report</h1>\n<p>");
    if (*r->organization != '\0') {
        buffer_append_text(out, "Organization ");
        words_text(out, r->organization);
        buffer_append_text(out, " \xc2\xb7 ");
    }
    if (r->location != NULL) {
        buffer_append_text(out, "Location: ");
        words_text(out, r->location);
    } else
        buffer_append_text(out, "All locations");
    buffer_append_format(out, " \xc2\xb7 %s to %s, ", since, now);
    page_length(out, r);
    buffer_append_format(out, "</p>\n<p>Made %s (%s) \xc2\xb7 MaintainX last read ", made, zone);
    page_instant(out, r->last_pass, "never");
    buffer_append_text(out, "</p></header>\n");
}

/* A section with its heading, which names it. */
static void begin_section(struct buffer *out, const char *id, const char *title)
{
    buffer_append_format(out, "<section aria-labelledby=\"%s\"><h2 id=\"%s\">%s</h2>\n", id, id, title);
}

static void write_title(struct buffer *out, const struct figures *r)
{
    char now[CALENDAR_SIZE];
    calendar_format(CALENDAR_DATE, r->tally.period.now, now);
    buffer_append_text(out, "<title>Maintenance report");
    if (r->location != NULL) {
        buffer_append_text(out, ", ");
        words_text(out, r->location);
    }
    buffer_append_format(out, ", %s</title>\n", now);
}

void page_write(struct buffer *out, const struct figures *report)
{
    buffer_append_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                            "style-src 'unsafe-inline'\">\n"
                            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                            "<meta name=\"color-scheme\" content=\"light dark\">\n"
                            "<meta name=\"referrer\" content=\"no-referrer\">\n");
    write_title(out, report);
    buffer_append_format(out, "<style>\n%s</style>\n</head>\n<body>\n%s", report_css, patterns);
    write_header(out, report);
    buffer_append_text(out, "<main>\n");
    if (report->tally.counted == 0)
        buffer_append_text(out, "<p class=\"notice\">There is no work order to report on yet.</p>\n");
    begin_section(out, "track", "Are we on track?");
    page_tiles(out, report);
    buffer_append_text(out, "</section>\n");
    begin_section(out, "trend", "Are we improving?");
    page_work(out, report);
    buffer_append_text(out, "</section>\n");
    begin_section(out, "where", "Where is the problem?");
    page_lists(out, report);
    buffer_append_text(out, "</section>\n");
    begin_section(out, "wosync", "Is the data up to date, and does it arrive?");
    page_deliveries(out, report);
    buffer_append_text(out, "</section>\n");
    begin_section(out, "words", "What these words mean");
    page_words(out, report);
    buffer_append_text(out, "</section>\n</main>\n<footer><p>Made by wosync ");
    words_text(out, report->version);
    buffer_append_text(out, " from its store, without a request.</p></footer>\n</body>\n</html>\n");
}
