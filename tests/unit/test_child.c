/* Work in a child process: it is done, it is slow, it dies, it leaves something behind, and nothing of ours
 * is in it. */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/shutdown.h"
#include "deliver/child.h"

enum { EVENTS = 300 };

/* What the work is to do, and what it has seen; shared with the child. */
enum what { WORK, HANG, DIE, FORK, FORGET };

static struct shared {
    enum what what;
    pid_t pid, grandchild;
    int done, freed;
    int own; /* a descriptor of the parent's, which the child must not have */
    bool has_own;
    int shutdown_fd; /* what the child would wait for besides its receiver */
} * shared;

static void leave_one_behind(void)
{
    pid_t pid = fork();
    while (pid == 0)
        pause();
    shared->grandchild = pid;
}

static void work(void *state, struct handler_batch *batch, struct delivery_result *results)
{
    check(state == shared, "the state");
    shared->pid = getpid();
    shared->has_own = fcntl(shared->own, F_GETFD) >= 0;
    shared->shutdown_fd = shutdown_fd();
    if (shared->what == FORK)
        leave_one_behind();
    while (shared->what == HANG || shared->what == FORK)
        pause();
    if (shared->what == DIE)
        raise(SIGKILL);
    if (shared->what == FORGET)
        return;
    if (batch->kind == HANDLER_SNAPSHOTS) {
        shared->done += batch->snapshots[batch->count - 1].json[0] == '{';
        handler_done(results);
        return;
    }
    for (size_t i = 0; i < batch->count; i++) {
        const struct handler_event *event = &batch->events[i];
        bool whole = strlen(event->body) == event->body_len && strcmp(event->id, "e") == 0 &&
                     (event->steps == 0 || strcmp(event->history[0].status, "OPEN") == 0);
        shared->done += whole;
        if (event->seq % 3 == 0)
            handler_later(&results[i], 7, "event %lld", (long long)event->seq);
        else
            handler_done(&results[i]);
    }
}

static void release(void *state)
{
    ((struct shared *)state)->freed++;
}

static const struct handler_type type = {.name = "x", .free = release, .work = work};

/* Runs a batch to its end. */
static void run(struct child *child, struct handler_batch *batch, struct delivery_result *results)
{
    struct handler_host host = {.quiet = false};
    void *job = child_driver.start(child, &host, batch, results);
    while (job != NULL && !child_driver.collect(job, results)) {
        struct handler_wait wait = {.until = INT64_MAX};
        child_driver.poll(job, &wait);
        int64_t left = wait.until - clock_monotonic();
        poll(wait.fds, wait.count, left < 0 ? 0 : (int)left);
        free(wait.fds);
    }
}

static struct child *begin(enum what what)
{
    memset(shared, 0, sizeof *shared);
    shared->what = what;
    return child_new("x", &type, shared);
}

static struct handler_batch batch_of(
    struct handler_event *events, size_t count, const char *body, int64_t timeout)
{
    static const struct handler_step step = {.status = "OPEN"};
    for (size_t i = 0; i < count; i++)
        events[i] = (struct handler_event){.seq = (int64_t)i + 1,
            .id = "e",
            .body = body,
            .body_len = strlen(body),
            .history = i == 0 ? &step : NULL,
            .steps = i == 0};
    return (struct handler_batch){
        .kind = HANDLER_EVENTS, .count = count, .events = events, .timeout = timeout};
}

static bool is_gone(pid_t pid)
{
    for (int i = 0; i < 1000 && kill(pid, 0) == 0; i++)
        clock_sleep(10000);
    return kill(pid, 0) != 0;
}

/* More than a socket takes at a time, both ways, by one process for several batches. */
static void test_batches(void **state)
{
    static struct handler_event events[EVENTS];
    static struct delivery_result results[EVENTS];
    struct child *child = begin(WORK);
    char *body = calloc(1, 10001);
    memset(body, 'x', 10000);
    struct error e = {0};
    (void)state;
    assert_int_equal(shutdown_install(&e), 0);
    shared->own = open("/dev/null", O_RDONLY);
    for (int round = 0; round < 3; round++) {
        struct handler_batch batch = batch_of(events, EVENTS, body, 60000);
        pid_t before = shared->pid;
        run(child, &batch, results);
        for (int i = 0; i < EVENTS; i++)
            check(results[i].status == ((i + 1) % 3 == 0 ? DELIVERY_LATER : DELIVERY_DONE), "result %d", i);
        check_text(results[2].error, "event 3");
        check(shared->done == (round + 1) * EVENTS, "%d whole events", shared->done);
        check(before == 0 || before == shared->pid, "another process");
    }
    const struct handler_snapshot snapshot = {.json = "{}", .len = 2};
    struct handler_batch batch = {
        .kind = HANDLER_SNAPSHOTS, .count = 1, .snapshots = &snapshot, .timeout = 60000};
    run(child, &batch, results);
    check(results[0].status == DELIVERY_DONE && shared->done == 3 * EVENTS + 1, "a snapshot");
    check(!shared->has_own, "the child has a descriptor of ours");
    check(shutdown_fd() >= 0 && shared->shutdown_fd == -1, "it would wait for %d, which is closed",
        shared->shutdown_fd);
    child_free(child);
    check(shared->freed == 1, "it did not close what it had open");
    check(is_gone(shared->pid), "it is left behind");
    close(shared->own);
    free(body);
}

