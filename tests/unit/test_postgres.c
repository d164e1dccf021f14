/* The warehouse in PostgreSQL, the module itself with a host of this test's: how it waits, for a server that
 * is scripted and for what the system takes. */
#include "support.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/shutdown.h"
#include "handlers/module.h"
#include "handlers/warehouse/backend.h"
#include "pg_server.h"

/* Milliseconds: longer than any test lasts, and a net for what waits in vain. */
enum { FOR_EVER = 3600 * 1000, NET = 60 };

/* How many of the next writes to a socket find no room. */
static int full_sockets;

/* Takes the place of the C library's in libpq. */
ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
    if (full_sockets-- > 0) {
        errno = EAGAIN;
        return -1;
    }
    full_sockets = 0;
    return syscall(SYS_sendto, fd, bytes, len, flags, NULL, 0);
}

/* The clock of the host: it may stand still, and no deadline comes. */
static bool clock_stands;

static int64_t clock_of_host(void)
{
    return clock_stands ? 0 : clock_monotonic();
}

static const struct module_host host = {
    .later = handler_later,
    .dead = handler_dead,
    .clock_monotonic = clock_of_host,
    .shutdown_signalled = shutdown_signalled,
    .shutdown_fd = shutdown_fd,
    .shutdown_attend = shutdown_attend,
};

static const struct warehouse_module *module;
static const struct warehouse_backend *backend;

/* The resolver of the C library: the name `silent` gets no answer, and cannot be called back. */
static bool name_server_signals;

static bool is_silent(const struct gaicb *request)
{
    return strcmp(request->ar_name, "silent") == 0;
}

int getaddrinfo_a(int mode, struct gaicb *list[], int count, struct sigevent *event)
{
    (void)mode;
    (void)count;
    (void)event;
    if (is_silent(list[0]) && name_server_signals)
        raise(SIGTERM);
    return 0;
}

int gai_error(struct gaicb *request)
{
    if (is_silent(request))
        return EAI_INPROGRESS;
    return strcmp(request->ar_name, "127.0.0.1") == 0 ? 0 : EAI_NONAME;
}

int gai_suspend(const struct gaicb *const list[], int count, const struct timespec *limit)
{
    (void)list;
    (void)count;
    return nanosleep(limit, NULL) == 0 ? EAI_AGAIN : EAI_INTR;
}

int gai_cancel(struct gaicb *request)
{
    return is_silent(request) ? EAI_NOTCANCELED : EAI_ALLDONE;
}

static const char snapshot[] = "{\"id\":7,\"status\":\"OPEN\",\"updatedAt\":\"2026-11-23T10:00:00Z\"}";

/* One transaction with `count` snapshots. Returns 0, or -1 with the reason. */
static int put_snapshots(void *db, int count, struct delivery_result *why)
{
    struct warehouse_row row;
    const char *wrong = warehouse_row_from_snapshot(snapshot, strlen(snapshot), false, 0, &row);
    check(wrong == NULL, "%s", wrong);
    int rc = backend->begin(db, why);
    for (int i = 0; i < count && rc == 0; i++)
        rc = backend->put_snapshot(db, &row, why);
    if (rc == 0)
        rc = backend->commit(db, why);
    if (rc != 0)
        backend->rollback(db);
    warehouse_row_free(&row);
    return rc;
}

/* A socket that is full for a moment, then takes everything: the server has nothing to say before it has the
 * whole, so whoever waits for its answer alone waits in vain. */
static void test_full_socket(void **state)
{
    const struct pg_script script = {0};
    struct pg_server server;
    struct delivery_result why = {0};
    pg_server_start(&server, *state, "server", &script);
    void *db = module->make(server.address, "wosync", 3000);
    check(put_snapshots(db, 1, &why) == 0, "%s", why.error);
    for (int full = 1; full <= 3; full++) {
        full_sockets = full;
        check(put_snapshots(db, 5, &why) == 0, "%d: %s", full, why.error);
    }
    backend->free(db);
    pg_server_stop(&server);
}

static void test_time_limit(void **state)
{
    static const struct pg_script scripts[] = {{"", 0, PG_SILENCE, false},
        {"to_regclass", 0, PG_SILENCE, false}, {"INSERT", 0, PG_SILENCE, false},
        {"COMMIT", 0, PG_SILENCE, false}, {"INSERT", 0, PG_DEAF, false}};
    for (size_t i = 0; i < COUNT(scripts); i++) {
        char name[32];
        struct pg_server server;
        struct delivery_result why = {0};
        snprintf(name, sizeof name, "%zu", i);
        pg_server_start(&server, *state, name, &scripts[i]);
        void *db = module->make(server.address, "wosync", 200);
        check(put_snapshots(db, 10000, &why) != 0 && why.status == DELIVERY_LATER &&
                  strstr(why.error, "no answer within 0.2 s") != NULL,
            "%zu: %d %s", i, why.status, why.error);
        backend->free(db);
        pg_server_stop(&server);
    }
}

/* --- SIGTERM: a process of its own, for that it came is never forgotten --- */

struct stopping {
    const char *address;
    const char *expected; /* what the error says; NULL: it is done all the same, if the clock lets it */
};

