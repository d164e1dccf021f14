"""Nothing is lost and nothing doubled: kill -9 at random moments, signals, --max-time, two runs at once."""
import random
import re
import signal
import time

from harness import Case, DONE, NOPERM, PROTOCOL, TRY_LATER, UNAVAILABLE
from test_progress import Terminal


class Killed(Case):
    slow = True

    def kill_sometime(self, dice, longest):
        """Starts a sync and kills it. Returns whether it was still at work."""
        running = self.start("sync")
        time.sleep(dice.uniform(0, longest))
        killed = running.is_alive()
        running.signal(signal.SIGKILL)
        run = running.wait()
        self.assertIn(run.status, (DONE, -signal.SIGKILL), run)
        return killed

    def run_length(self):
        """How long one pass takes here, so that the kills fall into it."""
        began = time.monotonic()
        self.sync()
        return time.monotonic() - began

    def check_story(self, born):
        """What must hold of the log whatever the moments were."""
        truth = self.mock.truth()
        events = self.events()
        self.assertNothingDoubled()
        self.assertSnapshotsAreTrue()
        state = {}
        for event in events:
            number = event["data"]["id"]
            if event["event"] == "workorder.created":
                self.assertNotIn(number, state, "created after something else")
                state[number] = event["data"]["status"]
            elif event["event"] == "workorder.status_changed":
                before, after = event["data"]["previousStatus"], event["data"]["status"]
                self.assertEqual(state.get(number, "OPEN"), before, "a status change is missing: " + event["id"])
                state[number] = after
        told = {event["id"] for event in events}
        expected = ["workorder.created/%d" % number for number in born]
        for number, wo in truth.items():
            self.assertEqual(state.get(number, "OPEN"), wo["status"], "the last status change is missing: %d" % number)
            if number in self.beginning and wo["updatedAt"] != self.beginning[number]["updatedAt"]:
                expected.append("workorder.updated/%d/%s" % (number, wo["updatedAt"]))
            if wo["status"] == "DONE":
                expected.append("workorder.completed/%d/%s" % (number, wo["completedAt"]))
        self.assertEqual([number for number in expected if number not in told], [], "events are missing")
        return events

    def change_something(self, dice, born):
        numbers = sorted(self.mock.truth())
        for _ in range(dice.randint(1, 6)):
            what = dice.random()
            if what < 0.2:
                born.append(self.mock.create({"title": "Born %d" % len(born)})[0]["id"])
            elif what < 0.7:
                self.mock.update(dice.choice(numbers), status=dice.choice(["OPEN", "IN_PROGRESS", "ON_HOLD", "DONE"]))
            else:
                self.mock.update(dice.choice(numbers), priority=dice.choice(["NONE", "LOW", "HIGH"]))

    def story(self, seed, order, kills):
        dice = random.Random(seed)
        self.configure("[handler sink]\ntype = http\nurl = %s\n" % self.mock.sink_url("kill"))
        self.mock.create_old(40)
        self.beginning = self.mock.truth()
        self.mock.config(order=order, max_limit=3, page_delay_ms=1)
        longest = self.run_length() * 1.2
        born, killed, rounds = [], 0, 0
        while killed < kills and rounds < 10 * kills:
            rounds += 1
            self.change_something(dice, born)
            killed += self.kill_sometime(dice, longest)
            if dice.random() < 0.1:
                self.sync()
        self.assertGreaterEqual(killed, kills)
        self.sync()
        self.mock.config(page_delay_ms=0, max_limit=200)
        self.sync_silently()
        events = self.check_story(born)
        self.assertGreater(len(events), kills)
        self.check_deliveries(events)

    def check_deliveries(self, events):
        """At least once, with the same bytes each time, and for each work order in the order of the log."""
        got, order = {}, {}
        for request in self.mock.sink("kill"):
            number = re.search(r'"id":"([^"]+)"', request["body"]).group(1)
            self.assertEqual(got.setdefault(number, request["body"]), request["body"], "a retry had other bytes")
            wo = int(number.split("/")[1])
            if number not in order.setdefault(wo, []):
                order[wo].append(number)
        log = {}
        for event in events:
            log.setdefault(event["data"]["id"], []).append(event["id"])
        self.assertEqual(order, log)

    def test_at_random_moments_with_pages_by_id(self):
        self.story(1, "id", 25)

    def test_at_random_moments_with_pages_by_id_down(self):
        self.story(2, "-id", 25)

    def test_at_random_moments_with_pages_by_updatedAt(self):
        self.story(3, "updatedAt", 25)

    def test_against_a_twin_that_is_never_killed(self):
        """The same changes seen at the same points give the same events, killed or not."""
        dice = random.Random(4)
        born, killed = [], 0
        self.mock.create_old(30)
        self.beginning = self.mock.truth()
        self.mock.config(max_limit=3, page_delay_ms=1)
        stores = [self.path("killed.db"), self.path("twin.db")]

        def use(which):
            self.store = stores[which]
            self.configure()
        use(1)
        self.sync()
        use(0)
        longest = self.run_length() * 1.2
        for _ in range(12):
            self.change_something(dice, born)
            for _ in range(2):
                killed += self.kill_sometime(dice, longest)
            self.sync()
            use(1)
            self.sync()
            use(0)
        mine = self.events()
        use(1)
        twins = self.events()
        self.assertGreater(killed, 4)
        self.assertEqual(sorted(e["id"] for e in mine), sorted(e["id"] for e in twins))
        bodies = {e["id"]: e["data"] for e in twins}
        for event in mine:
            self.assertEqual(event["data"], bodies[event["id"]])

    def test_the_first_run_killed_again_and_again_stays_silent(self):
        dice = random.Random(5)
        self.mock.create_old(60)
        self.mock.config(max_limit=2, page_delay_ms=1)
        self.beginning = self.mock.truth()
        for _ in range(15):
            self.kill_sometime(dice, 0.06)
        self.sync_silently()
        self.assertEqual(self.ids(), [])
        self.assertSnapshotsAreTrue()


