#include "sources/refetch.h"

#include "api/maintainx.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "store/store.h"

struct refetch {
    const struct pass_settings *settings;
    const struct refetch_queue *queue;
    struct intake *intake;
    int64_t seen; /* until when a finished pass has seen everything */
};

static int observe(
    struct refetch *l, int64_t id, const struct buffer *json, struct intake_result *result, struct error *e)
{
    const struct intake_record record = {.json = json->data,
        .len = json->len,
        .id_hint = id,
        .sent = client_sent(l->settings->api),
        .observed = clock_now(),
        .previously_observed = l->seen};
    enum intake_verdict verdict = intake_observe(l->intake, &record, result, e);
    return verdict == INTAKE_TAKEN || verdict == INTAKE_QUARANTINED ? 0 : -1;
}

static enum pass_end ask_one(struct refetch *l, int64_t id, struct error *e)
{
    const struct pass_settings *s = l->settings;
    const struct run before = *s->run;
    struct buffer json = {0};
    struct intake_result result = {0};
    enum api_verdict verdict = maintainx_work_order(s->api, id, &json, e);
    int rc = -1;
    /* neither there nor gone: it holds up no other */
    bool unclear = verdict == API_FORBIDDEN || (verdict == API_FAILED && e->status == EX_PROTOCOL);
    if (verdict == API_FORBIDDEN)
        log_info("%s", e->text);
    if ((verdict == API_OK || verdict == API_GONE || unclear) && store_begin(s->store, e) == 0) {
        enum refetch_answer answer = unclear             ? REFETCH_UNCLEAR
                                     : verdict == API_OK ? REFETCH_THERE
                                                         : REFETCH_GONE;
        rc = verdict == API_OK ? observe(l, id, &json, &result, e) : 0;
        if (rc == 0)
            rc = l->queue->settle(s->store, l->intake, answer, &result, l->queue->context, e);
        if (rc == 0)
            rc = store_commit(s->store, e);
        store_rollback(s->store);
        if (rc != 0)
            *s->run = before;
    }
    buffer_free(&json);
    if ((rc == 0 && verdict != API_FAILED) ||
        (verdict == API_STOPPED && !shutdown_signalled() && e->status == EX_TEMPFAIL && s->run->records > 0))
        *e = (struct error){0};
    return rc == 0 ? PASS_FINISHED : verdict == API_STOPPED ? PASS_STOPPED : PASS_FAILED;
}

/* Makes ready, once there is something to ask for. Returns 1, 0 when nothing was polled yet, -1. */
static int prepare(struct refetch *l, enum event_source source, struct error *e)
{
    const struct pass_settings *s = l->settings;
    struct account account;
    int known = account_load(s->store, &account, e);
    if (known != 1)
        return known;
    l->seen = account.observed;
    const int64_t horizon = account.horizon;
    account_free(&account);
    const struct intake_settings intake = {.store = s->store,
        .source = source,
        .rules = {.completed = s->completed, .ignored = s->ignored, .horizon = horizon},
        .run = s->run};
    l->intake = intake_new(&intake);
    return 1;
}

enum pass_end refetch_run(const struct pass_settings *settings, enum event_source source,
    const struct refetch_queue *queue, int most, struct error *e)
{
    struct refetch l = {.settings = settings, .queue = queue};
    struct error unclear = {0}; /* of an answer that says nothing: told at the end */
    enum pass_end end = PASS_FINISHED;
    for (int i = 0; i < most && end == PASS_FINISHED; i++) {
        int64_t id = 0;
        int more = queue->next(settings->store, queue->context, &id, e);
        if (more == 1 && l.intake == NULL)
            more = prepare(&l, source, e);
        if (more == 0)
            break;
        if (more < 0)
            end = PASS_FAILED;
        else
            end = shutdown_requested() ? PASS_STOPPED : ask_one(&l, id, e);
        if (end == PASS_FINISHED && e->status != EX_OK) {
            unclear = *e;
            *e = (struct error){0};
        }
    }
    if (e->status == EX_OK)
        *e = unclear;
    intake_free(l.intake);
    return end;
}
