/* report: one page of HTML out of the store: are we on track, are we improving, where is the problem. */
#include <errno.h>
#include <getopt.h>
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

static int read_since(const struct command *self, const char *text, struct report_request *request)
{
    const int64_t now = request->now;
    if (timestamp_parse_user(text, now, &request->since) == 0 &&
        now - request->since >= LEAST_DAYS * DAY_MS && now - request->since <= MOST_DAYS * DAY_MS)
        return 0;
    cli_usage(self, "--since %s: write a date or an age such as 90d, from %d to %d days ago", text,
        LEAST_DAYS, MOST_DAYS);
    return -1;
}

static int read_location(const struct command *self, const char *text, struct report_request *request)
{
    char *end;
    errno = 0;
    request->location = strtoll(text, &end, 10);
    if (errno == 0 && *text >= '1' && *text <= '9' && *end == '\0')
        return 0;
    cli_usage(self, "--location %s: write the id of a location, a whole number", text);
    return -1;
}

static int read_target(const struct command *self, const char *text, struct report_request *request)
{
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
    cli_usage(self, "--target %s: write pm=PERCENT or on_time=PERCENT, more than 0 and at most 100", text);
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
    static const struct option known[] = {{"since", required_argument, NULL, 's'},
        {"output", required_argument, NULL, 'o'}, {"location", required_argument, NULL, 'l'},
        {"target", required_argument, NULL, 't'}, {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    struct options options = {.request = {.now = clock_now()}};
    options.request.since = options.request.now - DEFAULT_DAYS * DAY_MS;
    int option, rc = 0;
    while (rc == 0 && (option = getopt_long(argc, argv, "+:h", known, NULL)) != -1) {
        switch (option) {
        case 's':
            rc = read_since(self, optarg, &options.request);
            break;
        case 'o':
            options.output = optarg;
            break;
        case 'l':
            rc = read_location(self, optarg, &options.request);
            break;
        case 't':
            rc = read_target(self, optarg, &options.request);
            break;
        case 'j':
            options.json = true;
            break;
        case 'h':
            return cli_help(self);
        case ':':
            return cli_usage(self, "%s: its value is missing", argv[optind - 1]);
        default:
            return cli_usage(self, "%s: unknown option", argv[optind - 1]);
        }
    }
    if (rc != 0)
        return EX_USAGE;
    if (optind < argc)
        return cli_usage(self, "%s: unexpected argument", argv[optind]);
    return make(cli, &options);
}

const struct command command_report = {
    .name = "report",
    .summary = "one page of HTML: on track, improving, where the problem is",
    .help =
        "usage: wosync report [--since T] [--output FILE|-] [--location ID] [--target NAME=PERCENT]... "
        "[--json]\n"
        "\n"
        "Makes one page of HTML out of the store, without a request: four figures with their trends, charts "
        "of\n"
        "the backlog, of created, completed and overdue work, the assets and locations with the most open "
        "work,\n"
        "the most urgent overdue work orders, and how deliveries and runs went. The page says what its "
        "words\n"
        "mean. It stands alone: no script, nothing to load. Days and weeks are in the machine's time zone.\n"
        "\n"
        "  --since T          the period: an age or a date, from 7 to 730 days ago (90d)\n"
        "  --output FILE      written whole or not at all, where the old one stays until then; -: stdout "
        "(-)\n"
        "  --location ID      only work orders at this location\n"
        "  --target pm=90     the share of preventive work on time that you want, in percent\n"
        "  --target on_time=90\n"
        "                     the same for all work with a due date\n"
        "  --json             the numbers alone\n"
        "\n"
        "FILE is written by the user that the store belongs to, for root, too.\n"
        "\n"
        "example:  sudo -u wosync wosync report --target pm=90 --output /var/lib/wosync/report.html\n",
    .run = run,
};
