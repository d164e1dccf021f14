#include "disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "verdict.h"

enum { FILES = 24, NAME_SIZE = 128 };

struct bytes {
    unsigned char *data;
    size_t size, capacity;
};

enum change_kind { MADE, WRITTEN, CUT, REMOVED };

/* What was done to a file since it was durable. */
struct change {
    enum change_kind kind;
    size_t offset; /* of CUT, the new size */
    size_t len;
    size_t place; /* where the bytes lie in the log */
};

struct disk_file {
    char name[NAME_SIZE];
    bool exists;
    struct bytes now;
    bool was_there;
    struct bytes durable;
    struct change *changes;
    size_t change_count, change_capacity;
    struct bytes log; /* the bytes of the changes */
};

static struct disk_file files[FILES];
static int file_count;

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

/* Sets the size; what is new is zero. */
static void resize(struct bytes *b, size_t size)
{
    if (size > b->capacity) {
        size_t capacity = b->capacity < 32768 ? 32768 : b->capacity;
        while (capacity < size)
            capacity *= 2;
        b->data = must(realloc(b->data, capacity));
        b->capacity = capacity;
    }
    if (size > b->size)
        memset(b->data + b->size, 0, size - b->size);
    b->size = size;
}

static void put(struct bytes *b, const void *bytes, size_t len, size_t offset)
{
    if (offset + len > b->size)
        resize(b, offset + len);
    memcpy(b->data + offset, bytes, len);
}

static void copy(struct bytes *to, const struct bytes *from)
{
    to->size = 0;
    resize(to, from->size);
    if (from->size > 0)
        memcpy(to->data, from->data, from->size);
}

void disk_reset(void)
{
    for (int i = 0; i < file_count; i++) {
        struct disk_file *f = &files[i];
        f->exists = f->was_there = false;
        f->now.size = f->durable.size = f->log.size = f->change_count = 0;
    }
}

void disk_free(void)
{
    for (int i = 0; i < FILES; i++) {
        free(files[i].now.data);
        free(files[i].durable.data);
        free(files[i].log.data);
        free(files[i].changes);
    }
    memset(files, 0, sizeof files);
    file_count = 0;
}

static void note(struct disk_file *f, enum change_kind kind, size_t offset, const void *bytes, size_t len)
{
    if (f->change_count == f->change_capacity) {
        f->change_capacity = f->change_capacity == 0 ? 64 : 2 * f->change_capacity;
        f->changes = must(realloc(f->changes, f->change_capacity * sizeof *f->changes));
    }
    f->changes[f->change_count++] = (struct change){kind, offset, len, f->log.size};
    if (len > 0)
        put(&f->log, bytes, len, f->log.size);
}

struct disk_file *disk_find(const char *name, bool make)
{
    struct disk_file *f = NULL;
    for (int i = 0; i < file_count && f == NULL; i++)
        if (strcmp(files[i].name, name) == 0)
            f = &files[i];
    if (f == NULL && make) {
        if (file_count == FILES)
            abort();
        f = &files[file_count++];
        snprintf(f->name, sizeof f->name, "%s", name);
    }
    if (f != NULL && !f->exists && make) {
        f->exists = true;
        f->now.size = 0;
        note(f, MADE, 0, NULL, 0);
    }
    return f != NULL && f->exists ? f : NULL;
}

bool disk_exists(const struct disk_file *file)
{
    return file->exists;
}

size_t disk_size(const struct disk_file *file)
{
    return file->now.size;
}

size_t disk_read(const struct disk_file *file, void *out, size_t len, size_t offset)
{
    size_t there = offset < file->now.size ? file->now.size - offset : 0;
    if (there > len)
        there = len;
    if (there > 0)
        memcpy(out, file->now.data + offset, there);
    memset((char *)out + there, 0, len - there);
    return there;
}

void disk_write(struct disk_file *file, const void *bytes, size_t len, size_t offset)
{
    put(&file->now, bytes, len, offset);
    note(file, WRITTEN, offset, bytes, len);
}

void disk_truncate(struct disk_file *file, size_t size)
{
    if (size >= file->now.size)
        return;
    file->now.size = size;
    note(file, CUT, size, NULL, 0);
}

