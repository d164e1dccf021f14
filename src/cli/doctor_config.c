/* doctor_config: the configuration and the files that it names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/http.h"
#include "base/config_key.h"
#include "cli/doctor.h"
#include "store/events.h"
#include "store/store.h"

/* So many of the newest events are held against each `when`. */
enum { EVENTS_TRIED = 1000 };

/* Which check a line of the configuration's belongs to. */
enum kind { KIND_SETTING, KIND_SECRET, KIND_MODULE };

static enum kind kind_of(const char *line)
{
    if (strstr(line, ": others can read it") != NULL)
        return KIND_SECRET;
    return strstr(line, ".so: ") != NULL ? KIND_MODULE : KIND_SETTING;
}

/* Reports the lines of that kind. */
static void report_lines(struct doctor *doctor, const struct buffer *lines, enum kind kind, bool failed)
{
    char *rest = strdup(lines->data != NULL ? lines->data : ""), *place = NULL;
    for (char *line = strtok_r(rest, "\n", &place); line != NULL; line = strtok_r(NULL, "\n", &place)) {
        if (kind_of(line) != kind)
            continue;
        if (failed)
            doctor_fail(doctor, EX_CONFIG, "%s", line);
        else
            doctor_warn(doctor, "%s", line);
    }
    free(rest);
}

static void check_settings(struct doctor *doctor)
{
    const struct ini *ini = &doctor->config.ini;
    struct buffer files = {0};
    report_lines(doctor, &doctor->problems, KIND_SETTING, true);
    report_lines(doctor, &doctor->warnings, KIND_SETTING, false);
    for (size_t i = 0; i < ini->file_count; i++)
        buffer_append_format(&files, "%s%s", i > 0 ? ", " : "", ini->files[i].path);
    if (doctor->reported == 0)
        doctor_ok(doctor, "%s", files.len > 0 ? files.data : "no file: the environment and the defaults");
    buffer_free(&files);
}

static void check_secrets(struct doctor *doctor)
{
    report_lines(doctor, &doctor->warnings, KIND_SECRET, false);
}

static void check_modules(struct doctor *doctor)
{
    report_lines(doctor, &doctor->problems, KIND_MODULE, true);
}

/* --- plain http --- */

/* What a value stands for, as far as it is needed here; to be freed, NULL when it cannot be read. */
static char *resolve(const char *value)
{
    if (strncmp(value, "env:", 4) == 0)
        return config_variable(value + 4) != NULL ? strdup(config_variable(value + 4)) : NULL;
    if (strncmp(value, "file:", 5) != 0)
        return strdup(value);
    FILE *file = fopen(value + 5, "re"); /* the scheme and the host's beginning are enough */
    char whole[2048] = "";
    if (file == NULL)
        return NULL;
    if (fgets(whole, sizeof whole, file) == NULL)
        *whole = '\0';
    fclose(file);
    return strdup(whole + strspn(whole, " \t\"'"));
}

/* http to another machine: what http_check_url takes with `allow_plain` alone. */
static bool is_plain(const char *url)
{
    return url != NULL && strncmp(url, "http://", 7) == 0 && http_check_url(url, true) == NULL &&
           http_check_url(url, false) != NULL;
}

static void check_plain(struct doctor *doctor)
{
    const struct config *config = &doctor->config;
    if (is_plain(config->ping_url))
        doctor_warn(
            doctor, "ping_url in [metrics] is plain http: anyone on the way can read it; write https://");
    for (size_t i = 0; i < config->ini.count; i++) {
        const char *name = config_handler_name(&config->ini.sections[i]);
        const struct ini_setting *url = name != NULL ? ini_setting(&config->ini.sections[i], "url") : NULL;
        char *address = url != NULL ? resolve(url->value) : NULL;
        if (address != NULL)
            address[strcspn(address, " \t\r\n")] = '\0';
        if (is_plain(address))
            doctor_warn(doctor,
                "[handler %s] url is plain http: anyone on the way can read and change what is sent; write "
                "https://",
                name);
        free(address);
    }
}

/* --- when --- */

struct trial {
    const struct handler *handler;
    int64_t tried, matched;
};

static int try_event(const struct event_row *row, void *context, struct error *e)
{
    struct trial *trial = context;
    const enum event_type type = event_type_named(row->type);
    if (type >= EVENT_TYPES || !trial->handler->on[type])
        return 0;
    int wants = handler_wants(trial->handler, type, row->body, row->body_len, e);
    trial->tried++;
    trial->matched += wants == 1;
    return wants < 0 ? -1 : 0;
}

static void check_when(struct doctor *doctor)
{
    if (doctor->store == NULL) {
        doctor_skip(doctor, "not tried: there is no event yet");
        return;
    }
    for (size_t i = 0; i < doctor->table.count; i++) {
        struct trial trial = {&doctor->table.rows[i], 0, 0};
        struct error e = {0};
        if (trial.handler->when == NULL)
            continue;
        const int64_t last = events_last_seq(doctor->store, &e);
        if (last < 0 ||
            events_after(doctor->store, last - EVENTS_TRIED, EVENTS_TRIED, try_event, &trial, &e) != 0)
            doctor_fail(doctor, e.status, "%s", e.text);
        else if (trial.tried > 0 && trial.matched == 0)
            doctor_warn(doctor,
                "[handler %s] when matches none of the last %lld events that on names; compare it with: "
                "wosync events list --json",
                trial.handler->name, (long long)trial.tried);
    }
}

const struct doctor_check doctor_config[] = {
    {"settings", "every setting is right", NULL, false, check_settings},
    {"modules", "modules are there and of this version", NULL, false, check_modules},
    {"secrets", "nobody else can read the files of secrets", NULL, false, check_secrets},
    {"plain-http", "no address on another machine is plain http", NULL, false, check_plain},
    {"when", "each when matches some of the last 1,000 events", "settings", false, check_when},
    {NULL, NULL, NULL, false, NULL},
};
