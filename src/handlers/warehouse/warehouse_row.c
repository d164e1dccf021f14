#include "handlers/warehouse/warehouse_row.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/timestamp.h"
#include "core/event.h"
#include "core/workorder.h"

/* 0001-01-01T00:00:00.000Z: no database can hold what is earlier. */
static const int64_t first_instant = INT64_C(-62135596800000);

/* --- one value: each of these leaves NULL what is none of its kind --- */

/* No text of a parsed event holds a NUL (json_parse.h). */
static void take_bytes(char **out, const char *bytes, size_t len)
{
    *out = strndup(bytes, len);
}

static void take_text(char **out, struct json_object *value)
{
    if (json_object_is_type(value, json_type_string))
        take_bytes(out, json_object_get_string(value), (size_t)json_object_get_string_len(value));
}

static void take_number(char **out, int64_t number)
{
    char digits[32];
    int n = snprintf(digits, sizeof digits, "%lld", (long long)number);
    take_bytes(out, digits, (size_t)n);
}

static void take_int(char **out, struct json_object *value)
{
    if (json_object_is_type(value, json_type_int) &&
        (json_object_get_int64(value) < 0 || json_object_get_uint64(value) <= INT64_MAX))
        take_number(out, json_object_get_int64(value));
}

static void take_instant(char **out, int64_t ms)
{
    char text[TIMESTAMP_SIZE];
    if (ms < first_instant)
        return;
    timestamp_format(ms, text);
    take_bytes(out, text, strlen(text));
}

static void take_date(char **out, struct json_object *value)
{
    int64_t ms;
    if (json_object_is_type(value, json_type_string) &&
        timestamp_parse(json_object_get_string(value), &ms) == 0)
        take_instant(out, ms);
}

/* PostgreSQL holds 16383 digits behind the dot and 131072 before it; a work order with a number beyond that
 * would be refused for ever. */
static bool is_beyond_databases(struct json_object *value)
{
    const char *text = json_number_text(value);
    if (text == NULL)
        return false;
    const char *e = strpbrk(text, "eE");
    long exponent = e != NULL ? strtol(e + 1, NULL, 10) : 0; /* the largest one, where it is larger still */
    return strlen(text) > 8000 || exponent > 8000 || exponent < -8000;
}

/* Each such number becomes a text of the same digits. Takes a reference, gives one back. */
static struct json_object *bound_numbers(struct json_object *value)
{
    if (is_beyond_databases(value)) {
        struct json_object *text = json_object_new_string(json_number_text(value));
        json_object_put(value);
        return text;
    }
    if (json_object_is_type(value, json_type_array))
        for (size_t i = 0; i < json_object_array_length(value); i++)
            json_object_array_put_idx(
                value, i, bound_numbers(json_object_get(json_object_array_get_idx(value, i))));
    if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, key, member)
        {
            json_object_object_add(value, key, bound_numbers(json_object_get(member)));
        }
    }
    return value;
}

