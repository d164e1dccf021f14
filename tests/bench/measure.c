/*
 * measure: runs a program and prints what it cost, as a line of JSON in FILE: measure FILE PROGRAM [ARGUMENT...]
 *
 * A program of its own, because the peak of resident memory that the kernel tells of a child is at least that of
 * the process that started it: this one is small. The figures include the program's own children. Exits as the
 * program did.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    int status;
    struct rusage used;
    if (argc < 3) {
        fputs("usage: measure FILE PROGRAM [ARGUMENT...]\n", stderr);
        return 64;
    }
    double began = now();
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &used) != child)
        return 71;
    double wall = now() - began;
    FILE *out = fopen(argv[1], "w");
    if (out == NULL)
        return 73;
    /* ru_oublock: what was written to the disk, in units of 512 bytes */
    fprintf(out, "{\"wall\": %.6f, \"cpu\": %.6f, \"rss\": %ld, \"written\": %lld}\n", wall,
        seconds(used.ru_utime) + seconds(used.ru_stime), used.ru_maxrss, (long long)used.ru_oublock * 512);
    if (fclose(out) != 0)
        return 74;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
