/*
 * Each list, users and teams, has a state of its own in the store (struct people_list): when it was read,
 * when it was last tried, since when it fails. It is due:
 *
 *   - a day after it was read, and when an id that it should hold is not known;
 *   - but never within an hour of the last try, nor within a day where the token may not read it.
 *
 * A reading takes what each page brings at once, so that one which does not come to its end helps, too; only
 * one that does marks those who are gone. An empty list says nothing about anyone: a server at fault answers
 * so, too.
 *
 * Invariants: no request is sent inside of a transaction. Whatever the API answers, the state is stored with
 * `tried` = now, so that what fails for ever costs a few seconds an hour; but for a request that was not sent
 * (the rate limit, the deadline, a signal), which this object alone remembers.
 */
#include "sources/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/people.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "sources/cursors.h"
#include "store/people.h"
#include "store/store.h"

enum { SECOND_MS = 1000, HOUR_MS = 3600 * SECOND_MS, DAY_MS = 24 * HOUR_MS };

/* What one request, and one reading of both lists, may take: the poll waits for it. A notification's process,
 * too, waits for a name that is missing. */
enum {
    LONGEST_REQUEST_MS = 5 * SECOND_MS,
    LONGEST_READING_MS = 20 * SECOND_MS,
    LONGEST_SEARCH_MS = 6 * SECOND_MS
};

/* Pages of 200 in one reading: more is no list of people. */
enum { MAX_PAGES = 500 };

struct names {
    struct store *store;
    struct client *api;
    struct people_list lists[PEOPLE_KINDS];
    bool loaded;                /* `lists` are as in the store, with what this object has done since */
    bool missing[PEOPLE_KINDS]; /* an id of this kind was not known, and may be asked for */
};

/* One reading. */
struct reading {
    struct names *names;
    int64_t until;                     /* it ends by then, by the monotonic clock */
    bool stopped;                      /* by a signal or the deadline: nothing more is asked */
    const char *refused[PEOPLE_KINDS]; /* why, where a refusal is new; NULL otherwise */
};

struct names *names_new(struct store *store, struct client *api)
{
    struct names *names = calloc(1, sizeof *names);
    names->store = store;
    names->api = api;
    return names;
}

void names_free(struct names *names)
{
    free(names);
}

/* --- when a list is due --- */

static int load(struct names *names, struct error *e)
{
    for (enum people_kind kind = 0; kind < PEOPLE_KINDS && !names->loaded; kind++)
        if (people_list_load(names->store, kind, &names->lists[kind], e) != 0)
            return -1;
    names->loaded = true;
    return 0;
}

/* Has so much time passed since then? A clock that went back is no reason to wait. */
static bool has_passed(int64_t since, int64_t span, int64_t now)
{
    return since == TIMESTAMP_NONE || since > now || now - since >= span;
}

static bool may_be_asked(const struct people_list *list, int64_t now)
{
    return has_passed(list->tried, list->refused ? DAY_MS : HOUR_MS, now);
}

static bool is_old(const struct people_list *list, int64_t now)
{
    return may_be_asked(list, now) && has_passed(list->read, DAY_MS, now);
}

/* --- reading a list --- */

/* Stores what a page brought; with `last`, that the list came to its end. To lose it costs reading it again:
 * no reason to wait for the disk. */
static int store_page(struct names *names, enum people_kind kind, const struct people_page *page,
    int64_t seen, bool last, bool any, struct error *e)
{
    struct store *store = names->store;
    struct people_list list = {.read = seen, .tried = seen, .failing = TIMESTAMP_NONE};
    int rc = store_begin_relaxed(store, e);
    for (size_t i = 0; i < page->count && rc == 0; i++) {
        const struct person *person = &page->list[i];
        rc = people_put(
            store, kind, person->id, person->name, *person->email != '\0' ? person->email : NULL, seen, e);
    }
    if (rc == 0 && last && any)
        rc = people_mark_removed(store, kind, seen, e);
    if (rc == 0 && last)
        rc = people_list_save(store, kind, &list, e);
    if (rc == 0)
        rc = store_commit(store, e);
    store_rollback(store);
    if (rc == 0 && last)
        names->lists[kind] = list;
    return rc;
}

