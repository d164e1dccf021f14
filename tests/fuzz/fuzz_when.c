/* A condition, and behind a NUL the body of the event it is asked of. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "deliver/when.h"

static const char event[] =
    "{\"id\": \"workorder.updated/7/2026-11-23T10:15:00.000Z\", \"event\": \"workorder.updated\", "
    "\"timestamp\":"
    " \"2026-11-23T10:15:00.000Z\", \"observedAt\": \"2026-11-23T10:16:02.117Z\", \"previouslyObservedAt\": "
    "null,"
    " \"source\": \"poll\", \"data\": {\"id\": 7, \"title\": \"Pump\", \"status\": \"DONE\", \"priority\": "
    "\"HIGH\","
    " \"createdAt\": \"2026-11-01T00:00:00.000Z\", \"updatedAt\": \"2026-11-23T10:15:00.000Z\", "
    "\"assignees\":"
    " [{\"id\": 21}], \"changes\": {\"status\": {\"from\": \"OPEN\", \"to\": \"DONE\"}}}}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char reason[256] = "";
    size_t behind = second_part(data, size);
    bool has_body = behind < size;
    char *expression = copy_text(data, has_body ? behind - 1 : size);
    char *body = has_body ? copy_text(data + behind, size - behind) : NULL;
    struct when *when = when_compile(expression, reason, sizeof reason);
    must(when != NULL || *reason != '\0', "it is refused without a reason");
    for (int i = 0; when != NULL && i < 2; i++) {
        reason[0] = '\0';
        int result = when_matches(
            when, has_body ? body : event, has_body ? size - behind : strlen(event), reason, sizeof reason);
        must(result == 0 || result == 1 || (result == -1 && *reason != '\0'), "the answer is %d, '%s'",
            result, reason);
    }
    when_free(when);
    free(body);
    free(expression);
    return 0;
}
