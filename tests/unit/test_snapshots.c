#include "support.h"

#include <json-c/json.h>
#include <string.h>

#include "store/snapshots.h"
#include "store/store.h"

static const unsigned char digest_a[FINGERPRINT_SIZE] = "0123456789abcde",
                           digest_b[FINGERPRINT_SIZE] = "0123456789abcdf";

struct fixture {
    struct store *store;
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){store_open("scratch", STORE_SCRATCH, 0, NULL)};
    *state = &f;
    return f.store != NULL && store_begin(f.store, NULL) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    store_close(f->store);
    return 0;
}

static const char pump[] =
    "{\"id\": 7, \"title\": \"Pump\", \"status\": \"OPEN\", \"updatedAt\": \"2026-01-20T10:00:00Z\"}";

static void save(struct fixture *f, int64_t id, const char *json, const unsigned char *fingerprint,
    bool deleted, int64_t document)
{
    struct error e = {0};
    const struct snapshot_row row = {.id = id,
        .updated = instant("2026-01-20T10:00:00Z"),
        .fingerprint = fingerprint,
        .json = json,
        .len = strlen(json),
        .observed = 1000,
        .deleted = deleted,
        .deletions = deleted ? 2 : 0};
    check(snapshots_save(f->store, &row, document, &e) == 0, "%s", e.text);
}

static void test_load(void **state)
{
    struct fixture *f = *state;
    struct snapshot snapshot;
    struct error e = {0};
    assert_int_equal(snapshots_load(f->store, 7, &snapshot, &e), 0);
    save(f, 7, pump, digest_a, false, 0);
    assert_int_equal(snapshots_load(f->store, 8, &snapshot, &e), 0);
    check(snapshots_load(f->store, 7, &snapshot, &e) == 1, "%s", e.text);
    check_text(snapshot.wo.title, "Pump");
    check(snapshot.wo.id == 7 && snapshot.from_list && !snapshot.deleted && snapshot.deletions == 0 &&
              snapshot.observed == 1000 && snapshot.document != 0,
        "the snapshot");
    snapshot_free(&snapshot);
    snapshot_free(&snapshot);
    assert_int_equal(snapshots_count(f->store, &e), 1);
}

/* A new version takes the place of the old one, its document too. */
static void test_replace(void **state)
{
    static const char motor[] =
        "{\"id\": 7, \"title\": \"Motor\", \"status\": \"OPEN\", \"updatedAt\": \"2026-01-20T11:00:00Z\"}";
    struct fixture *f = *state;
    struct snapshot snapshot;
    save(f, 7, pump, digest_a, false, 0);
    save(f, 8, pump, digest_a, false, 0);
    assert_int_equal(snapshots_load(f->store, 7, &snapshot, NULL), 1);
    int64_t document = snapshot.document;
    snapshot_free(&snapshot);
    save(f, 7, motor, NULL, true, document);
    assert_int_equal(snapshots_load(f->store, 7, &snapshot, NULL), 1);
    check_text(snapshot.wo.title, "Motor");
    check(!snapshot.from_list && snapshot.deleted && snapshot.deletions == 2 && snapshot.document == document,
        "the new version");
    snapshot_free(&snapshot);
    assert_int_equal(snapshots_load(f->store, 8, &snapshot, NULL), 1);
    check_text(snapshot.wo.title, "Pump");
    snapshot_free(&snapshot);
    assert_int_equal(snapshots_count(f->store, NULL), 2);
}

/* The glance: only the very bytes of last time are the same, and never one that was told deleted. */
static void test_glance(void **state)
{
    struct fixture *f = *state;
    struct snapshot_glance glance;
    save(f, 7, pump, digest_a, false, 0);
    save(f, 8, pump, NULL, false, 0);
    save(f, 9, pump, digest_a, true, 0);
    const struct {
        int64_t id;
        const unsigned char *fingerprint;
        int known;
        bool same;
    } table[] = {{7, digest_a, 1, true}, {7, digest_b, 1, false}, {8, digest_a, 1, false},
        {9, digest_a, 1, false}, {10, digest_a, 0, false}};
    for (size_t i = 0; i < COUNT(table); i++) {
        check(snapshots_glance(f->store, table[i].id, table[i].fingerprint, &glance, NULL) == table[i].known,
            "row %zu", i);
        check(glance.same == table[i].same && glance.deleted == (table[i].id == 9), "row %zu", i);
        if (table[i].known == 1)
            check(glance.updated == instant("2026-01-20T10:00:00Z") && glance.observed == 1000, "row %zu", i);
    }
}

/* The bytes are kept as they came. */
static void test_bytes(void **state)
{
    static const char odd[] =
        "{\"updatedAt\":\"2026-01-20T12:00:00+02:00\",  \"status\":\"\\u004fPEN\",\n\"id\":7}";
    struct fixture *f = *state;
    save(f, 7, odd, digest_a, false, 0);
    assert_int_equal(STORE_QUERY(f->store, NULL, SQL_SNAPSHOT_GET, V_INT(7)), 0);
    assert_int_equal(store_next(f->store, SQL_SNAPSHOT_GET, NULL), 1);
    check_text(store_get_text(f->store, SQL_SNAPSHOT_GET, 6), odd);
    store_done(f->store, SQL_SNAPSHOT_GET);
}

/* What someone else put there is an error that names it. */
static void test_unreadable(void **state)
{
    static const char *const table[] = {"", "no json", "{\"id\": 7}", "[]"};
    struct fixture *f = *state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct snapshot snapshot;
        struct error e = {0};
        save(f, (int64_t)i + 1, table[i], digest_a, false, 0);
        assert_int_equal(snapshots_load(f->store, (int64_t)i + 1, &snapshot, &e), -1);
        check(e.status == EX_IOERR && strstr(e.text, "cannot be read") != NULL, "%s: %s", table[i], e.text);
        assert_null(snapshot.wo.doc);
    }
}

#define with_store(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_store(test_load),
        with_store(test_replace),
        with_store(test_glance),
        with_store(test_bytes),
        with_store(test_unreadable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
