#include "sinks/cloudevent.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>

#include "api/http.h"
#include "base/json.h"
#include "core/event.h"

char *cloudevent_source(const char *base_url, const char *organization)
{
    struct buffer uri = {0};
    int rc = buffer_append_text(&uri, base_url);
    if (rc == 0 && *organization != '\0') {
        rc = buffer_append_text(&uri, "/organizations/");
        if (rc == 0)
            rc = http_append_encoded(&uri, organization);
    }
    if (rc == 0)
        return uri.data;
    buffer_free(&uri);
    return NULL;
}

/* The attributes as an object; `time` is left out where the event has none, it is optional. */
static struct json_object *attributes(
    const struct delivery *delivery, struct json_object *event, const char *source)
{
    char subject[32];
    struct json_object *object = json_object_new_object();
    struct json_object *time = json_object_object_get(event, "timestamp");
    struct json_object *type = json_object_object_get(event, "event");
    snprintf(subject, sizeof subject, "%" PRId64, delivery->work_order);
    if (object != NULL && json_give_text(object, "specversion", "1.0") == 0 &&
        json_give_text(object, "id", delivery->id) == 0 && json_give_text(object, "source", source) == 0 &&
        json_share(object, "type", type) == 0 && (time == NULL || json_share(object, "time", time) == 0) &&
        json_give_text(object, "subject", subject) == 0 &&
        json_give_text(object, "datacontenttype", "application/json") == 0)
        return object;
    json_object_put(object);
    return NULL;
}

/* Opens the object's text again at its end and puts the body in. */
int cloudevent_append(struct buffer *out, const struct delivery *delivery, const char *source)
{
    int rc = -1;
    size_t len = 0;
    struct json_object *event = event_parse(delivery->body, delivery->body_len);
    struct json_object *object = event != NULL ? attributes(delivery, event, source) : NULL;
    const char *json = json_object_to_json_string_length(
        object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
    if (object != NULL && json != NULL && buffer_append(out, json, len - 1) == 0 &&
        buffer_append_text(out, ",\"data\":") == 0 &&
        buffer_append(out, delivery->body, delivery->body_len) == 0)
        rc = buffer_append_text(out, "}");
    json_object_put(object);
    json_object_put(event);
    return rc;
}
