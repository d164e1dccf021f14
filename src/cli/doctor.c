/*
 * doctor: tries everything that can be wrong, and says what to do about it.
 *
 *   the groups in order, the checks of a group in order; a check comes behind the one it depends on
 *   a check that is not wanted, or whose dependence failed or was not tried, is not tried
 *
 * It reads only, takes no lock, and sends a few requests within the rate limit that the store knows. The exit
 * status is what `sync` would end with: the gravest of the failures.
 */
#include "cli/doctor.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/secret.h"
#include "base/shutdown.h"
#include "base/utf8.h"
#include "store/store.h"

/* Nothing it does may take longer: a rate limit that is used up, a server that hangs. */
enum { LONGEST_MS = 120000 };

enum { BUSY_MS = 5000, MOST_CHECKS = 64 };

static const struct {
    const char *name;
    const struct doctor_check *checks;
} groups[] = {
    {"configuration", doctor_config},
    {"machine", doctor_machine},
    {"api", doctor_api},
    {"store", doctor_store},
    {"handlers", doctor_handlers},
    {"webhooks", doctor_webhooks},
};
enum { GROUPS = sizeof groups / sizeof groups[0] };

/* How a check of all groups stands. */
struct standing {
    const struct doctor_check *check;
    size_t group;
    bool wanted, done;
    enum doctor_result result;
};

static struct standing standings[MOST_CHECKS];
static size_t standing_count;

/* --- lines --- */

static void print_line(enum doctor_result result, const char *name, const char *text)
{
    static const char *const marks[] = {
        [DOCTOR_OK] = "ok", [DOCTOR_SKIPPED] = "--", [DOCTOR_WARNING] = "warn", [DOCTOR_FAILED] = "FAIL"};
    printf("  %-4s  %-14s %s\n", marks[result], name, text);
    fflush(stdout);
}

static void add_line(struct doctor *doctor, enum doctor_result result, const char *text)
{
    static const char *const results[] = {[DOCTOR_OK] = "ok",
        [DOCTOR_SKIPPED] = "skipped",
        [DOCTOR_WARNING] = "warning",
        [DOCTOR_FAILED] = "failed"};
    struct json_object *line = json_object_new_object();
    json_give_text(line, "group", doctor->group);
    json_give_text(line, "check", doctor->check->name);
    json_give_text(line, "result", results[result]);
    json_give_text(line, "text", text);
    json_object_array_add(doctor->list, line);
}

__attribute__((format(printf, 3, 0))) static void report(
    struct doctor *doctor, enum doctor_result result, const char *format, va_list ap)
{
    char text[2048];
    vsnprintf(text, sizeof text, format, ap);
    utf8_make_line(text);
    secret_mask(text);
    if (doctor->json)
        add_line(doctor, result, text);
    else
        print_line(result, doctor->check->name, text);
    doctor->counts[result]++;
    doctor->reported++;
    if (result > doctor->result)
        doctor->result = result;
}

#define REPORT(doctor, result)                                                                               \
    do {                                                                                                     \
        va_list ap;                                                                                          \
        va_start(ap, format);                                                                                \
        report(doctor, result, format, ap);                                                                  \
        va_end(ap);                                                                                          \
    } while (0)

void doctor_ok(struct doctor *doctor, const char *format, ...)
{
    REPORT(doctor, DOCTOR_OK);
}

void doctor_skip(struct doctor *doctor, const char *format, ...)
{
    REPORT(doctor, DOCTOR_SKIPPED);
}

void doctor_warn(struct doctor *doctor, const char *format, ...)
{
    REPORT(doctor, DOCTOR_WARNING);
    if (doctor->strict)
        doctor->status = exit_graver(doctor->status, EX_DATAERR);
}

void doctor_fail(struct doctor *doctor, int status, const char *format, ...)
{
    REPORT(doctor, DOCTOR_FAILED);
    doctor->status = exit_graver(doctor->status, status != EX_OK ? status : EX_SOFTWARE);
}

/* --- the checks --- */

