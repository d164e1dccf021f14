/*
 * log: messages for people, on stderr. Quiet by default: only warnings and errors, so that cron mails what
 * matters.
 */
#ifndef WOSYNC_BASE_LOG_H
#define WOSYNC_BASE_LOG_H

#include <stdbool.h>

#include "base/buffer.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO };

/* Prints messages up to `most` (-q: LOG_LEVEL_ERROR, default: LOG_LEVEL_WARNING, -v: LOG_LEVEL_INFO), as text
 * (`wosync: SUBJECT: ...`) or as one JSON object per line ({"time", "level", "message"}). */
void log_configure(enum log_level most, bool json);

/* Has `wipe` called before each message that is printed: what stands on the terminal's last line makes room.
 * NULL: nothing does. */
void log_on_message(void (*wipe)(void *data), void *data);

/* Has the text of each message that is printed appended to `lines`, a line each, until they are `most` bytes.
 * NULL: none is kept. */
void log_keep(struct buffer *lines, size_t most);

/* Prints one message, printf-formatted, without a newline at its end; secrets are masked, control characters
 * replaced. Never fails. */
void log_message(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)   log_message(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_message(LOG_LEVEL_INFO, __VA_ARGS__)

#endif
