#include "cli/init_place.h"

#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((format(printf, 1, 2))) static char *format(const char *text, ...)
{
    char *out;
    va_list ap;
    va_start(ap, text);
    if (vasprintf(&out, text, ap) < 0)
        out = NULL; /* never: memory that runs out ends the program */
    va_end(ap);
    return out;
}

/* $NAME/wosync, or $HOME/REST/wosync. NULL: neither is set. */
static char *own_directory(const char *variable, const char *rest)
{
    const char *xdg = getenv(variable), *home = getenv("HOME");
    if (xdg != NULL && *xdg == '/')
        return format("%s/wosync", xdg);
    return home != NULL && *home == '/' ? format("%s/%s/wosync", home, rest) : NULL;
}

char *init_place_absolute(const char *path)
{
    char *here = *path != '/' ? getcwd(NULL, 0) : NULL;
    char *out = here != NULL ? format("%s/%s", here, path) : strdup(path);
    free(here);
    return out;
}

static int place_conf(struct init_place *place, const char *const *files, struct error *e)
{
    if (files[0] != NULL && files[1] != NULL)
        return fail(e, EX_USAGE, "init: it writes one configuration: name one with -c");
    char *own = place->system ? NULL : own_directory("XDG_CONFIG_HOME", ".config");
    if (files[0] != NULL)
        place->conf = init_place_absolute(files[0]);
    else if (place->system)
        place->conf = strdup(WOSYNC_SYSCONFDIR "/wosync.conf");
    else if (own != NULL)
        place->conf = format("%s/wosync.conf", own);
    free(own);
    if (place->conf == NULL)
        return fail(e, EX_USAGE, "init: HOME is not set; name the configuration: wosync -c FILE init");
    const char *base = strrchr(place->conf, '/') + 1, *end = strrchr(base, '.');
    place->name =
        end != NULL && strcmp(end, ".conf") == 0 ? strndup(base, (size_t)(end - base)) : strdup(base);
    /* /etc is for all: secrets lie in a directory that only we can look into */
    bool in_etc = strcmp(place->conf, WOSYNC_SYSCONFDIR "/wosync.conf") == 0;
    place->directory =
        in_etc ? strdup(WOSYNC_SYSCONFDIR "/wosync") : strndup(place->conf, (size_t)(base - 1 - place->conf));
    if (strcmp(place->name, "wosync") == 0)
        place->key = format("%s/api.key", place->directory);
    else
        place->key = format("%s/%s.key", place->directory, place->name);
    return 0;
}

static int place_store(struct init_place *place, struct error *e)
{
    bool only = strcmp(place->conf, WOSYNC_SYSCONFDIR "/wosync.conf") == 0;
    if (place->store == NULL && place->system)
        place->store = format(
            WOSYNC_LOCALSTATEDIR "/lib/wosync%s%s/wosync.db", only ? "" : "-", only ? "" : place->name);
    if (place->store == NULL) {
        char *own = own_directory("XDG_DATA_HOME", ".local/share");
        if (own != NULL)
            place->store = format("%s/%s.db", own, place->name);
        free(own);
    }
    if (place->store == NULL || *place->store != '/')
        return fail(e, EX_USAGE, "init: --store: write an absolute path");
    const char *slash = strrchr(place->store, '/');
    place->store_directory = strndup(place->store, (size_t)(slash - place->store));
    return 0;
}

/* Root sets wosync up for the user that is to run it. */
static int find_user(struct init_place *place, struct error *e)
{
    place->system = geteuid() == 0;
    place->uid = geteuid();
    place->gid = getegid();
    if (!place->system && place->user != NULL)
        return fail(e, EX_USAGE, "init: --user: only root sets wosync up for another user");
    if (!place->system)
        return 0;
    if (place->user == NULL)
        place->user = "wosync";
    struct passwd entry, *user = NULL;
    char texts[4096];
    if (getpwnam_r(place->user, &entry, texts, sizeof texts, &user) != 0 || user == NULL)
        return fail(e, EX_CONFIG,
            "init: there is no user %s; make it with: systemd-sysusers wosync.conf, or name another with "
            "--user",
            place->user);
    place->uid = user->pw_uid;
    place->gid = user->pw_gid;
    return 0;
}

int init_place_find(struct init_place *place, const char *const *files, struct error *e)
{
    return find_user(place, e) == 0 && place_conf(place, files, e) == 0 ? place_store(place, e) : -1;
}

void init_place_free(struct init_place *place)
{
    free(place->conf);
    free(place->name);
    free(place->directory);
    free(place->key);
    free(place->store);
    free(place->store_directory);
    *place = (struct init_place){0};
}