static void take_json(char **out, struct json_object *value)
{
    size_t len;
    if (value == NULL)
        return;
    value = bound_numbers(json_object_get(value));
    const char *json = json_object_to_json_string_length(
        value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
    take_bytes(out, json, len);
    json_object_put(value);
}

/* --- a work order --- */

/* Where a column comes from; of several lines for one column the first that has something wins. */
static const struct field {
    enum warehouse_value value;
    const char *object; /* that holds the key; NULL: the work order itself */
    const char *key;
    void (*take)(char **out, struct json_object *value);
} fields[] = {
    {WAREHOUSE_ID, NULL, "id", take_int},
    {WAREHOUSE_SEQUENTIAL_ID, NULL, "sequentialId", take_int},
    {WAREHOUSE_TITLE, NULL, "title", take_text},
    {WAREHOUSE_DESCRIPTION, NULL, "description", take_text},
    {WAREHOUSE_STATUS, NULL, "status", take_text},
    {WAREHOUSE_PRIORITY, NULL, "priority", take_text},
    {WAREHOUSE_TYPE, NULL, "type", take_text},
    {WAREHOUSE_CREATED_AT, NULL, "createdAt", take_date},
    {WAREHOUSE_UPDATED_AT, NULL, "updatedAt", take_date},
    {WAREHOUSE_COMPLETED_AT, NULL, "completedAt", take_date},
    {WAREHOUSE_DUE_DATE, NULL, "dueDate", take_date},
    {WAREHOUSE_START_DATE, NULL, "startDate", take_date},
    {WAREHOUSE_ASSET_ID, NULL, "assetId", take_int},
    {WAREHOUSE_ASSET_ID, "asset", "id", take_int},
    {WAREHOUSE_ASSET_NAME, "asset", "name", take_text},
    {WAREHOUSE_LOCATION_ID, NULL, "locationId", take_int},
    {WAREHOUSE_LOCATION_ID, "location", "id", take_int},
    {WAREHOUSE_LOCATION_NAME, "location", "name", take_text},
    {WAREHOUSE_CREATOR_ID, NULL, "creatorId", take_int},
    {WAREHOUSE_COMPLETER_ID, NULL, "completerId", take_int},
    {WAREHOUSE_REQUESTER_ID, NULL, "requesterId", take_int},
    {WAREHOUSE_ORGANIZATION_ID, NULL, "organizationId", take_int},
    {WAREHOUSE_CATEGORIES, NULL, "categories", take_json},
    {WAREHOUSE_ASSIGNEES, NULL, "assignees", take_json},
    {WAREHOUSE_DELETED_AT, NULL, "deletedAt", take_date},
};

static void take_fields(struct json_object *doc, struct warehouse_row *row)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const struct field *field = &fields[i];
        struct json_object *holder = field->object != NULL ? json_object_object_get(doc, field->object) : doc;
        if (row->values[field->value] == NULL && json_object_is_type(holder, json_type_object))
            field->take(&row->values[field->value], json_object_object_get(holder, field->key));
    }
    take_json(&row->values[WAREHOUSE_DATA], doc);
}

/* Everything of a row that an event and a snapshot share. A deletion without a date of its own was seen at
 * `observed`. Returns NULL, or why it cannot be a row. */
static const char *take_work_order(
    struct json_object *doc, bool deleted, int64_t observed, int64_t seq, struct warehouse_row *row)
{
    char **values = row->values;
    if (!json_object_is_type(doc, json_type_object))
        return "it holds no work order";
    take_fields(doc, row);
    take_instant(&values[WAREHOUSE_OBSERVED_AT], observed);
    take_number(&values[WAREHOUSE_SEQ], seq);
    if (values[WAREHOUSE_ID] == NULL)
        return "its work order has no id that is an integer";
    if (values[WAREHOUSE_STATUS] == NULL)
        return "its work order has no status";
    if (values[WAREHOUSE_UPDATED_AT] == NULL)
        return "the updatedAt of its work order lies outside the years 0001 to 9999 or is missing";
    if (values[WAREHOUSE_OBSERVED_AT] == NULL)
        return "it does not say when it was observed";
    if (deleted && values[WAREHOUSE_DELETED_AT] == NULL)
        take_instant(&values[WAREHOUSE_DELETED_AT], observed);
    take_bytes(&values[WAREHOUSE_DELETED], values[WAREHOUSE_DELETED_AT] != NULL ? "1" : "0", 1);
    return NULL;
}

/* --- events and snapshots --- */

/* The status before and after, for the history: it takes creations and changes of the status. Of several
 * steps that one observation showed, each says its own; `status` of the work order may be the last one's. */
static void take_statuses(struct json_object *data, const char *type, struct warehouse_row *row)
{
    char **values = row->values;
    struct json_object *change = json_object_object_get(data, "changes");
    if (json_object_is_type(change, json_type_object))
        change = json_object_object_get(change, "status");
    if (!json_object_is_type(change, json_type_object))
        change = NULL;
    take_text(&values[WAREHOUSE_FROM_STATUS], json_object_object_get(data, "previousStatus"));
    if (strcmp(type, event_type_name(EVENT_STATUS_CHANGED)) == 0) {
        take_text(&values[WAREHOUSE_TO_STATUS], json_object_object_get(change, "to"));
        if (values[WAREHOUSE_FROM_STATUS] == NULL)
            take_text(&values[WAREHOUSE_FROM_STATUS], json_object_object_get(change, "from"));
    } else if (strcmp(type, event_type_name(EVENT_CREATED)) != 0) {
        return;
    }
    if (values[WAREHOUSE_TO_STATUS] == NULL)
        take_text(&values[WAREHOUSE_TO_STATUS], json_object_object_get(data, "status"));
}