static void list_checks(void)
{
    standing_count = 0;
    for (size_t group = 0; group < GROUPS; group++)
        for (const struct doctor_check *check = groups[group].checks; check->name != NULL; check++)
            standings[standing_count++] = (struct standing){.check = check, .group = group};
}

static struct standing *find(const char *name)
{
    for (size_t i = 0; i < standing_count; i++)
        if (strcmp(standings[i].check->name, name) == 0)
            return &standings[i];
    return NULL;
}

static void want(struct standing *standing)
{
    standing->wanted = true;
    if (standing->check->after != NULL)
        want(find(standing->check->after));
}

/* A check by its name, or all of a group. Returns false when there is none. */
static bool want_named(const char *name)
{
    bool found = false;
    for (size_t i = 0; i < standing_count; i++)
        if (strcmp(groups[standings[i].group].name, name) == 0 ||
            strcmp(standings[i].check->name, name) == 0) {
            want(&standings[i]);
            found = true;
        }
    return found;
}

/* What it depends on comes before it in the list. */
static void run_check(struct doctor *doctor, struct standing *standing)
{
    const struct standing *after = standing->check->after != NULL ? find(standing->check->after) : NULL;
    doctor->group = groups[standing->group].name;
    doctor->check = standing->check;
    doctor->result = DOCTOR_OK;
    doctor->reported = 0;
    if (after != NULL && (after->result == DOCTOR_FAILED || after->result == DOCTOR_SKIPPED))
        doctor_skip(doctor, "not tried: %s %s", after->check->name,
            after->result == DOCTOR_FAILED ? "failed" : "was not tried");
    else if (doctor->offline && standing->check->online)
        doctor_skip(doctor, "not tried: --offline");
    else
        standing->check->run(doctor);
    if (doctor->reported == 0)
        doctor_ok(doctor, "%s", standing->check->about);
    standing->result = doctor->result;
}

static void run_checks(struct doctor *doctor)
{
    size_t group = GROUPS;
    for (size_t i = 0; i < standing_count && !shutdown_signalled(); i++) {
        if (!standings[i].wanted)
            continue;
        if (standings[i].group != group && !doctor->json)
            printf("%s%s\n", group == GROUPS ? "" : "\n", groups[standings[i].group].name);
        group = standings[i].group;
        run_check(doctor, &standings[i]);
    }
}

/* --- the command --- */

static void open_all(struct doctor *doctor)
{
    cli_look_at_config(doctor->cli, &doctor->config, &doctor->problems, &doctor->warnings);
    cli_check_api(&doctor->config, &doctor->problems);
    handler_table_make(&doctor->config, &doctor->table, &doctor->problems, &doctor->warnings);
    if (store_exists(doctor->config.store))
        doctor->store = store_open(doctor->config.store, STORE_READ, BUSY_MS, &doctor->store_error);
    if (doctor->store != NULL)
        store_forbid_writes(doctor->store, &doctor->store_error);
}

static void close_all(struct doctor *doctor)
{
    page_answer_free(&doctor->page);
    client_free(doctor->client);
    store_close(doctor->store);
    handler_table_free(&doctor->table);
    config_free(&doctor->config);
    buffer_free(&doctor->problems);
    buffer_free(&doctor->warnings);
    json_object_put(doctor->list);
}

static void print_summary(const struct doctor *doctor)
{
    const int *n = doctor->counts;
    printf("\n%d ok, %d warning%s, %d failed, %d not tried\n", n[DOCTOR_OK], n[DOCTOR_WARNING],
        n[DOCTOR_WARNING] == 1 ? "" : "s", n[DOCTOR_FAILED], n[DOCTOR_SKIPPED]);
}

