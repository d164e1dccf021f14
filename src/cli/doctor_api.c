/*
 * doctor_api: the API, by as few requests as can show it: a connection without a request, a page of the list
 * (the token, the date, the rate limit, statuses and fields), the probes of the filter, and one page more
 * that shows whether its bound is inclusive. Nothing that is found out is stored.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/http.h"
#include "api/maintainx.h"
#include "base/clock.h"
#include "base/config_key.h"
#include "base/json_parse.h"
#include "base/timestamp.h"
#include "cli/doctor.h"
#include "core/workorder.h"
#include "sources/account_refuse.h"
#include "sources/filter.h"
#include "store/account.h"
#include "store/fields.h"
#include "store/rate_limit.h"
#include "store/store.h"

/* A certificate that ends sooner is worth a word. */
#define SOON_MS (INT64_C(14) * 24 * 3600 * 1000)

/* So many records show which fields there are. */
enum { RECORDS = 50, CONNECT_MS = 10000, DEEPEST = 32 };

/* --- the first request --- */

static bool has_client(struct doctor *doctor)
{
    const struct config *config = &doctor->config;
    const struct client_settings how = {.base_url = config->base_url,
        .token = config->token,
        .organization = config->organization,
        .ca_file = config->ca_file,
        .timeout = config->timeout,
        .reserve = config->reserve};
    struct rate_limit rate_limit = {0};
    if (doctor->store != NULL && rate_limit_load(doctor->store, &rate_limit, &doctor->api_error) != 0)
        return false;
    if (config->base_url == NULL || http_check_url(config->base_url, false) != NULL) {
        fail(&doctor->api_error, EX_CONFIG, "api: base_url cannot be used; correct it in [api]");
        return false;
    }
    doctor->client = client_new(&how, &rate_limit, &doctor->api_error);
    if (doctor->client != NULL)
        client_set_modest(doctor->client, true); /* others do not see what is sent here */
    return doctor->client != NULL;
}

bool doctor_ask(struct doctor *doctor)
{
    const struct page_request request = {
        .filter = FILTER_NONE, .since = TIMESTAMP_NONE, .limit = RECORDS, .single = true};
    if (!doctor->asked) {
        doctor->asked = true;
        if (has_client(doctor) &&
            maintainx_page(doctor->client, &request, &doctor->page, &doctor->api_error) == API_OK)
            doctor->api_error = (struct error){0};
    }
    return doctor->page.call != NULL;
}

bool doctor_may_send(struct doctor *doctor, int count)
{
    if (doctor->client != NULL && client_requests(doctor->client) + count <= DOCTOR_REQUESTS)
        return true;
    doctor_skip(doctor, "not tried: doctor has sent its %d requests", DOCTOR_REQUESTS);
    return false;
}

/* --- checks --- */

static void name_proxy(char *out, size_t size)
{
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    *out = '\0';
    for (size_t i = 0; i < sizeof names / sizeof names[0] && *out == '\0'; i++)
        if (config_variable(names[i]) != NULL) {
            const char *proxy = config_variable(names[i]), *at = strrchr(proxy, '@');
            snprintf(out, size, ", by the proxy of %s (%s)", names[i], at != NULL ? at + 1 : proxy);
        }
}

static void report_connection(struct doctor *doctor, const struct http_call *call)
{
    char issuer[128], left[TIMESTAMP_SIZE], proxy[256];
    int64_t ends;
    name_proxy(proxy, sizeof proxy);
    if (!http_certificate(call, issuer, sizeof issuer, &ends)) {
        doctor_ok(doctor, "%s accepts connections%s", doctor->config.base_url, proxy);
        return;
    }
    duration_format(ends > clock_now() ? ends - clock_now() : 0, left);
    if (ends - clock_now() < SOON_MS)
        doctor_warn(doctor, "the certificate of %s by %s ends in %s; where it is your proxy's, renew it",
            doctor->config.base_url, issuer, left);
    else
        doctor_ok(doctor, "%s accepts connections, its certificate by %s ends in %s%s",
            doctor->config.base_url, issuer, left, proxy);
}

