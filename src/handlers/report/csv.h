/*
 * csv: fields as RFC 4180 has them, and reading back where records end.
 */
#ifndef WOSYNC_HANDLERS_REPORT_CSV_H
#define WOSYNC_HANDLERS_REPORT_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/*
 * Appends a field, quoted where it must be. Text that a spreadsheet would take for a formula gets an
 * apostrophe in front: where = + - @ or one of their full-width forms begins it, behind spaces, or stands
 * behind a semicolon, a tab or a line break in it, and where a tab or a line break begins it. NUL becomes a
 * space.
 */
void csv_field(struct buffer *out, const char *text, size_t len);

/* Where a reading stands; begins zeroed. */
struct csv_reader {
    bool quoted; /* inside quotes; a doubled quote leaves them and comes back, which is the same */
};

/* How many of the bytes belong to the record that the reader stands in, with its line break; 0 when it does
 * not end in them, and the reader then stands behind them. */
size_t csv_record_end(struct csv_reader *reader, const char *bytes, size_t len);

#endif
