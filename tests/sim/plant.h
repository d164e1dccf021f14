/*
 * plant: the model of MaintainX, with the whole truth: every work order in every version that it ever had,
 * and from when on each can be seen. The API in front of it (plant_api.c) shows what can be seen.
 */
#ifndef WOSYNC_SIM_PLANT_H
#define WOSYNC_SIM_PLANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dice.h"

#define NEVER INT64_MIN

/* A work order as it was from some change to the next. Dates are milliseconds, NEVER where there is none. */
struct version {
    int64_t updated, created, completed, deleted;
    int64_t visible; /* from this true time on it may be shown, */
    int64_t stable;  /* and from this on nothing older is */
    const char *status, *priority;
    int title, description; /* numbers in the texts; description 0: null */
    bool late;              /* it is stable later than a lookback covers: a poll may miss it */
    char *json;             /* without the last brace: what may follow it is not the work order's own */
    size_t len;
    size_t head, tail; /* the description stands between these places, its name included */
};

struct order {
    int64_t id;
    struct version *versions;
    int count, capacity;
    bool upcoming;       /* it starts in the future: shown to those only that ask for it */
    bool hidden;         /* the list leaves it out, though it is there */
    int64_t unhidden;    /* the true time since which it is not; NEVER: it never was */
    int64_t removed;     /* the true time when it is removed for good; NEVER: it stays */
    int refusals;        /* 404s for its id since it was last seen by it, */
    int most_refusals;   /* and the most of them in a row so far */
    bool half_proved;    /* it had been refused when the token lost sight of everything */
    int64_t last_moment; /* of its newest notification */
    bool bent;           /* a version of it is older than the one before, by their dates */
    int64_t due;         /* since it was cursed: when it must have been asked for again */
};

/* How the server is, for the whole history. Durations in milliseconds. */
struct plant_manner {
    int64_t lookback;      /* as configured */
    int64_t longest_delay; /* that the lookback covers */
    bool flickers;         /* a change may be seen, not seen, and seen again until it is stable */
    int order;             /* of the pages, enum page_order */
    bool frozen_pages;     /* a pass sees all pages as they were when the first was asked for */
    bool thumbnails;       /* signed URLs that differ each time */
    bool refuses_unknown;  /* parameters that it does not know; else it ignores them */
    bool takes_gte, takes_brackets, takes_sort;
    bool says_date;
    int64_t date_ahead; /* of the true time */
    int64_t limit;      /* requests per window; 0: no limit */
    int64_t window;
    bool rounds_down; /* the seconds until the window starts anew */
    bool says_retry_after;
    int status_gone; /* what it says of an old cursor: 400, 404, 410 */
    int people;      /* what it says when asked for users and teams; 200: lists of them */
};

/* So many users are listed, from this id on; they are called `User ID`. The one behind them is unknown,
 * though some work orders are of that one. */
enum { PLANT_FIRST_USER = 2000, PLANT_USERS = 3 };

enum page_order { BY_ID, BY_ID_DOWN, BY_UPDATED, BY_UPDATED_DOWN, BY_CHANCE, PAGE_ORDERS };

struct plant {
    struct plant_manner manner;
    struct order *orders;
    int count, capacity;
    int64_t stepped_back; /* how far its own clock has been set back in all */
    bool was_troubled;    /* answers may have been wrong at some time */
    bool all_hidden;      /* the token sees nothing */
    int trouble;          /* of 100 answers, so many are wrong, */
    int empty;            /* and of 100 lists so many as if there were nothing */
    int64_t others;       /* requests of the window that others take, of 100 */
    int64_t slow;         /* so much longer it takes to answer with a list */
    int64_t cursed;       /* the work order that is never shown when its id is asked for, 0: none */
    bool cursed_pages;    /* and every page fails that holds it */
    bool takes_until;     /* an upper bound of a list is honoured */
    struct dice dice;
};
extern struct plant plant;

void plant_reset(const struct plant_manner *manner, uint64_t seed);

