#include "shrink.h"

#include <string.h>

#include "history.h"
#include "play.h"

/* A history that goes on for hours tells no one anything: so many are tried at the most. */
enum { MOST_TRIES = 400 };

static void leave_out(const struct history *from, int first, int count, struct history *to)
{
    *to = *from;
    to->count = from->count - count;
    memmove(&to->steps[first], &from->steps[first + count],
        (size_t)(from->count - first - count) * sizeof to->steps[0]);
}

void shrink(struct history *history)
{
    struct history shorter;
    int tries = 0;
    for (int size = history->count / 2; size >= 1; size /= 2) {
        for (int first = 0; first + size <= history->count && tries < MOST_TRIES;) {
            leave_out(history, first, size, &shorter);
            tries++;
            if (play(&shorter, false) != NULL)
                *history = shorter;
            else
                first += size;
        }
    }
    for (int orders = 0; orders < history->first_orders && tries < MOST_TRIES; orders++, tries++) {
        shorter = *history;
        shorter.first_orders = orders;
        if (play(&shorter, false) != NULL) {
            *history = shorter;
            break;
        }
    }
}
