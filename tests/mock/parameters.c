#include "parameters.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

enum { NAMES_MOST = 28 };

/* What MaintainX knows where; a star stands for one segment of the path. */
static const struct {
    const char *method, *path;
    const char *names[NAMES_MOST]; /* ended by NULL */
} known[] = {
    {"GET", "/v1/workorders",
        {"cursor", "limit", "title", "assets", "notAssets", "locations", "notLocations", "parts", "notParts",
            "vendors", "notVendors", "assignees", "teams", "categories", "notCategories", "priorities",
            "statuses", "partStatuses", "parentSubWorkOrderTypes", "show_upcoming", "updatedAt[gte]",
            "updatedAt[lte]", "createdAt[gte]", "createdAt[lte]", "sort", "expand"}},
    {"GET", "/v1/workorders/*", {"expand", "useSequentialId"}},
    {"GET", "/v1/workorders/*/comments", {"cursor", "limit"}},
    {"GET", "/v1/users", {"cursor", "limit", "onlyAssignable", "email", "expand"}},
    {"GET", "/v1/teams", {"cursor", "limit"}},
    {"GET", "/v1/locations", {"cursor", "limit", "name", "customFieldName", "expand"}},
    {"POST", "/v1/subscriptions", {"skipWebhook"}},
};

/* The spelling of the brief: filter.c decides what becomes of it. */
static const char *const brief[] = {"updatedAtGte", "updatedAtLte", "createdAtGte", "createdAtLte", NULL};

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

static const char *const *names_at(const struct request *r)
{
    static const char *const none[] = {NULL};

    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (strcmp(known[i].method, r->method) == 0 && fnmatch(known[i].path, r->path, FNM_PATHNAME) == 0)
            return known[i].names;
    return none;
}

bool parameters_unknown(const char *name, struct problem *p)
{
    return problem_set(p, "'%s' is not a valid query parameter", name);
}

bool parameters_no_member(const char *value, const char *const *words, struct problem *p)
{
    char list[sizeof(p->text)] = "";
    size_t len = 0;

    for (; *words != NULL && len < sizeof(list); words++)
        len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", len > 0 ? "," : "", *words);
    return problem_set(p, "'%s' is not a member of %s", value, list);
}

bool parameters_known(const struct request *r, struct problem *p)
{
    const char *const *names = names_at(r);

    for (size_t i = 0; i < r->nparams; i++)
        if (!is_one_of(r->params[i].name, names) && !is_one_of(r->params[i].name, brief))
            return parameters_unknown(r->params[i].name, p);
    return true;
}
