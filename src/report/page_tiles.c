/* The four figures on top: each has a number, what it is, its trend and, where one was given, its target. */
#include "report/page_parts.h"

#include <math.h>

#include "report/words.h"

/* What a rise of a figure means. */
enum rise { RISE_IS_GOOD, RISE_IS_BAD, RISE_IS_NEITHER };

static void begin_tile(struct buffer *out, const char *title)
{
    buffer_append_format(out, "<div class=\"tile\"><h3>%s</h3><p class=\"value\">", title);
}

static void begin_trend(struct buffer *out, double difference, enum rise rise)
{
    const bool better = rise == RISE_IS_GOOD ? difference > 0 : difference < 0;
    const char *name = difference == 0 || rise == RISE_IS_NEITHER ? "even" : better ? "good" : "bad";
    const char *arrow = difference > 0 ? "\xe2\x96\xb2" : difference < 0 ? "\xe2\x96\xbc" : "\xe2\x96\xa0";
    buffer_append_format(out, "<p class=\"trend %s\"><span aria-hidden=\"true\">%s</span> ", name, arrow);
}

static void end_trend(struct buffer *out, double difference, enum rise rise)
{
    const bool better = rise == RISE_IS_GOOD ? difference > 0 : difference < 0;
    buffer_append_text(out, difference == 0 || rise == RISE_IS_NEITHER ? "</p>"
                            : better                                   ? ": better</p>"
                                                                       : ": worse</p>");
}

static void write_target(struct buffer *out, const struct share *share, double target)
{
    if (target <= 0)
        return;
    buffer_append_text(out, "Target ");
    words_number(out, target, target == floor(target) ? 0 : 1);
    buffer_append_text(out, share->of == 0                   ? "%"
                            : share_percent(share) >= target ? "%: reached"
                                                             : "%: missed");
}

static void write_percent_tile(struct buffer *out, const struct figures *r)
{
    const struct share *now = &r->tally.this.preventive, *before = &r->tally.before.preventive;
    begin_tile(out, "Preventive work on time");
    if (now->of == 0) {
        buffer_append_text(out, "\xe2\x80\x93</p><p>No preventive work was due in the last ");
        page_length(out, r);
        buffer_append_text(out, "</p>");
    } else {
        words_number(out, share_percent(now), 1);
        buffer_append_text(out, "%</p><p>");
        words_number(out, (double)now->met, 0);
        buffer_append_text(out, " of ");
        words_number(out, (double)now->of, 0);
        buffer_append_text(out, " that were due in the last ");
        page_length(out, r);
        buffer_append_text(out, "</p>");
    }
    if (now->of > 0 && before->of > 0) {
        const double difference = round(10 * (share_percent(now) - share_percent(before))) / 10;
        begin_trend(out, difference, RISE_IS_GOOD);
        words_number(out, fabs(difference), 1);
        buffer_append_text(
            out, difference < 0 ? " points lower than in the " : " points higher than in the ");
        page_length(out, r);
        buffer_append_text(out, " before");
        end_trend(out, difference, RISE_IS_GOOD);
    }
    if (r->target_preventive > 0) {
        buffer_append_text(out, "<p class=\"goal\">");
        write_target(out, now, r->target_preventive);
        buffer_append_text(out, "</p>");
    }
    buffer_append_text(out, "</div>\n");
}

/* More or fewer than at the beginning of the period. */
static void write_count_trend(
    struct buffer *out, const struct figures *r, int64_t now, int64_t before, enum rise rise)
{
    char date[CALENDAR_SIZE];
    const double difference = (double)(now - before);
    if (r->tally.counted == 0)
        return;
    calendar_format(CALENDAR_SHORT, r->tally.period.since, date);
    begin_trend(out, difference, rise);
    if (now == before)
        buffer_append_text(out, "as many");
    else {
        words_number(out, fabs(difference), 0);
        buffer_append_text(out, difference > 0 ? " more" : " fewer");
    }
    buffer_append_format(out, now == before ? " as on %s" : " than on %s", date);
    end_trend(out, difference, rise);
}

