"""What is kept of the runs: their rows, how late changes were, and what retention removes and what it never does."""
import hashlib
import re
import signal
import time

from harness import CONFIG, Case, DATA, NOPERM, TRY_LATER, UNAVAILABLE, ago, iso, moment_of

DAY_MS = 86400000
FIELDS = {"run", "kind", "began", "ended", "since", "until", "requests", "pages", "bytes", "records", "quarantined", "events",
          "healed", "delivered", "dead", "exitStatus", "message"}
TYPES = {"workorder.created", "workorder.status_changed", "workorder.completed", "workorder.updated", "workorder.deleted"}


class Runs(Case):
    def runs(self):
        return self.status()["runs"]

    def last(self):
        run = self.runs()[0]
        self.assertTrue(set(run) <= FIELDS, set(run) - FIELDS)
        self.assertEqual(set(run["events"]), TYPES)
        return run

    def check(self, run, **expected):
        for name, value in expected.items():
            self.assertEqual(run.get(name), value, name)

    def told(self, run):
        return {kind.partition(".")[2]: number for kind, number in run["events"].items() if number}


class Record(Runs):
    def test_of_a_sync(self):
        before = time.time()
        self.mock.create_old(5)
        self.sync()
        run = self.last()
        self.check(run, kind="sync", since=None, pages=1, records=5, quarantined=0, healed=0, exitStatus=0, message=None,
                   delivered=0, dead=0, requests=self.mock.state()["requests"])
        self.assertGreater(run["bytes"], 100)
        self.assertTrue(before - 0.01 <= moment_of(run["began"]) <= moment_of(run["ended"]) <= time.time() + 0.01)
        self.assertEqual(self.told(run), {})
        self.mock.create({"title": "New", "status": "DONE"})
        self.mock.update(100000, status="IN_PROGRESS")
        self.mock.reset_log()
        self.sync()
        run = self.last()
        self.assertEqual(self.told(run), {"created": 1, "completed": 1, "status_changed": 1, "updated": 1})
        self.check(run, since=self.mock.pages()[0]["updatedAt[gte]"], delivered=4, requests=1, records=self.last()["records"])
        self.assertEqual([r["run"] for r in self.runs()], [2, 1])

    def test_of_a_backfill(self):
        self.mock.create_old(4)
        self.wosync("backfill", "--since", "2026-01-01", "--until", iso(time.time() - 1))
        run = self.last()
        self.check(run, kind="backfill", since="2026-01-01T00:00:00.000Z", pages=1, records=4, exitStatus=0)
        self.assertLess(abs(moment_of(run["until"]) - time.time()), 60)
        self.assertEqual(self.told(run), {"created": 4})

    def test_of_a_reconcile(self):
        olds = self.mock.create_old(4)
        self.sync()
        self.mock.change(delete=olds[:1])
        self.wosync("reconcile")
        self.wosync("reconcile")
        run = self.last()
        self.check(run, kind="reconcile", since=None, until=None, pages=1, records=3, requests=2, exitStatus=0, healed=0)
        self.assertEqual(self.told(run), {"deleted": 1})

    def test_of_a_dispatch(self):
        self.configure("[handler sink]\ntype = http\nurl = %s\n" % self.mock.sink_url("r"))
        self.sync()
        self.mock.create({"title": "A"}, {"title": "B"})
        self.sync("--no-dispatch")
        self.check(self.last(), kind="sync", delivered=0)
        self.wosync("dispatch")
        self.check(self.last(), kind="dispatch", delivered=2, dead=0, requests=0, pages=0, exitStatus=0)
        self.mock.create({"title": "C"})
        self.sync("--no-dispatch")
        self.mock.sink_fault("r", "status", status=400)
        self.wosync("dispatch", expect=UNAVAILABLE)
        self.check(self.last(), kind="dispatch", delivered=0, dead=1, exitStatus=UNAVAILABLE)

    def test_of_one_that_failed(self):
        self.mock.config(token="another")
        run = self.sync(expect=NOPERM)
        row = self.last()
        self.check(row, kind="sync", exitStatus=NOPERM, records=0)
        self.assertIn(row["message"], run.err)
        self.assertIn(row["message"], self.wosync("status").out)

    def test_of_one_with_bad_records(self):
        self.mock.create({"title": "Good"}, {"title": "Bad", "_raw": '{"id": 100001, "title": 5}'})
        self.sync(expect=DATA)
        self.check(self.last(), quarantined=1, records=2, exitStatus=DATA)

    def test_of_one_that_was_stopped(self):
        self.mock.create_old(20)
        self.mock.config(max_limit=2, page_delay_ms=20)
        running = self.start("sync")
        self.wait_for(lambda: self.mock.state()["list_requests"] >= 5, "pages")
        running.signal(signal.SIGTERM)
        self.assertEqual(running.wait().status, TRY_LATER)
        run = self.last()
        self.check(run, exitStatus=TRY_LATER, records=2 * run["pages"])
        self.assertRegex(run["message"], "stopped by a signal")

    def test_of_one_that_was_killed(self):
        self.mock.create_old(20)
        self.mock.config(max_limit=2, page_delay_ms=20)
        running = self.start("reconcile")
        self.wait_for(lambda: self.mock.state()["list_requests"] >= 6, "pages")
        running.signal(signal.SIGKILL)
        running.wait()
        run = self.last()
        self.check(run, kind="reconcile", ended=None, exitStatus=None)
        self.assertGreaterEqual(run["pages"], 3)
        self.assertEqual(run["records"], 2 * run["pages"])
        self.assertRegex(self.wosync("status").out, "(?m)reconcile .*killed, or still at work$")

    def test_a_dry_run_a_plan_and_a_mistake_leave_none(self):
        self.sync()
        self.sync("--dry-run")
        self.wosync("backfill", "--since", "5d", "--plan")
        self.wosync("backfill", expect=64)
        self.configure(sync="nonsense = 1")
        self.sync(expect=CONFIG)
        self.configure()
        self.assertEqual(len(self.runs()), 1)

    def test_status_shows_the_last_five_and_its_json_all(self):
        for _ in range(8):
            self.sync()
        self.assertEqual([r["run"] for r in self.runs()], list(range(8, 0, -1)))
        lines = re.findall(r"(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d +sync .*$", self.wosync("status").out)
        self.assertEqual(len(lines), 5)

    def test_the_view_shows_the_same(self):
        self.mock.create_old(3)
        self.sync()
        row = self.sql("SELECT kind, records, pages, exit_status, began_at FROM run_log")[0]
        run = self.last()
        self.assertEqual(row, ("sync", 3, 1, 0, run["began"]))


