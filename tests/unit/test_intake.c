/* Observations, one after the other, in a store: what is emitted, what is kept, what goes to quarantine. */
#include "support.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/config.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "core/page.h"
#include "sources/intake.h"
#include "store/events.h"
#include "store/quarantine.h"
#include "store/refetches.h"
#include "store/snapshots.h"
#include "store/steps.h"
#include "store/store.h"

#define AT(time)     "2026-01-20T" time "Z"
#define PUMP(fields) "{\"id\":7,\"title\":\"Pump\",\"createdAt\":\"2026-01-20T08:00:00.000Z\"," fields "}"

static char *completed[] = {"DONE", NULL};
static char *ignored[] = {"thumbnail", NULL};
static const struct config config = {.completed = completed, .ignored = ignored};

struct fixture {
    struct store *store;
    struct run run;
    int64_t now;
    bool doubtful; /* the last observation */
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.store = store_open("scratch", STORE_SCRATCH, 0, NULL), .now = 2000};
    *state = &f;
    return f.store != NULL && store_begin(f.store, NULL) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    store_close(((struct fixture *)*state)->store);
    return 0;
}

/* Observes `len` bytes as the list, or (where not from_list) as the single record, gave them. Returns how
 * many events were emitted, or -1 for quarantine. */
static int observe(struct fixture *f, const char *json, size_t len, bool from_list)
{
    struct error e = {0};
    struct buffer page = {0};
    struct page cut = {0};
    struct page_record one;
    const char *reason = NULL;
    const struct intake_settings settings = {
        .config = &config, .store = f->store, .source = SOURCE_POLL, .run = &f->run};
    struct intake *intake = intake_new(&settings);
    struct intake_details result;
    buffer_append_text(&page, from_list ? "{\"workOrders\":[" : "{\"workOrder\":");
    buffer_append(&page, json, len);
    buffer_append_text(&page, from_list ? "]}" : "}");
    enum page_status verdict = from_list ? page_cut(page.data, page.len, &cut, &reason)
                                         : page_cut_single(page.data, page.len, &one, &reason);
    check(verdict == PAGE_OK, "%s: %s", page.data, reason);
    if (from_list)
        one = cut.records[0];
    const struct intake_record record = {.json = one.json,
        .len = one.len,
        .id_hint = one.id,
        .from_list = from_list,
        .asked = f->now + 500,
        .observed = f->now += 1000,
        .previously_observed = TIMESTAMP_NONE};
    enum intake_result taken = intake_observe(intake, &record, &result, &e);
    check(taken == INTAKE_TAKEN || taken == INTAKE_QUARANTINED, "%.200s: %s", json, e.text);
    f->doubtful = result.doubtful;
    intake_free(intake);
    page_free(&cut);
    buffer_free(&page);
    return taken == INTAKE_TAKEN ? result.events : -1;
}

/* A delivery that holds the whole work order. */
static void notify(struct fixture *f, const char *json)
{
    struct error e = {0};
    const struct intake_settings settings = {
        .config = &config, .store = f->store, .source = SOURCE_WEBHOOK, .run = &f->run};
    struct intake *intake = intake_new(&settings);
    struct intake_details result;
    f->now += 1000;
    const struct intake_record record = {.json = json,
        .len = strlen(json),
        .id_hint = 7,
        .asked = f->now,
        .observed = f->now,
        .previously_observed = TIMESTAMP_NONE};
    check(intake_observe(intake, &record, &result, &e) == INTAKE_TAKEN, "%.200s: %s", json, e.text);
    check(!result.doubtful, "%.200s: it raises a doubt", json);
    intake_free(intake);
}

static int observe_text(struct fixture *f, const char *json, bool from_list)
{
    return observe(f, json, strlen(json), from_list);
}

static int collect_id(const struct event_row *row, void *context, struct error *e)
{
    (void)e;
    buffer_append_format(context, "%s\n", row->id);
    return 0;
}

static int collect_body(const struct event_row *row, void *context, struct error *e)
{
    (void)e;
    buffer_append(context, row->body, row->body_len);
    buffer_append_text(context, "\n");
    return 0;
}

static void check_ids(struct fixture *f, const char *expected)
{
    struct buffer out = {0};
    struct error e = {0};
    buffer_append_text(&out, "");
    check(events_after(f->store, 0, 100, collect_id, &out, &e) == 0, "%s", e.text);
    check_text(out.data, expected);
    buffer_free(&out);
}

