/*
 * config_key: the keys of the configuration, and how the value of each is read. For config.c, and for whoever
 * lists the keys.
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
    CONFIG_TOKEN,  /* the path of a file with a token; the environment holds the token itself */
    CONFIG_SECRETS /* the path of a file with secrets; the environment holds more of them */
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

/* Reads a value into its member. Returns what is wrong with it (perhaps in `reason`), or NULL. A secret that
 * others can read is a line in `warnings`. */
const char *config_value_read(struct config *config, const struct config_key *key, const char *value,
    struct buffer *warnings, char *reason, size_t size);

/* Reads the secret that the environment holds itself, for CONFIG_TOKEN and CONFIG_SECRETS. Otherwise as
 * config_value_read. */
const char *config_value_read_secret(struct config *config, const struct config_key *key, const char *value);

/* What is wrong with the beginning of a path, or NULL: nothing is expanded. */
const char *config_check_path(const char *path);

/* Splits at blanks and line ends. Returns an array that ends with NULL, to be freed with config_free_words.
 */
char **config_split_words(const char *text);
void config_free_words(char **words);

#endif
