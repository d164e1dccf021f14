/*
 * The queue of faults. A fault waits until a request fits it (path, kind, skip), hits it, and is gone after
 * so many hits. Only the first that fits is looked at. fault_answer.c does what it says.
 */
#include "fault.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "generator.h"

struct fault {
    enum fault_kind kind;
    json_object *spec;
    char *path;   /* NULL: any */
    bool exact;   /* that path, and nothing below it */
    bool headers; /* of the rate limit are in the answer */
    int64_t work_order;
    int64_t times; /* -1: for ever */
    int64_t skip;
    int64_t status;
    double probability;
    uint64_t chance; /* state of its random numbers */
    struct fault *next;
};

/* What can be said of every fault, and of each kind. */
static const char *const common_names[] = {
    "fault", "times", "path", "exact", "skip", "name", "rate_limit_headers", NULL};

struct kind {
    const char *name;
    const char *names[6];
    int64_t status; /* unless another is ordered; 0: the kind has none */
};

static const struct kind kinds[FAULT__MAX] = {
    [FAULT_STATUS] = {"status", {"status", "retry_after", "body", "headers"}, 500},
    [FAULT_429] = {"429", {"retry_after", "body", "headers"}, 429},
    [FAULT_RESET] = {"reset", {"after_bytes"}, 0},
    [FAULT_TRUNCATE] = {"truncate", {"after_bytes"}, 0},
    [FAULT_TRUNCATE_JSON] = {"truncate_json", {NULL}, 0},
    [FAULT_BAD_JSON] = {"bad_json", {NULL}, 200},
    [FAULT_NOT_OBJECT] = {"not_object", {NULL}, 200},
    [FAULT_NO_WORKORDERS] = {"no_workorders", {NULL}, 200},
    [FAULT_WRONG_TYPES] = {"wrong_types", {"variant"}, 200},
    [FAULT_HUGE] = {"huge", {"bytes", "announce"}, 200},
    [FAULT_HUGE_GZIP] = {"huge_gzip", {"bytes"}, 200},
    [FAULT_DEEP] = {"deep", {"depth"}, 200},
    [FAULT_DRIP] = {"drip", {"bytes_per_second"}, 0},
    [FAULT_HANG] = {"hang", {NULL}, 0},
    [FAULT_REPEAT_CURSOR] = {"repeat_cursor", {NULL}, 0},
    [FAULT_EXPIRED_CURSOR] = {"expired_cursor", {"status"}, 400},
    [FAULT_DUPLICATE] = {"duplicate", {NULL}, 0},
    [FAULT_REDIRECT] = {"redirect", {"location", "status"}, 302},
    [FAULT_HTML] = {"html", {"status"}, 200},
    [FAULT_RANDOM] = {"random", {"probability", "seed", "statuses", "retry_after"}, 500},
    [FAULT_EMPTY_LIST] = {"empty_list", {NULL}, 200},
    [FAULT_PAGE_HOLDS] = {"page_holds", {"work_order", "status", "retry_after", "body", "headers"}, 500},
    [FAULT_NO_RATE_LIMIT_HEADERS] = {"no_rate_limit_headers", {NULL}, 0},
};

static bool parse_kind(struct fault *f, struct problem *p)
{
    const char *name = NULL;

    if (!json_object_is_type(f->spec, json_type_object))
        return problem_set(p, "a fault must be a JSON object");
    if (!arguments_text(f->spec, "fault", &name, p))
        return false;
    for (int i = 0; name != NULL && i < FAULT__MAX; i++) {
        if (strcmp(name, kinds[i].name) == 0) {
            f->kind = (enum fault_kind)i;
            return true;
        }
    }
    return problem_set(p, "fault: %s is not known", name != NULL ? name : "(none)");
}

/* Members that fault_answer.c will read: checked here, so that a mistake is told to whoever orders the
 * fault. */
