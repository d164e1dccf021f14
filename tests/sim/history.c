#include "history.h"

#include <stdio.h>
#include <string.h>

#include "lasting.h"
#include "net.h"
#include "receivers.h"

static const char *const names[STEPS] = {"change", "wait", "sync", "dispatch", "reconcile", "backfill",
    "dry run", "jump", "server's clock back", "api", "receivers", "cursors expire", "filters", "hide all",
    "power cut", "receive"};

const char *step_name(enum step_kind kind)
{
    return names[kind];
}

/*
 * The clocks, within what rule R1 promises: a change is seen if it becomes visible within the lookback of its
 * updatedAt, and if not both the server's clock and ours run ahead. What is left of the lookback is shared
 * out between the two.
 */
static void make_clocks(struct history *h, struct dice *dice)
{
    static const int64_t lookbacks[] = {0, 1000, 30000, 300000, 300000};
    struct plant_manner *m = &h->manner;
    m->lookback = lookbacks[dice_below(dice, 5)];
    m->longest_delay = dice_below(dice, m->lookback + 1);
    int64_t ahead = dice_chance(dice, 50) ? dice_below(dice, m->lookback - m->longest_delay + 1) : 0;
    h->back = dice_chance(dice, 20) ? dice_below(dice, m->longest_delay + 1) : 0;
    m->says_date = dice_chance(dice, 80);
    m->date_ahead = ahead;
    h->most_ahead = INT64_MAX;
    if (dice_chance(dice, 20))
        m->date_ahead = -dice_spread(dice, 30);
    if (!m->says_date || dice_chance(dice, 20)) {
        h->most_ahead = ahead;
        m->date_ahead = dice_chance(dice, 50) ? dice_spread(dice, 36) : ahead;
    }
    int64_t far = dice_chance(dice, 50) ? 0 : dice_spread(dice, 34);
    h->offset = dice_chance(dice, 50) ? -far : far;
    if (h->offset > h->most_ahead)
        h->offset = h->most_ahead;
    h->jumps = dice_chance(dice, 30);
}

static void make_manner(struct history *h, struct dice *dice)
{
    static const int gone[] = {400, 404, 410}, people[] = {200, 403, 200, 404};
    struct plant_manner *m = &h->manner;
    m->flickers = dice_chance(dice, 30);
    m->order = (int)dice_below(dice, PAGE_ORDERS);
    m->frozen_pages = dice_chance(dice, 20);
    m->thumbnails = dice_chance(dice, 30);
    m->refuses_unknown = dice_chance(dice, 50);
    m->takes_gte = dice_chance(dice, 60);
    m->takes_brackets = dice_chance(dice, 60);
    m->takes_sort = dice_chance(dice, 60);
    m->limit = dice_chance(dice, 40) ? dice_between(dice, 3, 40) : 0;
    m->window = dice_between(dice, 5, 60) * 1000;
    m->rounds_down = dice_chance(dice, 20);
    m->says_retry_after = dice_chance(dice, 50);
    m->status_gone = gone[dice_below(dice, 3)];
    m->people = people[h->seed % 4];
}

static void make_hooks(struct history *h, struct dice *dice)
{
    struct hooks_manner *m = &h->hooks;
    m->on = dice_chance(dice, 35);
    m->lost = dice_chance(dice, 50) ? 0 : (int)dice_spread(dice, 6);
    m->doubled = dice_chance(dice, 50) ? 0 : (int)dice_spread(dice, 6);
    m->partial = dice_chance(dice, 50) ? 0 : (int)dice_spread(dice, 6);
    m->hints = dice_chance(dice, 50) ? 0 : (int)dice_spread(dice, 6);
    m->late = (int)dice_between(dice, 4, 22);
    m->brief = dice_chance(dice, 40);
    m->nameless = dice_chance(dice, 50) ? 0 : (int)dice_spread(dice, 6);
    m->skew = dice_chance(dice, 60) ? 0 : dice_spread(dice, 9);
    m->serialized = dice_chance(dice, 20);
    m->resent = m->brief || dice_chance(dice, 50);
}

