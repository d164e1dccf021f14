/*
 * The value of `database`. Four forms are no path although SQLite would take them for one, and make a file
 * with a password in its name: an address of another scheme (mysql://...), libpq's list of KEY=VALUE, an
 * address without its scheme (user:password@host/name), and a postgresql:// that is misspelled. What is meant
 * as a path and looks like one of them can be written with ./ before it.
 */
#include "handlers/warehouse/database_address.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/secret.h"

#define EXPECTED "expected postgresql://USER:PASSWORD@HOST/DATABASE, or the path of an SQLite file"

static const char wrong_list[] = "KEY=VALUE pairs are not supported; " EXPECTED;
static const char wrong_scheme[] = "unsupported kind of database; " EXPECTED;
static const char wrong_characters[] = "not a valid postgresql:// address; write the characters @ / : ? # % "
                                       "in a user name or a password as %40 %2F %3A %3F %23 %25";

static const char space[] = " \t\r\n\v\f";

/* --- secrets --- */

static int hex(char c)
{
    const char *digits = "0123456789abcdef", *p = strchr(digits, c | 0x20);
    return c != '\0' && p != NULL ? (int)(p - digits) : -1;
}

/* Registers a text as it is written, and with its %XX resolved. */
static void register_text(const char *text, size_t len)
{
    char *copy = strndup(text, len), *out = copy;
    secret_register(copy);
    for (const char *p = copy; *p != '\0'; out++) {
        bool is_escape = *p == '%' && hex(p[1]) >= 0 && hex(p[2]) >= 0;
        *out = is_escape ? (char)(hex(p[1]) * 16 + hex(p[2])) : *p;
        p += is_escape ? 3 : 1;
    }
    *out = '\0';
    secret_register(copy);
    explicit_bzero(copy, len);
    free(copy);
}

/* What lies between a colon and the last @ of the first `len` bytes. Where the scheme is misspelled, the
 * first colon may not be the one before the password. */
static void register_password(const char *address, size_t len)
{
    const char *at = memrchr(address, '@', len);
    for (const char *p = address; at != NULL && (p = memchr(p, ':', (size_t)(at - p))) != NULL;) {
        p++;
        register_text(p, (size_t)(at - p));
    }
}

/* The user's password, which may hold a ?, and the values of password and sslpassword in the query. */
static void register_parts(const char *address)
{
    register_password(address, strlen(address));
    register_password(address, strcspn(address, "?"));
    const char *query = strchr(address, '?');
    const char *p = query != NULL ? strcasestr(query, "password=") : NULL;
    for (; p != NULL; p = strcasestr(p, "password=")) {
        p += strlen("password=");
        register_text(p, strcspn(p, "&"));
    }
}

/* --- a list of KEY=VALUE --- */

/* A word, then =, at `p`. */
static bool is_pair(const char *p)
{
    size_t word = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");
    return word > 0 && p[word + strspn(p + word, space)] == '=';
}

/* The values of its passwords, with and without the quotes around them. */
static void register_list(const char *list)
{
    for (const char *p = list; (p = strcasestr(p, "passw")) != NULL; p++) {
        const char *value = strchr(p, '=');
        if (value == NULL)
            return;
        value += 1 + strspn(value + 1, space);
        if (*value == '\'') {
            const char *end = strrchr(value + 1, '\'');
            register_text(value + 1, end != NULL ? (size_t)(end - value - 1) : strlen(value + 1));
            register_text(value + 1, strcspn(value + 1, "'"));
        } else {
            register_text(value, strcspn(value, space));
        }
    }
}

/* One at the beginning, or one of the words that an address of a database has. */
static bool is_list(const char *value)
{
    static const char *const words[] = {"host", "hostaddr", "port", "user", "password", "dbname", "service"};
    if (is_pair(value + strspn(value, space)))
        return true;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        for (const char *p = value; (p = strcasestr(p, words[i])) != NULL; p++)
            if (p > value && strchr(space, p[-1]) != NULL && is_pair(p) &&
                strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") == strlen(words[i]))
                return true;
    return false;
}

/* --- an address --- */

/* libpq reads the user's part up to the first @ or /: what is behind it would be the host, and printed. */
static enum database_kind read_postgres(const char *rest, const char **wrong)
{
    size_t len = strcspn(rest, "?");
    const char *first = memchr(rest, '@', len), *last = memrchr(rest, '@', len),
               *slash = memchr(rest, '/', len);
    const char *behind = strchr(rest, '?');
    bool torn = last != NULL && (first != last || (slash != NULL && slash < last));
    /* a ? of the password */
    torn |= last == NULL && behind != NULL && strchr(behind, '@') != NULL && memchr(rest, ':', len) != NULL &&
            slash == NULL;
    if (!torn)
        return DATABASE_POSTGRES;
    *wrong = wrong_characters;
    return DATABASE_WRONG;
}

/* user:password@host */
static bool has_user(const char *value)
{
    size_t len = strcspn(value, "/@");
    return value[len] == '@' && memchr(value, ':', len) != NULL;
}

/* A misspelled postgresql:, of any case. */
static bool is_nearly_postgres(const char *value)
{
    return strncasecmp(value, "postgres", 8) == 0 && strchr(value, ':') != NULL;
}

static const char *behind_scheme(const char *value)
{
    static const char *const schemes[] = {"postgresql://", "postgres://"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strncmp(value, schemes[i], strlen(schemes[i])) == 0)
            return value + strlen(schemes[i]);
    return NULL;
}

enum database_kind database_address_read(const char *value, const char **wrong)
{
    const char *rest = behind_scheme(value);
    bool list = rest == NULL && is_list(value);
    *wrong = EXPECTED;
    if (*value == '\0')
        return DATABASE_WRONG;
    if (rest == NULL && !list && strstr(value, "://") == NULL && !is_nearly_postgres(value) &&
        !has_user(value))
        return DATABASE_FILE;
    secret_register(value);
    if (list)
        register_list(value);
    const char *authority = strstr(value, "://");
    register_parts(authority != NULL ? authority + 3 : value);
    if (rest != NULL)
        return read_postgres(rest, wrong);
    *wrong = list ? wrong_list : wrong_scheme;
    return DATABASE_WRONG;
}
