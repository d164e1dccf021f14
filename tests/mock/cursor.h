/*
 * cursor: page cursors: opaque to clients, and all that the server needs to go on, so that it keeps no state
 * for them.
 */
#ifndef MOCK_CURSOR_H
#define MOCK_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "page.h"

enum { CURSOR_LENGTH = 160 }; /* room for the longest, with its NUL */

struct cursor {
    struct page_order order;
    struct position last; /* of the page before */
    int64_t issued;       /* ms since 1970, by the machine's clock */
};

/* Writes the cursor as text that needs no escaping, neither in JSON nor in a URL. */
void cursor_write(const struct cursor *c, char out[CURSOR_LENGTH]);

/* Reads what cursor_write() wrote; false if it is anything else. */
bool cursor_read(struct cursor *c, const char *text);

#endif
