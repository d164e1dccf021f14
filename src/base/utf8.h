/*
 * utf8: reading UTF-8 (RFC 3629) code point by code point, without trust in the bytes.
 */
#ifndef WOSYNC_BASE_UTF8_H
#define WOSYNC_BASE_UTF8_H

#include <stdint.h>

/* What a byte that belongs to no character is read as: U+FFFD, the replacement character. */
enum { UTF8_BAD = 0xfffd };

/* Reads the character at *text and moves *text behind it; one byte, read as UTF8_BAD, where none begins. At
 * the NUL it returns 0 and stays. */
uint32_t utf8_next(const char **text);

/* Replaces every byte that belongs to no character by `?`, in place: for a text that was cut, or came from
 * outside. */
void utf8_mend(char *text);

#endif
