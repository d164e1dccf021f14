/*
 * fuzz: what the fuzz targets share. A target is one file fuzz_NAME.c with LLVMFuzzerTestOneInput, which ends
 * the process when something does not hold.
 */
#ifndef WOSYNC_TESTS_FUZZ_H
#define WOSYNC_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What libFuzzer calls with every input. Returns 0; -1 keeps the input out of the corpus. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process, after printing the rest (printf-formatted), unless `condition` holds. */
#define must(condition, ...)                                                                                 \
    ((condition) ? (void)0 : must_failed(__FILE__, __LINE__, #condition, __VA_ARGS__))
__attribute__((format(printf, 4, 5), noreturn)) void must_failed(
    const char *file, int line, const char *condition, const char *format, ...);

/* A copy of `size` bytes with a NUL behind them and not one byte more, so that reading too far is seen. To be
 * freed. */
char *copy_text(const uint8_t *data, size_t size);

/* Where the second part of an input begins: behind its first NUL, or at its end. */
size_t second_part(const uint8_t *data, size_t size);

#endif
