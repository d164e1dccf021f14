#include "handlers/exec/argv.h"

#include <stdlib.h>
#include <string.h>

/* Copies one word from *line to `out` and moves *line behind it. Returns -1 when a quote is left open. */
static int take_word(const char **line, char *out)
{
    char quote = '\0';
    const char *p = *line;
    for (; *p != '\0' && (quote != '\0' || (*p != ' ' && *p != '\t')); p++) {
        if (quote == '\0' && (*p == '\'' || *p == '"'))
            quote = *p;
        else if (*p == quote)
            quote = '\0';
        else if (quote == '"' && *p == '\\' && (p[1] == '"' || p[1] == '\\'))
            *out++ = *++p;
        else
            *out++ = *p;
    }
    *out = '\0';
    *line = p;
    return quote == '\0' ? 0 : -1;
}

char **argv_split(const char *line, const char **reason)
{
    /* no more words than every second byte, and no word longer than the line */
    char **words = calloc(strlen(line) / 2 + 2, sizeof *words);
    char *word = malloc(strlen(line) + 1);
    size_t count = 0;
    for (;;) {
        line += strspn(line, " \t");
        if (*line == '\0')
            break;
        if (take_word(&line, word) != 0) {
            *reason = "a quote is not closed";
            goto failed;
        }
        words[count++] = strdup(word);
    }
    *reason = "it names no program";
    if (count == 0 || *words[0] == '\0')
        goto failed;
    free(word);
    return words;
failed:
    free(word);
    argv_free(words);
    return NULL;
}

void argv_free(char **words)
{
    for (size_t i = 0; words != NULL && words[i] != NULL; i++)
        free(words[i]);
    free(words);
}