static void write_open_tile(struct buffer *out, const struct figures *r)
{
    const struct tally *t = &r->tally;
    const double weeks = tally_weeks_of_work(t);
    begin_tile(out, "Open");
    words_number(out, (double)t->open, 0);
    buffer_append_text(out, "</p><p>");
    if (weeks >= 0) {
        words_number(out, weeks, 1);
        buffer_append_text(out, " weeks of work at the present rate");
    } else if (t->completed_lately == 0)
        buffer_append_text(out, "weeks of work: nothing was completed in the last 12 weeks");
    else
        buffer_append_text(out, "weeks of work: known once there are 12 weeks of history");
    buffer_append_text(out, "</p>");
    write_count_trend(out, r, t->open, t->open_before, RISE_IS_NEITHER);
    buffer_append_text(out, "</div>\n");
}

static void write_overdue_tile(struct buffer *out, const struct figures *r)
{
    const struct tally *t = &r->tally;
    begin_tile(out, "Overdue");
    words_number(out, (double)t->overdue, 0);
    buffer_append_text(out, "</p><p>");
    if (t->open > 0 && t->open_without_due == t->open)
        buffer_append_text(out, "nothing open has a due date");
    else if (t->open > 0) {
        page_percent(out, t->overdue, t->open);
        buffer_append_text(out, " of what is open; ");
        words_number(out, (double)t->open_without_due, 0);
        buffer_append_text(out, t->open_without_due == 1 ? " has no due date" : " have no due date");
    } else
        buffer_append_text(out, "nothing is open");
    buffer_append_text(out, "</p>");
    write_count_trend(out, r, t->overdue, t->overdue_before, RISE_IS_BAD);
    if (r->target_all > 0) {
        buffer_append_text(out, "<p class=\"goal\">All work on time: ");
        if (t->this.all.of > 0) {
            words_number(out, share_percent(&t->this.all), 1);
            buffer_append_text(out, "%. ");
        } else
            buffer_append_text(out, "none was due. ");
        write_target(out, &t->this.all, r->target_all);
        buffer_append_text(out, "</p>");
    }
    buffer_append_text(out, "</div>\n");
}

static void write_time_tile(struct buffer *out, const struct figures *r)
{
    const int64_t now = values_percentile(&r->tally.this.durations, 50);
    const int64_t before = values_percentile(&r->tally.before.durations, 50);
    begin_tile(out, "Time to complete");
    if (now < 0) {
        buffer_append_text(out, "\xe2\x80\x93</p><p>Nothing was completed in the last ");
        page_length(out, r);
        buffer_append_text(out, "</p>");
    } else {
        words_duration(out, now);
        buffer_append_text(out, "</p><p>the median; 90% within ");
        words_duration(out, values_percentile(&r->tally.this.durations, 90));
        buffer_append_text(out, "</p>");
    }
    if (now >= 0 && before >= 0) {
        begin_trend(out, (double)(now - before), RISE_IS_BAD);
        if (now == before)
            buffer_append_text(out, "as in the ");
        else {
            words_duration(out, now > before ? now - before : before - now);
            buffer_append_text(out, now > before ? " longer than in the " : " shorter than in the ");
        }
        page_length(out, r);
        buffer_append_text(out, " before");
        end_trend(out, (double)(now - before), RISE_IS_BAD);
    }
    buffer_append_text(out, "</div>\n");
}

void page_tiles(struct buffer *out, const struct figures *report)
{
    buffer_append_text(out, "<div class=\"tiles\">\n");
    write_percent_tile(out, report);
    write_open_tile(out, report);
    write_overdue_tile(out, report);
    write_time_tile(out, report);
    buffer_append_text(out, "</div>\n");
}
