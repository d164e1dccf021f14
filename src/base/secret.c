/*
 * Secrets: what is masked, and how they are read.
 *
 * The list holds two kinds of entries. A certain one was read for a setting that needs a secret: it is
 * masked, and programs that are run do not get it. A possible one came from the same places for another
 * setting: it is masked when it is long enough not to be an ordinary word.
 *
 * A secret that is read from a file or the environment is what somebody copied there: by an editor that
 * writes a byte order mark, from a .env file with its quotes, from a curl command with `Bearer `. What
 * surrounds it is taken off where there is no doubt; anything else is refused with its reason, because a
 * server would only say that the token is refused.
 */
#include "base/secret.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"

enum { SHORTEST = 4, SHORTEST_POSSIBLE = 8, LARGEST_FILE = 64 * 1024 };

/* The longest first: one within another must not break it up before it is masked. */
static struct entry {
    char *text;
    bool certain; /* registered as a secret */
} * secrets;
static size_t count;

static void add(const char *text, bool certain)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(secrets[i].text, text) == 0) {
            secrets[i].certain |= certain;
            return;
        }
    secrets = realloc(secrets, (count + 1) * sizeof *secrets);
    size_t place = count++, len = strlen(text);
    for (; place > 0 && strlen(secrets[place - 1].text) < len; place--)
        secrets[place] = secrets[place - 1];
    secrets[place] = (struct entry){strdup(text), certain};
}

void secret_register(const char *secret)
{
    if (strlen(secret) >= SHORTEST)
        add(secret, true);
}

void secret_register_possible(const char *value)
{
    if (strlen(value) >= SHORTEST_POSSIBLE)
        add(value, false);
}

void secret_mask(char *text)
{
    for (size_t i = 0; i < count; i++)
        for (char *p = text; (p = strstr(p, secrets[i].text)) != NULL;)
            for (size_t n = strlen(secrets[i].text); n > 0; n--)
                *p++ = '*';
}

bool secret_is_value(const char *value)
{
    const char *space = strrchr(value, ' '), *last = space != NULL ? space + 1 : value;
    for (size_t i = 0; i < count; i++)
        if (secrets[i].certain && (strcmp(value, secrets[i].text) == 0 || strcmp(last, secrets[i].text) == 0))
            return true;
    return false;
}

void secret_forget(void)
{
    for (size_t i = 0; i < count; i++)
        free(secrets[i].text);
    free(secrets);
    secrets = NULL;
    count = 0;
}

static int read_all(int fd, struct buffer *out)
{
    while (out->len <= LARGEST_FILE) {
        buffer_reserve(out, 4096);
        ssize_t n = read(fd, out->data + out->len, 4096);
        if (n <= 0)
            return (int)n;
        out->len += (size_t)n;
        out->data[out->len] = '\0';
    }
    errno = EFBIG;
    return -1;
}

/* May others than its owner and our user read it? What belongs to root and lets one group read is right: that
 * group is our user's, or that of whom it is for. */
static bool is_exposed(const struct stat *st)
{
    bool group = (st->st_mode & S_IRGRP) != 0 && st->st_uid == geteuid();
    if (st->st_uid == 0 && st->st_gid != 0)
        group = false;
    return group || (st->st_mode & S_IROTH) != 0;
}

/* The name of our group, for a command that a user types. */
static void append_group(struct buffer *out)
{
    const struct group *group = getgrgid(getegid());
    if (group != NULL)
        buffer_append_text(out, group->gr_name);
    else
        buffer_append_format(out, "%lu", (unsigned long)getegid());
}

static bool is_of_our_groups(gid_t gid)
{
    gid_t groups[256];
    int n = getgroups((int)(sizeof groups / sizeof groups[0]), groups);
    for (int i = 0; i < n; i++)
        if (groups[i] == gid)
            return true;
    return gid == getegid();
}

/* The command that lets us read the file, and nobody else: the owner types it. */
static void append_command(const char *path, const struct stat *st, struct buffer *out)
{
    if (st->st_uid == geteuid() && (geteuid() != 0 || st->st_gid == 0)) {
        buffer_append_format(out, "run: chmod 600 %s", path);
        if (geteuid() == 0)
            buffer_append_format(
                out, " (where another user runs wosync, first give it to them: chown USER %s)", path);
        return;
    }
    buffer_append_text(out, "run as root: ");
    if (!is_of_our_groups(st->st_gid)) {
        buffer_append_text(out, "chgrp ");
        append_group(out);
        buffer_append_format(out, " %s && ", path);
    }
    buffer_append_format(out, "chmod 640 %s", path);
}

