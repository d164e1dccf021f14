/*
 * csv_file: a line is appended in these steps, under a lock on the file:
 *
 *   lock -> read the ids that were added since (the whole file the first time) -> cut off a torn last line
 *        -> our id is there: done       -> it is not: append the line, sync, remember the id
 *
 * Invariants: `end` is how far the ids are known, always at the beginning of a line; a file that is another one
 * than last time (moved away, replaced, shorter) is read from its beginning.
 */
#include "handlers/report/csv_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "handlers/report/csv.h"

#define NAME "completed.csv"

/* Bytes read at a time; how often a lock is asked for. */
enum { CHUNK = 64 << 10, LOCK_WAIT_MS = 10 };

/* The columns; the event's id must be the first. */
static const struct column {
    const char *name;
    enum { TEXT, WORK_ORDER, DATE, HOURS, EVENT_ID, PAGE } kind;
    int what; /* a fact; a date's or a span's place below */
} columns[] = {
    {"event_id", EVENT_ID, 0},
    {"id", WORK_ORDER, 0},
    {"number", TEXT, REPORT_NUMBER},
    {"title", TEXT, REPORT_TITLE},
    {"status", TEXT, REPORT_STATUS},
    {"priority", TEXT, REPORT_PRIORITY},
    {"type", TEXT, REPORT_TYPE},
    {"categories", TEXT, REPORT_CATEGORIES},
    {"asset", TEXT, REPORT_ASSET},
    {"location", TEXT, REPORT_LOCATION},
    {"completed_by", TEXT, REPORT_COMPLETER},
    {"assigned_to", TEXT, REPORT_ASSIGNEES},
    {"requested_by", TEXT, REPORT_REQUESTER},
    {"created_at", DATE, 0},
    {"started_at", DATE, 1},
    {"completed_at", DATE, 2},
    {"due_at", DATE, 3},
    {"hours_to_complete", HOURS, 0},
    {"hours_in_progress", HOURS, 1},
    {"hours_on_hold", HOURS, 2},
    {"page", PAGE, 0},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

/* Excel reads UTF-8 behind a byte order mark only. */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static void append_header(struct buffer *out)
{
    for (int i = 0; i < COLUMNS; i++)
        buffer_append_format(out, "%s%s", i > 0 ? "," : "", columns[i].name);
    buffer_append_text(out, "\r\n");
}

static void append_field(
    struct buffer *out, const struct column *column, const struct report *r, const char *page)
{
    const int64_t dates[] = {r->created, r->started, r->completed, r->due},
                  spans[] = {r->took, r->progress, r->hold};
    char date[TIMESTAMP_SIZE];
    struct buffer text = {0};
    switch (column->kind) {
    case TEXT:
        report_text(r, (enum report_fact)column->what, &text);
        csv_field(out, text.data, text.len);
        buffer_free(&text);
        break;
    case DATE:
        timestamp_format(dates[column->what], date);
        buffer_append_text(out, date);
        break;
    case HOURS:
        if (spans[column->what] >= 0)
            buffer_append_format(out, "%.2f", (double)spans[column->what] / 3600000);
        break;
    case EVENT_ID:
        csv_field(out, r->id, strlen(r->id));
        break;
    case WORK_ORDER:
        buffer_append_format(out, "%lld", (long long)r->work_order);
        break;
    case PAGE:
    default:
        csv_field(out, page, strlen(page));
        break;
    }
}

static void append_line(struct buffer *out, const struct report *report, const char *page)
{
    for (int i = 0; i < COLUMNS; i++) {
        if (i > 0)
            buffer_append_text(out, ",");
        append_field(out, &columns[i], report, page);
    }
    buffer_append_text(out, "\r\n");
}

/* --- the ids in the file --- */

/* FNV-1a, then mixed; never 0. */
static uint64_t digest(const char *id, size_t len)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)id[i]) * UINT64_C(1099511628211);
    h = (h ^ h >> 32) * UINT64_C(0xd6e8feb86659fd93);
    h ^= h >> 32;
    return h + (h == 0);
}

/* Where the digest stands or would stand. There is always a free place. */
static uint64_t *find_id(const struct csv_file *list, uint64_t id)
{
    size_t i = (size_t)id & (list->room - 1);
    while (list->ids[i] != 0 && list->ids[i] != id)
        i = (i + 1) & (list->room - 1);
    return &list->ids[i];
}

static void add_id(struct csv_file *list, uint64_t id)
{
    if (list->count * 2 >= list->room) {
        struct csv_file larger = {.room = list->room > 0 ? list->room * 2 : 1024};
        larger.ids = calloc(larger.room, sizeof *larger.ids);
        for (size_t i = 0; i < list->room; i++)
            if (list->ids[i] != 0)
                *find_id(&larger, list->ids[i]) = list->ids[i];
        free(list->ids);
        list->ids = larger.ids;
        list->room = larger.room;
    }
    uint64_t *place = find_id(list, id);
    list->count += *place == 0;
    *place = id;
}

static bool has_id(const struct csv_file *list, uint64_t id)
{
    return list->room > 0 && *find_id(list, id) != 0;
}

