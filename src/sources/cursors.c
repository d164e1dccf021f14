#include "sources/cursors.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/digest.h"

/* A pass over a million work orders has five thousand pages: a plain array is small and quick enough. */
struct cursors {
    struct digest *digest;
    unsigned char (*seen)[DIGEST_SIZE];
    size_t count;
    size_t capacity;
};

struct cursors *cursors_new(void)
{
    struct cursors *cursors = calloc(1, sizeof *cursors);
    if (cursors == NULL)
        return NULL;
    cursors->digest = digest_new();
    if (cursors->digest != NULL)
        return cursors;
    free(cursors);
    return NULL;
}

int cursors_add(struct cursors *cursors, const char *cursor)
{
    unsigned char digest[DIGEST_SIZE];
    if (digest_of(cursors->digest, cursor, strlen(cursor), digest) != 0)
        return -1;
    for (size_t i = 0; i < cursors->count; i++)
        if (memcmp(cursors->seen[i], digest, DIGEST_SIZE) == 0)
            return 1;
    if (cursors->count == cursors->capacity) {
        size_t capacity = cursors->capacity == 0 ? 64 : cursors->capacity * 2;
        void *more = realloc(cursors->seen, capacity * DIGEST_SIZE);
        if (more == NULL)
            return -1;
        cursors->seen = more;
        cursors->capacity = capacity;
    }
    memcpy(cursors->seen[cursors->count++], digest, DIGEST_SIZE);
    return 0;
}

void cursors_clear(struct cursors *cursors)
{
    cursors->count = 0;
}

void cursors_free(struct cursors *cursors)
{
    if (cursors == NULL)
        return;
    digest_free(cursors->digest);
    free(cursors->seen);
    free(cursors);
}
