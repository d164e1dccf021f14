#include "core/event_line.h"

#include <json-c/json.h>
#include <string.h>

#include "base/buffer.h"
#include "base/utf8.h"
#include "core/event.h"
#include "core/event_names.h"

/* A scalar as text, "" where it is absent or null. */
static const char *text_of(struct json_object *object, const char *key)
{
    const char *text = json_object_get_string(json_object_object_get(object, key));
    return text != NULL ? text : "";
}

/* What a poll could see of the change: the status from and to, or the names of the fields. */
static void append_changes(struct buffer *line, struct json_object *data, const char *type)
{
    struct json_object *changes = json_object_object_get(data, "changes");
    const char *separator = "  changed: ";
    if (strcmp(type, "workorder.status_changed") == 0) {
        buffer_append_format(line, "  %s -> %s", text_of(data, "previousStatus"), text_of(data, "status"));
        return;
    }
    if (strcmp(type, "workorder.updated") != 0 || !json_object_is_type(changes, json_type_object)) {
        buffer_append_format(line, "  %s", text_of(data, "status"));
        return;
    }
    json_object_object_foreach(changes, field, change)
    {
        (void)change;
        buffer_append_format(line, "%s%s", separator, field);
        separator = ", ";
    }
}

char *event_line(const char *body)
{
    struct buffer line = {0};
    struct json_object *event = event_parse(body, strlen(body));
    struct json_object *data = json_object_object_get(event, "data");
    const char *type = text_of(event, "event");
    buffer_append_format(&line, "%s  %s  #%s  \"%s\"", text_of(event, "timestamp"), type, text_of(data, "id"),
        text_of(data, "title"));
    append_changes(&line, data, type);
    if (event_actor_name(event) != NULL)
        buffer_append_format(&line, "  by %s", event_actor_name(event));
    json_object_put(event);
    utf8_make_line(line.data);
    return line.data;
}
