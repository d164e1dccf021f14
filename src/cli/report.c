/* report: one page of HTML out of the store: are we on track, are we improving, where is the problem. */
#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "base/clock.h"
#include "base/timestamp.h"
#include "cli/cli.h"
#include "cli/report_gather.h"
#include "report/page.h"
#include "report/report_json.h"
#include "store/store.h"

enum { BUSY_MS = 10000 };

#define DAY_MS INT64_C(86400000)

/* The period's length in days. */
enum { DEFAULT_DAYS = 90, LEAST_DAYS = 7, MOST_DAYS = 730 };

struct options {
    struct report_request request;
    const char *output; /* NULL, or -: stdout */
    bool json;
};

/* --- options --- */

static int read_since(const char *text, void *values, struct buffer *why)
{
    struct report_request *request = &((struct options *)values)->request;
    const int64_t now = request->now;
    if (timestamp_parse_user(text, now, &request->since) == 0 &&
        now - request->since >= LEAST_DAYS * DAY_MS && now - request->since <= MOST_DAYS * DAY_MS)
        return 0;
    buffer_append_format(
        why, "write a date or an age such as 90d, from %d to %d days ago", LEAST_DAYS, MOST_DAYS);
    return -1;
}

static int read_target(const char *text, void *values, struct buffer *why)
{
    struct report_request *request = &((struct options *)values)->request;
    const char *number = strchr(text, '=');
    char *end = NULL;
    const double percent = number != NULL ? strtod(number + 1, &end) : 0;
    const bool plain = number != NULL && number[1] >= '0' && number[1] <= '9' && *end == '\0';
    if (plain && percent > 0 && percent <= 100) {
        if (strncmp(text, "pm=", 3) == 0) {
            request->target_preventive = percent;
            return 0;
        }
        if (strncmp(text, "on_time=", 8) == 0) {
            request->target_all = percent;
            return 0;
        }
    }
    buffer_append_text(why, "write pm=PERCENT or on_time=PERCENT, more than 0 and at most 100");
    return -1;
}

/* --- output --- */

/* PATH is written beside itself and renamed: whoever looks sees the old page or the new one. */
static int write_file(const char *path, const struct buffer *text, struct error *e)
{
    char directory[PATH_MAX], copy[PATH_MAX];
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    struct error why = {0};
    if (*name == '\0' || snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy)
        return fail(e, EX_CANTCREAT, "report: --output %s: it is not the name of a file; write one", path);
    snprintf(directory, sizeof directory, "%.*s", slash != NULL ? (int)(slash - path) + 1 : 1,
        slash != NULL ? path : ".");
    if (access(directory, F_OK) != 0)
        return fail(
            e, EX_CANTCREAT, "report: --output %s: %s; make the directory first", path, strerror(errno));
    int fd = atomic_file_directory(directory, &why);
    int rc = fd >= 0 ? atomic_file_write_mode(fd, name, 0666, text->data, text->len, &why) : -1;
    if (fd >= 0)
        close(fd);
    if (rc != 0)
        return fail(
            e, why.status, "report: --output %s: %s; write another file, or - for stdout", path, why.text);
    return 0;
}

static int write_out(const struct options *options, const struct figures *report, struct error *e)
{
    struct buffer text = {0};
    int rc = 0;
    if (options->json) {
        struct json_object *json = report_json_make(report);
        buffer_append_text(&text,
            json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
        buffer_append_text(&text, "\n");
        json_object_put(json);
    } else
        page_write(&text, report);
    if (options->output != NULL && strcmp(options->output, "-") != 0)
        rc = write_file(options->output, &text, e);
    else
        fwrite(text.data, 1, text.len, stdout);
    buffer_free(&text);
    return rc;
}

static int report_store(const struct config *config, const struct options *options, struct error *e)
{
    struct figures report;
    struct store *store = store_open(config->store, STORE_READ, BUSY_MS, e);
    if (store == NULL)
        return -1;
    int rc = report_gather(store, config, &options->request, &report, e);
    if (rc == 0)
        rc = write_out(options, &report, e);
    report_gather_free(&report);
    store_close(store);
    return rc;
}

static int make(const struct cli *cli, const struct options *options)
{
    struct config config;
    struct error e = {0};
    int status = EX_CONFIG;
    if (cli_load_config(cli, &config) == 0) {
        if (!store_exists(config.store))
            fail(
                &e, EX_IOERR, "report: store %s: not made yet; the first wosync sync makes it", config.store);
        else
            report_store(&config, options, &e);
        status = cli_flush(cli_report(&e));
    }
    config_free(&config);
    return status;
}

static int run(const struct command *self, const struct cli *cli, int argc, char **argv)
{
    struct options options = {.request = {.now = clock_now()}};
    struct command_line line;
    options.request.since = options.request.now - DEFAULT_DAYS * DAY_MS;
    if (!options_read(self, argc, argv, &options, &line))
        return line.status;
    return make(cli, &options);
}

static const struct option_spec known[] = {
    {"since", READ_BY(read_since), .value = "T",
        .help = "the period: an age or a date, from 7 to 730 days ago (90d)"},
    {"output", TEXT_TO(struct options, output), .value = "FILE",
        .help = "where to write, whole or not at all; -: stdout (-)"},
    {"location", NUMBER_TO(struct options, request.location, 1, INT64_MAX), .value = "ID",
        .help = "only work orders at this location"},
    {"target", READ_BY(read_target), .value = "NAME=PERCENT",
        .help = "pm=90: the share of preventive work on time that you want, in percent;\n"
                "on_time=90: the same for all work with a due date"},
    {"json", FLAG_TO(struct options, json), .help = "print the numbers as one object, no page"},
    {.name = NULL},
};

const struct command command_report = {
    .name = "report",
    .summary = "one page of HTML: on track, improving, where the problem is",
    .help =
        "usage: wosync report [--since T] [--output FILE|-] [--location ID] [--target NAME=PERCENT]... "
        "[--json]\n"
        "\n"
        "Makes one page of HTML out of the store. No request is sent. The page has four figures with their\n"
        "trends, charts of the backlog and of created, completed and overdue work, the assets and locations\n"
        "with the most open work, the most urgent overdue work orders, and how deliveries and runs went. It\n"
        "says what its words mean. It has no script and loads nothing. Days and weeks are in the machine's "
        "time zone.\n"
        "\n",
    .help_end =
        "\n"
        "FILE belongs to the user that owns the store, also when root runs the command.\n"
        "\n"
        "example:  sudo -u wosync wosync report --target pm=90 --output /var/lib/wosync/report.html\n",
    .options = known,
    .run = run,
};
