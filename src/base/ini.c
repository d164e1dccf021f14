#include "base/ini.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* inih tells its handler no line numbers, so the lines are counted where it reads them. */
struct reading {
    const char *path;
    FILE *file;
    int line;
    struct ini *out;
    struct buffer *problems;
    char *section;    /* the name in the last header: inih cuts it at 49 bytes; NULL before the first */
    bool has_setting; /* there is one since that header, which an indented line goes on with */
    bool continued;   /* the current line does */
};

static void complain(struct reading *r, int line, const char *text, const char *detail)
{
    buffer_append_format(r->problems, "%s:%d: %s%s\n", r->path, line, text, detail);
}

static bool is_ignorable(const char *line)
{
    line += strspn(line, " \t\r\n");
    return *line == '\0' || *line == ';' || *line == '#';
}

static struct ini_section *find_section(struct reading *r, const char *name)
{
    struct ini *ini = r->out;
    for (size_t i = 0; i < ini->count; i++)
        if (strcmp(ini->sections[i].name, name) == 0)
            return &ini->sections[i];
    ini->sections = realloc(ini->sections, (ini->count + 1) * sizeof *ini->sections);
    ini->sections[ini->count] = (struct ini_section){.name = strdup(name), .line = r->line};
    return &ini->sections[ini->count++];
}

/* A header is the last word on the section: inih would cut its name. */
static void read_header(struct reading *r, const char *line)
{
    size_t len = strcspn(line + 1, "]");
    if (line[1 + len] == '\0') {
        complain(r, r->line, "a section header needs a closing bracket", "");
    } else if (len == 0) {
        complain(r, r->line, "a section needs a name", "");
    } else {
        free(r->section);
        r->section = strndup(line + 1, len);
        r->has_setting = false;
        find_section(r, r->section);
    }
}

/* inih's own check is silent about what is no setting, so the shape of a line is held here. */
static void check_shape(struct reading *r, const char *line)
{
    if (is_ignorable(line))
        return;
    if (*line == '[') {
        read_header(r, line);
    } else if (strpbrk(line, "=:") == NULL) {
        complain(r, r->line, "it is no setting; write KEY = VALUE", "");
    } else if (strpbrk(line, "=:") == line) {
        complain(r, r->line, "there is no key before the =", "");
    }
}

/* The next line of the file, up to `size` - 1 bytes of it, as fgets; *whole is its whole length, a NUL byte
 * in it ends nothing. */
static bool read_line(FILE *file, char *out, size_t size, size_t *whole, bool *has_nul)
{
    int c;
    *whole = 0;
    *has_nul = false;
    while ((c = getc(file)) != EOF) {
        if (*whole < size - 1)
            out[*whole] = (char)c;
        ++*whole;
        *has_nul |= c == '\0';
        if (c == '\n')
            break;
    }
    out[*whole < size ? *whole : size - 1] = '\0';
    return *whole > 0;
}

/* For inih: the next line, like fgets. */
static char *next_line(char *out, int size, void *context)
{
    struct reading *r = context;
    size_t whole;
    bool has_nul;
    if (!read_line(r->file, out, (size_t)size, &whole, &has_nul))
        return NULL;
    r->line++;
    if (r->line == 1 && strncmp(out, "\xef\xbb\xbf", 3) == 0)
        memmove(out, out + 3, strlen(out + 3) + 1); /* a byte order mark */
    if (has_nul) {
        complain(r, r->line, "it holds a NUL byte", "");
        strcpy(out, "\n");
    } else if (whole >= (size_t)size) {
        if (!is_ignorable(out))
            complain(r, r->line, "the line is longer than 197 bytes",
                "; go on in a next line that begins with a space (keys when and on)");
        strcpy(out, "\n");
    }
    if (!is_ignorable(out) && !utf8_is_valid(out, strlen(out))) {
        complain(r, r->line, "the line holds bytes that are not UTF-8; save the file as UTF-8", "");
        strcpy(out, "\n");
    }
    const char *begin = out + strspn(out, " \t\r\n");
    r->continued = begin > out && r->has_setting;
    if (!r->continued)
        check_shape(r, begin);
    return out;
}

static void add_setting(struct ini_section *section, const char *key, const char *value, int line)
{
    section->settings = realloc(section->settings, (section->count + 1) * sizeof *section->settings);
    section->settings[section->count++] =
        (struct ini_setting){.key = strdup(key), .value = strdup(value), .line = line};
}

/* A continuation line comes as a second value of the same key; a repeated key comes from a line of its own.
 */
static void join(struct ini_setting *setting, const char *more)
{
    struct buffer joined = {0};
    /* inih leaves the comment behind a continuation where it is */
    const char *comment = strstr(more, " ;");
    size_t len = comment != NULL ? (size_t)(comment - more) : strlen(more);
    while (isspace((unsigned char)more[len - 1])) /* it does not begin with a space */
        len--;
    buffer_append_format(&joined, "%s %.*s", setting->value, (int)len, more);
    free(setting->value);
    setting->value = joined.data;
}

/* For inih: one setting. Returns 1, its "go on". */
static int on_setting(void *context, const char *section_name, const char *key, const char *value)
{
    struct reading *r = context;
    struct ini_section *section = find_section(r, r->section != NULL ? r->section : "");
    (void)section_name;
    if (section->count == 0 || !r->continued)
        add_setting(section, key, value, r->line);
    else if (strcmp(key, "when") == 0 || strcmp(key, "on") == 0)
        join(&section->settings[section->count - 1], value);
    else
        complain(
            r, r->line, "a line that begins with a space goes on with the line before; remove the space", "");
    r->has_setting = true;
    return 1;
}

int ini_read(const char *path, struct ini *out, struct buffer *problems)
{
    size_t before = problems->len;
    struct reading r = {.path = path, .out = out, .problems = problems, .file = fopen(path, "re")};
    *out = (struct ini){0};
    if (r.file == NULL) {
        buffer_append_format(problems, "%s: it cannot be read: %s\n", path, strerror(errno));
        return -1;
    }
    ini_parse_stream(next_line, &r, on_setting, &r);
    if (ferror(r.file))
        buffer_append_format(problems, "%s: it cannot be read: %s\n", path, strerror(errno));
    fclose(r.file);
    free(r.section);
    return problems->len == before ? 0 : -1;
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
        for (size_t j = 0; j < section->count; j++) {
            free(section->settings[j].key);
            free(section->settings[j].value);
        }
        free(section->settings);
        free(section->name);
    }
    free(ini->sections);
    *ini = (struct ini){0};
}
