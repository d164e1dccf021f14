#include "truth.h"

#include <stdlib.h>
#include <string.h>

#include "base.h"

enum { LINES = 500 }; /* made at a time, under the lock */

struct truth {
    struct stream base;
    struct mock *mock;
    struct buffer lines; /* not yet sent */
    size_t sent;         /* of these */
    int64_t next_id;
};

static void add_date(json_object *line, const char *name, int64_t when)
{
    char text[CLOCK_ISO_LENGTH];

    if (when != TIME_NONE)
        clock_iso(when, text);
    json_object_object_add(
        line, name, when != TIME_NONE ? json_object_new_string_len(text, sizeof(text)) : NULL);
}

static void write_line(struct buffer *out, const struct workorder *wo)
{
    json_object *line = json_object_new_object();
    const char *status = workorder_status_name((enum status)wo->status);

    json_object_object_add(line, "id", json_object_new_int64(wo->id));
    json_object_object_add(line, "status", status != NULL ? json_object_new_string(status) : NULL);
    add_date(line, "updatedAt", wo->updated);
    add_date(line, "createdAt", wo->created);
    add_date(line, "completedAt", wo->completed);
    json_object_object_add(line, "deleted", json_object_new_boolean(wo->deleted));
    buffer_text(out, json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN));
    buffer_text(out, "\n");
    json_object_put(line);
}

static void make_lines(struct truth *t)
{
    struct order *o;
    const struct workorder *table;
    size_t count, i;
    int made = 0;

    t->lines.len = t->sent = 0;
    pthread_mutex_lock(&t->mock->lock);
    store_settle(t->mock->store, clock_steady());
    o = store_order(t->mock->store, KEY_ID);
    table = store_table(t->mock->store, &count);
    i = order_seek(o, table, (struct position){t->next_id, t->next_id});
    for (; i < o->n && made < LINES; i++) {
        const struct workorder *wo = store_read(t->mock->store, table[o->slots[i]].id);

        t->next_id = wo->id + 1;
        if (wo->hidden)
            continue;
        write_line(&t->lines, wo);
        made++;
    }
    pthread_mutex_unlock(&t->mock->lock);
}

static ssize_t truth_read(struct stream *s, uint64_t position, char *out, size_t most)
{
    struct truth *t = (struct truth *)s;

    (void)position;
    if (t->sent == t->lines.len)
        make_lines(t);
    if (t->lines.len == 0)
        return STREAM_END;
    if (most > t->lines.len - t->sent)
        most = t->lines.len - t->sent;
    memcpy(out, t->lines.data + t->sent, most);
    t->sent += most;
    return (ssize_t)most;
}

static void truth_free(struct stream *s)
{
    struct truth *t = (struct truth *)s;

    buffer_free(&t->lines);
    free(t);
}

struct stream *truth_stream(struct mock *m)
{
    struct truth *t = base_alloc(1, sizeof(*t));

    t->base.announced = STREAM_UNKNOWN;
    t->base.read = truth_read;
    t->base.free = truth_free;
    t->mock = m;
    return &t->base;
}
