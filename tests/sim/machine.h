/*
 * machine: the computer that wosync runs on, simulated: its clocks, its processes, and what befalls them. One
 * machine in a test process; machine_reset makes a new one. It takes the place of base/clock.c,
 * base/random.c, base/shutdown.c, base/lock.c and base/log.c.
 *
 * Time stands still but when someone waits (or a disk or a network takes its time). Everything that a process
 * asks of the outside goes through machine_call, which counts the calls and says what becomes of this one. A
 * killed process cannot simply vanish, for its memory would leak: every further call of it fails and changes
 * nothing, so that it unwinds through its own error paths, and only then the machine goes on.
 */
#ifndef WOSYNC_SIM_MACHINE_H
#define WOSYNC_SIM_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/lock.h"
#include "dice.h"

enum call { CALL_READ, CALL_WRITE, CALL_LOCK, CALL_OPEN, CALL_HTTP, CALL_WAIT };

enum fate {
    FATE_GO_ON,
    FATE_FAIL, /* an I/O error */
    FATE_FULL, /* the disk is full (writes only) */
    FATE_DEAD  /* the process is dead: fail, and change nothing */
};

/* What can befall a process at its n-th call. */
enum trouble_kind {
    TROUBLE_NONE,
    TROUBLE_KILL,    /* kill -9 */
    TROUBLE_POWER,   /* the machine loses power */
    TROUBLE_IO,      /* one disk call fails */
    TROUBLE_BROKEN,  /* from here on every disk call fails, until the process ends */
    TROUBLE_FULL,    /* from here on every write finds the disk full */
    TROUBLE_SIGNAL,  /* SIGTERM */
    TROUBLE_JUMP,    /* the wall clock jumps */
    TROUBLE_OVERLAP, /* another process runs, from its beginning to its end */
    TROUBLES
};

struct trouble {
    enum trouble_kind kind;
    int64_t at;     /* the call, from 1 */
    bool writes;    /* count writes to the disk only, not all calls, */
    bool sent;      /* and none before a receiver was sent something */
    int64_t lasts;  /* of a full disk: after so many writes it has room again; 0: it has none */
    int64_t amount; /* of a jump, milliseconds */
    uint64_t seed;  /* of what runs besides */
};

/* A process, from its start to its end. */
struct process {
    struct process *outer; /* the one that it runs inside of, by TROUBLE_OVERLAP */
    struct trouble trouble;
    int64_t calls, writes;              /* so far, */
    int64_t counted;                    /* and those that the trouble counts */
    int64_t failed;                     /* writes that found the disk full */
    int64_t deadline;                   /* of shutdown_set_deadline, monotonic, */
    int64_t turn;                       /* and of shutdown_set_turn */
    int64_t lists, singles, deliveries; /* requests that it sent: for the list, for one by id, to receivers */
    int64_t first_list, last_list;      /* when it asked for the list */
    bool signalled;
    bool dead;
    bool hurt;    /* a trouble that may leave work undone came true */
    bool struck;  /* the trouble came true */
    void *frozen; /* the disk's own: what a dead process must not change any more */
};

/* Makes a new machine at the instant `now` (milliseconds since 1970, the true time), its wall clock `offset`
 * ahead of it. */
void machine_reset(int64_t now, int64_t offset, uint64_t seed);

/* The true time. */
int64_t machine_now(void);

/* How far the wall clock is ahead of the true time; and moves it. */
int64_t machine_offset(void);
void machine_jump(int64_t by);

/* Lets time go by: requests arrive, what is planned happens. */
void machine_advance(int64_t ms);

/* While it is set, time passes and nothing else happens in it. */
extern bool machine_alone;

/* Lets time go by, and what is planned wait for the next chance to happen. */
void machine_pass(int64_t ms);

/* Starts a process, inside of the one that runs, and ends it. */
void machine_start(struct process *process, const struct trouble *trouble);
void machine_end(struct process *process);

/* The process at work, NULL without one. */
struct process *machine_process(void);

/* Does a process hold the lock of a kind of work? */
bool machine_is_locked(enum lock_kind kind);

/* True when the power is gone; machine_boot brings it back. */
bool machine_is_off(void);
void machine_boot(void);

/* Counts a call of the process at work and says what becomes of it. */
enum fate machine_call(enum call call);

/* A number that every call of every process has gone into, with its time: the same for the same life. */
uint64_t machine_digest(void);

/* Random numbers for what the machine itself decides. */
struct dice *machine_dice(void);

/* What runs besides, at TROUBLE_OVERLAP: set by the player. */
extern void (*machine_overlap)(uint64_t seed);

/* Called when a process is killed. Set by the disk. */
extern void (*machine_death)(struct process *process);

/* What happens by itself at an instant: when the next such thing happens (INT64_MAX: never), and does it. Set
 * by the network and by the plant. */
struct machine_events {
    int64_t (*next)(void);
    void (*happen)(void);
};
enum { MACHINE_SOURCES = 3 };
extern struct machine_events machine_sources[MACHINE_SOURCES];

#endif
