/*
 * config: what can be set with --config and POST /mock/config. README.md says what each setting does.
 */
#ifndef MOCK_CONFIG_H
#define MOCK_CONFIG_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "base.h"

enum { CONFIG_TEXT = 256 }; /* room for a text, with its NUL */

enum policy { POLICY_HONOURED, POLICY_IGNORED, POLICY_REFUSED };
enum webhook_api { WEBHOOK_API_SUBSCRIPTIONS, WEBHOOK_API_WEBHOOKS, WEBHOOK_API_BOTH };
enum default_order {
    DEFAULT_ORDER_ID,
    DEFAULT_ORDER_ID_DOWN,
    DEFAULT_ORDER_UPDATED,
    DEFAULT_ORDER_CREATED_DOWN
};
enum signed_urls { SIGNED_URLS_FIXED, SIGNED_URLS_FRESH };
enum parameters { PARAMETERS_REFUSED, PARAMETERS_IGNORED };
enum thumbnails { THUMBNAILS_EXPANDED, THUMBNAILS_ALWAYS };
enum null_fields { NULL_FIELDS_ABSENT, NULL_FIELDS_PRESENT };
enum json_style { JSON_COMPACT, JSON_SPACED };
enum dialect { DIALECT_LIVE, DIALECT_BRIEF };

struct rate_limit {
    int64_t requests, window_ms;
    bool retry_after, headers;
};

/* Webhooks that go out by themselves. */
struct deliver {
    bool on, hold;
    char secret[CONFIG_TEXT]; /* of /webhooks; empty: not signed */
    int64_t lost_percent, doubled_percent, late_percent, nameless_percent;
    int64_t delay_ms, late_ms, timeout_ms;
};

/* The choices are ints and not enums because the table in config.c writes all of them in one way. */
struct config {
    int dialect;                                        /* enum dialect: sets several of the others */
    int order;                                          /* enum default_order */
    int filter_updated_at_gte, filter_brackets, sort;   /* enum policy */
    int webhook_api;                                    /* enum webhook_api */
    int subscription_status;                            /* index into config_subscription_status */
    int signed_urls;                                    /* enum signed_urls */
    int unknown_parameters;                             /* enum parameters */
    int thumbnails;                                     /* enum thumbnails */
    int null_fields;                                    /* enum null_fields */
    int json;                                           /* enum json_style */
    char token[CONFIG_TEXT], organization[CONFIG_TEXT]; /* empty: not asked for */
    char date_header[CONFIG_TEXT];                      /* "normal", "none" or what to send */
    struct rate_limit rate_limit;
    struct deliver deliver;
    int64_t date_skew_ms, clock_skew_ms, page_delay_ms, cursor_ttl_ms, max_limit, list_lag_ms;
    bool gzip;
};

/* The words for `subscription_status`, ended by NULL. */
extern const char *const config_subscription_status[];

/* The settings a new mock has. */
void config_defaults(struct config *c);

/* Sets what CHANGES, a JSON object, names. All or nothing: false with the reason in P if anything in it is
 * wrong. */
bool config_merge(struct config *c, json_object *changes, struct problem *p);

/* All settings, as config_merge() takes them. The caller puts the object. */
json_object *config_json(const struct config *c);

#endif
