/*
 * page_html: report.html is a text with {{names}}; each name has a function here that puts its part, from top to
 * bottom as the page shows them (`parts`, at the end). What comes from outside goes through put_text, which
 * escapes it.
 */
#include "handlers/report/page_html.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/timestamp.h"
#include "base/html.h"

extern const char report_html[]; /* report.html, embedded by the build */

/* A page in the making. */
struct page {
    const struct report *report;
    struct buffer *out;
};

/* HTML of ours. */
static void put(struct page *page, const char *html)
{
    buffer_append_text(page->out, html);
}

/* Text of anyone's. */
static void put_text(struct page *page, const char *text, size_t len)
{
    html_text(page->out, text, len);
}

static void put_string(struct page *page, const char *text)
{
    put_text(page, text, strlen(text));
}

static size_t put_fact(struct page *page, enum report_fact fact)
{
    struct buffer text = {0};
    report_text(page->report, fact, &text);
    if (text.len > 0)
        put_text(page, text.data, text.len);
    size_t len = text.len;
    buffer_free(&text);
    return len;
}

static bool has_fact(struct page *page, enum report_fact fact)
{
    struct buffer text = {0};
    report_text(page->report, fact, &text);
    bool has = text.len > 0;
    buffer_free(&text);
    return has;
}

/* `23 Nov 2026, 10:15` for people, in full for machines. */
static void put_date(struct page *page, int64_t ms)
{
    char full[TIMESTAMP_SIZE], human[64] = "";
    struct tm tm = {0};
    timestamp_format(ms, full);
    if (*full == '\0')
        return;
    strptime(full, "%Y-%m-%dT%H:%M", &tm);
    strftime(human, sizeof human, "%-d %b %Y, %H:%M", &tm);
    put(page, "<time datetime=\"");
    put(page, full);
    put(page, "\">");
    put(page, human);
    put(page, "</time>");
}

/* `4 days 20 hours`: the two largest units; a number stays with its unit. */
static void put_span(struct page *page, int64_t ms)
{
    static const struct {
        const char *name;
        int64_t seconds;
    } units[] = {{"day", 86400}, {"hour", 3600}, {"minute", 60}, {"second", 1}};
    enum { UNITS = sizeof units / sizeof units[0] };
    int64_t seconds = ms / 1000;
    char text[96];
    int i = 0;
    while (i < UNITS - 1 && seconds < units[i].seconds)
        i++;
    int64_t first = seconds / units[i].seconds;
    int64_t second = i < UNITS - 1 ? seconds % units[i].seconds / units[i + 1].seconds : 0;
    int len =
        snprintf(text, sizeof text, "%lld\u00a0%s%s", (long long)first, units[i].name, first == 1 ? "" : "s");
    if (second > 0)
        snprintf(text + len, sizeof text - (size_t)len, " %lld\u00a0%s%s", (long long)second,
            units[i + 1].name, second == 1 ? "" : "s");
    put(page, text);
}

/* --- the parts --- */

static void put_mark(struct page *page)
{
    page_html_mark(page->report->id, page->out);
}

static void put_number(struct page *page)
{
    put(page, "#");
    put_fact(page, REPORT_NUMBER);
}

static void put_status(struct page *page)
{
    put_fact(page, REPORT_STATUS);
}

static void put_again(struct page *page)
{
    char text[64];
    if (page->report->completions < 2)
        return;
    snprintf(text, sizeof text, " <span>completed %d times</span>", page->report->completions);
    put(page, text);
}

static void put_title(struct page *page)
{
    if (put_fact(page, REPORT_TITLE) == 0)
        put(page, "(without a title)");
}

static void put_head_title(struct page *page)
{
    put_number(page);
    put(page, " ");
    put_fact(page, REPORT_TITLE);
}

static void put_where(struct page *page)
{
    bool asset = has_fact(page, REPORT_ASSET), location = has_fact(page, REPORT_LOCATION);
    if (!asset && !location)
        return;
    put(page, "<p class=\"where\"><bdi>");
    if (asset)
        put_fact(page, REPORT_ASSET);
    if (asset && location)
        put(page, "</bdi> · <bdi>");
    if (location)
        put_fact(page, REPORT_LOCATION);
    put(page, "</bdi></p>");
}

