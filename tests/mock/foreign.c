#include "foreign.h"

#include <string.h>

#include "base.h"

/* All events of the vendor's description. SAMPLE: what one holds besides its name, moment and organization;
 * NULL where nobody has needed one, and for events about a work order, which hook.c makes. */
static const struct {
    const char *name, *sample;
} events[] = {
    {"API_TOKEN_CREATED", NULL},
    {"API_TOKEN_REVOKED", NULL},
    {"ASSET_STATUS_CHANGE", NULL},
    {"CONNECTOR_TOKEN_REVOKED", NULL},
    {"DATA_EXPORT_INITIATED", NULL},
    {"INVITE_LINK_ARCHIVED", NULL},
    {"INVITE_LINK_CREATED", NULL},
    {"INVITE_LINK_UPDATED", NULL},
    {"METER_TRIGGER_STATE_CHANGE",
        "{\"meterTriggerId\":12,\"meterId\":330,\"oldState\":\"PENDING\",\"newState\":\"TRIGGERED\"}"},
    {"NEW_ASSET", "{\"assetId\":5014}"},
    {"NEW_CATEGORY_ON_WORK_ORDER", NULL},
    {"NEW_COMMENT_ON_WORK_ORDER", NULL},
    {"NEW_LOCATION", "{\"locationId\":603}"},
    {"NEW_PART", "{\"partId\":4410}"},
    {"NEW_PURCHASE_ORDER", NULL},
    {"NEW_SLASH_COMMAND", NULL},
    {"NEW_VENDOR", "{\"vendorId\":7101}"},
    {"NEW_WORK_ORDER", NULL},
    {"NEW_WORK_REQUEST", "{\"workRequestId\":5502}"},
    {"PART_CHANGE", "{\"partId\":4410}"},
    {"PART_DELETE", NULL},
    {"PART_QUANTITY_CHANGE", "{\"partId\":4410,\"quantityDiff\":3,\"oldQuantity\":54,\"newQuantity\":57,"
                             "\"userId\":2041,\"triggeredFrom\":\"MANUAL_RESTOCK\",\"locations\":[]}"},
    {"PART_TRANSFER", NULL},
    {"PURCHASE_ORDER_CHANGE", NULL},
    {"PURCHASE_ORDER_STATUS_CHANGE", NULL},
    {"ROLE_ARCHIVED", NULL},
    {"ROLE_CREATED", NULL},
    {"ROLE_UPDATED", NULL},
    {"SSO_CONFIG_CHANGED", NULL},
    {"USER_ACTIVATED", NULL},
    {"USER_INVITED",
        "{\"actorId\":2001,\"targetUserId\":2041,\"role\":\"MEMBER\",\"creationMethod\":\"EMAIL\"}"},
    {"USER_LOGIN_FAILURE",
        "{\"email\":\"ann.lee@example.com\",\"phoneNumber\":\"+14155550100\",\"method\":\"EMAIL\",\"reason\":"
        "\"INVALID_PASSWORD\",\"sourceIp\":\"203.0.113.42\",\"countryName\":\"United "
        "States\",\"regionName\":\"California\",\"cityName\":\"San Francisco\"}"},
    {"USER_LOGIN_SUCCESS", "{\"userId\":2041,\"email\":\"ann.lee@example.com\",\"phoneNumber\":\"+"
                           "14155550100\",\"method\":\"EMAIL\",\"sourceIp\":\"203.0.113.42\",\"countryName\":"
                           "\"United States\",\"regionName\":\"California\",\"cityName\":\"San Francisco\"}"},
    {"USER_LOGOUT", "{\"userId\":2041,\"sourceIp\":\"203.0.113.42\",\"countryName\":\"United "
                    "States\",\"regionName\":\"California\",\"cityName\":\"San Francisco\"}"},
    {"USER_PERMISSIONS_CHANGED", NULL},
    {"USER_REMOVED", NULL},
    {"USER_ROLE_CHANGED",
        "{\"actorId\":2001,\"targetUserId\":2041,\"oldRole\":\"MEMBER\",\"newRole\":\"ADMIN\"}"},
    {"USER_SESSION_REVOKED", NULL},
    {"WEBHOOK_ARCHIVED", "{\"actorId\":2001,\"webhookId\":901}"},
    {"WEBHOOK_CREATED", "{\"actorId\":2001,\"webhookId\":901,\"webhookType\":\"NEW_WORK_ORDER\",\"url\":"
                        "\"https://plant.example.com/hook\"}"},
    {"WORK_ORDER_CHANGE", NULL},
    {"WORK_ORDER_DELETE", NULL},
    {"WORK_ORDER_OVERDUE", NULL},
    {"WORK_ORDER_PART_STATUS_CHANGE", NULL},
    {"WORK_ORDER_STATUS_CHANGE", NULL},
    {"WORK_REQUEST_STATUS_CHANGE",
        "{\"oldStatus\":\"PENDING\",\"newStatus\":\"APPROVED\",\"requestId\":5502}"},
};

void foreign_members(json_object *body, const char *event)
{
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        json_object *sample;

        if (strcmp(events[i].name, event) != 0 || events[i].sample == NULL)
            continue;
        sample = json_tokener_parse(events[i].sample);
        json_object_object_foreach(sample, name, value)
            json_object_object_add(body, name, json_object_get(value));
        json_object_put(sample);
    }
}

bool foreign_is_event(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(events); i++)
        if (strcmp(events[i].name, name) == 0)
            return true;
    return false;
}
