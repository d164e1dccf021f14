#include "sources/cursors.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/fingerprint.h"

/* A pass over a million work orders has five thousand pages: a plain array is small and quick enough. */
struct cursors {
    unsigned char (*seen)[FINGERPRINT_SIZE];
    size_t count;
    size_t capacity;
};

struct cursors *cursors_new(void)
{
    return calloc(1, sizeof(struct cursors));
}

bool cursors_add(struct cursors *cursors, const char *cursor)
{
    unsigned char fingerprint[FINGERPRINT_SIZE];
    fingerprint_of(cursor, strlen(cursor), fingerprint);
    for (size_t i = 0; i < cursors->count; i++)
        if (memcmp(cursors->seen[i], fingerprint, FINGERPRINT_SIZE) == 0)
            return true;
    if (cursors->count == cursors->capacity) {
        cursors->capacity = cursors->capacity == 0 ? 64 : cursors->capacity * 2;
        cursors->seen = realloc(cursors->seen, cursors->capacity * FINGERPRINT_SIZE);
    }
    memcpy(cursors->seen[cursors->count++], fingerprint, FINGERPRINT_SIZE);
    return false;
}

void cursors_clear(struct cursors *cursors)
{
    cursors->count = 0;
}

void cursors_free(struct cursors *cursors)
{
    free(cursors->seen);
    free(cursors);
}
