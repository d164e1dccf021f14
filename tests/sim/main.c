/* simulate: plays histories from seeds, and says which rule one of them breaks. */
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "history.h"
#include "machine.h"
#include "play.h"
#include "run.h"
#include "shrink.h"

/* A worker that has found so many has found enough. */
enum { MOST_JOBS = 64, MOST_FAILURES = 5 };

struct options {
    uint64_t first;
    uint64_t count;
    int jobs;
    bool replay;      /* one seed, with everything that happens */
    bool whole;       /* not made shorter */
    bool stop;        /* at the first that breaks a rule */
    bool fingerprint; /* prints a number for each history, by which two plays of it can be compared */
};

/* What the workers tell, in shared memory: a seed that kills its worker must be known. */
struct worker {
    volatile uint64_t seed, played, failed, runs;
};

static FILE *out; /* stdout as it was: the program prints its own */

static int usage(void)
{
    fprintf(out, "usage: simulate [--seed N] [--seeds COUNT] [--jobs N] [--replay] [--whole] [--stop] "
                 "[--fingerprint]\n");
    return 64;
}

static void print_steps(const struct history *h)
{
    for (int i = 0; i < h->count; i++)
        fprintf(out, "#   %d %s\n", i + 1, step_name(h->steps[i].kind));
}

static void tell_failure(uint64_t seed, const char *verdict, bool whole)
{
    struct history h;
    fprintf(out, "not so - seed %llu: %s\n", (unsigned long long)seed, verdict);
    fflush(out);
    if (whole)
        return;
    history_make(seed, &h);
    int before = h.count;
    shrink(&h);
    fprintf(out, "# %d of %d steps are enough:\n", h.count, before);
    print_steps(&h);
    fprintf(out, "# make simulate SEED=%llu shows what happens\n", (unsigned long long)seed);
    fflush(out);
}

static int work(const struct options *o, int job, struct worker *worker)
{
    struct history h;
    if (play_set_up() != 0)
        return 73;
    for (uint64_t i = (uint64_t)job; i < o->count; i += (uint64_t)o->jobs) {
        worker->seed = o->first + i;
        history_make(worker->seed, &h);
        const char *verdict = play(&h, false);
        worker->played++;
        worker->runs = (uint64_t)run_count();
        if (o->fingerprint) {
            fprintf(out, "%llu %016llx\n", (unsigned long long)worker->seed,
                (unsigned long long)machine_digest());
            fflush(out);
        }
        if (verdict != NULL) {
            worker->failed++;
            tell_failure(worker->seed, verdict, o->whole);
            if (worker->failed >= MOST_FAILURES || o->stop)
                break;
        }
    }
    play_tear_down();
    return worker->failed > 0;
}

static int replay(const struct options *o)
{
    struct history h;
    if (play_set_up() != 0)
        return 73;
    history_make(o->first, &h);
    if (play(&h, false) != NULL && !o->whole)
        shrink(&h);
    const char *verdict = play(&h, true);
    print_steps(&h);
    fprintf(out, "%s\n", verdict != NULL ? verdict : "every rule holds");
    play_tear_down();
    return verdict != NULL;
}

static int run_jobs(const struct options *o)
{
    struct worker *workers =
        mmap(NULL, sizeof *workers * MOST_JOBS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t children[MOST_JOBS];
    uint64_t played = 0, failed = 0, runs = 0;
    if (workers == MAP_FAILED)
        return 71;
    fflush(NULL);
    for (int job = 0; job < o->jobs; job++) {
        children[job] = fork();
        if (children[job] == 0)
            exit(work(o, job, &workers[job]));
    }
    for (int job = 0; job < o->jobs; job++) {
        int status = 0;
        if (children[job] < 0 || waitpid(children[job], &status, 0) < 0)
            return 71;
        if (!WIFEXITED(status) || WEXITSTATUS(status) != (workers[job].failed > 0)) {
            /* its directory is left behind, for it died */
            fprintf(out, "not so - seed %llu: it ends the process (status %d)\n",
                (unsigned long long)workers[job].seed, status);
            failed++;
        }
        played += workers[job].played;
        failed += workers[job].failed;
        runs += workers[job].runs;
    }
    fprintf(out, "%llu histories from seed %llu on, %llu runs; %llu histories break a rule\n",
        (unsigned long long)played, (unsigned long long)o->first, (unsigned long long)runs,
        (unsigned long long)failed);
    return failed > 0 || played == 0;
}

static int read_options(int argc, char **argv, struct options *o)
{
    static const struct option known[] = {{"seed", required_argument, NULL, 's'},
        {"seeds", required_argument, NULL, 'n'}, {"jobs", required_argument, NULL, 'j'},
        {"replay", no_argument, NULL, 'r'}, {"whole", no_argument, NULL, 'w'},
        {"stop", no_argument, NULL, 'x'}, {"fingerprint", no_argument, NULL, 'd'}, {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == 's')
            o->first = strtoull(optarg, NULL, 10);
        else if (option == 'n')
            o->count = strtoull(optarg, NULL, 10);
        else if (option == 'j')
            o->jobs = atoi(optarg);
        else if (option == 'r')
            o->replay = true;
        else if (option == 'w')
            o->whole = true;
        else if (option == 'x')
            o->stop = true;
        else if (option == 'd')
            o->fingerprint = true;
        else
            return -1;
    }
    return optind == argc && o->jobs >= 1 && o->jobs <= MOST_JOBS && o->count > 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    struct options o = {.first = 1, .count = 1000, .jobs = (int)sysconf(_SC_NPROCESSORS_ONLN)};
    out = fdopen(dup(STDOUT_FILENO), "w");
    if (out == NULL || freopen("/dev/null", "w", stdout) == NULL || read_options(argc, argv, &o) != 0)
        return usage();
    if ((uint64_t)o.jobs > o.count)
        o.jobs = (int)o.count;
    int status = o.replay ? replay(&o) : run_jobs(&o);
    fclose(out);
    return status;
}