/* Why a list cannot be had, by the answer to its first page; NULL when it may go well the next time. */
static const char *reason_of(enum api_status status, const struct error *e)
{
    switch (status) {
    case API_FORBIDDEN:
        return "403, the token may not read it";
    case API_GONE:
        return "404, the server does not have it, or the token may not read it";
    case API_BAD_REQUEST:
        return "400, the server does not take the request";
    case API_FAILED:
        /* the list of work orders was answered: the token itself is good */
        return e->status == EX_NOPERM ? "401, the token may not read it" : NULL;
    case API_OK:
    case API_STOPPED:
    default:
        return NULL;
    }
}

/* Stores that a try failed. What lasts is reported once: a refusal at once, anything else after a day. */
static int note_failure(
    struct reading *r, enum people_kind kind, const char *refusal, const struct error *why, struct error *e)
{
    struct people_list *list = &r->names->lists[kind];
    const char *name = people_kind_name(kind);
    list->tried = clock_now();
    if (list->failing == TIMESTAMP_NONE || list->failing > list->tried)
        list->failing = list->tried;
    list->refused = refusal != NULL;
    snprintf(list->error, sizeof list->error, "%.*s", (int)sizeof list->error - 1,
        refusal != NULL ? refusal : why->text);
    utf8_replace_bad(list->error);
    log_info("names: GET /%s: %s", name, list->error);
    if (!list->reported && refusal != NULL) {
        list->reported = true;
        r->refused[kind] = refusal;
    } else if (!list->reported && list->tried - list->failing >= DAY_MS) {
        list->reported = true;
        log_warning("names: GET /%s has failed for a day: %s; events hold the ids of those who are not known "
                    "yet; or set names = no in [api]",
            name, list->error);
    }
    return people_list_save(r->names->store, kind, list, e);
}

/* Asks for one page. Returns API_OK, or why the reading ends here, with the error in *why. */
static enum api_status ask(
    struct reading *r, enum people_kind kind, const char *cursor, struct people_page *page, struct error *why)
{
    int64_t left = r->until - clock_monotonic();
    if (left <= 0) {
        fail(why, EX_UNAVAILABLE,
            "api: %s: it takes too long to read the list to its end; the next run tries again",
            people_kind_name(kind));
        return API_FAILED;
    }
    return maintainx_people(r->names->api, people_kind_name(kind), cursor,
        left < LONGEST_REQUEST_MS ? left : LONGEST_REQUEST_MS, page, why);
}

/* Reads a list to its end. Returns API_OK, API_FAILED and its kin with *why filled, or API_STOPPED when it
 * was not asked for or not to its end, for reasons of ours; *rc is -1 when the store failed, *first is false
 * when a page was read. */
static enum api_status read_pages(
    struct reading *r, enum people_kind kind, bool *first, struct error *why, int *rc, struct error *e)
{
    struct cursors *cursors = cursors_new();
    struct people_page page = {0};
    enum api_status status = API_OK;
    char *cursor = NULL;
    const int64_t seen = clock_now();
    bool any = false, last = false, sent = true;
    for (int pages = 1; status == API_OK && !last && *rc == 0; pages++) {
        const int64_t before = client_requests(r->names->api);
        status = ask(r, kind, cursor, &page, why);
        sent = client_requests(r->names->api) > before;
        if (status != API_OK)
            break;
        last = page.next_cursor == NULL;
        any = any || page.count > 0;
        if (!last && (pages == MAX_PAGES || cursors_add(cursors, page.next_cursor))) {
            fail(why, EX_PROTOCOL, "api: %s: the list has no end; events go without these names",
                people_kind_name(kind));
            status = API_FAILED;
        }
        *rc = store_page(r->names, kind, &page, seen, last, any, e);
        free(cursor);
        *first = false;
        cursor = page.next_cursor;
        page.next_cursor = NULL;
        people_page_free(&page);
    }
    free(cursor);
    cursors_free(cursors);
    /* the rate limit did not allow it: no fault of the list's */
    return status == API_FAILED && why->status == EX_TEMPFAIL && !sent ? API_STOPPED : status;
}

