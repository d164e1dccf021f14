#include "cli/splay.h"

#include <string.h>

#include "base/config.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "core/fingerprint.h"

int64_t splay_of(const char *store, int64_t splay)
{
    unsigned char bytes[FINGERPRINT_SIZE];
    uint64_t number = 0;
    fingerprint_of(store, strlen(store), bytes);
    for (int i = 0; i < 8; i++)
        number = number << 8 | bytes[i];
    return (int64_t)(number % (uint64_t)splay);
}

int splay_wait(const struct cli *cli)
{
    struct config config;
    struct buffer problems = {0}, warnings = {0};
    struct error e = {0};
    int64_t wait = 0;
    /* for the path alone: what is wrong is reported when it is read for good */
    if (config_load(cli->config_files, &config, &problems, &warnings) == 0)
        wait = splay_of(config.store, cli->splay);
    config_free(&config);
    buffer_free(&problems);
    buffer_free(&warnings);
    if (wait > 0 && shutdown_install(&e) == 0) {
        log_info("splay: waiting for %.1f s", (double)wait / 1000);
        if (!shutdown_wait(wait))
            fail(&e, EX_TEMPFAIL, "splay: stopped by a signal before the run began; run it again");
    }
    return cli_report(&e);
}
