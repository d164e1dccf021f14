#include "pg_server.h"

#include "support.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "warehouse_postgres_sql.h"

enum { STARTUP = 196608, LARGEST = 16 * 1024 * 1024 };

struct session {
    int fd;
    pid_t client;
    const struct pg_script *script;
    struct buffer statement; /* the last one parsed */
    struct buffer out;
    bool signalled;
    char state; /* I: idle, T: in a transaction */
};

/* --- messages: a letter, the length of the rest with its own four bytes, the rest --- */

static void put_number(struct buffer *out, uint32_t number, size_t bytes)
{
    const uint32_t order = htonl(number);
    buffer_append(out, (const char *)&order + (sizeof order - bytes), bytes);
}

static void put_message(struct session *s, char letter, const char *bytes, size_t len)
{
    buffer_append(&s->out, &letter, 1);
    put_number(&s->out, (uint32_t)len + 4, 4);
    buffer_append(&s->out, bytes, len);
}

static bool read_all(int fd, char *out, size_t len)
{
    while (len > 0) {
        ssize_t n = read(fd, out, len);
        if (n <= 0)
            return false;
        out += n;
        len -= (size_t)n;
    }
    return true;
}

/* Reads what follows a letter, with a NUL behind it; false at the end of the connection. */
static bool read_rest(struct session *s, struct buffer *message)
{
    uint32_t len;
    message->len = 0;
    if (!read_all(s->fd, (char *)&len, sizeof len))
        return false;
    len = ntohl(len) - 4;
    if (len > LARGEST)
        return false;
    buffer_reserve(message, len + 1);
    if (!read_all(s->fd, message->data, len))
        return false;
    message->len = len;
    message->data[len] = '\0';
    return true;
}

static void send_out(struct session *s)
{
    for (size_t at = 0; at < s->out.len;) {
        ssize_t n = write(s->fd, s->out.data + at, s->out.len - at);
        if (n <= 0)
            _exit(0);
        at += (size_t)n;
    }
    s->out.len = 0;
}

/* --- statements --- */

/* The row that a statement gives: texts, "" ends them. */
static const char *const *row_of(const char *sql)
{
    static char version[12];
    static const char *const tables[] = {"t", "t", ""}, *const versions[] = {version, ""},
                             *const none[] = {""};
    snprintf(version, sizeof version, "%d", (int)WAREHOUSE_POSTGRES_VERSION);
    if (strstr(sql, "to_regclass") != NULL)
        return tables;
    return strstr(sql, "max(version)") != NULL ? versions : none;
}

static uint32_t count_columns(const char *const *row)
{
    uint32_t count = 0;
    while (*row[count] != '\0')
        count++;
    return count;
}

static void describe(struct session *s, const char *sql)
{
    const char *const *row = row_of(sql);
    struct buffer columns = {0};
    put_number(&columns, count_columns(row), 2);
    for (; **row != '\0'; row++) {
        buffer_append(&columns, "column", sizeof "column");
        put_number(&columns, 0, 4);          /* table, */
        put_number(&columns, 0, 2);          /* column of it, */
        put_number(&columns, 25, 4);         /* type: text, */
        put_number(&columns, 0xffff, 2);     /* size, */
        put_number(&columns, 0xffffffff, 4); /* modifier, */
        put_number(&columns, 0, 2);          /* format: text */
    }
    if (*row_of(sql)[0] != '\0')
        put_message(s, 'T', columns.data, columns.len);
    else
        put_message(s, 'n', "", 0);
    buffer_free(&columns);
}

static void execute(struct session *s, const char *sql)
{
    const char *const *row = row_of(sql);
    struct buffer values = {0};
    put_number(&values, count_columns(row), 2);
    for (; **row != '\0'; row++) {
        put_number(&values, (uint32_t)strlen(*row), 4);
        buffer_append(&values, *row, strlen(*row));
    }
    if (*row_of(sql)[0] != '\0')
        put_message(s, 'D', values.data, values.len);
    put_message(s, 'C', "OK", sizeof "OK");
    if (strncmp(sql, "BEGIN", 5) == 0)
        s->state = 'T';
    else if (strncmp(sql, "COMMIT", 6) == 0 || strncmp(sql, "ROLLBACK", 8) == 0)
        s->state = 'I';
    buffer_free(&values);
}

static void run_query(struct session *s, const char *sql)
{
    if (*row_of(sql)[0] != '\0')
        describe(s, sql);
    execute(s, sql);
    put_message(s, 'Z', &s->state, 1);
}

static void react(struct session *s)
{
    const struct pg_script *script = s->script;
    if (script->signals && !s->signalled)
        kill(s->client, SIGTERM);
    s->signalled = true;
    if (script->reaction == PG_DEAF)
        pause();
    for (char byte; script->reaction == PG_SILENCE;)
        if (read(s->fd, &byte, 1) <= 0)
            _exit(0);
}

static void answer(struct session *s, char letter, const struct buffer *message)
{
    const char *text = message->data;
    if (s->script->at != NULL && *s->script->at != '\0' &&
        (s->script->letter == '\0' || s->script->letter == letter) &&
        memmem(text, message->len, s->script->at, strlen(s->script->at)) != NULL)
        react(s);
    switch (letter) {
    case 'Q':
        run_query(s, text);
        break;
    case 'P':
        s->statement.len = 0;
        buffer_append_text(&s->statement, text + strlen(text) + 1);
        put_message(s, '1', "", 0);
        break;
    case 'B':
        put_message(s, '2', "", 0);
        break;
    case 'D':
        describe(s, s->statement.data);
        break;
    case 'E':
        execute(s, s->statement.data);
        break;
    case 'S':
        put_message(s, 'Z', &s->state, 1);
        break;
    case 'X':
        _exit(0);
    }
    if (letter == 'Q' || letter == 'S')
        send_out(s);
}

/* --- connections --- */

static void serve(int fd, const struct pg_script *script)
{
    struct session s = {.fd = fd, .script = script, .state = 'I'};
    struct buffer message = {0};
    struct ucred peer;
    socklen_t len = sizeof peer;
    char letter;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 || !read_rest(&s, &message))
        _exit(1);
    s.client = peer.pid;
    if (script->at != NULL && *script->at == '\0')
        react(&s);
    put_message(&s, 'R', "\0\0\0\0", 4);
    put_message(&s, 'Z', &s.state, 1);
    send_out(&s);
    while (read_all(fd, &letter, 1) && read_rest(&s, &message))
        answer(&s, letter, &message);
    _exit(0);
}

void pg_server_start(
    struct pg_server *server, const char *directory, const char *name, const struct pg_script *script)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = path_in(directory, name);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(mkdir(path, 0700) == 0, "%s", path);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", path);
    check(listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof address) == 0 &&
              listen(listener, 64) == 0,
        "the server cannot listen");
    snprintf(server->address, sizeof server->address, "postgresql://wosync@/x?host=%s", path);
    fflush(NULL);
    server->child = fork();
    check(server->child >= 0, "fork");
    if (server->child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGCHLD, SIG_IGN);
        for (;;) {
            int fd = accept(listener, NULL, NULL);
            if (fd >= 0 && fork() == 0)
                serve(fd, script);
            close(fd);
        }
    }
    close(listener);
}

void pg_server_stop(struct pg_server *server)
{
    kill(server->child, SIGKILL);
    waitpid(server->child, NULL, 0);
}
