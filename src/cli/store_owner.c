#include "cli/store_owner.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/config.h"
#include "base/log.h"

/* Who root has become; empty when it has not. */
static char owner[64];

/* Whose the store is: the file's owner, or of the nearest directory above it that exists. False when nothing
 * is known. */
static bool find_owner(const char *store, struct stat *st)
{
    char *path = strdup(store);
    bool found = stat(path, st) == 0;
    while (!found) {
        char *slash = strrchr(path, '/');
        if (slash == NULL || slash == path) {
            found = stat(slash == NULL ? "." : "/", st) == 0;
            break;
        }
        *slash = '\0';
        found = stat(path, st) == 0;
    }
    free(path);
    return found;
}

/* What programs that are run see: their own home, as after a log-in. */
static void set_environment(const struct passwd *user)
{
    setenv("HOME", user->pw_dir, 1);
    setenv("USER", user->pw_name, 1);
    setenv("LOGNAME", user->pw_name, 1);
}

static int become(const char *store, const struct stat *st, struct error *e)
{
    const struct passwd *user = getpwuid(st->st_uid);
    gid_t group = user != NULL ? user->pw_gid : st->st_gid;
    if (user != NULL)
        snprintf(owner, sizeof owner, "%s", user->pw_name);
    else
        snprintf(owner, sizeof owner, "#%lu", (unsigned long)st->st_uid);
    int rc = user != NULL ? initgroups(user->pw_name, group) : setgroups(0, NULL);
    if (rc != 0 || setgid(group) != 0 || setuid(st->st_uid) != 0)
        return fail(e, EX_CONFIG,
            "store %s: it belongs to %s, and root cannot become that user here: %s; run: %s%s -- wosync ...",
            store, owner, strerror(errno), user != NULL ? "runuser -u " : "setpriv --clear-groups --reuid ",
            user != NULL ? owner : owner + 1);
    if (user != NULL)
        set_environment(user);
    log_info("store %s: it belongs to %s, so this command works as that user", store, owner);
    return 0;
}

int store_owner_become(const struct cli *cli, char **file, struct error *e)
{
    struct config config;
    struct buffer problems = {0}, warnings = {0};
    struct stat st;
    int rc = 0;
    const bool named = cli->config_files != NULL && cli->config_files[0] != NULL;
    *file = NULL;
    if (geteuid() != 0)
        return 0;
    /* for the path alone: what is wrong with it is said when it is read for good */
    config_load(cli->config_files, &config, &problems, &warnings);
    if (!named && config.ini.file_count > 0)
        *file = strdup(config.ini.files[0].path);
    if (config.store != NULL && find_owner(config.store, &st) && st.st_uid != 0)
        rc = become(config.store, &st, e);
    config_free(&config);
    buffer_free(&problems);
    buffer_free(&warnings);
    return rc;
}

void store_owner_explain(struct buffer *problems)
{
    if (*owner == '\0' || problems->len == 0 || strstr(problems->data, strerror(EACCES)) == NULL)
        return;
    buffer_append_format(problems,
        "the store belongs to %s, so wosync works as that user, though root has started it: what the "
        "configuration names must be readable for %s\n",
        owner, owner);
}
