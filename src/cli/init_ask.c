#include "cli/init_ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/shutdown.h"

/* Takes the first `len` bytes off, and the newline behind them. Returns them, trimmed, to be freed. */
static char *take_line(struct buffer *unread, size_t len)
{
    const char *begin = unread->data;
    size_t size = len;
    while (size > 0 && strchr(" \t\r", *begin) != NULL) {
        begin++;
        size--;
    }
    while (size > 0 && strchr(" \t\r", begin[size - 1]) != NULL)
        size--;
    char *line = strndup(begin, size);
    size_t taken = len < unread->len ? len + 1 : len;
    explicit_bzero(unread->data, len);
    memmove(unread->data, unread->data + taken, unread->len - taken + 1);
    unread->len -= taken;
    return line;
}

static char *read_line(struct buffer *unread)
{
    enum { CHUNK = 4096 };
    for (;;) {
        const char *end = unread->len > 0 ? memchr(unread->data, '\n', unread->len) : NULL;
        if (end != NULL)
            return take_line(unread, (size_t)(end - unread->data));
        if (unread->len > INIT_ASK_LONGEST || !shutdown_wait_input(STDIN_FILENO))
            return NULL;
        buffer_reserve(unread, CHUNK);
        ssize_t n = read(STDIN_FILENO, unread->data + unread->len, CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return unread->len > 0 ? take_line(unread, unread->len) : NULL;
        unread->len += (size_t)n;
        unread->data[unread->len] = '\0';
    }
}

char *init_ask_line(struct init_ask *ask, const char *prompt, bool hidden)
{
    struct termios before, silent;
    if (!ask->terminal)
        return read_line(&ask->unread);
    hidden = hidden && tcgetattr(STDIN_FILENO, &before) == 0;
    if (hidden) {
        silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    printf("%s ", prompt);
    fflush(stdout);
    char *line = read_line(&ask->unread);
    if (hidden) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        printf("\n");
    }
    return line;
}
