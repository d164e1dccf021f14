#include "fault_answer.h"

#include <stdio.h>
#include <string.h>

#include "arguments.h"
#include "gzip.h"

enum {
    HUGE_BYTES = 64 * 1024 * 1024, /* unless told otherwise */
    DEEP_DEPTH = 100000,
    DRIP_BYTES_PER_SECOND = 100,
};

/* A valid page around nothing, or around a lot of it. */
static const char page_head[] = "{\"workOrders\":[";
static const char page_tail[] = "],\"nextCursor\":null,\"nextPageUrl\":null}";

bool fault_spoils(enum fault_kind kind)
{
    switch (kind) {
    case FAULT_RESET:
    case FAULT_TRUNCATE:
    case FAULT_TRUNCATE_JSON:
    case FAULT_DRIP:
    case FAULT_REPEAT_CURSOR:
    case FAULT_DUPLICATE:
    case FAULT_NO_RATE_LIMIT_HEADERS:
        return true;
    default:
        return false;
    }
}

/* The members were checked when the fault was ordered, so there is no problem to report. */
static int64_t integer_of(const struct fault_hit *hit, const char *name, int64_t otherwise)
{
    struct problem p;

    arguments_integer(hit->spec, name, &otherwise, INT64_MIN, INT64_MAX, &p);
    return otherwise;
}

static const char *text_of(const struct fault_hit *hit, const char *name, const char *otherwise)
{
    struct problem p;

    arguments_text(hit->spec, name, &otherwise, &p);
    return otherwise;
}

static void answer_text(struct answer *a, unsigned status, const char *type, const char *text)
{
    answer_empty(a, status);
    a->content_type = type;
    buffer_text(&a->body, text);
}

static void answer_json_text(struct answer *a, const char *text)
{
    answer_text(a, 200, "application/json; charset=utf-8", text);
}

/* The kinds that answer a status: with Retry-After, headers and a body as ordered. */
static void answer_status(const struct fault_hit *hit, struct answer *a)
{
    const char *body = text_of(hit, "body", NULL);
    json_object *value;

    if (body != NULL)
        answer_text(a, (unsigned)hit->status, "application/json; charset=utf-8", body);
    else if (hit->status == 204)
        answer_empty(a, 204);
    else
        answer_error(a, (unsigned)hit->status,
            hit->kind == FAULT_EXPIRED_CURSOR ? "cursor has expired."
            : hit->status == 429              ? "Too many requests."
            : hit->status == 401              ? "Invalid token"
                                              : "A fault on command.");
    if (json_object_object_get_ex(hit->spec, "retry_after", &value) && value != NULL)
        answer_header(a, "Retry-After", json_object_get_string(value));
    if (json_object_object_get_ex(hit->spec, "headers", &value)) {
        json_object_object_foreach(value, name, text)
            answer_header(a, name, text != NULL ? json_object_get_string(text) : "");
    }
}

static void answer_wrong_types(const char *variant, struct answer *a)
{
    if (strcmp(variant, "next_cursor") == 0)
        answer_json_text(a, "{\"workOrders\":[],\"nextCursor\":12345,\"nextPageUrl\":null}");
    else if (strcmp(variant, "records") == 0)
        answer_json_text(a, "{\"workOrders\":[1,\"two\",null,[3]],\"nextCursor\":null,\"nextPageUrl\":null}");
    else
        answer_json_text(a, "{\"workOrders\":{\"id\":1},\"nextCursor\":null,\"nextPageUrl\":null}");
}

static void answer_deep(int64_t depth, struct answer *a)
{
    answer_json_text(a, page_head);
    memset(buffer_room(&a->body, (size_t)depth), '[', (size_t)depth);
    a->body.len += (size_t)depth;
    memset(buffer_room(&a->body, (size_t)depth), ']', (size_t)depth);
    a->body.len += (size_t)depth;
    buffer_text(&a->body, page_tail);
}

