#include "cli/metrics_sample.h"

void metrics_begin(struct metrics *g, const char *name, const char *type, const char *help)
{
    g->name = name;
    exposition_begin(g->out, name, type, help);
}

void metrics_gauge(struct metrics *g, const char *name, const char *help, int64_t value)
{
    metrics_begin(g, name, "gauge", help);
    exposition_sample(g->out, name, METRICS_LABELS(g, {NULL, NULL}), value);
}

void metrics_gauge_seconds(struct metrics *g, const char *name, const char *help, int64_t ms)
{
    metrics_begin(g, name, "gauge", help);
    exposition_seconds(g->out, name, METRICS_LABELS(g, {NULL, NULL}), ms);
}

void metrics_sample(struct metrics *g, const char *label, const char *value, int64_t number)
{
    exposition_sample(g->out, g->name, METRICS_LABELS(g, {label, value}), number);
}

void metrics_sample_seconds(struct metrics *g, const char *label, const char *value, int64_t ms)
{
    exposition_seconds(g->out, g->name, METRICS_LABELS(g, {label, value}), ms);
}
