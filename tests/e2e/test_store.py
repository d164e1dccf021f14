"""Faults of the store: a clear error, the right status, nothing lost; and runs that change nothing."""
import contextlib
import os
import re
import resource
import shutil
import sqlite3
import subprocess
from pathlib import Path

from harness import CANTCREAT, CONFIG, DONE, IO, LIMIT, ROOT, TOKEN, TRY_LATER, UNAVAILABLE, WOSYNC, Case, long

NOBODY = 65534


class Upgrade(Case):
    """The stores that each release left, kept as SQL in tests/fixtures."""

    def shape(self):
        """Tables with their columns, indexes and views."""
        return (set(self.sql("SELECT m.name, c.name, c.type, c.\"notnull\", c.pk FROM sqlite_schema m, pragma_table_xinfo(m.name) c "
                             "WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'")),
                set(self.sql("SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")),
                self.sql("SELECT user_version, application_id FROM pragma_user_version, pragma_application_id"))

    def test_every_released_schema_comes_along(self):
        self.sync()
        expected, newest = self.shape(), self.sql("PRAGMA user_version")[0][0]
        fixtures = sorted(Path(ROOT, "tests/fixtures").glob("store-*.sql"))
        self.assertTrue(fixtures)
        for fixture in fixtures:
            version = int(re.search(r"store-(\d+)", fixture.name).group(1))
            with self.subTest(version=version):
                self.store = self.path("store-%d.db" % version)
                with contextlib.closing(sqlite3.connect(self.store)) as db:
                    db.executescript(fixture.read_text(encoding="utf-8"))
                os.chmod(self.store, 0o600)
                self.configure("[handler lines]\ntype = log\n")
                before = self.dump()
                says = self.wosync("status").out
                if version < newest:
                    self.assertRegex(says, "schema %d, this wosync has %d; the next wosync sync" % (version, newest))
                run = self.wosync("events", "retry")  # whatever writes brings it along
                self.assertEqual(self.shape(), expected)
                copy = "%s.schema-%d" % (self.store, version)
                self.assertEqual(os.path.exists(copy), version < newest)
                if version < newest:
                    self.assertIn(copy, run.err)
                    self.assertEqual(os.stat(copy).st_mode & 0o7777, 0o600)
                    self.store, upgraded = copy, self.store
                    self.assertEqual(self.dump(), before)
                    self.store = upgraded
                status = self.status()
                self.assertEqual((status["workOrders"], status["events"], status["quarantine"]), (5, 6, 1))
                self.assertEqual(sum(handler["dead"] for handler in status["handlers"]), 0)
                self.assertGreaterEqual(sum(handler["pending"] for handler in status["handlers"]), 3)
                self.assertEqual(len(self.ids()), 6)
                self.assertEqual(self.sql("PRAGMA foreign_key_check"), [])
                self.wosync("sync", expect=CONFIG, message="account|base_url")  # it is of another address


