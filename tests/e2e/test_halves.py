"""The two halves of sync, the locks of each kind of work, and what runs that work side by side must not do to each other.

A half is kept at work by a request that hangs until the run is ended; nothing here waits for a clock.
"""
import http.server
import json
import os
import re
import signal
import threading
import time
import urllib.parse

from harness import Case, DONE, TRY_LATER, UNAVAILABLE, ago, iso, long

OLD = ago(20 * 86400)


class Halves(Case):
    def setUp(self):
        super().setUp()
        self.olds = self.mock.create_old(4)
        self.handlers()
        self.sync_silently()

    def handlers(self, **more):
        self.configure("[handler sink]\ntype = http\nurl = %s\n" % self.mock.sink_url("s"), **more)

    def delivered(self):
        return [r["headers"]["webhook-id"] for r in self.mock.sink("s")]

    def owe(self):
        """An event that waits to be delivered. Returns its id."""
        at = self.mock.update(self.olds[0], title="Owed")
        self.sync_silently("--no-dispatch")
        return "workorder.updated/%d/%s" % (self.olds[0], at)

    def reading(self, *command):
        """A run whose request for the list hangs."""
        self.mock.reset_log()
        self.mock.fault("hang", times=1)
        running = self.start(*(command or ("sync", "--no-dispatch")))
        self.wait_for(lambda: self.mock.state()["max_concurrent"] >= 1, "the request")
        return running

    def delivering(self):
        """A run whose delivery hangs."""
        self.mock.sink_fault("s", "hang", times=1)
        running = self.start("dispatch")
        self.wait_for(lambda: self.mock.sink("s"), "the delivery")
        return running

    def end(self, running, status=TRY_LATER):
        self.assertTrue(running.is_alive())
        running.signal(signal.SIGTERM)
        self.assertEqual(running.wait().status, status)


class SideBySide(Halves):
    def test_beside_a_poll_it_delivers(self):
        owed = self.owe()
        first = self.reading("sync")
        self.sync_silently()
        self.assertEqual(self.delivered(), [owed])
        self.assertEqual(self.mock.state()["list_requests"], 1)  # the first one's
        self.end(first)

    def test_beside_a_run_that_delivers_it_polls(self):
        self.owe()
        first = self.delivering()
        self.mock.reset_log()
        at = self.mock.update(self.olds[1], title="Polled")
        self.sync_silently()
        self.assertEqual(self.ids()[-1], "workorder.updated/%d/%s" % (self.olds[1], at))
        self.assertEqual(len(self.mock.pages()), 1)
        self.end(first)

    def test_beside_both_it_can_do_nothing(self):
        self.owe()
        reads, delivers = self.reading(), self.delivering()
        self.assertSilent(self.sync(expect=TRY_LATER))  # cron need not mail that
        run = self.wosync("-v", "sync", expect=TRY_LATER)
        self.assertRegex(run.err, r"sync: another run reads the list \(process %d\); this run leaves it the work" % reads.pid)
        run = self.wosync("-v", "dispatch", expect=TRY_LATER)
        self.assertRegex(run.err, r"dispatch: another run delivers \(process %d\)" % delivers.pid)
        self.end(reads)
        self.end(delivers)

    def test_beside_a_backfill_and_a_sweep_it_does_both(self):
        for command in (("backfill", "--since", OLD), ("reconcile",)):
            with self.subTest(command=command[0]):
                owed = self.owe()
                first = self.reading(*command)
                at = self.mock.update(self.olds[2], title="During %s" % command[0])
                self.sync_silently()
                self.assertIn(owed, self.delivered())
                self.assertIn("workorder.updated/%d/%s" % (self.olds[2], at), self.delivered())
                self.end(first)

    def test_a_backfill_and_a_sweep_beside_a_poll(self):
        first = self.reading()
        self.wosync("backfill", "--since", OLD)
        self.wosync("reconcile")
        self.end(first)

    def test_a_second_of_the_same_kind_says_so(self):
        """The crontab's sweep that is skipped is worth a mail."""
        for command, words in ((("reconcile",), "reconcile: another sweep is at work"),
                               (("backfill", "--since", OLD), "backfill: another backfill is at work")):
            with self.subTest(command=command[0]):
                first = self.reading(*command)
                run = self.wosync(*command, expect=TRY_LATER)
                self.assertRegex(run.err, r"^wosync: %s \(process %d\); .*--wait" % (words, first.pid))
                self.assertEqual(len(run.err.splitlines()), 1)
                self.end(first)

    def test_a_run_that_delivers_keeps_no_backfill_from_ending_well(self):
        self.owe()
        first = self.delivering()
        self.wosync("backfill", "--since", OLD)
        self.wosync("reconcile")
        self.end(first)

    def test_a_run_that_did_nothing_leaves_no_record(self):
        with self.holding("poll", "deliver"):
            before = self.status()["runs"]
            self.sync(expect=TRY_LATER)
            self.assertEqual(self.status()["runs"], before)


