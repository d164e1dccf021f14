"""A store of which one table cannot be read any more, and one that can be read but not written: every command that needs it says
so, and none acts on the half that is left."""
import contextlib
import json
import os
import resource
import shutil
import sqlite3

from harness import IO, UNAVAILABLE
from webhooks import Webhooks, signed

URL = "https://plant.example.com/wosync"
CORRUPT = "corrupt or no wosync store, or its disk fails: check the disk, then put back a backup"


class Damage(Webhooks):
    """A store with something in every table."""

    def setUp(self):
        super().setUp()
        self.configure("[handler sink]\ntype = http\nurl = %s\n" % self.mock.sink_url("s"), api="give_up = 0")
        self.one, self.two, self.three = self.mock.create_old(3)
        self.sync()
        self.mock.sink_fault("s", "status", status=400)
        self.mock.update(self.one, title="Changed")
        self.sync(expect=UNAVAILABLE)
        self.wosync("webhooks", "register", "--url", URL, "--event", "workorder.created")
        self.mock.fault("status", status=503)
        self.send({"type": "WORK_ORDER_CHANGE", "workOrderId": self.two})
        self.dead = self.ids("--state", "dead")[0]
        self.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        self.whole = self.path("whole.db")
        shutil.copy(self.store, self.whole)
        self.mock.reset_log()

    def put_back(self):
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.store + suffix)
        shutil.copy(self.whole, self.store)

    def spoil(self, table, column="tbl_name"):
        """Overwrites the roots of a table and its indexes (`name`: of one alone), as a disk may."""
        self.put_back()
        size = self.sql("PRAGMA page_size")[0][0]
        roots = self.sql("SELECT rootpage FROM sqlite_schema WHERE %s = ? AND rootpage > 0" % column, table)
        self.assertNotEqual(roots, [])
        with open(self.store, "r+b") as f:
            for (root,) in roots:
                f.seek((root - 1) * size)
                f.write(b"\xa5" * size)

    def refuse(self, tables, *arguments):
        for table in tables.split():
            with self.subTest(table=table, arguments=arguments):
                self.spoil(table)
                run = self.wosync(*arguments, expect=IO, message="store %s: .*%s" % (self.store, CORRUPT))
                yield run
                self.assertEqual(len(run.err.splitlines()), 1, run)
                self.assertEqual(self.mock.requests(), [], "it asked, though it could not keep the answer")

    def test_status(self):
        tables = ("account passes deletion_candidates lateness refetches webhook_stats subscriptions webhook_gaps snapshots documents counters quarantine handlers "
                  "deliveries runs")
        for run in self.refuse(tables, "status"):
            self.assertEqual(run.out, "")
        for run in self.refuse(tables, "status", "--json"):
            status = json.loads(run.out)
            if "runs" in status:  # what comes last is read last
                self.assertEqual(status["runs"], [])
            else:
                self.assertEqual((status["ok"], len(status["problems"])), (False, 1), status)
        self.spoil("quarantine", "name")  # it can be counted, but not shown
        self.assertEqual(self.wosync("status", expect=IO, message="quarantine_last: .*" + CORRUPT).out, "")
        self.put_back()
        self.sql("UPDATE webhook_stats SET api = NULL, first_ms = NULL, refused = 0")
        shutil.copy(self.store, self.whole)
        for run in self.refuse("lateness", "status"):
            self.assertEqual(run.out, "")

    def test_fallback_does_not_poll_for_want_of_figures(self):
        for run in self.refuse("account passes subscriptions webhook_stats refetches", "sync", "--fallback", "--no-dispatch"):
            self.assertEqual(run.out, "")

    def test_backfill(self):
        for run in self.refuse("passes snapshots rate_limit", "backfill", "--since", "30d", "--no-dispatch"):
            self.assertEqual(run.out, "")
        for run in self.refuse("passes snapshots rate_limit", "backfill", "--since", "30d", "--plan"):
            self.assertEqual(run.out, "")

    def test_reconcile(self):
        for run in self.refuse("passes snapshots rate_limit", "reconcile", "--no-dispatch"):
            self.assertEqual(run.out, "")

    def test_webhooks(self):
        for command in (("register", "--url", URL + "/new"), ("show", "901"), ("delete", "901"), ("secret", "901")):
            for run in self.refuse("webhook_stats", "webhooks", *command):
                self.assertEqual(run.out, "")
        for command in (("register", "--url", URL + "/new"), ("list",)):
            for run in self.refuse("subscriptions", "webhooks", *command):
                self.assertEqual(run.out, "")

    def test_events(self):
        for run in self.refuse("events", "events", "list"):
            self.assertEqual(run.out, "")
        for command in (("retry",), ("discard", self.dead), ("replay", "--handler", "sink", "--since", "30d")):
            for run in self.refuse("deliveries", "events", *command):
                self.assertEqual(run.out, "")

    def test_receive(self):
        body = json.dumps(self.public(self.one)).encode()
        for table in ("subscriptions", "webhook_inbox", "refetches"):
            with self.subTest(table):
                self.spoil(table)
                answer = self.cgi(body, signed(body))
                self.assertEqual((answer.status, answer.json), (500, {"error": "try again"}), str(answer))
                self.assertRegex(answer.run.err, CORRUPT)

    def test_receive_stores_what_it_cannot_deliver(self):
        self.mock.update(self.one, title="Changed again")
        body = json.dumps(self.public(self.one)).encode()
        self.spoil("handlers")
        answer = self.cgi(body, signed(body))
        self.assertEqual(answer.json, {"status": "ok"})
        self.assertEqual(self.sql("SELECT count(*) FROM webhook_inbox"), [(2,)])
        ((kind, status, message),) = self.sql("SELECT kind, exit_status, message FROM runs ORDER BY id DESC LIMIT 1")
        self.assertEqual((kind, status), ("receive", IO))
        self.assertRegex(message, CORRUPT)

    def test_dispatch(self):
        for run in self.refuse("handlers deliveries", "dispatch"):
            self.assertEqual(run.out, "")
        self.spoil("runs")
        self.wosync("dispatch", expect=IO, message=CORRUPT)
        self.assertEqual(len(self.mock.sink("s")), 1)

    # --- what can be read but not written ---

    @contextlib.contextmanager
    def cramped(self):
        """While this lasts, a wosync under the limits that it gives can read the store, but each write fails as on a full disk:
        the log has grown to as much as a file may have."""
        with contextlib.closing(sqlite3.connect(self.store, isolation_level=None)) as db:
            db.execute("PRAGMA wal_autocheckpoint = 0")
            db.execute("CREATE TABLE filler (bytes)")
            db.execute("INSERT INTO filler VALUES (zeroblob(200000))")
            db.execute("DROP TABLE filler")
            yield {"limits": {resource.RLIMIT_FSIZE: 100000}}

    FULL = "store .*: (the disk is full|a file may not grow that large|.*check the disk)"

    def test_a_registration_that_cannot_be_kept(self):
        with self.cramped() as how:
            run = self.wosync("webhooks", "register", "--url", URL + "/new", expect=IO, message=self.FULL, **how)
            self.assertEqual(run.out, "")
            self.assertEqual(self.mock.requests(), [], "it registered, though it could not keep the answer")
        self.assertEqual(self.sql("SELECT count(*) FROM subscriptions"), [(1,)])

    def test_deliveries_that_cannot_be_changed(self):
        before = self.dump()
        with self.cramped() as how:
            for command in (("retry",), ("discard", self.dead), ("replay", "--handler", "sink", "--since", "30d")):
                run = self.wosync("events", *command, expect=IO, message=self.FULL, **how)
                self.assertEqual(run.out, "")
            self.wosync("dispatch", expect=IO, message=self.FULL, **how)
        self.assertEqual(self.dump(), before)
        self.assertEqual(self.wosync("events", "retry").out, "1 delivery queued again; the next sync or dispatch delivers\n")