class Stopped(Case):
    def setUp(self):
        super().setUp()
        self.mock.create_old(40)
        self.mock.config(max_limit=2, page_delay_ms=40)

    def stop_in_the_middle(self, number):
        running = self.start("sync")
        self.wait_for(lambda: self.mock.state()["list_requests"] >= 6, "the pages")
        running.signal(number)
        return running.wait()

    def check_resumed(self):
        cursor, pages = self.sql("SELECT cursor, pages FROM passes WHERE active = 1")[0]
        self.assertIsNotNone(cursor)
        self.assertGreaterEqual(pages, 3)
        self.assertLess(pages, 20)
        self.assertEqual([(p["kind"], p["pages"]) for p in self.status()["unfinished"]], [("sync", pages)])
        self.assertRegex(self.wosync("status").out, "unfinished +sync: after page %d " % pages)
        self.mock.config(page_delay_ms=0)
        self.mock.reset_log()
        self.sync_silently()
        requests = self.mock.pages()
        self.assertEqual(requests[0].get("cursor"), cursor)
        self.assertEqual(len(requests), 20 - pages)
        self.assertEqual(len(self.snapshots()), 40)
        self.assertEqual(self.status()["unfinished"], [])

    def test_by_SIGTERM(self):
        self.assertFails(self.stop_in_the_middle(signal.SIGTERM), TRY_LATER, "stopped by a signal; the next run continues")
        self.check_resumed()

    def test_by_SIGINT(self):
        self.assertFails(self.stop_in_the_middle(signal.SIGINT), TRY_LATER, "stopped by a signal; the next run continues")
        self.check_resumed()

    def test_by_SIGKILL(self):
        self.assertEqual(self.stop_in_the_middle(signal.SIGKILL).status, -signal.SIGKILL)
        self.check_resumed()

    def test_by_max_time(self):
        self.sync_some_pages(3)
        self.check_resumed()

    def read_again(self):
        """From here on a pass reads all 20 pages, and nothing in them has changed."""
        self.configure(sync="lookback = 366d")
        self.mock.config(page_delay_ms=0)
        self.sync_silently()
        self.mock.config(page_delay_ms=40)
        self.mock.reset_log()

    def test_by_SIGTERM_where_nothing_changed(self):
        self.read_again()
        self.assertFails(self.stop_in_the_middle(signal.SIGTERM), TRY_LATER, "stopped by a signal; the next run continues")
        self.check_resumed()

    def test_where_nothing_changed_and_the_server_fails(self):
        self.read_again()
        self.mock.config(page_delay_ms=0)
        self.mock.fault("status", status=403, skip=6)
        self.assertFails(self.sync(expect=None), NOPERM, "403")
        self.check_resumed()

    def test_by_SIGKILL_where_nothing_changed(self):
        self.read_again()
        before = self.sql("SELECT max(id), count(*) FROM runs")[0]
        self.assertEqual(self.stop_in_the_middle(signal.SIGKILL).status, -signal.SIGKILL)
        run, runs = self.sql("SELECT max(id), count(*) FROM runs")[0]
        self.assertEqual((run, runs), (before[0] + 1, before[1] + 1), "the killed run left no row")
        cursor, pages = self.sql("SELECT cursor, pages FROM passes WHERE active = 1")[0]
        self.assertIsNotNone(cursor)
        self.mock.config(page_delay_ms=0)
        self.mock.reset_log()
        self.sync_silently()
        requests = self.mock.pages()
        self.assertEqual((requests[0].get("cursor"), len(requests)), (cursor, 20 - pages))
        self.assertEqual(len(self.snapshots()), 40)

    def test_a_signal_ends_a_hanging_request(self):
        self.mock.config(page_delay_ms=0)
        self.mock.fault("hang", times=-1)
        running = self.start("sync")
        self.wait_for(lambda: self.mock.state()["max_concurrent"] >= 1, "the request")
        running.signal(signal.SIGTERM)
        run = running.wait()
        self.assertFails(run, TRY_LATER, "stopped by a signal")
        self.assertLess(run.seconds, 20)

    def test_a_signal_ends_the_wait_between_tries(self):
        self.mock.fault("429", retry_after=200, times=-1)
        running = self.start("sync")
        self.wait_for(lambda: self.mock.state()["rate_limited"] + len(self.mock.requests()) >= 1, "the request")
        running.signal(signal.SIGTERM)
        run = running.wait()
        self.assertFails(run, TRY_LATER, "stopped by a signal")
        self.assertLess(run.seconds, 20)

    def test_changes_while_it_lay_still_are_told_after_it_has_gone_on(self):
        self.mock.config(page_delay_ms=0)
        self.sync()
        for number in range(100000, 100040):
            self.mock.update(number, title="First")
        self.mock.config(page_delay_ms=20)
        self.mock.reset_log()
        self.stop_in_the_middle(signal.SIGTERM)
        self.mock.config(page_delay_ms=0)
        first, last = self.mock.update(100000, status="DONE"), self.mock.update(100039, status="DONE")
        self.sync()
        self.sync()
        ids = self.ids()
        for number, at in ((100000, first), (100039, last)):
            self.assertEqual(ids.count("workorder.completed/%d/%s" % (number, at)), 1)
        self.assertNothingDoubled()
        self.assertSnapshotsAreTrue()


