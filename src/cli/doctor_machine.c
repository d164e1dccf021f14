/* doctor_machine: the user, the directories, the disk, the clock, and what runs wosync on time. */
#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/timestamp.h"
#include "cli/doctor.h"
#include "store/counters.h"

/* How far the clock may be off without a word. */
enum { CLOCK_MS = 30000, HOUR_MS = 3600 * 1000 };

/* The directory that a path lies in; to be freed. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return strdup(".");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* Where the store's file lies, which a link may name; to be freed. */
static char *folder_of_store(const struct doctor *doctor)
{
    char *file = realpath(doctor->config.store, NULL);
    char *folder = folder_of(file != NULL ? file : doctor->config.store);
    free(file);
    return folder;
}

static void name_user(uid_t user, char *out, size_t size)
{
    const struct passwd *entry = getpwuid(user);
    if (entry != NULL)
        snprintf(out, size, "%s", entry->pw_name);
    else
        snprintf(out, size, "#%lu", (unsigned long)user);
}

static void check_owner(struct doctor *doctor)
{
    struct stat st;
    char ours[64], theirs[64];
    const char *path = doctor->config.store;
    name_user(geteuid(), ours, sizeof ours);
    if (stat(path, &st) != 0) {
        if (errno == EACCES)
            doctor_fail(doctor, EX_IOERR,
                "%s: %s may not look there; run it as the store's user: sudo -u USER wosync doctor", path,
                ours);
        else
            doctor_ok(doctor, "%s is not made yet; it will belong to %s", path, ours);
        return;
    }
    name_user(st.st_uid, theirs, sizeof theirs);
    if (st.st_uid != geteuid())
        doctor_warn(doctor,
            "%s belongs to %s, and this is %s, for whom other things hold; run: sudo -u %s wosync doctor",
            path, theirs, ours, theirs);
    else if ((st.st_mode & 077) != 0)
        doctor_warn(
            doctor, "%s can be read by others (mode %03o); run: chmod 600 %s", path, st.st_mode & 0777, path);
    else
        doctor_ok(doctor, "%s belongs to %s, and this is %s", path, theirs, ours);
}

/* `folder` is freed. */
static void check_folder(struct doctor *doctor, const char *what, char *folder)
{
    char ours[64];
    name_user(geteuid(), ours, sizeof ours);
    struct stat st;
    if (stat(folder, &st) != 0)
        doctor_fail(doctor, EX_IOERR, "%s: %s: %s; run: install -d -o %s %s", what, folder, strerror(errno),
            ours, folder);
    else if (access(folder, W_OK | X_OK) != 0)
        doctor_fail(
            doctor, EX_IOERR, "%s: %s: %s; run: chown %s %s", what, folder, strerror(errno), ours, folder);
    free(folder);
}

static void check_directories(struct doctor *doctor)
{
    const char *textfile = doctor->config.textfile;
    check_folder(doctor, "store", folder_of_store(doctor));
    if (textfile == NULL)
        return;
    check_folder(doctor, "metrics", folder_of(textfile));
    const char *end = strrchr(textfile, '.');
    if (end == NULL || strcmp(end, ".prom") != 0)
        doctor_warn(
            doctor, "metrics: %s: node_exporter reads *.prom alone; change textfile in [metrics]", textfile);
}

/* --- the disk --- */

bool doctor_is_far(long type)
{
    static const unsigned int far[] = {NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, CODA_SUPER_MAGIC, AFS_SUPER_MAGIC,
        0x65735546, 0xff534d42, 0xfe534d42, 0x01021997, 0x00c36400};
    for (size_t i = 0; i < sizeof far / sizeof far[0]; i++)
        if ((unsigned int)type == far[i])
            return true;
    return false;
}

static void check_disk(struct doctor *doctor)
{
    struct statfs disk;
    struct stat st;
    char *folder = folder_of_store(doctor);
    const int64_t size = stat(doctor->config.store, &st) == 0 ? (int64_t)st.st_size : 0;
    if (statfs(folder, &disk) != 0) {
        doctor_fail(doctor, EX_IOERR, "%s: %s; set path in [store]", folder, strerror(errno));
    } else if (doctor_is_far((long)disk.f_type)) {
        doctor_fail(doctor, EX_IOERR,
            "%s is on a network or FUSE file system, where SQLite's locks cannot be trusted; set path in "
            "[store] to a local "
            "disk",
            folder);
    } else {
        const int64_t left = (int64_t)disk.f_bavail * (int64_t)disk.f_bsize;
        if (left < 2 * size)
            doctor_warn(doctor,
                "%s has %lld MB left, and twice the store is %lld MB; free some space, or set path in "
                "[store]",
                folder, (long long)(left >> 20), (long long)(2 * size >> 20));
        else
            doctor_ok(doctor, "%s is local and has %lld MB left", folder, (long long)(left >> 20));
    }
    free(folder);
}

/* --- the clock --- */

