/*
 * plant: a MaintainX in the test's own memory, and its time: they take the place of api/http*.c and
 * base/clock.c.
 */
#ifndef WOSYNC_TESTS_PLANT_H
#define WOSYNC_TESTS_PLANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MINUTE = 60000, HOUR = 60 * MINUTE };

extern const int64_t now; /* 2026-01-20T10:00:00Z */
extern int64_t later;     /* than that it is, milliseconds */

struct order {
    int64_t id;
    int64_t minute; /* of updatedAt, from `now` on */
    const char *status;
    bool odd;  /* what it is told as is no work order */
    bool gone; /* from the list, and by its id */
};

/* How a list is asked for is honoured, ignored or refused. */
enum manner { HONOURED, IGNORED, REFUSED, BROKEN /* 500 */ };

extern struct plant_server {
    struct order orders[8];
    size_t count;
    const char *people[16]; /* by id: members that it has besides, with a comma before them; NULL: none */
    int64_t ages[16];       /* by id: of its creation, in minutes before an hour before `now` */
    bool unlisted[16];      /* by id: the list does not show it */
    enum manner gte, brackets, sort;
    int list_status;      /* of every page; 0: as it is */
    int status;           /* of anything else that is asked for; 0: as it is */
    bool repeats;         /* the same cursor on every page */
    int refuses_cursors;  /* so many times */
    int64_t stale;        /* this work order is let through any filter, and shown an hour old; 0: none is */
    int64_t cursed;       /* every page that holds this work order fails, 0: none does; */
    int curse;            /* with this status */
    enum manner lte;      /* of the upper bounds */
    bool ignores_both;    /* with a lower bound that it ignores, it ignores the upper one */
    int fails;            /* the n-th page from here on fails; 0: none */
    void (*before)(void); /* called before each answer */
    int pages;
    struct plant_people {
        int status;           /* what the list answers; 0: 404 */
        const char *pages[3]; /* bodies for it without a cursor, for cursor=1, for cursor=2 */
        int requests;
    } users, teams;
} server;

/* A server that has these work orders (copied), honours everything and fails in nothing. */
void set_orders(const struct order *orders, size_t count);

#endif
