#include "generator.h"

#include <string.h>

#include "expand.h"
#include "words.h"

/* Room for the longest record: the fixed text is about 1,000 bytes, the words never add more than 800. */
enum { RECORD_ROOM = 4096 };

/* Seeds the two draws of one work order differently, so that the text does not depend on the dates. */
enum { DRAW_FACTS = 1, DRAW_TEXT = 2 };

uint64_t generator_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t draw_begin(uint64_t seed, int64_t id, uint64_t what)
{
    uint64_t state = seed * 0xd1342543de82ef95u + (uint64_t)id * 4 + what;

    return generator_random(&state);
}

/* A number from 0 to BELOW - 1. */
static int64_t roll(uint64_t *state, int64_t below)
{
    return (int64_t)(generator_random(state) % (uint64_t)below);
}

static enum priority draw_priority(uint64_t *draw)
{
    int64_t n = roll(draw, 100);

    return n < 30 ? PRIORITY_NONE : n < 60 ? PRIORITY_LOW : n < 85 ? PRIORITY_MEDIUM : PRIORITY_HIGH;
}

/* It ended at ENDED: done mostly, and some were edited once more afterwards. */
static void draw_end(struct workorder *wo, uint64_t *draw, int64_t ended, int64_t base)
{
    int64_t n = roll(draw, 100), later = ended + roll(draw, 5 * CLOCK_DAY);

    wo->status = n < 90 ? STATUS_DONE : n < 96 ? STATUS_CANCELED : STATUS_SKIPPED;
    wo->completed = wo->status == STATUS_DONE ? ended : TIME_NONE;
    wo->updated = roll(draw, 8) == 0 && later < base ? later : ended;
}

/* It is still open at BASE; a part of those is planned for a day to come. */
static void draw_open(struct workorder *wo, uint64_t *draw, int64_t base)
{
    int64_t n = roll(draw, 100);

    wo->status = n < 60 ? STATUS_OPEN : n < 85 ? STATUS_IN_PROGRESS : STATUS_ON_HOLD;
    wo->completed = TIME_NONE;
    wo->updated = wo->created;
    if (wo->status != STATUS_OPEN)
        wo->updated += roll(draw, base - wo->created);
    if (wo->status == STATUS_OPEN && roll(draw, 4) == 0) {
        wo->start = base + CLOCK_HOUR + roll(draw, 14 * CLOCK_DAY);
        wo->due = wo->start + (1 + roll(draw, 5)) * CLOCK_DAY;
    }
}

void generator_past(struct workorder *wo, uint64_t seed, int64_t base, size_t index, size_t total)
{
    const int64_t span = 730 * (int64_t)CLOCK_DAY;
    uint64_t draw = draw_begin(seed, wo->id, DRAW_FACTS);
    int64_t step = span / (int64_t)total, ended;

    wo->created = base - span + (int64_t)((double)span / (double)total * (double)index) + roll(&draw, step);
    wo->priority = (uint8_t)draw_priority(&draw);
    wo->due = wo->start = TIME_NONE;
    if (roll(&draw, 3) > 0)
        wo->due = wo->created + (1 + roll(&draw, 21)) * CLOCK_DAY;
    if (wo->due != TIME_NONE && roll(&draw, 3) == 0)
        wo->start = wo->created + roll(&draw, 12) * CLOCK_HOUR;
    if (wo->start > base)
        wo->start = wo->created;
    /* between half an hour and 40 days, the short ones more often; one of sixteen is never finished */
    ended = wo->created + ((int64_t)CLOCK_HOUR << roll(&draw, 10)) * (50 + roll(&draw, 50)) / 100 +
            roll(&draw, 60000);
    if (ended < base && roll(&draw, 16) > 0)
        draw_end(wo, &draw, ended, base);
    else
        draw_open(wo, &draw, base);
}

void generator_fresh(struct workorder *wo, uint64_t seed, int64_t now)
{
    uint64_t draw = draw_begin(seed, wo->id, DRAW_FACTS);

    wo->created = wo->updated = now;
    wo->completed = wo->start = TIME_NONE;
    wo->due = roll(&draw, 2) == 0 ? now + (1 + roll(&draw, 21)) * CLOCK_DAY : TIME_NONE;
    wo->status = STATUS_OPEN;
    wo->priority = (uint8_t)draw_priority(&draw);
}

static char *put(char *p, const char *text, size_t len)
{
    memcpy(p, text, len);
    return p + len;
}

#define PUT(p, literal) put(p, literal, sizeof(literal) - 1)

static char *put_word(char *p, struct word word)
{
    return put(p, word.text, word.len);
}

