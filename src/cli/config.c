/* config: reads the whole configuration, sends nothing, makes nothing: every mistake, or what is in force. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config_key.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "cli/diagnostics.h"
#include "deliver/handler_table.h"

/* Masked, in place of what a terminal would take for more than text: the reader lets no such byte through. */
static void print_row(const char *name, const char *value, const char *origin)
{
    char *text = strdup(value);
    secret_mask(text);
    printf("%-16s %-44s  %s\n", name, text, origin);
    free(text);
}

static void print_files(const struct config *config)
{
    printf("configuration");
    for (size_t i = 0; i < config->ini.file_count; i++)
        printf("%s %s", i > 0 ? "," : "", config->ini.files[i].path);
    printf("%s: ok\n", config->ini.file_count == 0 ? " (no file: the environment and the defaults)" : "");
}

static void print_keys(const struct config *config)
{
    const char *section = "";
    for (size_t i = 0; i < config_key_count; i++) {
        struct config_description d;
        config_describe(config, i, &d);
        if (strcmp(d.section, section) != 0)
            printf("\n[%s]\n", d.section);
        section = d.section;
        print_row(d.name, d.value, d.origin);
        config_description_free(&d);
    }
}

/* A handler's settings, with `on` and `timeout` where they are not set. */
static void print_handler(const struct config *config, const struct ini_section *section)
{
    printf("\n[handler %s]\n", config_handler_name(section));
    if (ini_setting(section, "on") == NULL)
        print_row("on", "*", "default");
    for (size_t i = 0; i < section->count; i++) {
        struct buffer place = {0};
        ini_place(&config->ini, section->settings[i].line, &place);
        print_row(section->settings[i].key, section->settings[i].value, place.data);
        buffer_free(&place);
    }
}

static void print_handlers(const struct config *config)
{
    bool found = false;
    for (size_t i = 0; i < config->ini.count; i++)
        if (config_handler_name(&config->ini.sections[i]) != NULL) {
            print_handler(config, &config->ini.sections[i]);
            found = true;
        }
    if (found)
        return;
    printf("\n[handler log]\n");
    print_row("on", "*", "default");
    print_row("type", "log", "default");
}

static int check(const struct cli *cli)
{
    struct buffer problems = {0}, warnings = {0};
    struct config config;
    struct handler_table table;
    cli_look_at_config(cli, &config, &problems, &warnings);
    cli_check_api(&config, &problems);
    handler_table_make(&config, &table, &problems, &warnings);
    const bool right = problems.len == 0;
    diagnostics_print(&problems, &warnings);
    if (right) {
        print_files(&config);
        print_keys(&config);
        print_handlers(&config);
    }
    handler_table_free(&table);
    config_free(&config);
    return cli_flush(right ? EX_OK : EX_CONFIG);
}

static int run(const struct command *self, const struct cli *cli, int argc, char **argv)
{
    struct command_line line;
    if (!options_read(self, argc, argv, NULL, &line))
        return line.status;
    return check(cli);
}

const struct command command_config = {
    .name = "config",
    .summary = "check the configuration offline; show every value and where it comes from",
    .help =
        "usage: wosync config\n"
        "\n"
        "Reads the configuration and the files that it names, with the handlers and their conditions. No\n"
        "request is sent, and no store is made. Prints every mistake and ends with exit status 78, or "
        "prints\n"
        "`configuration FILE: ok`, then each value that is in force, with secrets masked, and where it "
        "comes\n"
        "from: FILE:LINE, a variable in the environment, or the default. Run it as the user that runs "
        "wosync:\n"
        "another user may not be allowed to read the same files.\n"
        "\n"
        "example:  sudo -u wosync wosync config\n",
    .surplus = "it takes no argument; write -c FILE in front of config",
    .run = run,
};
