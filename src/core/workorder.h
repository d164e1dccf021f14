/*
 * workorder: one work order as MaintainX gives it, read and checked. Pure.
 */
#ifndef WOSYNC_CORE_WORKORDER_H
#define WOSYNC_CORE_WORKORDER_H

#include <stddef.h>
#include <stdint.h>

struct json_object;

/* What the program itself needs of a work order; everything else stays in the document. Dates are
 * milliseconds, TIMESTAMP_NONE where there is none. */
struct workorder {
    int64_t id;
    int64_t updated;
    int64_t created;
    int64_t completed;
    int64_t deleted;
    const char *status;      /* borrowed from doc, never NULL or empty */
    const char *title;       /* borrowed from doc, NULL where there is none */
    struct json_object *doc; /* the whole record; the struct holds one reference */
};

enum workorder_result {
    WORKORDER_OK,
    WORKORDER_BAD,     /* JSON, but not a work order we understand: for quarantine */
    WORKORDER_NOT_JSON /* not JSON at all: what surrounds it cannot be trusted either */
};

/* The largest record in bytes, and how many arrays and objects may lie in each other, itself the first: real
 * ones have 1 to 20 KB and 6 levels. The same for every way in which a work order comes. */
enum { WORKORDER_MAX_SIZE = 1 << 20, WORKORDER_MAX_DEPTH = 32 };

/* Longest status in bytes: it becomes part of event ids. */
enum { WORKORDER_MAX_STATUS = 64 };

/*
 * Reads one record from `len` bytes of JSON (base/json_parse.h says how numbers and texts are kept).
 *
 * On WORKORDER_OK fills *out, to be freed with workorder_free. Otherwise *out is zeroed and
 * *reason points to a static text that says what is wrong.
 */
enum workorder_result workorder_parse(
    const char *json, size_t len, struct workorder *out, const char **reason);

/* Reads the same from a document that is parsed already; takes a reference of its own on WORKORDER_OK. */
enum workorder_result workorder_from_doc(struct json_object *doc, struct workorder *out, const char **reason);

/* Drops the document and zeroes the struct; may be called on a zeroed one. */
void workorder_free(struct workorder *wo);

#endif