class OneStore(Halves):
    """The lock belongs to the store, not to its name, and to no file beside it."""

    def test_through_a_symbolic_link(self):
        os.symlink(self.store, self.path("link.db"))
        os.symlink(self.directory, self.path("directory"))
        self.owe()
        reads, delivers = self.reading(), self.delivering()
        for name in ("link.db", "directory/wosync.db", "./wosync.db"):
            with self.subTest(name):
                self.sync(expect=TRY_LATER, env={"WOSYNC_DB": self.path(name)})
        self.end(reads)
        self.end(delivers)
        self.sync_silently(env={"WOSYNC_DB": self.path("link.db")})

    def test_nothing_lies_beside_it(self):
        first = self.reading()
        beside = {name for name in os.listdir(self.directory) if name.startswith("wosync.db")}
        self.assertEqual(beside, {"wosync.db", "wosync.db-wal", "wosync.db-shm"})
        self.end(first)

    def test_two_that_would_make_it(self):
        """Of different kinds, they get the same store ready at the same time."""
        self.store = self.path("new.db")
        self.handlers()
        runs = [self.start(*command) for command in (("sync",), ("dispatch",), ("reconcile",), ("backfill", "--since", OLD)) * 2]
        for run in runs:
            self.assertIn(run.wait().status, (DONE, TRY_LATER))
        self.assertEqual(self.sql("SELECT count(*) FROM account"), [(1,)])
        self.assertEqual(self.status()["workOrders"], 4)


class Waiting(Halves):
    def begin(self, *command):
        running = self.start("-v", *command)
        self.wait_for(lambda: "waiting for it" in self.said(running), "the wait")
        return running

    def said(self, running):
        return os.pread(running.err.fileno(), 1 << 20, 0).decode()

    def test_each_command_waits(self):
        self.owe()
        for kind, command in (("poll", ("sync", "--no-dispatch")), ("deliver", ("sync",)), ("deliver", ("dispatch",)),
                              ("backfill", ("backfill", "--since", OLD)), ("sweep", ("reconcile",))):
            with self.subTest(command=command, kind=kind):
                with self.holding(kind):
                    waits = self.begin(*command, "--wait", "1h")
                    self.assertTrue(waits.is_alive())
                self.assertEqual(waits.wait().status, DONE)

    def test_meanwhile_it_does_what_it_can(self):
        owed = self.owe()
        with self.holding("poll"):
            waits = self.begin("sync", "--wait", "1h")
            self.assertEqual(self.delivered(), [owed])
            at = self.mock.update(self.olds[3], title="Later")
        self.assertEqual(waits.wait().status, DONE)
        self.assertEqual(self.delivered()[1:], ["workorder.updated/%d/%s" % (self.olds[3], at)])

    def test_in_vain(self):
        with self.holding("poll", "backfill", "sweep", "deliver"):
            for command in (("sync",), ("dispatch",), ("reconcile",), ("backfill", "--since", OLD)):
                self.wosync(*command, "--wait", "100ms", expect=TRY_LATER)

    def test_a_signal_ends_it(self):
        with self.holding("poll", "deliver"):
            waits = self.begin("sync", "--wait", "1h")
            waits.signal(signal.SIGTERM)
            self.assertEqual(waits.wait().status, TRY_LATER)

    def test_max_time_ends_it(self):
        with self.holding("sweep"):
            self.wosync("reconcile", "--wait", "1h", "--max-time", "200ms", expect=TRY_LATER)


