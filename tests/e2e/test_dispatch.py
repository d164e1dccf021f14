"""Dispatch: every event to every handler, in order per work order, nothing lost, nothing under two bodies, whatever is down."""
import collections
import email.utils
import json
import os
import random
import resource
import signal
import socket
import sqlite3
import time

from harness import Case, CONFIG, IO, TRY_LATER, UNAVAILABLE, USAGE, is_sanitized
from receiver import Answer, Receiver

SECOND, MINUTE, HOUR = 1000, 60000, 3600000


class DispatchCase(Case):
    def setUp(self):
        super().setUp()
        self.receiver = Receiver(self)

    def http(self, name, *lines, receiver=None):
        return "[handler %s]\ntype = http\nurl = %s/%s\n%s\n" % (name, (receiver or self.receiver).url, name,
                                                              "\n".join(lines))

    def use(self, *handlers):
        self.configure("\n".join(handlers))

    def make_due(self):
        self.sql("UPDATE deliveries SET due_ms = 0 WHERE state = 'pending'")

    def dispatch(self, *options, **how):
        return self.wosync("dispatch", *options, **how)

    def pending(self):
        return self.sql("SELECT count(*) FROM deliveries WHERE state = 'pending'")[0][0]

    def create(self, count, **fields):
        return [made["id"] for made in self.mock.create(*(dict({"title": "T%d" % i}, **fields) for i in range(count)))]

    def make_many(self, work_orders=20, changes=9):
        """Created events, and then one `updated` for each change: 200 events over 20 work orders."""
        numbers = self.create(work_orders)
        self.sync("--no-dispatch")
        for change in range(changes):
            self.mock.change(update=[{"id": number, "title": "Change %d" % change} for number in numbers])
            self.sync("--no-dispatch")
        self.assertEqual(len(self.ids()), work_orders * (changes + 1))

    def accepted(self, receiver=None):
        """The ids that were answered with yes, in the order of their coming."""
        return [r.headers["webhook-id"] for r in (receiver or self.receiver).requests if r.accepted]

    def judge(self, decide):
        """Has the receiver decide, and remembers whether it said yes."""
        def remember(request):
            request.accepted = False
            answer = decide(request)
            request.accepted = answer is None or (200 <= answer.status < 300 and not (
                answer.hang or answer.close or answer.reset))
            return answer

        self.receiver.decide = remember

    def assertTold(self, once=True):
        """All events came, those of a work order in the order of the log, each with one body."""
        log = self.ids()
        place = {number: index for index, number in enumerate(log)}
        accepted = self.accepted()
        self.assertEqual(set(accepted), set(log), "an event was lost")
        if once:
            self.assertEqual(len(accepted), len(log), "an event was told twice")
        last = {}
        for number in dict.fromkeys(accepted):
            work_order = number.split("/")[1]
            self.assertGreater(place[number], last.get(work_order, -1), "out of order: " + number)
            last[work_order] = place[number]
        bodies = collections.defaultdict(set)
        for request in self.receiver.requests:
            bodies[request.headers["webhook-id"]].add(request.body)
        self.assertEqual({number for number, seen in bodies.items() if len(seen) > 1}, set(), "one id, two bodies")


