/* mock-maintainx: a MaintainX to test against. README.md tells what it can do. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "arguments.h"
#include "base.h"
#include "mock.h"
#include "server.h"

enum { WORK_ORDERS_MOST = 1000000 };

struct options {
    uint16_t port;
    size_t work_orders;
    uint64_t seed;
    int64_t base; /* when the generated past ends, in ms since 1970 */
    struct config config;
};

static const char usage[] =
    "usage: mock-maintainx [OPTION...]\n"
    "A MaintainX API to test against. Prints its URL when it is ready, ends on SIGTERM or SIGINT.\n"
    "\n"
    "  --port N         listen on 127.0.0.1:N (default: a port that is free)\n"
    "  --work-orders N  begin with N generated work orders, up to 1000000 (default 0)\n"
    "  --seed S         of the generated work orders (default 1)\n"
    "  --now DATE       when their past ends (default: now)\n"
    "  --token T        the token to ask for (default test-token)\n"
    "  --config JSON    settings, as for POST /mock/config\n"
    "  --parent-death   end with the process that started this one\n"
    "  --help           print this\n";

static uint64_t parse_number(const char *option, const char *text, uint64_t most)
{
    char *end;
    unsigned long long number;

    errno = 0;
    number = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || *text == '-' || number > most)
        die("--%s: %s is not a number from 0 to %llu", option, text, (unsigned long long)most);
    return number;
}

static void parse_config(struct config *c, const char *text)
{
    struct problem p;
    json_object *changes = arguments_parse(text, strlen(text), &p);

    if (changes == NULL || !config_merge(c, changes, &p))
        die("--config: %s", p.text);
    json_object_put(changes);
}

/* The kernel ends us with our parent; if that is gone already, there is nobody to serve. */
static void die_with_parent(void)
{
    pid_t parent = getppid();

    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent)
        die("--parent-death: the parent is gone");
}

static void parse_options(struct options *o, int argc, char **argv)
{
    enum { PORT, WORK_ORDERS, SEED, NOW, TOKEN, CONFIG, PARENT_DEATH, HELP };
    static const struct option names[] = {
        {"port", required_argument, NULL, PORT},
        {"work-orders", required_argument, NULL, WORK_ORDERS},
        {"seed", required_argument, NULL, SEED},
        {"now", required_argument, NULL, NOW},
        {"token", required_argument, NULL, TOKEN},
        {"config", required_argument, NULL, CONFIG},
        {"parent-death", no_argument, NULL, PARENT_DEATH},
        {"help", no_argument, NULL, HELP},
        {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (c == PORT)
            o->port = (uint16_t)parse_number("port", optarg, UINT16_MAX);
        else if (c == WORK_ORDERS)
            o->work_orders = (size_t)parse_number("work-orders", optarg, WORK_ORDERS_MOST);
        else if (c == SEED)
            o->seed = parse_number("seed", optarg, UINT64_MAX);
        else if (c == NOW && !clock_parse(optarg, &o->base))
            die("--now: %s is not an ISO 8601 date", optarg);
        else if (c == TOKEN && strlen(optarg) < CONFIG_TEXT)
            strcpy(o->config.token, optarg);
        else if (c == CONFIG)
            parse_config(&o->config, optarg);
        else if (c == PARENT_DEATH)
            die_with_parent();
        else if (c == HELP)
            exit(fputs(usage, stdout) == EOF);
        else if (c != NOW)
            exit(fputs(usage, stderr) == EOF ? 1 : 64);
    }
    if (optind < argc)
        exit(fputs(usage, stderr) == EOF ? 1 : 64);
}

int main(int argc, char **argv)
{
    struct options options = {.seed = 1, .base = clock_now()};
    struct mock mock;
    struct server *server;
    sigset_t ends;
    int got;

    config_defaults(&options.config);
    parse_options(&options, argc, argv);
    signal(SIGPIPE, SIG_IGN);
    /* blocked in all threads, so that the main thread may wait for them */
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    mock_begin(&mock, &options.config, options.seed, options.base, options.work_orders);
    server = server_start(&mock, options.port);
    printf("%s\n", mock.base_url);
    fflush(stdout);
    sigwait(&ends, &got);
    server_stop(server);
    mock_end(&mock);
    return 0;
}
