/*
 * The events of one observation, held against what must be told: created; the status changes that were
 * notified, step by step; then what expect.c says of the rest.
 *
 * Alternatives that no look at the store can tell apart are allowed. A notification that came in during the
 * run at hand may have been there when the work order was seen, or not: then its step may be told or be part
 * of the one change that a poll can prove (poll first, or webhook first). A step whose moment is the record's
 * updatedAt has the id of that one change: then it may lack its actor. And a look by a notification may leave
 * the rest to wait, a look by a poll may not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hooks.h"
#include "oracle_parts.h"

/* One comparison. */
struct match {
    const struct order *order;
    const struct knowledge *known;
    const struct version *v; /* what is seen */
    int version, description;
    int at, end; /* in the log: what comes next, and behind the last of the same look */
    bool hooked; /* it was seen because of a notification */
    struct told_steps steps;
    struct step_list told;
    int64_t last; /* moment of the last step */
    char *why;
};

static struct told *next_told(const struct match *m)
{
    return m->at < m->end ? &oracle.log.list[m->at] : NULL;
}

static bool is_type(const struct told *told, const char *type)
{
    return told != NULL && strcmp(told->type, type) == 0;
}

/* --- steps --- */

static const struct notice *find_notice(const struct order *order, const char *id)
{
    char date[32], own[EXPECTED_ID_SIZE];
    for (int i = 0; i < notices.count; i++) {
        const struct notice *notice = &notices.list[i];
        if (notice->work_order != order->id || notice->to == NULL || !notice->taken)
            continue;
        plant_write_date(notice->occurred, date);
        int len = snprintf(own, sizeof own, "workorder.status_changed/%lld/%s-%s/%s", (long long)order->id,
            notice->from, notice->to, date);
        if (strncmp(id, own, (size_t)len) == 0 && (id[len] == '\0' || id[len] == '/'))
            return notice;
    }
    return NULL;
}

/* Does the event tell that step, on the way to that version? */
static bool tells_step(
    const struct match *m, const struct told *told, const struct passage *step, int version, int64_t when)
{
    char tail[1024], date[32];
    int description;
    const char *data = strstr(told->body, "\"data\":");
    struct version then = expect_step_version(m->order, m->known, version, step);
    const char *rest = data != NULL ? oracle_behind(&then, data + 7, &description) : NULL;
    free(then.json);
    if (rest == NULL)
        return false;
    plant_write_date(when, date);
    expect_step_tail(m->order, m->known, version, m->description, step, tail, sizeof tail);
    return strcmp(rest, tail) == 0 && oracle_has_head(told, told->id, date);
}

/* Which way is it told: as the last step or as an earlier one, towards what is seen or what was known? */
static bool find_way(
    const struct match *m, const struct told *told, struct passage *step, int *version, int64_t when)
{
    const int versions[] = {m->version, m->known->version};
    for (int i = 0; i < 2; i++)
        for (int arrives = 0; arrives < 2 && versions[i] >= 0; arrives++) {
            step->arrives = arrives == 1;
            *version = versions[i];
            if ((arrives == 0 || strcmp(step->to, m->order->versions[versions[i]].status) == 0) &&
                tells_step(m, told, step, versions[i], when))
                return true;
        }
    return false;
}

static void write_completed(const struct match *m, int64_t when, char id[EXPECTED_ID_SIZE])
{
    char date[32];
    plant_write_date(when, date);
    snprintf(id, EXPECTED_ID_SIZE, "workorder.completed/%lld/%s", (long long)m->order->id, date);
}

/* ID/2, ID/3 and so on. */
static bool is_numbered(const char *id, const char *plain)
{
    size_t len = strlen(plain);
    return strncmp(id, plain, len) == 0 && id[len] == '/';
}

/* Was it told before this event: earlier, or in this look? */
static bool was_told(const struct match *m, const char *id)
{
    bool found = log_find(&oracle.log, id) != NULL;
    for (int i = oracle.log.count; i < m->at && !found; i++)
        found = strcmp(oracle.log.list[i].id, id) == 0;
    return found;
}

/* The completion of a step into DONE: by the record's own date where it leads to what is seen, else by its
 * moment. */
static bool take_completion(struct match *m, struct passage *step)
{
    char ids[2][EXPECTED_ID_SIZE];
    const struct version *v = m->v;
    struct told *told = next_told(m);
    bool dated = v->completed != NEVER;
    bool went_back = m->known->version >= 0 && v->updated < m->order->versions[m->known->version].updated;
    write_completed(m, step->occurred, ids[0]);
    write_completed(m, dated ? v->completed : v->updated, ids[1]);
    m->steps.completed = true;
    for (int arrives = 0; arrives < 2; arrives++) {
        int64_t when = arrives == 1 && dated ? v->completed : step->occurred;
        int version = m->version;
        if (is_type(told, "workorder.completed") &&
            (strcmp(told->id, ids[arrives]) == 0 ||
                (arrives == 1 && went_back && is_numbered(told->id, ids[1]))) &&
            find_way(m, told, step, &version, when)) {
            told->version = version;
            m->at++;
            return true;
        }
    }
    /* a page of the list that is older than the step has the date of the completion before: the next look
     * tells it */
    if (step->occurred > v->updated)
        return true;
    /* one without a date may have been taken for the date of the one before */
    for (int i = 0; i < m->version; i++)
        if (strcmp(m->order->versions[i].status, "DONE") == 0 && m->order->versions[i].completed == NEVER)
            return true;
    /* by another way it was told before; or two steps lead into DONE, and the record kept the first one's
     * date */
    if (was_told(m, ids[0]) || was_told(m, ids[1]))
        return true;
    snprintf(m->why, ORACLE_WHY, "%s is not told behind its step", ids[0]);
    return false;
}

