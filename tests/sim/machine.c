#include "machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/shutdown.h"
#include "verdict.h"

/* A process that asks so much of the outside does not end by itself. */
enum { MOST_CALLS = 2000000 };

static struct {
    int64_t now, offset, booted;
    struct process *process;
    bool off;
    struct dice dice;
    uint64_t fingerprint;
    const struct process *holders[LOCK_KINDS]; /* of the locks: there is one store */
} machine;

bool machine_alone;
void (*machine_overlap)(uint64_t seed);
void (*machine_death)(struct process *process);
struct machine_events machine_sources[MACHINE_SOURCES];

void machine_reset(int64_t now, int64_t offset, uint64_t seed)
{
    memset(&machine, 0, sizeof machine);
    machine.now = machine.booted = now;
    machine.offset = offset;
    machine.dice = dice_of(seed, 1);
}

int64_t machine_now(void)
{
    return machine.now;
}

int64_t machine_offset(void)
{
    return machine.offset;
}

void machine_jump(int64_t by)
{
    machine.offset += by;
}

uint64_t machine_digest(void)
{
    return machine.fingerprint;
}

struct dice *machine_dice(void)
{
    return &machine.dice;
}

void machine_advance(int64_t ms)
{
    int64_t end = machine.now + (ms > 0 ? ms : 0);
    while (!machine_alone) {
        int64_t first = INT64_MAX;
        int which = -1;
        for (int i = 0; i < MACHINE_SOURCES; i++) {
            int64_t next = machine_sources[i].next();
            if (next < first) {
                first = next;
                which = i;
            }
        }
        if (which < 0 || first > end)
            break;
        if (first > machine.now)
            machine.now = first;
        machine_sources[which].happen();
    }
    if (machine.now < end)
        machine.now = end;
}

void machine_pass(int64_t ms)
{
    machine.now += ms;
}

void machine_start(struct process *process, const struct trouble *trouble)
{
    *process = (struct process){
        .outer = machine.process, .trouble = *trouble, .deadline = INT64_MAX, .turn = INT64_MAX};
    machine.process = process;
}

void machine_end(struct process *process)
{
    machine.process = process->outer;
}

struct process *machine_process(void)
{
    return machine.process;
}

bool machine_is_locked(enum lock_kind kind)
{
    return machine.holders[kind] != NULL;
}

bool machine_is_off(void)
{
    return machine.off;
}

void machine_boot(void)
{
    machine.off = false;
    machine.booted = machine.now;
}

static enum fate strike(struct process *process)
{
    const struct trouble *trouble = &process->trouble;
    process->struck = true;
    switch (trouble->kind) {
    case TROUBLE_KILL:
        trace("-- killed at call %lld", (long long)process->calls);
        process->dead = process->hurt = true;
        machine_death(process);
        return FATE_DEAD;
    case TROUBLE_POWER:
        trace("-- power lost at call %lld", (long long)process->calls);
        machine.off = true;
        for (struct process *p = process; p != NULL; p = p->outer)
            p->dead = p->hurt = true;
        return FATE_DEAD;
    case TROUBLE_SIGNAL:
        trace("-- SIGTERM");
        process->signalled = true;
        return FATE_GO_ON;
    case TROUBLE_JUMP:
        trace("-- the wall clock jumps by %lld ms", (long long)trouble->amount);
        machine_jump(trouble->amount);
        return FATE_GO_ON;
    case TROUBLE_OVERLAP:
        machine_overlap(trouble->seed);
        return process->dead ? FATE_DEAD : FATE_GO_ON;
    default:
        return FATE_GO_ON;
    }
}

/* Troubles that last from their call on, and the one that is over with it. */
static enum fate disk_trouble(struct process *process, enum call call, bool now)
{
    bool disk = call != CALL_HTTP && call != CALL_WAIT;
    enum fate fate = FATE_GO_ON;
    if (process->trouble.kind == TROUBLE_IO && now && disk)
        fate = FATE_FAIL;
    else if (process->trouble.kind == TROUBLE_BROKEN && process->struck && disk)
        fate = FATE_FAIL;
    else if (process->trouble.kind == TROUBLE_FULL && process->struck && call == CALL_WRITE &&
             (process->trouble.lasts == 0 || process->failed++ < process->trouble.lasts))
        fate = FATE_FULL;
    if (fate != FATE_GO_ON) {
        trace("-- %s at call %lld", fate == FATE_FULL ? "disk full" : "I/O error", (long long)process->calls);
        process->hurt = true;
    }
    return fate;
}

