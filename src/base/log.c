#include "base/log.h"

#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/utf8.h"

static enum log_level threshold = LOG_LEVEL_WARNING;
static bool as_json;
static void (*wipe_function)(void *data);
static void *wipe_data;

void log_configure(enum log_level most, bool json)
{
    threshold = most;
    as_json = json;
}

void log_on_message(void (*wipe)(void *data), void *data)
{
    wipe_function = wipe;
    wipe_data = data;
}

static struct buffer *kept;
static size_t most_kept;

void log_keep(struct buffer *lines, size_t most)
{
    kept = lines;
    most_kept = most;
}

static void print_json(enum log_level level, const char *text)
{
    static const char *const names[] = {
        [LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARNING] = "warning", [LOG_LEVEL_INFO] = "info"};
    struct json_object *line = json_object_new_object();
    json_give_date(line, "time", clock_now());
    json_give_text(line, "level", names[level]);
    json_give_text(line, "message", text);
    fprintf(stderr, "%s\n",
        json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(line);
}

void log_message(enum log_level level, const char *format, ...)
{
    char text[4096]; /* longer than any error, so that no secret is cut before it is masked */
    if (level > threshold)
        return;
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    utf8_make_line(text);
    secret_mask(text);
    if (kept != NULL && kept->len + strlen(text) < most_kept)
        buffer_append_format(kept, "%s%s\n", level == LOG_LEVEL_WARNING ? "warning: " : "", text);
    if (wipe_function != NULL)
        wipe_function(wipe_data);
    if (as_json)
        print_json(level, text);
    else
        fprintf(stderr, "wosync: %s%s\n", level == LOG_LEVEL_WARNING ? "warning: " : "", text);
}