static void answer_huge(const struct fault_hit *hit, struct answer *a)
{
    uint64_t bytes = (uint64_t)integer_of(hit, "bytes", HUGE_BYTES);
    struct problem p;
    bool announce = false;

    answer_json_text(a, "");
    a->gzip = false;
    if (hit->kind == FAULT_HUGE_GZIP) {
        gzip_bomb(&a->body, page_head, page_tail, bytes);
        answer_header(a, "Content-Encoding", "gzip");
        return;
    }
    arguments_boolean(hit->spec, "announce", &announce, &p);
    buffer_free(&a->body);
    a->stream = stream_padded(page_head, page_tail, bytes, announce);
}

static void answer_empty_list(const struct request *r, struct answer *a)
{
    answer_json_text(a, "{\"");
    buffer_text(&a->body, fault_list_name(r));
    buffer_text(&a->body, "\":[");
    buffer_text(&a->body, page_tail);
}

static void answer_redirect(
    const struct fault_hit *hit, const struct request *r, const char *base_url, struct answer *a)
{
    char elsewhere[512];

    /* a path of ours that is not there: whoever follows is seen in the log */
    snprintf(elsewhere, sizeof(elsewhere), "%s/redirected%s", base_url, r->path);
    answer_empty(a, (unsigned)hit->status);
    answer_header(a, "Location", text_of(hit, "location", elsewhere));
}

/* The kinds that break off: the right answer, or no answer. */
static void answer_broken(const struct fault_hit *hit, const struct request *r, struct answer *a)
{
    int64_t after = integer_of(hit, "after_bytes", hit->kind == FAULT_RESET ? 0 : (int64_t)a->body.len / 2);

    if (after == 0) {
        answer_clear(a);
        a->abort = hit->kind == FAULT_RESET;
        return;
    }
    /* at least the last byte is missing, or it would not be broken */
    if ((uint64_t)after >= a->body.len && a->body.len > 0)
        after = (int64_t)a->body.len - 1;
    a->stream = stream_cut(&a->body, (uint64_t)after, hit->kind == FAULT_RESET ? r->socket : -1);
}

void fault_answer(
    const struct fault_hit *hit, const struct request *r, const char *base_url, struct answer *a)
{
    switch (hit->kind) {
    case FAULT_STATUS:
    case FAULT_429:
    case FAULT_EXPIRED_CURSOR:
    case FAULT_RANDOM:
    case FAULT_PAGE_HOLDS:
        answer_status(hit, a);
        break;
    case FAULT_RESET:
    case FAULT_TRUNCATE:
        answer_broken(hit, r, a);
        break;
    case FAULT_TRUNCATE_JSON:
        a->body.len /= 2;
        break;
    case FAULT_BAD_JSON:
        answer_json_text(a, "{\"workOrders\":[{\"id\":1,}],nextCursor:null}");
        break;
    case FAULT_NOT_OBJECT:
        answer_json_text(a, "[]");
        break;
    case FAULT_NO_WORKORDERS:
        answer_json_text(a, "{\"nextCursor\":null,\"nextPageUrl\":null}");
        break;
    case FAULT_WRONG_TYPES:
        answer_wrong_types(text_of(hit, "variant", ""), a);
        break;
    case FAULT_HUGE:
    case FAULT_HUGE_GZIP:
        answer_huge(hit, a);
        break;
    case FAULT_DEEP:
        answer_deep(integer_of(hit, "depth", DEEP_DEPTH), a);
        break;
    case FAULT_DRIP:
        a->stream = stream_drip(&a->body, integer_of(hit, "bytes_per_second", DRIP_BYTES_PER_SECOND));
        break;
    case FAULT_EMPTY_LIST:
        answer_empty_list(r, a);
        break;
    case FAULT_HANG:
        a->hang = true;
        break;
    case FAULT_REDIRECT:
        answer_redirect(hit, r, base_url, a);
        break;
    case FAULT_HTML:
        answer_text(a, (unsigned)hit->status, "text/html",
            "<!DOCTYPE html><html><title>Maintenance</title><p>We will be back soon.</html>\n");
        break;
    case FAULT_REPEAT_CURSOR: /* these two are twists of the page, made with it */
    case FAULT_DUPLICATE:
    case FAULT_NO_RATE_LIMIT_HEADERS: /* api.c leaves them out */
    case FAULT__MAX:
        break;
    }
}
