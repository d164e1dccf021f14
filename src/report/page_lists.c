/* The tables that say where the problem is: assets, locations, and the most urgent of what is overdue. */
#include "report/page_parts.h"

#include "report/chart.h"
#include "report/words.h"

#define LINK "https://app.getmaintainx.com/workorders/"

enum { BAR_WIDTH = 100 };

static const char *const priority_names[WORK_PRIORITIES] = {"High", "Medium", "Low", "None"};

static void write_number(struct buffer *out, int64_t number)
{
    buffer_append_text(out, "<td>");
    words_number(out, (double)number, 0);
    buffer_append_text(out, "</td>");
}

/* Overdue first, then the rest of what is open, against the most that any of them has. */
static void write_bar(struct buffer *out, const struct place *place, int64_t most)
{
    const struct scale scale = {(double)(most > 0 ? most : 1), 1};
    const double overdue = scale_at(&scale, (double)place->overdue, 0, BAR_WIDTH);
    const double open = scale_at(&scale, (double)place->open, 0, BAR_WIDTH);
    buffer_append_format(out,
        "<td class=\"bar\"><svg viewBox=\"0 0 %d 12\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
        BAR_WIDTH);
    if (overdue > 0)
        buffer_append_format(
            out, "<rect class=\"b%d\" width=\"%.1f\" height=\"12\"/>", (int)STYLE_HIGH, overdue);
    if (open > overdue)
        buffer_append_format(out, "<rect class=\"b%d\" x=\"%.1f\" width=\"%.1f\" height=\"12\"/>",
            (int)STYLE_LOW, overdue, open - overdue);
    buffer_append_text(out, "</svg></td>");
}

/* What the list says in one sentence. */
static void write_share(struct buffer *out, const struct figures *r, const struct place *places, size_t count)
{
    int64_t open = 0;
    for (size_t i = 0; i < count; i++)
        open += places[i].open;
    buffer_append_text(out, "<p class=\"finding\">");
    words_number(out, (double)open, 0);
    buffer_append_text(out, " of ");
    words_number(out, (double)r->tally.open, 0);
    buffer_append_text(out, " open (");
    page_percent(out, open, r->tally.open);
    buffer_append_format(out, ") are %s.</p>", count == 1 ? "here" : "at these");
}

static void write_places(struct buffer *out, const struct figures *r, const char *title, const char *kind,
    const struct place *places, size_t count)
{
    buffer_append_format(out, "<section class=\"list\"><h3>%s</h3>", title);
    if (count == 0) {
        buffer_append_format(
            out, "<p class=\"empty\">No open or reactive work order names %s.</p></section>\n", kind);
        return;
    }
    write_share(out, r, places, count);
    buffer_append_text(out, "<ul class=\"legend\"><li>");
    chart_sample(out, STYLE_HIGH, false);
    buffer_append_text(out, "Overdue</li><li>");
    chart_sample(out, STYLE_LOW, false);
    buffer_append_text(out, "Open, not overdue</li></ul>");
    buffer_append_format(out,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\"><table class=\"places\">"
        "<thead><tr><th scope=\"col\">Name</th><td class=\"bar\"></td>"
        "<th scope=\"col\">Open</th><th scope=\"col\">Over&shy;due</th><th "
        "scope=\"col\">Reac&shy;tive</th></tr></thead><tbody>\n",
        title);
    for (size_t i = 0; i < count; i++) {
        buffer_append_text(out, "<tr><th scope=\"row\">");
        if (places[i].name != NULL)
            words_text(out, places[i].name);
        else
            buffer_append_format(out, "No. %lld", (long long)places[i].id);
        buffer_append_text(out, "</th>");
        write_bar(out, &places[i], places[0].open);
        write_number(out, places[i].open);
        write_number(out, places[i].overdue);
        write_number(out, places[i].reactive);
        buffer_append_text(out, "</tr>\n");
    }
    buffer_append_text(out, "</tbody></table></div></section>\n");
}

/* --- the most urgent --- */

static void write_text_cell(struct buffer *out, const char *name, const char *text)
{
    buffer_append_format(out, "<td data-label=\"%s\">", name);
    words_text(out, text != NULL && *text != '\0' ? text : "\xe2\x80\x93");
    buffer_append_text(out, "</td>");
}

static void write_urgent_row(struct buffer *out, const struct figures *r, size_t i)
{
    const struct tally_urgent *urgent = &r->tally.urgent[i];
    const struct figures_urgent *texts = &r->urgent[i];
    buffer_append_format(out, "<tr><th scope=\"row\"><a href=\"" LINK "%lld\">", (long long)urgent->id);
    if (texts->title != NULL && *texts->title != '\0')
        words_text(out, texts->title);
    else
        buffer_append_format(out, "Work order %lld", (long long)urgent->id);
    buffer_append_text(out, "</a></th>");
    buffer_append_format(out, "<td data-label=\"Priority\"><span class=\"priority p%d\">%s</span></td>",
        (int)urgent->priority, priority_names[urgent->priority]);
    buffer_append_text(out, "<td data-label=\"Overdue for\" class=\"number\">");
    words_duration(out, r->tally.period.now - urgent->due);
    buffer_append_text(out, "</td>");
    write_text_cell(out, "Assigned to", texts->assignees);
    write_text_cell(out, "Asset", texts->asset);
    buffer_append_text(out, "</tr>\n");
}

static void write_urgent(struct buffer *out, const struct figures *r)
{
    const struct tally *t = &r->tally;
    buffer_append_text(out, "<section class=\"list wide long\"><h3>The most urgent overdue work orders</h3>");
    if (t->urgent_count == 0) {
        buffer_append_text(out, "<p class=\"empty\">Nothing is overdue.</p></section>\n");
        return;
    }
    buffer_append_text(out, "<p class=\"finding\">By priority, then by the time since the due date: ");
    words_number(out, (double)t->urgent_count, 0);
    buffer_append_text(out, " of ");
    words_number(out, (double)t->overdue, 0);
    buffer_append_text(out, ".</p><table class=\"urgent\"><thead><tr><th scope=\"col\">Work order</th>"
                            "<th scope=\"col\">Priority</th><th scope=\"col\" class=\"number\">Overdue "
                            "for</th><th scope=\"col\">Assigned to</th>"
                            "<th scope=\"col\">Asset</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < t->urgent_count; i++)
        write_urgent_row(out, r, i);
    buffer_append_text(out, "</tbody></table></section>\n");
}

void page_lists(struct buffer *out, const struct figures *report)
{
    const struct tally *t = &report->tally;
    buffer_append_text(out, "<div class=\"lists\">\n");
    write_places(out, report, "Assets with the most open work", "an asset", t->assets.slots, t->top_assets);
    write_places(
        out, report, "Locations with the most open work", "a location", t->locations.slots, t->top_locations);
    write_urgent(out, report);
    buffer_append_text(out, "</div>\n");
}
