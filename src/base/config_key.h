/*
 * config_key: the keys of the configuration: for config.c, and for whoever lists them.
 */
#ifndef WOSYNC_BASE_CONFIG_KEY_H
#define WOSYNC_BASE_CONFIG_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "base/config.h"

/* How a value is read. */
enum config_kind {
    CONFIG_TEXT,
    CONFIG_PATH,     /* of a file that may be missing */
    CONFIG_READABLE, /* the path of a file that can be read */
    CONFIG_NUMBER,
    CONFIG_DURATION,
    CONFIG_WORDS,
    CONFIG_FILTER,
    CONFIG_FROM, /* an instant: `start` */
    CONFIG_SHARE,
    CONFIG_YES_NO,
    CONFIG_URL,
    CONFIG_WINDOWS,
    CONFIG_TOKEN,      /* the path of a file with a token; the environment holds the token itself */
    CONFIG_SECRETS,    /* the path of a file with secrets; the environment holds more of them */
    CONFIG_SECRET_URL, /* an address that is a secret itself */
    CONFIG_ACCOUNT     /* a text; the default is made from the configuration's name */
};

struct config_key {
    const char *section;
    const char *name;
    enum config_kind kind;
    size_t offset;           /* of the member it fills */
    const char *fallback;    /* the default; NULL: none */
    const char *environment; /* the variable that comes before the file; NULL: none */
    int64_t least;           /* for numbers and durations */
    int64_t most;
};

/* No section has more keys. */
enum { CONFIG_MOST_KEYS = 64 };

extern const struct config_key config_keys[];
extern const size_t config_key_count;

/* The variable's value; NULL where it is not set or empty, and for no name. */
const char *config_variable(const char *name);

#endif