enum fate machine_call(enum call call)
{
    struct process *process = machine.process;
    if (process == NULL)
        return FATE_GO_ON;
    if (process->dead)
        return FATE_DEAD;
    process->calls++;
    machine.fingerprint =
        (machine.fingerprint ^ (uint64_t)machine.now ^ (uint64_t)call) * UINT64_C(0x100000001b3);
    process->writes += call == CALL_WRITE;
    if (process->calls > MOST_CALLS) {
        broken("end", "a run does not end");
        process->dead = process->hurt = true;
        return FATE_DEAD;
    }
    const struct trouble *trouble = &process->trouble;
    bool counted = (!trouble->writes || call == CALL_WRITE) && (!trouble->sent || process->deliveries > 0);
    process->counted += counted;
    bool now = counted && !process->struck && process->counted == trouble->at;
    if (now && trouble->kind != TROUBLE_NONE) {
        enum fate fate = strike(process);
        if (fate != FATE_GO_ON)
            return fate;
    }
    return disk_trouble(process, call, now);
}

/* --- base/clock.c --- */

int64_t clock_now(void)
{
    return machine.now + machine.offset;
}

int64_t clock_monotonic(void)
{
    return machine.now - machine.booted + 1000;
}

void clock_sleep(int64_t microseconds)
{
    machine_call(CALL_WAIT);
    machine_advance((microseconds + 999) / 1000);
}

/* --- base/random.c --- */

uint32_t random_bits(void)
{
    return (uint32_t)dice_bits(&machine.dice);
}

/* --- base/shutdown.c --- */

int shutdown_install(struct error *e)
{
    (void)e;
    return 0;
}

void shutdown_on_report(void (*report)(void *data), void *data)
{
    (void)report;
    (void)data;
}

void shutdown_attend(void)
{
}

void shutdown_set_deadline(int64_t ms)
{
    machine.process->deadline = ms > 0 ? clock_monotonic() + ms : INT64_MAX;
}

void shutdown_set_turn(int64_t ms)
{
    machine.process->turn = ms > 0 ? clock_monotonic() + ms : INT64_MAX;
}

bool shutdown_signalled(void)
{
    return machine.process->signalled || machine.process->dead;
}

bool shutdown_requested(void)
{
    return shutdown_signalled() || shutdown_time_left() == 0;
}

int64_t shutdown_run_left(void)
{
    const int64_t deadline = machine.process->deadline;
    if (deadline == INT64_MAX)
        return INT64_MAX;
    int64_t left = deadline - clock_monotonic();
    return left > 0 ? left : 0;
}

int shutdown_fd(void)
{
    return -1;
}

int64_t shutdown_time_left(void)
{
    const struct process *process = machine.process;
    const int64_t end = process->turn < process->deadline ? process->turn : process->deadline;
    if (end == INT64_MAX)
        return INT64_MAX;
    int64_t left = end - clock_monotonic();
    return left > 0 ? left : 0;
}

void shutdown_pause(int64_t ms)
{
    machine_call(CALL_WAIT);
    machine_advance(ms);
}

bool shutdown_wait_input(int fd)
{
    (void)fd; /* a file of the test's: it can always be read */
    return true;
}

bool shutdown_wait(int64_t ms)
{
    machine_call(CALL_WAIT);
    if (shutdown_requested())
        return false;
    int64_t left = shutdown_time_left();
    machine_advance(ms < left ? ms : left);
    machine_call(CALL_WAIT);
    return !shutdown_requested();
}

/* --- base/lock.c --- */

int lock_open(const char *path, struct error *e)
{
    if (machine_call(CALL_OPEN) != FATE_GO_ON)
        return fail(e, EX_CANTCREAT, "store %s: it cannot be opened", path);
    return 0;
}

bool lock_is_new(int lock)
{
    (void)lock;
    return false; /* a process beside another runs from its beginning to its end: nothing to wait for */
}

int lock_take(int lock, enum lock_kind kind, struct error *e)
{
    (void)lock;
    if (machine.holders[kind] != NULL)
        return fail(e, EX_TEMPFAIL, "another run holds lock %d", (int)kind);
    machine.holders[kind] = machine.process;
    return 0;
}

int lock_count_readers(int lock)
{
    static const enum lock_kind kinds[] = {LOCK_POLL, LOCK_REFETCH, LOCK_BACKFILL, LOCK_SWEEP};
    int count = 0;
    (void)lock;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        count += machine.holders[kinds[i]] != NULL && machine.holders[kinds[i]] != machine.process;
    return count;
}

void lock_release(int lock, enum lock_kind kind)
{
    (void)lock;
    if (machine.holders[kind] == machine.process)
        machine.holders[kind] = NULL;
}

void lock_close(int lock)
{
    for (enum lock_kind kind = 0; lock >= 0 && kind < LOCK_KINDS; kind++)
        lock_release(lock, kind);
}

/* --- base/log.c --- */

void log_configure(enum log_level most, bool json)
{
    (void)most;
    (void)json;
}

void log_on_message(void (*wipe)(void *data), void *data)
{
    (void)wipe;
    (void)data;
}

void log_keep(struct buffer *lines, size_t most)
{
    (void)lines;
    (void)most;
}

void log_message(enum log_level level, const char *format, ...)
{
    static const char *const names[] = {"error", "warning", "info"};
    char text[2048];
    va_list ap;
    if (!tracing())
        return;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    trace("%s: %s", names[level], text);
}
