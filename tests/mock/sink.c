#include "sink.h"

#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "clock.h"

enum { PREFIX_LENGTH = sizeof("/sink/") - 1 };

struct received {
    json_object *json;
    struct received *next;
};

struct sink {
    char *name;
    struct received *first, **end;
    size_t count;
    struct sink *next;
};

struct sinks {
    struct sink *first;
};

struct sinks *sinks_new(void)
{
    return base_alloc(1, sizeof(struct sinks));
}

static void drop_oldest(struct sink *sink)
{
    struct received *oldest = sink->first;

    sink->first = oldest->next;
    if (sink->first == NULL)
        sink->end = &sink->first;
    sink->count--;
    json_object_put(oldest->json);
    free(oldest);
}

void sinks_free(struct sinks *s)
{
    struct sink *sink, *next;

    if (s == NULL)
        return;
    for (sink = s->first; sink != NULL; sink = next) {
        next = sink->next;
        while (sink->first != NULL)
            drop_oldest(sink);
        free(sink->name);
        free(sink);
    }
    free(s);
}

static struct sink *find(const struct sinks *s, const char *name, size_t len)
{
    struct sink *sink = s->first;

    while (sink != NULL && (strlen(sink->name) != len || memcmp(sink->name, name, len) != 0))
        sink = sink->next;
    return sink;
}

static struct sink *find_or_make(struct sinks *s, const char *name, size_t len)
{
    struct sink *sink = find(s, name, len);

    if (sink == NULL) {
        sink = base_alloc(1, sizeof(*sink));
        sink->name = base_alloc(len + 1, 1);
        memcpy(sink->name, name, len);
        sink->end = &sink->first;
        sink->next = s->first;
        s->first = sink;
    }
    return sink;
}

static enum MHD_Result add_header(void *object, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    json_object_object_add(object, name, json_object_new_string(value != NULL ? value : ""));
    return MHD_YES;
}

static json_object *received_json(const struct request *r)
{
    json_object *object = json_object_new_object(), *headers = json_object_new_object();

    MHD_get_connection_values(r->connection, MHD_HEADER_KIND, add_header, headers);
    json_object_object_add(object, "at_ms", json_object_new_int64(clock_now()));
    json_object_object_add(object, "method", json_object_new_string(r->method));
    json_object_object_add(object, "path", json_object_new_string(r->path));
    json_object_object_add(object, "query", json_object_new_string(r->query));
    json_object_object_add(object, "headers", headers);
    json_object_object_add(object, "body",
        json_object_new_string_len(r->body.data != NULL ? r->body.data : "", (int)r->body.len));
    return object;
}

void sinks_keep(struct sinks *s, const struct request *r)
{
    const char *name = r->path + PREFIX_LENGTH;
    struct sink *sink = find_or_make(s, name, strcspn(name, "/"));
    struct received *received = base_alloc(1, sizeof(*received));

    received->json = received_json(r);
    *sink->end = received;
    sink->end = &received->next;
    if (++sink->count > SINK_MOST)
        drop_oldest(sink);
}

json_object *sinks_json(const struct sinks *s, const char *name)
{
    const struct sink *sink = find(s, name, strlen(name));
    json_object *list = json_object_new_array();

    if (sink != NULL)
        for (struct received *r = sink->first; r != NULL; r = r->next)
            json_object_array_add(list, json_object_get(r->json));
    return list;
}

void sinks_empty(struct sinks *s, const char *name)
{
    struct sink *sink = find(s, name, strlen(name));

    while (sink != NULL && sink->first != NULL)
        drop_oldest(sink);
}
