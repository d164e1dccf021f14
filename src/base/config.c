#include "base/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/timestamp.h"

struct loading {
    struct config *config;
    struct buffer *problems;
    struct buffer *warnings;
};

/* How each key is read. `environment` wins over the file. */
enum kind { TEXT, NUMBER, DURATION, WORDS, FILTER, START, SHARE, URL, KEY_FILE, SECRETS, WINDOWS, READABLE };

struct key {
    const char *section;
    const char *name;
    enum kind kind;
    size_t offset; /* of the member it fills */
    const char *fallback;
    const char *environment;
    int64_t least; /* for NUMBER and DURATION */
    int64_t most;
};

#define MEMBER(name) offsetof(struct config, name)
enum { SECOND = 1000, HOUR = 3600 * SECOND };

static const struct key keys[] = {
    {"api", "base_url", URL, MEMBER(base_url), "https://api.getmaintainx.com/v1", "MAINTAINX_BASE_URL", 0, 0},
    {"api", "key_file", KEY_FILE, MEMBER(token), NULL, NULL, 0, 0},
    {"api", "ca_file", READABLE, MEMBER(ca_file), NULL, NULL, 0, 0},
    {"api", "organization_id", TEXT, MEMBER(organization), "", NULL, 0, 0},
    {"api", "filter", FILTER, MEMBER(filter), "auto", NULL, 0, 0},
    {"api", "page_size", NUMBER, MEMBER(page_size), "200", NULL, 1, 200},
    {"api", "timeout", DURATION, MEMBER(timeout), "30s", NULL, SECOND, HOUR},
    {"api", "give_up", DURATION, MEMBER(give_up), "1m", NULL, 0, HOUR},
    {"api", "reserve", NUMBER, MEMBER(reserve), "0", NULL, 0, 100000},
    {"sync", "start", START, MEMBER(start), "now", NULL, 0, 0},
    {"sync", "lookback", DURATION, MEMBER(lookback), "10m", NULL, 0, INT64_C(366) * 24 * HOUR},
    {"sync", "late_windows", WINDOWS, MEMBER(late_windows), "6h/1h 3d/1d", NULL, 0, 0},
    {"sync", "sweep", DURATION, MEMBER(sweep), "7d", NULL, 0, INT64_C(366) * 24 * HOUR},
    {"sync", "completed", WORDS, MEMBER(completed), "DONE COMPLETED", NULL, 0, 0},
    {"sync", "ignore", WORDS, MEMBER(ignored), "", NULL, 0, 0},
    {"sync", "max_deletes", SHARE, MEMBER(max_deletes), "5%", NULL, 0, 0},
    {"sync", "webhook_silence", DURATION, MEMBER(webhook_silence), "15m", NULL, 0, INT64_C(366) * 24 * HOUR},
    {"sync", "safety_poll", DURATION, MEMBER(safety_poll), "6h", NULL, 0, INT64_C(366) * 24 * HOUR},
    {"webhooks", "secret_file", SECRETS, MEMBER(webhook_secrets), NULL, NULL, 0, 0},
    {"webhooks", "tolerance", DURATION, MEMBER(tolerance), "5m", NULL, SECOND, INT64_C(366) * 24 * HOUR},
    {"store", "path", TEXT, MEMBER(store), WOSYNC_LOCALSTATEDIR "/lib/wosync/wosync.db", "WOSYNC_DB", 0, 0},
    {"store", "keep", DURATION, MEMBER(keep), "90d", NULL, HOUR, INT64_C(36600) * 24 * HOUR},
};
enum { KEYS = sizeof keys / sizeof keys[0] };

__attribute__((format(printf, 2, 3))) static void complain(struct loading *l, const char *format, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    buffer_append_format(l->problems, "%s\n", text);
}

const char *config_handler_name(const struct ini_section *section)
{
    static const char prefix[] = "handler ";
    if (strncmp(section->name, prefix, sizeof prefix - 1) != 0)
        return NULL;
    return section->name + sizeof prefix - 1 + strspn(section->name + sizeof prefix - 1, " ");
}

