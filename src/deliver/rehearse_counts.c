#include "deliver/rehearse_counts.h"

#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"

#define MINUTE_MS INT64_C(60000)

static bool is_in(const struct rehearse_day *day, int64_t moment)
{
    return moment >= day->begins && moment < day->ends;
}

/* Events come nearly in the order of time: the day is the latest one, or near the end. */
static struct rehearse_day *find_day(struct rehearse_counts *counts, int64_t moment)
{
    size_t place = counts->count;
    if (counts->latest < counts->count && is_in(&counts->days[counts->latest], moment))
        return &counts->days[counts->latest];
    while (place > 0 && counts->days[place - 1].begins > moment)
        place--;
    if (place > 0 && is_in(&counts->days[place - 1], moment)) {
        counts->latest = place - 1;
        return &counts->days[place - 1];
    }
    counts->days = realloc(counts->days, (counts->count + 1) * sizeof *counts->days);
    struct rehearse_day *day = &counts->days[place];
    memmove(day + 1, day, (counts->count - place) * sizeof *day);
    counts->count++;
    counts->latest = place;
    *day = (struct rehearse_day){.begins = calendar_floor(CALENDAR_DAY, moment),
        .ends = calendar_next(CALENDAR_DAY, moment),
        .minutes = calloc(REHEARSE_MINUTES, sizeof *day->minutes)};
    return day;
}

void rehearse_count(struct rehearse_counts *counts, int64_t moment, bool summary)
{
    struct rehearse_day *day = find_day(counts, moment);
    const size_t minute = (size_t)((moment - day->begins) / MINUTE_MS) % REHEARSE_MINUTES;
    const int64_t at = day->begins + (int64_t)minute * MINUTE_MS;
    day->messages += !summary;
    day->summaries += summary;
    const uint32_t now = ++day->minutes[minute];
    if (now > day->busiest || (now == day->busiest && at < day->busiest_at)) {
        day->busiest = now;
        day->busiest_at = at;
    }
}

void rehearse_sum(const struct rehearse_counts *counts, struct rehearse_day *sum)
{
    *sum = (struct rehearse_day){.busiest = 0};
    for (size_t i = 0; i < counts->count; i++) {
        const struct rehearse_day *day = &counts->days[i];
        sum->messages += day->messages;
        sum->summaries += day->summaries;
        if (day->busiest > sum->busiest) {
            sum->busiest = day->busiest;
            sum->busiest_at = day->busiest_at;
        }
    }
}

void rehearse_counts_free(struct rehearse_counts *counts)
{
    for (size_t i = 0; i < counts->count; i++)
        free(counts->days[i].minutes);
    free(counts->days);
    *counts = (struct rehearse_counts){.count = 0};
}
