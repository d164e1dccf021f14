#include "handlers/exec/subprocess_output.h"

#include <stdbool.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/utf8.h"

/* Lines for the log: enough to see what a program does, too few to fill a disk with it. */
enum { MOST_LINES = 100 };

static void log_line(struct subprocess_output *output)
{
    if (output->line_len > 0) {
        output->line[output->line_len] = '\0';
        utf8_replace_bad(output->line);
        log_info("handler %s: %s", output->name, output->line);
        if (++output->lines == MOST_LINES)
            log_info(
                "handler %s: (it prints more than %d lines; the rest is left out)", output->name, MOST_LINES);
    }
    output->line_len = 0;
}

static void keep_tail(struct subprocess_output *output, const char *bytes, size_t n)
{
    const size_t room = sizeof output->tail - 1;
    if (n > room) {
        bytes += n - room;
        n = room;
    }
    if (output->tail_len + n > room) {
        size_t drop = output->tail_len + n - room;
        memmove(output->tail, output->tail + drop, output->tail_len - drop);
        output->tail_len -= drop;
    }
    memcpy(output->tail + output->tail_len, bytes, n);
    output->tail_len += n;
}

void subprocess_output_add(struct subprocess_output *output, const char *bytes, size_t n)
{
    keep_tail(output, bytes, n);
    for (size_t i = 0; i < n && output->lines < MOST_LINES; i++) {
        if (bytes[i] == '\n')
            log_line(output);
        else if (output->line_len < sizeof output->line - 1)
            output->line[output->line_len++] = bytes[i] != '\0' ? bytes[i] : ' ';
    }
}

void subprocess_output_finish(struct subprocess_output *output)
{
    log_line(output);
}

/* Where the last lines begin that fit; the middle of the last line when it alone does not. */
static size_t find_begin(const char *text, size_t len, size_t most)
{
    if (len <= most)
        return 0;
    const char *newline = memchr(text + len - most - 1, '\n', most);
    size_t begin = newline != NULL ? (size_t)(newline - text) + 1 : len - most;
    while (((unsigned char)text[begin] & 0xc0) == 0x80)
        begin++;
    return begin;
}

void subprocess_output_tail(struct subprocess_output *output, char *out, size_t size)
{
    char *text = output->tail;
    size_t len = output->tail_len, n = 0;
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)text[i] < 0x20 && text[i] != '\n') || text[i] == 0x7f)
            text[i] = ' ';
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\n'))
        len--;
    text[len] = '\0';
    utf8_replace_bad(text);
    secret_mask(text);
    bool gap = false;
    for (size_t i = find_begin(text, len, size - 1); i < len; i++) {
        bool blank = text[i] == ' ' || text[i] == '\n';
        if (!blank || !gap)
            out[n++] = blank ? ' ' : text[i];
        gap = blank;
    }
    out[n] = '\0';
}
