/*
 * Modules: what is checked before one is trusted, in this order: who can write its directory and its file;
 * that it is a shared object whose libraries are there; that it has our symbol; that it was built from the
 * same headers; that it is the one its name says. Code of it runs first when it is loaded (constructors of
 * its libraries), so the first check is the one that matters.
 */
#include "handlers/modules.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/shutdown.h"
#include "handler_abi.h"
#include "handlers/module.h"

static const struct module_host host = {
    .later = handler_later,
    .dead = handler_dead,
    .clock_monotonic = clock_monotonic,
    .shutdown_signalled = shutdown_signalled,
    .shutdown_fd = shutdown_fd,
    .shutdown_attend = shutdown_attend,
};

/* Where modules lie. */
struct place {
    const char *directory;
    bool installed;
};

/* secure_getenv: a program with other rights than its caller's does not let the caller say what it loads. */
static struct place find_place(void)
{
    const char *directory = secure_getenv("WOSYNC_MODULES");
    if (directory != NULL && *directory != '\0')
        return (struct place){directory, false};
    return (struct place){WOSYNC_LIBDIR "/wosync/handlers", true};
}

static int fail_missing(const char *path, const char *package, const char *reason, struct error *e)
{
    return fail(e, EX_CONFIG, "%s: cannot be loaded: %s; install the package %s, of the version of wosync",
        path, reason, package);
}

/* Nobody but root, or who runs a program that is not installed, may be able to write it. */
static int check_writers(const char *path, bool installed, struct error *e)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return -1;
    const mode_t others = installed ? S_IWGRP | S_IWOTH : S_IWOTH;
    if (st.st_uid != 0 && (installed || st.st_uid != geteuid()))
        return fail(e, EX_CONFIG, "%s: not loaded: it belongs to user %ld; run: chown root %s", path,
            (long)st.st_uid, path);
    if ((st.st_mode & others) != 0)
        return fail(e, EX_CONFIG, "%s: not loaded: other users can write it; run: chmod go-w %s", path, path);
    return 0;
}

/* Says what a loaded object is: its interface, or NULL. */
static const void *judge(
    const char *name, const char *path, const char *package, void *object, struct error *e)
{
    const struct handler_module *module = dlsym(object, "wosync_module");
    if (module == NULL) {
        fail(e, EX_CONFIG, "%s: not a module of wosync; install the package %s again", path, package);
    } else if (module->abi != HANDLER_ABI) {
        fail(e, EX_CONFIG,
            "%s: built for another version of wosync (interface %08x, expected %08x); install wosync and "
            "%s of the same version",
            path, (unsigned)module->abi, (unsigned)HANDLER_ABI, package);
    } else if (strcmp(module->name, name) != 0) {
        fail(e, EX_CONFIG, "%s: it is the module %s; install the package %s again", path, module->name,
            package);
    } else {
        return module->open(&host);
    }
    return NULL;
}

const void *module_open(const char *name, const char *package, struct error *e)
{
    const struct place place = find_place();
    struct buffer path = {0};
    const void *interface = NULL;
    void *object = NULL;
    buffer_append_format(&path, "%s/%s.so", place.directory, name);
    e->status = 0;
    if (check_writers(place.directory, place.installed, e) != 0 ||
        check_writers(path.data, place.installed, e) != 0) {
        if (e->status == 0)
            fail_missing(path.data, package, strerror(errno), e);
        goto out;
    }
    object = dlopen(path.data, RTLD_NOW | RTLD_LOCAL);
    if (object == NULL) {
        /* the reason names what is missing: a library, mostly */
        fail_missing(path.data, package, dlerror(), e);
        goto out;
    }
    interface = judge(name, path.data, package, object, e);
    if (interface == NULL)
        dlclose(object);
out:
    buffer_free(&path);
    return interface;
}
