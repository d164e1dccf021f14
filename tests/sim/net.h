/*
 * net: the network between the machine and the others, simulated. It takes the place of api/http*.c: a
 * request takes its time, arrives at the plant (MaintainX) or at a receiver, or does not; the answer comes,
 * breaks off, or is lost. What is under way when a process dies arrives all the same.
 */
#ifndef WOSYNC_SIM_NET_H
#define WOSYNC_SIM_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Where MaintainX is, and where the receivers are (the name follows). */
#define NET_PLANT     "http://127.0.0.1:1"
#define NET_RECEIVERS "http://127.0.0.1:2/"

/* A request as it arrives. */
struct net_request {
    char *url;
    char **headers; /* ends with NULL */
    char *body;
    size_t body_len;
    int64_t sent;      /* the wall clock when it was sent, */
    int64_t true_sent; /* and the true time */
    int run;           /* the run that sent it */
    bool orphan;       /* its process died while it was under way */
    bool answer_comes; /* false: it will be lost on its way back, or no one waits for it */
};

enum { NET_HEADERS = 8 };

struct net_answer {
    int status;
    struct buffer body;
    bool truncated; /* it breaks off */
    struct net_header {
        char name[32];
        char value[64];
    } headers[NET_HEADERS];
};

/* Adds a header to an answer. */
void net_header(struct net_answer *answer, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A header of a request by name (`Name: value`), NULL where it is absent. */
const char *net_request_header(const struct net_request *request, const char *name);

/* How bad the connection to the plant or to the receivers is from here on: in so many of 100 requests
 * something goes wrong. */
enum net_side { NET_TO_PLANT, NET_TO_RECEIVERS, NET_SIDES };
void net_weather(enum net_side side, int percent);

/* For a new machine. `latency`: the longest that a request or an answer takes in good weather,
 * milliseconds. */
void net_reset(uint64_t seed, int64_t latency);

/* Of machine_events. */
int64_t net_next(void);
void net_happen(void);

#endif