class Order(DispatchCase):
    slow = True

    def setUp(self):
        super().setUp()
        self.use(self.http("erp", "timeout = 1s"))
        self.sync()

    def run_until_done(self, **how):
        for turn in range(400):
            self.make_due()
            self.dispatch(**how)
            if self.pending() == 0:
                return
        self.fail("%d deliveries were never made" % self.pending())

    def no_end_of_tries(self):
        """The schedule ends after ten tries; here it is the order that matters."""
        self.sql("CREATE TRIGGER patience AFTER UPDATE OF attempts ON deliveries WHEN new.attempts > 3 "
                 "BEGIN UPDATE deliveries SET attempts = 0 WHERE handler_id = new.handler_id AND event_seq = new.event_seq; END")

    def test_a_receiver_that_fails_at_random(self):
        dice = random.Random(7)

        def decide(request):
            throw = dice.random()
            return (Answer(500) if throw < 0.15 else Answer(429, headers={"Retry-After": "1"}) if throw < 0.25 else
                    Answer(close=True) if throw < 0.32 else Answer(reset=True) if throw < 0.38 else None)

        self.judge(decide)
        self.make_many()
        self.no_end_of_tries()
        self.run_until_done()
        self.assertTold()

    def test_answers_in_another_order(self):
        dice = random.Random(8)
        self.judge(lambda request: None)
        slow = self.receiver.take

        def take(handler):
            time.sleep(dice.random() * 0.02)
            slow(handler)

        self.receiver.take = take
        self.make_many()
        self.dispatch()
        self.assertTold()

    def test_killed_in_the_middle(self):
        dice = random.Random(9)
        self.judge(lambda request: Answer(500) if dice.random() < 0.05 else None)
        self.make_many()
        self.no_end_of_tries()
        killed = 0
        while killed < 20:
            self.make_due()
            seen, running = len(self.receiver.requests), self.start("dispatch")
            target = seen + dice.randrange(1, 8)
            self.wait_for(lambda: len(self.receiver.requests) >= target or not running.is_alive(), "requests")
            if running.is_alive():
                running.signal(signal.SIGKILL)
                killed += 1
            self.assertIn(running.wait().status, (0, -signal.SIGKILL))
            if self.pending() == 0:
                self.mock.change(update=[{"id": number, "description": "More %d" % killed}
                                         for number in self.mock.truth()])
                self.sync("--no-dispatch")
        self.run_until_done()
        self.assertTold(once=False)
        self.assertEqual(self.sql("PRAGMA integrity_check"), [("ok",)])

    def test_what_cannot_be_stored_is_not_sent_again_in_the_same_run(self):
        """A full disk takes how deliveries went; a sync dispatches twice. The next run may send them again."""
        self.judge(lambda request: Answer(500))
        self.create(600)
        self.sync()
        self.make_due()
        self.judge(lambda request: None)
        del self.receiver.requests[:]
        # enough for SQLite's shared memory, and for a page or two
        run = self.sync(expect=IO, limits={resource.RLIMIT_FSIZE: 40 * 1024})
        self.assertRegex(run.err, "store .*: writing: ")
        told = collections.Counter(self.accepted())
        self.assertGreater(len(told), 0)
        self.assertEqual([number for number, times in told.items() if times > 1], [])
        self.make_due()
        self.dispatch()
        self.assertTold(once=False)
        self.assertEqual(self.pending(), 0)

    def test_a_failing_work_order_holds_back_itself_only(self):
        one, two = self.create(2)
        self.judge(lambda request: Answer(500) if "/%d" % one in request.headers["webhook-id"] else None)
        self.sync()
        for change in range(3):
            for number in (one, two):
                self.mock.update(number, title="Change %d" % change)
            self.sync()
        tries = [r.headers["webhook-id"] for r in self.receiver.requests if not r.accepted]
        self.assertEqual(tries, ["workorder.created/%d" % one])
        self.assertEqual(len(self.accepted()), 4)
        self.judge(lambda request: None)
        self.make_due()
        self.dispatch()
        self.assertEqual([number for number in self.accepted() if "/%d" % one in number],
                         [number for number in self.ids() if "/%d" % one in number][-4:])


