/*
 * ini: a configuration file as it was written: sections, settings, and the line of each, for error messages.
 * Of several files a later one overrides an earlier one.
 *
 * The grammar: `[SECTION]`, `KEY = VALUE` (or `KEY : VALUE`), and lines that begin with `;` or `#`, which are
 * comments. A line may have any length. A comment has a line of its own: behind a value none begins, and
 * where one seems to, it is a mistake, so that it is neither taken for a part of the value nor a part of the
 * value for a comment.
 */
#ifndef WOSYNC_BASE_INI_H
#define WOSYNC_BASE_INI_H

#include <stddef.h>

#include "base/buffer.h"

struct ini_setting {
    char *key;
    char *value; /* without white space at the ends */
    int line;    /* see ini_place */
};

struct ini_section {
    char *name; /* "" before the first header */
    int line;   /* of its first header or setting */
    struct ini_setting *settings;
    size_t count;
};

/* A file that was read: its lines are numbered from `before` + 1 on. */
struct ini_file {
    char *path;
    int before;
};

struct ini {
    struct ini_section *sections;
    size_t count;
    struct ini_file *files; /* in the order of reading; those that could not be read are missing */
    size_t file_count;
    int lines; /* of all files */
};

/* The largest file. */
enum { INI_LARGEST_FILE = 1 << 20 };

/*
 * Reads the file. A line that begins with white space goes on with the value of the line before, for the keys
 * `when` and `on` alone (elsewhere it is a mistake that would swallow a setting). Appends a line `FILE:LINE:
 * what is wrong` to `problems` for every mistake and goes on; returns 0, or -1 when it added one. `out` is to
 * be freed with ini_free in either case.
 */
int ini_read(const char *path, struct ini *out, struct buffer *problems);

/* Reads another file and lays it over what was read before: a key that it sets in a section takes the place
 * of all settings of that key there. Otherwise as ini_read. */
int ini_read_over(const char *path, struct ini *ini, struct buffer *problems);

/* Appends `FILE:LINE` of a setting's or a section's line: lines are numbered through all files. */
void ini_place(const struct ini *ini, int line, struct buffer *out);

/* True when both lines are of the same file. */
int ini_same_file(const struct ini *ini, int line, int other);

/* The section of that name, or NULL. */
const struct ini_section *ini_section(const struct ini *ini, const char *name);

/* The first setting of that key, or NULL. */
const struct ini_setting *ini_setting(const struct ini_section *section, const char *key);

/* Frees what the struct owns and zeroes it. */
void ini_free(struct ini *ini);

#endif
