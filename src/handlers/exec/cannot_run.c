/*
 * cannot_run: looks into a file as execve(2) would: its mode, its first bytes, its interpreter, and says what
 * to do about what is wrong.
 */
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

/* The permissions of a file or of an interpreter. Returns false where nothing forbids to run it. */
static bool say_forbidden(
    const char *name, const char *whose, const char *path, struct delivery_result *result)
{
    struct stat st;
    if (access(path, X_OK) == 0)
        return false;
    if (stat(path, &st) != 0)
        handler_broken(result, "%.80s: it cannot be run: %s; check the permissions of its directories", name,
            strerror(errno));
    else if ((st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0)
        handler_broken(result, "%.60s: it cannot be run: %s%.60s is not executable; run: chmod a+rx %.60s",
            name, whose, *whose == '\0' ? "it" : path, path);
    else
        handler_broken(result,
            "%.60s: it cannot be run: this user may not run %s%.60s, or its disk is mounted noexec; run: "
            "chmod a+rx %.60s",
            name, whose, *whose == '\0' ? "it" : path, path);
    return true;
}

/* A script: what its first line names. */
static bool say_script(const char *name, const char *head, struct delivery_result *result)
{
    char interpreter[HEAD_SIZE + 1];
    const char *begin = head + 2 + strspn(head + 2, " \t");
    snprintf(interpreter, sizeof interpreter, "%.*s", (int)strcspn(begin, " \t\n"), begin);
    if (*interpreter == '\0')
        handler_broken(
            result, "%.80s: it cannot be run: its first line names no program; write #!/bin/sh", name);
    else if (access(interpreter, F_OK) == 0)
        return say_forbidden(name, "its interpreter ", interpreter, result);
    else if (has_crlf(head))
        say_crlf(name, result);
    else if (*interpreter != '/')
        handler_broken(result,
            "%.60s: it cannot be run: its first line has no whole path: %.60s; write #!/usr/bin/env %.60s",
            name, interpreter, interpreter);
    else
        handler_broken(result,
            "%.60s: it cannot be run: its interpreter %.60s is missing; install it, or correct the first "
            "line",
            name, interpreter);
    return true;
}

/* Text that is none to the kernel. */
static bool say_text(const char *name, const char *head, size_t len, struct delivery_result *result)
{
    if (len >= 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0)
        handler_broken(result,
            "%.60s: it cannot be run: it begins with a byte order mark; run: sed -i '1s/^\\xef\\xbb\\xbf//' "
            "%.60s",
            name, name);
    else if (len >= 2 && (memcmp(head, "\xff\xfe", 2) == 0 || memcmp(head, "\xfe\xff", 2) == 0 ||
                             memcmp(head, "#\0", 2) == 0 || memcmp(head, "\0#", 2) == 0))
        handler_broken(result, "%.80s: it cannot be run: its text is UTF-16; save it as UTF-8", name);
    else
        return false;
    return true;
}

static bool say_absent(const char *name, const char *path, struct delivery_result *result)
{
    struct stat st;
    int number = errno;
    if (number == ENOENT && lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
        handler_broken(result, "%.80s: it cannot be run: it is a link to what is not there", name);
    else if (number == ENOENT)
        handler_broken(result, "%.80s: it cannot be run: there is no such file; correct command", name);
    else if (number == EACCES)
        handler_broken(result, "%.80s: it cannot be run: %s; check the permissions of its directories", name,
            strerror(number));
    else
        handler_broken(result, "%.80s: it cannot be run: %s; correct command", name, strerror(number));
    return true;
}

bool cannot_run_by_its_file(const char *name, char *path, size_t size, struct delivery_result *result)
{
    char head[HEAD_SIZE + 1] = "";
    struct stat st;
    size_t len;
    int rc = cannot_run_find(name, path, size);
    if (rc == ENOENT)
        handler_broken(result,
            "%.80s: it cannot be run: there is no such file in PATH; write the whole path in command", name);
    else if (rc != 0)
        handler_broken(result, "%.80s: it cannot be run: %s; correct command", name, strerror(rc));
    if (rc != 0)
        return true;
    if (stat(path, &st) != 0)
        return say_absent(name, path, result);
    if (!S_ISREG(st.st_mode)) {
        handler_broken(result, "%.80s: it cannot be run: it is %s; correct command", name,
            S_ISDIR(st.st_mode) ? "a directory" : "no file");
        return true;
    }
    if (say_forbidden(name, "", path, result))
        return true;
    if (st.st_size == 0) {
        handler_broken(result, "%.80s: it cannot be run: it is empty", name);
        return true;
    }
    /* one that may be run and not be read says nothing about itself */
    len = read_head(path, head);
    return strncmp(head, "#!", 2) == 0 ? say_script(name, head, result) : say_text(name, head, len, result);
}

void cannot_run(const char *name, int number, struct delivery_result *result)
{
    char path[PATH_MAX], head[HEAD_SIZE + 1] = "";
    if (number == EMFILE || number == ENFILE || number == EAGAIN || number == ENOMEM || number == ETXTBSY) {
        handler_later(result, -1, "%.80s: it cannot be started: %s", name, strerror(number));
        return;
    }
    if (cannot_run_by_its_file(name, path, sizeof path, result))
        return;
    size_t len = read_head(path, head);
    if (number == ENOENT)
        handler_broken(result,
            "%.80s: it cannot be run: the loader that it was linked for is missing; it was built for another "
            "system",
            name);
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
