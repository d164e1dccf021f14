#include "support.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/timestamp.h"

void check_failed(const char *file, int line, const char *condition, const char *format, ...)
{
    char text[2048];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    print_error("%s: not so: %s\n", text, condition);
    _fail(file, line);
}

void check_texts(const char *file, int line, const char *actual, const char *expected)
{
    if (actual == expected || (actual != NULL && expected != NULL && strcmp(actual, expected) == 0))
        return;
    print_error("is:\n%s\nshould be:\n%s\n", actual != NULL ? actual : "(none)",
        expected != NULL ? expected : "(none)");
    _fail(file, line);
}

int64_t instant(const char *text)
{
    int64_t ms = TIMESTAMP_NONE;
    if (*text != '\0')
        check(timestamp_parse(text, &ms) == 0, "the test's own date %s", text);
    return ms;
}

int directory_setup(void **state)
{
    const char *parent = getenv("TMPDIR");
    char *path = NULL;
    if (asprintf(&path, "%s/wosync-test-XXXXXX", parent != NULL && *parent != '\0' ? parent : "/tmp") < 0)
        return -1;
    *state = mkdtemp(path);
    return *state == NULL ? -1 : 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

int directory_teardown(void **state)
{
    int rc = nftw(*state, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return rc;
}

const char *path_in(const char *directory, const char *name)
{
    static char paths[8][512];
    static unsigned turn;
    char *path = paths[turn++ % COUNT(paths)];
    check(snprintf(path, sizeof paths[0], "%s/%s", directory, name) < (int)sizeof paths[0], "%s", name);
    return path;
}

void write_file(const char *path, const void *bytes, size_t len, unsigned mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    check(fd >= 0 && write(fd, bytes, len) == (ssize_t)len && fchmod(fd, (mode_t)mode) == 0 && close(fd) == 0,
        "writing %s", path);
}

void write_text(const char *path, const char *text)
{
    write_file(path, text, strlen(text), 0600);
}

char *read_text(const char *path, size_t *len)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return NULL;
    char *text = NULL;
    size_t size = 0, n;
    FILE *copy = open_memstream(&text, &size);
    check(copy != NULL, "reading %s", path);
    char part[4096];
    while ((n = fread(part, 1, sizeof part, file)) > 0)
        fwrite(part, 1, n, copy);
    check(ferror(file) == 0 && fclose(copy) == 0, "reading %s", path);
    fclose(file);
    if (len != NULL)
        *len = size;
    return text;
}

int run_in_child(void (*body)(void *data), void *data)
{
    int status = -1;
    fflush(NULL);
    pid_t child = fork();
    check(child >= 0, "fork");
    if (child == 0) {
        body(data);
        exit(0);
    }
    check(waitpid(child, &status, 0) == child, "waitpid");
    return status;
}

void clear_environment(void)
{
    static const char *const names[] = {"MAINTAINX_API_KEY", "MAINTAINX_BASE_URL", "MAINTAINX_WEBHOOK_SECRET",
        "SLACK_WEBHOOK_URL", "WOSYNC_DB", "WOSYNC_CONFIG", "XDG_CONFIG_HOME"};
    for (size_t i = 0; i < COUNT(names); i++)
        unsetenv(names[i]);
    setenv("HOME", "/nonexistent", 1);
}

uint32_t next_random(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return (uint32_t)((*seed * UINT64_C(2685821657736338717)) >> 32);
}