static bool check_details(json_object *spec, struct problem *p)
{
    json_object *value;
    const char *text = NULL;
    int64_t number = 0;
    bool flag = false;

    if (!arguments_integer(spec, "after_bytes", &number, 0, INT64_MAX, p) ||
        !arguments_integer(spec, "bytes", &number, 0, INT64_MAX, p) ||
        !arguments_integer(spec, "depth", &number, 1, 100000000, p) ||
        !arguments_integer(spec, "bytes_per_second", &number, 1, INT32_MAX, p) ||
        !arguments_boolean(spec, "announce", &flag, p) || !arguments_text(spec, "body", &text, p) ||
        !arguments_text(spec, "location", &text, p) || !arguments_text(spec, "variant", &text, p))
        return false;
    if (json_object_object_get_ex(spec, "headers", &value) && !json_object_is_type(value, json_type_object))
        return problem_set(p, "headers: not a JSON object");
    if (!json_object_object_get_ex(spec, "statuses", &value))
        return true;
    if (!json_object_is_type(value, json_type_array) || json_object_array_length(value) == 0)
        return problem_set(p, "statuses: not a list of numbers");
    for (size_t i = 0; i < json_object_array_length(value); i++) {
        number = json_object_get_int64(json_object_array_get_idx(value, i));
        if (number < 200 || number > 599)
            return problem_set(p, "statuses: not a list of numbers from 200 to 599");
    }
    return true;
}

/* Fills F, whose spec is set. */
static bool parse_fault(struct fault *f, const char *prefix, struct problem *p)
{
    const char *path = NULL, *name = NULL;
    char sink[256];
    int64_t seed = 1;

    if (!parse_kind(f, p) || !arguments_known(f->spec, common_names, kinds[f->kind].names, p))
        return false;
    f->times = f->kind == FAULT_RANDOM || f->kind == FAULT_PAGE_HOLDS ? -1 : 1;
    f->headers = f->kind != FAULT_NO_RATE_LIMIT_HEADERS;
    f->status = kinds[f->kind].status;
    f->probability = 0.5;
    if (!arguments_integer(f->spec, "times", &f->times, -1, INT64_MAX, p) ||
        !arguments_integer(f->spec, "skip", &f->skip, 0, INT64_MAX, p) ||
        !arguments_integer(f->spec, "status", &f->status, 200, 599, p) ||
        !arguments_integer(f->spec, "seed", &seed, 0, INT64_MAX, p) ||
        !arguments_number(f->spec, "probability", &f->probability, 0, 1, p) ||
        !arguments_integer(f->spec, "work_order", &f->work_order, 1, INT64_MAX, p) ||
        !arguments_boolean(f->spec, "rate_limit_headers", &f->headers, p) ||
        !arguments_boolean(f->spec, "exact", &f->exact, p) || !arguments_text(f->spec, "path", &path, p) ||
        !arguments_text(f->spec, "name", &name, p) || !check_details(f->spec, p))
        return false;
    if (f->kind == FAULT_PAGE_HOLDS && f->work_order == 0)
        return problem_set(p, "page_holds: work_order is needed");
    f->chance = (uint64_t)seed;
    if ((prefix != NULL) != (name != NULL) || (prefix != NULL && path != NULL))
        return problem_set(p, "a sink's fault needs a name, and only a sink's fault has one");
    if (prefix != NULL) {
        snprintf(sink, sizeof(sink), "%s%s", prefix, name);
        path = sink;
    }
    f->path = base_copy(path);
    return true;
}

static void free_list(struct fault *f)
{
    struct fault *next;

    for (; f != NULL; f = next) {
        next = f->next;
        json_object_put(f->spec);
        free(f->path);
        free(f);
    }
}