static void put_figure(struct page *page, const char *label, int64_t span)
{
    if (span < 0)
        return;
    put(page, "<div><dt>");
    put(page, label);
    put(page, "</dt><dd>");
    put_span(page, span);
    put(page, "</dd></div>\n");
}

static void put_figures(struct page *page)
{
    const struct report *r = page->report;
    bool dated = r->due != TIMESTAMP_NONE && r->completed != TIMESTAMP_NONE;
    if (r->took < 0 && r->waited < 0 && r->progress < 0 && r->hold < 0 && !dated)
        return;
    put(page, "<dl class=\"figures\">\n");
    put_figure(page, "Total time", r->took);
    put_figure(page, "Time to start", r->waited);
    put_figure(page, "In progress", r->progress);
    put_figure(page, "On hold", r->hold);
    if (dated) {
        bool late = r->completed > r->due;
        put(page, late ? "<div><dt>Late by</dt><dd class=\"late\">" : "<div><dt>Early by</dt><dd>");
        put_span(page, late ? r->completed - r->due : r->due - r->completed);
        put(page, "</dd></div>\n");
    }
    put(page, "</dl>");
}

static void put_row_begin(struct page *page, const char *label)
{
    put(page, "<div><dt>");
    put(page, label);
    put(page, "</dt><dd dir=\"auto\"");
}

static void put_text_row(struct page *page, const char *label, enum report_fact fact)
{
    if (!has_fact(page, fact))
        return;
    put_row_begin(page, label);
    put(page, ">");
    put_fact(page, fact);
    put(page, "</dd></div>\n");
}

static void put_date_row(struct page *page, const char *label, int64_t ms)
{
    if (ms == TIMESTAMP_NONE)
        return;
    put_row_begin(page, label);
    put(page, ">");
    put_date(page, ms);
    put(page, "</dd></div>\n");
}

static void put_priority_row(struct page *page)
{
    static const char *const known[] = {"High", "Medium", "Low"};
    static const char *const classes[] = {" class=\"high\"", " class=\"medium\"", " class=\"low\""};
    struct buffer text = {0};
    report_text(page->report, REPORT_PRIORITY, &text);
    if (text.len > 0) {
        put_row_begin(page, "Priority");
        for (int i = 0; i < 3; i++)
            if (strcmp(text.data, known[i]) == 0)
                put(page, classes[i]);
        put(page, ">");
        put_text(page, text.data, text.len);
        put(page, "</dd></div>\n");
    }
    buffer_free(&text);
}

static void put_facts(struct page *page)
{
    const struct report *r = page->report;
    put(page, "<section>\n<h2>Details</h2>\n<dl class=\"facts\">\n");
    put_text_row(page, "Completed by", REPORT_COMPLETER);
    put_date_row(page, "Completed", r->completed);
    put_text_row(page, "Assigned to", REPORT_ASSIGNEES);
    put_date_row(page, "Started", r->started);
    put_text_row(page, "Created by", REPORT_CREATOR);
    put_date_row(page, "Created", r->created);
    put_text_row(page, "Requested by", REPORT_REQUESTER);
    put_date_row(page, "Due", r->due);
    put_text_row(page, "Asset", REPORT_ASSET);
    put_text_row(page, "Serial number", REPORT_SERIAL);
    put_text_row(page, "Location", REPORT_LOCATION);
    put_priority_row(page);
    put_text_row(page, "Type", REPORT_TYPE);
    put_text_row(page, "Categories", REPORT_CATEGORIES);
    put(page, "</dl>\n</section>");
}

static void put_long(struct page *page, const char *heading, enum report_fact fact)
{
    if (!has_fact(page, fact))
        return;
    put(page, "<section>\n<h2>");
    put(page, heading);
    put(page, "</h2>\n<div class=\"text\" dir=\"auto\">");
    put_fact(page, fact);
    put(page, "</div>\n</section>");
}

