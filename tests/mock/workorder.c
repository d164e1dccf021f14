#include "workorder.h"

#include <stdlib.h>
#include <string.h>

#include "base.h"

static const char *const status_names[STATUS__MAX] = {
    [STATUS_OPEN] = "OPEN",
    [STATUS_IN_PROGRESS] = "IN_PROGRESS",
    [STATUS_ON_HOLD] = "ON_HOLD",
    [STATUS_DONE] = "DONE",
    [STATUS_CANCELED] = "CANCELED",
    [STATUS_SKIPPED] = "SKIPPED",
    [STATUS_COMPLETED] = "COMPLETED",
    [STATUS_CLOSED] = "CLOSED",
};

static const char *const priority_names[PRIORITY__MAX] = {
    [PRIORITY_NONE] = "NONE",
    [PRIORITY_LOW] = "LOW",
    [PRIORITY_MEDIUM] = "MEDIUM",
    [PRIORITY_HIGH] = "HIGH",
};

const char *workorder_status_name(enum status status)
{
    return status_names[status];
}

const char *workorder_priority_name(enum priority priority)
{
    return priority_names[priority];
}

enum status workorder_status(const char *name)
{
    for (int i = 0; name != NULL && i < STATUS_OTHER; i++)
        if (strcmp(name, status_names[i]) == 0)
            return (enum status)i;
    return STATUS_OTHER;
}

enum priority workorder_priority(const char *name)
{
    for (int i = 0; name != NULL && i < PRIORITY_OTHER; i++)
        if (strcmp(name, priority_names[i]) == 0)
            return (enum priority)i;
    return PRIORITY_OTHER;
}

bool workorder_is_complete(enum status status)
{
    return status == STATUS_DONE || status == STATUS_COMPLETED;
}

/* The string in that field, or NULL. */
static const char *text_field(json_object *doc, const char *name)
{
    json_object *value;

    if (!json_object_object_get_ex(doc, name, &value) || !json_object_is_type(value, json_type_string))
        return NULL;
    return json_object_get_string(value);
}

static int64_t date_field(json_object *doc, const char *name, int64_t otherwise)
{
    const char *text = text_field(doc, name);
    int64_t when;

    return text != NULL && clock_parse(text, &when) ? when : otherwise;
}

void workorder_read(struct workorder *wo, json_object *doc)
{
    wo->created = date_field(doc, "createdAt", TIME_NONE);
    wo->updated = date_field(doc, "updatedAt", wo->updated);
    wo->completed = date_field(doc, "completedAt", TIME_NONE);
    wo->due = date_field(doc, "dueDate", TIME_NONE);
    wo->start = date_field(doc, "startDate", TIME_NONE);
    wo->status = (uint8_t)workorder_status(text_field(doc, "status"));
    wo->priority = (uint8_t)workorder_priority(text_field(doc, "priority"));
}

void workorder_own(struct workorder *wo, json_object *doc, json_object *raw)
{
    const int flags = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;

    wo->own = base_alloc(1, sizeof(*wo->own));
    wo->own->json = base_copy(json_object_to_json_string_ext(doc, flags));
    wo->own->len = strlen(wo->own->json);
    if (raw != NULL) {
        wo->own->len = (size_t)json_object_get_string_len(raw);
        wo->own->raw = base_alloc(wo->own->len + 1, 1);
        memcpy(wo->own->raw, json_object_get_string(raw), wo->own->len);
    }
}

void workorder_clear(struct workorder *wo)
{
    if (wo->own != NULL) {
        free(wo->own->json);
        free(wo->own->raw);
        free(wo->own);
    }
    wo->own = NULL;
}
