/*
 * disk: the simulated machine's files, in memory. What was written and not synced may be lost or torn when
 * power is lost: each write since the last sync is kept, lost, torn at a sector, or left as garbage; files
 * made, cut or removed since then may be as they were before.
 */
#ifndef WOSYNC_SIM_DISK_H
#define WOSYNC_SIM_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DISK_SECTOR = 512 };

struct disk_file;

/* Removes all files (those that have one open keep it, empty); and frees their memory, when none is open. */
void disk_reset(void);
void disk_free(void);

/* The file of that name; NULL when there is none and `make` is false. Made ones are empty. */
struct disk_file *disk_find(const char *name, bool make);

/* Does it exist? A file that was removed lives on for those that have it open. */
bool disk_exists(const struct disk_file *file);
void disk_remove(struct disk_file *file, bool durable);

size_t disk_size(const struct disk_file *file);

/* Reads; what lies behind the end is zeroed. Returns how many bytes were there. */
size_t disk_read(const struct disk_file *file, void *out, size_t len, size_t offset);

void disk_write(struct disk_file *file, const void *bytes, size_t len, size_t offset);
void disk_truncate(struct disk_file *file, size_t size);

/* Makes all of it durable; and what files were made and removed. */
void disk_sync(struct disk_file *file);
void disk_sync_directory(void);

/* Makes everything durable, as the kernel does by itself after a while. */
void disk_sync_all(void);

/* Power is lost: what was not durable becomes what chance wills. */
void disk_lose_power(void);

/* A copy of the file `from` under the name `to`, durable; empty when there is no `from`. */
void disk_copy(const char *from, const char *to);

#endif