static void free_words(char **words)
{
    for (size_t i = 0; words != NULL && words[i] != NULL; i++)
        free(words[i]);
    free(words);
}

/* Splits at blanks and line ends. Returns an array that ends with NULL. */
static char **split_words(const char *text)
{
    char *rest = strdup(text), *place = NULL;
    char **words = calloc(strlen(text) / 2 + 2, sizeof *words);
    size_t count = 0;
    for (char *word = strtok_r(rest, " \t\r\n", &place); word != NULL;
         word = strtok_r(NULL, " \t\r\n", &place))
        words[count++] = strdup(word);
    free(rest);
    return words;
}

static const char *read_number(const struct key *key, const char *value, int64_t *out)
{
    char *end;
    errno = 0;
    long long n = strtoll(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0')
        return "it is no number";
    if (n < key->least || n > key->most)
        return "it is out of range";
    *out = n;
    return NULL;
}

static const char *read_duration(const struct key *key, const char *value, int64_t *out)
{
    if (duration_parse(value, out) != 0)
        return "it is no duration; write 30s, 5m, 2h or 90d";
    return *out < key->least || *out > key->most ? "it is out of range" : NULL;
}

static const char *read_start(const char *value, int64_t *out)
{
    if (strcmp(value, "now") == 0)
        *out = CONFIG_START_NOW;
    else if (strcmp(value, "beginning") == 0)
        *out = CONFIG_START_BEGINNING;
    else if (timestamp_parse_user(value, clock_now(), out) != 0)
        return "write now, beginning, or a date such as 2026-01-31";
    return NULL;
}

/* `5%` or `200`. */
static const char *read_share(struct config *config, const char *value)
{
    char *end;
    errno = 0;
    long long n = strtoll(value, &end, 10);
    bool percent = strcmp(end, "%") == 0;
    if (errno != 0 || end == value || (*end != '\0' && !percent) || n < 0 || (percent && n > 100))
        return "write a share such as 5%, or a number";
    config->max_deletes = n;
    config->max_deletes_percent = percent;
    return NULL;
}

/* `6h/1h 3d/1d`: look back 6 h at the first poll of each hour, 3 d at the first of each day. */
static const char *read_windows(const char *value, struct config_window **out)
{
    char **words = split_words(value);
    const char *wrong = NULL;
    size_t count = 0;
    *out = calloc(strlen(value) / 2 + 2, sizeof **out);
    for (char **word = words; *word != NULL && wrong == NULL; word++) {
        struct config_window *window = &(*out)[count++];
        char *slash = strchr(*word, '/');
        if (slash != NULL)
            *slash = '\0';
        if (slash == NULL || duration_parse(*word, &window->lookback) != 0 ||
            duration_parse(slash + 1, &window->every) != 0 || window->lookback < SECOND ||
            window->every < SECOND)
            wrong = "expected pairs of durations such as 6h/1h (look back 6 h, once an hour)";
        else if (window->lookback > INT64_C(366) * 24 * HOUR || window->every > window->lookback)
            wrong =
                "expected a lookback of at most 366d that is not shorter than its interval, such as 6h/1h";
    }
    free_words(words);
    return wrong;
}

static bool is_filter(const char *value)
{
    static const char *const filters[] = {"auto", "updatedAtGte", "updatedAt[gte]", "sort"};
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++)
        if (strcmp(value, filters[i]) == 0)
            return true;
    return false;
}

/* `user:password@` of an address is refused later on; until then it must not be printed. */
static void hide_user(const char *address)
{
    const char *slashes = strstr(address, "//"), *begin = slashes != NULL ? slashes + 2 : address;
    const char *at = memrchr(begin, '@', strcspn(begin, "/?#"));
    if (at == NULL)
        return;
    char *user = strndup(begin, (size_t)(at - begin));
    secret_register(user);
    free(user);
}

