/*
 * base: what every file here needs: memory that is there or ends the program, and a text for what went wrong.
 */
#ifndef MOCK_BASE_H
#define MOCK_BASE_H

#include <stdbool.h>
#include <stddef.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Why something was refused, as one sentence for the client. Written only when something is. */
struct problem {
    char text[256];
};

/* Writes the reason into P (cut where it is too long) and returns false, so that a check can `return
 * problem_set()`. */
bool problem_set(struct problem *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints "mock-maintainx: ..." to stderr and exits with status 1. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Zeroed memory for COUNT things of SIZE bytes; never NULL: a mock that is out of memory has nothing left to
 * say. */
void *base_alloc(size_t count, size_t size);

/* MEMORY, which may be NULL, grown or shrunk to COUNT things of SIZE bytes; never NULL, what is new is not
 * zeroed. */
void *base_resize(void *memory, size_t count, size_t size);

/* A copy of TEXT; NULL for NULL. The caller frees it. */
char *base_copy(const char *text);

/* Whether TEXT begins with PREFIX. */
bool base_starts(const char *text, const char *prefix);

#endif