static int read_list(struct reading *r, enum people_kind kind, struct error *e)
{
    struct people_list *list = &r->names->lists[kind];
    const bool failed = list->failing != TIMESTAMP_NONE;
    struct error why = {0};
    bool first = true;
    int rc = 0;
    enum api_status status = read_pages(r, kind, &first, &why, &rc, e);
    r->names->missing[kind] = false;
    if (rc != 0)
        return -1;
    if (status == API_OK) {
        if (failed)
            log_info("names: GET /%s: it works again", people_kind_name(kind));
        return 0;
    }
    if (status != API_STOPPED)
        return note_failure(r, kind, first ? reason_of(status, &why) : NULL, &why, e);
    list->tried = clock_now(); /* not stored: the next run tries */
    r->stopped = true;
    return 0;
}

/* One warning for both lists. */
static void report_refusals(const struct reading *r)
{
    const char *users = r->refused[PEOPLE_USERS], *teams = r->refused[PEOPLE_TEAMS];
    if (users == NULL && teams == NULL)
        return;
    log_warning("names: GET %s: %s; events hold ids without these names: give the token access in MaintainX, "
                "or set names = no in [api]",
        teams == NULL   ? "/users"
        : users == NULL ? "/teams"
                        : "/users and /teams",
        users != NULL ? users : teams);
}

/* Reads the lists that are wanted. */
static int read_lists(struct names *names, const bool wanted[PEOPLE_KINDS], int64_t longest, struct error *e)
{
    struct reading r = {.names = names, .until = clock_monotonic() + longest};
    int rc = 0;
    for (enum people_kind kind = 0; kind < PEOPLE_KINDS && rc == 0; kind++)
        if (wanted[kind] && !r.stopped)
            rc = read_list(&r, kind, e);
        else if (wanted[kind])
            names->lists[kind].tried = clock_now();
    report_refusals(&r);
    return rc;
}

int names_refresh(struct names *names, struct error *e)
{
    bool wanted[PEOPLE_KINDS] = {false};
    const int64_t now = clock_now();
    if (names == NULL || names->api == NULL)
        return 0;
    if (load(names, e) != 0)
        return -1;
    for (enum people_kind kind = 0; kind < PEOPLE_KINDS; kind++)
        wanted[kind] = is_old(&names->lists[kind], now);
    return read_lists(names, wanted, LONGEST_READING_MS, e);
}

int names_read_missing(struct names *names, struct error *e)
{
    bool wanted[PEOPLE_KINDS];
    memcpy(wanted, names->missing, sizeof wanted);
    memset(names->missing, 0, sizeof names->missing);
    return read_lists(names, wanted, LONGEST_SEARCH_MS, e);
}

/* --- names for events --- */

bool names_are_missing(const struct names *names)
{
    return names != NULL && (names->missing[PEOPLE_USERS] || names->missing[PEOPLE_TEAMS]);
}

static int note_missing(struct names *names, enum people_kind kind, struct error *e)
{
    if (names->api == NULL || names->missing[kind])
        return 0;
    if (load(names, e) != 0)
        return -1;
    names->missing[kind] = may_be_asked(&names->lists[kind], clock_now());
    return 0;
}

int names_fill(struct names *names, enum event_type type, struct event_context *context, struct mentions *out,
    struct error *e)
{
    mentions_collect(type, context, out);
    context->mentions = out;
    for (size_t i = 0; names != NULL && i < out->count; i++) {
        struct mention *mention = &out->list[i];
        enum people_kind kind = mention->team ? PEOPLE_TEAMS : PEOPLE_USERS;
        int known = people_find(names->store, kind, mention->id, &mention->name, e);
        if (known < 0 || (known == 0 && note_missing(names, kind, e) != 0))
            return -1;
    }
    return 0;
}
