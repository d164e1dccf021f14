/* The body of a webhook, in both spellings: what is taken is JSON (json_judge.h), and what is taken for a
 * whole work order is one. */
#include "fuzz.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"
#include "core/webhook_body.h"
#include "core/workorder.h"
#include "json_judge.h"

static const char *const completed[] = {"DONE", "COMPLETED", NULL};

static void check_whole(const struct webhook_body *body)
{
    struct workorder wo;
    const char *reason = NULL;
    must(workorder_from_doc(body->doc, &wo, &reason) == WORKORDER_OK, "a whole work order is none: %s",
        reason);
    must(wo.id == body->work_order, "it is of %lld, and holds %lld", (long long)body->work_order,
        (long long)wo.id);
    must(wo.title != NULL, "a whole work order without a title");
    if (strcmp(wo.status, "DONE") == 0 || strcmp(wo.status, "COMPLETED") == 0)
        must(wo.completed != TIMESTAMP_NONE, "it is complete, but nobody knows since when");
    workorder_free(&wo);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = copy_text(data, size);
    struct webhook_body body = {0};
    const char *reason = NULL;
    size_t mark = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    const char *subscribed = size % 2 == 0 ? "WORK_ORDER_CHANGE" : NULL;
    int rc = webhook_body_read(text, size, completed, subscribed, &body, &reason);
    must(rc == 0 || reason != NULL, "it is refused without a reason");
    if (rc == 0) {
        must(judge_json(text + mark, size - mark, WORKORDER_MAX_DEPTH + 1), "it is not JSON");
        must((body.kind == WEBHOOK_OBSERVATION) == (body.doc != NULL), "kind %d", (int)body.kind);
        must(body.kind == WEBHOOK_UNSUPPORTED || body.kind == WEBHOOK_ARCHIVED || body.work_order > 0,
            "kind %d without a work order", (int)body.kind);
        must(strnlen(body.event, sizeof body.event) < sizeof body.event, "its event has no end");
        must(judge_utf8(body.event, strlen(body.event)), "its event is cut in a character: %s", body.event);
        if (body.kind == WEBHOOK_OBSERVATION)
            check_whole(&body);
        webhook_body_free(&body);
    }
    free(text);
    return 0;
}
