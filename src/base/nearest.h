/*
 * nearest: the word that somebody meant.
 */
#ifndef WOSYNC_BASE_NEAREST_H
#define WOSYNC_BASE_NEAREST_H

#include <stddef.h>

/* The word of `known` that is `word` in another case, or else the one that is the fewest edits away (letters
 * added, removed, replaced or swapped with their neighbour), two at the most and fewer for short words. NULL
 * when none is that near. */
const char *nearest_word(const char *word, const char *const *known, size_t count);

#endif
