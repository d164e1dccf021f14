/*
 * words: the vocabulary of the generated work orders. Every text is JSON already: what needs escaping is
 * escaped here.
 */
#ifndef MOCK_WORDS_H
#define MOCK_WORDS_H

#include <stddef.h>

struct word {
    const char *text;
    size_t len;
};

/* What is done, as in "Replace bearing on conveyor 4". */
struct words_job {
    struct word title;
    struct word category;
    struct word detail; /* first sentence of the description */
    struct word type;   /* the API's type of a work order */
};

/* What it is done on. */
struct words_machine {
    struct word name;  /* inside a sentence */
    struct word label; /* as the name of an asset */
    struct word about;
    struct word serial; /* how serial numbers begin */
};

enum { WORDS_JOBS = 32, WORDS_MACHINES = 20, WORDS_LOCATIONS = 10, WORDS_REMARKS = 12, WORDS_CONDITIONS = 6 };

extern const struct words_job words_jobs[WORDS_JOBS];
extern const struct words_machine words_machines[WORDS_MACHINES];
extern const struct word words_locations[WORDS_LOCATIONS];
extern const struct word words_remarks[WORDS_REMARKS];       /* second sentence of the description */
extern const struct word words_conditions[WORDS_CONDITIONS]; /* value of a custom field */

#endif