static char *put_number(char *p, int64_t number)
{
    char digits[20];
    size_t n = sizeof(digits);

    do {
        digits[--n] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return put(p, digits + n, sizeof(digits) - n);
}

static char *put_date(char *p, int64_t when)
{
    *p++ = '"';
    clock_iso(when, p);
    p += CLOCK_ISO_LENGTH;
    *p++ = '"';
    return p;
}

/* The field called NAME (with its comma and colon), which is null or left out where VALUE is 0. */
static char *put_id(char *p, const char *name, int64_t value, struct look look)
{
    if (value == 0 && !look.nulls)
        return p;
    p = put(p, name, strlen(name));
    return value != 0 ? put_number(p, value) : PUT(p, "null");
}

/* The same for a date that may be TIME_NONE. */
static char *put_moment(char *p, const char *name, int64_t when, struct look look)
{
    if (when == TIME_NONE && !look.nulls)
        return p;
    p = put(p, name, strlen(name));
    return when != TIME_NONE ? put_date(p, when) : PUT(p, "null");
}

/* What the text of one work order is about. */
struct subject {
    const struct words_job *job;
    const struct words_machine *machine;
    int64_t machine_index, number; /* number: the 4 of "conveyor 4" */
    int64_t location;
};

static char *put_head(
    char *p, const struct workorder *wo, const struct subject *s, uint64_t *draw, unsigned expand)
{
    const char *status = workorder_status_name((enum status)wo->status);
    const char *priority = workorder_priority_name((enum priority)wo->priority);

    p = put_number(PUT(p, "{\"id\":"), wo->id);
    p = put_number(PUT(p, ",\"sequentialId\":"), wo->id - GENERATOR_FIRST_ID + 1);
    p = put_word(PUT(p, ",\"title\":\""), s->job->title);
    p = put_word(PUT(p, " on "), s->machine->name);
    p = put_number(PUT(p, " "), s->number);
    p = put_word(PUT(p, "\",\"description\":\""), s->job->detail);
    p = put_word(PUT(p, " "), words_remarks[roll(draw, WORDS_REMARKS)]);
    p = put(PUT(p, "\",\"status\":\""), status, strlen(status));
    p = put(PUT(p, "\",\"priority\":\""), priority, strlen(priority));
    p = put_word(PUT(p, "\",\"type\":\""), s->job->type);
    p = PUT(p, "\"");
    if ((expand & EXPAND_CATEGORIES) == 0)
        return p;
    p = put_word(PUT(p, ",\"categories\":[\""), s->job->category);
    return PUT(p, "\"]");
}

static char *put_dates(char *p, const struct workorder *wo, struct look look)
{
    p = put_date(PUT(p, ",\"createdAt\":"), wo->created);
    p = put_date(PUT(p, ",\"updatedAt\":"), wo->updated);
    p = put_moment(p, ",\"completedAt\":", wo->completed, look);
    p = put_moment(p, ",\"dueDate\":", wo->due, look);
    p = put_moment(p, ",\"startDate\":", wo->start, look);
    return put_moment(p, ",\"deletedAt\":", TIME_NONE, look);
}

/* Only requests have a requester. */
static char *put_people(char *p, const struct workorder *wo, uint64_t *draw, struct look look)
{
    int64_t worker = GENERATOR_FIRST_USER + roll(draw, GENERATOR_USERS), requester = roll(draw, 240), team;

    p = put_number(PUT(p, ",\"creatorId\":"), GENERATOR_FIRST_USER + roll(draw, GENERATOR_USERS));
    p = put_id(p, ",\"completerId\":", wo->completed == TIME_NONE ? 0 : worker, look);
    p = put_id(
        p, ",\"requesterId\":", requester >= GENERATOR_USERS ? 0 : GENERATOR_FIRST_USER + requester, look);
    team = roll(draw, 4) == 0 ? GENERATOR_FIRST_TEAM + roll(draw, GENERATOR_TEAMS) : 0;
    if ((look.expand & EXPAND_ASSIGNEES) == 0)
        return p;
    p = put_number(PUT(p, ",\"assignees\":[{\"type\":\"USER\",\"id\":"), worker);
    if (team != 0)
        p = put_number(PUT(p, "},{\"type\":\"TEAM\",\"id\":"), team);
    return PUT(p, "}]");
}

static int64_t asset_id(const struct subject *s)
{
    return 5001 + s->machine_index * 12 + s->number;
}

static char *put_asset(char *p, const struct subject *s, int64_t first_day)
{
    int64_t id = asset_id(s);

    p = put_number(PUT(p, ",\"asset\":{\"id\":"), id);
    p = put_word(PUT(p, ",\"name\":\""), s->machine->label);
    p = put_number(PUT(p, " "), s->number);
    p = put_word(PUT(p, "\",\"description\":\""), s->machine->about);
    p = put_number(PUT(p, "\",\"parentId\":null,\"criticalityId\":"), 1 + id % 3);
    p = put_number(PUT(p, ",\"locationId\":"), GENERATOR_FIRST_LOCATION + s->location);
    p = put_word(PUT(p, ",\"serialNumber\":\""), s->machine->serial);
    p = put_number(PUT(p, "-"), id * 7919);
    p = put_date(PUT(p, "\",\"createdAt\":"), first_day + id * CLOCK_HOUR);
    p = put_date(PUT(p, ",\"updatedAt\":"), first_day + id * 2 * (int64_t)CLOCK_HOUR);
    return PUT(p, ",\"creatorId\":2001}");
}

static char *put_location(char *p, const struct subject *s, unsigned expand)
{
    p = put_number(PUT(p, ",\"locationId\":"), GENERATOR_FIRST_LOCATION + s->location);
    if ((expand & EXPAND_LOCATION) == 0)
        return p;
    p = put_number(PUT(p, ",\"location\":{\"id\":"), GENERATOR_FIRST_LOCATION + s->location);
    p = put_word(PUT(p, ",\"name\":\""), words_locations[s->location]);
    return PUT(p, "\"}");
}

static char *put_thumbnail(char *p, const struct workorder *wo, uint32_t stamp)
{
    p = put_number(PUT(p, ",\"thumbnail\":{\"id\":"), wo->id * 3);
    p = PUT(
        p, ",\"mimeType\":\"image/jpeg\",\"fileName\":\"photo.jpg\",\"url\":\"https://files.example.com/a/");
    p = put_number(p, wo->id * 3);
    p = put_number(PUT(p, "?Expires=3600&Signature=7d1f"), (int64_t)stamp);
    p = put_date(PUT(p, "\",\"createdAt\":"), wo->created);
    return PUT(p, ",\"width\":640,\"height\":480}");
}

static char *put_fields(char *p, const struct subject *s, struct word condition)
{
    p = put_number(PUT(p, ",\"extraFields\":{\"Line\":\"L"), 1 + s->machine_index % 6);
    p = put_number(PUT(p, "\",\"Cost center\":\""), 4100 + s->location);
    p = put_word(PUT(p, "\",\"Condition\":\""), condition);
    return PUT(p, "\"}");
}

static char *put_rest(
    char *p, const struct workorder *wo, const struct subject *s, uint64_t *draw, struct look look)
{
    static const char *const availability[] = {"PARTS_AVAILABLE", "PARTS_UNAVAILABLE", "PARTIAL_PARTS"};
    static const char *const stages[] = {"ASSIGNED", "RESERVED", "ISSUED", "NO_PARTS"};
    int64_t parts = roll(draw, 10);
    const char *parts_text = availability[parts < 3 ? parts : 0], *stage = stages[parts < 3 ? parts : 3];
    struct word condition = words_conditions[roll(draw, WORDS_CONDITIONS)];

    if ((look.expand & EXPAND_EXTRA_FIELDS) != 0)
        p = put_fields(p, s, condition);
    if (s->job->type.text[0] == 'P' && wo->start != TIME_NONE)
        p = PUT(p, ",\"recurrenceInfo\":{\"type\":\"WEEKLY\",\"interval\":4,\"days\":[\"MONDAY\"]}");
    else
        p = put_id(p, ",\"recurrenceInfo\":", 0, look);
    p = put(PUT(p, ",\"partsAvailability\":\""), parts_text, strlen(parts_text));
    p = put(PUT(p, "\",\"partStatus\":\""), stage, strlen(stage));
    p = PUT(p, "\",\"organizationId\":1001,\"vendorIds\":[]");
    p = put_id(p, ",\"workOrderSummary\":", 0, look);
    /* one in ten was done for a customer */
    p = put_id(p, ",\"customerId\":", roll(draw, 10) == 0 ? 8001 + roll(draw, 20) : 0, look);
    return PUT(p, "}");
}

void generator_write(struct buffer *out, uint64_t seed, const struct workorder *wo, struct look look)
{
    const int64_t first_day = 1577836800000; /* 2020: all assets were bought in that year and the next */
    uint64_t draw = draw_begin(seed, wo->id, DRAW_TEXT);
    char *begin = buffer_room(out, RECORD_ROOM), *p = begin;
    struct subject s = {.machine_index = roll(&draw, WORDS_MACHINES), .number = 1 + roll(&draw, 12)};

    s.job = &words_jobs[roll(&draw, WORDS_JOBS)];
    s.machine = &words_machines[s.machine_index];
    s.location = (s.machine_index + s.number) % WORDS_LOCATIONS;
    p = put_head(p, wo, &s, &draw, look.expand);
    p = put_dates(p, wo, look);
    p = put_people(p, wo, &draw, look);
    p = put_id(p, ",\"assetId\":", asset_id(&s), look);
    if ((look.expand & EXPAND_ASSET) != 0)
        p = put_asset(p, &s, first_day);
    p = put_location(p, &s, look.expand);
    if (roll(&draw, 4) == 0 && (look.expand & EXPAND_THUMBNAIL) != 0)
        p = put_thumbnail(p, wo, look.stamp);
    p = put_rest(p, wo, &s, &draw, look);
    *p = '\0';
    out->len += (size_t)(p - begin);
}
