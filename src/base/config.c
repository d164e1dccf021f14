/*
 * Loading the configuration: which files, the sections and keys in them, and for each key of the table the
 * value that is in force: environment before file before default.
 *
 * Every mistake is a line in the problems, and loading goes on behind it. A value that is wrong leaves its
 * member at the default, so that what else is looked at (an address, the handlers) is not wrong because of
 * it.
 */
#include "base/config.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config_key.h"
#include "base/config_value.h"
#include "base/nearest.h"
#include "base/secret.h"
#include "base/utf8.h"

struct loading {
    struct config *config;
    struct buffer *problems;
    struct buffer *warnings;
};

/* How much of a value a message shows. */
enum { VALUE_SHOWN = 100 };

static const char *const sections[] = {"api", "sync", "webhooks", "metrics", "store", "handler"};
enum { SECTIONS = sizeof sections / sizeof sections[0] };

/* A line for a mistake; `line` 0: of no line of the files. */
__attribute__((format(printf, 3, 4))) static void complain(
    struct loading *l, int line, const char *format, ...)
{
    char text[2048];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (line != 0) {
        ini_place(&l->config->ini, line, l->problems);
        buffer_append_text(l->problems, ": ");
    }
    buffer_append_format(l->problems, "%s\n", text);
}

const char *config_handler_name(const struct ini_section *section)
{
    static const char prefix[] = "handler";
    const char *rest = section->name + sizeof prefix - 1;
    if (strncmp(section->name, prefix, sizeof prefix - 1) != 0 || (*rest != ' ' && *rest != '\0'))
        return NULL;
    return rest + strspn(rest, " ");
}

/* The value of a variable without white space at the ends: a file of variables may have other line ends than
 * ours. To be freed. */
static char *copy_trimmed(const char *value)
{
    value += strspn(value, " \t\r\n");
    size_t len = strlen(value);
    while (len > 0 && strchr(" \t\r\n", value[len - 1]) != NULL)
        len--;
    return strndup(value, len);
}

/* --- values --- */

/* What a value stands for: `env:NAME` and `file:PATH`, else itself. Returns a string to be freed, or NULL
 * with the reason. */
static char *resolve(struct loading *l, const char *value, char *reason, size_t size)
{
    struct error e = {0};
    bool exposed = false;
    if (strncmp(value, "env:", 4) == 0) {
        const char *variable = config_variable(value + 4);
        snprintf(reason, size, "%s is not set in the environment", value + 4);
        return variable != NULL ? copy_trimmed(variable) : NULL;
    }
    if (strncmp(value, "file:", 5) != 0)
        return strdup(value);
    char *text = secret_read_file(value + 5, &exposed, &e);
    snprintf(reason, size, "%s", e.text);
    if (exposed)
        secret_warn(value + 5, l->warnings);
    return text;
}

static void read_default(struct loading *l, const struct config_key *key)
{
    char reason[128];
    if (key->fallback != NULL)
        config_value_read(l->config, key, key->fallback, l->warnings, reason, sizeof reason);
}

/* A copy of a value for a message: secrets are masked before it is cut. To be freed. */
static char *show(const char *value)
{
    char *text = strdup(value);
    secret_mask(text);
    if (strlen(text) > VALUE_SHOWN)
        strcpy(text + VALUE_SHOWN - 3, "...");
    utf8_replace_bad(text);
    return text;
}

/* What a wrong value left behind. */
static void drop_value(struct config *config, const struct config_key *key)
{
    if (key->kind == CONFIG_WINDOWS) {
        free(config->late_windows);
        config->late_windows = NULL;
    }
}

static void read_setting(struct loading *l, const struct config_key *key, const struct ini_setting *setting)
{
    char reason[1024];
    char *value = resolve(l, setting->value, reason, sizeof reason);
    const char *wrong = reason;
    if (value != NULL)
        wrong = config_value_read(l->config, key, value, l->warnings, reason, sizeof reason);
    free(value);
    if (wrong == NULL)
        return;
    char *shown = show(setting->value);
    complain(l, setting->line, "%s = %s: %s", key->name, shown, wrong);
    free(shown);
    drop_value(l->config, key);
    read_default(l, key);
}

