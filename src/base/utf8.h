/*
 * utf8: reading UTF-8 (RFC 3629) code point by code point, without trust in the bytes.
 */
#ifndef WOSYNC_BASE_UTF8_H
#define WOSYNC_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a byte that belongs to no character is read as: U+FFFD, the replacement character. */
enum { UTF8_BAD = 0xfffd };

/* The length in bytes of the character that begins at `bytes`, 0 where none does, or where `len` bytes do not
 * hold all of it. Overlong forms, surrogates and what lies beyond U+10FFFF are no characters. */
size_t utf8_length(const char *bytes, size_t len);

/* Are all of `len` bytes characters? */
bool utf8_is_valid(const char *bytes, size_t len);

/* Writes the character `code` (at most U+10FFFF) to `out`, without a NUL. Returns its length in bytes. */
size_t utf8_write(uint32_t code, char out[4]);

/* Reads the character at *text and moves *text behind it; one byte, read as UTF8_BAD, where none begins. At
 * the NUL it returns 0 and stays. */
uint32_t utf8_next(const char **text);

/* Replaces every byte that belongs to no character by `?`, in place: for a text that was cut, or came from
 * outside. */
void utf8_replace_bad(char *text);

/* Makes a text fit to be printed in a line, in place: the same, and control characters, those of one byte and
 * U+0080 to U+009F. */
void utf8_make_line(char *text);

#endif
