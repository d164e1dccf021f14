/* The golden files of the diff (tests/golden/diff/README.md): each is a test of its own. */
#include "support.h"

#include <dirent.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json_parse.h"
#include "base/timestamp.h"
#include "core/diff.h"

#define DIRECTORY "tests/golden/diff"

enum { MOST_WORDS = 8 };

/* One case, as its files tell it. */
struct golden {
    struct json_object *old, *now; /* the wrappers; NULL where there is no file */
    char *expected;
    bool refused;
    struct workorder known, seen;
    const char *completed[MOST_WORDS + 1], *ignored[MOST_WORDS + 1];
    struct diff_window window;
};

static char *read_part(const char *name, const char *suffix)
{
    char path[512];
    snprintf(path, sizeof path, DIRECTORY "/%s%s", name, suffix);
    return read_text(path, NULL);
}

static struct json_object *read_json(const char *name, const char *suffix)
{
    char *text = read_part(name, suffix);
    if (text == NULL)
        return NULL;
    enum json_fault fault;
    /* a record that is nested too deeply must come through */
    struct json_object *json = json_parse(text, strlen(text), 100, &fault);
    check(json_object_is_type(json, json_type_object), "%s%s is no JSON object", name, suffix);
    free(text);
    return json;
}

/* No key that means nothing: a misspelt one would leave a default in its place. */
static void check_keys(const char *name, struct json_object *object, const char *const *known)
{
    if (object == NULL)
        return;
    json_object_object_foreach(object, key, value)
    {
        bool found = false;
        (void)value;
        for (size_t i = 0; known[i] != NULL; i++)
            found |= strcmp(known[i], key) == 0;
        check(found, "%s: unknown key %s", name, key);
    }
}

static void read_words(
    struct json_object *object, const char *key, const char *const *fallback, const char **out)
{
    struct json_object *list = json_object_object_get(object, key);
    size_t count = 0;
    if (list == NULL)
        for (; *fallback != NULL; fallback++)
            out[count++] = *fallback;
    else
        for (; count < json_object_array_length(list) && count < MOST_WORDS; count++)
            out[count] = json_object_get_string(json_object_array_get_idx(list, count));
    out[count] = NULL;
}

static int64_t read_date(struct json_object *object, const char *key, const char *fallback)
{
    struct json_object *value = json_object_object_get(object, key);
    return instant(value != NULL ? json_object_get_string(value) : fallback);
}

static bool read_flag(struct json_object *object, const char *key, bool fallback)
{
    struct json_object *value = json_object_object_get(object, key);
    return value != NULL ? json_object_get_boolean(value) != 0 : fallback;
}

static const struct diff_window *read_window(struct golden *golden)
{
    static const char *const keys[] = {"from", "until", "silent", NULL};
    struct json_object *window = json_object_object_get(golden->now, "window");
    if (window == NULL)
        return NULL;
    check_keys("window", window, keys);
    golden->window = (struct diff_window){.from = read_date(window, "from", "0001-01-01T00:00:00Z"),
        .until = read_date(window, "until", "9999-12-31T23:59:59Z"),
        .silent = read_flag(window, "silent", false)};
    return &golden->window;
}

static void load(const char *name, struct golden *golden)
{
    static const char *const old_keys[] = {
        "workOrder", "fromList", "deleted", "deletions", "deletedAt", "status", "statusAt", NULL};
    static const char *const new_keys[] = {"workOrder", "fromList", "horizon", "completed", "ignore",
        "window", "believed", "wait", "steps", "goneAt", NULL};
    *golden = (struct golden){.old = read_json(name, ".old.json"), .now = read_json(name, ".new.json")};
    golden->expected = read_part(name, ".events");
    if (golden->expected == NULL) {
        golden->expected = read_part(name, ".refused");
        golden->refused = true;
    }
    check(golden->now != NULL && golden->expected != NULL, "%s lacks a file", name);
    check_keys(name, golden->old, old_keys);
    check_keys(name, golden->now, new_keys);
}

static void unload(struct golden *golden)
{
    workorder_free(&golden->known);
    workorder_free(&golden->seen);
    json_object_put(golden->old);
    json_object_put(golden->now);
    free(golden->expected);
}

