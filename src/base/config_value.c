/*
 * The values of the configuration: one reader for each kind of key. A value that is wrong or out of range is
 * an error with the range in it, never the nearest value that would do.
 */
#include "base/config_value.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/timestamp.h"

enum { SECOND = 1000, HOUR = 3600 * SECOND };

/* --- words --- */

void config_free_words(char **words)
{
    for (size_t i = 0; words != NULL && words[i] != NULL; i++)
        free(words[i]);
    free(words);
}

char **config_split_words(const char *text)
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

static const char *read_text(const char *value, char **out)
{
    for (const char *p = value; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return "it holds a control character";
    *out = strdup(value);
    return NULL;
}

/* --- numbers, durations, instants --- */

static const char *read_number(
    const struct config_key *key, const char *value, int64_t *out, char *reason, size_t size)
{
    char *end;
    errno = 0;
    long long n = strtoll(value, &end, 10);
    if (errno == 0 && end != value && *end == '\0' && n >= key->least && n <= key->most) {
        *out = n;
        return NULL;
    }
    snprintf(reason, size, "expected a number, %lld to %lld", (long long)key->least, (long long)key->most);
    return reason;
}

static const char *read_duration(
    const struct config_key *key, const char *value, int64_t *out, char *reason, size_t size)
{
    char least[TIMESTAMP_SIZE] = "0", most[TIMESTAMP_SIZE];
    if (duration_parse(value, out) == 0 && *out >= key->least && *out <= key->most)
        return NULL;
    if (key->least > 0)
        duration_format(key->least, least);
    duration_format(key->most, most);
    snprintf(reason, size, "expected a duration such as %s, from %s to %s", key->fallback, least, most);
    return reason;
}

static const char *read_start(const char *value, int64_t *out)
{
    if (strcmp(value, "now") == 0)
        *out = CONFIG_START_NOW;
    else if (strcmp(value, "beginning") == 0)
        *out = CONFIG_START_BEGINNING;
    else if (timestamp_parse_user(value, clock_now(), out) != 0)
        return "expected now, beginning, or a date such as 2026-01-31";
    return NULL;
}

static const char *read_yes_no(const char *value, bool *out)
{
    *out = strcmp(value, "yes") == 0;
    return *out || strcmp(value, "no") == 0 ? NULL : "expected yes or no";
}

/* `5%` or `200`. */
static const char *read_share(struct config *config, const char *value)
{
    char *end;
    errno = 0;
    long long n = strtoll(value, &end, 10);
    bool percent = strcmp(end, "%") == 0;
    if (errno != 0 || end == value || (*end != '\0' && !percent) || n < 0 || (percent && n > 100))
        return "expected a share, 0% to 100%, or a number";
    config->max_deletes = n;
    config->max_deletes_percent = percent;
    return NULL;
}

/* `6h/1h 3d/1d`: look back 6 h at the first poll of each hour, 3 d at the first of each day. */
static const char *read_windows(const char *value, struct config_window **out)
{
    char **words = config_split_words(value);
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
    config_free_words(words);
    return wrong;
}

/* --- addresses and files --- */

static const char *read_filter(const char *value, char **out)
{
    static const char *const filters[] = {"auto", "updatedAtGte", "updatedAt[gte]", "sort"};
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++)
        if (strcmp(value, filters[i]) == 0) {
            *out = strdup(value);
            return NULL;
        }
    return "expected auto, updatedAt[gte], updatedAtGte or sort";
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
        return "expected a URL such as https://HOST/v1";
    *out = strdup(value);
    for (char *end = *out + strlen(*out) - 1; *end == '/'; end--) /* the colon ends it at the latest */
        *end = '\0';
    return NULL;
}

const char *config_check_path(const char *path)
{
    if (*path == '\0')
        return "it is empty; write the whole path";
    if (*path == '~')
        return "the ~ is not expanded; write the whole path";
    if (*path == '$')
        return "variables are not expanded; write the whole path";
    return NULL;
}

const char *config_check_file(const char *path)
{
    struct stat st;
    if (access(path, R_OK) != 0 || stat(path, &st) != 0)
        return strerror(errno);
    if (S_ISDIR(st.st_mode))
        return strerror(EISDIR);
    return S_ISREG(st.st_mode) ? NULL : "it is not a regular file";
}

