#include "cli/init_token.h"

#include <stdlib.h>
#include <string.h>

#include "api/http.h"
#include "api/maintainx.h"
#include "base/config_key.h"
#include "base/secret.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "cli/cli.h"

/* How long the token is tried: of one request, and in all. Milliseconds. */
enum { REQUEST_MS = 30000, GIVE_UP_MS = 3000 };

/* So often a token is asked for on a terminal. */
enum { TRIES = 3 };

/* Asks MaintainX for one work order. Returns 0 when the token was taken. */
static int try_token(const struct init_token *token, struct error *e)
{
    const struct rate_limit rate_limit = {0};
    const char *base_url = token->base_url;
    for (size_t i = 0; base_url == NULL && i < config_key_count; i++)
        if (strcmp(config_keys[i].name, "base_url") == 0)
            base_url = config_keys[i].fallback;
    const char *wrong = http_check_url(base_url, false);
    if (wrong != NULL)
        return fail(e, EX_CONFIG, "api: base_url %s: %s", base_url, wrong);
    const struct client_settings settings = {.base_url = base_url,
        .token = token->token,
        .organization = token->organization,
        .ca_file = token->ca_file,
        .timeout = REQUEST_MS,
        .give_up = GIVE_UP_MS};
    const struct page_request request = {.filter = FILTER_NONE, .since = TIMESTAMP_NONE, .limit = 1};
    struct page_answer answer = {0};
    struct client *api = client_new(&settings, &rate_limit, e);
    enum api_status status = api != NULL ? maintainx_page(api, &request, &answer, e) : API_FAILED;
    if (status == API_OK)
        page_answer_free(&answer);
    client_free(api);
    return status == API_OK ? 0 : -1;
}

static int read_token(struct init_token *token, struct init_ask *ask, struct error *e)
{
    free(token->token);
    token->token =
        init_ask_line(ask, "Token (MaintainX: Settings > Integrations > New Key; it is not shown):", true);
    if (token->token == NULL && shutdown_signalled())
        return fail(e, EX_TEMPFAIL, "init: stopped by a signal; nothing was written");
    if (token->token == NULL)
        return fail(e, EX_USAGE, "init: stdin has no token; write it there, in the first line");
    secret_unwrap(token->token, true);
    const char *wrong = *token->token == '\0' ? "it is empty" : secret_check_token(token->token);
    return wrong == NULL ? 0 : fail(e, EX_CONFIG, "token: %s", wrong);
}

/* What a person can correct by another answer. */
static bool may_ask_again(const struct init_ask *ask, const struct error *e)
{
    return ask->terminal && (e->status == EX_NOPERM || e->status == EX_CONFIG);
}

/* For a token of several organizations. Returns true when one was typed. */
static bool ask_organization(struct init_token *token, struct init_ask *ask, const struct error *e)
{
    if (!ask->terminal || *token->organization != '\0' || strstr(e->text, "organization") == NULL)
        return false;
    char *answer = init_ask_line(ask, "Organization id, for this token covers several:", false);
    if (answer == NULL)
        return false;
    free(token->organization);
    token->organization = answer;
    return *answer != '\0';
}

int init_token_settle(struct init_token *token, struct init_ask *ask, bool try, struct error *e)
{
    for (int left = TRIES; left > 0; left--) {
        *e = (struct error){0};
        int rc = read_token(token, ask, e);
        if (rc == 0 && try) {
            rc = try_token(token, e);
            if (rc != 0 && ask_organization(token, ask, e)) {
                *e = (struct error){0};
                rc = try_token(token, e);
            }
        }
        if (rc == 0 || left == 1 || !may_ask_again(ask, e))
            return rc;
        cli_report(e);
    }
    return -1;
}

void init_token_free(struct init_token *token)
{
    if (token->token != NULL)
        explicit_bzero(token->token, strlen(token->token));
    free(token->token);
    free(token->organization);
    *token = (struct init_token){0};
}
