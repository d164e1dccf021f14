/*
 * cannot_run: why a program cannot be run. The kernel says "No such file or directory" of a script whose
 * interpreter is missing, and of one that was written on Windows, too: this looks into the file.
 */
#ifndef WOSYNC_HANDLERS_EXEC_CANNOT_RUN_H
#define WOSYNC_HANDLERS_EXEC_CANNOT_RUN_H

#include "handlers/handler.h"

/* Fills the result for a program that could not be started for the reason `number` (an errno). `name` is the
 * first word of the command. */
void cannot_run(const char *name, int number, struct delivery_result *result);

/* The same as far as the file tells it, before it is started: path and size as in cannot_run_find, which
 * fills them. Returns whether it cannot be run, and fills the result then. False is no promise. */
bool cannot_run_by_its_file(const char *name, char *path, size_t size, struct delivery_result *result);

/* The same for one that was started and failed, if it is a script with the line ends of Windows: what it says
 * of itself then helps nobody. Returns whether it is. */
bool cannot_run_for_crlf(const char *name, struct delivery_result *result);

/* Where a program is that is named without a slash: the first of $PATH that has an executable file of that
 * name; execvp would give a text file to a shell. Returns 0 and the path, or an errno. */
int cannot_run_find(const char *name, char *path, size_t size);

#endif
