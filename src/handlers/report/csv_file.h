/*
 * csv_file: completed.csv, a line for every completed work order and none twice.
 *
 * The file is appended to under a lock, and only when the event's id stands nowhere in it. So a delivery that
 * is made again (after a crash between the line and our commit, by `events replay`, after a failure late in a
 * try) adds nothing. A crash or a full disk in the middle of a line leaves a torn last line; the next
 * delivery cuts it off, and writes it whole when its event comes again, as it must, for its delivery was
 * never done.
 *
 * The ids are read from the file once per process, then from what has been added since: as 64-bit digests, so
 * that a million lines cost 16 MB at most (two of a million ids share one once in 37 million files).
 *
 * A file that was moved away begins anew. One whose first line is not ours is left alone.
 */
#ifndef WOSYNC_HANDLERS_REPORT_CSV_FILE_H
#define WOSYNC_HANDLERS_REPORT_CSV_FILE_H

#include <stdint.h>

#include "base/error.h"
#include "handlers/report/report.h"

/* What is known of the file; begins zeroed. */
struct csv_file {
    uint64_t device, inode;
    int64_t end;   /* behind the last whole record; what is before has been read */
    uint64_t *ids; /* hash table of digests, 0: free */
    size_t room;   /* its size, a power of two */
    size_t count;
};

/*
 * Sees to it that completed.csv in the directory has the report's line, durably; `page` is the name of its
 * page. Waits up to `timeout` milliseconds for another process that is at it. Returns 0, or -1: EX_IOERR,
 * EX_TEMPFAIL (locked), EX_CONFIG (not our file).
 */
int csv_file_add(struct csv_file *list, int directory, const struct report *report, const char *page,
    int64_t timeout, struct error *e);

/* Frees what the struct owns and zeroes it. */
void csv_file_free(struct csv_file *list);

#endif
