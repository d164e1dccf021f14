/*
 * report_json: the report as one object of JSON, the numbers of the page and how they came about.
 */
#ifndef WOSYNC_REPORT_REPORT_JSON_H
#define WOSYNC_REPORT_REPORT_JSON_H

#include "report/figures.h"

struct json_object;

/* Makes the object, to be dropped with json_object_put. Times are in milliseconds, dates in ISO 8601; what is
 * not known is null. */
struct json_object *report_json_make(const struct figures *report);

#endif
