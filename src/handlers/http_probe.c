#include "handlers/http_probe.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/timestamp.h"

/* A certificate that ends sooner is worth a word. */
#define SOON_MS (INT64_C(14) * 24 * 3600 * 1000)

static void describe(const char *url, const struct http_call *call, struct handler_probe *probe)
{
    const char *host = strstr(url, "://") + 3;
    const int len = (int)strcspn(host, "/?#");
    char issuer[128], left[TIMESTAMP_SIZE];
    int64_t ends;
    if (!http_certificate(call, issuer, sizeof issuer, &ends)) {
        snprintf(probe->found, sizeof probe->found, "%.*s accepts connections", len, host);
        return;
    }
    duration_format(ends > clock_now() ? ends - clock_now() : 0, left);
    probe->doubtful = ends - clock_now() < SOON_MS;
    snprintf(probe->found, sizeof probe->found,
        "%.*s accepts connections, its certificate by %.80s ends in %s%s", len, host, issuer, left,
        probe->doubtful ? "; have it renewed" : "");
}

int http_probe(const char *url, const struct http_tls *tls, struct handler_probe *probe, struct error *e)
{
    const struct http_request request = {.method = "GET",
        .url = url,
        .timeout_ms = probe->timeout,
        .max_body = 1,
        .allow_plain = true,
        .connect_only = true,
        .tls = *tls};
    struct http *http = http_new("wosync/" WOSYNC_VERSION);
    struct http_call *call = http_start(http, &request);
    int rc = 0;
    switch (http_finish(call)) {
    case HTTP_ANSWERED:
        describe(url, call, probe);
        break;
    case HTTP_STOPPED:
        rc = fail(e, EX_TEMPFAIL, "stopped by a signal");
        break;
    case HTTP_REFUSED:
        rc = fail(e, EX_CONFIG, "%s", http_reason(call));
        break;
    default:
        rc = fail(e, EX_UNAVAILABLE, "%s; check url in its section, the name server and the firewall",
            http_reason(call));
        break;
    }
    http_call_free(call);
    http_free(http);
    return rc;
}
