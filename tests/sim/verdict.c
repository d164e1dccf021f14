#include "verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "machine.h"

static char text[4096];
static bool wanted;

void verdict_reset(bool want_trace)
{
    text[0] = '\0';
    wanted = want_trace;
}

void broken(const char *rule, const char *format, ...)
{
    char what[3072];
    va_list ap;
    va_start(ap, format);
    vsnprintf(what, sizeof what, format, ap);
    va_end(ap);
    trace("!! %s: %s", rule, what);
    if (text[0] == '\0')
        snprintf(text, sizeof text, "%s: %s", rule, what);
}

const char *verdict(void)
{
    return text[0] != '\0' ? text : NULL;
}

bool tracing(void)
{
    return wanted;
}

void trace(const char *format, ...)
{
    va_list ap;
    if (!wanted)
        return;
    int64_t now = machine_now();
    const struct process *process = machine_process();
    int64_t second = now / 1000;
    fprintf(stderr, "%5lld:%02lld:%02lld.%03lld %s", (long long)(second / 3600 % 100000),
        (long long)(second / 60 % 60), (long long)(second % 60), (long long)(now % 1000),
        process == NULL          ? ""
        : process->outer == NULL ? "  "
                                 : "      ");
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
}
