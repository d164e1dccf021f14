#include "cli/rehearse_words.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/calendar.h"

/* `214 messages, 9 summaries; busiest minute 41` */
static void print_counts(const struct rehearse_day *counts, bool summaries)
{
    printf("%lld message%s", (long long)counts->messages, counts->messages == 1 ? "" : "s");
    if (summaries)
        printf(", %lld summar%s", (long long)counts->summaries, counts->summaries == 1 ? "y" : "ies");
    if (counts->busiest > 0)
        printf("; busiest minute %lu", (unsigned long)counts->busiest);
}

static void print_days(const struct rehearse_result *result, bool summaries)
{
    struct rehearse_day sum;
    char date[CALENDAR_SIZE];
    for (size_t i = 0; i < result->counts.count; i++) {
        calendar_format(CALENDAR_ISO, result->counts.days[i].begins, date);
        printf("%s  ", date);
        print_counts(&result->counts.days[i], summaries);
        putchar('\n');
    }
    rehearse_sum(&result->counts, &sum);
    printf("in all      ");
    print_counts(&sum, summaries);
    if (sum.busiest > 0) {
        calendar_format(CALENDAR_MINUTE, sum.busiest_at, date);
        printf(" (%s)", date);
    }
    printf("; for %lld of %lld events\n", (long long)result->sent, (long long)result->events);
}

static void print_ids(const struct rehearse_difference *difference, char sign)
{
    for (int i = 0; i < REHEARSE_IDS && i < difference->count; i++)
        printf("  %c %s\n", sign, difference->ids[i]);
    if (difference->count > REHEARSE_IDS)
        printf("  %c and %lld more\n", sign, (long long)difference->count - REHEARSE_IDS);
}

static void print_differences(const struct rehearse_result *result, const char *old)
{
    printf("compared with %s: %lld event%s added, %lld dropped\n", old, (long long)result->added.count,
        result->added.count == 1 ? "" : "s", (long long)result->dropped.count);
    print_ids(&result->added, '+');
    print_ids(&result->dropped, '-');
}

/* What a real run would do otherwise. */
static void print_standing(const struct handler *handler, const struct rehearse_result *result)
{
    if (result->snapshots > 0)
        printf("first it is given the %lld work orders that it does not have yet\n",
            (long long)result->snapshots);
    if (!result->known)
        printf("handler %s is new to the store: it starts at the end of the log; older events are given to "
               "it by: "
               "wosync events replay --handler %s\n",
            handler->name, handler->name);
    else if (result->waiting > 0)
        printf("the last %lld of these events are yet to be delivered\n", (long long)result->waiting);
}

void rehearse_print(const struct rehearse_words *words, const struct rehearse_result *result)
{
    const struct handler *handler = words->handler;
    char since[CALENDAR_SIZE], zone[CALENDAR_SIZE];
    calendar_format(CALENDAR_MINUTE, words->since, since);
    calendar_zone(words->since, zone);
    printf(
        "handler %s (%s), events observed since %s (%s):\n", handler->name, handler->type->name, since, zone);
    print_days(result, handler->type->driver.push != NULL);
    if (words->diff != NULL)
        print_differences(result, words->diff);
    print_standing(handler, result);
    if (words->out != NULL)
        printf("nothing was sent; what would have been is in %s: %lld message%s\n", words->out,
            (long long)words->files, words->files == 1 ? "" : "s");
    else
        printf("nothing was sent\n");
}
