/*
 * headers: judges names and values by RFC 9110 (section 5), refuses what the protocol or wosync sets itself, and
 * resolves what a value refers to. Values of headers that carry credentials are registered as secrets, whole and
 * without their scheme (`Bearer`).
 */
#include "handlers/http/headers.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/secret.h"

/* What HTTP sets by itself, and what a receiver trusts us to set. */
static const char *const reserved[] = {"Connection", "Content-Encoding", "Content-Length", "Content-Type",
    "Expect", "Host", "Idempotency-Key", "Keep-Alive", "Proxy-Connection", "TE", "Trailer",
    "Transfer-Encoding", "Upgrade", "webhook-id", "webhook-signature", "webhook-timestamp"};

/* A name with one of these in it has a value that is a secret, even where it stands in the configuration. */
static const char *const output[] = {"auth", "cookie", "key", "password", "secret", "signature", "token"};

/* Is it a token of RFC 9110, section 5.6.2? */
static bool is_token(const char *name)
{
    if (*name == '\0')
        return false;
    for (; *name != '\0'; name++)
        if (!isalnum((unsigned char)*name) && strchr("!#$%&'*+-.^_`|~", *name) == NULL)
            return false;
    return true;
}

static const char *check_name(const char *name)
{
    if (!is_token(name))
        return "write NAME: VALUE";
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (strcasecmp(name, reserved[i]) == 0)
            return "this header is set by the program";
    return NULL;
}

static const char *check_value(const char *value)
{
    for (; *value != '\0'; value++)
        if (((unsigned char)*value < 0x20 && *value != '\t') || *value == 0x7f)
            return "a header's value is one line, without control characters";
    return NULL;
}

static bool is_revealing(const char *name)
{
    for (size_t i = 0; i < sizeof output / sizeof output[0]; i++)
        if (strcasestr(name, output[i]) != NULL)
            return true;
    return false;
}

/* `Bearer ` in the configuration and once more in the secret, which was copied with it: once is enough. */
static void drop_second_scheme(const char *literal, size_t len, char *value)
{
    static const char scheme[] = "Bearer ";
    const size_t size = sizeof scheme - 1;
    if (len >= size && strncasecmp(literal + len - size, scheme, size) == 0 &&
        strncasecmp(value, scheme, size) == 0)
        memmove(value, value + size, strlen(value + size) + 1);
}

/* Registers the whole, and what stands behind the last space: the token in `Bearer TOKEN`. */
static void register_value(const char *value)
{
    const char *space = strrchr(value, ' ');
    secret_register(value);
    if (space != NULL)
        secret_register(space + 1);
}

/* Where `env:` or `file:` begins: the value itself, or its last part; NULL where it is all literal. */
static const char *find_reference(const char *value)
{
    static const char *const kinds[] = {"env:", "file:"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t len = strlen(kinds[i]);
        if (strncmp(value, kinds[i], len) == 0)
            return value;
        for (const char *p = strchr(value, ' '); p != NULL; p = strchr(p + 1, ' '))
            if (strncmp(p + 1, kinds[i], len) == 0)
                return p + 1;
    }
    return NULL;
}

/* Makes `NAME: VALUE`. Returns a string to be freed, or NULL with a problem added. */
static char *join(
    const struct handler_setup *setup, const struct ini_setting *setting, const char *name, const char *value)
{
    const char *reference = find_reference(value), *source = reference != NULL ? reference : value;
    const size_t literal = (size_t)(reference != NULL ? reference - value : 0);
    const bool revealing = is_revealing(name);
    char *resolved =
        revealing ? setup_resolve_secret(setup, setting, source) : setup_resolve(setup, setting, source);
    struct buffer line = {0};
    if (resolved == NULL)
        return NULL;
    drop_second_scheme(value, literal, resolved);
    if (revealing)
        register_value(resolved);
    buffer_append_format(&line, "%s: ", name);
    const size_t begin = line.len;
    buffer_append(&line, value, literal);
    const char *wrong = *resolved == '\0' ? "the header has no value" : NULL;
    buffer_append_text(&line, resolved);
    if (wrong == NULL)
        wrong = check_value(line.data + begin);
    if (wrong != NULL) {
        setup_problem(setup, setting->line, "header: %s: %s", name, wrong);
        explicit_bzero(line.data, line.len);
        buffer_free(&line);
    }
    explicit_bzero(resolved, strlen(resolved));
    free(resolved);
    return line.data;
}

static char *make_one(const struct handler_setup *setup, const struct ini_setting *setting)
{
    char *name = strdup(setting->value), *line = NULL;
    char *colon = strchr(name, ':');
    if (colon == NULL) {
        setup_problem(setup, setting->line, "header: write NAME: VALUE");
    } else {
        *colon = '\0';
        const char *wrong = check_name(name);
        if (wrong != NULL)
            setup_problem(setup, setting->line, "header: %s: %s", name, wrong);
        else
            line = join(setup, setting, name, colon + 1 + strspn(colon + 1, " \t"));
    }
    free(name);
    return line;
}

char **headers_make(const struct handler_setup *setup)
{
    char **headers = calloc(setup->section->count + 1, sizeof *headers);
    const struct ini_setting *setting = NULL;
    size_t count = 0;
    bool failed = false;
    while ((setting = setup_next(setup, "header", setting)) != NULL) {
        headers[count] = make_one(setup, setting);
        if (headers[count] == NULL)
            failed = true;
        else
            count++;
    }
    if (!failed)
        return headers;
    headers_free(headers);
    return NULL;
}

void headers_free(char **headers)
{
    for (size_t i = 0; headers != NULL && headers[i] != NULL; i++) {
        explicit_bzero(headers[i], strlen(headers[i]));
        free(headers[i]);
    }
    free(headers);
}
