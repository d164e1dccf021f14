/*
 * disturb: runs a function that works on a store again and again, with one call to the disk after the other
 * failing (disk.h), and holds what it does against what it does undisturbed.
 */
#ifndef WOSYNC_TESTS_DISTURB_H
#define WOSYNC_TESTS_DISTURB_H

#include <stdint.h>

#include "base/error.h"
#include "disk.h"
#include "store/store.h"

struct function {
    const char *name;
    int64_t (*run)(struct store *store, struct error *e); /* below 0: it failed */
};

/* From one call that fails to the next: 1, or WOSYNC_EVERY of the environment, which leaves out some of them under
 * valgrind, where everything takes thirty times as long. */
int64_t disturb_stride(void);

/* Opens the store at `path`, which must work. */
struct store *disturb_open(const char *path);

/* Makes a new store there, and fills it by SQL. */
struct store *disturb_make(const char *path, const char *sql);

/*
 * Runs a function in a transaction of the store at `path`, with its n-th call failing, for every n (but see
 * disturb_stride). Each time it says that the disk is to be checked and leaves nothing after a rollback, and
 * then does its work; or it does its work at once.
 */
void disturb(const char *path, const struct function *function);

/* The same for a function with a transaction of its own: it has done all or nothing, each time on a new
 * store. */
void disturb_transaction(
    const char *path, const char *sql, const struct function *function, enum disk_fault fault);

#endif