static void wait_until_stopped(void *data)
{
    const struct stopping *stopping = data;
    struct delivery_result why = {0};
    struct error e = {0};
    alarm(NET);
    clock_stands = stopping->expected == NULL;
    if (shutdown_install(&e) != 0)
        exit(1);
    void *db = module->make(stopping->address, "wosync", FOR_EVER);
    int rc = put_snapshots(db, 10000, &why);
    if (rc != 0)
        fprintf(stderr, "%d %s\n", why.status, why.error);
    if (!shutdown_signalled())
        exit(2);
    if (stopping->expected == NULL && rc != 0)
        exit(3);
    if (stopping->expected != NULL &&
        (rc == 0 || why.status != DELIVERY_LATER || strstr(why.error, stopping->expected) == NULL))
        exit(4);
    backend->free(db);
}

static void test_signal_while_it_waits(void **state)
{
    static const struct {
        struct pg_script script;
        const char *expected;
    } table[] = {
        {{"", 0, PG_SILENCE, true}, "a signal ended the run"},
        {{"to_regclass", 0, PG_SILENCE, true}, "a signal ended the run"},
        {{"INSERT", 0, PG_SILENCE, true}, "a signal ended the run"},
        {{"INSERT", 0, PG_DEAF, true}, "a signal ended the run"},
        {{"COMMIT", 0, PG_SILENCE, true}, "a signal ended the run"},
        /* a transaction that is nearly there is ended well */
        {{"COMMIT", 'P', PG_ANSWER, true}, NULL},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        char name[32];
        struct pg_server server;
        snprintf(name, sizeof name, "%zu", i);
        pg_server_start(&server, *state, name, &table[i].script);
        struct stopping stopping = {server.address, table[i].expected};
        int status = run_in_child(wait_until_stopped, &stopping);
        check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%zu: status %x", i, (unsigned)status);
        pg_server_stop(&server);
    }
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, directory_setup, directory_teardown)

static void test_names_of_hosts(void **state)
{
    static const struct {
        const char *address, *error;
    } table[] = {
        {"postgresql://silent/x",
            "postgresql: silent: the name server did not answer within 0.2 s; check the network"},
        {"postgresql://nowhere/x", "postgresql: nowhere: its address cannot be found: "},
        /* looked up, and nobody listens */
        {"postgresql://127.0.0.1:1/x", "Connection refused"},
        {"postgresql://silent:1/x?hostaddr=127.0.0.1", "Connection refused"},
        {"postgresql://silent:1,127.0.0.1:1/x", "Connection refused"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct delivery_result why = {0};
        void *db = module->make(table[i].address, "wosync", 200);
        check(put_snapshots(db, 1, &why) != 0 && why.status == DELIVERY_LATER &&
                  strstr(why.error, table[i].error) != NULL,
            "%s: %s", table[i].address, why.error);
        backend->free(db);
    }
}

static void test_signal_while_it_looks_up(void **state)
{
    struct stopping stopping = {"postgresql://silent/x", "a signal ended the run before the name server"};
    (void)state;
    name_server_signals = true;
    int status = run_in_child(wait_until_stopped, &stopping);
    name_server_signals = false;
    check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
}

static void test_check(void **state)
{
    static const char *const good[] = {"postgresql://", "postgres://a:b@c,d:5432/e?sslmode=require"},
                             *const bad[] = {
                                 "postgresql://a/%zz", "postgresql://a/b?nonsense=1", "postgresql://[::1/b"};
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        check_text(module->check_address(good[i]), NULL);
    for (size_t i = 0; i < COUNT(bad); i++)
        check(module->check_address(bad[i]) != NULL, "%s", bad[i]);
}

/* The first of several hosts that answers is taken, also where one before it is silent. */
static void test_hosts(void **state)
{
    const struct pg_script silent = {"", 0, PG_SILENCE, false}, well = {0};
    struct pg_server servers[2];
    struct delivery_result why = {0};
    char address[1024];
    pg_server_start(&servers[0], *state, "silent", &silent);
    pg_server_start(&servers[1], *state, "well", &well);
    const char *first = strstr(servers[0].address, "host=") + 5,
               *second = strstr(servers[1].address, "host=") + 5;
    const struct {
        const char *first, *ports;
        int64_t limit;
    } table[] = {
        {first, "", 5000}, /* as long as it waits for the first */
        {"/nowhere", "", FOR_EVER},
        {"/nowhere", "&port=5432", FOR_EVER},
        {"/nowhere", "&port=1,5432", FOR_EVER},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        snprintf(address, sizeof address, "postgresql://wosync@/x?host=%s,%s%s", table[i].first, second,
            table[i].ports);
        void *db = module->make(address, "wosync", table[i].limit);
        check(put_snapshots(db, 1, &why) == 0, "%s: %s", address, why.error);
        backend->free(db);
    }
    /* libpq reports lists that do not fit */
    snprintf(address, sizeof address, "postgresql://wosync@/x?host=%s,%s,/nowhere&port=5432,1", first, first);
    void *db = module->make(address, "wosync", 200);
    check(put_snapshots(db, 1, &why) != 0 && why.status == DELIVERY_LATER, "%s", why.error);
    check(strstr(why.error, "port") != NULL, "%s", why.error);
    backend->free(db);
    pg_server_stop(&servers[0]);
    pg_server_stop(&servers[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_full_socket),
        in_directory(test_time_limit),
        in_directory(test_signal_while_it_waits),
        in_directory(test_hosts),
        cmocka_unit_test(test_names_of_hosts),
        cmocka_unit_test(test_signal_while_it_looks_up),
        cmocka_unit_test(test_check),
    };
    module = wosync_module.open(&host);
    backend = module->backend;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
