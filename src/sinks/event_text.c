#include "sinks/event_text.h"

#include <json-c/json.h>
#include <string.h>

#include "base/buffer.h"
#include "core/event.h"

/* A scalar as text, "" where it is absent or null. */
static const char *text_of(struct json_object *object, const char *key)
{
    struct json_object *value = json_object_object_get(object, key);
    const char *text = value != NULL ? json_object_get_string(value) : NULL;
    return text != NULL ? text : "";
}

/* What a poll could see of the change: the status from and to, or the names of the fields. */
static int append_changes(struct buffer *line, struct json_object *data, const char *type)
{
    struct json_object *changes = json_object_object_get(data, "changes");
    int rc = 0, n = 0;
    if (strcmp(type, "workorder.status_changed") == 0)
        return buffer_append_format(
            line, "  %s -> %s", text_of(data, "previousStatus"), text_of(data, "status"));
    if (strcmp(type, "workorder.updated") != 0 || !json_object_is_type(changes, json_type_object))
        return buffer_append_format(line, "  %s", text_of(data, "status"));
    json_object_object_foreach(changes, field, change)
    {
        (void)change;
        if (rc == 0)
            rc = buffer_append_format(line, "%s%s", n++ == 0 ? "  changed: " : ", ", field);
    }
    return rc;
}

char *event_text(const char *body)
{
    struct buffer line = {0};
    struct json_object *event = event_parse(body, strlen(body));
    struct json_object *data = json_object_object_get(event, "data");
    const char *type = text_of(event, "event");
    int rc = buffer_append_format(&line, "%s  %s  #%s  \"%s\"", text_of(event, "timestamp"), type,
        text_of(data, "id"), text_of(data, "title"));
    if (rc == 0)
        rc = append_changes(&line, data, type);
    json_object_put(event);
    if (rc != 0) {
        buffer_free(&line);
        return NULL;
    }
    for (char *p = line.data; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    return line.data;
}