class Retention(Runs):
    def configure_sink(self):
        self.configure("[handler sink]\ntype = http\nurl = %s\n" % self.mock.sink_url("keep"), store="keep = 30d")

    def age(self, days):
        """Everything that was stored so far becomes so much older."""
        ms = days * DAY_MS
        self.sql("UPDATE events SET observed_ms = observed_ms - ?", ms)
        self.sql("UPDATE runs SET began_ms = began_ms - ?, ended_ms = ended_ms - ?", ms, ms)
        self.sql("UPDATE deliveries SET changed_ms = changed_ms - ?", ms)
        self.sql("UPDATE delivery_history SET changed_ms = changed_ms - ?", ms)

    def setUp(self):
        super().setUp()
        self.configure_sink()
        self.sync()
        self.made = [wo["id"] for wo in self.mock.create(*({"title": "N %d" % i} for i in range(5)))]

    def states(self):
        return sorted(row[0] for row in self.sql("SELECT state FROM delivery_log"))

    def test_what_is_done_and_old_goes(self):
        self.sync()
        self.assertEqual(self.states(), ["done"] * 5)
        ids = set(self.ids())
        self.age(31)
        self.sync_silently()
        self.assertEqual(self.ids(), [])
        self.assertEqual(self.states(), [])
        self.assertEqual({row[0] for row in self.sql("SELECT hash FROM emitted_ids")}, {hashlib.sha256(name.encode()).digest()[:16] for name in ids})
        self.assertEqual(len(self.runs()), 1)
        self.assertEqual(len(self.snapshots()), 5)

    def test_what_is_younger_stays(self):
        self.sync()
        self.age(29)
        self.sync_silently()
        self.assertEqual(len(self.ids()), 5)
        self.assertEqual(len(self.runs()), 3)
        self.assertEqual(self.sql("SELECT * FROM emitted_ids"), [])

    def test_without_keep_it_is_ninety_days(self):
        self.configure("[handler sink]\ntype = http\nurl = %s\n" % self.mock.sink_url("keep"))
        self.sync()
        self.age(89)
        self.sync_silently()
        self.assertEqual(len(self.ids()), 5)
        self.age(2)
        self.sync_silently()
        self.assertEqual(self.ids(), [])

    def test_what_was_told_is_not_told_again(self):
        self.sync()
        self.mock.update(self.made[0], status="DONE")
        self.sync()
        before = len(self.mock.sink("keep"))
        self.age(31)
        self.sync_silently()
        self.assertEqual(self.ids(), [])
        run = self.wosync("backfill", "--since", "1d")
        self.assertRegex(run.out, " 0 events")
        self.wosync("reconcile")
        self.sync_silently()
        self.assertEqual(self.ids(), [])
        self.assertEqual(len(self.mock.sink("keep")), before)

    def test_what_is_pending_or_dead_stays(self):
        self.mock.sink_fault("keep", "status", status=400)
        self.mock.sink_fault("keep", "status", status=503)
        self.sync(expect=UNAVAILABLE)
        self.assertEqual(self.states(), ["dead", "done", "done", "done", "pending"])
        kept = self.sql("SELECT d.event_seq, e.body FROM deliveries d JOIN events e ON e.seq = d.event_seq ORDER BY event_seq")
        self.age(31)
        self.sql("UPDATE deliveries SET due_ms = due_ms + ? WHERE state = 'pending'", DAY_MS)
        self.sync()
        self.assertEqual(self.states(), ["dead", "pending"])
        self.assertEqual(self.sql("SELECT seq, body FROM events ORDER BY seq"), kept)
        self.assertEqual(len(self.sql("SELECT * FROM emitted_ids")), 3)
        self.wosync("events", "retry")
        self.sql("UPDATE deliveries SET due_ms = 0")
        self.sync()
        self.sync()
        self.assertEqual(self.ids(), [])
        self.assertEqual(len({r["body"] for r in self.mock.sink("keep")}), 5)

    def test_what_one_of_two_handlers_still_wants_stays_for_it(self):
        self.configure("[handler sink]\ntype = http\nurl = %s\n[handler other]\ntype = http\nurl = %s\n" % (
            self.mock.sink_url("keep"), self.mock.sink_url("other")), store="keep = 30d")
        self.sync()
        self.mock.create({"title": "For both"})
        self.mock.sink_fault("other", "status", status=503)
        self.sync()
        self.age(31)
        self.sql("UPDATE deliveries SET due_ms = due_ms + ? WHERE state = 'pending'", DAY_MS)
        self.sync()
        self.assertEqual(len(self.ids()), 1)

    def test_what_no_handler_has_taken_stays(self):
        self.sync("--no-dispatch")
        self.age(31)
        self.sync("--no-dispatch")
        self.assertEqual(len(self.ids()), 5)
        self.sync()
        self.assertEqual(len(self.mock.sink("keep")), 5)

    def test_a_run_that_failed_removes_it_too(self):
        """A fault that lasts must not let the store grow."""
        self.sync()
        self.age(31)
        self.mock.fault("status", status=403)
        self.sync(expect=NOPERM)
        self.assertEqual(self.ids(), [])
        self.assertEqual(self.states(), [])

    def test_a_run_that_its_deadline_ended_removes_it_too(self):
        self.sync()
        self.age(31)
        self.mock.config(max_limit=1, page_delay_ms=50)
        self.sync_some_pages()
        self.assertEqual(self.ids(), [])

    def test_of_many_some_go_in_each_run(self):
        self.sync()
        self.sql("""WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
                    INSERT INTO runs (kind, began_ms, ended_ms, exit_status) SELECT 'sync', 1000 * i, 1000 * i + 1, 0 FROM n""")
        self.age(31)
        for _ in range(5):
            self.sync_silently()
        self.assertLessEqual(len(self.runs()), 5)
        self.assertEqual(self.ids(), [])

    def test_status_json_lists_more_than_it_shows(self):
        self.sql("""WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
                    INSERT INTO runs (kind, began_ms, ended_ms, exit_status) SELECT 'sync', 1000 * i, 1000 * i + 1, 0 FROM n""")
        self.assertEqual(len(self.runs()), 301)


