/*
 * ini: a configuration file as it was written: sections, settings, and the line of each, for error messages.
 * The reading itself is inih's.
 */
#ifndef WOSYNC_BASE_INI_H
#define WOSYNC_BASE_INI_H

#include <stddef.h>

#include "base/buffer.h"

struct ini_setting {
    char *key;
    char *value; /* without white space at the ends and without a comment behind ` ;` */
    int line;
};

struct ini_section {
    char *name; /* "" before the first header */
    int line;   /* of its first setting */
    struct ini_setting *settings;
    size_t count;
};

struct ini {
    struct ini_section *sections;
    size_t count;
};

/* Longest line in bytes, inih's limit; longer values go on in a next line that begins with a space. */
enum { INI_LONGEST_LINE = 197 };

/*
 * Reads the file. A line that begins with white space goes on with the value of the line before, for the keys
 * `when` and `on` alone (elsewhere it is a mistake that would swallow a setting). Appends a line `FILE:LINE:
 * what is wrong` to `problems` for every mistake and goes on; returns 0, or -1 when it added one. `out` is to
 * be freed with ini_free in either case.
 */
int ini_read(const char *path, struct ini *out, struct buffer *problems);

/* The section of that name, or NULL. */
const struct ini_section *ini_section(const struct ini *ini, const char *name);

/* The first setting of that key, or NULL. */
const struct ini_setting *ini_setting(const struct ini_section *section, const char *key);

/* Frees what the struct owns and zeroes it. */
void ini_free(struct ini *ini);

#endif