/* A whole record; the first one of the file must be our header, by us or saved again by a spreadsheet. */
static int take_record(struct csv_file *list, const char *record, size_t len, struct error *e)
{
    struct buffer header = {0};
    if (list->end > 0) {
        size_t id = 0;
        while (strchr(",\r\n", record[id]) == NULL)
            id++;
        add_id(list, digest(record, id));
        return 0;
    }
    append_header(&header);
    if (len > 3 && memcmp(record, BYTE_ORDER_MARK, 3) == 0) {
        record += 3;
        len -= 3;
    }
    while (len > 0 && (record[len - 1] == '\n' || record[len - 1] == '\r'))
        len--;
    bool ours = len == header.len - 2 && memcmp(record, header.data, len) == 0;
    buffer_free(&header);
    return ours ? 0 : fail(e, EX_CONFIG, NAME ": its first line is not the one we write; move the file away");
}

/* Reads the whole records from list->end on. What is left behind them is a torn line. */
static int read_records(struct csv_file *list, int fd, struct error *e)
{
    struct buffer pending = {0}; /* from list->end on */
    struct csv_reader reader = {0};
    int rc = 0;
    for (;;) {
        buffer_reserve(&pending, CHUNK);
        ssize_t n = pread(fd, pending.data + pending.len, CHUNK, (off_t)(list->end + (int64_t)pending.len));
        if (n < 0)
            rc = fail(e, EX_IOERR, NAME ": it cannot be read: %s", strerror(errno));
        if (n <= 0)
            break;
        size_t begin = 0, looked = pending.len, len;
        pending.len += (size_t)n;
        while (rc == 0 && (len = csv_record_end(&reader, pending.data + looked, pending.len - looked)) > 0) {
            looked += len;
            rc = take_record(list, pending.data + begin, looked - begin, e);
            if (rc == 0)
                list->end += (int64_t)(looked - begin);
            begin = looked;
        }
        if (rc != 0)
            break;
        memmove(pending.data, pending.data + begin, pending.len - begin);
        pending.len -= begin;
    }
    buffer_free(&pending);
    return rc;
}

/* --- writing --- */

static int open_locked(int directory, int64_t timeout, struct error *e)
{
    int64_t until = clock_monotonic() + timeout;
    int fd = openat(directory, NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return fail(e, EX_IOERR, NAME ": it cannot be opened: %s", strerror(errno));
    while (flock(fd, LOCK_EX | LOCK_NB) != 0)
        if (clock_monotonic() >= until || !shutdown_wait(LOCK_WAIT_MS)) {
            close(fd);
            return fail(e, EX_TEMPFAIL, NAME ": it cannot be locked: another program holds it");
        }
    return fd;
}

/* Brings what is known up to the file: only what came since is read, all of it when it is another file. */
static int catch_up(struct csv_file *list, int fd, int directory, struct error *e)
{
    struct stat st;
    fstat(fd, &st);
    if (st.st_dev != list->device || st.st_ino != list->inode || st.st_size < list->end) {
        csv_file_free(list);
        list->device = st.st_dev;
        list->inode = st.st_ino;
        /* it may be new: its name must last as well as its lines */
        if (fsync(directory) != 0)
            return fail(e, EX_IOERR, NAME ": its directory cannot be synced: %s", strerror(errno));
    }
    return st.st_size > list->end ? read_records(list, fd, e) : 0;
}

/* Appends the bytes behind the last whole record, all or nothing. */
static int append(struct csv_file *list, int fd, const struct buffer *bytes, struct error *e)
{
    size_t done = 0;
    int rc = ftruncate(fd, (off_t)list->end);
    while (rc == 0 && done < bytes->len) {
        ssize_t n = pwrite(fd, bytes->data + done, bytes->len - done, (off_t)(list->end + (int64_t)done));
        if (n > 0)
            done += (size_t)n;
        else
            rc = -1;
    }
    if (rc == 0)
        rc = fdatasync(fd);
    if (rc == 0) {
        list->end += (int64_t)bytes->len;
        return 0;
    }
    fail(e, EX_IOERR, NAME ": it cannot be written: %s", strerror(errno));
    if (ftruncate(fd, (off_t)list->end) != 0)
        errno = 0; /* the next try cuts it off */
    return -1;
}

int csv_file_add(struct csv_file *list, int directory, const struct report *report, const char *page,
    int64_t timeout, struct error *e)
{
    struct buffer bytes = {0};
    const uint64_t id = digest(report->id, strlen(report->id));
    int rc = -1, fd = open_locked(directory, timeout, e);
    if (fd < 0)
        return -1;
    if (catch_up(list, fd, directory, e) != 0)
        goto out;
    if (has_id(list, id)) {
        /* by a try that failed or was killed afterwards, perhaps before it was durable */
        rc = fdatasync(fd) == 0 ? 0 : fail(e, EX_IOERR, NAME ": it cannot be synced: %s", strerror(errno));
        goto out;
    }
    if (list->end == 0) {
        buffer_append_text(&bytes, BYTE_ORDER_MARK);
        append_header(&bytes);
    }
    append_line(&bytes, report, page);
    rc = append(list, fd, &bytes, e);
    if (rc == 0)
        add_id(list, id);
out:
    if (rc != 0)
        csv_file_free(list); /* what is known of the file may not be true: the next try reads it anew */
    buffer_free(&bytes);
    close(fd);
    return rc;
}

void csv_file_free(struct csv_file *list)
{
    free(list->ids);
    memset(list, 0, sizeof *list);
}
