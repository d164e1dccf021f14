/* The configuration, with the handler table it makes. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/config.h"
#include "base/secret.h"
#include "deliver/handler_table.h"

/* Every message is a line, and says where. */
static void check_problems(const struct buffer *problems)
{
    must(problems->len == 0 || problems->data[problems->len - 1] == '\n', "the last problem is no line");
    must(problems->len == 0 || strlen(problems->data) == problems->len, "a problem holds a NUL");
}

static void check_values(const struct config *config)
{
    must(config->base_url != NULL && config->organization != NULL && config->filter != NULL &&
             config->store != NULL && config->completed != NULL && config->ignored != NULL,
        "a value is missing");
    must(
        config->page_size >= 1 && config->page_size <= 200, "page_size = %lld", (long long)config->page_size);
    must(config->timeout >= 1000 && config->timeout <= 3600000, "timeout = %lld", (long long)config->timeout);
    must(config->lookback >= 0, "lookback = %lld", (long long)config->lookback);
    must(config->reserve >= 0, "reserve = %lld", (long long)config->reserve);
    must(config->max_deletes >= 0 && (!config->max_deletes_percent || config->max_deletes <= 100),
        "max_deletes = %lld", (long long)config->max_deletes);
    must(config->keep >= 3600000, "keep = %lld", (long long)config->keep);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char path[64];
    static int file = -1;
    struct config config;
    struct handler_table table = {0};
    struct buffer problems = {0}, warnings = {0};
    if (file < 0) {
        clearenv();
        file = memfd_create("configuration", 0);
        must(file >= 0 && snprintf(path, sizeof path, "/proc/self/fd/%d", file) > 0, "there is no file");
    }
    must(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size,
        "the file cannot be written");
    const char *const files[] = {path, NULL};
    int rc = config_load(files, &config, &problems, &warnings);
    must((rc == 0) == (problems.len == 0), "it returned %d", rc);
    if (rc == 0)
        check_values(&config);
    size_t before = problems.len;
    rc = handler_table_make(&config, &table, &problems, &warnings);
    must((rc == 0) == (problems.len == before), "the handlers returned %d", rc);
    for (size_t i = 0; rc == 0 && i < table.count; i++)
        must(table.rows[i].type != NULL && table.rows[i].state != NULL, "handler %s is not whole",
            table.rows[i].name);
    check_problems(&problems);
    check_problems(&warnings);
    handler_table_free(&table);
    config_free(&config);
    buffer_free(&problems);
    buffer_free(&warnings);
    secret_forget();
    return 0;
}
