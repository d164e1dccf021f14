/*
 * spacing: JSON with spaces, as many servers write it.
 */
#ifndef MOCK_SPACING_H
#define MOCK_SPACING_H

#include "buffer.h"

/* Puts a space behind each comma and colon outside of texts. BODY need not be valid JSON. */
void spacing_add(struct buffer *body);

#endif
