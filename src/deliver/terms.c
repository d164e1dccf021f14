#include "deliver/terms.h"

void terms_append_types(struct buffer *out, const struct handler *handler)
{
    buffer_append_text(out, ",");
    for (enum event_type type = 0; type < EVENT_TYPES; type++)
        if (handler->on[type]) {
            buffer_append_text(out, event_type_name(type));
            buffer_append_text(out, ",");
        }
}

void terms_of(const struct handler *handler, unsigned char out[FINGERPRINT_SIZE])
{
    struct buffer text = {0};
    terms_append_types(&text, handler);
    if (handler->when != NULL)
        buffer_append_text(&text, when_sql(handler->when));
    fingerprint_of(text.data, text.len, out);
    buffer_free(&text);
}