/* Returns false when the variable is not set. */
static bool read_environment(struct loading *l, const struct config_key *key)
{
    char reason[1024];
    const char *wrong;
    const bool secret = key->kind == CONFIG_TOKEN || key->kind == CONFIG_SECRETS;
    const char *variable = config_variable(key->environment);
    if (variable == NULL)
        return false;
    char *value = copy_trimmed(variable), *shown = NULL;
    if (secret) {
        wrong = config_value_read_secret(l->config, key, value);
    } else {
        wrong = config_value_read(l->config, key, value, l->warnings, reason, sizeof reason);
        shown = show(value);
    }
    if (wrong != NULL)
        complain(l, 0, "%s%s%s in the environment: %s", key->environment, secret ? "" : "=",
            secret ? "" : shown, wrong);
    if (wrong != NULL && !secret)
        read_default(l, key);
    free(shown);
    explicit_bzero(value, strlen(value));
    free(value);
    return true;
}

static void read_key(struct loading *l, const struct config_key *key)
{
    const struct ini_setting *setting = ini_setting(ini_section(&l->config->ini, key->section), key->name);
    /* while a webhook's secret is changed, that of the file and that of the environment are both right */
    const bool both = key->kind == CONFIG_SECRETS;
    if (both && setting != NULL)
        read_setting(l, key, setting);
    if (!read_environment(l, key) && !both) {
        if (setting != NULL)
            read_setting(l, key, setting);
        else
            read_default(l, key);
    }
}

/* --- names --- */

static bool is_known(const char *section, const char *name)
{
    for (size_t i = 0; i < config_key_count; i++)
        if (strcmp(config_keys[i].section, section) == 0 &&
            (name == NULL || strcmp(config_keys[i].name, name) == 0))
            return true;
    return false;
}

/* The section that has a key of that name, or NULL. */
static const char *section_of(const char *name)
{
    for (size_t i = 0; i < config_key_count; i++)
        if (strcmp(config_keys[i].name, name) == 0)
            return config_keys[i].section;
    return NULL;
}

/* The names of a section's keys. Returns how many. */
static size_t list_keys(const char *section, const char *names[])
{
    size_t count = 0;
    for (size_t i = 0; i < config_key_count; i++)
        if (strcmp(config_keys[i].section, section) == 0)
            names[count++] = config_keys[i].name;
    return count;
}

static void check_key(struct loading *l, const struct ini_section *section, const struct ini_setting *setting)
{
    const char *names[CONFIG_MOST_KEYS] = {NULL};
    const char *other = section_of(setting->key), *near;
    if (is_known(section->name, setting->key)) {
        const struct ini_setting *first = ini_setting(section, setting->key);
        if (first != setting)
            complain(l, setting->line, "%s: set twice in [%s]", setting->key, section->name);
        return;
    }
    size_t count = list_keys(section->name, names);
    near = nearest_word(setting->key, names, count);
    if (other != NULL) {
        complain(l, setting->line, "%s: unknown key in [%s]; it belongs into [%s]", setting->key,
            section->name, other);
    } else if (near != NULL) {
        complain(l, setting->line, "%.100s: unknown key in [%s]; did you mean %s?", setting->key,
            section->name, near);
    } else {
        struct buffer known = {0};
        for (size_t i = 0; i < count; i++)
            buffer_append_format(&known, "%s%s", i > 0 ? ", " : "", names[i]);
        complain(l, setting->line, "%.100s: unknown key in [%s]; known are %s", setting->key, section->name,
            known.data);
        buffer_free(&known);
    }
}

static void complain_of_section(struct loading *l, const struct ini_section *section)
{
    size_t len = strcspn(section->name, " ");
    char *word = strndup(section->name, len);
    const char *near = nearest_word(word, sections, SECTIONS);
    if (near != NULL && strcmp(near, "handler") == 0)
        complain(l, section->line, "[%.100s]: unknown section; did you mean [handler%s]?", section->name,
            section->name[len] != '\0' ? section->name + len : " NAME");
    else if (near != NULL)
        complain(l, section->line, "[%.100s]: unknown section; did you mean [%s]?", section->name, near);
    else
        complain(l, section->line,
            "[%.100s]: unknown section; known are [api], [sync], [webhooks], [metrics], [store] and [handler "
            "NAME]",
            section->name);
    free(word);
}

