/*
 * people: the users and teams of the account, as `GET /users` and `GET /teams` list them, page by page.
 */
#ifndef WOSYNC_API_PEOPLE_H
#define WOSYNC_API_PEOPLE_H

#include <stddef.h>
#include <stdint.h>

#include "api/client.h"
#include "base/error.h"

/* Bytes of the longest name and address that are kept, with the NUL; longer ones are cut. */
enum { PERSON_TEXT_SIZE = 256 };

/* A user or team as it is listed: on one line, without control characters. */
struct person {
    int64_t id;
    char name[PERSON_TEXT_SIZE];  /* of a user: first and last name, else the address; never "" */
    char email[PERSON_TEXT_SIZE]; /* "" where there is none */
};

/* One page. To be freed with people_page_free. */
struct people_page {
    struct person *list;
    size_t count;
    char *next_cursor; /* NULL on the last page */
};

/*
 * Asks for one page of `list`, "users" or "teams", and spends at most `timeout` milliseconds on it: names are
 * worth one try, and never a wait for the rate limit. `cursor` NULL: the first page. Entries without an id or
 * any name are left out.
 *
 * API_OK fills *out. Otherwise as client_request with `optional`.
 */
enum api_status maintainx_people(struct client *api, const char *list, const char *cursor, int64_t timeout,
    struct people_page *out, struct error *e);

/* Frees what a page owns and zeroes it. */
void people_page_free(struct people_page *page);

#endif