static void check_clock(struct doctor *doctor)
{
    char text[TIMESTAMP_SIZE];
    if (!doctor_ask(doctor) || doctor->page.date == TIMESTAMP_NONE) {
        doctor_skip(doctor, "not tried: the API gave no date");
        return;
    }
    /* the header has whole seconds, and was written a moment ago */
    const int64_t off = client_sent(doctor->client) - doctor->page.date;
    duration_format(off < 0 ? -off : off, text);
    const int64_t most = doctor->config.lookback > CLOCK_MS ? doctor->config.lookback : CLOCK_MS;
    if (off > most || -off > most)
        doctor_fail(doctor, EX_CONFIG,
            "the clock is %s %s of the API's, more than lookback covers; run: timedatectl set-ntp true", text,
            off > 0 ? "ahead" : "behind");
    else if (off > CLOCK_MS || -off > CLOCK_MS)
        doctor_warn(doctor, "the clock is %s %s of the API's; run: timedatectl set-ntp true", text,
            off > 0 ? "ahead" : "behind");
}

/* --- the schedule --- */

/* Does a line of a crontab run wosync's scheduled command? */
static bool runs_wosync(const char *line)
{
    line += strspn(line, " \t");
    return *line != '#' && strstr(line, "wosync") != NULL && strstr(line, "sync ") != NULL;
}

static int look_into_crontab(const char *path, struct buffer *lines)
{
    char line[1024];
    int count = 0;
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *word = strstr(line, "wosync");
        /* `wosync.cron` in a comment, `wosync@.timer`: no command */
        while (word != NULL && word[strlen("wosync")] != ' ')
            word = strstr(word + 1, "wosync");
        if (word != NULL && runs_wosync(line) && (strstr(word, " sync") != NULL)) {
            buffer_append_format(lines, "%s\n", path);
            count++;
        }
    }
    if (file != NULL)
        fclose(file);
    return count;
}

/* The files of a directory; `suffix` NULL: all are crontabs, else those of that name count by being there. */
static int look_into_folder(const char *path, const char *suffix, struct buffer *lines)
{
    int count = 0;
    DIR *folder = opendir(path);
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        struct buffer file = {0};
        const char *end = strrchr(entry->d_name, '.');
        buffer_append_format(&file, "%s/%s", path, entry->d_name);
        if (suffix == NULL && *entry->d_name != '.')
            count += look_into_crontab(file.data, lines);
        else if (suffix != NULL && strncmp(entry->d_name, "wosync", 6) == 0 && end != NULL &&
                 strcmp(end, suffix) == 0 && strstr(entry->d_name, "reconcile") == NULL) {
            buffer_append_format(lines, "%s\n", file.data);
            count++;
        }
        buffer_free(&file);
    }
    if (folder != NULL)
        closedir(folder);
    return count;
}

int doctor_find_schedules(const char *root, const char *user, struct buffer *lines)
{
    struct buffer path = {0};
    int count = 0;
    buffer_append_format(&path, "%s/etc/crontab", root);
    count += look_into_crontab(path.data, lines);
    buffer_clear(&path);
    buffer_append_format(&path, "%s/etc/cron.d", root);
    count += look_into_folder(path.data, NULL, lines);
    buffer_clear(&path);
    buffer_append_format(&path, "%s/var/spool/cron/crontabs/%s", root, user);
    count += look_into_crontab(path.data, lines);
    buffer_clear(&path);
    /* where an enabled timer is linked */
    buffer_append_format(&path, "%s/etc/systemd/system/timers.target.wants", root);
    count += look_into_folder(path.data, ".timer", lines);
    buffer_free(&path);
    return count;
}

static void check_schedule(struct doctor *doctor)
{
    char ours[64], age[TIMESTAMP_SIZE];
    struct buffer lines = {0};
    struct last_run last = {0};
    struct error e = {0};
    if (doctor->store_error.status != EX_OK) {
        doctor_skip(doctor, "not tried: the store cannot be opened");
        return;
    }
    name_user(geteuid(), ours, sizeof ours);
    const int count = doctor_find_schedules("", ours, &lines);
    for (char *p = lines.data; p != NULL && *p != '\0'; p++)
        if (*p == '\n')
            *p = p[1] != '\0' ? ' ' : '\0';
    if (doctor->store != NULL && counters_last_run(doctor->store, "sync", &last, &e) != 0) {
        doctor_fail(doctor, e.status, "%s", e.text);
    } else if (count > 1) {
        doctor_warn(
            doctor, "it is run by %d schedules, and one is enough: %s; remove the others", count, lines.data);
    } else if (last.ended == 0 || clock_now() - last.ended > HOUR_MS) {
        duration_format(clock_now() - last.ended, age);
        doctor_warn(doctor,
            "%s%s, and %s; run: systemctl enable --now wosync.timer, or add to a crontab: * * * * * wosync "
            "sync "
            "--max-time 50s",
            last.ended == 0 ? "no sync has run yet" : "the last sync ended ", last.ended == 0 ? "" : age,
            count == 0 ? "no timer or crontab line was found" : "there is a schedule that does not run it");
    } else {
        duration_format(clock_now() - last.ended, age);
        doctor_ok(doctor, "the last sync ended %s ago%s%s", age, count > 0 ? ", run by " : "",
            count > 0 ? lines.data : "");
    }
    buffer_free(&lines);
}

const struct doctor_check doctor_machine[] = {
    {"owner", "wosync is run by the user of its store", NULL, false, check_owner},
    {"directories", "the directories of the store and the metrics can be written", NULL, false,
        check_directories},
    {"disk", "the store is on a local disk with room for twice its size", "directories", false, check_disk},
    {"clock", "this machine's clock is within 30 s of the API's", NULL, true, check_clock},
    {"schedule", "a sync has run within the hour, and one schedule runs it", NULL, false, check_schedule},
    {NULL, NULL, NULL, false, NULL},
};
