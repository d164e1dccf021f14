#include "delivery.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signature.h"

enum { TIMESTAMP_ROOM = 24 };

struct delivery *delivery_new(const char *url, const char *event)
{
    struct delivery *d = base_alloc(1, sizeof(*d));

    d->url = base_copy(url);
    d->event = base_copy(event);
    return d;
}

void delivery_free(struct delivery *d)
{
    if (d == NULL)
        return;
    free(d->url);
    free(d->event);
    free(d->secret);
    free(d->event_id);
    buffer_free(&d->body);
    buffer_free(&d->answer.body);
    json_object_put(d->headers);
    free(d);
}

void delivery_free_all(struct delivery *d)
{
    struct delivery *next;

    for (; d != NULL; d = next) {
        next = d->next;
        delivery_free(d);
    }
}

struct delivery *delivery_copy(const struct delivery *d)
{
    struct delivery *copy = base_alloc(1, sizeof(*copy));

    *copy = *d;
    copy->url = base_copy(d->url);
    copy->event = base_copy(d->event);
    copy->secret = base_copy(d->secret);
    copy->event_id = base_copy(d->event_id);
    copy->body = (struct buffer){0};
    buffer_add(&copy->body, d->body.data, d->body.len);
    copy->headers = json_object_get(d->headers);
    copy->answer = (struct delivery_answer){0};
    copy->next = NULL;
    return copy;
}

static void add_header(json_object *headers, const char *name, const char *value)
{
    json_object_object_add(headers, name, json_object_new_string(value));
}

/* "t=<timestamp>,v1=<hex>" over "<timestamp>.<signed bytes>". */
static void add_vendor_signature(json_object *headers, const char *name, const struct delivery *d,
    int64_t now, const void *bytes, size_t len)
{
    char stamp[TIMESTAMP_ROOM], hex[SIGNATURE_HEX], value[SIGNATURE_HEX + TIMESTAMP_ROOM + 8];
    struct buffer text = {0};
    int64_t when = now + d->skew;

    snprintf(stamp, sizeof(stamp), "%" PRId64, d->milliseconds ? when : when / 1000);
    buffer_text(&text, stamp);
    buffer_text(&text, ".");
    buffer_add(&text, bytes, len);
    signature_hex(d->secret, text.data, text.len, hex);
    buffer_free(&text);
    snprintf(value, sizeof(value), "t=%s,v1=%s", stamp, hex);
    add_header(headers, name, value);
}

static void add_signature(json_object *headers, const struct delivery *d, int64_t now)
{
    char hex[SIGNATURE_HEX];

    if (d->spelling == SPELLING_BRIEF) {
        signature_hex(d->secret, d->body.data, d->body.len, hex);
        add_header(headers, "x-maintainx-signature", hex);
        return;
    }
    add_vendor_signature(headers, "x-maintainx-webhook-body-signature", d, now, d->body.data, d->body.len);
    add_vendor_signature(headers, "x-maintainx-webhook-uri-signature", d, now, d->url, strlen(d->url));
}

/* The headers that were ordered, over ours. */
static void replace_headers(json_object *headers, json_object *ordered)
{
    json_object_object_foreach(ordered, given, value)
    {
        char *name = base_copy(given);

        for (char *p = name; *p != '\0'; p++)
            *p = (char)tolower((unsigned char)*p);
        if (value == NULL)
            json_object_object_del(headers, name);
        else
            json_object_object_add(headers, name, json_object_get(value));
        free(name);
    }
}

json_object *delivery_headers(const struct delivery *d, int64_t now)
{
    json_object *headers = json_object_new_object();

    add_header(headers, "content-type", "application/json");
    if (d->event_id != NULL)
        add_header(headers, "x-maintainx-event-id", d->event_id);
    if (d->secret != NULL)
        add_signature(headers, d, now);
    if (d->headers != NULL)
        replace_headers(headers, d->headers);
    return headers;
}

json_object *delivery_json(const struct delivery *d)
{
    json_object *object = json_object_new_object();
    const struct delivery_answer *a = &d->answer;

    json_object_object_add(
        object, "work_order", d->work_order != 0 ? json_object_new_int64(d->work_order) : NULL);
    json_object_object_add(object, "event", json_object_new_string(d->event));
    json_object_object_add(object, "url", json_object_new_string(d->url));
    json_object_object_add(object, "status", json_object_new_int64(a->status));
    json_object_object_add(object, "body",
        a->status != 0 ? json_object_new_string_len(a->body.len > 0 ? a->body.data : "", (int)a->body.len)
                       : NULL);
    json_object_object_add(object, "ms", json_object_new_int64(a->took));
    json_object_object_add(
        object, "error", a->problem.text[0] != '\0' ? json_object_new_string(a->problem.text) : NULL);
    return object;
}
