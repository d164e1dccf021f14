#include "journal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base.h"
#include "clock.h"

enum { STATUS_MOST = 600 }; /* HTTP statuses are below */

struct entry {
    char method[16];
    char *path, *query, *authorization, *organization, *user_agent, *accept_encoding;
    unsigned status;
    int64_t at;
    uint64_t connection_no;
};

struct journal {
    struct entry *entries; /* a ring */
    uint64_t requests, list_requests, limited;
    uint64_t status_counts[STATUS_MOST];
    int concurrent, most_concurrent;
};

static void entry_clear(struct entry *e)
{
    free(e->path);
    free(e->query);
    free(e->authorization);
    free(e->organization);
    free(e->user_agent);
    free(e->accept_encoding);
    *e = (struct entry){0};
}

struct journal *journal_new(void)
{
    struct journal *j = base_alloc(1, sizeof(*j));

    j->entries = base_alloc(JOURNAL_MOST, sizeof(*j->entries));
    return j;
}

void journal_free(struct journal *j)
{
    if (j == NULL)
        return;
    journal_reset(j);
    free(j->entries);
    free(j);
}

void journal_reset(struct journal *j)
{
    struct entry *entries = j->entries;
    int concurrent = j->concurrent;

    for (int i = 0; i < JOURNAL_MOST; i++)
        entry_clear(&entries[i]);
    *j = (struct journal){.entries = entries, .concurrent = concurrent, .most_concurrent = concurrent};
}

void journal_enter(struct journal *j)
{
    j->concurrent++;
    if (j->concurrent > j->most_concurrent)
        j->most_concurrent = j->concurrent;
}

void journal_leave(struct journal *j)
{
    j->concurrent--;
}

void journal_note(struct journal *j, const struct request *r, unsigned status, bool list, bool limited)
{
    struct entry *e = &j->entries[j->requests % JOURNAL_MOST];

    entry_clear(e);
    snprintf(e->method, sizeof(e->method), "%s", r->method);
    e->path = base_copy(r->path);
    e->query = base_copy(r->query);
    e->authorization = base_copy(request_header(r, "authorization"));
    e->organization = base_copy(request_header(r, "x-organization-id"));
    e->user_agent = base_copy(request_header(r, "user-agent"));
    e->accept_encoding = base_copy(request_header(r, "accept-encoding"));
    e->status = status;
    e->at = clock_now();
    e->connection_no = r->connection_no;
    j->requests++;
    j->list_requests += list;
    j->limited += limited;
    if (status < STATUS_MOST)
        j->status_counts[status]++;
}

static void add_text(json_object *object, const char *name, const char *text)
{
    json_object_object_add(object, name, text != NULL ? json_object_new_string(text) : NULL);
}

static json_object *entry_json(const struct entry *e)
{
    json_object *object = json_object_new_object();

    add_text(object, "method", e->method);
    add_text(object, "path", e->path);
    add_text(object, "query", e->query);
    json_object_object_add(object, "status", json_object_new_int64(e->status));
    add_text(object, "authorization", e->authorization);
    add_text(object, "organization", e->organization);
    json_object_object_add(object, "at_ms", json_object_new_int64(e->at));
    add_text(object, "user_agent", e->user_agent);
    add_text(object, "accept_encoding", e->accept_encoding);
    json_object_object_add(object, "connection", json_object_new_uint64(e->connection_no));
    return object;
}

json_object *journal_json(const struct journal *j)
{
    json_object *object = json_object_new_object(), *counts = json_object_new_object(),
                *log = json_object_new_array();
    uint64_t first = j->requests > JOURNAL_MOST ? j->requests - JOURNAL_MOST : 0;
    char name[16];

    for (unsigned i = 0; i < STATUS_MOST; i++) {
        snprintf(name, sizeof(name), "%u", i);
        if (j->status_counts[i] > 0)
            json_object_object_add(counts, name, json_object_new_uint64(j->status_counts[i]));
    }
    for (uint64_t i = first; i < j->requests; i++)
        json_object_array_add(log, entry_json(&j->entries[i % JOURNAL_MOST]));
    json_object_object_add(object, "requests", json_object_new_uint64(j->requests));
    json_object_object_add(object, "list_requests", json_object_new_uint64(j->list_requests));
    json_object_object_add(object, "rate_limited", json_object_new_uint64(j->limited));
    json_object_object_add(object, "max_concurrent", json_object_new_int(j->most_concurrent));
    json_object_object_add(object, "status_counts", counts);
    json_object_object_add(object, "log", log);
    return object;
}