static void put_description(struct page *page)
{
    put_long(page, "Description", REPORT_DESCRIPTION);
}

static void put_note(struct page *page)
{
    put_long(page, "Completion note", REPORT_NOTE);
}

/* The organization's own fields, whatever they hold. */
static void put_fields(struct page *page)
{
    struct json_object *fields = json_object_object_get(page->report->data, "extraFields");
    bool any = false;
    if (!json_object_is_type(fields, json_type_object))
        return;
    json_object_object_foreach(fields, name, value)
    {
        const char *text = value != NULL ? json_object_get_string(value) : "";
        size_t len = json_object_is_type(value, json_type_string) ? (size_t)json_object_get_string_len(value)
                                                                  : strlen(text);
        if (len == 0)
            continue;
        put(page, any ? "" : "<section>\n<h2>Custom fields</h2>\n<dl class=\"facts\">\n");
        any = true;
        put(page, "<div><dt dir=\"auto\">");
        put_string(page, name);
        put(page, "</dt><dd dir=\"auto\">");
        put_text(page, text, len);
        put(page, "</dd></div>\n");
    }
    put(page, any ? "</dl>\n</section>" : "");
}

static void put_step(struct page *page, const struct report_step *step)
{
    struct buffer words = {0};
    const char *s = step->status;
    bool done = strcmp(s, "DONE") == 0 || strcmp(s, "COMPLETED") == 0;
    report_words(s, &words);
    put(page, "<tr><td class=\"status");
    put(page, done                            ? " done"
              : strcmp(s, "IN_PROGRESS") == 0 ? " progress"
              : strcmp(s, "ON_HOLD") == 0     ? " hold"
                                              : "");
    put(page, "\">");
    put_string(page, *s != '\0' ? words.data : "Created");
    put(page, "</td><td>");
    if (step->since == TIMESTAMP_NONE)
        put(page, "before it was first seen");
    else
        put_date(page, step->since);
    put(page, "</td><td>");
    if (step->span >= 0)
        put_span(page, step->span);
    put(page, "</td></tr>\n");
    buffer_free(&words);
}

static void put_history(struct page *page)
{
    const struct report *r = page->report;
    put(page, "<section>\n<h2>Statuses seen</h2>\n<div class=\"scroll\"><table>\n"
              "<thead><tr><th>Status</th><th>Since</th><th>For</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < r->count; i++)
        put_step(page, &r->steps[i]);
    put(page, "</tbody>\n</table></div>\n</section>");
}

static void put_event_id(struct page *page)
{
    put_string(page, page->report->id);
}

/* What stands for {{NAME}} in report.html. */
static const struct part {
    const char *name;
    void (*put)(struct page *page);
} parts[] = {
    {"mark", put_mark},
    {"head-title", put_head_title},
    {"number", put_number},
    {"status", put_status},
    {"again", put_again},
    {"title", put_title},
    {"where", put_where},
    {"figures", put_figures},
    {"facts", put_facts},
    {"description", put_description},
    {"note", put_note},
    {"history", put_history},
    {"fields", put_fields},
    {"event-id", put_event_id},
};

static void put_part(struct page *page, const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strlen(parts[i].name) == len && memcmp(parts[i].name, name, len) == 0)
            parts[i].put(page);
}

void page_html(const struct report *report, struct buffer *out)
{
    struct page page = {.report = report, .out = out};
    const char *rest = report_html, *open, *close;
    while ((open = strstr(rest, "{{")) != NULL) {
        close = strstr(open, "}}");
        buffer_append(out, rest, (size_t)(open - rest));
        put_part(&page, open + 2, (size_t)(close - open - 2));
        rest = close + 2;
    }
    put(&page, rest);
}

void page_html_mark(const char *event_id, struct buffer *out)
{
    buffer_append_text(out, "<meta name=\"wosync-event\" content=\"");
    html_text(out, event_id, strlen(event_id));
    buffer_append_text(out, "\">");
}
