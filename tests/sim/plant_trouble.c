/* What the API answers when it is ill. */
#include <string.h>

#include "machine.h"
#include "net.h"
#include "plant.h"
#include "verdict.h"

static bool has_upper_bound(const struct net_request *request)
{
    return strstr(request->url, "Lte") != NULL || strstr(request->url, "%5Blte%5D") != NULL;
}

bool plant_begins_pass(const struct net_request *request)
{
    return plant_log.poller != 0 && request->run == plant_log.poller && !machine_is_locked(LOCK_SWEEP) &&
           strstr(request->url, "/v1/workorders?") != NULL && strstr(request->url, "cursor=") == NULL &&
           strstr(request->url, "2200-01-01") == NULL && strstr(request->url, "1970-01-01") == NULL &&
           strstr(request->url, "limit=50&") == NULL && !has_upper_bound(request);
}

/* The list, from its beginning, as if there were nothing. */
bool plant_answer_emptily(const struct net_request *request, struct net_answer *answer)
{
    if (strstr(request->url, "/v1/workorders?") == NULL || strstr(request->url, "cursor=") != NULL ||
        !dice_chance(&plant.dice, plant.empty))
        return false;
    trace("api: emptily");
    plant_log.emptied = machine_now();
    /* what was read of it before, with another filter, is no pass that has seen everything */
    if (plant_begins_pass(request))
        plant_log.pass_began = NEVER;
    else if (plant_log.poller != 0 && request->run == plant_log.poller && has_upper_bound(request) &&
             strstr(request->url, "1970-01-01") == NULL)
        plant_log.window_emptied = true;
    plant_say(answer, 200, "{\"workOrders\":[],\"nextCursor\":null,\"nextPageUrl\":null}");
    return true;
}

/* Wrong answers of every kind. Returns true when this one is answered. */
bool plant_answer_wrongly(struct net_answer *answer)
{
    static const int statuses[] = {500, 502, 503, 504, 408, 429, 401, 403, 302, 404, 410, 413, 418};
    int64_t which = dice_below(&plant.dice, 16);
    if (which < 13) {
        plant_say(answer, statuses[which], "{\"error\":\"no\"}");
        if (which <= 5 && dice_chance(&plant.dice, 30))
            net_header(answer, "Retry-After", "%lld", (long long)dice_spread(&plant.dice, 6));
        return true;
    }
    if (which == 13)
        plant_say(answer, 200, "<html>please log in</html>");
    else if (which == 14)
        plant_say(answer, 200, "{\"workOrders\":[{\"id\":1,");
    return which < 15;
}

bool plant_answer_cursed(const struct order *order, struct net_answer *answer)
{
    if (order->id != plant.cursed)
        return false;
    trace("api: %lld is cursed", (long long)order->id);
    plant_say(answer, 500, "{\"error\":\"no\"}");
    return true;
}

int64_t plant_delay(const char *url)
{
    return strstr(url, "/v1/workorders?") != NULL ? plant.slow : 0;
}
