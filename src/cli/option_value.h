/*
 * option_value: reads the value of an option by its kind.
 */
#ifndef WOSYNC_CLI_OPTION_VALUE_H
#define WOSYNC_CLI_OPTION_VALUE_H

#include "cli/options.h"

/* Reads `text`, NULL for a flag, into the member of `values` that the row names, or by the row's own reader.
 * Returns 0, or -1 with `why` filled: what was expected, or what to write. */
int option_value_read(const struct option_spec *row, const char *text, void *values, struct buffer *why);

/* Reads what a user types for an instant, as OPTION_DATE does; for readers. Returns 0, or -1 with `why`
 * filled. */
int option_value_read_date(const char *text, int64_t *ms, struct buffer *why);

/* Appends the words with commas between them, and `last` (" or ") before the last of several. */
void option_value_append_words(struct buffer *out, const char *const *words, size_t count, const char *last);

#endif