class Budgets(Halves):
    def test_slow_deliveries_take_no_time_from_the_list(self):
        """A backlog that no run gets through: the list is read in each of them."""
        self.configure("[handler slow]\ntype = exec\ncommand = sleep 1\n")
        self.mock.change(update=[{"id": number, "title": "Changed"} for number in self.olds])
        self.mock.change(create=[{"title": "New"} for _ in range(20)])
        self.sync_silently("--no-dispatch")
        for round_ in range(3):
            self.mock.reset_log()
            at = self.mock.update(self.olds[0], title="Round %d" % round_)
            self.sync("--max-time", "2s")
            self.assertEqual(len(self.mock.pages()), 1)
            self.assertEqual(self.ids()[-1], "workorder.updated/%d/%s" % (self.olds[0], at))
        self.assertGreater(self.handler("slow")["delivered"], 0)
        self.assertGreater(self.handler("slow")["pending"], 0)

    def test_a_long_pass_takes_no_time_from_deliveries(self):
        """In the same run, too: within --max-time the pass does not end, and what is owed goes out."""
        for kind, command in (("sync", ("sync",)), ("backfill", ("backfill", "--since", OLD)), ("reconcile", ("reconcile",))):
            with self.subTest(kind):
                owed = self.owe()
                self.mock.change(update=[{"id": number, "title": "For " + kind} for number in self.olds[1:]])
                self.mock.config(max_limit=1, page_delay_ms=1000)
                self.wosync(*command, "--max-time", "2s")
                self.mock.config(max_limit=200, page_delay_ms=0)
                self.assertEqual(self.sql("SELECT count(*) FROM passes WHERE active = 1 AND kind = ?", kind), [(1,)])
                self.assertIn(owed, self.delivered())
                self.wosync(*command)

    def test_the_list_comes_first(self):
        """What a poll finds is delivered by the same run."""
        at = self.mock.update(self.olds[0], title="Changed")
        self.sync_silently("--max-time", "50s")
        self.assertEqual(self.delivered(), ["workorder.updated/%d/%s" % (self.olds[0], at)])

    def test_an_api_that_fails_takes_no_time_from_deliveries(self):
        owed = self.owe()
        self.handlers(api="timeout = 1s\ngive_up = 1h")
        self.mock.fault("status", status=503, times=-1)
        run = self.sync("--max-time", "2s", expect=UNAVAILABLE, message="503")
        self.assertEqual(len(run.err.splitlines()), 1, run)
        self.assertEqual(self.delivered(), [owed])

    def test_an_api_that_hangs_takes_no_time_from_deliveries(self):
        owed = self.owe()
        self.handlers(api="timeout = 2s\ngive_up = 1h")
        self.mock.fault("hang", times=-1)
        self.sync("--max-time", "1s", expect=UNAVAILABLE, message="no answer from")
        self.assertEqual(self.delivered(), [owed])