static const char *read_url(const char *value, char **out)
{
    hide_user(value);
    if (strncmp(value, "https://", 8) != 0 && strncmp(value, "http://", 7) != 0)
        return "it is no URL; write https://HOST/v1";
    *out = strdup(value);
    for (char *end = *out + strlen(*out) - 1; *end == '/'; end--) /* the colon ends it at the latest */
        *end = '\0';
    return NULL;
}

/* The secret in a file; what others can read of it is a warning. NULL with the reason filled. */
static char *read_secret(struct loading *l, const char *path, char *reason, size_t size)
{
    struct error e = {0};
    bool exposed = false;
    char *secret = secret_read_file(path, &exposed, &e);
    if (exposed)
        buffer_append_format(l->warnings, "%s: others can read it; run: chmod 600 %s\n", path, path);
    if (secret == NULL)
        snprintf(reason, size, "%s", e.text);
    return secret;
}

/* The token itself is not needed when the environment brings one. */
static const char *read_key_file(struct loading *l, const char *value, char **out, char *reason, size_t size)
{
    const char *environment = getenv("MAINTAINX_API_KEY");
    if (environment != NULL && *environment != '\0')
        return NULL;
    *out = read_secret(l, value, reason, size);
    return *out != NULL ? NULL : reason;
}

/* Adds the secrets in a text, one a word, to those that are there. */
static void add_secrets(const char *text, char ***out)
{
    char **more = split_words(text);
    size_t had = 0, has = 0;
    while (*out != NULL && (*out)[had] != NULL)
        had++;
    while (more[has] != NULL)
        secret_register(more[has++]);
    *out = realloc(*out, (had + has + 1) * sizeof **out);
    memcpy(*out + had, more, (has + 1) * sizeof *more);
    free(more);
}

static const char *read_secrets(struct loading *l, const char *value, char ***out, char *reason, size_t size)
{
    char *text = read_secret(l, value, reason, size);
    if (text == NULL)
        return reason;
    add_secrets(text, out);
    explicit_bzero(text, strlen(text));
    free(text);
    return NULL;
}

/* Reads one value into its member. Returns what is wrong with it, or NULL. `reason` is room for a text. */
static const char *read_value(
    struct loading *l, const struct key *key, const char *value, char *reason, size_t size)
{
    void *member = (char *)l->config + key->offset;
    switch (key->kind) {
    case NUMBER:
        return read_number(key, value, member);
    case DURATION:
        return read_duration(key, value, member);
    case WORDS:
        *(char ***)member = split_words(value);
        return NULL;
    case START:
        return read_start(value, member);
    case SHARE:
        return read_share(l->config, value);
    case WINDOWS:
        free(*(void **)member);
        return read_windows(value, member);
    case URL:
        return read_url(value, member);
    case KEY_FILE:
        return read_key_file(l, value, member, reason, size);
    case SECRETS:
        return read_secrets(l, value, member, reason, size);
    case FILTER:
        if (!is_filter(value))
            return "write auto, updatedAtGte, updatedAt[gte] or sort";
        *(char **)member = strdup(value);
        return NULL;
    case READABLE:
        if (access(value, R_OK) != 0) {
            snprintf(reason, size, "the file cannot be read: %s", strerror(errno));
            return reason;
        }
        *(char **)member = strdup(value);
        return NULL;
    case TEXT:
    default:
        *(char **)member = strdup(value);
        return NULL;
    }
}

static void read_key(struct loading *l, const struct key *key)
{
    char reason[1024];
    const struct ini_setting *setting = ini_setting(ini_section(&l->config->ini, key->section), key->name);
    const char *environment = key->environment != NULL ? getenv(key->environment) : NULL;
    const char *wrong = NULL;
    if (environment != NULL && *environment != '\0') {
        wrong = read_value(l, key, environment, reason, sizeof reason);
        if (wrong != NULL)
            complain(l, "%s=%s in the environment: %s", key->environment, environment, wrong);
    } else if (setting != NULL) {
        wrong = read_value(l, key, setting->value, reason, sizeof reason);
        if (wrong != NULL)
            complain(
                l, "%s:%d: %s = %s: %s", l->config->file, setting->line, key->name, setting->value, wrong);
    } else if (key->fallback != NULL) {
        read_value(l, key, key->fallback, reason, sizeof reason);
    }
}

