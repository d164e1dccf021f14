#include "handlers/slack/slack_text.h"

#include <ctype.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

#include "base/utf8.h"
#include "core/event_names.h"

/* In characters. A title is shown up to what a chat shows without folding; names and statuses are short by
 * nature. */
enum { TITLE_MOST = 250, WORD_MOST = 64 };

/* Changed fields, and assignees, that are named; the rest is counted. */
enum { FIELDS_MOST = 8, NAMES_MOST = 5 };

static const char *const emojis[EVENT_TYPES + 1] = {
    [EVENT_CREATED] = ":information_source:",
    [EVENT_STATUS_CHANGED] = ":arrows_counterclockwise:",
    [EVENT_COMPLETED] = ":white_check_mark:",
    [EVENT_UPDATED] = ":pencil2:",
    [EVENT_DELETED] = ":wastebasket:",
    [EVENT_TYPES] = ":grey_question:",
};

static const char *text_of(struct json_object *object, const char *key)
{
    struct json_object *value = json_object_object_get(object, key);
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

/* White space, and what would move the text around on the reader's screen: controls, line separators, marks
 * that turn the direction of writing. */
static bool is_blank(uint32_t c)
{
    return c <= 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0x2028 || c == 0x2029 ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

/* One character, by Slack's rule: these three are escaped and nothing else. */
static void append_character(struct buffer *out, const char *bytes, size_t len, uint32_t c)
{
    switch (c) {
    case '&':
        buffer_append_text(out, "&amp;");
        break;
    case '<':
        buffer_append_text(out, "&lt;");
        break;
    case '>':
        buffer_append_text(out, "&gt;");
        break;
    case UTF8_BAD:
        buffer_append_text(out, "\xef\xbf\xbd");
        break;
    default:
        buffer_append(out, bytes, len);
        break;
    }
}

/* A text on one line: blanks in a row become one space, those at the ends go; after `most` characters there
 * is an ellipsis. */
static void append_text(struct buffer *out, const char *text, int most)
{
    bool space = false;
    int count = 0;
    while (*text != '\0') {
        const char *begin = text;
        uint32_t c = utf8_next(&text);
        if (is_blank(c)) {
            space = count > 0;
            continue;
        }
        if (count + (space ? 1 : 0) >= most) {
            buffer_append_text(out, "\xe2\x80\xa6");
            return;
        }
        if (space)
            buffer_append_text(out, " ");
        append_character(out, begin, (size_t)(text - begin), c);
        count += space ? 2 : 1;
        space = false;
    }
}

/* `High priority `; nothing for NONE. */
static void append_priority(struct buffer *out, const char *priority)
{
    char word[WORD_MOST];
    if (*priority == '\0' || strcmp(priority, "NONE") == 0)
        return;
    strncpy(word, priority, sizeof word - 1);
    word[sizeof word - 1] = '\0';
    for (char *p = word + 1; *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
    append_text(out, word, WORD_MOST);
    buffer_append_text(out, " priority ");
}

/* ` (dueDate, priority)`; nothing when the changes are unknown. */
static void append_fields(struct buffer *out, struct json_object *changes)
{
    int count = 0;
    if (!json_object_is_type(changes, json_type_object) || json_object_object_length(changes) == 0)
        return;
    json_object_object_foreach(changes, field, change)
    {
        (void)change;
        if (count++ >= FIELDS_MOST)
            continue;
        buffer_append_text(out, count == 1 ? " (" : ", ");
        append_text(out, field, WORD_MOST);
    }
    if (count > FIELDS_MOST)
        buffer_append_format(out, " and %d more", count - FIELDS_MOST);
    buffer_append_text(out, ")");
}

static void append_status(struct buffer *out, const char *from, const char *to)
{
    buffer_append_text(out, " from ");
    append_text(out, from, WORD_MOST);
    buffer_append_text(out, " to ");
    append_text(out, to, WORD_MOST);
}

/* ` by Ann Lee`; nothing where nobody is known. */
static void append_actor(struct buffer *out, struct json_object *event)
{
    const char *name = event_actor_name(event);
    if (name == NULL)
        return;
    buffer_append_text(out, " by ");
    append_text(out, name, WORD_MOST);
}

struct names {
    struct buffer *out;
    int count;
};

static void append_assignee(const char *name, void *context)
{
    struct names *names = context;
    if (names->count++ >= NAMES_MOST)
        return;
    buffer_append_text(names->out, names->count == 1 ? ", assigned to " : ", ");
    append_text(names->out, name, WORD_MOST);
}

/* `, assigned to Ann Lee, Electricians`: for whoever is to do something about it. */
static void append_assignees(struct buffer *out, enum event_type type, struct json_object *event)
{
    struct names names = {.out = out};
    if (type == EVENT_COMPLETED || type == EVENT_DELETED)
        return;
    event_assignee_names(event, append_assignee, &names);
    if (names.count > NAMES_MOST)
        buffer_append_format(out, " and %d more", names.count - NAMES_MOST);
}

static void append_happening(
    struct buffer *out, enum event_type type, struct json_object *event, struct json_object *data)
{
    static const char *const words[EVENT_TYPES + 1] = {
        [EVENT_CREATED] = "WO created",
        [EVENT_STATUS_CHANGED] = "WO status changed",
        [EVENT_COMPLETED] = "WO completed",
        [EVENT_UPDATED] = "WO updated",
        [EVENT_DELETED] = "WO deleted",
        [EVENT_TYPES] = "WO event",
    };
    append_priority(out, text_of(data, "priority"));
    buffer_append_text(out, words[type]);
    if (type == EVENT_STATUS_CHANGED)
        append_status(out, text_of(data, "previousStatus"), text_of(data, "status"));
    append_actor(out, event);
    if (type == EVENT_UPDATED)
        append_fields(out, json_object_object_get(data, "changes"));
}

static void append_title(struct buffer *out, const char *title)
{
    size_t before = out->len;
    append_text(out, title, TITLE_MOST);
    if (out->len == before)
        buffer_append_text(out, "(no title)");
}

/* ` <ADDRESS|#ID>`; the template's own `&` is escaped like all others. */
static void append_link(struct buffer *out, const char *template, int64_t id)
{
    buffer_append_text(out, " <");
    while (*template != '\0') {
        if (strncmp(template, SLACK_LINK_ID, strlen(SLACK_LINK_ID)) == 0) {
            buffer_append_format(out, "%" PRId64, id);
            template += strlen(SLACK_LINK_ID);
        } else {
            append_character(out, template, 1, (unsigned char)*template);
            template ++;
        }
    }
    buffer_append_format(out, "|#%" PRId64 ">", id);
}

void slack_append_line(
    struct buffer *out, struct handler_event *event, const char *greeting, const char *link, bool *urgent)
{
    struct json_object *json = handler_event_json(event), *data = json_object_object_get(json, "data");
    *urgent = strcmp(text_of(data, "priority"), "HIGH") == 0;
    const char *emoji = *urgent && event->type == EVENT_CREATED ? ":rotating_light:" : emojis[event->type];
    buffer_append_format(out, "%s %s", emoji, greeting);
    append_happening(out, event->type, json, data);
    buffer_append_text(out, ": ");
    append_title(out, text_of(data, "title"));
    append_link(out, link, event->work_order);
    append_assignees(out, event->type, json);
}