class SharedLimit(Halves):
    @long
    def test_together_they_stay_within_it(self):
        """Runs of every kind, each with a request ahead of its work."""
        self.mock.create_old(60)
        self.sync_silently()
        self.mock.config(max_limit=1, rate_limit={"requests": 12, "window_ms": 1000})
        self.mock.reset_log()
        runs = [self.start("backfill", "--since", OLD), self.start("reconcile")]
        polls = 0
        while any(run.is_alive() for run in runs):
            self.mock.update(self.olds[polls % 4], title="Poll %d" % polls)
            self.sync()
            polls += 1
        for run in runs:
            self.assertEqual(run.wait().status, DONE)
        self.assertEqual(self.mock.state()["rate_limited"], 0)
        self.assertGreater(polls, 1)

    def test_a_long_pass_leaves_requests_to_polls(self):
        self.mock.create_old(60)
        self.sync_silently()
        self.sql("DELETE FROM rate_limit")
        self.mock.config(max_limit=1, rate_limit={"requests": 40, "window_ms": 3600000})
        self.mock.reset_log()
        running = self.start("-v", "backfill", "--since", OLD)
        self.wait_for(lambda: b"for the rate limit" in os.pread(running.err.fileno(), 1 << 20, 0) or not running.is_alive(),
                      "the end of its share")
        sent = self.mock.state()["requests"]
        self.assertIn(sent, (36, 37))
        self.mock.update(self.olds[0], title="Urgent")
        self.sync_silently("--no-dispatch", "--max-time", "50s")
        self.assertEqual(self.mock.state()["requests"], sent + 2)  # lookback: what was read last, and the change
        self.assertEqual(self.mock.state()["rate_limited"], 0)
        running.signal(signal.SIGTERM)
        self.assertEqual(running.wait().status, TRY_LATER)


class Gate:
    """An API whose answers can be held back: what a request is answered is settled when it comes."""

    def __init__(self, orders):
        self.orders, self.heard, self.released, outer = orders, [], threading.Event(), self
        self.held = None  # a pattern of paths

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = outer.page(self.path).encode()
                outer.heard.append(self.path)
                if outer.held is not None and re.search(outer.held, self.path):
                    outer.released.wait(60)
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d/v1" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def page(self, path):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query))
        since = query.get("updatedAtGte", "")
        orders = [order for order in self.orders if order["updatedAt"] >= since]
        return json.dumps({"workOrders": orders, "nextCursor": None}, separators=(",", ":"))

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


class OneTruth(Case):
    """Two runs write the same snapshots: what was asked for earlier and comes later undoes nothing."""

    def setUp(self):
        super().setUp()
        self.at = iso(time.time() - 60)
        self.order = {"id": 7, "title": "First", "status": "OPEN", "createdAt": ago(86400), "updatedAt": self.at}
        self.gate = Gate([self.order])
        self.addCleanup(self.gate.close)
        self.env["MAINTAINX_BASE_URL"] = self.gate.url
        self.sync_silently()

    def title(self):
        return self.snapshots()[7]["title"]

    def begin_sweep(self):
        """A sweep whose page is answered with what holds now, and held back."""
        self.gate.heard.clear()
        self.gate.held = r"^/v1/workorders\?(?!.*updatedAt)"
        sweep = self.start("reconcile")
        self.wait_for(lambda: self.gate.heard, "the sweep's request")
        return sweep

    def end_sweep(self, sweep):
        self.gate.released.set()
        self.assertEqual(sweep.wait().status, DONE)

    def test_a_page_that_was_asked_for_earlier(self):
        """Of one updatedAt no date says which is newer."""
        sweep = self.begin_sweep()
        self.order["title"] = "Second"
        self.sync()
        self.assertEqual(self.title(), "Second")
        events = self.ids()
        self.end_sweep(sweep)
        self.assertEqual(self.title(), "Second")
        self.assertEqual(self.ids(), events)
        self.sync_silently()
        self.assertEqual(self.ids(), events)

    def test_a_quarantine_that_another_run_filled(self):
        """A count that one process keeps does not hide what another has written."""
        good = {"id": 8, "title": "Eight", "status": "OPEN", "createdAt": ago(86400), "updatedAt": self.at}
        self.gate.orders.append(good)
        sweep = self.begin_sweep()
        self.gate.orders[1] = dict(good, updatedAt="no date", title="Bad")
        self.sync(expect=None)
        self.assertEqual(self.status()["quarantine"], 1)
        self.end_sweep(sweep)
        self.assertEqual(self.status()["quarantine"], 0)

    def test_a_sweep_beside_polls_says_nothing_of_what_they_found(self):
        """healed counts what polling missed, by where polling is now and not when the sweep began."""
        sweep = self.begin_sweep()
        self.order.update(title="Second", updatedAt=iso(time.time()))
        self.sync()
        self.end_sweep(sweep)
        self.assertEqual([run["healed"] for run in self.status()["runs"]], [0, 0, 0])
