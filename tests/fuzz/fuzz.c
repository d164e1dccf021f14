#include "fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void must_failed(const char *file, int line, const char *condition, const char *format, ...)
{
    va_list ap;
    fprintf(stderr, "%s:%d: it must hold that %s: ", file, line, condition);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    abort();
}

char *copy_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    must(text != NULL, "out of memory");
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

size_t second_part(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size > 0 ? memchr(data, 0, size) : NULL;
    return nul != NULL ? (size_t)(nul - data) + 1 : size;
}
