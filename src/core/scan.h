/*
 * scan: what the program itself needs of a record, read without building a tree. Pure.
 *
 * workorder_parse is the judge of what a work order is; to ask it costs more than storing the record. The
 * scan reads only what is plainly good, and says so; whatever is odd in any way is for workorder_parse.
 */
#ifndef WOSYNC_CORE_SCAN_H
#define WOSYNC_CORE_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/workorder.h"

/* A work order that was read without a tree: `wo.doc` and `wo.title` are NULL, `wo.status` points to
 * `status`. */
struct scan {
    struct workorder wo;
    char status[WORKORDER_MAX_STATUS + 1];
};

/*
 * Reads one record from `len` bytes. True: workorder_parse would take it, too, and read the same, and it is
 * compact: no white space between its parts, no escape that stands for no character. *out must not be copied.
 * False: ask workorder_parse.
 */
bool scan_record(const char *json, size_t len, struct scan *out);

#endif