bool faults_add(struct faults *f, json_object *specs, const char *prefix, struct problem *p)
{
    bool many = json_object_is_type(specs, json_type_array);
    size_t count = many ? json_object_array_length(specs) : 1;
    struct fault *first = NULL, **link = &first, **end;

    for (size_t i = 0; i < count; i++) {
        struct fault *fault = base_alloc(1, sizeof(*fault));

        *link = fault;
        link = &fault->next;
        fault->spec = json_object_get(many ? json_object_array_get_idx(specs, i) : specs);
        if (!parse_fault(fault, prefix, p)) {
            free_list(first);
            return false;
        }
    }
    for (end = &f->first; *end != NULL; end = &(*end)->next)
        continue;
    *end = first;
    return true;
}

void faults_clear(struct faults *f)
{
    free_list(f->first);
    f->first = NULL;
}

/* Paths are matched by whole segments: /v1/workorders is above /v1/workorders/7, not above
 * /v1/workorders7. A path with a star is a pattern for the whole of it. */
static bool path_fits(const struct fault *f, const char *path)
{
    size_t len;

    if (f->path == NULL)
        return true;
    if (strpbrk(f->path, "*?[") != NULL)
        return fnmatch(f->path, path, 0) == 0;
    len = strlen(f->path);
    if (strncmp(path, f->path, len) != 0)
        return false;
    if (path[len] == '\0')
        return true;
    return !f->exact && (path[len] == '/' || (len > 0 && f->path[len - 1] == '/'));
}

static bool fits(const struct fault *f, const struct request *r, const struct fault_page *page)
{
    if (!path_fits(f, r->path))
        return false;
    switch (f->kind) {
    case FAULT_EXPIRED_CURSOR:
        return request_param(r, "cursor") != NULL;
    case FAULT_EMPTY_LIST:
        return fault_list_name(r) != NULL;
    case FAULT_PAGE_HOLDS:
        return page != NULL && page->holds(page->context, f->work_order);
    default:
        return true;
    }
}

/* Throws the dice of a random fault: whether it strikes, and with which status. */
static bool strikes(struct fault *f)
{
    json_object *statuses;
    uint64_t n;

    if (f->kind != FAULT_RANDOM)
        return true;
    if ((double)(generator_random(&f->chance) >> 11) * 0x1p-53 >= f->probability)
        return false;
    n = generator_random(&f->chance);
    if (json_object_object_get_ex(f->spec, "statuses", &statuses))
        f->status = json_object_get_int64(
            json_object_array_get_idx(statuses, (size_t)(n % json_object_array_length(statuses))));
    return true;
}

bool faults_take(
    struct faults *f, const struct request *r, const struct fault_page *page, struct fault_hit *hit)
{
    struct fault **link = &f->first, *fault;
    bool struck;

    while (*link != NULL && !fits(*link, r, page))
        link = &(*link)->next;
    fault = *link;
    if (fault == NULL)
        return false;
    if (fault->skip > 0) {
        fault->skip--;
        return false;
    }
    struck = fault->times != 0 && strikes(fault);
    *hit = (struct fault_hit){fault->kind, json_object_get(fault->spec), fault->status, !fault->headers};
    if (fault->times > 0)
        fault->times--;
    if (fault->times == 0) {
        *link = fault->next;
        fault->next = NULL;
        free_list(fault);
    }
    if (!struck)
        fault_hit_free(hit);
    return struck;
}

const char *fault_list_name(const struct request *r)
{
    static const struct {
        const char *pattern, *name;
    } lists[] = {{"/v1/workorders", "workOrders"}, {"/v1/users", "users"}, {"/v1/teams", "teams"},
        {"/v1/locations", "locations"}, {"/v1/workorders/*/comments", "comments"}};

    for (size_t i = 0; strcmp(r->method, "GET") == 0 && i < COUNT_OF(lists); i++)
        if (fnmatch(lists[i].pattern, r->path, FNM_PATHNAME) == 0)
            return lists[i].name;
    return NULL;
}

void fault_hit_free(struct fault_hit *hit)
{
    json_object_put(hit->spec);
    hit->spec = NULL;
}
