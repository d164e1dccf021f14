#include "sources/account_refuse.h"

#include <stdbool.h>
#include <string.h>

/* The length of scheme, host and port. */
static size_t host_len(const char *url)
{
    const char *host = strstr(url, "://");
    host = host != NULL ? host + 3 : url;
    return (size_t)(host - url) + strcspn(host, "/");
}

static bool has_same_host(const char *a, const char *b)
{
    return host_len(a) == host_len(b) && strncmp(a, b, host_len(a)) == 0;
}

/* The same organization at the same host: a path was forgotten, or is too much. */
static int refuse_path(const char *store, const struct account *stored, const char *base_url, struct error *e)
{
    return fail(e, EX_CONFIG,
        "store %s: base_url is %s, but the store was filled from %s; set base_url = %s in [api] (or "
        "MAINTAINX_BASE_URL)",
        store, base_url, stored->base_url, stored->base_url);
}

/* Another host: from a mock to the real API, or a proxy. */
static int refuse_host(const char *store, const struct account *stored, const char *base_url, struct error *e)
{
    return fail(e, EX_CONFIG,
        "store %s: it was filled from %s, but base_url is %s; for another account, or after trials with a "
        "mock, set another path in [store] (the first sync makes a new store). If it is the same "
        "organization "
        "at a new address: sqlite3 '%s' \"UPDATE account SET base_url = '%s'\"",
        store, stored->base_url, base_url, store, base_url);
}

static const char *name_of(const char *organization)
{
    return *organization != '\0' ? organization : "none";
}

static int refuse_organization(
    const char *store, const struct account *stored, const char *organization, struct error *e)
{
    return fail(e, EX_CONFIG,
        "store %s: it was filled with organization_id = %s, but now it is %s; set it back in [api], or give "
        "each organization its own path in [store]. If the token's only organization was just given its "
        "name: "
        "sqlite3 '%s' \"UPDATE account SET organization = '%s'\"",
        store, name_of(stored->organization), name_of(organization), store, organization);
}

int account_refuse(const char *store, const struct account *stored, const char *base_url,
    const char *organization, struct error *e)
{
    bool same_organization = strcmp(stored->organization, organization) == 0;
    if (same_organization && has_same_host(stored->base_url, base_url))
        return refuse_path(store, stored, base_url, e);
    if (same_organization)
        return refuse_host(store, stored, base_url, e);
    if (strcmp(stored->base_url, base_url) == 0)
        return refuse_organization(store, stored, organization, e);
    return fail(e, EX_CONFIG,
        "store %s: it holds the work orders of %s, organization_id %s, but the configuration says %s, "
        "organization_id %s; give each account its own path in [store]",
        store, stored->base_url, name_of(stored->organization), base_url, name_of(organization));
}
