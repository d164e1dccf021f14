#include "handlers/http/cloudevent.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>

#include "api/http.h"
#include "base/json.h"

char *cloudevent_source(const char *base_url, const char *organization)
{
    struct buffer uri = {0};
    buffer_append_text(&uri, base_url);
    if (*organization != '\0') {
        buffer_append_text(&uri, "/organizations/");
        http_append_encoded(&uri, organization);
    }
    return uri.data;
}

/* The attributes as an object; `time` is left out where the event has none, it is optional. */
static struct json_object *attributes(struct handler_event *event, const char *source)
{
    char subject[32];
    struct json_object *object = json_object_new_object();
    struct json_object *json = handler_event_json(event), *time = json_object_object_get(json, "timestamp");
    snprintf(subject, sizeof subject, "%" PRId64, event->work_order);
    json_give_text(object, "specversion", "1.0");
    json_give_text(object, "id", event->id);
    json_give_text(object, "source", source);
    json_share(object, "type", json_object_object_get(json, "event"));
    if (time != NULL)
        json_share(object, "time", time);
    json_give_text(object, "subject", subject);
    json_give_text(object, "datacontenttype", "application/json");
    return object;
}

/* Opens the object's text again at its end and puts the body in. */
void cloudevent_append(struct buffer *out, struct handler_event *event, const char *source)
{
    size_t len;
    struct json_object *object = attributes(event, source);
    const char *json = json_object_to_json_string_length(
        object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
    buffer_append(out, json, len - 1);
    buffer_append_text(out, ",\"data\":");
    buffer_append(out, event->body, event->body_len);
    buffer_append_text(out, "}");
    json_object_put(object);
}