/* What the event says besides the work order. */
static void take_event(
    struct json_object *body, const char *type, int64_t observed, struct warehouse_row *row)
{
    char **values = row->values;
    struct json_object *actor = json_object_object_get(body, "actor");
    take_text(&values[WAREHOUSE_EVENT_ID], json_object_object_get(body, "id"));
    values[WAREHOUSE_EVENT_TYPE] = strdup(type);
    take_date(&values[WAREHOUSE_HAPPENED_AT], json_object_object_get(body, "timestamp"));
    if (values[WAREHOUSE_HAPPENED_AT] == NULL)
        values[WAREHOUSE_HAPPENED_AT] = strdup(values[WAREHOUSE_UPDATED_AT]);
    values[WAREHOUSE_EVENT_OBSERVED_AT] = strdup(values[WAREHOUSE_OBSERVED_AT]);
    if (json_object_is_type(actor, json_type_object))
        take_int(&values[WAREHOUSE_ACTOR_ID], json_object_object_get(actor, "id"));
    /* what a backfill read may have been rewritten, or restored, before it could emit it */
    struct json_object *source = json_object_object_get(body, "source");
    bool history = json_object_is_type(source, json_type_string) &&
                   strcmp(json_object_get_string(source), event_source_name(SOURCE_BACKFILL)) == 0;
    values[WAREHOUSE_REPLACES] = strdup(history ? "0" : "1");
    warehouse_names_from_event(body, observed, &row->names);
}

/* Returns NULL, or why it cannot be a row. */
static const char *read_event(struct json_object *body, int64_t seq, struct warehouse_row *row)
{
    struct json_object *type = json_object_object_get(body, "event");
    struct json_object *data = json_object_object_get(body, "data");
    int64_t observed = TIMESTAMP_NONE;
    if (!json_object_is_type(type, json_type_string) || !json_object_is_type(data, json_type_object) ||
        !json_object_is_type(json_object_object_get(body, "id"), json_type_string))
        return "it has no id, no type or no data";
    const char *name = json_object_get_string(type);
    struct json_object *seen = json_object_object_get(body, "observedAt");
    if (json_object_is_type(seen, json_type_string))
        timestamp_parse(json_object_get_string(seen), &observed);
    take_statuses(data, name, row);
    /* what the event adds to the work order is no part of it */
    json_object_object_del(data, "previousStatus");
    json_object_object_del(data, "changes");
    bool deleted = strcmp(name, event_type_name(EVENT_DELETED)) == 0;
    const char *wrong = take_work_order(data, deleted, observed, seq, row);
    if (wrong == NULL)
        take_event(body, name, observed, row);
    return wrong;
}

const char *warehouse_row_from_event(const char *json, size_t len, int64_t seq, struct warehouse_row *out)
{
    *out = (struct warehouse_row){0};
    struct json_object *body = event_parse(json, len);
    const char *wrong =
        json_object_is_type(body, json_type_object) ? read_event(body, seq, out) : "it is not a JSON object";
    json_object_put(body);
    return wrong;
}

const char *warehouse_row_from_snapshot(
    const char *json, size_t len, bool deleted, int64_t observed, struct warehouse_row *out)
{
    *out = (struct warehouse_row){0};
    struct json_object *doc = event_parse(json, len); /* as deep as what it will be in */
    const char *wrong = take_work_order(doc, deleted, observed, 0, out);
    json_object_put(doc);
    return wrong;
}

void warehouse_row_free(struct warehouse_row *row)
{
    for (size_t i = 0; i < WAREHOUSE_EVENT_VALUES; i++)
        free(row->values[i]);
    warehouse_names_free(&row->names);
    *row = (struct warehouse_row){0};
}