static void check_connection(struct doctor *doctor)
{
    const struct config *config = &doctor->config;
    const struct http_request request = {.method = "GET",
        .url = config->base_url != NULL ? config->base_url : "",
        .timeout_ms = config->timeout < CONNECT_MS ? config->timeout : CONNECT_MS,
        .max_body = 1,
        .connect_only = true,
        .tls = {.ca_file = config->ca_file}};
    struct http *http = http_new("wosync/" WOSYNC_VERSION);
    struct http_call *call = http_start(http, &request);
    switch (http_finish(call)) {
    case HTTP_ANSWERED:
        report_connection(doctor, call);
        break;
    case HTTP_STOPPED:
        doctor_skip(doctor, "not tried: stopped by a signal");
        break;
    case HTTP_REFUSED:
        doctor_fail(doctor, EX_UNAVAILABLE, "%s; check base_url and ca_file in [api]", http_reason(call));
        break;
    default:
        doctor_fail(doctor, EX_UNAVAILABLE,
            "%s; check base_url in [api], the name server, the firewall and https_proxy", http_reason(call));
        break;
    }
    http_call_free(call);
    http_free(http);
}

static void check_token(struct doctor *doctor)
{
    if (doctor_ask(doctor))
        doctor_ok(doctor, "it is accepted");
    else if (doctor->api_error.status != EX_OK)
        doctor_fail(doctor, doctor->api_error.status, "%s", doctor->api_error.text);
    else
        doctor_skip(doctor, "not tried: stopped");
}

/* Whose work orders the page holds; 0 where that is not said. */
static int64_t organization_of(const struct page *page)
{
    int64_t id = 0;
    enum json_fault fault;
    for (size_t i = 0; i < page->count && id == 0; i++) {
        struct json_object *record = json_parse(page->records[i].json, page->records[i].len, DEEPEST, &fault);
        id = json_object_get_int64(json_object_object_get(record, "organizationId"));
        json_object_put(record);
    }
    return id;
}

static void check_organization(struct doctor *doctor)
{
    const struct config *config = &doctor->config;
    const int64_t id = organization_of(&doctor->page.page);
    struct account account = {0};
    struct error e = {0};
    if (*config->organization != '\0' && id != 0 && strtoll(config->organization, NULL, 10) != id)
        doctor_fail(doctor, EX_CONFIG,
            "organization_id is %s, and the work orders are of %lld; correct it in [api]",
            config->organization, (long long)id);
    if (doctor->store != NULL && account_load(doctor->store, &account, &e) == 1 &&
        (strcmp(account.base_url, config->base_url) != 0 ||
            strcmp(account.organization, config->organization) != 0)) {
        account_refuse(config->store, &account, config->base_url, config->organization, &e);
        doctor_fail(doctor, e.status, "%s", e.text);
    }
    account_free(&account);
    if (doctor->reported == 0 && id != 0)
        doctor_ok(doctor, "organization %lld", (long long)id);
}

/* --- the filter --- */

/* The newest updatedAt of the page, TIMESTAMP_NONE where it holds none. */
static int64_t newest_of(const struct page *page)
{
    int64_t newest = TIMESTAMP_NONE;
    for (size_t i = 0; i < page->count; i++) {
        struct workorder wo;
        const char *reason;
        if (workorder_parse(page->records[i].json, page->records[i].len, &wo, &reason) != WORKORDER_OK)
            continue;
        newest = wo.updated > newest ? wo.updated : newest;
        workorder_free(&wo);
    }
    return newest;
}

/* Asks for what changed since the very instant of a record: it must be there. */
static void check_bound(struct doctor *doctor, enum page_filter spelling)
{
    const int64_t newest = newest_of(&doctor->page.page);
    const struct page_request request = {
        .filter = spelling, .since = newest, .limit = RECORDS, .single = true};
    struct page_answer answer = {0};
    struct error e = {0};
    if (newest == TIMESTAMP_NONE || !doctor_may_send(doctor, 1))
        return;
    if (maintainx_page(doctor->client, &request, &answer, &e) != API_OK)
        doctor_warn(doctor, "%s: its bound could not be tried: %s; try again: wosync doctor filter",
            page_filter_name(spelling), e.text);
    else if (answer.page.count == 0)
        doctor_warn(doctor,
            "the bound of %s is not inclusive: what changed at that very instant is read by the next "
            "lookback; set "
            "late_windows in [sync]",
            page_filter_name(spelling));
    page_answer_free(&answer);
}

