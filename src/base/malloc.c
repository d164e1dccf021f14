#include <stdlib.h>

#include "base/memory.h"

/* AddressSanitizer replaces malloc itself; gcc and clang say differently that it is there. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__
#endif
#endif
#if !defined(__SANITIZE_ADDRESS__)

/* glibc's own names for what is replaced here.
 * NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

void *malloc(size_t size)
{
    void *p = __libc_malloc(size);
    if (p == NULL)        /* LCOV_EXCL_BR_LINE: it ends in _exit, which writes down no counts */
        memory_ran_out(); /* LCOV_EXCL_LINE */
    return p;
}

void *calloc(size_t count, size_t size)
{
    void *p = __libc_calloc(count, size);
    if (p == NULL)        /* LCOV_EXCL_BR_LINE: it ends in _exit, which writes down no counts */
        memory_ran_out(); /* LCOV_EXCL_LINE */
    return p;
}

void *realloc(void *old, size_t size)
{
    void *p = __libc_realloc(old, size);
    if (p == NULL && size > 0) /* LCOV_EXCL_BR_LINE: as above */
        memory_ran_out();      /* LCOV_EXCL_LINE */
    return p;
}

#endif