static void check_section(struct loading *l, const struct ini_section *section)
{
    if (config_handler_name(section) != NULL)
        return;
    if (*section->name == '\0')
        complain(l, section->line, "a setting before the first section");
    else if (!is_known(section->name, NULL))
        complain_of_section(l, section);
    else
        for (size_t i = 0; i < section->count; i++)
            check_key(l, section, &section->settings[i]);
}

/* --- files --- */

/* The user's own: $XDG_CONFIG_HOME/wosync/wosync.conf, or below ~/.config. */
static void append_own_file(struct buffer *path)
{
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (xdg != NULL && *xdg != '\0')
        buffer_append_text(path, xdg);
    else
        buffer_append_format(path, "%s/.config", home != NULL ? home : "");
    buffer_append_text(path, "/wosync/wosync.conf");
}

/* The file that is read when none is named, to be freed; NULL: there is none. */
static char *find_file(void)
{
    const char *environment = config_variable("WOSYNC_CONFIG");
    if (environment != NULL)
        return strdup(environment);
    struct buffer own = {0};
    append_own_file(&own);
    const char *const places[] = {"wosync.conf", own.data, WOSYNC_SYSCONFDIR "/wosync.conf"};
    size_t i = 0;
    while (i < sizeof places / sizeof places[0] && access(places[i], F_OK) != 0)
        i++;
    char *found = i < sizeof places / sizeof places[0] ? strdup(places[i]) : NULL;
    buffer_free(&own);
    return found;
}

static void read_files(struct loading *l, const char *const *files)
{
    struct ini *ini = &l->config->ini;
    if (files != NULL && *files != NULL) {
        for (; *files != NULL; files++)
            ini_read_over(*files, ini, l->problems);
        return;
    }
    char *found = find_file();
    if (found != NULL)
        ini_read_over(found, ini, l->problems);
    free(found);
}

/* Several accounts have a configuration each: the last file's name without .conf distinguishes them. */
static void name_account(struct config *config)
{
    const char *path =
        config->ini.file_count > 0 ? config->ini.files[config->ini.file_count - 1].path : "wosync";
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    const char *end = strrchr(name, '.');
    config->account = end != NULL && end > name ? strndup(name, (size_t)(end - name)) : strdup(name);
}

int config_load(
    const char *const *files, struct config *out, struct buffer *problems, struct buffer *warnings)
{
    struct loading l = {out, problems, warnings};
    size_t before = problems->len;
    *out = (struct config){0};
    read_files(&l, files);
    for (size_t i = 0; i < out->ini.count; i++)
        check_section(&l, &out->ini.sections[i]);
    for (size_t i = 0; i < config_key_count; i++)
        read_key(&l, &config_keys[i]);
    if (out->account == NULL)
        name_account(out);
    if (out->completed[0] == NULL)
        complain(&l, ini_setting(ini_section(&out->ini, "sync"), "completed")->line,
            "completed = : expected a status such as DONE");
    return problems->len == before ? 0 : -1;
}

int config_load_store(const char *const *files, struct config *out, struct buffer *problems)
{
    struct buffer warnings = {0};
    struct loading l = {out, problems, &warnings};
    size_t before = problems->len;
    *out = (struct config){0};
    read_files(&l, files);
    for (size_t i = 0; i < config_key_count; i++)
        if (strcmp(config_keys[i].section, "store") == 0)
            read_key(&l, &config_keys[i]);
    buffer_free(&warnings);
    return problems->len == before ? 0 : -1;
}

void config_free(struct config *config)
{
    if (config->token != NULL)
        explicit_bzero(config->token, strlen(config->token));
    free(config->base_url);
    free(config->token);
    free(config->organization);
    free(config->ca_file);
    free(config->filter);
    free(config->late_windows);
    config_free_words(config->completed);
    config_free_words(config->ignored);
    for (char **secret = config->webhook_secrets; secret != NULL && *secret != NULL; secret++)
        explicit_bzero(*secret, strlen(*secret));
    config_free_words(config->webhook_secrets);
    free(config->store);
    free(config->textfile);
    free(config->account);
    if (config->ping_url != NULL)
        explicit_bzero(config->ping_url, strlen(config->ping_url));
    free(config->ping_url);
    ini_free(&config->ini);
    *config = (struct config){0};
}