/* Applies a change to what is durable. */
static void apply(struct disk_file *f, const struct change *c)
{
    switch (c->kind) {
    case MADE:
        f->was_there = true;
        f->durable.size = 0;
        break;
    case WRITTEN:
        put(&f->durable, f->log.data + c->place, c->len, c->offset);
        break;
    case CUT:
        if (c->offset < f->durable.size)
            f->durable.size = c->offset;
        break;
    case REMOVED:
        f->was_there = false;
        f->durable.size = 0;
        break;
    }
}

static void forget_changes(struct disk_file *f)
{
    f->change_count = 0;
    f->log.size = 0;
}

/* The first `count` changes have become durable. */
static void apply_first(struct disk_file *f, size_t count)
{
    for (size_t i = 0; i < count; i++)
        apply(f, &f->changes[i]);
    f->change_count -= count;
    memmove(f->changes, f->changes + count, f->change_count * sizeof *f->changes);
    if (f->change_count == 0)
        f->log.size = 0;
}

/* How many changes there are up to the last that concerns the directory. */
static size_t last_of_directory(const struct disk_file *f)
{
    size_t count = f->change_count;
    while (count > 0 && f->changes[count - 1].kind != MADE && f->changes[count - 1].kind != REMOVED)
        count--;
    return count;
}

void disk_sync(struct disk_file *file)
{
    apply_first(file, file->change_count);
}

void disk_sync_directory(void)
{
    for (int i = 0; i < file_count; i++)
        apply_first(&files[i], last_of_directory(&files[i]));
}

void disk_sync_all(void)
{
    for (int i = 0; i < file_count; i++)
        apply_first(&files[i], files[i].change_count);
}

void disk_remove(struct disk_file *file, bool durable)
{
    file->exists = false;
    note(file, REMOVED, 0, NULL, 0);
    if (durable)
        disk_sync(file);
}

/* Some sectors of a write arrived, others are as before, one may be garbage. */
static void tear(struct disk_file *f, const struct change *c, struct dice *dice)
{
    bool garbage = dice_chance(dice, 30);
    for (size_t at = 0; at < c->len;) {
        size_t end = (c->offset + at) / DISK_SECTOR * DISK_SECTOR + DISK_SECTOR - c->offset;
        size_t len = (end > c->len ? c->len : end) - at;
        if (dice_chance(dice, 50)) {
            put(&f->durable, f->log.data + c->place + at, len, c->offset + at);
            if (garbage && dice_chance(dice, 30))
                memset(f->durable.data + c->offset + at, 0x5a, len);
        }
        at += len;
    }
}

/*
 * The file system's own log is in order: what is made, cut and removed up to some moment has happened, and
 * nothing of it after that; what was written before that moment may be there or not, and after it, too, while
 * the file is the same.
 */
static void settle(struct disk_file *f, struct dice *dice)
{
    size_t moment = (size_t)dice_below(dice, (int64_t)f->change_count + 1);
    int mode = (int)dice_below(dice, 3); /* all writes kept, each as it comes, none kept */
    for (size_t i = 0; i < f->change_count; i++) {
        const struct change *c = &f->changes[i];
        if (c->kind != WRITTEN) {
            if (i >= moment)
                break;
            apply(f, c);
        } else if (mode == 0 || (mode == 1 && dice_chance(dice, 50))) {
            apply(f, c);
        } else if (mode == 1 && dice_chance(dice, 50)) {
            tear(f, c, dice);
        }
    }
    forget_changes(f);
    f->exists = f->was_there;
    copy(&f->now, &f->durable);
}

void disk_lose_power(void)
{
    for (int i = 0; i < file_count; i++)
        if (files[i].change_count > 0)
            settle(&files[i], machine_dice());
}

void disk_copy(const char *from, const char *to)
{
    const struct disk_file *source = disk_find(from, false);
    struct disk_file *target = disk_find(to, true);
    if (source != NULL)
        copy(&target->now, &source->now);
    else
        target->now.size = 0;
    copy(&target->durable, &target->now);
    target->was_there = true;
    forget_changes(target);
}