static void make_config(struct history *h, struct dice *dice)
{
    strcpy(h->start, "now");
    if (dice_chance(dice, 15))
        strcpy(h->start, "beginning");
    else if (dice_chance(dice, 15))
        plant_write_date(h->begins - dice_spread(dice, 33), h->start);
    strcpy(h->filter, "auto");
    if (h->manner.takes_gte && dice_chance(dice, 20))
        strcpy(h->filter, "updatedAtGte");
    h->page_size = (int)dice_spread(dice, 4);
    h->keep_hours = dice_chance(dice, 20) && !h->jumps ? 1 : 90 * 24;
    h->max_deletes = dice_chance(dice, 25) ? dice_below(dice, 4) : 1000;
    h->line = dice_chance(dice, 50);
    h->high = dice_chance(dice, 20);
    h->chat = dice_chance(dice, 15);
    h->warehouse = dice_chance(dice, 12);
}

void history_make(uint64_t seed, struct history *h)
{
    static const int weights[STEPS] = {[STEP_CHANGE] = 34,
        [STEP_WAIT] = 12,
        [STEP_SYNC] = 30,
        [STEP_DISPATCH] = 4,
        [STEP_RECONCILE] = 5,
        [STEP_BACKFILL] = 4,
        [STEP_DRY_RUN] = 1,
        [STEP_JUMP] = 3,
        [STEP_BACK] = 2,
        [STEP_API] = 5,
        [STEP_RECEIVERS] = 5,
        [STEP_CURSORS] = 2,
        [STEP_FILTER] = 1,
        [STEP_HIDE] = 1,
        [STEP_POWER] = 1};
    struct dice dice = dice_of(seed, 6);
    *h = (struct history){.seed = seed, .begins = INT64_C(1790000000000) + dice_spread(&dice, 36)};
    make_clocks(h, &dice);
    make_manner(h, &dice);
    make_hooks(h, &dice);
    make_config(h, &dice);
    h->latency = dice_spread(&dice, 11);
    h->alone = dice_chance(&dice, 80);
    h->first_orders = dice_chance(&dice, 15) ? 0 : (int)dice_spread(&dice, 5);
    h->from_nothing = dice_chance(&dice, 20);
    h->count = (int)dice_between(&dice, 3, dice_chance(&dice, 15) ? MOST_STEPS : 14);
    h->line_joins = dice_chance(&dice, 30) ? (int)dice_below(&dice, h->count) : -1;
    for (int i = 0; i < h->count; i++) {
        h->steps[i].kind = (enum step_kind)dice_weighted(&dice, weights, STEPS);
        h->steps[i].seed = dice_bits(&dice);
    }
    h->forgetful = dice_chance(&dice, 15);
    lasting_arrange(h);
}

int history_write_config(const struct history *h, bool all, bool renamed, const char *path)
{
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return -1;
    fprintf(file,
        "[api]\nbase_url = " NET_PLANT "/v1\nfilter = %s\npage_size = %d\n"
        "[sync]\nstart = %s\nlookback = %lldms\nmax_deletes = %lld\n"
        "[store]\npath = wosync.db\nkeep = %lldh\n"
        "[handler %s]\non = *\ntype = http\nurl = " NET_RECEIVERS "erp\n",
        h->filter, h->page_size, h->start, (long long)h->manner.lookback, (long long)h->max_deletes,
        (long long)h->keep_hours, renamed ? "erp-2" : "erp");
    if (renamed)
        fprintf(file, "was = erp\n");
    if (h->line && all)
        fprintf(file,
            "[handler line]\non = workorder.created workorder.completed\ntype = http\nurl = " NET_RECEIVERS
            "line\n");
    if (h->high)
        fprintf(file, "[handler high]\nwhen = priority = 'HIGH'\ntype = http\nurl = " NET_RECEIVERS "high\n");
    if (h->chat)
        fprintf(file,
            "[handler chat]\non = workorder.created workorder.completed\ntype = slack\ndigest_above = %d\n"
            "url = " NET_RECEIVERS "chat\n",
            CHAT_DIGEST_ABOVE);
    if (h->warehouse)
        fprintf(file, "[handler warehouse]\ntype = warehouse\ndatabase = warehouse.db\ntimeout = %s\n",
            lasting_of(h->seed) == LASTING_LOCKED ? "1h" : "30s");
    return fclose(file) == 0 ? 0 : -1;
}
