#include "filter.h"

#include <string.h>

#include "parameters.h"

/* One spelling of one bound. */
struct bound {
    const char *name;
    bool brackets; /* the vendor's spelling, else the short one */
    bool created, upper;
};

static const struct bound bounds[] = {
    {"updatedAt[gte]", true, false, false},
    {"updatedAt[lte]", true, false, true},
    {"createdAt[gte]", true, true, false},
    {"createdAt[lte]", true, true, true},
    {"updatedAtGte", false, false, false},
    {"updatedAtLte", false, false, true},
    {"createdAtGte", false, true, false},
    {"createdAtLte", false, true, true},
};

static bool parse_bound(
    struct filter *f, const struct bound *b, const char *value, enum policy policy, struct problem *p)
{
    struct range *range = b->created ? &f->created : &f->updated;
    int64_t when;

    if (policy == POLICY_IGNORED)
        return true;
    if (policy == POLICY_REFUSED)
        return parameters_unknown(b->name, p);
    if (!clock_parse(value, &when))
        return problem_set(p, "%s is not a valid ISO 8601 date-time.", b->name);
    *(b->upper ? &range->to : &range->from) = when;
    return true;
}

/* Adds VALUE's place in WORDS to BITS; the places are those of the enum. */
static bool parse_member(unsigned *bits, const char *value, const char *const *words, struct problem *p)
{
    for (unsigned i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], value) == 0) {
            *bits |= 1u << i;
            return true;
        }
    }
    return parameters_no_member(value, words, p);
}

static bool parse_word(struct filter *f, const struct request_param *param, struct problem *p)
{
    static const char *const statuses[] = {
        "OPEN", "IN_PROGRESS", "ON_HOLD", "DONE", "CANCELED", "SKIPPED", NULL};
    static const char *const priorities[] = {"NONE", "LOW", "MEDIUM", "HIGH", NULL};

    if (strcmp(param->name, "statuses") == 0)
        return parse_member(&f->statuses, param->value, statuses, p);
    if (strcmp(param->name, "priorities") == 0)
        return parse_member(&f->priorities, param->value, priorities, p);
    if (strcmp(param->name, "show_upcoming") == 0 && strcmp(param->value, "true") == 0)
        f->starts_until = INT64_MAX;
    return true;
}

bool filter_parse(
    struct filter *f, const struct request *r, const struct config *c, int64_t now, struct problem *p)
{
    *f = (struct filter){
        .updated = {INT64_MIN, INT64_MAX},
        .created = {INT64_MIN, INT64_MAX},
        .starts_until = now,
    };
    for (size_t i = 0; i < r->nparams; i++) {
        const struct request_param *param = &r->params[i];

        for (size_t b = 0; b < COUNT_OF(bounds); b++) {
            int policy = bounds[b].brackets ? c->filter_brackets : c->filter_updated_at_gte;

            if (strcmp(param->name, bounds[b].name) == 0 &&
                !parse_bound(f, &bounds[b], param->value, (enum policy)policy, p))
                return false;
        }
        if (!parse_word(f, param, p))
            return false;
    }
    return true;
}

/* What has no date lies in no range but the one that is open at both ends. */
static bool in_range(const struct range *range, int64_t when)
{
    if (when == TIME_NONE)
        return range->from == INT64_MIN && range->to == INT64_MAX;
    return when >= range->from && when <= range->to;
}

bool filter_matches(const struct filter *f, const struct workorder *wo)
{
    const unsigned both = 1u << STATUS_CANCELED | 1u << STATUS_SKIPPED;

    if (wo->deleted || wo->hidden)
        return false;
    if ((f->statuses & both) == both) /* MaintainX then finds nothing at all */
        return false;
    if (!in_range(&f->updated, wo->updated) || !in_range(&f->created, wo->created))
        return false;
    if (f->statuses != 0 && (f->statuses & 1u << wo->status) == 0)
        return false;
    if (f->priorities != 0 && (f->priorities & 1u << wo->priority) == 0)
        return false;
    return wo->start == TIME_NONE || wo->start <= f->starts_until;
}