static const char *plain(struct json_object *json)
{
    return json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

/* Reads a work order the way that observations are read. Returns the reason when it is refused. */
static const char *read_work_order(struct json_object *wrapper, struct workorder *out)
{
    const char *text = plain(json_object_object_get(wrapper, "workOrder")), *reason = NULL;
    enum workorder_result verdict = workorder_parse(text, strlen(text), out, &reason);
    check((verdict == WORKORDER_OK) == (reason == NULL), "%s", text);
    return reason;
}

static const char *document_name(const struct golden *golden, const struct diff *diff)
{
    if (diff->document == NULL)
        return "";
    if (golden->seen.doc != NULL && json_object_equal(diff->document, golden->seen.doc))
        return " new";
    return golden->known.doc != NULL && json_object_equal(diff->document, golden->known.doc) ? " old"
                                                                                             : " merged";
}

static const char *text_in(struct json_object *doc, const char *key)
{
    struct json_object *value = json_object_object_get(doc, key);
    return value != NULL ? json_object_get_string(value) : "-";
}

static void describe_step(struct buffer *out, const struct diff_step *step)
{
    char date[TIMESTAMP_SIZE];
    timestamp_format(step->event.timestamp, date);
    buffer_append_format(out, "step %s %s%s from %s by %lld; %s, updated %s, completed %s; changes %s\n",
        step->event.id, date, step->event.numbered ? " numbered" : "", step->previous_status,
        (long long)step->actor, text_in(step->document, "status"), text_in(step->document, "updatedAt"),
        text_in(step->document, "completedAt"), plain(step->changes));
}

/* What came out, in the words of a .events file. */
static char *describe(const struct golden *golden, const struct diff *diff)
{
    static const char *const results[] = {
        [DIFF_STALE] = "STALE", [DIFF_LEAVE] = "LEAVE", [DIFF_STORE] = "STORE"};
    struct buffer out = {0};
    char date[TIMESTAMP_SIZE];
    const char *document = document_name(golden, diff);
    buffer_append_format(&out, "%s%s", results[diff->result], document);
    if (diff->result == DIFF_STORE && diff->from_list)
        buffer_append_text(&out, " list");
    if (diff->deleted)
        buffer_append_text(&out, " deleted");
    if (diff->deletions != 0)
        buffer_append_format(&out, " deletions=%d", diff->deletions);
    if (diff->status[0] != '\0')
        buffer_append_format(&out, " status=%s", diff->status);
    if (diff->status_at != TIMESTAMP_NONE) {
        timestamp_format(diff->status_at, date);
        buffer_append_format(&out, " statusAt=%s", date);
    }
    buffer_append_text(&out, "\n");
    if (diff->previous_status != NULL)
        buffer_append_format(&out, "previousStatus %s\n", diff->previous_status);
    if (diff->changes != NULL && json_object_object_length(diff->changes) > 0)
        buffer_append_format(&out, "changes %s\n", plain(diff->changes));
    if (strcmp(document, " merged") == 0)
        buffer_append_format(&out, "document %s\n", plain(diff->document));
    for (int i = 0; i < diff->step_count; i++)
        describe_step(&out, &diff->steps[i]);
    for (int i = 0; i < diff->count; i++) {
        const struct event *event = &diff->events[i];
        timestamp_format(event->timestamp, date);
        buffer_append_format(&out, "%s %s%s", event->id, date, event->numbered ? " numbered" : "");
        if (*event->same_as != '\0')
            buffer_append_format(&out, " %s %s", event->only_same ? "only" : "unless", event->same_as);
        buffer_append_text(&out, "\n");
    }
    return out.data;
}

/* What holds for every diff, whatever the case. */
static void check_invariants(const struct golden *golden, const struct diff *diff)
{
    int64_t id = golden->seen.doc != NULL ? golden->seen.id : golden->known.id;
    for (int i = 0; i < diff->count; i++) {
        const struct event *event = &diff->events[i];
        const char *name = event_type_name(event->type);
        assert_int_equal(event->work_order, id);
        check(strncmp(event->id, name, strlen(name)) == 0 && event->id[strlen(name)] == '/', "%s", event->id);
        check(i == 0 || event->type > diff->events[i - 1].type, "%s is told too late", event->id);
    }
    check(diff->count == 0 || diff->document != NULL, "events without a document");
    check((diff->result == DIFF_STORE) <= (diff->document != NULL), "nothing to store");
}

/* The notified steps of a case; returns how many. */
static size_t read_steps(struct json_object *now, struct status_step *out, size_t room)
{
    static const char *const keys[] = {"at", "from", "to", "by", NULL};
    struct json_object *list = json_object_object_get(now, "steps");
    size_t count = list != NULL ? json_object_array_length(list) : 0;
    assert_true(count <= room);
    for (size_t i = 0; i < count; i++) {
        struct json_object *step = json_object_array_get_idx(list, i);
        check_keys("steps", step, keys);
        out[i] = (struct status_step){.occurred = read_date(step, "at", NULL),
            .actor = json_object_get_int64(json_object_object_get(step, "by"))};
        snprintf(out[i].from, sizeof out[i].from, "%s", text_in(step, "from"));
        snprintf(out[i].to, sizeof out[i].to, "%s", text_in(step, "to"));
    }
    return count;
}

static int64_t read_optional_date(struct json_object *object, const char *key)
{
    return json_object_object_get_ex(object, key, NULL) ? read_date(object, key, NULL) : TIMESTAMP_NONE;
}

static void run_diff(struct golden *golden)
{
    static const char *const completed[] = {"DONE", "COMPLETED", NULL}, *const none[] = {NULL};
    struct status_step steps[8];
    struct json_object *status = json_object_object_get(golden->old, "status");
    const struct diff_snapshot old = {.wo = &golden->known,
        .from_list = read_flag(golden->old, "fromList", true),
        .deleted = read_flag(golden->old, "deleted", false),
        .deletions = json_object_get_int(json_object_object_get(golden->old, "deletions")),
        .deleted_at = read_optional_date(golden->old, "deletedAt"),
        .status = status != NULL ? json_object_get_string(status) : NULL,
        .status_at = read_optional_date(golden->old, "statusAt")};
    const struct diff_observation now = {.wo = &golden->seen,
        .from_list = read_flag(golden->now, "fromList", true),
        .believed = read_flag(golden->now, "believed", false),
        .wait = read_flag(golden->now, "wait", false),
        .steps = steps,
        .step_count = read_steps(golden->now, steps, 8)};
    struct diff_rules rules = {.horizon = read_date(golden->now, "horizon", "2026-01-10T00:00:00Z"),
        .completed = golden->completed,
        .ignored = golden->ignored};
    struct diff diff;
    read_words(golden->now, "completed", completed, golden->completed);
    read_words(golden->now, "ignore", none, golden->ignored);
    if (golden->seen.doc != NULL)
        diff_observe(&rules, read_window(golden), golden->old != NULL ? &old : NULL, &now, &diff);
    else
        diff_gone(&rules, &old, steps, now.step_count, read_optional_date(golden->now, "goneAt"), &diff);
    char *actual = describe(golden, &diff);
    check_text(actual, golden->expected);
    check_invariants(golden, &diff);
    free(actual);
    diff_free(&diff);
    diff_free(&diff);
}

static void test_case(void **state)
{
    struct golden golden;
    load(*state, &golden);
    const char *reason = NULL;
    if (golden.old != NULL)
        check_text(read_work_order(golden.old, &golden.known), NULL);
    if (json_object_object_get_ex(golden.now, "workOrder", NULL))
        reason = read_work_order(golden.now, &golden.seen);
    if (golden.refused) {
        golden.expected[strcspn(golden.expected, "\n")] = '\0';
        check_text(reason, golden.expected);
    } else {
        check_text(reason, NULL);
        run_diff(&golden);
    }
    unload(&golden);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct CMUnitTest *)a)->name, ((const struct CMUnitTest *)b)->name);
}

int main(void)
{
    static const char suffix[] = ".new.json";
    struct CMUnitTest tests[512];
    size_t count = 0;
    DIR *directory = opendir(DIRECTORY);
    const struct dirent *entry;
    if (directory == NULL) {
        perror(DIRECTORY);
        return 1;
    }
    while ((entry = readdir(directory)) != NULL && count < COUNT(tests)) {
        size_t len = strlen(entry->d_name);
        if (len <= sizeof suffix - 1 || strcmp(entry->d_name + len - (sizeof suffix - 1), suffix) != 0)
            continue;
        char *name = strndup(entry->d_name, len - (sizeof suffix - 1));
        tests[count++] = (struct CMUnitTest){.name = name, .test_func = test_case, .initial_state = name};
    }
    closedir(directory);
    qsort(tests, count, sizeof tests[0], by_name);
    int failed = count == 0 ? 1 : _cmocka_run_group_tests("diff", tests, count, NULL, NULL);
    while (count > 0)
        free(tests[--count].initial_state);
    return failed;
}
