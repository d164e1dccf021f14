/*
 * floor_spawn: runs a program for each body of a file, one after the other: floor_spawn FILE PROGRAM
 * [ARGUMENT...]. The file holds one body a line, which the program gets on its stdin; what it prints is read
 * and forgotten. Prints how many ended with 0.
 */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "floor.h"

extern char **environ;

static pid_t spawn(char **words, int in[2], int out[2])
{
    posix_spawn_file_actions_t actions;
    pid_t pid;
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
        die("pipe", "there is none");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDERR_FILENO);
    if (posix_spawn(&pid, words[0], &actions, NULL, words, environ) != 0)
        die(words[0], "it cannot be started");
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    return pid;
}

/* Returns whether it ended with 0. One that closes its stdin early wants no more. */
static int run(char **words, const char *body, size_t len)
{
    char bytes[64 << 10];
    int in[2], out[2], status;
    pid_t pid = spawn(words, in, out);
    while (len > 0) {
        ssize_t n = write(in[1], body, len);
        if (n <= 0)
            break;
        body += n;
        len -= (size_t)n;
    }
    close(in[1]);
    while (read(out[0], bytes, sizeof bytes) > 0)
        ;
    close(out[0]);
    return waitpid(pid, &status, 0) == pid && status == 0;
}

int main(int argc, char **argv)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t len;
    int good = 0;
    if (argc < 3)
        die("usage", "floor_spawn FILE PROGRAM [ARGUMENT...]");
    FILE *file = fopen(argv[1], "r");
    if (file == NULL)
        die(argv[1], "it cannot be opened");
    signal(SIGPIPE, SIG_IGN);
    while ((len = getline(&line, &capacity, file)) > 0)
        good += run(argv + 2, line, (size_t)len);
    printf("%d\n", good);
    free(line);
    fclose(file);
    return 0;
}
