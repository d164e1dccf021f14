#include "core/window.h"

#include "base/timestamp.h"

int64_t window_since(int64_t watermark, int64_t started, int64_t lookback)
{
    if (started == TIMESTAMP_NONE)
        return TIMESTAMP_NONE;
    int64_t since = started - lookback;
    return watermark != TIMESTAMP_NONE && watermark < since ? watermark : since;
}

int64_t window_started(int64_t server, int64_t local)
{
    return server != TIMESTAMP_NONE && server < local ? server : local;
}