/* The step may have been there or not, be part of what was seen, or be forgotten after an hour: then it is
 * told as the one change that a poll can prove, which has no actor. */
static bool may_lack_actor(const struct match *m, const struct notice *notice)
{
    return !notice->before || m->order->bent || oracle.history->keep_hours < 24 ||
           (m->known->version >= 0 && notice->occurred <= m->known->high);
}

/* Returns false when it is wrong; a status change that is no step is left. */
static bool take_step(struct match *m, bool *more)
{
    const struct told *told = next_told(m);
    const struct notice *notice =
        is_type(told, "workorder.status_changed") ? find_notice(m->order, told->id) : NULL;
    const bool old = m->known->version >= 0;
    const char *status = m->steps.status != NULL ? m->steps.status
                         : old                   ? expect_status(m->order, m->known)
                                                 : NULL;
    *more = false;
    /* of one that is new nothing is told of the time before it was created */
    if (notice == NULL || (!old && m->v->created < oracle.horizon))
        return true;
    struct passage step = {notice->from, notice->to, notice->occurred, false};
    int version;
    if (!find_way(m, told, &step, &version, notice->occurred))
        return true;
    if (status != NULL && strcmp(status, notice->from) != 0)
        snprintf(m->why, ORACLE_WHY, "%s is told, and it is %s", told->id, status);
    else if ((old && notice->occurred <= m->known->low && !m->order->bent) || notice->occurred <= m->last)
        snprintf(m->why, ORACLE_WHY, "%s is told, which is part of what was told", told->id);
    else if (told->actor != notice->actor && (told->actor != 0 || !may_lack_actor(m, notice)))
        snprintf(m->why, ORACLE_WHY, "%s is told as done by %lld", told->id, (long long)told->actor);
    else
        *more = true;
    if (!*more)
        return false;
    oracle.log.list[m->at].version = version;
    m->at++;
    m->steps.status = notice->to;
    m->last = notice->occurred;
    if (m->told.count < 64)
        m->told.list[m->told.count++] = notice;
    return strcmp(step.to, "DONE") != 0 || strcmp(step.from, "DONE") == 0 || take_completion(m, &step);
}

/* --- the rest --- */

/* Is that id the event's? A completion of an older state may have a higher number than the log asks for:
 * where a work order stays complete without a date, its later updatedAt is kept as another id of the
 * completion, and no event has it. */
static bool has_id(const struct match *m, const struct expected_event *event, const struct told *told)
{
    char completed[EXPECTED_ID_SIZE];
    write_completed(m, m->v->updated, completed);
    bool again = strcmp(event->id, completed) == 0 || is_numbered(event->id, completed);
    return strcmp(told->id, event->id) == 0 || (event->numbered && again && is_numbered(told->id, completed));
}

/* Where it may be there or not, what is there decides. */
static bool may_lack(const struct expected_event *event, const struct told *told)
{
    return event->maybe && (told == NULL || strcmp(told->id, event->id) != 0);
}

static bool take_event(struct match *m, const struct expected_event *event, const struct passage *last)
{
    char tail[1024];
    int description;
    const char *rest;
    struct told *told = next_told(m);
    if (may_lack(event, told))
        return true;
    if (told == NULL || !has_id(m, event, told)) {
        snprintf(m->why, ORACLE_WHY, "%s is told, and should be %s", told != NULL ? told->id : "nothing",
            event->id);
        return false;
    }
    const char *data = strstr(told->body, "\"data\":");
    rest = data != NULL ? oracle_behind(m->v, data + 7, &description) : NULL;
    if (last != NULL)
        expect_step_tail(m->order, m->known, m->version, m->description, last, tail, sizeof tail);
    else
        expect_tail(m->order, m->known, m->version, m->description, tail, sizeof tail);
    if (rest == NULL || strcmp(rest, tail) != 0 || !oracle_has_head(told, told->id, event->timestamp)) {
        snprintf(m->why, ORACLE_WHY, "the body of %s is %.600s, and it should end with %.120s", told->id,
            told->body, tail);
        return false;
    }
    told->version = m->version;
    m->at++;
    return true;
}

