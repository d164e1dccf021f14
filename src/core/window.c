#include "core/window.h"

#include "base/timestamp.h"

int64_t window_since(int64_t watermark, int64_t started, int64_t lookback)
{
    if (started == TIMESTAMP_NONE)
        return TIMESTAMP_NONE;
    int64_t since = started - lookback;
    return watermark != TIMESTAMP_NONE && watermark < since ? watermark : since;
}

bool window_is_due(int64_t every, int64_t last, int64_t now)
{
    return last == TIMESTAMP_NONE || last > now || now - last >= every;
}

int64_t window_started(int64_t server, int64_t local)
{
    return server != TIMESTAMP_NONE && server < local ? server : local;
}
