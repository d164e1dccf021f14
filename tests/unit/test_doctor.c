#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/doctor.h"

static char root[64];

static void make_folder(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    mkdir(path, 0700);
}

static void put_file(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *file = fopen(path, "we");
    check(file != NULL, "%s", path);
    fputs(text, file);
    fclose(file);
}

/* The schedules below the root, without its name. */
static int find(char *said, size_t size)
{
    struct buffer lines = {0};
    int count = doctor_find_schedules(root, "wosync", &lines);
    *said = '\0';
    for (char *line = lines.data; line != NULL && *line != '\0'; line = strchr(line, '\n') + 1) {
        size_t used = strlen(said), skip = strlen(root);
        snprintf(said + used, size - used, "%.*s ", (int)(strcspn(line, "\n") - skip), line + skip);
    }
    buffer_free(&lines);
    return count;
}

static int set_up(void **state)
{
    (void)state;
    strcpy(root, "/tmp/wosync-doctor-XXXXXX");
    check(mkdtemp(root) != NULL, "mkdtemp");
    make_folder("etc/cron.d");
    make_folder("var/spool/cron/crontabs");
    make_folder("etc/systemd/system/timers.target.wants");
    return 0;
}

static int tear_down(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

static void test_no_schedule(void **state)
{
    char said[512];
    (void)state;
    put_file("etc/crontab", "# * * * * * root wosync sync\n17 * * * * root run-parts /etc/cron.hourly\n");
    put_file("etc/cron.d/backup", "0 3 * * * root tar cf /backup/wosync.tar /var/lib/wosync\n");
    put_file("etc/cron.d/.hidden", "* * * * * root wosync sync\n");
    put_file("etc/cron.d/report", "0 3 * * * wosync wosync status\n");
    put_file("etc/systemd/system/timers.target.wants/apt-daily.timer", "");
    put_file("etc/systemd/system/timers.target.wants/wosync-reconcile.timer", "");
    assert_int_equal(find(said, sizeof said), 0);
    check_text(said, "");
}

static void test_each_place(void **state)
{
    static const struct {
        const char *file, *text;
    } places[] = {
        {"etc/crontab", "* * * * * wosync /usr/bin/wosync -c /etc/a.conf sync --max-time 50s\n"},
        {"etc/cron.d/wosync", "MAILTO=x\n*/5 * * * * wosync wosync sync --max-time 50s\n"},
        {"var/spool/cron/crontabs/wosync", "* * * * * wosync sync --fallback\n"},
        {"etc/systemd/system/timers.target.wants/wosync.timer", ""},
        {"etc/systemd/system/timers.target.wants/wosync@plant.timer", ""},
    };
    char said[512], path[256];
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        put_file(places[i].file, places[i].text);
        check(find(said, sizeof said) == 1, "%s: %s", places[i].file, said);
        snprintf(path, sizeof path, "/%s ", places[i].file);
        check_text(said, path);
        snprintf(path, sizeof path, "%s/%s", root, places[i].file);
        unlink(path);
    }
}

static void test_two_of_them(void **state)
{
    char said[512];
    (void)state;
    put_file("etc/cron.d/wosync", "* * * * * wosync wosync sync --max-time 50s\n");
    put_file("etc/systemd/system/timers.target.wants/wosync.timer", "");
    assert_int_equal(find(said, sizeof said), 2);
}

static void test_disks_that_are_far_away(void **state)
{
    /* statfs(2): NFS, SMB, CIFS, SMB2, FUSE, 9P, Ceph */
    static const unsigned far[] = {
        0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x65735546, 0x01021997, 0x00c36400};
    /* ext4, xfs, btrfs, tmpfs, overlayfs, zfs */
    static const unsigned near[] = {0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1};
    (void)state;
    for (size_t i = 0; i < sizeof far / sizeof far[0]; i++)
        check(doctor_is_far((long)far[i]), "%x", far[i]);
    for (size_t i = 0; i < sizeof near / sizeof near[0]; i++)
        check(!doctor_is_far((long)near[i]), "%x", near[i]);
    /* where the type is 32 bits with a sign */
    assert_true(doctor_is_far((long)(int)0xff534d42));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_schedule, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_each_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_two_of_them, set_up, tear_down),
        cmocka_unit_test(test_disks_that_are_far_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
