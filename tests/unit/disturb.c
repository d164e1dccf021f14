#include "support.h"

#include "disturb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store *disturb_open(const char *path)
{
    struct error e = {0};
    struct store *store = store_open(path, STORE_WRITE, 0, &e);
    check(store != NULL, "%s", e.text);
    return store;
}

struct store *disturb_make(const char *path, const char *sql)
{
    struct store *store = disturb_open(path);
    check(sqlite3_exec(disk_connection(), sql, NULL, NULL, NULL) == SQLITE_OK, "%s",
        sqlite3_errmsg(disk_connection()));
    return store;
}

static void check_dump(const struct function *f, int64_t n, const char *expected)
{
    char *dump = disk_dump(disk_connection(), "");
    bool same = strcmp(dump, expected) == 0;
    if (!same)
        print_error("is:\n%s\nshould be:\n%s\n", dump, expected);
    free(dump);
    check(same, "%s, call %lld", f->name, (long long)n);
}

static void begin(struct store *store)
{
    struct error e = {0};
    check(store_begin(store, &e) == 0, "%s", e.text);
}

/* What it answers undisturbed, and what is in the store then. */
struct good {
    int64_t answer;
    char *before, *after;
};

/* The n-th call fails. Returns false when there are no n calls. */
static bool fail_call(
    struct store *store, const struct function *f, int64_t n, const struct good *good, int *failures)
{
    struct error e = {0};
    begin(store);
    disk_forget_schema();
    disk_fails_at(FAULT_IO, n);
    int64_t answer = f->run(store, &e);
    bool hit = disk_failed();
    disk_fails_at(FAULT_IO, 0);
    if (answer < 0) {
        check(hit && e.status == EX_IOERR && strstr(e.text, "check the disk") != NULL,
            "%s, call %lld: %d: %s", f->name, (long long)n, (int)e.status, e.text);
        ++*failures;
        store_rollback(store);
        check_dump(f, n, good->before);
        begin(store);
        e = (struct error){0};
        answer = f->run(store, &e);
    }
    check(answer == good->answer, "%s after call %lld: %lld: %s", f->name, (long long)n, (long long)answer,
        e.text);
    check_dump(f, n, good->after);
    store_rollback(store);
    return hit;
}

int64_t disturb_stride(void)
{
    const char *text = getenv("WOSYNC_EVERY");
    const int64_t every = text != NULL ? atoll(text) : 1;
    return every > 0 ? every : 1;
}

void disturb(const char *path, const struct function *f)
{
    struct error e = {0};
    struct good good;
    int failures = 0;
    struct store *store = disturb_open(path);
    good.before = disk_dump(disk_connection(), "");
    begin(store);
    good.answer = f->run(store, &e);
    check(good.answer >= 0, "%s: %s", f->name, e.text);
    good.after = disk_dump(disk_connection(), "");
    store_close(store);
    /* another one, for its statements are not prepared yet */
    store = disturb_open(path);
    for (int64_t n = 1; fail_call(store, f, n, &good, &failures); n += disturb_stride())
        ;
    check(failures > 0, "%s reads nothing", f->name);
    store_close(store);
    free(good.before);
    free(good.after);
}

static bool fail_transaction(const char *path, const char *sql, const struct function *f,
    enum disk_fault fault, int64_t n, const struct good *good, int *failures)
{
    static const struct {
        int status;
        const char *text;
    } words[] = {[FAULT_IO] = {EX_IOERR, "check the disk"},
        [FAULT_FULL] = {EX_IOERR, "the disk is full"},
        [FAULT_LOCKED] = {EX_TEMPFAIL, "another process keeps it locked"}};
    struct error e = {0};
    struct store *store = disturb_make(path, sql);
    disk_forget_schema();
    disk_fails_at(fault, n);
    int64_t answer = f->run(store, &e);
    bool hit = disk_failed();
    disk_fails_at(FAULT_IO, 0);
    store_rollback(store);
    check_dump(f, n, answer < 0 ? good->before : good->after);
    if (answer < 0) {
        check(hit && e.status == words[fault].status && strstr(e.text, words[fault].text) != NULL,
            "%s, call %lld: %d: %s", f->name, (long long)n, (int)e.status, e.text);
        ++*failures;
        e = (struct error){0};
        answer = f->run(store, &e);
        check_dump(f, n, good->after);
    }
    check(answer == good->answer, "%s after call %lld: %lld: %s", f->name, (long long)n, (long long)answer,
        e.text);
    store_close(store);
    check(remove(path) == 0, "%s", path);
    return hit;
}

void disturb_transaction(const char *path, const char *sql, const struct function *f, enum disk_fault fault)
{
    struct error e = {0};
    struct good good;
    int failures = 0;
    struct store *store = disturb_make(path, sql);
    good.before = disk_dump(disk_connection(), "");
    good.answer = f->run(store, &e);
    check(good.answer >= 0, "%s: %s", f->name, e.text);
    good.after = disk_dump(disk_connection(), "");
    check(strcmp(good.before, good.after) != 0, "%s changes nothing", f->name);
    store_close(store);
    check(remove(path) == 0, "%s", path);
    for (int64_t n = 1; fail_transaction(path, sql, f, fault, n, &good, &failures); n += disturb_stride())
        ;
    check(failures > 0, "%s never fails by %d", f->name, (int)fault);
    free(good.before);
    free(good.after);
}