/* What can happen to work orders. */
enum change_kind {
    CHANGE_CREATE,
    CHANGE_EDIT,   /* title, description or priority */
    CHANGE_STATUS, /* to any other */
    CHANGE_COMPLETE,
    CHANGE_REOPEN,
    CHANGE_TOUCH,   /* updatedAt moves, nothing else */
    CHANGE_REWRITE, /* something differs, updatedAt does not move */
    CHANGE_DELETE,  /* deletedAt is set */
    CHANGE_RESTORE,
    CHANGE_REMOVE,   /* it is gone for good */
    CHANGE_HIDE,     /* the list leaves it out, or shows it again */
    CHANGE_LATE,     /* an edit that becomes visible much later than a lookback covers */
    CHANGE_FUTURE,   /* one whose updatedAt lies a year ahead is created */
    CHANGE_UNDO,     /* it is as it was before, its updatedAt included, as after a restore of the server */
    CHANGE_BACK,     /* it is deleted and restored at once, and gone for good after a while: only then the
                      notification of the first deletion comes, and none of the second */
    CHANGE_FLEETING, /* it is completed by two steps, and gone for good within seconds */
    CHANGES
};

/* Makes a change, now; by `seed`, to one that it can happen to. Does nothing when there is none. */
void plant_change(enum change_kind kind, uint64_t seed);

/* Has the list leave it out, or show it again; and all of them, their ids too. */
void plant_hide(struct order *order, bool hide);
void plant_hide_all(bool hide);

/* Plans a change for the true time `at`. Of machine_events: plant_next, plant_happen. */
void plant_plan(int64_t at, enum change_kind kind, uint64_t seed);
int64_t plant_next(void);
void plant_happen(void);

/* The version that the list shows at a true time: its index, -1 for none. When it flickers, chance decides.
 */
int plant_seen(const struct order *order, int64_t now);

/* The same without chance: the last that the list shows at all. */
int plant_newest(const struct order *order, int64_t now);

/* The version that it is, list or not: what is told to whoever asks for its id. */
int plant_truth(const struct order *order, int64_t now);

struct order *plant_order(int64_t id);

/* The time by its clock. */
int64_t plant_server_now(void);

/* Who made it. */
int64_t plant_creator(int64_t order);

/* --- plant_text.c --- */

/* Writes 2026-11-23T10:15:00.000Z; nothing for NEVER. */
void plant_write_date(int64_t ms, char out[32]);

/* Reads such a date; one that is none breaks a rule. */
int64_t plant_read_date(const char *text);

/* The same for a header: Tue, 24 Nov 2026 10:15:00 GMT. */
void plant_write_http_date(int64_t ms, char out[64]);

/* Writes the text of a version: its json, len, head and tail. The json is to be freed. */
void plant_write_version(int64_t order, struct version *v);

/* --- plant_api.c --- */

struct net_request;
struct net_answer;

void plant_answer(const struct net_request *request, struct net_answer *answer);

/* Answers with a status and a text. */
void plant_say(struct net_answer *answer, int status, const char *text);

/* Does it ask for the first page of a poll? Probes do not: those ask for 1970, the far future, or for 50;
 * what is asked for within two bounds is a part of a list; and a sync may sweep, too. */
bool plant_begins_pass(const struct net_request *request);

/* plant_trouble.c: answer wrongly, if chance will have it. Return whether this one is answered. */
bool plant_answer_emptily(const struct net_request *request, struct net_answer *answer);
bool plant_answer_wrongly(struct net_answer *answer);

/* The same, for what is cursed: the work order itself, and a page that holds it. */
bool plant_answer_cursed(const struct order *order, struct net_answer *answer);

/* How much longer than usual an answer takes. */
int64_t plant_delay(const char *url);

/* All cursors are no longer taken from here on. */
void plant_expire_cursors(void);

/* What the API was asked, for the oracle. */
struct plant_log {
    int64_t requests;
    int64_t refused;     /* 429s for lack of tokens */
    int64_t overtaken;   /* when a request arrived last whose run had ended; 0: none did */
    int poller;          /* the number of the run that is a sync, 0: none is; set by the player */
    int64_t pass_began;  /* when the first page of the newest poll was answered */
    int64_t date;        /* what Date it said, NEVER without one */
    bool window_emptied; /* of a pass that reads around a page, one window was; until that pass has ended */
    int64_t emptied;     /* when a list was last answered as if there were nothing, which can be told from no
                           other answer */
};
extern struct plant_log plant_log;

void plant_api_reset(uint64_t seed);

#endif
