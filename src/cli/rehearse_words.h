/*
 * rehearse_words: what a rehearsal found, for people.
 */
#ifndef WOSYNC_CLI_REHEARSE_WORDS_H
#define WOSYNC_CLI_REHEARSE_WORDS_H

#include <stdint.h>

#include "deliver/rehearse.h"

/* What was asked for. Everything is borrowed. */
struct rehearse_words {
    const struct handler *handler;
    int64_t since;
    const char *diff; /* the configuration that was compared with; NULL: none */
    const char *out;  /* where files were written; NULL: none were */
    int64_t files;
};

/* Prints it on stdout: a line for each day with messages, the sum, the differences, where the handler stands.
 */
void rehearse_print(const struct rehearse_words *words, const struct rehearse_result *result);

#endif
