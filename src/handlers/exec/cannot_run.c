#include "handlers/exec/cannot_run.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes of a file that are looked at: the kernel takes no longer first line of a script. */
enum { HEAD_SIZE = 256 };

int cannot_run_find(const char *name, char *path, size_t size)
{
    const char *dirs = getenv("PATH");
    if (strchr(name, '/') != NULL)
        return snprintf(path, size, "%s", name) < (int)size ? 0 : ENAMETOOLONG;
    if (dirs == NULL || *dirs == '\0')
        dirs = "/usr/local/bin:/usr/bin:/bin";
    while (*dirs != '\0') {
        int len = (int)strcspn(dirs, ":");
        if (len > 0 && snprintf(path, size, "%.*s/%s", len, dirs, name) < (int)size &&
            access(path, X_OK) == 0)
            return 0;
        dirs += len + (dirs[len] == ':');
    }
    return ENOENT;
}

/* The first bytes of a file, with a NUL behind them. Returns how many, 0 where it cannot be read. */
static size_t read_head(const char *path, char head[HEAD_SIZE + 1])
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, head, HEAD_SIZE) : 0;
    if (fd >= 0)
        close(fd);
    head[n > 0 ? n : 0] = '\0';
    return n > 0 ? (size_t)n : 0;
}

/* The machine that we were built for, as an ELF file names it. */
static int our_machine(void)
{
    char head[HEAD_SIZE + 1];
    Elf64_Ehdr header; /* e_machine lies at the same place in both classes */
    if (read_head("/proc/self/exe", head) < sizeof header)
        return EM_NONE;
    memcpy(&header, head, sizeof header);
    return header.e_machine;
}

static bool is_of_another_machine(const char *head, size_t len)
{
    Elf64_Ehdr header;
    int ours = our_machine();
    if (len < sizeof header || memcmp(head, ELFMAG, SELFMAG) != 0 || ours == EM_NONE)
        return false;
    memcpy(&header, head, sizeof header);
    return header.e_machine != ours;
}

static bool has_crlf(const char *head)
{
    const char *line = strchr(head, '\n');
    return strncmp(head, "#!", 2) == 0 && line != NULL && line[-1] == '\r';
}

static void say_crlf(const char *name, struct delivery_result *result)
{
    handler_broken(result,
        "%.80s: it cannot be run: its lines end as on Windows (CRLF); run: sed -i 's/\\r$//' %.80s", name,
        name);
}

/* A file that is there, and of which the kernel says that it is not: what it needs is missing. */
static void say_missing(const char *name, const char *head, struct delivery_result *result)
{
    if (strncmp(head, "#!", 2) == 0) {
        const char *interpreter = head + 2 + strspn(head + 2, " \t");
        handler_broken(result,
            "%.60s: it cannot be run: its interpreter %.*s is missing; install it, or correct the first line",
            name, (int)strcspn(interpreter, " \t\n"), interpreter);
        return;
    }
    handler_broken(result,
        "%.80s: it cannot be run: the loader that it was linked for is missing; it was built for another "
        "system",
        name);
}

static void say_no_access(const char *name, const char *path, struct delivery_result *result)
{
    struct stat st;
    if (stat(path, &st) != 0)
        handler_broken(result, "%.80s: it cannot be run: %s; check the permissions of its directories", name,
            strerror(errno));
    else if (S_ISDIR(st.st_mode))
        handler_broken(result, "%.80s: it cannot be run: it is a directory; correct command", name);
    else if ((st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0)
        handler_broken(
            result, "%.80s: it cannot be run: it is not executable; run: chmod +x %.80s", name, name);
    else
        handler_broken(result,
            "%.80s: it cannot be run: permission denied for this user, for its interpreter, or the disk is "
            "mounted "
            "noexec",
            name);
}

void cannot_run(const char *name, int number, struct delivery_result *result)
{
    char path[PATH_MAX], head[HEAD_SIZE + 1] = "";
    struct stat st;
    bool found = cannot_run_find(name, path, sizeof path) == 0 && stat(path, &st) == 0;
    size_t len = found ? read_head(path, head) : 0;
    if (number == EMFILE || number == ENFILE || number == EAGAIN || number == ENOMEM)
        handler_later(result, -1, "%.80s: it cannot be started: %s", name, strerror(number));
    else if (number == EACCES)
        say_no_access(name, path, result);
    else if (number == ENOENT && has_crlf(head))
        say_crlf(name, result);
    else if (number == ENOENT && found)
        say_missing(name, head, result);
    else if (number == ENOENT)
        handler_broken(result, "%.80s: cannot be run: there is no such file%s; correct command", name,
            strchr(name, '/') == NULL ? " in PATH" : "");
    else if (number == ENOEXEC && is_of_another_machine(head, len))
        handler_broken(result, "%.80s: it cannot be run: it was built for another kind of processor", name);
    else if (number == ENOEXEC)
        handler_broken(result, "%.80s: not a program; a script's first line is #!/bin/sh or the like", name);
    else
        handler_broken(result, "%.80s: it cannot be run: %s; correct command", name, strerror(number));
}

bool cannot_run_for_crlf(const char *name, struct delivery_result *result)
{
    char path[PATH_MAX], head[HEAD_SIZE + 1] = "";
    if (cannot_run_find(name, path, sizeof path) != 0 || read_head(path, head) == 0 || !has_crlf(head))
        return false;
    say_crlf(name, result);
    return true;
}
