/*
 * The reader of INI files. A file is read whole and then line by line; each line is one of: nothing, a
 * comment, a header, a setting, a continuation.
 *
 * State: the section of the last header, and whether a setting came since, which an indented line continues.
 * A header that is wrong is reported once: the settings below it are passed over until the next header,
 * because nothing is known of where they belong.
 *
 * Always true: every setting has a key that is not empty, a value in UTF-8 without control characters (but
 * tabs), and the number of its line.
 */
#include "base/ini.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"

struct reader {
    struct ini *out;
    struct buffer *problems;
    int line;
    char *section;    /* of the last header; NULL before the first */
    bool skipping;    /* the last header was wrong */
    bool has_setting; /* one came since the last header */
};

__attribute__((format(printf, 2, 3))) static void complain(struct reader *r, const char *format, ...)
{
    va_list ap;
    char text[256];
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    ini_place(r->out, r->line, r->problems);
    buffer_append_format(r->problems, ": %s\n", text);
}

/* --- the parts of a line --- */

static char *trim(char *text)
{
    text += strspn(text, " \t");
    size_t len = strlen(text);
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        text[--len] = '\0';
    return text;
}

static bool is_comment_sign(const char *text)
{
    return *text == ';' || (*text == '#' && (text[1] == '\0' || text[1] == ' ' || text[1] == '\t'));
}

/* Where what looks like a comment begins, at the beginning or behind a blank, outside of quotes; NULL where
 * nothing does. A quote that is not closed is an apostrophe. */
static char *find_comment(char *value)
{
    char before = ' ';
    for (char *p = value; *p != '\0'; before = *p++) {
        char *closing = *p == '\'' || *p == '"' ? strchr(p + 1, *p) : NULL;
        if (closing != NULL)
            p = closing;
        else if ((before == ' ' || before == '\t') && is_comment_sign(p))
            return p;
    }
    return NULL;
}

/* What no line may hold, or NULL. What a comment holds does not matter. */
static const char *check_bytes(const char *line, size_t len, bool comment, char reason[64])
{
    if (memchr(line, '\0', len) != NULL)
        return "the line holds a NUL byte";
    if (comment)
        return NULL;
    if (!utf8_is_valid(line, len))
        return "the line holds bytes that are not UTF-8; save the file as UTF-8";
    for (const char *p = line; *p != '\0'; p++)
        if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f) {
            snprintf(reason, 64, "the line holds a control character (0x%02x)", (unsigned)*p);
            return reason;
        }
    return NULL;
}

/* --- what a line adds --- */

static struct ini_section *find_section(struct ini *ini, const char *name, int line)
{
    for (size_t i = 0; i < ini->count; i++)
        if (strcmp(ini->sections[i].name, name) == 0)
            return &ini->sections[i];
    ini->sections = realloc(ini->sections, (ini->count + 1) * sizeof *ini->sections);
    ini->sections[ini->count] = (struct ini_section){.name = strdup(name), .line = line};
    return &ini->sections[ini->count++];
}

static void add_setting(struct ini_section *section, const char *key, const char *value, int line)
{
    section->settings = realloc(section->settings, (section->count + 1) * sizeof *section->settings);
    section->settings[section->count++] =
        (struct ini_setting){.key = strdup(key), .value = strdup(value), .line = line};
}

static void read_header(struct reader *r, char *line)
{
    char *end = strchr(line, ']'), *name = line + 1;
    r->skipping = true;
    r->has_setting = false;
    if (end == NULL) {
        complain(r, "a section header needs a closing bracket");
        return;
    }
    *end = '\0';
    name = trim(name);
    if (*name == '\0') {
        complain(r, "a section needs a name, as in [sync]");
    } else if (*trim(end + 1) != '\0') {
        complain(r, "unexpected text behind [%.100s]; a comment needs a line of its own", name);
    } else {
        free(r->section);
        r->section = strdup(name);
        find_section(r->out, name, r->line);
        r->skipping = false;
    }
}

/* A comment behind a value is reported and cut off, so that it is not reported once more as a wrong value. */
static void cut_comment(struct reader *r, const char *key, char *value)
{
    char *comment = find_comment(value);
    if (comment == NULL)
        return;
    *comment = '\0';
    trim(value);
    complain(r,
        "%.100s: a comment needs a line of its own (in a value, put a ; or # after a blank in quotes)", key);
}

static void read_setting(struct reader *r, char *line)
{
    char *separator = strpbrk(line, "=:");
    if (separator == NULL || separator == line) {
        complain(r, separator == NULL ? "expected KEY = VALUE" : "expected a key before the %c", *line);
        return;
    }
    *separator = '\0';
    char *key = trim(line), *value = trim(separator + 1);
    cut_comment(r, key, value);
    const char *section = r->section != NULL ? r->section : "";
    add_setting(find_section(r->out, section, r->line), key, value, r->line);
    r->has_setting = true;
}

/* The last setting goes on. */
static void read_continuation(struct reader *r, const char *text)
{
    struct ini_section *section = find_section(r->out, r->section != NULL ? r->section : "", r->line);
    struct ini_setting *setting = &section->settings[section->count - 1];
    if (strcmp(setting->key, "when") != 0 && strcmp(setting->key, "on") != 0) {
        complain(r, "a line that begins with a blank continues the line before, for when and on only; "
                    "remove the blank");
        return;
    }
    struct buffer joined = {0};
    buffer_append_format(&joined, "%s %s", setting->value, text);
    free(setting->value);
    setting->value = joined.data;
    cut_comment(r, setting->key, setting->value);
}

