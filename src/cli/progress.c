#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "core/event.h"
#include "store/runs.h"

/* Work that ends sooner shows no bar. */
enum { PATIENCE_MS = 500 };

enum { REDRAW_MS = 100, USUAL_WIDTH = 80, LONGEST = 400 };

/* Columns of the bar itself. */
enum { SHORTEST_BAR = 8, LONGEST_BAR = 30 };

static int width_of_terminal(void)
{
    struct winsize size = {0};
    ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
    if (size.ws_col == 0)
        return USUAL_WIDTH;
    return size.ws_col > LONGEST ? LONGEST : size.ws_col;
}

/* Records read in all, by this run and those before it. */
static int64_t records_read(const struct progress *p)
{
    return p->before + p->run->records;
}

/* The share that is done in percent, -1 when it is not known; the list may hold more than was expected. */
static int share_done(const struct progress *p)
{
    if (p->expected <= 0)
        return -1;
    int64_t share = records_read(p) * 100 / p->expected;
    return share > 99 ? 99 : (int)share;
}

/* In words; in few letters where there is little room. */
static void write_facts(const struct progress *p, bool brief, char *out, size_t size)
{
    int64_t events = 0, elapsed = clock_monotonic() - p->began + 1;
    char left[TIMESTAMP_SIZE] = "";
    for (int type = 0; type < EVENT_TYPES; type++)
        events += p->run->events[type];
    int64_t rate = p->run->requests * 60000 / elapsed;
    if (p->expected > records_read(p) && p->run->records > 0) {
        int64_t ms = (p->expected - records_read(p)) * elapsed / p->run->records;
        duration_format((ms / 1000 + 1) * 1000, left); /* nobody waits for milliseconds */
    }
    int n;
    if (brief)
        n = snprintf(out, size, "%lld rec, %lld ev, %lld req, %lld/min", (long long)records_read(p),
            (long long)events, (long long)p->run->requests, (long long)rate);
    else
        n = snprintf(out, size, "%lld record%s, %lld event%s, %lld request%s (%lld a minute)",
            (long long)records_read(p), records_read(p) == 1 ? "" : "s", (long long)events,
            events == 1 ? "" : "s", (long long)p->run->requests, p->run->requests == 1 ? "" : "s",
            (long long)rate);
    if (*left != '\0')
        snprintf(out + n, size - (size_t)n, brief ? ", %s left" : ", left: %s", left);
}

static void wipe(void *data)
{
    struct progress *p = data;
    if (p->drawn != 0)
        fputs("\r\033[K", stderr);
    p->drawn = 0;
}

static void report(void *data)
{
    const struct progress *p = data;
    char facts[256], share[16] = "";
    wipe(data);
    write_facts(p, false, facts, sizeof facts);
    if (share_done(p) >= 0)
        snprintf(share, sizeof share, "%d %%, ", share_done(p));
    fprintf(stderr, "wosync: %s: %s%s\n", p->what, share, facts);
}

void progress_begin(struct progress *p)
{
    p->on_terminal = isatty(STDERR_FILENO) == 1;
    p->began = clock_monotonic();
    p->drawn = 0;
    shutdown_on_report(report, p);
    log_on_message(wipe, p);
}

void progress_draw(struct progress *p)
{
    char facts[256], line[LONGEST + 1];
    int64_t now = clock_monotonic();
    shutdown_attend();
    if (!p->on_terminal || now - p->began < PATIENCE_MS || (p->drawn != 0 && now - p->drawn < REDRAW_MS))
        return;
    int width = width_of_terminal() - 1, share = share_done(p);
    int n = share >= 0 ? snprintf(line, sizeof line, "%s %3d %% ", p->what, share)
                       : snprintf(line, sizeof line, "%s ", p->what);
    const int around = n + 3; /* brackets and a space */
    write_facts(p, false, facts, sizeof facts);
    if (width - around - (int)strlen(facts) < (share >= 0 ? SHORTEST_BAR : 0))
        write_facts(p, true, facts, sizeof facts);
    int bar = width - around - (int)strlen(facts);
    if (share >= 0 && bar >= SHORTEST_BAR) {
        bar = bar > LONGEST_BAR ? LONGEST_BAR : bar;
        line[n++] = '[';
        for (int i = 0; i < bar; i++)
            line[n++] = i < bar * share / 100 ? '#' : '.';
        line[n++] = ']';
        line[n++] = ' ';
    }
    snprintf(line + n, sizeof line - (size_t)n, "%s", facts);
    fprintf(stderr, "\r%.*s\033[K", width, line);
    fflush(stderr);
    p->drawn = now;
}

void progress_end(struct progress *p)
{
    shutdown_on_report(NULL, NULL);
    log_on_message(NULL, NULL);
    wipe(p);
}
