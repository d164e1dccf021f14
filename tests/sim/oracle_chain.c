/* Which of the notified steps must be told: rule R5, exact steps, written down from the contract. */
#include <string.h>

#include "hooks.h"
#include "oracle_parts.h"

/* The steps that follow each other without a gap from a status on, and how many of them, at most, end at
 * another. */
struct chain {
    struct step_list steps;
    int arriving;
};

static struct chain follow(const struct step_list *all, const char *from, const char *to)
{
    struct chain chain = {.arriving = 0};
    for (int i = 0; i < all->count; i++) {
        const struct notice *notice = all->list[i];
        bool fits = strcmp(notice->from, from) == 0;
        if (!fits && chain.steps.count > 0)
            break;
        if (!fits)
            continue;
        chain.steps.list[chain.steps.count++] = notice;
        from = notice->to;
        if (strcmp(from, to) == 0)
            chain.arriving = chain.steps.count;
    }
    return chain;
}

/*
 * The steps that the program had when it saw the work order. Returns false when that is not known: a
 * notification that came in while the run at hand was at work may have been there or not; so may one whose
 * own run was cut short; and of those that happened before what was seen some may have been part of it.
 */
static bool find_steps(const struct order *order, const struct knowledge *known, struct step_list *out)
{
    out->count = 0;
    for (int i = 0; i < notices.count; i++) {
        const struct notice *notice = &notices.list[i];
        if (notice->work_order != order->id || notice->to == NULL || !notice->taken)
            continue;
        if (known->version >= 0 && notice->occurred <= known->low)
            continue;
        if (!notice->before || (known->version >= 0 && notice->occurred <= known->high) || out->count == 64)
            return false;
        out->list[out->count++] = notice;
    }
    return true;
}

static bool begins_with(const struct step_list *list, const struct step_list *told)
{
    for (int i = 0; i < told->count; i++)
        if (i >= list->count || list->list[i] != told->list[i])
            return false;
    return true;
}

const char *oracle_judge_chain(const struct order *order, const struct knowledge *known, int version,
    const struct step_list *told, bool waits)
{
    const struct version *v = &order->versions[version];
    struct step_list all;
    /* where dates go back, and where steps are forgotten after an hour, nothing more than each step is held
     */
    if (order->bent || oracle.history->keep_hours < 24 || !find_steps(order, known, &all))
        return NULL;
    const char *from = known->version >= 0 ? expect_status(order, known)
                       : all.count > 0     ? all.list[0]->from
                                           : v->status;
    struct chain chain = follow(&all, from, v->status);
    bool born = known->version < 0 && v->created >= oracle.horizon;
    if (known->version < 0 && !born)
        return told->count > 0 ? "steps of a work order that is old news" : NULL;
    if (!begins_with(&chain.steps, told))
        return "the steps are not those that notifications prove";
    if (chain.arriving > 0)
        return told->count != chain.arriving ? "the notified steps lead to it, and not all of them are told"
                                             : NULL;
    if (born || strcmp(from, v->status) == 0)
        return told->count > 0 ? "the steps do not lead to it" : NULL;
    if (waits && told->count < chain.steps.count)
        return "what is proved in part is not told in part";
    if (waits && all.count == 0)
        return "it waits, and nothing was notified";
    /* a page of the list may have been made before the last of them */
    return told->count < chain.steps.count && chain.steps.list[told->count]->occurred <= v->updated
               ? "what is proved in part is not told in part"
               : NULL;
}