static void read_line(struct reader *r, char *line, size_t len)
{
    char reason[64];
    char *text = line + strspn(line, " \t");
    const bool comment = *text == ';' || *text == '#';
    const char *wrong = check_bytes(line, len, comment, reason);
    text = trim(text);
    if (wrong != NULL)
        complain(r, "%s", wrong);
    else if (*text == '\0' || comment)
        ;
    else if (text > line && r->has_setting)
        read_continuation(r, text);
    else if (*text == '[')
        read_header(r, text);
    else if (!r->skipping)
        read_setting(r, text);
}

/* --- the file --- */

/* Its bytes, or -1 with errno set. */
static int read_file(const char *path, struct buffer *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = -1;
    if (fd < 0)
        return -1;
    do {
        buffer_reserve(out, 4096);
        n = read(fd, out->data + out->len, 4096);
        if (n > 0)
            out->len += (size_t)n;
    } while (n > 0 && out->len <= INI_LARGEST_FILE);
    out->data[out->len] = '\0';
    int error = n > 0 ? EFBIG : errno;
    close(fd);
    errno = error;
    return n == 0 ? 0 : -1;
}

static void read_lines(struct reader *r, char *line, char *end)
{
    while (line < end) {
        char *next = memchr(line, '\n', (size_t)(end - line));
        size_t len = next != NULL ? (size_t)(next - line) : (size_t)(end - line);
        if (len > 0 && line[len - 1] == '\r')
            len--;
        line[len] = '\0';
        r->line = ++r->out->lines;
        read_line(r, line, len);
        line = next != NULL ? next + 1 : end;
    }
}

static bool is_utf16(const struct buffer *bytes)
{
    return bytes->len >= 2 &&
           (memcmp(bytes->data, "\xff\xfe", 2) == 0 || memcmp(bytes->data, "\xfe\xff", 2) == 0);
}

int ini_read(const char *path, struct ini *out, struct buffer *problems)
{
    *out = (struct ini){0};
    return ini_read_over(path, out, problems);
}

/* Reads the file into `out`, whose lines are numbered from out->lines + 1 on. */
static void read_into(const char *path, struct ini *out, struct buffer *problems)
{
    struct buffer bytes = {0};
    struct reader r = {.out = out, .problems = problems};
    if (read_file(path, &bytes) != 0) {
        buffer_append_format(problems, "%s: it cannot be read: %s\n", path, strerror(errno));
    } else if (is_utf16(&bytes)) {
        buffer_append_format(problems, "%s: the file is UTF-16; save it as UTF-8\n", path);
    } else {
        size_t mark = bytes.len >= 3 && memcmp(bytes.data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
        out->files = realloc(out->files, (out->file_count + 1) * sizeof *out->files);
        out->files[out->file_count++] = (struct ini_file){strdup(path), out->lines};
        read_lines(&r, bytes.data + mark, bytes.data + bytes.len);
    }
    free(r.section);
    buffer_free(&bytes);
}

static void free_setting(struct ini_setting *setting)
{
    free(setting->key);
    free(setting->value);
}

static void remove_settings(struct ini_section *section, const char *key)
{
    size_t kept = 0;
    for (size_t i = 0; i < section->count; i++)
        if (strcmp(section->settings[i].key, key) == 0)
            free_setting(&section->settings[i]);
        else
            section->settings[kept++] = section->settings[i];
    section->count = kept;
}

static void lay_over(struct ini *ini, const struct ini *over)
{
    for (size_t i = 0; i < over->count; i++) {
        const struct ini_section *from = &over->sections[i];
        struct ini_section *to = find_section(ini, from->name, from->line);
        for (size_t j = 0; j < from->count; j++)
            remove_settings(to, from->settings[j].key);
        for (size_t j = 0; j < from->count; j++)
            add_setting(to, from->settings[j].key, from->settings[j].value, from->settings[j].line);
    }
}

int ini_read_over(const char *path, struct ini *ini, struct buffer *problems)
{
    size_t before = problems->len;
    /* the files are handed through: places are looked up in them while reading */
    struct ini over = {.files = ini->files, .file_count = ini->file_count, .lines = ini->lines};
    read_into(path, &over, problems);
    ini->files = over.files;
    ini->file_count = over.file_count;
    ini->lines = over.lines;
    lay_over(ini, &over);
    over.files = NULL;
    over.file_count = 0;
    ini_free(&over);
    return problems->len == before ? 0 : -1;
}

/* --- looking --- */

static const struct ini_file *find_file(const struct ini *ini, int line)
{
    size_t i = ini->file_count;
    while (i > 1 && ini->files[i - 1].before >= line)
        i--;
    return &ini->files[i - 1];
}

void ini_place(const struct ini *ini, int line, struct buffer *out)
{
    const struct ini_file *file = find_file(ini, line);
    buffer_append_format(out, "%s:%d", file->path, line - file->before);
}

int ini_same_file(const struct ini *ini, int line, int other)
{
    return find_file(ini, line) == find_file(ini, other);
}

const struct ini_section *ini_section(const struct ini *ini, const char *name)
{
    for (size_t i = 0; i < ini->count; i++)
        if (strcmp(ini->sections[i].name, name) == 0)
            return &ini->sections[i];
    return NULL;
}

const struct ini_setting *ini_setting(const struct ini_section *section, const char *key)
{
    for (size_t i = 0; section != NULL && i < section->count; i++)
        if (strcmp(section->settings[i].key, key) == 0)
            return &section->settings[i];
    return NULL;
}

void ini_free(struct ini *ini)
{
    for (size_t i = 0; i < ini->count; i++) {
        struct ini_section *section = &ini->sections[i];
        for (size_t j = 0; j < section->count; j++)
            free_setting(&section->settings[j]);
        free(section->settings);
        free(section->name);
    }
    for (size_t i = 0; i < ini->file_count; i++)
        free(ini->files[i].path);
    free(ini->files);
    free(ini->sections);
    *ini = (struct ini){0};
}
