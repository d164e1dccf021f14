#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"

int fail(struct error *e, enum exit_status status, const char *format, ...)
{
    char text[4 * sizeof e->text]; /* longer, so that the cut goes through no secret before it is masked */
    if (e == NULL)
        return -1;
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    secret_mask(text);
    for (char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    snprintf(e->text, sizeof e->text, "%.*s", (int)sizeof e->text - 1, text);
    e->status = status;
    return -1;
}

void error_add(struct error *e, const struct error *more)
{
    size_t len = strlen(e->text);
    if (more->status == EXIT_DONE)
        return;
    if (strstr(e->text, more->text) == NULL)
        snprintf(e->text + len, sizeof e->text - len, "%s%s", len > 0 ? "; " : "", more->text);
    e->status = exit_graver(e->status, more->status);
}

static int gravity(enum exit_status status)
{
    static const enum exit_status by_gravity[] = {EXIT_DONE, EXIT_DATA, EXIT_TRY_LATER, EXIT_UNAVAILABLE,
        EXIT_PROTOCOL, EXIT_NOPERM, EXIT_IO, EXIT_CANTCREAT, EXIT_CONFIG, EXIT_USAGE, EXIT_BUG};
    const int count = (int)(sizeof by_gravity / sizeof by_gravity[0]);
    for (int i = 0; i < count; i++)
        if (by_gravity[i] == status)
            return i;
    return count;
}

enum exit_status exit_graver(enum exit_status a, enum exit_status b)
{
    return gravity(a) >= gravity(b) ? a : b;
}
