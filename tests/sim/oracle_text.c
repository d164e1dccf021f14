/* Which version of a work order a text is of. */
#include <stdio.h>
#include <string.h>

#include "oracle_parts.h"

/* Reads `,"description":"note 7"`, or null, or nothing, at `text`. Returns what stands behind it. */
static const char *read_description(const char *text, int *description)
{
    int length = 0;
    *description = ABSENT;
    if (sscanf(text, ",\"description\":\"note %d\"%n", description, &length) == 1 && length > 0)
        return text + length;
    static const char null[] = ",\"description\":null";
    if (strncmp(text, null, sizeof null - 1) != 0)
        return text;
    *description = 0;
    return text + sizeof null - 1;
}

/* Where the work order's own text ends in one that begins like this version's: behind it stands what is no
 * part of it. NULL when it is another. */
const char *oracle_behind(const struct version *v, const char *text, int *description)
{
    static const char thumbnail[] = ",\"thumbnail\":\"";
    if (strncmp(text, v->json, v->head) != 0)
        return NULL;
    const char *rest = read_description(text + v->head, description);
    if (strncmp(rest, v->json + v->tail, v->len - v->tail) != 0)
        return NULL;
    rest += v->len - v->tail;
    /* a webhook may bring what a snapshot did not have yet: it comes last */
    if (*description == ABSENT)
        rest = read_description(rest, description);
    if (strncmp(rest, thumbnail, sizeof thumbnail - 1) == 0)
        rest = strchr(rest + sizeof thumbnail - 1, '"') + 1;
    if (*description == ABSENT)
        rest = read_description(rest, description);
    return *rest == ',' || *rest == '}' ? rest : NULL;
}

/* The newest version with that text, -1 when there is none. */
int oracle_version_of(const struct order *order, const char *text, int *description, const char **rest)
{
    for (int i = order->count - 1; i >= 0; i--)
        if ((*rest = oracle_behind(&order->versions[i], text, description)) != NULL)
            return i;
    return -1;
}

/* The newest that looks like this one. */
int oracle_newest_like(const struct order *order, int version)
{
    for (int i = order->count - 1; i > version; i--)
        if (strcmp(order->versions[i].json, order->versions[version].json) == 0)
            return i;
    return version;
}
