/*
 * read_only: finds out whether SQLite can read the store as others write it, and opens it accordingly.
 *
 * `path` may be a link. SQLite's log lies beside the file that it leads to, so that is what we go by.
 */
#include "store/read_only.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "store/connection.h"
#include "store/store.h"

/* The size of the log beside the store; -1: there is none. */
static int64_t size_of_log(const struct store *store)
{
    struct stat st;
    struct buffer path = {0};
    store_log_path(store->file, &path);
    int64_t size = stat(path.data, &st) == 0 ? (int64_t)st.st_size : -1;
    buffer_free(&path);
    return size;
}

/* May we not write the file, or make no others beside it? */
static bool is_out_of_reach(const char *path)
{
    char *directory = strdup(path), *slash = strrchr(directory, '/');
    if (slash == NULL)
        strcpy(directory, ".");
    else
        slash[slash == directory ? 1 : 0] = '\0';
    bool out = access(path, W_OK) != 0 || access(directory, W_OK | X_OK) != 0;
    free(directory);
    return out;
}

static int open_frozen(struct store *store, struct error *e)
{
    sqlite3_str *uri = sqlite3_str_new(NULL);
    sqlite3_str_appendall(uri, "file:");
    for (const char *p = store->file; *p != '\0'; p++) {
        /* two slashes would begin the name of a host */
        bool plain = isalnum((unsigned char)*p) || *p == '.' || (*p == '/' && p[1] != '/');
        if (plain)
            sqlite3_str_append(uri, p, 1);
        else
            sqlite3_str_appendf(uri, "%%%02x", (unsigned char)*p);
    }
    sqlite3_str_appendall(uri, "?immutable=1");
    char *name = sqlite3_str_finish(uri);
    int rc = connection_open_as(store, name, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, e);
    sqlite3_free(name);
    return rc;
}

/* The last one to close a store writes its log back and removes it. Where it was there before us, as a crash
 * or another process left it, it stays. */
int read_only_open(struct store *store, struct error *e)
{
    store->file = realpath(store->path, NULL);
    if (store->file == NULL)
        store->file = strdup(store->path); /* opening it says what is wrong */
    const int64_t log = size_of_log(store);
    store->frozen = log < 0 && stat(store->file, &store->found) == 0 && is_out_of_reach(store->file);
    if (store->frozen)
        return open_frozen(store, e);
    int rc = connection_open_as(store, store->file, SQLITE_OPEN_READWRITE, e);
    if (rc == 0 && log > 0)
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return rc;
}

int store_check_unchanged(const struct store *store, struct error *e)
{
    struct stat now = {.st_size = -1};
    if (!store->frozen)
        return 0;
    if (stat(store->file, &now) == 0 && now.st_size == store->found.st_size &&
        now.st_mtim.tv_sec == store->found.st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == store->found.st_mtim.tv_nsec && size_of_log(store) < 0)
        return 0;
    return fail(e, EX_TEMPFAIL,
        "store %s: another process wrote it meanwhile, and our user may not see how; try again, or run it as "
        "the user that owns the store",
        store->path);
}
