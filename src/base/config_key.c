/* The keys of the configuration: a row for each, and where the value that is in force comes from. */
#include "base/config_key.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

#define MEMBER(name) offsetof(struct config, name)
enum { SECOND = 1000, HOUR = 3600 * SECOND };

const struct config_key config_keys[] = {
    {"api", "base_url", CONFIG_URL, MEMBER(base_url), "https://api.getmaintainx.com/v1", "MAINTAINX_BASE_URL",
        0, 0},
    {"api", "key_file", CONFIG_TOKEN, MEMBER(token), NULL, "MAINTAINX_API_KEY", 0, 0},
    {"api", "ca_file", CONFIG_READABLE, MEMBER(ca_file), NULL, NULL, 0, 0},
    {"api", "organization_id", CONFIG_TEXT, MEMBER(organization), "", NULL, 0, 0},
    {"api", "filter", CONFIG_FILTER, MEMBER(filter), "auto", NULL, 0, 0},
    {"api", "page_size", CONFIG_NUMBER, MEMBER(page_size), "200", NULL, 1, 200},
    {"api", "timeout", CONFIG_DURATION, MEMBER(timeout), "30s", NULL, SECOND, HOUR},
    {"api", "give_up", CONFIG_DURATION, MEMBER(give_up), "1m", NULL, 0, HOUR},
    {"api", "reserve", CONFIG_NUMBER, MEMBER(reserve), "0", NULL, 0, 100000},
    {"api", "names", CONFIG_YES_NO, MEMBER(names), "yes", NULL, 0, 0},
    {"sync", "start", CONFIG_FROM, MEMBER(start), "now", NULL, 0, 0},
    {"sync", "lookback", CONFIG_DURATION, MEMBER(lookback), "10m", NULL, 0, INT64_C(366) * 24 * HOUR},
    {"sync", "late_windows", CONFIG_WINDOWS, MEMBER(late_windows), "6h/1h 3d/1d", NULL, 0, 0},
    {"sync", "sweep", CONFIG_DURATION, MEMBER(sweep), "7d", NULL, 0, INT64_C(366) * 24 * HOUR},
    {"sync", "completed", CONFIG_WORDS, MEMBER(completed), "DONE COMPLETED", NULL, 0, 0},
    {"sync", "ignore", CONFIG_WORDS, MEMBER(ignored), "", NULL, 0, 0},
    {"sync", "max_deletes", CONFIG_SHARE, MEMBER(max_deletes), "5%", NULL, 0, 0},
    {"sync", "webhook_silence", CONFIG_DURATION, MEMBER(webhook_silence), "15m", NULL, 0,
        INT64_C(366) * 24 * HOUR},
    {"sync", "safety_poll", CONFIG_DURATION, MEMBER(safety_poll), "6h", NULL, 0, INT64_C(366) * 24 * HOUR},
    {"webhooks", "secret_file", CONFIG_SECRETS, MEMBER(webhook_secrets), NULL, "MAINTAINX_WEBHOOK_SECRET", 0,
        0},
    {"webhooks", "tolerance", CONFIG_DURATION, MEMBER(tolerance), "5m", NULL, SECOND,
        INT64_C(366) * 24 * HOUR},
    {"metrics", "textfile", CONFIG_PATH, MEMBER(textfile), NULL, NULL, 0, 0},
    {"metrics", "account", CONFIG_ACCOUNT, MEMBER(account), NULL, NULL, 0, 0},
    {"metrics", "ping_url", CONFIG_SECRET_URL, MEMBER(ping_url), NULL, NULL, 0, 0},
    {"metrics", "ping_start", CONFIG_YES_NO, MEMBER(ping_start), "no", NULL, 0, 0},
    {"store", "path", CONFIG_PATH, MEMBER(store), WOSYNC_LOCALSTATEDIR "/lib/wosync/wosync.db", "WOSYNC_DB",
        0, 0},
    {"store", "keep", CONFIG_DURATION, MEMBER(keep), "90d", NULL, HOUR, INT64_C(36600) * 24 * HOUR},
};
const size_t config_key_count = sizeof config_keys / sizeof config_keys[0];

_Static_assert(sizeof config_keys / sizeof config_keys[0] <= CONFIG_MOST_KEYS, "too many keys");

const char *config_variable(const char *name)
{
    const char *value = name != NULL ? getenv(name) : NULL;
    return value != NULL && *value != '\0' ? value : NULL;
}

void config_describe(const struct config *config, size_t index, struct config_description *out)
{
    const struct config_key *key = &config_keys[index];
    const struct ini_setting *setting = ini_setting(ini_section(&config->ini, key->section), key->name);
    const bool variable = config_variable(key->environment) != NULL;
    const bool secret = key->kind == CONFIG_TOKEN || key->kind == CONFIG_SECRETS;
    struct buffer origin = {0};
    const char *value = key->fallback;
    if (variable && !secret)
        value = config_variable(key->environment);
    else if (variable && (setting == NULL || key->kind == CONFIG_TOKEN))
        value = "********";
    else if (setting != NULL)
        value = setting->value;
    if (setting != NULL && (!variable || key->kind == CONFIG_SECRETS))
        ini_place(&config->ini, setting->line, &origin);
    if (variable)
        buffer_append_format(
            &origin, "%s%s in the environment", origin.len > 0 ? " and " : "", key->environment);
    if (value == NULL && key->kind == CONFIG_ACCOUNT)
        value = config->account;
    if (origin.len == 0)
        buffer_append_text(&origin, value != NULL ? "default" : "not set");
    *out =
        (struct config_description){key->section, key->name, strdup(value != NULL ? value : ""), origin.data};
    secret_mask(out->value);
}

void config_description_free(struct config_description *description)
{
    free(description->value);
    free(description->origin);
    *description = (struct config_description){0};
}
