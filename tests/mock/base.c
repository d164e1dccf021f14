#include "base.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool problem_set(struct problem *p, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(p->text, sizeof(p->text), format, args);
    va_end(args);
    return false;
}

void die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("mock-maintainx: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

void *base_alloc(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size);

    if (memory == NULL)
        die("out of memory");
    return memory;
}

void *base_resize(void *memory, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        die("out of memory");
    memory = realloc(memory, count > 0 ? count * size : 1);
    if (memory == NULL)
        die("out of memory");
    return memory;
}

char *base_copy(const char *text)
{
    char *copy;

    if (text == NULL)
        return NULL;
    copy = strdup(text);
    if (copy == NULL)
        die("out of memory");
    return copy;
}

bool base_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}
