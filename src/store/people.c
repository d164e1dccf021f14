#include "store/people.h"

#include <stdio.h>

#include "base/timestamp.h"
#include "store/rows.h"

/* Each table has statements of its own. */
static const struct {
    const char *name;
    enum sql_statement find, remove, count;
} kinds[PEOPLE_KINDS] = {
    [PEOPLE_USERS] = {"users", SQL_USER_NAME, SQL_USER_REMOVE, SQL_USER_COUNT},
    [PEOPLE_TEAMS] = {"teams", SQL_TEAM_NAME, SQL_TEAM_REMOVE, SQL_TEAM_COUNT},
};

const char *people_kind_name(enum people_kind kind)
{
    return kinds[kind].name;
}

int people_list_load(struct store *store, enum people_kind kind, struct people_list *out, struct error *e)
{
    *out = (struct people_list){TIMESTAMP_NONE, TIMESTAMP_NONE, TIMESTAMP_NONE, false, false, ""};
    int rc = STORE_FIND(store, e, SQL_PEOPLE_LIST_GET, V_TEXT(kinds[kind].name));
    if (rc == 1) {
        const char *error = store_get_text(store, SQL_PEOPLE_LIST_GET, 5);
        out->read = store_date(store, SQL_PEOPLE_LIST_GET, 0);
        out->tried = store_date(store, SQL_PEOPLE_LIST_GET, 1);
        out->failing = store_date(store, SQL_PEOPLE_LIST_GET, 2);
        out->refused = store_int(store, SQL_PEOPLE_LIST_GET, 3) != 0;
        out->reported = store_int(store, SQL_PEOPLE_LIST_GET, 4) != 0;
        snprintf(out->error, sizeof out->error, "%s", error != NULL ? error : "");
    }
    store_done(store, SQL_PEOPLE_LIST_GET);
    return rc < 0 ? -1 : 0;
}

int people_list_save(
    struct store *store, enum people_kind kind, const struct people_list *list, struct error *e)
{
    return STORE_RUN(store, e, SQL_PEOPLE_LIST_SAVE, V_TEXT(kinds[kind].name), V_DATE(list->read),
        V_DATE(list->tried), V_DATE(list->failing), V_INT(list->refused), V_INT(list->reported),
        V_TEXT(*list->error != '\0' ? list->error : NULL));
}

int people_put(struct store *store, enum people_kind kind, int64_t id, const char *name, const char *email,
    int64_t seen, struct error *e)
{
    if (kind == PEOPLE_TEAMS)
        return STORE_RUN(store, e, SQL_TEAM_PUT, V_INT(id), V_TEXT(name), V_INT(seen));
    return STORE_RUN(store, e, SQL_USER_PUT, V_INT(id), V_TEXT(name), V_INT(seen), V_TEXT(email));
}

int people_mark_removed(struct store *store, enum people_kind kind, int64_t seen, struct error *e)
{
    return STORE_RUN(store, e, kinds[kind].remove, V_INT(seen));
}

int people_find(struct store *store, enum people_kind kind, int64_t id, char **name, struct error *e)
{
    int rc = STORE_FIND(store, e, kinds[kind].find, V_INT(id));
    *name = rc == 1 ? store_copy_text(store, kinds[kind].find, 0) : NULL;
    store_done(store, kinds[kind].find);
    return rc;
}

int people_count(
    struct store *store, enum people_kind kind, int64_t *known, int64_t *removed, struct error *e)
{
    *known = *removed = 0;
    int rc = store_get(store, kinds[kind].count, NULL, 0, e);
    if (rc == 0) {
        *known = store_int(store, kinds[kind].count, 0);
        *removed = store_int(store, kinds[kind].count, 1);
    }
    store_done(store, kinds[kind].count);
    return rc;
}
