#include "shrink.h"

#include <stdbool.h>
#include <stdio.h>
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

/* Does it still break the rule that `rule` names? Another one would be another story. */
static bool breaks(const struct history *history, const char *rule)
{
    const char *verdict = play(history, false);
    return verdict != NULL && strncmp(verdict, rule, strlen(rule)) == 0;
}

void shrink(struct history *history)
{
    struct history shorter;
    char rule[16] = "";
    int tries = 0;
    const char *verdict = play(history, false);
    if (verdict == NULL)
        return;
    snprintf(rule, sizeof rule, "%.*s", (int)strcspn(verdict, ":"), verdict);
    for (int size = history->count / 2; size >= 1; size /= 2) {
        for (int first = 0; first + size <= history->count && tries < MOST_TRIES;) {
            leave_out(history, first, size, &shorter);
            tries++;
            if (breaks(&shorter, rule))
                *history = shorter;
            else
                first += size;
        }
    }
    for (int orders = 0; orders < history->first_orders && tries < MOST_TRIES; orders++, tries++) {
        shorter = *history;
        shorter.first_orders = orders;
        if (breaks(&shorter, rule)) {
            *history = shorter;
            break;
        }
    }
}