class Lateness(Runs):
    def lateness(self):
        return self.status()["lateness"]

    def test_the_first_pass_says_nothing_of_it(self):
        self.mock.create_old(5)
        self.sync()
        self.assertEqual(self.lateness()["count"], 0)
        self.assertNotIn("lateness", self.wosync("status").out)

    def test_what_a_poll_sees_first_is_counted_once(self):
        self.mock.create_old(3)
        self.sync()
        self.mock.update(100000, title="Changed")
        self.mock.create({"title": "New"})
        self.sync()
        self.assertEqual(self.lateness()["count"], 2)
        self.sync()
        self.sync()
        self.assertEqual(self.lateness()["count"], 2)

    def test_a_backfill_and_a_sweep_count_nothing(self):
        self.mock.create_old(3)
        self.sync()
        self.mock.update(100000, title="Changed", updatedAt=ago(100))
        self.wosync("backfill", "--since", "30d")
        self.wosync("reconcile")
        self.assertEqual(self.lateness()["count"], 0)

    def test_a_change_that_was_there_at_the_last_poll_called_for_a_lookback(self):
        self.mock.create_old(3)
        self.sync()
        started = moment_of(self.status()["passStarted"])
        self.mock.update(100001, title="Late", updatedAt=iso(started - 100))
        self.sync()
        late = self.lateness()
        self.assertEqual(late["lookbackNeededMs"], 100000)
        self.assertGreaterEqual(late["largestMs"], 100000)
        out = self.wosync("status").out
        self.assertRegex(out, r"the latest one needed a lookback of 1m 40s; lookback is 10m\n")
        self.assertNotIn("raise lookback", out)

    def test_status_says_plainly_that_lookback_is_too_short(self):
        """Seen only because the watermark lay far behind: the configured lookback would have missed it."""
        self.configure(sync="lookback = 10s")
        self.mock.create_old(3)
        self.sync()
        self.mock.update(100001, title="Late", updatedAt=iso(moment_of(self.status()["passStarted"]) - 100))
        self.sync()
        self.assertRegex(self.wosync("status").out,
                         r"the latest one needed a lookback of 1m 40s; lookback is 10s, a late window sees it within 1h")
        self.configure(sync="lookback = 10s\nlate_windows =")
        self.assertRegex(self.wosync("status").out,
                         r"needed a lookback of 1m 40s: no late window would have seen it, only a sweep \(every 7d\); widen late_windows")

    def test_without_late_ones_it_says_that_none_was_needed(self):
        self.mock.create_old(3)
        self.sync()
        time.sleep(1.1)  # the Date header has whole seconds
        self.mock.update(100001, title="In time")
        self.sync()
        self.assertEqual(self.lateness()["lookbackNeededMs"], 0)
        self.assertRegex(self.wosync("status").out,
                         "every change was visible to the first poll after it: no lookback was needed, it is 10m")

    def test_half_and_99_percent_and_the_largest(self):
        self.mock.create_old(200)
        self.sync()
        self.mock.change(update=[{"id": 100000 + i, "title": "Changed"} for i in range(120)])
        self.mock.change(update=[{"id": 100120 + i, "title": "Late", "updatedAt": ago(60)} for i in range(40)])
        self.mock.update(100199, title="Very late", updatedAt=ago(250))
        self.sync()
        late = self.lateness()
        self.assertEqual(late["count"], 161)
        self.assertLess(late["p50Ms"], 60000)
        self.assertGreaterEqual(late["p99Ms"], 60000)
        self.assertLess(late["p99Ms"], 250000)
        self.assertGreaterEqual(late["largestMs"], 250000)
        self.assertLess(late["largestMs"], 300000)
        self.assertRegex(self.wosync("status").out, r"lateness +half of the changes were seen within [\w ]+, 99 % within [\w ]+, "
                                                    r"the last after 4m \d+s")

    def test_the_figures_do_not_contradict_each_other(self):
        """99 % cannot have been seen later than the last of them."""
        self.mock.create_old(1)
        self.sync()
        self.mock.update(100000, title="Late", updatedAt=ago(210))
        self.sync()
        late = self.lateness()
        self.assertLessEqual(late["p50Ms"], late["p99Ms"])
        self.assertLessEqual(late["p99Ms"], late["largestMs"])