class Cursors(Case):
    def setUp(self):
        super().setUp()
        self.olds = self.mock.create_old(12)
        self.mock.config(max_limit=3)

    def expire(self, status):
        self.mock.fault("expired_cursor", path="/v1/workorders", status=status, skip=1)
        self.sync_silently()
        self.assertEqual(len(self.snapshots()), 12)
        pages = self.mock.pages()
        starts = [i for i, p in enumerate(pages) if "cursor" not in p and p["limit"] != "1"]
        self.assertEqual(len(starts), 2, "it should have begun twice")
        at = self.mock.update(self.olds[0], title="Changed")
        self.sync()
        self.assertEqual(self.ids(), ["workorder.updated/%d/%s" % (self.olds[0], at)])

    def test_expired_400_starts_the_pass_over(self):
        self.expire(400)

    def test_expired_404_starts_the_pass_over(self):
        self.expire(404)

    def test_expired_410_starts_the_pass_over(self):
        self.expire(410)

    def test_expired_while_events_were_told_doubles_nothing(self):
        self.sync()
        for number in self.olds:
            self.mock.update(number, status="DONE")
        self.mock.fault("expired_cursor", path="/v1/workorders", skip=2)
        self.sync()
        self.assertEqual(len(self.ids()), 36)
        self.assertNothingDoubled()

    def test_expired_twice_in_a_run_is_given_up_and_done_by_a_later_run(self):
        self.mock.fault("expired_cursor", path="/v1/workorders", times=2)
        self.sync(expect=UNAVAILABLE, message="refused its own cursor twice")
        self.sync_silently()
        self.assertEqual(len(self.snapshots()), 12)

    def test_one_that_expired_between_two_runs_starts_over(self):
        self.mock.config(page_delay_ms=30, cursor_ttl_ms=2000)
        self.sync_some_pages()
        cursor = self.sql("SELECT cursor FROM passes WHERE active = 1")[0][0]
        self.assertIsNotNone(cursor)
        self.mock.config(page_delay_ms=0)
        time.sleep(2.1)  # it is older than it may be, however slow the machine is
        self.mock.reset_log()
        self.sync_silently()
        pages = self.mock.pages()
        self.assertEqual(pages[0]["cursor"], cursor)
        self.assertNotIn("cursor", pages[1])
        self.assertEqual(len(self.snapshots()), 12)

    def test_repeated_is_refused_and_nothing_lost(self):
        self.sync()
        for number in self.olds:
            self.mock.update(number, title="Changed")
        self.mock.fault("repeat_cursor", path="/v1/workorders", skip=1, times=-1)
        self.sync(expect=PROTOCOL, message="repeats a cursor, the list would never end; the next run continues here")
        before = self.dump("handlers", "deliveries")
        self.assertLess(len(self.mock.pages()), 20)
        self.sync(expect=PROTOCOL)
        self.assertEqual(self.dump("handlers", "deliveries"), before)
        self.mock.clear_faults()
        self.sync()
        self.assertEqual(len(self.ids()), 12)

    def test_duplicates_over_pages_are_told_once(self):
        self.mock.fault("duplicate", times=-1)
        self.sync_silently()
        for number in self.olds:
            self.mock.update(number, status="DONE")
        self.sync()
        self.assertEqual(len(self.ids()), 36)
        self.assertNothingDoubled()
        self.assertSnapshotsAreTrue()


