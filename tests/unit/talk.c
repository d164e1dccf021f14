#include "talk.h"

#include "base/shutdown.h"
#include "support.h"

int talk_install(void **state)
{
    struct error e = {0};
    (void)state;
    return shutdown_install(&e);
}

void talk_begin(struct talk *talk, const char *const *answers, size_t count, int64_t give_up,
    const struct rate_limit *rate_limit)
{
    *talk = (struct talk){0};
    server_start(&talk->server, answers, count);
    talk->settings = (struct client_settings){.base_url = talk->server.url,
        .token = "the-token",
        .organization = "",
        .timeout = 60000,
        .give_up = give_up};
    talk->client = client_new(&talk->settings, rate_limit, &talk->e);
    check(talk->client != NULL, "%s", talk->e.text);
}

void talk_end(struct talk *talk)
{
    client_free(talk->client);
    server_stop(&talk->server);
}
