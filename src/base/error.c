#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "base/utf8.h"

int fail(struct error *e, int status, const char *format, ...)
{
    char text[4 * sizeof e->text]; /* longer, so that the cut goes through no secret before it is masked */
    if (e == NULL)
        return -1;
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    secret_mask(text);
    utf8_make_line(text);
    snprintf(e->text, sizeof e->text, "%.*s", (int)sizeof e->text - 1, text);
    utf8_replace_bad(e->text); /* cut in a character, perhaps: it is stored and shown as JSON */
    e->status = status;
    return -1;
}

void error_add(struct error *e, const struct error *more)
{
    size_t len = strlen(e->text);
    if (more->status == EX_OK)
        return;
    if (strstr(e->text, more->text) == NULL)
        snprintf(e->text + len, sizeof e->text - len, "%s%s", len > 0 ? "; " : "", more->text);
    utf8_replace_bad(e->text);
    e->status = exit_graver(e->status, more->status);
}

static int gravity(int status)
{
    static const int by_gravity[] = {EX_OK, EX_DATAERR, EX_TEMPFAIL, EX_UNAVAILABLE, EX_PROTOCOL, EX_NOPERM,
        EX_IOERR, EX_CANTCREAT, EX_CONFIG, EX_USAGE, EX_SOFTWARE};
    const int count = (int)(sizeof by_gravity / sizeof by_gravity[0]);
    for (int i = 0; i < count; i++)
        if (by_gravity[i] == status)
            return i;
    return count;
}

int exit_graver(int a, int b)
{
    return gravity(a) >= gravity(b) ? a : b;
}