/* The rest of its status change is one event, or waits for more notifications. */
static void find_rest(struct match *m, struct expected *owed)
{
    oracle_owe(m->order, m->known, m->version, m->description, &m->steps, owed);
    bool jumps = owed->count > 0 && strncmp(owed->events[0].id, "workorder.status_changed", 24) == 0;
    if (!jumps || !m->hooked || is_type(next_told(m), "workorder.status_changed"))
        return;
    m->steps.waits = true;
    oracle_owe(m->order, m->known, m->version, m->description, &m->steps, owed);
}

/* What is known behind it. */
static void conclude(const struct match *m, const struct expected *owed, bool jumped, struct knowledge *after)
{
    const struct knowledge *known = m->known;
    bool stepped = m->told.count > 0;
    int64_t updated = m->v->updated, last = stepped ? m->last : NEVER;
    /* a moment may be later than the record's date */
    if (!m->order->bent && known->version >= 0 && last < known->low)
        last = known->low;
    last = last < updated ? updated : last;
    *after = owed->after;
    after->status = NULL;
    after->low = after->high = last;
    if (m->steps.waits) {
        after->status = stepped ? m->steps.status : expect_status(m->order, known);
        after->low = stepped ? m->last : known->low;
        after->high = stepped ? m->last : known->high;
    } else if (m->hooked && !jumped && known->version >= 0) {
        /* it may wait for steps that lead away and back, or not */
        after->low = stepped ? m->last : known->low;
    }
}

/* What it was seen as: what the first event with all of it tells; with `last`, what the last one does, for
 * where dates go back its update may have an id that was told before. */
static bool find_target(struct match *m, int i, bool last)
{
    m->version = m->known->version;
    m->description = m->known->description;
    for (int j = i; j < m->end; j++) {
        const struct told *told = &oracle.log.list[j];
        if (!is_type(told, "workorder.updated") && !is_type(told, "workorder.created"))
            continue;
        m->version = told->version;
        m->description = told->description;
        break;
    }
    if (last) {
        m->version = oracle.log.list[m->end - 1].version;
        m->description = oracle.log.list[m->end - 1].description;
    }
    /* a backfill has told that it was created */
    for (int j = i; m->version < 0 && j < m->end; j++) {
        m->version = oracle.log.list[j].version;
        m->description = oracle.log.list[j].description;
    }
    if (m->version < 0)
        snprintf(m->why, ORACLE_WHY, "%s is told of a work order that is not known", oracle.log.list[i].id);
    return m->version >= 0;
}

static int match_towards(const struct order *order, const struct knowledge *known, int i, bool to_last,
    struct knowledge *after, char why[ORACLE_WHY])
{
    struct match m = {.order = order, .known = known, .at = i, .end = i, .last = NEVER, .why = why};
    const struct told *first = &oracle.log.list[i];
    struct expected owed;
    int next = 0;
    bool more = true;
    m.hooked = strstr(first->body, "\"source\":\"webhook\"") != NULL;
    while (m.end < oracle.log.total && oracle_same_look(first, &oracle.log.list[m.end]))
        m.end++;
    if (!find_target(&m, i, to_last))
        return 0;
    m.v = &order->versions[m.version];
    oracle_owe(order, known, m.version, m.description, &m.steps, &owed);
    if (owed.count > 0 && strncmp(owed.events[0].id, "workorder.created", 17) == 0) {
        if (!take_event(&m, &owed.events[0], NULL))
            return 0;
        next = 1;
    }
    while (more)
        if (!take_step(&m, &more))
            return 0;
    find_rest(&m, &owed);
    bool jumped = owed.count > 0 && strncmp(owed.events[0].id, "workorder.status_changed", 24) == 0;
    /* behind steps that were told, the rest is told as one more */
    struct passage rest = {.to = m.v->status, .arrives = true};
    if (known->version >= 0)
        rest.from = m.steps.status != NULL ? m.steps.status : expect_status(order, known);
    bool behind = jumped && (m.told.count > 0 || known->status != NULL);
    for (; next < owed.count; next++) {
        bool last = behind && strncmp(owed.events[next].id, "workorder.updated", 17) != 0 &&
                    strncmp(owed.events[next].id, "workorder.deleted", 17) != 0;
        if (!take_event(&m, &owed.events[next], last ? &rest : NULL))
            return 0;
    }
    const char *wrong = oracle_judge_chain(order, known, m.version, &m.told, m.steps.waits);
    if (wrong != NULL) {
        snprintf(why, ORACLE_WHY, "behind %s: %s", first->id, wrong);
        return 0;
    }
    if (m.at == i)
        snprintf(why, ORACLE_WHY, "%s is told, and should be nothing", first->id);
    conclude(&m, &owed, jumped, after);
    return m.at - i;
}

int oracle_match(const struct order *order, const struct knowledge *known, int i, struct knowledge *after,
    char why[ORACLE_WHY])
{
    struct knowledge last;
    char other[ORACLE_WHY];
    int count = match_towards(order, known, i, false, after, why);
    /* an event that would say what it was seen as may have been told before, by a backfill for one */
    int more = order->bent || known->version < 0 ? match_towards(order, known, i, true, &last, other) : 0;
    if (more <= count)
        return count;
    *after = last;
    return more;
}