/* Without what the store remembers of earlier probes: in an empty one, in memory. */
static void check_filter(struct doctor *doctor)
{
    struct error e = {0};
    struct store *scratch = store_open(":memory:", STORE_SCRATCH, 0, &e);
    struct filter filter = {
        .api = doctor->client, .store = scratch, .config = &doctor->config, .dry_run = true};
    if (scratch == NULL || filter_choose(&filter, NULL, &e) != API_OK) {
        doctor_fail(doctor, e.status, "%s", e.text);
    } else if (filter.chosen == FILTER_NONE) {
        doctor_warn(doctor,
            "the server honours no filter by updatedAt: every poll reads everything; ask the vendor, or set "
            "filter in [api]");
    } else {
        if (filter.chosen == FILTER_BRACKETS || filter.chosen == FILTER_GTE)
            check_bound(doctor, filter.chosen);
        if (doctor->result == DOCTOR_OK)
            doctor_ok(doctor, "%s", page_filter_name(filter.chosen));
    }
    store_close(scratch);
}

static void check_limits(struct doctor *doctor)
{
    const struct rate_limit *limit = client_rate_limit(doctor->client);
    const int64_t left = limit->remaining - doctor->config.reserve;
    if (limit->limit == 0)
        doctor_warn(doctor, "the server does not say its rate limit; wosync keeps to the documented one; see "
                            "reserve in [api]");
    else if (left < limit->limit / 10)
        doctor_warn(doctor,
            "%lld of %lld requests of this window are left: others use the token, too; give wosync one of "
            "its "
            "own, or set reserve in [api]",
            (long long)limit->remaining, (long long)limit->limit);
    else
        doctor_ok(doctor, "%lld of %lld requests of this window are left", (long long)limit->remaining,
            (long long)limit->limit);
}

/* --- fields --- */

struct fields {
    struct json_object *known;  /* names as keys */
    struct json_object *states; /* statuses */
    struct buffer strange, states_strange;
};

static int take_field(const char *name, bool is_status, void *context)
{
    struct fields *f = context;
    json_object_object_add(is_status ? f->states : f->known, name, json_object_new_boolean(1));
    return 0;
}

static void compare(struct json_object *known, const char *name, struct buffer *strange)
{
    if (json_object_object_get_ex(known, name, NULL))
        return;
    json_object_object_add(known, name, json_object_new_boolean(1));
    buffer_append_format(strange, "%s%s", strange->len > 0 ? ", " : "", name);
}

static void compare_record(struct fields *f, const struct page_record *record)
{
    enum json_fault fault;
    struct json_object *object = json_parse(record->json, record->len, DEEPEST, &fault);
    struct json_object *status = json_object_object_get(object, "status");
    if (object != NULL && json_object_is_type(object, json_type_object)) {
        json_object_object_foreach(object, name, value)
        {
            (void)value;
            compare(f->known, name, &f->strange);
        }
        if (json_object_is_type(status, json_type_string))
            compare(f->states, json_object_get_string(status), &f->states_strange);
    }
    json_object_put(object);
}

static void check_fields(struct doctor *doctor)
{
    static const char *const statuses[] = {
        "OPEN", "IN_PROGRESS", "ON_HOLD", "DONE", "COMPLETED", "CANCELED", "SKIPPED"};
    struct fields f = {.known = json_object_new_object(), .states = json_object_new_object()};
    struct error e = {0};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        take_field(statuses[i], true, &f);
    for (char **word = doctor->config.completed; word != NULL && *word != NULL; word++)
        take_field(*word, true, &f);
    if (doctor->store == NULL || fields_visit(doctor->store, take_field, &f, &e) != 0 ||
        json_object_object_length(f.known) == 0) {
        doctor_skip(doctor, "not tried: no work order is known yet");
    } else {
        for (size_t i = 0; i < doctor->page.page.count; i++)
            compare_record(&f, &doctor->page.page.records[i]);
        if (f.states_strange.len > 0)
            doctor_warn(doctor,
                "statuses never seen before: %s; where one is a completion, add it to completed in [sync]",
                f.states_strange.data);
        if (f.strange.len > 0)
            doctor_warn(doctor,
                "fields never seen before: %s; where their changes are no news, add them to ignore in [sync]",
                f.strange.data);
    }
    json_object_put(f.known);
    json_object_put(f.states);
    buffer_free(&f.strange);
    buffer_free(&f.states_strange);
}

const struct doctor_check doctor_api[] = {
    {"connection", "the API's name is found, it accepts connections, its certificate is right", NULL, true,
        check_connection},
    {"token", "the token is accepted", "connection", true, check_token},
    {"organization", "the work orders are those of the organization that is configured", "token", true,
        check_organization},
    {"filter", "the server honours a filter by updatedAt, and its bound is inclusive", "token", true,
        check_filter},
    {"limits", "the rate limit leaves room", "token", true, check_limits},
    {"fields", "there is no status and no field that was never seen before", "token", true, check_fields},
    {NULL, NULL, NULL, false, NULL},
};
