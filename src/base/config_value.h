/*
 * config_value: how the value of each kind of key is read.
 */
#ifndef WOSYNC_BASE_CONFIG_VALUE_H
#define WOSYNC_BASE_CONFIG_VALUE_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/config_key.h"

/* Reads a value into its member. Returns what is wrong with it (perhaps in `reason`), or NULL. A secret that
 * others can read is a line in `warnings`. */
const char *config_value_read(struct config *config, const struct config_key *key, const char *value,
    struct buffer *warnings, char *reason, size_t size);

/* Reads the secret that the environment holds itself, for CONFIG_TOKEN and CONFIG_SECRETS. Otherwise as
 * config_value_read. */
const char *config_value_read_secret(struct config *config, const struct config_key *key, const char *value);

/* What is wrong with the beginning of a path, or NULL: nothing is expanded. */
const char *config_check_path(const char *path);

/* Why a library could not read the file, or NULL: it is missing, forbidden, or not a regular file. One that is a
 * FIFO would keep us waiting for ever. */
const char *config_check_file(const char *path);

/* Splits at blanks and line ends. Returns an array that ends with NULL, to be freed with config_free_words.
 */
char **config_split_words(const char *text);
void config_free_words(char **words);

#endif