void secret_warn(const char *path, struct buffer *warnings)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return; /* gone since it was read */
    buffer_append_format(warnings, "%s: others can read it; ", path);
    append_command(path, &st, warnings);
    buffer_append_text(warnings, "\n");
}

/* Who is not allowed to read it hears how to change that. */
static char *fail_to_read(const char *path, int reason, struct error *e)
{
    struct stat st;
    struct buffer command = {0};
    if (reason == EACCES && stat(path, &st) == 0)
        append_command(path, &st, &command);
    fail(e, EX_CONFIG, "%s: it cannot be read: %s%s%s", path, strerror(reason),
        command.data != NULL ? "; " : "", command.data != NULL ? command.data : "");
    buffer_free(&command);
    return NULL;
}

static const char *check_file(const struct buffer *text)
{
    const bool mark =
        text->len >= 2 && (memcmp(text->data, "\xff\xfe", 2) == 0 || memcmp(text->data, "\xfe\xff", 2) == 0);
    if (mark)
        return "it is UTF-16; save it as UTF-8 (PowerShell: Set-Content -Encoding ascii)";
    if (text->len > 0 && memchr(text->data, '\0', text->len) != NULL)
        return "it holds a NUL byte; write the secret as text, in UTF-8";
    return NULL;
}

/* Behind a byte order mark and white space. */
static char *skip_mark(char *text)
{
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

char *secret_read_file(const char *path, bool *exposed, struct error *e)
{
    struct buffer text = {0};
    char *secret = NULL;
    struct stat st = {0};
    if (*path == '~') {
        fail(e, EX_CONFIG, "%s: the ~ is not expanded; write the whole path", path);
        return NULL;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    /* the configuration is read more than once, and a pipe is read once, or waited for for ever */
    if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
        fail(e, EX_CONFIG, "%s: it is not a regular file; write the secret into one", path);
        goto out;
    }
    if (fd < 0 || read_all(fd, &text) != 0) {
        fail_to_read(path, errno, e);
        goto out;
    }
    *exposed = is_exposed(&st);
    const char *wrong = check_file(&text);
    if (wrong != NULL) {
        fail(e, EX_CONFIG, "%s: %s", path, wrong);
        goto out;
    }
    while (text.len > 0 && isspace((unsigned char)text.data[text.len - 1]))
        text.data[--text.len] = '\0';
    const char *begin = skip_mark(text.data);
    if (*begin == '\0') {
        fail(e, EX_CONFIG, "%s: it is empty; put the secret into it", path);
        goto out;
    }
    secret = strdup(begin);
    secret_register(secret);
out:
    if (text.data != NULL)
        explicit_bzero(text.data, text.capacity);
    buffer_free(&text);
    if (fd >= 0)
        close(fd);
    return secret;
}

/* --- what was copied by hand --- */

static char *skip_word(char *text, const char *word)
{
    size_t len = strlen(word);
    return strncasecmp(text, word, len) == 0 ? text + len + strspn(text + len, " \t") : text;
}

static void trim_end(char *text)
{
    size_t len = strlen(text);
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        text[--len] = '\0';
}

static char *skip_quotes(char *text)
{
    size_t len = strlen(text);
    if (len < 2 || (*text != '"' && *text != '\'') || text[len - 1] != *text)
        return text;
    text[len - 1] = '\0';
    trim_end(text + 1);
    return skip_mark(text + 1);
}

void secret_unwrap(char *text, bool bearer)
{
    trim_end(text);
    char *begin = skip_quotes(skip_mark(text));
    if (bearer)
        begin = skip_quotes(skip_word(skip_word(begin, "Authorization:"), "Bearer "));
    memmove(text, begin, strlen(begin) + 1);
    secret_register(text);
}

const char *secret_check_token(const char *token)
{
    size_t name = strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
    if (*token == '\0' || strcasecmp(token, "Bearer") == 0)
        return "it is empty";
    if (*token == '<')
        return "it begins with <; write the token alone";
    if (name > 0 && token[name] == '=' && token[name + strspn(token + name, "=")] != '\0')
        return "it begins with NAME=; write the token alone";
    for (; *token != '\0'; token++) {
        unsigned char c = (unsigned char)*token;
        if (c == '\r' || c == '\n')
            return "it holds a line break; write the token alone, in one line";
        if (c == ' ' || c == '\t')
            return "it holds a blank; write the token alone";
        if (c == '"' || c == '\'')
            return "it holds a quote; write the token alone";
        if (c < 0x20 || c == 0x7f)
            return "it holds a control character; write the token alone";
        if (c > 0x7f)
            return "it holds a character that is not ASCII; copy the token once more";
    }
    return NULL;
}