class TwoRuns(Case):
    def hold(self):
        """A run that waits for an answer, with the lock in its hands."""
        self.mock.create_old(3)
        self.sync()
        self.mock.reset_log()
        self.mock.fault("hang", times=1)
        running = self.start("sync")
        self.wait_for(lambda: len(self.mock.requests()) + self.mock.state()["list_requests"] >= 1, "the request")
        return running

    def test_the_second_leaves_at_once(self):
        first = self.hold()
        second = self.wosync("-v", "sync", "--no-dispatch", expect=TRY_LATER,
                             message=r"another run reads the list \(process %d\)" % first.pid)
        self.assertLess(second.seconds, 20)
        self.assertSilent(self.sync("--no-dispatch", expect=TRY_LATER))  # cron need not mail that
        terminal = Terminal(self, 200, "sync", "--no-dispatch")  # but someone who typed it wants to know
        self.assertEqual(terminal.wait()[0], TRY_LATER)
        self.assertRegex(terminal.text, "another run reads the list")
        first.signal(signal.SIGTERM)
        self.assertEqual(first.wait().status, TRY_LATER)

    def test_the_lock_is_gone_with_a_killed_run(self):
        first = self.hold()
        first.signal(signal.SIGKILL)
        first.wait()
        self.sync_silently()

    def test_reading_needs_no_lock(self):
        first = self.hold()
        self.assertEqual(self.status()["workOrders"], 3)
        self.assertEqual(self.ids(), [])
        self.sync("--dry-run")
        first.signal(signal.SIGTERM)
        first.wait()

    def test_many_first_runs_at_once_make_one_store(self):
        self.mock.create_old(20)
        self.mock.config(max_limit=2)
        runs = [self.start("sync") for _ in range(8)]
        ended = [run.wait() for run in runs]
        self.assertIn(DONE, [run.status for run in ended])
        for run in ended:
            self.assertIn(run.status, (DONE, TRY_LATER), run)
        self.sync_silently()
        self.assertSnapshotsAreTrue()
        self.assertEqual(self.ids(), [])