/* Does the newest event say so? */
static bool last_body_has(struct fixture *f, const char *text)
{
    struct buffer out = {0};
    struct error e = {0};
    check(events_after(f->store, events_last_seq(f->store, &e) - 1, 1, collect_body, &out, &e) == 0, "%s",
        e.text);
    bool has = out.data != NULL && strstr(out.data, text) != NULL;
    buffer_free(&out);
    return has;
}

/* The snapshot can be read, as it must whatever was observed. */
static void check_snapshot(struct fixture *f, const char *text)
{
    struct snapshot snapshot;
    struct error e = {0};
    check(snapshots_load(f->store, 7, &snapshot, &e) == 1, "%s", e.text);
    const char *json = json_object_to_json_string_ext(
        snapshot.wo.doc, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    check(strstr(json, text) != NULL, "no %s in %.200s", text, json);
    snapshot_free(&snapshot);
}

/* A delivery that comes late says how the work order was: it undoes nothing, and it is no reason to ask (R4).
 */
static void test_late_news_raises_no_doubt(void **state)
{
    struct fixture *f = *state;
    struct error e = {0};
    struct refetch_row row;
    notify(f, PUMP("\"status\":\"OPEN\",\"updatedAt\":\"" AT("10:00:00.000") "\""));
    notify(f, PUMP("\"status\":\"DONE\",\"updatedAt\":\"" AT("09:00:00.000") "\""));
    check(refetches_get(f->store, 7, &row, &e) == 0, "%s", e.text);
    check_snapshot(f, "\"status\":\"OPEN\"");
    check_ids(f, "workorder.created/7\n");
}

/* Deleted, restored, deleted: the first notification comes last, and the second one holds. */
static void test_the_later_deletion_counts(void **state)
{
    struct fixture *f = *state;
    struct error e = {0};
    struct refetch_row row;
    for (int64_t gone_at = 9000; gone_at >= 8000; gone_at -= 1000) {
        const struct refetch_row asked = {.work_order = 7,
            .reason = REFETCH_NOTIFIED,
            .requested = f->now,
            .occurred = gone_at,
            .gone_at = gone_at,
            .doubted = TIMESTAMP_NONE};
        check(refetches_request(f->store, &asked, f->now, &e) == 0, "%s", e.text);
    }
    check(refetches_get(f->store, 7, &row, &e) == 1, "%s", e.text);
    check(row.gone_at == 9000 && row.occurred == 9000, "gone at %lld", (long long)row.gone_at);
}

/* By a clock that went back it is not known which look came first: the work order itself is asked. */
static void test_a_clock_that_went_back_hides_no_doubt(void **state)
{
    struct fixture *f = *state;
    struct error e = {0};
    struct refetch_row row;
    f->now = 1000000;
    observe_text(f, PUMP("\"status\":\"DONE\",\"updatedAt\":\"" AT("10:00:00.000") "\""), true);
    f->now = 5000;
    observe_text(f, PUMP("\"status\":\"OPEN\",\"updatedAt\":\"" AT("09:00:00.000") "\""), true);
    check(f->doubtful, "it raises no doubt");
    check(refetches_get(f->store, 7, &row, &e) == 1 && row.reason == REFETCH_DOUBT, "%s", e.text);
    check_snapshot(f, "\"status\":\"DONE\"");
}

/* --- what is complete, and since when --- */

#define DONE(more, updated) PUMP("\"status\":\"DONE\",\"updatedAt\":\"" AT(updated) "\"" more)
#define OPEN(updated)       PUMP("\"status\":\"OPEN\",\"updatedAt\":\"" AT(updated) "\"")
#define SINCE(date)         ",\"completedAt\":\"" AT(date) "\""

/* A completion that has no date at first, is looked at in between, and then gets one that differs a little.
 */
static void test_one_completion_is_one_event(void **state)
{
    struct fixture *f = *state;
    observe_text(f, OPEN("09:00:00.000"), true);
    observe_text(f, DONE("", "10:00:00.000"), true);
    observe_text(f, DONE("", "10:00:03.000"), true);
    observe_text(f, DONE(SINCE("09:59:59.870"), "10:00:05.000"), true);
    observe_text(f, DONE(SINCE("09:59:59.870"), "10:00:09.000"), true);
    check_ids(f, "workorder.created/7\n"
                 "workorder.status_changed/7/OPEN-DONE/2026-01-20T10:00:00.000Z\n"
                 "workorder.completed/7/2026-01-20T10:00:00.000Z\n"
                 "workorder.updated/7/2026-01-20T10:00:00.000Z\n"
                 "workorder.updated/7/2026-01-20T10:00:03.000Z\n"
                 "workorder.updated/7/2026-01-20T10:00:05.000Z\n"
                 "workorder.updated/7/2026-01-20T10:00:09.000Z\n");
}

/* A notified step into DONE, of a record that has no completedAt yet: its date, too, comes late. */
static void test_a_step_completes_without_a_date(void **state)
{
    struct fixture *f = *state;
    struct error e = {0};
    const struct status_step step = {
        .occurred = instant("2026-01-20T10:00:00.100Z"), .from = "OPEN", .to = "DONE"};
    observe_text(f, OPEN("09:00:00.000"), true);
    check(steps_add(f->store, 7, &step, f->now, &e) == 0, "%s", e.text);
    observe_text(f, DONE("", "10:00:00.200"), false);
    observe_text(f, DONE(SINCE("09:59:59.900"), "10:00:00.200"), true);
    check_ids(f, "workorder.created/7\n"
                 "workorder.status_changed/7/OPEN-DONE/2026-01-20T10:00:00.100Z\n"
                 "workorder.completed/7/2026-01-20T10:00:00.200Z\n"
                 "workorder.updated/7/2026-01-20T10:00:00.200Z\n");
}

/* A moment may be later than the record's date. Notifications of what happened before a step that was emitted
 * are part of it, however often the work order was looked at since. */
static void test_steps_before_an_emitted_one(void **state)
{
    struct fixture *f = *state;
    struct error e = {0};
    const struct status_step step = {
        .occurred = instant("2026-01-20T10:00:00.500Z"), .from = "OPEN", .to = "DONE"};
    const struct status_step late = {
        .occurred = instant("2026-01-20T10:00:00.200Z"), .from = "DONE", .to = "SKIPPED"};
    observe_text(f, OPEN("09:00:00.000"), true);
    check(steps_add(f->store, 7, &step, f->now, &e) == 0, "%s", e.text);
    for (int i = 0; i < 2; i++)
        observe_text(f, DONE(SINCE("10:00:00.000"), "10:00:00.000"), false);
    check(steps_add(f->store, 7, &late, f->now, &e) == 0, "%s", e.text);
    observe_text(f, OPEN("11:00:00.000"), false);
    check_ids(f, "workorder.created/7\n"
                 "workorder.status_changed/7/OPEN-DONE/2026-01-20T10:00:00.500Z\n"
                 "workorder.completed/7/2026-01-20T10:00:00.000Z\n"
                 "workorder.updated/7/2026-01-20T10:00:00.000Z\n"
                 "workorder.status_changed/7/DONE-OPEN/2026-01-20T11:00:00.000Z\n"
                 "workorder.updated/7/2026-01-20T11:00:00.000Z\n");
}

/* The next completion is another one, with or without a date. */
static void test_two_completions_are_two_events(void **state)
{
    struct fixture *f = *state;
    observe_text(f, DONE("", "10:00:00.000"), true);
    observe_text(
        f, DONE(SINCE("11:00:00.000"), "11:00:00.000"), true); /* reopened and done between two looks */
    observe_text(f, OPEN("12:00:00.000"), true);
    observe_text(f, DONE("", "13:00:00.000"), true);
    observe_text(f, DONE(SINCE("12:59:59.990"), "13:00:00.010"), true);
    check_ids(f, "workorder.created/7\n"
                 "workorder.completed/7/2026-01-20T10:00:00.000Z\n"
                 "workorder.completed/7/2026-01-20T11:00:00.000Z\n"
                 "workorder.updated/7/2026-01-20T11:00:00.000Z\n"
                 "workorder.status_changed/7/DONE-OPEN/2026-01-20T12:00:00.000Z\n"
                 "workorder.updated/7/2026-01-20T12:00:00.000Z\n"
                 "workorder.status_changed/7/OPEN-DONE/2026-01-20T13:00:00.000Z\n"
                 "workorder.completed/7/2026-01-20T13:00:00.000Z\n"
                 "workorder.updated/7/2026-01-20T13:00:00.000Z\n"
                 "workorder.updated/7/2026-01-20T13:00:00.010Z\n");
}

/* To and fro with one updatedAt: each change of the status is one. */
static void test_to_and_fro_with_one_date(void **state)
{
    struct fixture *f = *state;
    observe_text(f, PUMP("\"status\":\"A\",\"updatedAt\":\"" AT("10:00:00.000") "\""), true);
    for (int i = 0; i < 2; i++) {
        observe_text(f, PUMP("\"status\":\"B\",\"updatedAt\":\"" AT("10:00:00.000") "\""), true);
        observe_text(f, PUMP("\"status\":\"A\",\"updatedAt\":\"" AT("10:00:00.000") "\""), true);
    }
    check_ids(f, "workorder.created/7\n"
                 "workorder.status_changed/7/A-B/2026-01-20T10:00:00.000Z\n"
                 "workorder.updated/7/2026-01-20T10:00:00.000Z\n"
                 "workorder.status_changed/7/B-A/2026-01-20T10:00:00.000Z\n"
                 "workorder.updated/7/2026-01-20T10:00:00.000Z/2\n"
                 "workorder.status_changed/7/A-B/2026-01-20T10:00:00.000Z/2\n"
                 "workorder.updated/7/2026-01-20T10:00:00.000Z/3\n"
                 "workorder.status_changed/7/B-A/2026-01-20T10:00:00.000Z/2\n"
                 "workorder.updated/7/2026-01-20T10:00:00.000Z/4\n");
}

/* --- what is stored can be read again --- */

/* A record of 600 KB in one field. */
static void append_large(struct buffer *out, const char *field, const char *updated)
{
    enum { LARGE = 600 * 1024 };
    buffer_append_format(out,
        "{\"id\":7,\"title\":\"Pump\",\"createdAt\":\"2026-01-20T08:00:00.000Z\",\"status\":\"OPEN\","
        "\"updatedAt\":"
        "\"2026-01-20T%sZ\",\"%s\":\"",
        updated, field);
    buffer_reserve(out, LARGE);
    memset(out->data + out->len, 'x', LARGE);
    out->len += LARGE;
    buffer_append_text(out, "\"}");
}

static void test_two_large_halves(void **state)
{
    struct fixture *f = *state;
    static const char *const fields[] = {"a", "b", "c", "a"};
    for (int i = 0; i < 12; i++) {
        struct buffer record = {0};
        char updated[32], field[32];
        snprintf(updated, sizeof updated, "10:00:%02d.000", i);
        snprintf(field, sizeof field, "\"%s\":\"xxx", fields[i % 4]);
        append_large(&record, fields[i % 4], updated);
        check(observe(f, record.data, record.len, i % 3 == 0) >= 0, "step %d", i);
        check_snapshot(f, field);
        buffer_free(&record);
    }
    check(observe_text(f, OPEN("11:00:00.000"), true) == 1, "the list is news again");
    check_snapshot(f, "11:00:00.000");
}

/* Depth and size are bounded alike in the list and for a single record. */
static void test_bounds_are_the_same_by_both_ways(void **state)
{
    struct fixture *f = *state;
    for (size_t depth = 31; depth <= 33; depth++)
        for (int from_list = 0; from_list <= 1; from_list++) {
            struct buffer record = {0};
            buffer_append_format(&record,
                "{\"id\":7,\"status\":\"OPEN\",\"updatedAt\":\"2026-01-20T10:%02d:%02dZ\",\"a\":", (int)depth,
                from_list);
            for (size_t i = 1; i < depth; i++)
                buffer_append_text(&record, "[");
            for (size_t i = 1; i < depth; i++)
                buffer_append_text(&record, "]");
            buffer_append_text(&record, "}");
            int events = observe(f, record.data, record.len, from_list != 0);
            check(depth <= WORKORDER_MAX_DEPTH ? events > 0 : events == -1, "%zu levels, list %d: %d", depth,
                from_list, events);
            check_snapshot(f, "updatedAt");
            buffer_free(&record);
        }
    for (size_t len = WORKORDER_MAX_SIZE; len <= WORKORDER_MAX_SIZE + 1; len++)
        for (int from_list = 0; from_list <= 1; from_list++) {
            struct buffer record = {0};
            buffer_append_format(&record,
                "{\"id\":7,\"status\":\"OPEN\",\"updatedAt\":\"2026-01-20T11:00:%02dZ\",\"a\":\"", from_list);
            buffer_reserve(&record, len);
            memset(record.data + record.len, 'x', len - 2 - record.len);
            record.len = len - 2;
            buffer_append_text(&record, "\"}");
            int events = observe(f, record.data, record.len, from_list != 0);
            check(len <= WORKORDER_MAX_SIZE ? events > 0 : events == -1, "%zu bytes, list %d: %d", len,
                from_list, events);
            check_snapshot(f, "updatedAt");
            buffer_free(&record);
        }
}

/* --- numbers and texts --- */

/* Every spelling, in every place, by both ways: as it came in the snapshot and in the event. */
static void test_numbers_keep_their_digits(void **state)
{
    static const char *const spellings[] = {"0", "-0", "-7", "9223372036854775807", "9223372036854775808",
        "18446744073709551615", "18446744073709551616", "-9223372036854775809", "89014103211118510720", "1.0",
        "0.10", "0.100000000000000000000000000001", "1E5", "1e+05", "-1.5e-003", "1E400", "-1E400", "1e-400"};
    struct fixture *f = *state;
    int minute = 0;
    for (size_t i = 0; i < COUNT(spellings); i++)
        for (int from_list = 0; from_list <= 1; from_list++) {
            struct buffer record = {0};
            char nested[96], field[96], changed[96];
            snprintf(
                nested, sizeof nested, "\"extraFields\":{\"n\":[%s,{\"m\":%s}]}", spellings[i], spellings[i]);
            snprintf(field, sizeof field, "\"sequentialId\":%s", spellings[i]);
            snprintf(changed, sizeof changed, "\"to\":%s}", spellings[i]);
            minute++;
            buffer_append_format(&record,
                "{\"id\":7,\"status\":\"OPEN\",\"updatedAt\":\"2026-01-20T%02d:%02d:00Z\",%s,%s}",
                10 + minute / 60, minute % 60, field, nested);
            check(observe(f, record.data, record.len, from_list != 0) == 1, "%s", record.data);
            check_snapshot(f, field);
            check_snapshot(f, nested);
            check(last_body_has(f, field) && last_body_has(f, nested), "%s is another number in the event",
                spellings[i]);
            if (i > 0 && from_list == 0 && strcmp(spellings[i], "-0") != 0 &&
                strcmp(spellings[i], "1e+05") != 0)
                check(last_body_has(f, changed), "the change to %s is not told", spellings[i]);
            buffer_free(&record);
        }
}

/* Of numbers that no integer and no double can tell apart, the change is seen. */
static void test_changes_of_large_numbers(void **state)
{
    static const char *const numbers[] = {"18446744073709551615", "18446744073709551616",
        "89014103211118510720", "89014103211118510721", "0.1", "0.100000000000000000000000000001", "1E400",
        "1E500"};
    struct fixture *f = *state;
    char record[256];
    for (size_t i = 0; i < COUNT(numbers); i++) {
        snprintf(record, sizeof record,
            "{\"id\":7,\"status\":\"OPEN\",\"updatedAt\":\"2026-01-20T10:00:00Z\",\"extraFields\":{\"iccid\":"
            "%s}}",
            numbers[i]);
        check(observe_text(f, record, true) > 0, "no event for %s", numbers[i]);
        check(observe_text(f, record, true) == 0, "an event for the same %s", numbers[i]);
        check(last_body_has(f, numbers[i]), "%s", numbers[i]);
    }
    check(last_body_has(
              f, "\"changes\":{\"extraFields\":{\"from\":{\"iccid\":1E400},\"to\":{\"iccid\":1E500}}}"),
        "1E500");
}

/* Texts: by both ways alike, nothing behind a NUL is lost, and what is no text does not come in. */
static void test_texts(void **state)
{
    static const struct {
        const char *text, *kept; /* NULL: quarantine */
    } table[] = {
        {"K\xc3\xbchlanlage pr\xc3\xbc"
         "fen",
            "K\xc3\xbchlanlage pr\xc3\xbc"
            "fen"},
        {"a\\u0000b", "a\xef\xbf\xbd"
                      "b"},
        {"cut \\ud83d", "cut \xef\xbf\xbd"},
        {"\\ude00\\ud83d", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\\ud83d\\ude00", "\xf0\x9f\x98\x80"},
        {"\xc0\x80", NULL},
        {"\xe0\x80\xaf", NULL},
        {"\xed\xa0\xbd", NULL},
        {"\xf4\x90\x80\x80", NULL},
        {"\xe2\x82", NULL},
        {"\xff", NULL},
        {"a\nb", NULL},
    };
    static const char *const shapes[] = {"\"title\":\"%s\"", "\"description\":\"%s\"", "\"x\":{\"%s\":1}",
        "\"%s\":null", "\"extraFields\":{\"a\":[\"%s\"]}"};
    struct fixture *f = *state;
    int64_t second = 0;
    for (size_t i = 0; i < COUNT(table); i++)
        for (size_t j = 0; j < COUNT(shapes); j++)
            for (int from_list = 0; from_list <= 1; from_list++) {
                struct buffer record = {0};
                char date[TIMESTAMP_SIZE];
                timestamp_format(instant("2026-01-20T10:00:00Z") + ++second * 1000, date);
                buffer_append_format(&record, "{\"id\":7,\"status\":\"OPEN\",\"updatedAt\":\"%s\",", date);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                buffer_append_format(&record, shapes[j], table[i].text);
#pragma GCC diagnostic pop
                buffer_append_text(&record, "}");
                int events = observe(f, record.data, record.len, from_list != 0);
                check(table[i].kept != NULL ? events > 0 : events == -1, "%s: %d", record.data, events);
                if (table[i].kept != NULL) {
                    check_snapshot(f, table[i].kept);
                    check(last_body_has(f, table[i].kept), "%s", record.data);
                }
                buffer_free(&record);
            }
}

/* --- quarantine --- */

static int64_t quarantined(struct fixture *f)
{
    struct error e = {0};
    return quarantine_count(f->store, &e);
}

/* One record that is broken in one way is one row and one warning, whatever its bytes are today. */
static void test_a_bad_record_whose_bytes_change(void **state)
{
    static const char *const ids[] = {"7", "\"seven\"", "7.5", "99999999999999999999999", "[7]"};
    struct fixture *f = *state;
    char record[256];
    for (size_t i = 0; i < COUNT(ids); i++)
        for (int url = 0; url < 4; url++)
            for (int from_list = 0; from_list <= 1; from_list++) {
                snprintf(record, sizeof record,
                    "{\"thumbnail\":\"https://x/?signature=%d\",\"id\": %s,\"status\":5}", url, ids[i]);
                check(observe_text(f, record, from_list != 0) == -1, "%s", record);
                check(quarantined(f) == (int64_t)i + 1 && f->run.quarantined == (int64_t)i + 1,
                    "%s: %lld rows", record, (long long)quarantined(f));
            }
    /* another fault of the same record is another row */
    check(observe_text(f, "{\"id\": 7,\"status\":\"OPEN\",\"updatedAt\":7}", true) == -1, "it is bad");
    check(quarantined(f) == (int64_t)COUNT(ids) + 1, "%lld rows", (long long)quarantined(f));
    /* those without an id are told apart by their bytes */
    check(observe_text(f, "{\"status\":5}", true) == -1 && observe_text(f, "{\"status\":6}", true) == -1 &&
              observe_text(f, "{\"id\":null,\"status\":6}", true) == -1,
        "they are bad");
    check(quarantined(f) == (int64_t)COUNT(ids) + 4, "%lld rows", (long long)quarantined(f));
    /* and the last bytes are those that are kept */
    int64_t before = quarantined(f);
    check(observe_text(f, OPEN("10:00:00.000"), true) > 0, "it is good again");
    check(quarantined(f) == before - 2, "%lld rows", (long long)quarantined(f));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_late_news_raises_no_doubt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_clock_that_went_back_hides_no_doubt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_later_deletion_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_completion_is_one_event, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_step_completes_without_a_date, setup, teardown),
        cmocka_unit_test_setup_teardown(test_steps_before_an_emitted_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_completions_are_two_events, setup, teardown),
        cmocka_unit_test_setup_teardown(test_to_and_fro_with_one_date, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_large_halves, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounds_are_the_same_by_both_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers_keep_their_digits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changes_of_large_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_texts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_bad_record_whose_bytes_change, setup, teardown),
    };
    log_configure(LOG_LEVEL_ERROR, false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
