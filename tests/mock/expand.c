#include "expand.h"

#include <string.h>

#include "parameters.h"

/* The vendor's names, and the field each brings; NULL where no work order of ours has one. */
static const struct {
    const char *name, *field;
    unsigned bit;
    bool list_only;
} fields[] = {
    {"assignees", "assignees", EXPAND_ASSIGNEES, false},
    {"categories", "categories", EXPAND_CATEGORIES, true},
    {"asset", "asset", EXPAND_ASSET, false},
    {"location", "location", EXPAND_LOCATION, false},
    {"extra_fields", "extraFields", EXPAND_EXTRA_FIELDS, false},
    {"thumbnail", "thumbnail", EXPAND_THUMBNAIL, true},
    {"parts", NULL, 0, false},
    {"procedure", NULL, 0, true},
    {"vendor_ids", NULL, 0, true},
    {"times", NULL, 0, false},
    {"time_items", NULL, 0, false},
    {"expenditures", NULL, 0, false},
    {"part_extra_fields", NULL, 0, false},
    {"asset_extra_fields", NULL, 0, false},
    {"location_extra_fields", NULL, 0, false},
    {"estimated_time", NULL, 0, false},
};

/* "'VALUE' is not a member of A,B,C" */
static bool refuse(const char *value, bool single, struct problem *p)
{
    const char *words[COUNT_OF(fields) + 1];
    size_t n = 0;

    for (size_t f = 0; f < COUNT_OF(fields); f++)
        if (!single || !fields[f].list_only)
            words[n++] = fields[f].name;
    words[n] = NULL;
    return parameters_no_member(value, words, p);
}

bool expand_read(unsigned *wanted, const struct request *r, bool single, struct problem *p)
{
    *wanted = 0;
    for (size_t i = 0; i < r->nparams; i++) {
        size_t f = 0;

        if (strcmp(r->params[i].name, "expand") != 0)
            continue;
        while (f < COUNT_OF(fields) && strcmp(fields[f].name, r->params[i].value) != 0)
            f++;
        if (f == COUNT_OF(fields) || (single && fields[f].list_only))
            return refuse(r->params[i].value, single, p);
        *wanted |= fields[f].bit;
    }
    return true;
}

void expand_strip(json_object *doc, unsigned wanted)
{
    for (size_t f = 0; f < COUNT_OF(fields); f++)
        if (fields[f].field != NULL && (wanted & fields[f].bit) == 0)
            json_object_object_del(doc, fields[f].field);
}

void expand_strip_nulls(json_object *doc)
{
    json_object_object_foreach(doc, name, value)
    {
        if (value == NULL)
            json_object_object_del(doc, name);
    }
}
