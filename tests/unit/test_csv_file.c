#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/shutdown.h"
#include "base/timestamp.h"
#include "handlers/report/csv_file.h"

/* A disk that fails: these stand before the C library's. */
static bool read_fails, sync_fails;

ssize_t pread(int fd, void *bytes, size_t len, off_t offset)
{
    if (read_fails) {
        errno = EIO;
        return -1;
    }
    return syscall(SYS_pread64, fd, bytes, len, offset);
}

int fdatasync(int fd)
{
    if (sync_fails) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

struct place {
    const char *file;
    int directory;
    struct csv_file list;
};

static struct place open_place(const char *path)
{
    struct place p = {
        .file = path_in(path, "completed.csv"), .directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    check(p.directory >= 0, "%s", path);
    return p;
}

static void close_place(struct place *p)
{
    csv_file_free(&p->list);
    close(p->directory);
}

/* Adds the line of an event; `timeout` as in csv_file_add. */
static int add(struct place *p, const char *id, int64_t timeout, struct error *e)
{
    struct report report = {.id = id,
        .work_order = 7,
        .created = TIMESTAMP_NONE,
        .started = TIMESTAMP_NONE,
        .completed = TIMESTAMP_NONE,
        .due = TIMESTAMP_NONE,
        .took = 5400000,
        .progress = -1,
        .hold = -1};
    report.data = json_tokener_parse("{\"title\": \"A, B\", \"status\": \"DONE\"}");
    *e = (struct error){0};
    int rc = csv_file_add(&p->list, p->directory, &report, "7.html", timeout, e);
    json_object_put(report.data);
    return rc;
}

static void add_well(struct place *p, const char *id)
{
    struct error e;
    check(add(p, id, 0, &e) == 0, "%s: %s", id, e.text);
}

/* The ids in the file, in its order, separated by spaces; its first line must be ours. */
static void check_ids(const struct place *p, const char *expected)
{
    char ids[512] = "";
    char *text = read_text(p->file, NULL), *rest = NULL;
    check(text != NULL && strncmp(text,
                              "\xef\xbb\xbf"
                              "event_id,id,number,title,status,",
                              35) == 0,
        "%s", text);
    strtok_r(text, "\n", &rest);
    for (char *line = strtok_r(NULL, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char *comma = strchr(line, ',');
        check(comma != NULL && strstr(comma, ",7,7,\"A, B\",Done,") == comma &&
                  strstr(line, ",1.50,,,7.html\r") != NULL,
            "%s", line);
        snprintf(ids + strlen(ids), sizeof ids - strlen(ids), "%s%.*s", *ids != '\0' ? " " : "",
            (int)(comma - line), line);
    }
    free(text);
    check_text(ids, expected);
}

static void test_each_once(void **state)
{
    struct place p = open_place(*state), other = open_place(*state);
    add_well(&p, "a");
    add_well(&p, "b");
    add_well(&p, "a");
    add_well(&other, "a"); /* another process */
    add_well(&other, "c");
    add_well(&p, "c");
    check_ids(&p, "a b c");
    close_place(&p);
    close_place(&other);
}

/* More ids than the table begins with room for, in more bytes than are read at a time. */
static void test_many(void **state)
{
    enum { MANY = 600 };
    struct buffer lines = {0};
    struct stat before, after;
    struct place p = open_place(*state);
    add_well(&p, "a");
    char *text = read_text(p.file, NULL);
    buffer_append_text(&lines, text);
    for (int i = 0; i < MANY; i++)
        buffer_append_format(&lines, "event-%d,\"%0200d\"\r\n", i, 0);
    write_text(p.file, lines.data);
    stat(p.file, &before);
    for (int i = 0; i < MANY; i += 50) {
        char id[32];
        snprintf(id, sizeof id, "event-%d", i);
        add_well(&p, id);
    }
    stat(p.file, &after);
    assert_int_equal(before.st_size, after.st_size);
    free(text);
    buffer_free(&lines);
    close_place(&p);
}

/* A first line that is not ours is left alone, whatever it is. */
static void test_not_ours(void **state)
{
    char *header;
    struct error e;
    struct place p = open_place(*state);
    add_well(&p, "a");
    header = read_text(p.file, NULL);
    header[5] = 'E'; /* of the same length */
    const char *const texts[] = {"a\n", "\r\n", "\n\n", "event_id,id\r\n", header};
    for (size_t i = 0; i < COUNT(texts); i++) {
        write_text(p.file, texts[i]);
        check(add(&p, "b", 0, &e) == -1 && e.status == EX_CONFIG, "%s: %s", texts[i], e.text);
        char *text = read_text(p.file, NULL);
        check_text(text, texts[i]);
        free(text);
    }
    free(header);
    close_place(&p);
}

/* Saved again by a spreadsheet: with a mark at its beginning, and without carriage returns. */
static void test_saved_again(void **state)
{
    struct place p = open_place(*state);
    add_well(&p, "a");
    char *text = read_text(p.file, NULL);
    for (int with_mark = 0; with_mark < 2; with_mark++) {
        struct buffer saved = {0};
        for (const char *c = with_mark ? text : text + 3; *c != '\0'; c++)
            if (*c != '\r')
                buffer_append(&saved, c, 1);
        write_text(p.file, saved.data);
        close_place(&p);
        p = open_place(*state);
        add_well(&p, "a");
        char *same = read_text(p.file, NULL);
        check_text(same, saved.data);
        free(same);
        buffer_free(&saved);
    }
    free(text);
    close_place(&p);
}

/* Cut, emptied, moved away: what it says now counts. */
static void test_changed_under_us(void **state)
{
    struct stat st;
    struct place p = open_place(*state);
    add_well(&p, "a");
    stat(p.file, &st);
    add_well(&p, "b");
    check(truncate(p.file, st.st_size + 10) == 0, "cutting"); /* b's line is torn */
    add_well(&p, "c");
    check_ids(&p, "a c");
    add_well(&p, "b");
    check_ids(&p, "a c b");
    check(truncate(p.file, 0) == 0, "emptying");
    add_well(&p, "a");
    check_ids(&p, "a");
    check(rename(p.file, path_in(*state, "old.csv")) == 0, "moving");
    add_well(&p, "a");
    check_ids(&p, "a");
    close_place(&p);
}

static void test_locked(void **state)
{
    struct error e;
    struct place p = open_place(*state);
    add_well(&p, "a");
    int other = open(p.file, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(other, LOCK_EX), 0);
    check(add(&p, "b", 30, &e) == -1 && e.status == EX_TEMPFAIL &&
              strstr(e.text, "another program holds it") != NULL,
        "%s", e.text);
    shutdown_set_deadline(1); /* the run ends before the lock is given up for */
    check(add(&p, "b", 60000, &e) == -1 && e.status == EX_TEMPFAIL, "%s", e.text);
    shutdown_set_deadline(0);
    close(other);
    check_ids(&p, "a");
    add_well(&p, "b");
    check_ids(&p, "a b");
    close_place(&p);
}

/* A disk that is full in the middle of a line: the line is taken back. */
static void test_full(void **state)
{
    struct error e;
    struct stat st;
    struct rlimit old, small;
    struct place p = open_place(*state);
    add_well(&p, "a");
    stat(p.file, &st);
    getrlimit(RLIMIT_FSIZE, &old);
    small = (struct rlimit){(rlim_t)st.st_size + 10, old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    int rc = add(&p, "b", 0, &e);
    setrlimit(RLIMIT_FSIZE, &old);
    check(rc == -1 && e.status == EX_IOERR && strstr(e.text, "it cannot be written") != NULL, "%s", e.text);
    check_ids(&p, "a");
    add_well(&p, "b");
    check_ids(&p, "a b");
    close_place(&p);
}

/* What can be no list: a directory, a pipe; a directory that cannot be synced. */
static void test_odd_files(void **state)
{
    struct error e;
    struct place p = open_place(*state);
    assert_int_equal(mkdir(p.file, 0700), 0);
    check(add(&p, "a", 0, &e) == -1 && e.status == EX_IOERR && strstr(e.text, "it cannot be opened") != NULL,
        "%s", e.text);
    assert_int_equal(rmdir(p.file), 0);
    assert_int_equal(mkfifo(p.file, 0600), 0);
    check(add(&p, "a", 0, &e) == -1 && e.status == EX_IOERR && strstr(e.text, "it cannot be written") != NULL,
        "%s", e.text);
    assert_int_equal(unlink(p.file), 0);
    int directory = p.directory;
    p.directory = open(*state, O_PATH | O_DIRECTORY | O_CLOEXEC);
    check(add(&p, "a", 0, &e) == -1 && e.status == EX_IOERR &&
              strstr(e.text, "its directory cannot be synced") != NULL,
        "%s", e.text);
    close(p.directory);
    p.directory = directory;
    add_well(&p, "a");
    check_ids(&p, "a");
    close_place(&p);
}

/* What could not be synced is synced by the next try, and does not stand there twice. */
static void test_the_disk_fails(void **state)
{
    struct error e;
    struct place p = open_place(*state), again = open_place(*state);
    sync_fails = true;
    check(add(&p, "a", 0, &e) == -1 && e.status == EX_IOERR && strstr(e.text, "it cannot be written") != NULL,
        "%s", e.text);
    sync_fails = false;
    add_well(&p, "a");
    sync_fails = true;
    check(add(&p, "a", 0, &e) == -1 && e.status == EX_IOERR && strstr(e.text, "it cannot be synced") != NULL,
        "%s", e.text);
    sync_fails = false;
    read_fails = true;
    check(
        add(&again, "b", 0, &e) == -1 && e.status == EX_IOERR && strstr(e.text, "it cannot be read") != NULL,
        "%s", e.text);
    read_fails = false;
    add_well(&again, "b");
    add_well(&p, "a");
    check_ids(&p, "a b");
    close_place(&p);
    close_place(&again);
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, directory_setup, directory_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_each_once),
        in_directory(test_many),
        in_directory(test_not_ours),
        in_directory(test_saved_again),
        in_directory(test_changed_under_us),
        in_directory(test_locked),
        in_directory(test_full),
        in_directory(test_odd_files),
        in_directory(test_the_disk_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