static bool is_known(const char *section, const char *name)
{
    for (int i = 0; i < KEYS; i++)
        if (strcmp(keys[i].section, section) == 0 && (name == NULL || strcmp(keys[i].name, name) == 0))
            return true;
    return false;
}

/* The keys of a section, for a message. */
static void list_keys(const char *section, struct buffer *out)
{
    for (int i = 0; i < KEYS; i++)
        if (strcmp(keys[i].section, section) == 0)
            buffer_append_format(out, "%s%s", out->len > 0 ? ", " : "", keys[i].name);
}

static void check_section(struct loading *l, const struct ini_section *section)
{
    const char *file = l->config->file;
    if (config_handler_name(section) != NULL)
        return;
    if (*section->name == '\0') {
        complain(l, "%s:%d: a setting before the first section", file, section->line);
        return;
    }
    if (!is_known(section->name, NULL)) {
        complain(l,
            "%s:%d: [%s]: unknown section; known are [api], [sync], [webhooks], [store] and "
            "[handler NAME]",
            file, section->line, section->name);
        return;
    }
    for (size_t i = 0; i < section->count; i++) {
        const struct ini_setting *setting = &section->settings[i];
        if (!is_known(section->name, setting->key)) {
            struct buffer known = {0};
            list_keys(section->name, &known);
            complain(l, "%s:%d: %s: unknown key in [%s]; known are %s", file, setting->line, setting->key,
                section->name, known.data);
            buffer_free(&known);
        } else if (ini_setting(section, setting->key) != setting) {
            complain(
                l, "%s:%d: %s: it stands twice in [%s]", file, setting->line, setting->key, section->name);
        }
    }
}

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

static char *find_file(const char *file)
{
    const char *environment = getenv("WOSYNC_CONFIG");
    if (file != NULL)
        return strdup(file);
    if (environment != NULL && *environment != '\0')
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

static void read_token(struct config *config)
{
    const char *token = getenv("MAINTAINX_API_KEY");
    if (token == NULL || *token == '\0')
        return;
    free(config->token);
    config->token = strdup(token);
    secret_register(token);
}

/* Secrets in the environment are taken beside those of the file: while they are changed, both are good. */
static void read_webhook_secrets(struct config *config)
{
    const char *secrets = getenv("MAINTAINX_WEBHOOK_SECRET");
    if (secrets != NULL && *secrets != '\0')
        add_secrets(secrets, &config->webhook_secrets);
}

int config_load(const char *file, struct config *out, struct buffer *problems, struct buffer *warnings)
{
    struct loading l = {out, problems, warnings};
    size_t before = problems->len;
    *out = (struct config){0};
    out->file = find_file(file);
    if (out->file != NULL)
        ini_read(out->file, &out->ini, problems);
    for (size_t i = 0; i < out->ini.count; i++)
        check_section(&l, &out->ini.sections[i]);
    for (int i = 0; i < KEYS; i++)
        read_key(&l, &keys[i]);
    read_token(out);
    read_webhook_secrets(out);
    if (out->completed[0] == NULL)
        complain(&l, "%s: completed in [sync] names no status", out->file);
    return problems->len == before ? 0 : -1;
}

void config_free(struct config *config)
{
    if (config->token != NULL)
        explicit_bzero(config->token, strlen(config->token));
    free(config->file);
    free(config->base_url);
    free(config->token);
    free(config->organization);
    free(config->ca_file);
    free(config->filter);
    free(config->late_windows);
    free_words(config->completed);
    free_words(config->ignored);
    for (char **secret = config->webhook_secrets; secret != NULL && *secret != NULL; secret++)
        explicit_bzero(*secret, strlen(*secret));
    free_words(config->webhook_secrets);
    free(config->store);
    ini_free(&config->ini);
    *config = (struct config){0};
}
