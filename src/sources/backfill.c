#include "sources/backfill.h"

/* What was created or completed in the window was updated then or later: no upper bound. */
static int64_t since(const struct pass_view *view)
{
    return view->settings->window->from;
}

const struct pass_kind backfill_kind = {
    .name = "backfill",
    .source = SOURCE_BACKFILL,
    .since = since,
    .modest = true,
};
