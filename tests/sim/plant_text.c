/* Dates, and the text of a version of a work order, as the API gives them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"
#include "plant.h"
#include "verdict.h"

/* 2026-11-23T10:15:00.000Z, by the days' own arithmetic (Hinnant's civil_from_days). */
void plant_write_date(int64_t ms, char out[32])
{
    if (ms == NEVER) {
        *out = '\0';
        return;
    }
    int64_t days = ms / 86400000, rest = ms % 86400000;
    if (rest < 0) {
        rest += 86400000;
        days--;
    }
    int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365,
            doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153, day = doy - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9;
    int64_t y = yoe + era * 400 + (month <= 2);
    snprintf(out, 32, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", (int)y, (int)month, (int)day,
        (int)(rest / 3600000), (int)(rest / 60000 % 60), (int)(rest / 1000 % 60), (int)(rest % 1000));
}

int64_t plant_read_date(const char *text)
{
    int year, month, day, hour, minute, second, ms;
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ", &year, &month, &day, &hour, &minute, &second, &ms) !=
        7) {
        broken("api", "a date in a request is no date: %s", text);
        return 0;
    }
    /* days_from_civil, the other way round */
    int64_t y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1,
            doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return (era * 146097 + doe - 719468) * 86400000 + hour * 3600000 + minute * 60000 + second * 1000 + ms;
}

static void quote_date(int64_t ms, char out[40])
{
    char date[32];
    if (ms == NEVER) {
        strcpy(out, "null");
        return;
    }
    plant_write_date(ms, date);
    snprintf(out, 40, "\"%s\"", date);
}

int64_t plant_creator(int64_t order)
{
    return PLANT_FIRST_USER + order % (PLANT_USERS + 1);
}

void plant_write_version(int64_t order, struct version *v)
{
    char created[40], updated[40], completed[40], deleted[40], description[32] = "null", text[640];
    quote_date(v->created, created);
    quote_date(v->updated, updated);
    quote_date(v->completed, completed);
    quote_date(v->deleted, deleted);
    if (v->description > 0)
        snprintf(description, sizeof description, "\"note %d\"", v->description);
    int n = snprintf(text, sizeof text,
        "{\"id\":%lld,\"sequentialId\":%lld,\"creatorId\":%lld,\"title\":\"Pump %d\",\"status\":\"%s\","
        "\"priority\":\"%s\"",
        (long long)order, (long long)order, (long long)plant_creator(order), v->title, v->status,
        v->priority);
    v->head = (size_t)n;
    n += snprintf(text + n, sizeof text - (size_t)n, ",\"description\":%s", description);
    v->tail = (size_t)n;
    n += snprintf(text + n, sizeof text - (size_t)n,
        ",\"createdAt\":%s,\"updatedAt\":%s,\"completedAt\":%s,\"deletedAt\":%s", created, updated, completed,
        deleted);
    v->len = (size_t)n;
    v->json = strdup(text);
    if (v->json == NULL)
        abort();
}

void plant_write_http_date(int64_t ms, char out[64])
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char *const months[] = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char iso[TIMESTAMP_SIZE];
    int64_t day = ms / 86400000;
    timestamp_format(ms, iso);
    snprintf(out, 64, "%s, %.2s %s %.4s %.8s GMT", days[day % 7], iso + 8, months[atoi(iso + 5) - 1], iso,
        iso + 11);
}