static const char *read_path(const char *value, char **out, bool readable, char *reason, size_t size)
{
    const char *wrong = config_check_path(value);
    if (wrong != NULL)
        return wrong;
    if (readable && (wrong = config_check_file(value)) != NULL) {
        snprintf(reason, size, "the file cannot be read: %s", wrong);
        return reason;
    }
    *out = strdup(value);
    return NULL;
}

/* --- secrets --- */

static char *read_secret_file(const char *path, struct buffer *warnings, char *reason, size_t size)
{
    struct error e = {0};
    bool exposed = false;
    const char *wrong = config_check_path(path);
    char *secret = wrong == NULL ? secret_read_file(path, &exposed, &e) : NULL;
    if (exposed)
        secret_warn(path, warnings);
    if (secret == NULL)
        snprintf(reason, size, "%s", wrong != NULL ? wrong : e.text);
    return secret;
}

/* Takes over `token`. */
static const char *set_token(struct config *config, char *token)
{
    secret_register(token);
    secret_unwrap(token, true);
    const char *wrong = secret_check_token(token);
    if (wrong == NULL) {
        config->token = token;
        return NULL;
    }
    explicit_bzero(token, strlen(token));
    free(token);
    return wrong;
}

/* Adds the secrets in a text, one a word, to those that are there. */
static const char *add_secrets(char *text, char ***out)
{
    secret_register(text);
    secret_unwrap(text, false);
    char **more = config_split_words(text);
    const char *wrong = NULL;
    size_t had = 0, count = 0;
    while (*out != NULL && (*out)[had] != NULL)
        had++;
    for (; more[count] != NULL; count++) {
        secret_register(more[count]);
        secret_unwrap(more[count], false);
        if (wrong == NULL)
            wrong = secret_check_token(more[count]);
    }
    *out = realloc(*out, (had + count + 1) * sizeof **out);
    memcpy(*out + had, more, (count + 1) * sizeof *more);
    free(more);
    return wrong;
}

/* Takes over `text`. */
static const char *set_secret(struct config *config, const struct config_key *key, char *text)
{
    if (key->kind == CONFIG_TOKEN)
        return set_token(config, text);
    const char *wrong = add_secrets(text, &config->webhook_secrets);
    explicit_bzero(text, strlen(text));
    free(text);
    return wrong;
}

const char *config_value_read_secret(struct config *config, const struct config_key *key, const char *value)
{
    return set_secret(config, key, strdup(value));
}

static const char *read_secret(struct config *config, const struct config_key *key, const char *path,
    struct buffer *warnings, char *reason, size_t size)
{
    char *text = read_secret_file(path, warnings, reason, size);
    return text != NULL ? set_secret(config, key, text) : reason;
}

/* The whole address is the secret: who knows it can ping. */
static const char *read_secret_url(const char *value, char **out)
{
    char *url = strdup(value);
    secret_register(url);
    secret_unwrap(url, false);
    const char *wrong = read_url(url, out) == NULL ? NULL : "expected a URL, https://HOST/PATH";
    if (*out != NULL)
        secret_register(*out);
    explicit_bzero(url, strlen(url));
    free(url);
    return wrong;
}

/* --- all of them --- */

const char *config_value_read(struct config *config, const struct config_key *key, const char *value,
    struct buffer *warnings, char *reason, size_t size)
{
    void *member = (char *)config + key->offset;
    switch (key->kind) {
    case CONFIG_NUMBER:
        return read_number(key, value, member, reason, size);
    case CONFIG_DURATION:
        return read_duration(key, value, member, reason, size);
    case CONFIG_WORDS:
        *(char ***)member = config_split_words(value);
        return NULL;
    case CONFIG_FROM:
        return read_start(value, member);
    case CONFIG_YES_NO:
        return read_yes_no(value, member);
    case CONFIG_SHARE:
        return read_share(config, value);
    case CONFIG_WINDOWS:
        return read_windows(value, member);
    case CONFIG_URL:
        return read_url(value, member);
    case CONFIG_FILTER:
        return read_filter(value, member);
    case CONFIG_TOKEN:
    case CONFIG_SECRETS:
        return read_secret(config, key, value, warnings, reason, size);
    case CONFIG_PATH:
        return read_path(value, member, false, reason, size);
    case CONFIG_READABLE:
        return read_path(value, member, true, reason, size);
    case CONFIG_SECRET_URL:
        return read_secret_url(value, member);
    case CONFIG_ACCOUNT:
    case CONFIG_TEXT:
    default:
        return read_text(value, member);
    }
}
