/*
 * config: what the user configured: option before environment before file before default. Handler sections
 * are kept as they were written; the handler types know what they mean.
 */
#ifndef WOSYNC_BASE_CONFIG_H
#define WOSYNC_BASE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/ini.h"

/* `start` of [sync]: where the horizon lies on the first run. */
#define CONFIG_START_NOW       INT64_MAX
#define CONFIG_START_BEGINNING INT64_MIN

/* A wider lookback, and how often it is due. Milliseconds. */
struct config_window {
    int64_t lookback;
    int64_t every;
};

/* Durations are milliseconds. The struct owns everything in it. */
struct config {
    char *base_url;     /* without a slash at its end */
    char *token;        /* NULL: none configured */
    char *organization; /* "" without one */
    char *ca_file;      /* PEM: certificates to trust instead of the system's; NULL: the system's */
    char *filter;       /* auto, or a spelling */
    int64_t page_size;
    int64_t timeout;
    int64_t give_up; /* how long transient failures are tried again */
    int64_t reserve; /* requests of each window that are left to others */
    bool names;      /* the names of users and teams are read */

    int64_t start; /* CONFIG_START_*, or an instant */
    int64_t lookback;
    struct config_window *late_windows; /* wider lookbacks that are due now and then; the last has none */
    int64_t sweep;                      /* how often everything is read; 0: never by itself */
    char **completed;                   /* ends with NULL */
    char **ignored;                     /* ends with NULL */
    int64_t max_deletes;
    bool max_deletes_percent;
    int64_t webhook_silence; /* for sync --fallback: so long without a webhook calls for a poll */
    int64_t safety_poll;     /* and so long without a poll */

    char **webhook_secrets; /* ends with NULL, those of the environment among them; NULL: none */
    int64_t tolerance;      /* how far the time of a webhook may be off */

    char *store;
    int64_t keep; /* how long done deliveries and their events are kept */

    char *textfile;  /* for node_exporter; NULL: none is written */
    char *account;   /* a label of every metric */
    char *ping_url;  /* a secret; NULL: nothing is pinged. Whether it may be used: http_check_url */
    bool ping_start; /* the start of a run is pinged, too */

    struct ini ini; /* as it was written; the handlers are sections named `handler NAME` */
};

/* The name of a handler section, or NULL when the section is none. */
const char *config_handler_name(const struct ini_section *section);

/*
 * Reads the configuration: the `files` of -c, laid over each other (they end with NULL; NULL or empty: none
 * are named), else $WOSYNC_CONFIG, ./wosync.conf, $XDG_CONFIG_HOME/wosync/wosync.conf (or ~/.config),
 * /etc/wosync.conf, the first that exists; it is fine when there is none.
 * Appends a line to `problems` for every mistake (unknown sections and keys, values out of range: they are
 * never clamped) and to `warnings` for what should be looked at (a key file that others can read). A value
 * that is wrong leaves the default. Returns 0, or -1 when there is a problem. `out` is to be freed with
 * config_free in either case.
 */
int config_load(
    const char *const *files, struct config *out, struct buffer *problems, struct buffer *warnings);

/* The same for [store] alone: what else is in the files is not looked at, and no secret is read. */
int config_load_store(const char *const *files, struct config *out, struct buffer *problems);

/* The value of a key that is in force, and where it comes from. */
struct config_description {
    const char *section;
    const char *name;
    char *value;  /* as it is written there, secrets masked; "" where there is none */
    char *origin; /* FILE:LINE, VARIABLE in the environment, default, or not set */
};

/* Describes one of config_key_count keys (config_key.h); to be freed with config_description_free. */
void config_describe(const struct config *config, size_t index, struct config_description *out);
void config_description_free(struct config_description *description);

/* Frees what the struct owns and zeroes it. */
void config_free(struct config *config);

#endif
