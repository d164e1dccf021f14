/*
 * A CGI request: lines NAME=VALUE for the environment, an empty line, the body on stdin. What passes goes
 * into a store in memory, as if it had been signed; the second time the same is known.
 */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/config.h"
#include "base/timestamp.h"
#include "cli/cgi.h"
#include "sources/webhook_inbound.h"
#include "store/account.h"
#include "store/store.h"

enum { LONGEST_BODY = 1 << 20 };

static char *completed[] = {"DONE", "COMPLETED", NULL};
static char *ignored[] = {NULL};
static const struct config config = {.organization = "", .completed = completed, .ignored = ignored};

/* Sets the environment from the lines; returns the length of the head, with the empty line. */
static size_t set_environment(char *text, size_t size)
{
    size_t at = 0;
    clearenv();
    while (at < size) {
        char *line = text + at, *end = memchr(line, '\n', size - at);
        if (end == NULL)
            end = text + size;
        at = (size_t)(end - text) + (end < text + size);
        *end = '\0';
        if (*line == '\0')
            break;
        char *equals = strchr(line, '=');
        if (equals != NULL && equals != line && strlen(line) == (size_t)(end - line)) {
            *equals = '\0';
            setenv(line, equals + 1, 1);
        }
    }
    return at;
}

static void take(const struct webhook_message *message)
{
    struct error e = {0};
    struct run run = {0};
    bool work_left = false, again_left = false;
    const int64_t now = INT64_C(1763892900000);
    struct store *store = store_open("scratch", STORE_SCRATCH, 0, &e);
    must(store != NULL, "%s", e.text);
    must(store_begin(store, &e) == 0 && account_make(store, "https://x/v1", "", 0, &e) == 0 &&
             account_finish_pass(store, now - 60000, now - 60000, now - 60000, now - 60000, &e) == 0 &&
             store_commit(store, &e) == 0,
        "%s", e.text);
    const struct webhook_settings settings = {.config = &config, .store = store, .run = &run};
    enum webhook_result outcome = webhook_accept(&settings, message, now, &work_left, &e);
    must(outcome != WEBHOOK_FAILED, "%s", e.text);
    must(outcome != WEBHOOK_REPEATED, "it was never here before");
    enum webhook_result again = webhook_accept(&settings, message, now + 1000, &again_left, &e);
    must(again != WEBHOOK_FAILED, "%s", e.text);
    must(outcome != WEBHOOK_STORED || again == WEBHOOK_REPEATED, "the same again is new");
    must(again != WEBHOOK_STORED, "the second time it is stored");
    store_close(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int input = -1;
    struct buffer body = {0};
    char *text = copy_text(data, size);
    if (input < 0) {
        input = memfd_create("body", MFD_CLOEXEC);
        must(input >= 0 && dup2(input, STDIN_FILENO) == STDIN_FILENO, "there is no stdin");
        must(freopen("/dev/null", "w", stdout) != NULL, "there is no stdout");
    }
    size_t head = set_environment(text, size);
    must(ftruncate(input, 0) == 0 && pwrite(input, data + head, size - head, 0) == (ssize_t)(size - head) &&
             lseek(input, 0, SEEK_SET) == 0,
        "there is no body");
    if (cgi_is_request()) {
        int status = cgi_read_body(LONGEST_BODY, &body);
        must(status == 0 || (status >= 400 && status <= 503), "the answer is %d", status);
        must(cgi_answer(status == 0 ? 200 : status, "{}") == 0, "it cannot be answered");
        must(status != 0 || (body.len <= size - head && memcmp(body.data, data + head, body.len) == 0),
            "another body");
        if (status == 0) {
            const struct webhook_message message = {
                .timed_signature = cgi_header("x-maintainx-webhook-body-signature"),
                .plain_signature = cgi_header("x-maintainx-signature"),
                .event_id = cgi_header("x-maintainx-event-id"),
                .body = body.data,
                .len = body.len};
            take(&message);
        }
    }
    buffer_free(&body);
    free(text);
    return 0;
}