class Retry(DispatchCase):
    def setUp(self):
        super().setUp()
        self.use(self.http("erp"))
        self.sync()
        self.create(1)

    def row(self):
        return self.sql("SELECT state, attempts, due_ms - changed_ms FROM deliveries "
                        "UNION ALL SELECT state, attempts, NULL FROM delivery_history")[0]

    def test_the_schedule(self):
        self.receiver.decide = lambda request: Answer(500)
        self.sync()
        waits = []
        schedule = (5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
        for tries, wait in enumerate(schedule, 1):
            state, attempts, left = self.row()
            self.assertEqual((state, attempts), ("pending", tries))
            self.assertTrue(0.9 * wait <= left <= 1.1 * wait, "%d ms after %d tries" % (left, tries))
            waits.append(left)
            self.dispatch()
            self.assertEqual(len(self.receiver.requests), tries, "it was not due yet")
            self.make_due()
            if tries == len(schedule):
                self.sql("UPDATE deliveries SET first_failed_ms = first_failed_ms - ?", 3 * 24 * HOUR)
            last = self.dispatch(expect=UNAVAILABLE if tries == len(schedule) else 0)
        self.assertIn("given up after 10 tries: HTTP 500", last.err)
        self.assertEqual(self.row()[:2], ("dead", 10))
        self.assertEqual(len(self.receiver.requests), 10)
        self.assertNotEqual(waits, list(schedule), "there is no jitter")

    def test_a_dead_one_is_no_longer_in_the_way(self):
        self.receiver.decide = lambda request: Answer(410)
        self.sync(expect=UNAVAILABLE)
        self.receiver.decide = lambda request: None
        self.mock.update(next(iter(self.mock.truth())), title="Other")
        self.sync()
        self.assertEqual(self.sql("SELECT state FROM delivery_log ORDER BY seq"), [("dead",), ("done",)])

    def test_retry_after_in_seconds(self):
        self.receiver.decide = lambda request: Answer(503, headers={"Retry-After": "777"})
        self.sync()
        self.assertEqual(self.row(), ("pending", 1, 777 * SECOND))

    def test_retry_after_moves_the_next_try_and_no_more(self):
        """Ten tries within minutes are not the end; three days are, and no wait is longer than a day."""
        self.receiver.decide = lambda request: Answer(503, headers={"Retry-After": "60"})
        self.sync()
        for tries in range(2, 15):
            self.make_due()
            self.dispatch()
            self.assertEqual(self.row(), ("pending", tries, 60 * SECOND))
        self.receiver.decide = lambda request: Answer(503, headers={"Retry-After": "999999"})
        self.make_due()
        self.dispatch()
        self.assertEqual(self.row(), ("pending", 15, 24 * HOUR))
        self.receiver.decide = lambda request: Answer(503)
        self.make_due()
        self.dispatch()
        self.assertEqual(self.row(), ("pending", 16, 24 * HOUR))
        self.sql("UPDATE deliveries SET first_failed_ms = first_failed_ms - ?", 3 * 24 * HOUR)
        self.make_due()
        self.dispatch(expect=UNAVAILABLE, message="given up after 17 tries")

    def test_retry_after_as_a_date(self):
        # by the receiver's own clock, which is an hour ahead
        def decide(request):
            answer = Answer(429, headers={"Retry-After": email.utils.formatdate(time.time() + 3600 + 300, usegmt=True)})
            answer.headers["X-Clock"] = "ahead"
            return answer

        self.receiver.decide = decide
        self.receiver.server.RequestHandlerClass.date_time_string = lambda handler, timestamp=None: (
            email.utils.formatdate(time.time() + 3600, usegmt=True))
        self.sync()
        self.assertTrue(298 * SECOND <= self.row()[2] <= 301 * SECOND, str(self.row()))

    def test_retry_after_now_is_not_within_the_run(self):
        for value in ("0", "Thu, 01 Jan 1970 00:00:00 GMT"):
            asked = len(self.receiver.requests)
            self.receiver.decide = lambda request: Answer(503, headers={"Retry-After": value})
            self.sync("--no-dispatch")
            self.make_due()
            self.dispatch()
            self.assertEqual(len(self.receiver.requests), asked + 1)

    def test_nonsense_in_retry_after_leaves_the_schedule(self):
        self.receiver.decide = lambda request: Answer(503, headers={"Retry-After": "soon"})
        self.sync()
        self.assertLess(self.row()[2], 6 * SECOND)

    def test_the_clock_went_back_an_hour(self):
        self.receiver.decide = lambda request: Answer(500)
        self.sync()
        # what a run leaves whose clock was an hour ahead of the next one's
        self.sql("UPDATE deliveries SET due_ms = due_ms + 3600000, changed_ms = changed_ms + 3600000")
        self.sql("UPDATE handlers SET last_failure_ms = last_failure_ms + 3600000")
        self.receiver.decide = lambda request: None
        began = time.monotonic()
        self.dispatch()
        self.assertEqual(self.row()[:2], ("done", 2))
        self.assertLess(time.monotonic() - began, 5)


class Several(DispatchCase):
    def test_one_that_is_down_is_left_alone_others_go_on(self):
        self.judge(lambda request: Answer(500) if request.path == "/down" else None)
        self.use(self.http("down"), self.http("up"), "[handler lines]\ntype = log\n")
        self.sync()
        self.create(40)
        run = self.wosync("-v", "sync")
        paths = collections.Counter(request.path for request in self.receiver.requests)
        self.assertEqual(paths["/up"], 40)
        # 5 are cause for doubt, with 7 more under way; then come 10 probes
        self.assertTrue(10 <= paths["/down"] <= 5 + 7 + 10, paths)
        self.assertEqual(len(run.out.splitlines()), 40)
        self.assertRegex(run.err, r"handler down: failed \d+ times in a row; it is left alone for this run")
        self.assertEqual([(self.handler(n)["pending"], self.handler(n)["dead"]) for n in ("down", "up", "lines")],
                         [(40, 0), (0, 0), (0, 0)])

    def test_one_that_hangs_does_not_stop_others(self):
        self.judge(lambda request: Answer(hang=True) if request.path == "/hangs" else None)
        self.use(self.http("hangs", "timeout = 2s"), self.http("up"))
        self.sync()
        self.create(30)
        self.sync()
        hanging = [r.at for r in self.receiver.requests if r.path == "/hangs"]
        self.assertTrue(8 <= len(hanging) <= 8 + 4 + 10, len(hanging))
        self.assertLess(max(r.at for r in self.receiver.requests if r.path == "/up"), min(hanging) + 1.5)

    def test_each_gets_what_it_wants(self):
        self.judge(lambda request: None)
        self.use(self.http("high", "on = workorder.created", "when = priority = 'HIGH'"),
                 self.http("done", "on = workorder.status_changed workorder.completed", "when = status = 'DONE'"),
                 self.http("all"))
        self.sync()
        self.create(2, priority="HIGH")
        low, = self.create(1, priority="LOW")
        self.sync()
        self.mock.update(low, status="IN_PROGRESS")
        self.sync()
        self.mock.update(low, status="DONE")
        self.sync()
        got = collections.defaultdict(list)
        for request in self.receiver.requests:
            got[request.path].append(request.headers["webhook-id"].split("/")[0])
        self.assertEqual(got["/high"], ["workorder.created"] * 2)
        self.assertEqual(got["/done"], ["workorder.status_changed", "workorder.completed"])
        self.assertEqual(collections.Counter(got["/all"]), collections.Counter(e["event"] for e in self.events()))
        self.assertEqual(self.sql("SELECT count(*) FROM delivery_log WHERE handler = 'high'"), [(2,)])
        self.assertEqual(self.handler("high")["skipped"], 1)


class Isolated(DispatchCase):
    """What stays broken stops nothing else."""
    slow = True

    def poison(self, count, healthy):
        """So many work orders that always fail, before those that would not; all due in one run."""
        self.use(self.http("erp"))
        self.sync()
        bad = set(self.create(count))
        self.sync("--no-dispatch")
        self.create(healthy)
        self.sync("--no-dispatch")
        self.judge(lambda request: Answer(500) if int(request.headers["webhook-id"].split("/")[1]) in bad else None)
        return bad

    def test_a_few_poisoned_work_orders_hold_back_no_other(self):
        self.poison(5, 1000)
        self.dispatch()
        self.assertEqual(len(self.accepted()), 1000)

    def test_many_poisoned_work_orders_hold_back_no_other(self):
        self.poison(200, 1000)
        self.dispatch()
        self.assertEqual(len(self.accepted()), 1000)

    def test_those_that_have_failed_before_come_last(self):
        """Too many for the probes to find the healthy ones: what has not been tried goes first."""
        self.poison(60, 10)
        for _ in range(6):
            self.make_due()
            self.dispatch()
        self.assertEqual(len(self.accepted()), 10)
        self.assertEqual(self.pending(), 60)

    def test_everything_fails_and_the_receiver_is_spared(self):
        self.poison(500, 0)
        self.dispatch()
        self.assertLessEqual(len(self.receiver.requests), 5 + 7 + 10)

    def test_a_blocked_warehouse_and_a_slow_program_delay_no_one(self):
        """Each waits for its own receiver: the answered requests of others are not posted twice, nor late."""
        holder = sqlite3.connect(self.path("warehouse.db"), isolation_level=None)
        self.addCleanup(holder.close)
        program = self.write("slow", "#!/bin/sh\nsleep 3\n", 0o755)
        self.use(self.http("erp", "timeout = 2s"), "[handler wh]\ntype = warehouse\ndatabase = warehouse.db\ntimeout = 6s\n",
                 "[handler run]\ntype = exec\ncommand = %s\n" % program, "[handler pages]\ntype = report\npath = pages\n")
        olds = self.mock.create_old(300)
        self.sync()
        self.mock.change(update=[{"id": number, "title": "Changed"} for number in olds])
        self.sync("--no-dispatch")
        self.sql("UPDATE handlers SET position = (SELECT max(seq) FROM events) - 1 WHERE name = 'run'")
        holder.execute("BEGIN IMMEDIATE")
        self.judge(lambda request: None)
        began = time.time()
        running = self.start("dispatch")
        self.wait_for(lambda: len(self.receiver.requests) == 300, "the requests")
        self.assertTrue(running.is_alive(), "it did not wait for the warehouse")
        running.wait()
        self.assertEqual(len(self.receiver.requests), 300, "posted twice")
        self.assertLess(max(r.at for r in self.receiver.requests) - began, 30)
        self.assertIsNone(self.handler("erp")["lastError"])
        self.assertEqual(self.handler("run")["delivered"], 1)
        self.assertRegex(self.handler("wh")["lastError"], "keeps it locked")

    def test_what_is_emitted_during_a_long_run_is_delivered_in_it(self):
        """A slow program keeps the run going; the others' events do not wait for its end."""
        program = self.write("slow", "#!/bin/sh\nwhile [ ! -e stop ]; do sleep 0.1; done\n", 0o755)
        self.use(self.http("erp"), "[handler run]\ntype = exec\ncommand = %s\ntimeout = 2m\n" % program)
        self.sync()
        self.judge(lambda request: None)
        self.create(1)
        self.sync("--no-dispatch")
        running = self.start("dispatch")
        self.wait_for(lambda: len(self.receiver.requests) == 1, "the first request")
        # as another run would that only reads
        self.sql("INSERT INTO events (id, type, subject, occurred_ms, observed_ms, body) "
                 "SELECT id || '/2', type, subject, occurred_ms, observed_ms, body FROM events")
        self.wait_for(lambda: len(self.receiver.requests) == 2, "the second request")
        self.assertTrue(running.is_alive())
        self.write("stop", "")
        running.wait()
        self.assertEqual(self.pending(), 0)

    def test_after_the_deadline_a_slow_program_holds_up_no_one(self):
        """The run waits for what it has begun, and no other run can deliver meanwhile: so it goes on for the others."""
        program = self.write("slow", "#!/bin/sh\nwhile [ ! -e stop ]; do sleep 0.1; done\n", 0o755)
        self.use(self.http("erp", "timeout = 5s"), "[handler run]\ntype = exec\ncommand = %s\ntimeout = 5m\n" % program)
        self.sync()
        self.judge(lambda request: None)
        self.create(1)
        self.sync("--no-dispatch")
        running = self.start("dispatch", "--max-time", "1s")
        self.wait_for(lambda: len(self.receiver.requests) == 1, "the first request")
        time.sleep(1.1)  # its deadline has passed
        self.sql("INSERT INTO events (id, type, subject, occurred_ms, observed_ms, body) "
                 "SELECT id || '/2', type, subject, occurred_ms, observed_ms, body FROM events")
        self.wait_for(lambda: len(self.receiver.requests) == 2, "the second request")
        self.assertTrue(running.is_alive())
        self.write("stop", "")
        running.wait()
        self.assertEqual(self.handler("erp")["pending"], 0)

    def test_a_database_that_is_silent_delays_no_one(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        self.env["WAREHOUSE"] = "postgresql://u:pw@127.0.0.1:%d/d" % listener.getsockname()[1]
        self.use("[handler wh]\ntype = warehouse\ndatabase = env:WAREHOUSE\n", self.http("erp"))
        self.sync("--no-dispatch")
        self.create(5)
        self.sync("--no-dispatch")
        self.judge(lambda request: None)
        running = self.start("dispatch")
        self.wait_for(lambda: len(self.receiver.requests) == 5, "the requests")
        # it has asked the database before, and waits for it still
        connection, _ = listener.accept()
        self.addCleanup(connection.close)
        connection.settimeout(1)
        connection.recv(1000)
        self.assertRaises(TimeoutError, connection.recv, 1)
        # a signal ends that wait, too
        began = time.monotonic()
        running.signal(signal.SIGTERM)
        self.assertEqual(running.wait().status, TRY_LATER)
        self.assertLess(time.monotonic() - began, 8)
        self.assertEqual(self.sql("SELECT attempts FROM delivery_log WHERE handler = 'wh'"), [(0,)] * 5)

    def test_a_reader_of_stdout_that_is_slow_delays_no_one(self):
        self.use("[handler lines]\ntype = log\nformat = json\n", self.http("erp"))
        self.sync("--no-dispatch")
        self.create(20, description="x" * 20000)
        self.sync("--no-dispatch")
        self.judge(lambda request: None)
        read, write = os.pipe()
        running = self.start("dispatch", stdout=write)
        os.close(write)
        self.wait_for(lambda: len(self.receiver.requests) == 20, "the requests")
        with os.fdopen(read) as lines:
            self.assertEqual([json.loads(line)["id"] for line in lines], self.ids())
        running.wait()
        self.assertEqual(self.pending(), 0)

    def test_large_events_take_little_memory(self):
        """300 MB of events, under 256 MiB of address space."""
        self.use(self.http("erp"))
        self.sync()
        self.create(1, description="x" * 500000)
        self.sync("--no-dispatch")
        self.sql("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 599) "
                 "INSERT INTO events (id, type, subject, occurred_ms, observed_ms, body) "
                 "SELECT id || '/' || n, type, subject + n, occurred_ms, observed_ms, body FROM (SELECT * FROM events LIMIT 1), c")

        def forget(request):
            request.body = b""

        self.judge(forget)
        self.dispatch(limits={} if is_sanitized() else {resource.RLIMIT_AS: 256 << 20})
        self.assertEqual(self.pending(), 0)
        self.assertEqual(len(self.accepted()), 600)

    def test_a_refusal_of_many_is_one_line(self):
        self.use(self.http("erp"))
        self.sync()
        self.create(300)
        self.judge(lambda request: Answer(410, "gone for good"))
        run = self.sync(expect=UNAVAILABLE)
        self.assertEqual(len(run.err.splitlines()), 1, run.err)
        self.assertRegex(run.err, r"handler erp: 300 deliveries are dead \(see them: wosync events list --state dead\); "
                                  r"the first: workorder.created/\d+: refused, .*: HTTP 410: gone for good")


class Trouble(DispatchCase):
    def test_one_that_lasts_is_said_again(self):
        """After an hour, then daily, with its age and count; not in between."""
        self.judge(lambda request: Answer(503, "closed"))
        self.use(self.http("erp"))
        self.sync()
        self.create(1)
        self.sync_silently()
        self.assertRegex(self.wosync("status").out, r"failing since: \S+ ago, 1 failure\n")
        self.create(1)
        self.sync_silently()

        def later(hours):
            self.sql("UPDATE handlers SET failing_since_ms = failing_since_ms - ?, warned_ms = warned_ms - ?", hours * HOUR, hours * HOUR)
            self.make_due()
            return self.dispatch().err
        self.assertEqual(later(0.5), "")
        self.assertRegex(later(0.6), r"^wosync: warning: handler erp: it has failed for 1h 6m.* \(6 failures, 2 deliveries wait\): "
                                     r"HTTP 503: closed\n$")
        self.assertEqual(later(20), "")
        self.assertRegex(later(4.1), r"^wosync: warning: handler erp: it has failed for 1d.* \(10 failures, 2 ")
        self.assertRegex(self.wosync("status").out, r"failing since: 1d \S+ ago, 10 failures")
        self.judge(lambda request: None)
        self.assertEqual(later(30), "")
        self.assertEqual((self.handler("erp")["failures"], self.handler("erp")["failingSince"]), (0, None))


class Ends(DispatchCase):
    def test_max_time(self):
        self.judge(lambda request: None)
        quick = self.receiver.take

        def take(handler):
            time.sleep(0.5)
            quick(handler)

        self.receiver.take = take
        self.use(self.http("erp"))
        self.sync()
        self.create(60)
        self.sync("--no-dispatch")
        run = self.dispatch("--max-time", "2s")
        told = len(self.receiver.requests)
        self.assertTrue(1 <= told < 60, told)
        self.assertLess(run.seconds, 30)
        self.assertEqual(self.pending(), 60 - told)
        self.dispatch()
        self.assertEqual(len(self.receiver.requests), 60)
        self.assertTold()

    def test_a_signal(self):
        self.judge(lambda request: Answer(hang=True))
        self.use(self.http("erp"))
        self.sync()
        self.create(3)
        self.sync("--no-dispatch")
        running = self.start("dispatch")
        self.wait_for(lambda: len(self.receiver.requests) == 3, "requests")
        running.signal(signal.SIGTERM)
        run = running.wait()
        self.assertLess(run.seconds, 10)
        self.assertEqual(run.status, TRY_LATER)
        self.assertEqual(self.sql("SELECT state, attempts FROM deliveries"), [("pending", 0)] * 3)
        self.judge(lambda request: None)
        self.dispatch()
        self.assertEqual(self.pending(), 0)

    def test_nothing_to_do_is_silent(self):
        self.use(self.http("erp"))
        self.sync()
        self.assertSilent(self.dispatch())

    def test_a_receiver_that_fails_is_silent_until_it_matters(self):
        self.receiver.decide = lambda request: Answer(500)
        self.use(self.http("erp"))
        self.sync()
        self.create(1)
        self.sync_silently()


class Table(DispatchCase):
    def setUp(self):
        super().setUp()
        self.judge(lambda request: None)

    def names(self):
        return {h["name"]: h for h in self.status()["handlers"]}

    def test_a_new_handler_starts_now(self):
        self.use(self.http("old"))
        self.sync()
        self.create(3)
        self.sync()
        self.use(self.http("old"), self.http("new"))
        self.create(2)
        self.sync()
        paths = collections.Counter(request.path for request in self.receiver.requests)
        self.assertEqual(paths, {"/old": 5, "/new": 2})

    def test_a_removed_one_keeps_its_history(self):
        self.use(self.http("one"), self.http("two"))
        self.sync()
        self.create(3)
        self.sync()
        self.use(self.http("two"))
        self.create(2)
        self.sync()
        self.assertEqual(sum(r.path == "/one" for r in self.receiver.requests), 3)
        self.assertEqual(self.sql("SELECT count(*) FROM delivery_log WHERE handler = 'one' AND state = 'done'"), [(3,)])
        self.assertIsNotNone(self.sql("SELECT removed_ms FROM handlers WHERE name = 'one'")[0][0])
        self.assertIn("removed", self.wosync("status").out)
        self.use(self.http("one"), self.http("two"))
        self.create(1)
        self.sync()
        self.assertEqual(sum(r.path == "/one" for r in self.receiver.requests), 6, "it continues where it was")
        self.assertIsNone(self.sql("SELECT removed_ms FROM handlers WHERE name = 'one'")[0][0])

    def test_a_renamed_one_takes_over_what_it_had(self):
        """By `was`, in the run in which the name changes, or later, when the new one has begun."""
        self.judge(lambda request: Answer(500))
        for name, delay in (("one", False), ("three", True)):
            with self.subTest(delay=delay):
                del self.receiver.requests[:]
                self.use(self.http(name))
                self.sync(expect=None)
                number, = self.create(1)
                self.sync(expect=None)
                self.judge(lambda request: None)
                if delay:
                    self.use(self.http("four"))
                    self.create(1)
                    self.sync(message="handler three: the configuration no longer has it, and 1 delivery waits for it; "
                                      "to drop them: wosync events discard --handler three; .* was = three")
                    self.assertSilent(self.sync())
                self.use(self.http("four" if delay else "two", "was = " + name))
                self.make_due()
                self.sync_silently()
                self.assertIn("workorder.created/%d" % number, self.accepted())
                self.assertEqual(self.pending(), 0)
                self.assertNotIn(name, self.names())
                self.judge(lambda request: Answer(500))
                self.assertEqual(self.names()["four" if delay else "two"]["delivered"], 2 if delay else 1)
                self.sync_silently()
                self.use("[handler %s]\ntype = log\n" % name, self.http("two", "was = " + name))
                self.dispatch(expect=CONFIG, message="was = %s: there is a section" % name)
                self.sql("DELETE FROM handlers WHERE name = 'two'")

    def test_one_that_is_gone_is_said_until_it_is_settled(self):
        self.judge(lambda request: Answer(500))
        self.use(self.http("gone"), self.http("kept"))
        self.sync()
        self.create(3)
        self.sync()
        self.use(self.http("kept"))
        gone = "handler gone: the configuration no longer has it, and 3 deliveries wait for it"
        self.sync(message=gone)
        self.assertSilent(self.sync())
        self.sql("UPDATE handlers SET removed_ms = removed_ms - ?, warned_ms = warned_ms - ? WHERE name = 'gone'", HOUR, HOUR)
        self.sync(message=gone)
        self.sql("UPDATE handlers SET removed_ms = removed_ms - ?, warned_ms = warned_ms - ? WHERE name = 'gone'", 24 * HOUR, 24 * HOUR)
        self.sync(message=gone)
        self.wosync("events", "discard", "--handler", "nobody", expect=USAGE, message="the store knows no such handler")
        self.assertEqual(self.wosync("events", "discard", "--handler", "gone").out, "3 deliveries discarded\n")
        self.assertEqual((self.names()["gone"]["pending"], self.names()["kept"]["pending"]), (0, 3))
        self.use(self.http("gone"), self.http("kept"))
        self.assertSilent(self.sync())
        self.assertEqual(self.names()["gone"]["pending"], 0)

    def test_what_is_discarded_while_a_run_delivers_stays_away(self):
        """A run that has read the position already would bring the events back: it is waited for, and not for long."""
        gate = self.path("gate")
        os.mkfifo(gate)
        self.use(self.http("gone"), "[handler slow]\non = workorder.created\ntype = exec\ncommand = cat %s\n" % gate)
        self.sync()
        self.create(1)
        self.sync("--no-dispatch")
        running = self.start("dispatch")
        with open(gate, "w"):  # its reader is there: the run delivers
            self.wosync("events", "discard", "--handler", "gone", expect=TRY_LATER,
                        message="events: discard: another run delivers.*; try again when it has ended")
        self.assertEqual(running.wait().status, 0)
        self.judge(lambda request: Answer(500))
        self.create(1)
        self.sync("--no-dispatch")
        self.assertEqual(self.wosync("events", "discard", "--handler", "gone").out, "0 deliveries discarded\n")
        self.use(self.http("gone"))
        self.assertSilent(self.dispatch())
        self.assertEqual(self.names()["gone"]["pending"], 0)

    def test_a_renamed_one_is_new(self):
        self.use(self.http("before"))
        self.sync()
        self.create(2)
        self.sync()
        self.use(self.http("after"))
        self.sync()
        self.create(1)
        self.sync()
        paths = collections.Counter(request.path for request in self.receiver.requests)
        self.assertEqual(paths, {"/before": 2, "/after": 1})

    def test_mistakes_name_their_line(self):
        self.receiver.decide = lambda request: self.fail("nothing should come")
        for lines, wrong, message in (
                (["[handler a]", "type = pigeon"], 2, "type = pigeon: unknown; known are log, http, slack"),
                (["[handler a]", "on = workorder.created"], None, "has no type"),
                (["[handler a]", "type = log", "on = workorder.born"], 3, "on: workorder.born: unknown event"),
                (["[handler a]", "type = log", "when = nonsense ("], 3, "when: "),
                (["[handler a]", "type = log", "timeout = soon"], 3, "timeout = soon: expected a duration"),
                (["[handler a]", "type = http"], None, "has no url, which type = http needs"),
                (["[handler a]", "type = log", "type = log"], 3, "type: set twice"),
                (["[handler]", "type = log"], None, "handler"),
        ):
            with self.subTest(lines=lines):
                self.configure("\n".join(lines))
                with open(self.conf) as f:
                    first = f.read().splitlines().index(lines[0])
                where = r":%d: " % (first + wrong) if wrong else ":[0-9]+: "
                self.dispatch(expect=CONFIG, message=r"wosync\.conf" + where + ".*" + message)