static void print_json(struct doctor *doctor)
{
    struct json_object *out = json_object_new_object();
    json_object_object_add(out, "ok", json_object_new_boolean(doctor->status == EX_OK));
    json_give_int(out, "exitStatus", doctor->status);
    json_give_int(out, "warnings", doctor->counts[DOCTOR_WARNING]);
    json_give_int(out, "failures", doctor->counts[DOCTOR_FAILED]);
    json_object_object_add(out, "checks", json_object_get(doctor->list));
    printf(
        "%s\n", json_object_to_json_string_ext(out, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(out);
}

static int examine(struct doctor *doctor)
{
    struct error e = {0};
    doctor->list = json_object_new_array();
    if (shutdown_install(&e) != 0)
        return cli_report(&e);
    shutdown_set_deadline(LONGEST_MS);
    open_all(doctor);
    run_checks(doctor);
    if (shutdown_signalled())
        doctor->status = exit_graver(doctor->status, EX_TEMPFAIL);
    if (doctor->json)
        print_json(doctor);
    else
        print_summary(doctor);
    close_all(doctor);
    return cli_flush(doctor->status);
}

static int print_list(void)
{
    for (size_t i = 0; i < standing_count; i++) {
        if (i == 0 || standings[i].group != standings[i - 1].group)
            printf("%s\n", groups[standings[i].group].name);
        printf("  %-14s %s%s%s\n", standings[i].check->name, standings[i].check->about,
            standings[i].check->after != NULL ? "; after " : "",
            standings[i].check->after != NULL ? standings[i].check->after : "");
    }
    return cli_flush(EX_OK);
}

static int refuse_check(const struct command *self, const char *name)
{
    struct buffer text = {0};
    const char *names[MOST_CHECKS];
    for (size_t i = 0; i < standing_count; i++)
        names[i] = standings[i].check->name;
    buffer_append_format(&text, "%s: there is no such check", name);
    if (!options_suggest(&text, name, names, standing_count))
        buffer_append_text(&text, " or group; wosync doctor --list shows them");
    int status = cli_usage(self, "%s", text.data);
    buffer_free(&text);
    return status;
}

struct options {
    bool offline, send, strict, json, list;
};

static int run(const struct command *self, const struct cli *cli, int argc, char **argv)
{
    struct options options = {0};
    struct command_line line;
    if (!options_read(self, argc, argv, &options, &line))
        return line.status;
    struct doctor doctor = {.cli = cli,
        .offline = options.offline,
        .send = options.send,
        .strict = options.strict,
        .json = options.json};
    list_checks();
    if (options.list)
        return print_list();
    for (int i = 0; i < line.count; i++)
        if (!want_named(line.words[i]))
            return refuse_check(self, line.words[i]);
    for (size_t i = 0; i < standing_count && line.count == 0; i++)
        want(&standings[i]);
    return examine(&doctor);
}

static const struct option_spec known[] = {
    {"offline", FLAG_TO(struct options, offline), .excludes = "send",
        .help = "send nothing, neither to the API nor to a receiver"},
    {"send", FLAG_TO(struct options, send),
        .help = "deliver one wosync.test event to each handler but report and warehouse, which would keep\n"
                "it; on and when do not matter"},
    {"strict", FLAG_TO(struct options, strict), .help = "warnings count, too: exit status 65"},
    {"json", FLAG_TO(struct options, json),
        .help = "one object: \"ok\" (the exit status is 0), \"exitStatus\", \"warnings\",\n\"failures\", "
                "\"checks\""},
    {"list", FLAG_TO(struct options, list), .help = "what is checked, and what depends on what"},
    {.name = NULL},
};

const struct command command_doctor = {
    .name = "doctor",
    .summary = "try everything that can be wrong, and say what to do about it",
    .help = "usage: wosync doctor [--offline] [--send] [--strict] [--json] [--list] [CHECK...]\n"
            "\n"
            "Tries the configuration, the machine, the API, the store, each handler's receiver and the "
            "webhooks.\n"
            "It changes nothing, takes no lock, and sends at most six requests within the rate limit. A "
            "check that\n"
            "depends on one that failed is not tried (--). Run it as the user that wosync runs as.\n"
            "\n",
    .help_end = "  CHECK      only these checks, or groups, and what they depend on\n"
                "\n"
                "The exit status is that of the gravest failure: 78 the configuration, 77 the token, 74 "
                "files and the\n"
                "store, 69 the API or a receiver; 75 when a signal ended it; 0 when nothing failed.\n"
                "\n"
                "example:  sudo -u wosync wosync doctor\n",
    .options = known,
    .max_arguments = INT_MAX,
    .run = run,
};
