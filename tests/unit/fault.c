#include "fault.h"

#include <sqlite3.h>
#include <stddef.h>
#include <string.h>

static long left;     /* statements until the one that fails */
static bool armed;    /* it has begun */
static bool happened; /* it was ended */
static void (*on_turn)(void);

static int on_statement(unsigned type, void *context, void *statement, void *sql)
{
    (void)type;
    (void)context;
    (void)statement;
    /* a setting of the connection: nothing in it can fail */
    if (strncmp(sql, "PRAGMA synchronous", 18) == 0)
        return 0;
    if (left == 0 || --left > 0)
        return 0;
    armed = on_turn == NULL;
    if (on_turn != NULL) {
        happened = true;
        on_turn();
    }
    return 0;
}

static int on_step(void *context)
{
    (void)context;
    if (!armed)
        return 0;
    armed = false;
    happened = true;
    return 1;
}

static int watch(sqlite3 *db, char **error, const struct sqlite3_api_routines *api)
{
    (void)error;
    (void)api;
    sqlite3_trace_v2(db, SQLITE_TRACE_STMT, on_statement, NULL);
    sqlite3_progress_handler(db, 1, on_step, NULL);
    return SQLITE_OK;
}

void fault_statement(long n)
{
    sqlite3_auto_extension((void (*)(void))watch);
    left = n;
    armed = happened = false;
    on_turn = NULL;
}

void fault_call(long n, void (*call)(void))
{
    fault_statement(n);
    on_turn = call;
}

bool fault_happened(void)
{
    return happened;
}
