/*
 * support: what the unit tests share. It stands before every other header in a test.
 */
#ifndef WOSYNC_TESTS_SUPPORT_H
#define WOSYNC_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* base/error.h has a function of that name */
#undef fail

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* Ends the test unless `condition` holds; the rest is a printf-formatted text that says which row it was. */
#define check(condition, ...)                                                                                \
    ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition, __VA_ARGS__))
__attribute__((format(printf, 4, 5))) void check_failed(
    const char *file, int line, const char *condition, const char *format, ...);

/* Ends the test unless the texts are equal; NULL equals NULL only. */
#define check_text(actual, expected) check_texts(__FILE__, __LINE__, actual, expected)
void check_texts(const char *file, int line, const char *actual, const char *expected);

/* Milliseconds of a date such as 2026-01-20T10:00:00Z, which must be one; "" is TIMESTAMP_NONE. */
int64_t instant(const char *text);

/* For cmocka's setup and teardown: a directory of its own for each test (*state is its path), and its end. */
int directory_setup(void **state);
int directory_teardown(void **state);

/* DIRECTORY/NAME; the text is good until the eighth call after this one. */
const char *path_in(const char *directory, const char *name);

/* Writes `len` bytes into a new file of that mode. */
void write_file(const char *path, const void *bytes, size_t len, unsigned mode);
void write_text(const char *path, const char *text);

/* Reads a file whole, with a NUL behind it; NULL when there is none. To be freed. */
char *read_text(const char *path, size_t *len);

/* Runs `body` in a process of its own, for what cannot be undone in this one. Returns its status, as waitpid.
 */
int run_in_child(void (*body)(void *data), void *data);

/* Takes everything that the program reads out of the environment; HOME becomes a directory that does not
 * exist. */
void clear_environment(void);

/* Random bits that are the same in every run (xorshift64*); *seed must not be 0. */
uint32_t next_random(uint64_t *seed);

#endif
