#include "base/secret.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"

enum { SHORTEST = 4, LARGEST_FILE = 64 * 1024 };

static char **secrets;
static size_t count;

void secret_register(const char *secret)
{
    if (strlen(secret) < SHORTEST)
        return;
    for (size_t i = 0; i < count; i++)
        if (strcmp(secrets[i], secret) == 0)
            return;
    secrets = realloc(secrets, (count + 1) * sizeof *secrets);
    char *copy = strdup(secret);
    /* the longest first: one within another must not break it up before it is masked */
    size_t place = count++;
    for (; place > 0 && strlen(secrets[place - 1]) < strlen(copy); place--)
        secrets[place] = secrets[place - 1];
    secrets[place] = copy;
}

void secret_mask(char *text)
{
    for (size_t i = 0; i < count; i++)
        for (char *p = text; (p = strstr(p, secrets[i])) != NULL;)
            for (size_t n = strlen(secrets[i]); n > 0; n--)
                *p++ = '*';
}

bool secret_is_in(const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strstr(text, secrets[i]) != NULL)
            return true;
    return false;
}

void secret_forget(void)
{
    for (size_t i = 0; i < count; i++)
        free(secrets[i]);
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

char *secret_read_file(const char *path, bool *exposed, struct error *e)
{
    struct buffer text = {0};
    char *secret = NULL;
    struct stat st = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read_all(fd, &text) != 0) {
        fail(e, EX_CONFIG, "%s: it cannot be read: %s", path, strerror(errno));
        goto out;
    }
    fstat(fd, &st);
    /* a file that belongs to root and lets the group of our user read it is as it should be */
    *exposed = (st.st_mode & S_IROTH) != 0 || ((st.st_mode & S_IRGRP) != 0 && st.st_uid == geteuid());
    while (text.len > 0 && isspace((unsigned char)text.data[text.len - 1]))
        text.data[--text.len] = '\0';
    const char *begin = text.data;
    while (isspace((unsigned char)*begin))
        begin++;
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