/* At its time limit it is killed with all that it started; what it was alone with has failed, of several it
 * is not known. Then it goes on. */
static void test_time_limit(void **state)
{
    struct handler_event events[2];
    struct delivery_result results[2];
    struct child *child = begin(FORK);
    (void)state;
    struct handler_batch batch = batch_of(events, 2, "b", 1);
    run(child, &batch, results);
    check(results[0].status == DELIVERY_UNTRIED && results[1].status == DELIVERY_UNTRIED, "both untried");
    check(is_gone(shared->pid) && is_gone(shared->grandchild), "one is left behind");
    shared->what = HANG;
    batch = batch_of(events, 1, "b", 1);
    run(child, &batch, results);
    check(results[0].status == DELIVERY_LATER, "it failed");
    check_text(results[0].error, "it did not end within its time limit of 1 ms and was killed");
    shared->what = WORK;
    run(child, &batch, results);
    check(results[0].status == DELIVERY_DONE, "it goes on");
    child_free(child);
}

/* A result that the work does not fill in says nothing of its delivery. */
static void test_it_forgets(void **state)
{
    struct handler_event event;
    struct delivery_result result;
    struct child *child = begin(FORGET);
    (void)state;
    struct handler_batch batch = batch_of(&event, 1, "b", 60000);
    run(child, &batch, &result);
    check(result.status == DELIVERY_UNTRIED, "verdict %d", result.status);
    child_free(child);
}

static void test_it_dies(void **state)
{
    struct handler_event event;
    struct delivery_result result;
    struct child *child = begin(DIE);
    (void)state;
    struct handler_batch batch = batch_of(&event, 1, "b", 60000);
    run(child, &batch, &result);
    check(result.status == DELIVERY_LATER && strstr(result.error, "its process ") == result.error, "%s",
        result.error);
    child_free(child);
}

/* It is ended in the midst of its work. */
static void test_cancel(void **state)
{
    struct handler_event event;
    struct delivery_result result;
    struct handler_host host = {.quiet = false};
    struct child *child = begin(HANG);
    (void)state;
    struct handler_batch batch = batch_of(&event, 1, "b", 60000);
    void *job = child_driver.start(child, &host, &batch, &result);
    for (int i = 0; i < 1000 && shared->pid == 0; i++) {
        check(!child_driver.collect(job, &result), "it hangs");
        clock_sleep(10000);
    }
    child_driver.cancel(job);
    check(shared->pid != 0 && is_gone(shared->pid), "it is left behind");
    child_free(child);
}

/* It dies with its parent. */
static void test_the_parent_is_killed(void **state)
{
    (void)state;
    struct child *child = begin(HANG);
    pid_t parent = fork();
    if (parent == 0) {
        struct handler_event event;
        struct delivery_result result;
        struct handler_batch batch = batch_of(&event, 1, "b", 60000);
        run(child, &batch, &result);
        _exit(0);
    }
    for (int i = 0; i < 1000 && shared->pid == 0; i++)
        clock_sleep(10000);
    kill(parent, SIGKILL);
    waitpid(parent, NULL, 0);
    check(shared->pid != 0 && is_gone(shared->pid), "it is left behind");
    child_free(child);
}

/* With no descriptors to spare the first of a batch says so, and nothing else was tried. */
static void test_no_process(void **state)
{
    struct rlimit old, few;
    struct handler_event events[2];
    struct delivery_result results[2];
    struct child *child = begin(WORK);
    (void)state;
    struct handler_batch batch = batch_of(events, 2, "b", 60000);
    getrlimit(RLIMIT_NOFILE, &old);
    few = (struct rlimit){4, old.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    run(child, &batch, results);
    setrlimit(RLIMIT_NOFILE, &old);
    check(
        results[0].status == DELIVERY_LATER && results[1].status == DELIVERY_UNTRIED, "%s", results[0].error);
    check(
        strstr(results[0].error, "no process can be started: ") == results[0].error, "%s", results[0].error);
    child_free(child);
}

/* The last test: the signal stays. */
static void test_signal(void **state)
{
    struct handler_event event;
    struct delivery_result result;
    struct error e = {0};
    struct child *child = begin(HANG);
    (void)state;
    assert_int_equal(shutdown_install(&e), 0);
    struct handler_batch batch = batch_of(&event, 1, "b", 60000);
    raise(SIGTERM);
    int64_t began = clock_monotonic();
    run(child, &batch, &result);
    check(result.status == DELIVERY_UNTRIED, "%s", result.error);
    check(clock_monotonic() - began < 30000, "it waited for its time limit");
    child_free(child);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_time_limit),
        cmocka_unit_test(test_it_forgets),
        cmocka_unit_test(test_it_dies),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_the_parent_is_killed),
        cmocka_unit_test(test_no_process),
        cmocka_unit_test(test_signal),
    };
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
