/*
 * cli: what every command begins with (the configuration, the store's path) and ends with (one error, an exit
 * status, whether stdout took everything). A usage error is one line, however long the word that was typed.
 */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/http.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/secret.h"
#include "cli/diagnostics.h"
#include "cli/store_owner.h"
#include "store/migration.h"

int cli_report(const struct error *e)
{
    if (e->text[0] != '\0')
        log_error("%s", e->text);
    return e->status;
}

int cli_help(const struct command *command)
{
    fputs(command->help, stdout);
    if (command->options != NULL)
        options_print(command->options);
    if (command->help_end != NULL)
        fputs(command->help_end, stdout);
    return cli_flush(EX_OK);
}

/* Of a usage error that is longer than LONGEST its first HEAD bytes are kept, and its end. */
enum { LONGEST = 500, HEAD = 120 };

static bool is_inside_character(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* The reason stands behind the word that was typed, and that word may have any length: the middle is left out. */
static void leave_out_middle(char *text)
{
    static const char gap[] = "...";
    const size_t len = strlen(text);
    if (len <= LONGEST)
        return;
    size_t head = HEAD, tail = len - (LONGEST - HEAD - strlen(gap));
    while (head > 0 && is_inside_character(text[head]))
        head--;
    while (is_inside_character(text[tail]))
        tail++;
    memmove(text + head + strlen(gap), text + tail, len - tail + 1);
    for (size_t i = 0; gap[i] != '\0'; i++)
        text[head + i] = gap[i];
}

int cli_usage(const struct command *command, const char *format, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, format);
    if (vasprintf(&text, format, ap) < 0) /* LCOV_EXCL_BR_LINE: a text of more than INT_MAX bytes */
        memory_ran_out();                 /* LCOV_EXCL_LINE */
    va_end(ap);
    int status = EX_USAGE;
    secret_mask(text); /* before it is cut */
    leave_out_middle(text);
    if (command->refuse != NULL)
        status = command->refuse(text);
    else
        log_error("%s: %s; see: wosync %s --help", command->name, text, command->name);
    free(text);
    return status;
}

void cli_report_copy(const struct store *store)
{
    if (store_copy(store) != NULL)
        log_warning("store %s: brought to schema %d; %s is a copy from before: remove it when all is well",
            store_path(store), migration_known.count, store_copy(store));
}

int cli_flush(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    log_error("stdout: %s", strerror(errno));
    return exit_graver(status, EX_IOERR);
}

int cli_load_config(const struct cli *cli, struct config *config)
{
    struct buffer problems = {0}, warnings = {0};
    struct error e = {0};
    int rc = cli_read_config(cli, config, &problems, &warnings, &e);
    store_owner_explain(&problems);
    diagnostics_print(&problems, &warnings);
    cli_report(&e);
    return rc;
}

int cli_read_config(const struct cli *cli, struct config *config, struct buffer *problems,
    struct buffer *warnings, struct error *e)
{
    char *file = NULL;
    *config = (struct config){0};
    int rc = store_owner_become(cli, &file, e);
    if (rc == 0)
        rc = file != NULL ? config_load((const char *const[]){file, NULL}, config, problems, warnings)
                          : config_load(cli->config_files, config, problems, warnings);
    free(file);
    return rc;
}

int cli_find_store(const struct cli *cli, struct config *config, struct buffer *problems)
{
    char *file = NULL;
    struct error e = {0};
    *config = (struct config){0};
    if (store_owner_become(cli, &file, &e) != 0)
        buffer_append_format(problems, "%s\n", e.text);
    else if (file != NULL)
        config_load_store((const char *const[]){file, NULL}, config, problems);
    else
        config_load_store(cli->config_files, config, problems);
    free(file);
    store_owner_explain(problems);
    return problems->len == 0 ? 0 : -1;
}

void cli_look_at_config(
    const struct cli *cli, struct config *config, struct buffer *problems, struct buffer *warnings)
{
    struct error e = {0};
    cli_read_config(cli, config, problems, warnings, &e);
    if (e.status != EX_OK) {
        buffer_append_format(problems, "%s\n", e.text);
        config_load(cli->config_files, config, problems, warnings);
    }
    store_owner_explain(problems);
}

void cli_check_address(const struct config *config, struct buffer *problems)
{
    const char *wrong = config->base_url != NULL ? http_check_url(config->base_url, false) : NULL;
    if (wrong != NULL)
        buffer_append_format(problems, "api: base_url %s: %s\n", config->base_url, wrong);
    wrong = config->ping_url != NULL ? http_check_url(config->ping_url, true) : NULL;
    if (wrong != NULL)
        buffer_append_format(problems, "metrics: ping_url: %s\n", wrong);
}

void cli_check_api(const struct config *config, struct buffer *problems)
{
    const bool mistaken = problems->len > 0; /* about the token, perhaps */
    cli_check_address(config, problems);
    if (config->token == NULL && !mistaken)
        buffer_append_text(problems, "api: no token; set key_file in [api] or MAINTAINX_API_KEY (MaintainX: "
                                     "Settings > Integrations)\n");
}