class Faults(Case):
    def setUp(self):
        super().setUp()
        self.olds = self.mock.create_old(6)

    def filled(self):
        self.sync_silently()
        self.at = self.mock.update(self.olds[0], status="DONE")

    def check_goes_on(self):
        self.sync()
        self.assertIn("workorder.completed/%d/%s" % (self.olds[0], self.at), self.ids())
        self.assertNothingDoubled()
        self.assertSnapshotsAreTrue()

    def read(self, path=None):
        with open(path or self.store, "rb") as f:
            return f.read()

    def refuse(self, status, pattern, *commands):
        """It is refused, and its bytes stay as they were."""
        before = self.read()
        self.mock.reset_log()
        for command in commands or (("sync",), ("status",), ("events", "list"), ("dispatch",), ("sync", "--dry-run")):
            self.wosync(*command, expect=status, message=r"^wosync: store %s: .*%s" % (self.store, pattern))
        self.assertEqual(self.read(), before)
        self.assertEqual(self.mock.state()["requests"], 0)

    def run_without(self, closed, *arguments):
        """Runs it with standard descriptors closed, as a supervisor may start it: `closed` is for the shell."""
        return subprocess.run(["sh", "-c", 'exec "$@" ' + closed, "sh", WOSYNC, "-c", self.conf, *arguments], env=self.env,
                              cwd=self.directory, capture_output=True, text=True, timeout=LIMIT)

    def test_no_message_is_written_into_the_store(self):
        """What is opened does not take the place of a standard descriptor that is closed."""
        self.sync()
        for closed in "<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-":
            for arguments in ("-v", "sync"), ("events", "discard", "--handler", "nobody"), ("-v", "audit", "--heal"):
                with self.subTest(closed=closed, arguments=arguments):
                    self.run_without(closed, *arguments)
                    self.assertEqual(self.sql("PRAGMA quick_check"), [("ok",)])

    def test_without_stdout_nothing_is_taken_for_printed(self):
        self.sync()
        for count, closed in enumerate((">&-", "<&- >&-", "<&- >&- 2>&-"), 1):
            with self.subTest(closed=closed):
                self.mock.create({"title": "Unseen"})
                self.run_without(closed, "sync")
                self.assertEqual((self.handler("log")["pending"], self.handler("log")["delivered"]), (count, 0))
                self.assertEqual(self.run_without(closed, "status").returncode, IO)

    def test_one_that_is_no_database(self):
        self.write("wosync.db", "Dear diary, today nothing happened.\n" * 100)
        self.refuse(IO, "corrupt or no wosync store")

    def test_a_database_of_another_program(self):
        with contextlib.closing(sqlite3.connect(self.store)) as db:
            db.execute("CREATE TABLE recipes (name)")
            db.commit()
        self.refuse(IO, "a database of another program; set path in \\[store\\]")

    def test_a_database_of_another_application_id(self):
        with contextlib.closing(sqlite3.connect(self.store)) as db:
            db.execute("PRAGMA application_id = 12345")
            db.execute("PRAGMA user_version = 1")
            db.commit()
        self.refuse(IO, "a database of another program")

    def test_one_of_a_development_version(self):
        self.filled()
        self.sql("PRAGMA application_id = %d" % 0x776f7379)
        self.sql("PRAGMA user_version = 18")
        self.refuse(IO, "made by a development version of wosync, .*move it away and run wosync sync to begin anew")
        os.rename(self.store, self.store + ".old")
        self.sync()
        self.assertSnapshotsAreTrue()

    def test_one_of_a_newer_version(self):
        self.filled()
        version = self.sql("PRAGMA user_version")[0][0]
        self.sql("PRAGMA user_version = 999")
        self.refuse(IO, "written by a newer wosync \\(schema 999, this one knows %d\\); install" % version)
        self.sql("PRAGMA user_version = %d" % version)
        self.check_goes_on()

    def test_one_at_work_while_a_newer_version_migrates(self):
        """It stores nothing more, and says what it would say if it began now."""
        self.filled()
        for number in self.olds:
            self.mock.update(number, title="Changed")
        self.mock.config(max_limit=1, page_delay_ms=300)
        running = self.start("sync")
        self.wait_for(lambda: self.sql("SELECT pages FROM passes WHERE active = 1"), "a page")
        version = self.sql("PRAGMA user_version")[0][0]
        self.sql("PRAGMA user_version = 999")
        before = self.dump()
        run = running.wait()
        self.assertFails(run, IO, r"^wosync: store %s: it was written by a newer wosync \(schema 999" % self.store)
        self.assertEqual(len(run.err.splitlines()), 1, run)
        self.assertEqual(self.dump(), before)
        self.sql("PRAGMA user_version = %d" % version)
        self.mock.config(max_limit=200, page_delay_ms=0)
        self.check_goes_on()

    def test_a_corrupt_page(self):
        self.mock.create_old(200)
        self.filled()
        self.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        with open(self.store, "r+b") as f:
            for page in range(2, os.path.getsize(self.store) // 4096):
                f.seek(page * 4096)
                f.write(b"\xa5" * 512)
        run = self.sync(expect=IO)
        self.assertRegex(run.err, "store .*corrupt.*put back a backup")

    def test_a_truncated_file(self):
        self.mock.create_old(200)
        self.filled()
        self.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        with open(self.store, "r+b") as f:
            f.truncate(5000)
        run = self.sync(expect=IO)
        self.assertRegex(run.err, "store ")

    def test_a_backup_that_is_put_back_goes_on_from_there(self):
        self.filled()
        shutil.copy(self.store, self.path("backup.db"))
        self.sync()
        before = self.ids()
        shutil.copy(self.path("backup.db"), self.store)
        self.check_goes_on()
        self.assertEqual(self.ids(), before)

    def manual_block(self, number):
        """A block of commands of docs/operations.md on backups, in this test's directory and without another user."""
        with open(os.path.join(ROOT, "docs", "operations.md")) as f:
            text = f.read()
        blocks = re.findall("```sh\n(.*?)```", text[text.index("## Backup and restore"):], re.S)
        for what, by in (("sudo -u wosync ", ""), ("sudo ", ""), (" -o wosync -g wosync", ""),
                         ("/var/lib/wosync", self.directory), ("/var/backups", self.path("backups"))):
            blocks[number] = blocks[number].replace(what, by)
        return blocks[number]

    def run_manual_block(self, number):
        bin_ = self.path("bin")
        os.makedirs(bin_, exist_ok=True)
        for name, text in (("systemctl", 'echo "systemctl $*" >> %s' % self.path("said")),
                           ("wosync", 'exec %s -c %s "$@"' % (WOSYNC, self.conf))):
            self.write("bin/" + name, "#!/bin/sh\n" + text + "\n", 0o755)
        old = os.umask(0o022)
        try:
            subprocess.run(["sh", "-ec", self.manual_block(number)], env=dict(self.env, PATH=bin_ + ":" + self.env["PATH"]),
                           check=True, timeout=LIMIT, stdout=subprocess.DEVNULL)
        finally:
            os.umask(old)

    def test_the_manual_backs_up_and_restores(self):
        """While a run is at work, and over a store that was killed, whose -wal is still there."""
        self.filled()
        os.makedirs(self.path("backups"))
        self.mock.create(*({"title": "New %d" % i} for i in range(100)))
        self.mock.config(max_limit=1, page_delay_ms=50)
        running = self.start("sync")
        self.wait_for(lambda: self.sql("SELECT pages FROM passes WHERE active = 1"), "a page")
        self.run_manual_block(0)
        backup = self.path("backups", "wosync", "wosync.db")
        self.assertEqual(os.stat(backup).st_mode & 0o777, 0o600)
        self.assertEqual(sqlite3.connect(backup).execute("PRAGMA integrity_check").fetchone(), ("ok",))
        before = sqlite3.connect(backup).execute("SELECT id FROM events ORDER BY seq").fetchall()
        running.signal(9)
        running.wait()
        self.assertTrue(os.path.getsize(self.store + "-wal") > 0, "the killed run left its -wal")
        self.mock.config(max_limit=200, page_delay_ms=0)
        self.run_manual_block(1)
        self.assertEqual(os.stat(self.store).st_mode & 0o777, 0o600)
        self.assertEqual([(i,) for i in self.ids()], before)
        with open(self.path("said")) as f:
            said = f.read().splitlines()
        self.assertEqual([line.split()[1] for line in said], ["stop", "start"])
        self.assertIn("wosync.service", said[0].split())
        self.sync()  # what came since the backup comes again
        self.assertSnapshotsAreTrue()

    def test_an_empty_file_is_a_new_store(self):
        self.write("wosync.db", b"")
        self.sync_silently()
        self.assertSnapshotsAreTrue()

    def test_a_directory(self):
        os.mkdir(self.store)
        run = self.sync(expect=None)
        self.assertIn(run.status, (CANTCREAT, IO))
        self.assertRegex(run.err, "store %s" % self.store)

    def test_a_directory_that_is_not_there_is_made(self):
        self.store = self.path("new", "wosync.db")
        self.configure()
        self.sync_silently()
        self.assertEqual(os.stat(self.path("new")).st_mode & 0o077, 0)

    def test_one_in_nowhere_cannot_be_made(self):
        self.store = self.path("not", "there", "wosync.db")
        self.configure()
        self.sync(expect=CANTCREAT, message="store .*its directory cannot be made: .*make it, or set path")

    def test_it_is_readable_by_its_owner_alone(self):
        self.filled()
        for name in os.listdir(self.directory):
            if name.startswith("wosync.db"):
                self.assertEqual(os.stat(self.path(name)).st_mode & 0o077, 0, name)

    def test_of_another_account_is_refused(self):
        self.filled()
        before = self.dump()
        self.configure(api="organization_id = 99")
        self.mock.reset_log()
        self.sync(expect=CONFIG, message="was filled with organization_id = none, but now it is 99; .*give each organization its "
                                         "own path in \\[store\\]")
        self.sync(expect=CONFIG, message="holds the work orders of .*give each account its own path",
                  env={"MAINTAINX_BASE_URL": "https://192.0.2.1/v1"})
        self.assertEqual(self.mock.state()["requests"], 0)
        self.assertEqual(self.dump("handlers"), {k: v for k, v in before.items() if k != "handlers"})
        self.configure()
        self.check_goes_on()

    def refuse_address(self, base_url, message):
        run = self.sync(expect=CONFIG, env={"MAINTAINX_BASE_URL": base_url}, message=message)
        self.assertEqual(len(run.err.splitlines()), 1)
        self.assertEqual(self.mock.state()["requests"], 0)
        return run

    def test_a_forgotten_path_of_the_address(self):
        self.filled()
        self.mock.reset_log()
        root = self.mock.url[:-len("/v1")]
        for wrong in (root, root + "/v2", self.mock.url + "/v1"):
            run = self.refuse_address(wrong, "store %s: base_url is %s, but the store was filled from %s; set base_url = %s in "
                                      r"\[api\]" % (self.store, wrong, self.mock.url, self.mock.url))
            self.assertNotIn("sqlite3", run.err)
        self.check_goes_on()

    def test_another_address_of_the_same_account(self):
        """The advice is for both who moved from a mock and who goes by another name; its command works as printed."""
        self.filled()
        self.mock.reset_log()
        other = self.mock.url.replace("127.0.0.1", "localhost")
        run = self.refuse_address(other, r"it was filled from %s, but base_url is %s; for another account, or after trials with a "
                                  r"mock, set another path in \[store\]" % (self.mock.url, other))
        command = re.search(r"sqlite3 ('[^']+') \"(.*)\"", run.err)
        self.assertEqual(command[1], "'%s'" % self.store)
        self.sql(command[2])
        self.env["MAINTAINX_BASE_URL"] = other
        self.check_goes_on()

    def test_a_clock_that_was_set_back(self):
        """What was written by the clock before is ahead of it, and not a negative age ago."""
        self.filled()
        self.sql("UPDATE account SET finished_ms = finished_ms + 7200000")
        out = self.wosync("status").out
        self.assertRegex(out, r"last pass +(2h|1h 59m) ahead of this clock")
        self.assertNotRegex(out.replace(self.directory, ""), r"-\d+[hms]")

    def test_a_replay_that_is_tried_changes_nothing(self):
        """Neither with a handler that is new in the configuration, nor without one that the store knows."""
        self.filled()
        self.mock.change(update=[{"id": number, "title": "Changed"} for number in self.olds])
        self.sync()
        self.assertGreater(len(self.ids()), 1)
        before = self.dump()
        for handler in ("log", "new"):
            self.configure("[handler %s]\ntype = log\n" % handler)
            run = self.wosync("events", "replay", "--handler", handler, "--since", "1h", "--dry-run")
            self.assertEqual(run.out.splitlines()[:-1], self.ids())
            self.assertEqual(self.dump(), before)

    def test_one_locked_by_another_program_is_waited_for(self):
        self.filled()
        with contextlib.closing(sqlite3.connect(self.store, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            running = self.start("sync")
            self.wait_for(lambda: self.sleeps(running) > 20, "the run to wait for the lock")
            self.assertTrue(running.is_alive())
            db.execute("COMMIT")
            self.assertEqual(running.wait().status, 0)
        self.check_goes_on()

    def sleeps(self, running):
        """How often a run has slept since it opened the store; it does so again and again when the store is locked."""
        self.assertTrue(running.is_alive(), "it did not wait for the lock")
        process = Path("/proc/%d" % running.pid)
        if self.store not in [os.path.realpath(file) for file in (process / "fd").iterdir()]:
            return 0
        return int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", (process / "status").read_text(), re.M)[1])

    @long
    def test_one_that_stays_locked(self):
        self.filled()
        with contextlib.closing(sqlite3.connect(self.store, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            self.sync(expect=TRY_LATER, message="store %s: .*another process keeps it locked" % self.store)
        self.assertEqual(self.ids(), [])
        self.check_goes_on()

    # --- permissions: as another user ---

    def give_away(self, *modes):
        """The directory belongs to nobody; (path, mode) for what is in it."""
        if os.getuid() != 0:
            self.skipTest("only root can become another user")
        os.chmod(self.directory, 0o755)
        for root, _, names in os.walk(self.directory):
            os.chown(root, NOBODY, NOBODY)
            for name in names:
                os.chown(os.path.join(root, name), NOBODY, NOBODY)
        for path, mode in modes:
            os.chmod(path, mode)

    def test_a_read_only_file(self):
        self.filled()
        self.give_away((self.store, 0o400), (self.conf, 0o444))
        before = self.read()
        run = self.sync(expect=IO, become=NOBODY)
        self.assertRegex(run.err, "store %s: .*(permissions|read-only)" % self.store)
        self.assertEqual(self.read(), before)
        os.chmod(self.store, 0o600)
        self.sync(become=NOBODY)
        self.give_away()
        self.check_goes_on()

    def test_a_read_only_directory(self):
        self.give_away((self.conf, 0o444), (self.program(become=NOBODY), 0o755), (self.directory, 0o555))
        run = self.sync(expect=CANTCREAT, become=NOBODY)
        self.assertRegex(run.err, "store %s.*: it cannot be (opened|made): .*permissions" % self.store)
        os.chmod(self.directory, 0o755)
        self.sync_silently(become=NOBODY)

    def test_one_that_others_own(self):
        self.filled()
        self.give_away((self.conf, 0o444))
        os.chown(self.store, 0, 0)
        os.chmod(self.store, 0o600)
        run = self.sync(expect=None, become=NOBODY)
        self.assertIn(run.status, (CANTCREAT, IO))
        self.assertRegex(run.err, "store %s: .*permissions and the user" % self.store)

    # --- a full disk ---

    def test_a_file_size_limit_loses_nothing(self):
        self.filled()
        big = "x" * 4000
        for number in self.olds:
            self.mock.update(number, description=big)
        self.mock.create(*({"title": "More", "description": big} for _ in range(100)))
        self.mock.config(max_limit=10)
        run = self.sync(expect=IO, limits={resource.RLIMIT_FSIZE: 200 * 1024})
        self.assertRegex(run.err, "store %s: .*: a file may not grow that large; raise the limit \\(ulimit -f\\) and run again" % self.store)
        self.assertEqual(self.sql("PRAGMA integrity_check"), [("ok",)])
        self.sync()
        self.assertEqual(len(self.ids("--type", "workorder.created")), 100)
        self.assertNothingDoubled()
        self.assertSnapshotsAreTrue()

    def test_a_full_disk_loses_nothing(self):
        if os.getuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
            self.skipTest("only root can mount a small disk, in a name space of its own")
        self.mock.create_old(30)
        disk = self.path("disk")
        os.mkdir(disk)
        self.store = os.path.join(disk, "wosync.db")
        self.configure()
        script = self.write("full.sh", r'''
            set -u
            mount -t tmpfs -o size=1280k none "$DISK" || exit 99
            "$WOSYNC" -c "$CONF" sync || exit 1
            curl() { python3 -c 'import sys, urllib.request as u; u.urlopen(sys.argv[1], sys.argv[2].encode()).read()' "$@"; }
            curl "$MOCK/mock/workorders" "$CHANGE" || exit 2
            dd if=/dev/zero of="$DISK/filler" bs=1k 2>/dev/null
            "$WOSYNC" -c "$CONF" sync 2> "$DIR/full.err"; echo $? > "$DIR/full.status"
            # with room to begin, but not to end
            truncate -s -80k "$DISK/filler"
            "$WOSYNC" -c "$CONF" sync 2> "$DIR/tight.err"; echo $? > "$DIR/tight.status"
            rm "$DISK/filler"
            "$WOSYNC" -c "$CONF" sync > "$DIR/after.out" 2> "$DIR/after.err"; echo $? > "$DIR/after.status"
            "$WOSYNC" -c "$CONF" events list --json > "$DIR/events"
            cp "$DISK"/wosync.db* "$DIR"
        ''')
        change = '{"update": [%s]}' % ", ".join('{"id": %d, "title": "%s"}' % (n, "y" * 3000) for n in range(100000, 100036))
        done = subprocess.run(["unshare", "-m", "--propagation", "private", "sh", script], timeout=LIMIT,
                              capture_output=True, text=True, env=dict(
                                  self.env, DISK=disk, WOSYNC=WOSYNC, CONF=self.conf, DIR=self.directory, CHANGE=change,
                                  MOCK="http://127.0.0.1:%d" % self.mock.port))
        if done.returncode == 99:
            self.skipTest("a tmpfs cannot be mounted here")
        self.assertEqual(done.returncode, 0, done)

        def text(name):
            return self.read(self.path(name)).decode()
        self.assertEqual(text("tight.status").strip(), str(IO), text("tight.err"))
        self.assertRegex(text("tight.err"), "store .*the disk is full; free some space and run again, nothing is lost")
        self.assertEqual(text("full.status").strip(), str(IO), text("full.err"))
        self.assertRegex(text("full.err"), "store .*full")
        self.assertEqual(text("after.status").strip(), "0", text("after.err"))
        self.assertEqual(len(text("events").splitlines()), 36)
        self.store = self.path("wosync.db")
        self.assertSnapshotsAreTrue()
        self.assertNotIn(TOKEN, text("full.err"))

    def test_stdout_on_a_full_disk_is_an_error_and_nothing_is_lost(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full")
        self.filled()
        with open("/dev/full", "w") as full:
            run = self.sync(expect=None, stdout=full)
            self.assertIn(run.status, (DONE, IO))  # deliveries that wait to be tried again are no error
            self.wosync("events", "list", expect=IO, message="stdout: ", stdout=full)
            self.wosync("status", expect=IO, message="stdout: ", stdout=full)
            self.wosync("--help", expect=IO, message="stdout: ", stdout=full)
            self.wosync("backfill", "--since", "1d", "--plan", expect=IO, message="stdout: ", stdout=full)
        self.assertEqual(len(self.ids("--state", "pending")), 3)
        self.sql("UPDATE deliveries SET due_ms = 0")
        run = self.sync()
        self.assertEqual(len(run.out.splitlines()), 3, run)
        self.assertEqual(len(self.ids("--state", "done")), 3)


class DryRun(Case):
    def setUp(self):
        super().setUp()
        self.olds = self.mock.create_old(8)

    def files(self):
        found = {}
        for root, _, names in os.walk(self.directory):
            for name in names:
                with open(os.path.join(root, name), "rb") as f:
                    found[os.path.join(root, name)] = f.read()
        return found

    def test_it_tells_what_would_be_told_and_changes_no_byte(self):
        self.sync_silently()
        self.mock.config(max_limit=2)
        for number in self.olds:
            self.mock.update(number, status="DONE")
        made = self.mock.create({"title": "New"})[0]["id"]
        before = self.files()
        run = self.sync("--dry-run")
        self.assertEqual(self.files(), before)
        lines = run.out.splitlines()
        self.assertEqual(lines[-1], "25 events would be emitted; nothing was changed")
        self.assertEqual(len(lines), 26)
        self.assertEqual(sum("workorder.completed" in line for line in lines), 8)
        self.assertRegex(lines[-2], "workorder.created  #%d" % made)
        self.assertEqual(self.files(), before)
        self.sync()
        self.assertEqual(len(self.ids()), 25)

    def test_where_there_is_no_store_none_is_made(self):
        before = self.files()
        run = self.sync("--dry-run")
        self.assertEqual(run.out, "0 events would be emitted; nothing was changed\n")
        self.assertEqual(self.files(), before)

    def test_nothing_is_delivered(self):
        self.configure("[handler sink]\ntype = http\nurl = %s\n" % self.mock.sink_url("dry"))
        self.sync()
        self.mock.update(self.olds[0], status="DONE")
        self.sync("--dry-run")
        self.assertEqual(self.mock.sink("dry"), [])
        self.sync("--no-dispatch")
        self.assertEqual(self.mock.sink("dry"), [])
        self.sync("--dry-run")
        self.assertEqual(self.mock.sink("dry"), [])

    def test_one_on_two_pages_is_told_once(self):
        self.sync_silently()
        for number in self.olds:
            self.mock.update(number, title="Changed")
        self.mock.config(max_limit=2)
        self.mock.fault("duplicate", times=-1)
        run = self.sync("--dry-run")
        self.assertRegex(run.out, "(?m)^8 events would be emitted")

    def test_one_that_fails_does_not_say_how_many(self):
        self.sync_silently()
        self.mock.update(self.olds[0], title="Changed")
        self.configure(api="give_up = 0")
        self.mock.config(max_limit=1)
        self.mock.fault("status", status=503, skip=1, times=-1)
        run = self.sync("--dry-run", expect=UNAVAILABLE, message="api: work orders: 503")
        self.assertNotIn("would be told", run.out)

    def test_it_does_not_take_up_or_spoil_an_unfinished_pass(self):
        self.mock.config(max_limit=2, page_delay_ms=40)
        self.sync_some_pages()
        before = self.files()
        self.mock.config(page_delay_ms=0)
        self.sync("--dry-run")
        self.assertEqual(self.files(), before)
        self.sync_silently()
        self.assertSnapshotsAreTrue()

    def test_bad_records_are_not_put_away(self):
        self.sync_silently()
        self.mock.create({"_raw": '{"id": 700}'})
        before = self.files()
        self.sync("--dry-run", expect=None)
        self.assertEqual(self.files(), before)
        self.assertEqual(self.sync(expect=65).status, 65)


