/*
 * fault: makes SQLite fail, one statement in turn.
 */
#ifndef WOSYNC_TESTS_FAULT_H
#define WOSYNC_TESTS_FAULT_H

#include <stdbool.h>

/* Has the n-th statement from now on fail, over all connections that are opened after the first call of this:
 * it is interrupted, perhaps when its work is done already. 0: none. */
void fault_statement(long n);

/* Calls `call` as that statement begins, instead; it goes on then. */
void fault_call(long n, void (*call)(void));

/* Did it come to that? */
bool fault_happened(void);

#endif
