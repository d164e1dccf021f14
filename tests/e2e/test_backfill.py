"""backfill: what happened before wosync came, told once, from the work orders' own dates, however often it is stopped."""
import os
import random
import re
import shlex
import signal
import time

from harness import Case, CONFIG, DONE, NOPERM, TRY_LATER, USAGE, ago, iso, is_sanitized, moment_of, query_of, long

DAY = 86400
WHOLE = "800d"  # longer ago than the mock's generated work orders


class History(Case):
    def backfill(self, *arguments, **how):
        return self.wosync("backfill", *arguments, **how)

    def proved(self, since, until=None):
        """The ids that the dates of all work orders prove for a window (ISO 8601 texts, both ends inside)."""
        until = until or iso(time.time() + 3600)
        told = set()
        for number, wo in self.mock.truth().items():
            if wo["deleted"]:
                continue
            if since <= wo["createdAt"] <= until:
                told.add("workorder.created/%d" % number)
            if wo["status"] == "DONE" and wo["completedAt"] and since <= wo["completedAt"] <= until:
                told.add("workorder.completed/%d/%s" % (number, wo["completedAt"]))
        return told

    def assertTold(self, expected):
        ids = self.ids()
        self.assertEqual(len(ids), len(set(ids)), "an event stands twice")
        self.assertEqual(sorted(ids), sorted(expected))

    def position(self):
        """Where polling stands: it must not be moved."""
        return self.sql("SELECT watermark_ms, started_ms, observed_ms, finished_ms, horizon_ms FROM account")

    def unfinished(self, kind="backfill"):
        rows = self.sql("SELECT cursor, pages FROM passes WHERE kind = ? AND active = 1", kind)
        return rows[0] if rows else None

    def stop_in_the_middle(self, *arguments, number=signal.SIGTERM, after=4):
        """Signals a run when it has sent some list requests. The pages should be slow."""
        self.mock.reset_log()
        running = self.start(*arguments)
        self.wait_for(lambda: self.mock.state()["list_requests"] >= after, "the pages")
        running.signal(number)
        return running.wait()

    def own_pages(self):
        """The list requests of the last run alone: the mock may still have been at work for one that was stopped."""
        log = [entry for entry in self.mock.requests() if entry["path"] == "/v1/workorders"]
        last = max(entry["connection"] for entry in log)
        return [query_of(entry) for entry in log if entry["connection"] == last]

    def few_slow_pages(self):
        self.mock.config(max_limit=5, page_delay_ms=20)

    def quick(self):
        self.mock.config(page_delay_ms=0, max_limit=200)


class Window(History):
    mock_options = ("--work-orders", "60")

    def test_tells_what_the_dates_prove_and_nothing_else(self):
        self.sync_silently()
        run = self.backfill("--since", WHOLE)
        self.assertTold(self.proved(ago(800 * DAY)))
        self.assertEqual({e["source"] for e in self.events()}, {"backfill"})
        self.assertRegex(run.out, r"(?m)^backfill: 60 records on 1 page, %d events, 1 request$" % len(self.ids()))
        self.assertEqual(run.err, "")
        self.assertSnapshotsAreTrue()

    def test_only_what_lies_in_the_window(self):
        since, until = ago(500 * DAY), ago(100 * DAY)
        self.backfill("--since", since, "--until", until)
        expected = self.proved(since, until)
        self.assertTrue(expected)
        self.assertLess(len(expected), len(self.proved(ago(800 * DAY))))
        self.assertTold(expected)

    def test_the_list_is_asked_from_T_on_without_an_end(self):
        self.sync()
        self.mock.reset_log()
        self.backfill("--since", "2026-01-01", "--until", "2026-02-01")
        page = self.mock.pages()[0]
        self.assertEqual(page["updatedAt[gte]"], "2026-01-01T00:00:00.000Z")
        self.assertEqual(page["show_upcoming"], "true")
        self.assertFalse([name for name in page if "lte" in name.lower()])

    def test_both_bounds_are_inside(self):
        since, until = "2026-03-01T00:00:00.000Z", "2026-03-02T00:00:00.000Z"
        dates = ["2026-02-28T23:59:59.999Z", since, "2026-03-01T12:00:00.000Z", until, "2026-03-02T00:00:00.001Z"]
        now = ago(1)
        made = [wo["id"] for wo in self.mock.create(*({"createdAt": at, "updatedAt": now} for at in dates))]
        done = [wo["id"] for wo in self.mock.create(*(
            {"createdAt": "2020-01-01T00:00:00.000Z", "updatedAt": now, "status": "DONE", "completedAt": at}
            for at in dates))]
        self.backfill("--since", since, "--until", until)
        ids = set(self.ids())
        for at, number in zip(dates, made):
            self.assertEqual("workorder.created/%d" % number in ids, since <= at <= until, at)
        for at, number in zip(dates, done):
            self.assertEqual("workorder.completed/%d/%s" % (number, at) in ids, since <= at <= until, at)
            self.assertNotIn("workorder.created/%d" % number, ids)
        self.assertTold(self.proved(since, until))

    def test_only_a_complete_status_is_told_completed(self):
        at = ago(5 * DAY)
        made = [wo["id"] for wo in self.mock.create(*(
            {"createdAt": ago(9 * DAY), "updatedAt": ago(DAY), "status": status, "completedAt": at}
            for status in ("OPEN", "IN_PROGRESS", "ON_HOLD", "CANCELED", "SKIPPED", "DONE")))]
        self.backfill("--since", "30d")
        completed = [i for i in self.ids("--type", "workorder.completed") if int(i.split("/")[1]) in made]
        self.assertEqual(completed, ["workorder.completed/%d/%s" % (made[-1], at)])

    def test_within_a_page_they_come_by_the_time_at_which_they_happened(self):
        for order in ("id", "-id", "-createdAt"):
            with self.subTest(order=order):
                self.store = self.path("store-%s.db" % order)
                self.configure()
                self.mock.config(order=order)
                self.backfill("--since", WHOLE)
                times = [e["timestamp"] for e in self.events()]
                self.assertGreater(len(times), 60)
                self.assertEqual(times, sorted(times))

    def test_over_several_pages_each_is_in_order(self):
        self.configure(api="page_size = 7")
        self.mock.config(order="-id")
        self.backfill("--since", WHOLE)
        numbers = sorted(self.mock.truth(), reverse=True)
        page_of = {number: i // 7 for i, number in enumerate(numbers)}
        key = [(page_of[e["data"]["id"]], e["timestamp"]) for e in self.events()]
        self.assertEqual(key, sorted(key))
        self.assertTold(self.proved(ago(800 * DAY)))

    def test_silent_stores_and_tells_nothing(self):
        run = self.backfill("--since", WHOLE, "--silent")
        self.assertEqual(self.ids(), [])
        self.assertSnapshotsAreTrue()
        self.assertRegex(run.out, "60 records on 1 page, 0 events")
        at = self.mock.update(100000, title="Changed")
        self.sync()
        self.assertIn("workorder.updated/100000/" + at, self.ids())
        self.backfill("--since", WHOLE)
        self.assertTrue(self.proved(ago(800 * DAY), ago(3600)) <= set(self.ids()))
        self.assertNothingDoubled()

    def test_the_event_says_what_the_work_order_was_when_it_was_read(self):
        number = self.mock.create({"title": "Leak", "status": "DONE", "createdAt": ago(9 * DAY), "updatedAt": ago(DAY),
                                   "completedAt": ago(2 * DAY)})[0]["id"]
        self.backfill("--since", "20d")
        events = [e for e in self.events() if e["data"]["id"] == number]
        self.assertEqual([e["event"] for e in events], ["workorder.created", "workorder.completed"])
        truth = self.mock.truth()[number]
        self.assertEqual([e["timestamp"] for e in events], [truth["createdAt"], truth["completedAt"]])
        for event in events:
            self.assertEqual(event["data"]["title"], "Leak")
            self.assertNotIn("changes", event["data"])
            self.assertIsNone(event.get("previouslyObservedAt"))

    def test_it_delivers_unless_told_not_to(self):
        self.configure("[handler sink]\ntype = http\nurl = %s\n" % self.mock.sink_url("b"))
        self.sync()
        self.backfill("--since", WHOLE, "--no-dispatch")
        self.assertEqual(self.mock.sink("b"), [])
        self.wosync("dispatch")
        self.assertEqual(len(self.mock.sink("b")), len(self.proved(ago(800 * DAY))))

    def test_with_every_spelling_of_the_filter(self):
        since = ago(200 * DAY)
        expected = self.proved(since)
        self.mock.config(filter_updatedAtGte="honoured")
        for filter_ in ("updatedAtGte", "updatedAt[gte]", "sort"):
            with self.subTest(filter=filter_):
                self.store = self.path("store-%s.db" % re.sub(r"\W", "", filter_))
                self.configure(api="filter = %s\npage_size = 5" % filter_)
                self.backfill("--since", since)
                self.assertTold(expected)


class Together(History):
    """With polling, and with itself."""
    mock_options = ("--work-orders", "50")

    def test_after_polling_tells_nothing_again(self):
        self.sync()
        new = self.mock.create({"title": "New"})[0]["id"]
        self.sync()
        at = self.mock.update(new, status="DONE")
        self.sync()
        before = self.ids()
        self.assertIn("workorder.completed/%d/%s" % (new, at), before)
        position = self.position()
        self.backfill("--since", "1d")
        recent = self.proved(ago(DAY))
        self.assertEqual(set(self.ids()) - set(before), recent - set(before))
        self.assertEqual(self.ids().count("workorder.created/%d" % new), 1)
        self.assertNothingDoubled()
        self.assertEqual(self.position(), position)

    def test_polling_after_it_tells_the_rest_and_nothing_again(self):
        self.sync()
        new = self.mock.create({"title": "New"})[0]["id"]
        old = 100003
        self.backfill("--since", WHOLE)
        self.assertIn("workorder.created/%d" % new, self.ids())
        status = self.mock.truth()[old]["status"]
        at = self.mock.update(old, status="ON_HOLD" if status != "ON_HOLD" else "OPEN")
        before = self.ids()
        self.sync()
        after = self.ids()[len(before):]
        self.assertEqual([i.split("/")[0:2] for i in after],
                         [["workorder.status_changed", str(old)], ["workorder.updated", str(old)]])
        self.assertTrue(all(i.endswith(at) for i in after))
        self.assertNothingDoubled()
        self.assertSnapshotsAreTrue()

    def test_polling_tells_the_changes_that_it_has_read_before(self):
        """Known work orders change, the backfill reads them first: their changes are for the poll to tell."""
        self.sync()
        olds = [n for n, wo in self.mock.truth().items() if wo["status"] == "OPEN"][:2] or [100000, 100001]
        before = {n: self.mock.truth()[n]["status"] for n in olds}
        at = {n: self.mock.update(n, status="DONE" if before[n] != "DONE" else "OPEN", title="Changed") for n in olds}
        self.backfill("--since", WHOLE)
        self.sync()
        ids = self.ids()
        for n in olds:
            to = self.mock.truth()[n]["status"]
            self.assertEqual(ids.count("workorder.status_changed/%d/%s-%s/%s" % (n, before[n], to, at[n])), 1)
            self.assertEqual(ids.count("workorder.updated/%d/%s" % (n, at[n])), 1)
            event = next(e for e in self.events("--id", "workorder.updated/%d/%s" % (n, at[n])))
            self.assertEqual(event["data"]["changes"]["title"]["to"], "Changed")
        self.assertNothingDoubled()

    def test_before_the_first_sync(self):
        self.backfill("--since", WHOLE)
        told = self.proved(ago(800 * DAY))
        self.assertTold(told)
        self.assertEqual(self.sql("SELECT watermark_ms, started_ms FROM account"), [(None, None)])
        at = self.mock.update(100001, title="Changed")
        new = self.mock.create({"title": "New"})[0]["id"]
        self.sync()
        self.assertTold(told | {"workorder.updated/100001/" + at, "workorder.created/%d" % new})
        event = self.events("--id", "workorder.updated/100001/" + at)[0]
        self.assertEqual(event["data"]["changes"]["title"]["to"], "Changed")
        self.sync_silently()
        self.assertSnapshotsAreTrue()

    def test_between_a_backfill_and_the_first_sync_a_part_of_the_list_was_never_seen(self):
        """A backfill of the last days stores those alone; the first sync takes the rest silently."""
        self.backfill("--since", "30d")
        told = self.ids()
        self.sync_silently()
        self.assertEqual(self.ids(), told)
        self.assertSnapshotsAreTrue()

    def test_twice(self):
        self.sync()
        self.backfill("--since", WHOLE)
        before = self.dump("passes")
        run = self.backfill("--since", WHOLE)
        self.assertRegex(run.out, " 0 events")
        self.assertEqual(self.dump("passes"), before)

    def test_overlapping_windows(self):
        bounds = [ago(days * DAY) for days in (700, 500, 300, 200, 100, 20)]
        for since, until in ((1, 3), (2, 5), (0, 2), (0, 5), (4, 5)):
            self.backfill("--since", bounds[since], "--until", bounds[until])
        self.assertTold(self.proved(bounds[0], bounds[5]))

    def test_touching_windows_lose_nothing(self):
        bounds = [ago(days * DAY) for days in (800, 400, 200, 100, 0)]
        for since, until in zip(bounds, bounds[1:]):
            self.backfill("--since", since, "--until", until)
        self.assertTold(self.proved(bounds[0], bounds[-1]))

    def test_it_moves_neither_watermark_nor_start(self):
        self.sync()
        position = self.position()
        for n in range(100000, 100005):
            self.mock.update(n, title="Changed")
        self.backfill("--since", WHOLE)
        self.assertEqual(self.position(), position)
        self.few_slow_pages()
        self.stop_in_the_middle("backfill", "--since", WHOLE)
        self.assertEqual(self.position(), position)

    def test_sync_between_two_parts(self):
        self.sync_silently()
        self.few_slow_pages()
        self.assertEqual(self.stop_in_the_middle("backfill", "--since", WHOLE).status, TRY_LATER)
        cursor = self.unfinished()[0]
        self.quick()
        expected = set()
        for n in (100000, 100024, 100049):
            before = self.mock.truth()[n]["status"]
            after = "IN_PROGRESS" if before != "IN_PROGRESS" else "ON_HOLD"
            at = self.mock.update(n, status=after)
            expected |= {"workorder.status_changed/%d/%s-%s/%s" % (n, before, after, at),
                         "workorder.updated/%d/%s" % (n, at)}
        new = self.mock.create({"title": "New", "status": "DONE"})[0]["id"]
        before = set(self.ids())
        self.sync()
        truth = self.mock.truth()[new]
        expected |= {"workorder.created/%d" % new, "workorder.completed/%d/%s" % (new, truth["completedAt"])}
        self.assertEqual(set(self.ids()) - before, expected)
        self.mock.reset_log()
        self.backfill("--since", WHOLE)
        self.assertEqual(self.own_pages()[0]["cursor"], cursor)
        self.sync_silently()
        # a work order that is complete no longer by the time it is read was not proved to have been
        missing = self.proved(ago(800 * DAY), ago(3600)) - set(self.ids())
        self.assertEqual(missing, set())
        self.assertNothingDoubled()
        self.assertSnapshotsAreTrue()

    def test_changes_between_two_parts_before_the_first_sync_are_not_lost(self):
        self.few_slow_pages()
        self.stop_in_the_middle("backfill", "--since", WHOLE)
        self.quick()
        at = {n: self.mock.update(n, title="Changed") for n in (100000, 100049)}
        self.backfill("--since", WHOLE)
        self.sync()
        for n in at:
            self.assertIn("workorder.updated/%d/%s" % (n, at[n]), self.ids())
        self.sync_silently()
        self.assertNothingDoubled()
        self.assertSnapshotsAreTrue()


class Sizes(History):
    def tell_all(self, count, pages):
        if count:
            self.mock.change(create=[{
                "title": "W %d" % i, "status": "DONE" if i % 2 else "OPEN", "createdAt": ago(30 * DAY - i),
                "updatedAt": ago(9 * DAY - i), "completedAt": ago(10 * DAY - i) if i % 2 else None}
                for i in range(count)])
        run = self.backfill("--since", "60d")
        self.assertTold(self.proved(ago(60 * DAY)))
        self.assertEqual(len(self.ids()), count + count // 2)
        self.assertRegex(run.out, r"backfill: %d records? on %d pages?, %d events?, " % (count, pages, count + count // 2))
        self.assertIsNone(self.unfinished())
        self.assertNotRegex(self.backfill("--since", "60d").out, "[1-9][0-9]* events")

    def test_none(self):
        self.tell_all(0, 1)

    def test_one(self):
        self.tell_all(1, 1)

    def test_exactly_a_page(self):
        self.tell_all(200, 1)

    def test_exactly_two_pages(self):
        self.tell_all(400, 2)

    def test_a_page_and_one(self):
        self.tell_all(201, 2)


class Large(History):
    slow = True
    mock_options = ("--work-orders", "10000")

    def test_ten_thousand(self):
        run = self.backfill("--since", WHOLE, "--no-dispatch", measured=True)
        expected = self.proved(ago(800 * DAY))
        self.assertGreater(len(expected), 15000)
        self.assertTold(expected)
        self.assertRegex(run.out, "10000 records on 50 pages, %d events" % len(expected))
        if not is_sanitized():
            self.assertLess(run.memory, 60 * 1024)


class Stopped(History):
    mock_options = ("--work-orders", "100")

    def setUp(self):
        super().setUp()
        self.sync()
        self.place = self.position()

    def check_goes_on(self, *window):
        cursor, pages = self.unfinished()
        self.assertIsNotNone(cursor)
        self.assertGreaterEqual(pages, 1)
        self.assertLess(pages, 20)
        self.mock.config(page_delay_ms=0)
        self.mock.reset_log()
        self.backfill(*window)
        log = self.own_pages()
        self.assertEqual(log[0].get("cursor"), cursor)
        self.assertEqual(len(log), 20 - pages)
        self.assertIsNone(self.unfinished())
        self.assertTold(self.proved(ago(800 * DAY)))
        self.assertEqual(self.position(), self.place)

    def test_by_SIGTERM(self):
        self.few_slow_pages()
        run = self.stop_in_the_middle("backfill", "--since", WHOLE)
        self.assertFails(run, TRY_LATER, "stopped by a signal; the next run continues here")
        self.assertRegex(run.out, "not finished, run it again to continue there")
        self.check_goes_on("--since", WHOLE)

    def test_by_SIGINT(self):
        self.few_slow_pages()
        self.assertFails(self.stop_in_the_middle("backfill", "--since", WHOLE, number=signal.SIGINT), TRY_LATER, "signal")
        self.check_goes_on("--since", WHOLE)

    def test_by_SIGKILL(self):
        self.few_slow_pages()
        self.assertEqual(self.stop_in_the_middle("backfill", "--since", WHOLE, number=signal.SIGKILL).status, -9)
        self.check_goes_on("--since", WHOLE)

    def test_by_max_time(self):
        self.few_slow_pages()
        while self.unfinished() is None:  # on a busy machine a run may end before its first page
            run = self.backfill("--since", WHOLE, "--max-time", "150ms")
            self.assertEqual(run.err, "")
            self.assertRegex(run.out, "not finished, run it again to continue there")
        self.check_goes_on("--since", WHOLE)

    def test_an_age_typed_again_goes_on_with_the_window_of_the_first_time(self):
        self.few_slow_pages()
        self.stop_in_the_middle("backfill", "--since", "300d")
        first = self.sql("SELECT window_from_ms, window_until_ms, cursor FROM passes WHERE kind = 'backfill'")[0]
        late = self.mock.create({"title": "After the window's end"})[0]["id"]
        self.quick()
        self.mock.reset_log()
        self.backfill("--since", "300d")
        self.assertEqual(self.own_pages()[0]["cursor"], first[2])
        self.assertTold(self.proved(iso(first[0] / 1000), iso(first[1] / 1000)))
        self.assertNotIn("workorder.created/%d" % late, self.ids())
        run = self.sql("SELECT since_ms, until_ms FROM runs WHERE kind = 'backfill' ORDER BY id DESC LIMIT 1")[0]
        self.assertEqual(run, first[:2])

    def test_the_dates_of_the_refusal_go_on(self):
        self.few_slow_pages()
        self.stop_in_the_middle("backfill", "--since", WHOLE, "--until", "1d")
        cursor, pages = self.unfinished()
        window = self.sql("SELECT window_from_ms, window_until_ms FROM passes WHERE kind = 'backfill'")[0]
        before = self.dump("handlers", "deliveries")
        run = self.backfill("--since", "10d", expect=USAGE, message="is unfinished; go on with .* or drop it with --restart")
        self.assertEqual(self.dump("handlers", "deliveries"), before, "a refusal changed something")
        typed = shlex.split(re.search(r"go on with (.*), or drop it", run.err).group(1))
        self.assertEqual(typed, ["--since", iso(window[0] / 1000), "--until", iso(window[1] / 1000)])
        self.quick()
        self.mock.reset_log()
        self.backfill(*typed)
        self.assertEqual(self.own_pages()[0]["cursor"], cursor)
        self.assertTold(self.proved(*typed[1::2]))
        self.backfill("--since", "10d")

    def test_another_end_is_another_window(self):
        self.few_slow_pages()
        since = ago(800 * DAY)
        self.stop_in_the_middle("backfill", "--since", since, "--until", "1d")
        window = self.sql("SELECT window_from_ms, window_until_ms FROM passes WHERE kind = 'backfill'")[0]
        self.quick()
        end = iso(window[1] / 1000)
        for other in (("--until", "2d"), ("--until", end, "--silent")):
            self.backfill("--since", since, *other, expect=USAGE, message="is unfinished")
        self.backfill("--since", since, "--until", end)
        self.assertTold(self.proved(since, end))

    def test_without_a_token(self):
        run = self.backfill("--since", WHOLE, expect=CONFIG, message="api: no token", env={"MAINTAINX_API_KEY": None})
        self.assertEqual(run.out, "")
        self.assertIsNone(self.unfinished())

    def test_silent_is_a_part_of_the_window(self):
        self.few_slow_pages()
        self.stop_in_the_middle("backfill", "--since", WHOLE, "--silent")
        self.quick()
        run = self.backfill("--since", WHOLE, expect=USAGE, message=r"\(silent\) is unfinished; go on with .* --silent, or")
        typed = shlex.split(re.search(r"go on with (.*), or drop it", run.err).group(1))
        self.backfill(*typed)
        self.assertEqual(self.ids(), [])
        self.assertIsNone(self.unfinished())

    def test_restart_drops_the_unfinished_one(self):
        self.few_slow_pages()
        self.stop_in_the_middle("backfill", "--since", WHOLE)
        before = set(self.ids())
        self.quick()
        self.mock.reset_log()
        since = ago(100 * DAY)
        self.backfill("--since", since, "--restart")
        self.assertNotIn("cursor", self.own_pages()[0])
        self.assertTold(before | self.proved(since))
        self.assertIsNone(self.unfinished())

    def test_restart_of_the_same_window_begins_at_its_beginning(self):
        self.few_slow_pages()
        self.stop_in_the_middle("backfill", "--since", WHOLE)
        self.quick()
        self.mock.reset_log()
        self.backfill("--since", WHOLE, "--restart")
        self.assertNotIn("cursor", self.own_pages()[0])
        self.assertTold(self.proved(ago(800 * DAY)))

    def test_restart_with_nothing_unfinished_is_nothing_special(self):
        self.backfill("--since", WHOLE, "--restart")
        self.assertTold(self.proved(ago(800 * DAY)))

    def test_a_cursor_that_expired_in_the_middle(self):
        self.mock.config(max_limit=5)
        for status in (400, 404, 410):
            with self.subTest(status=status):
                self.store = self.path("store-%d.db" % status)
                self.configure()
                self.sync()
                place = self.position()
                self.mock.fault("expired_cursor", path="/v1/workorders", status=status, skip=7)
                self.mock.reset_log()
                run = self.backfill("--since", WHOLE)
                self.assertEqual(run.err, "")
                self.assertEqual(len([p for p in self.own_pages() if "cursor" not in p and p["limit"] != "1"]), 2)
                self.assertTold(self.proved(ago(800 * DAY)))
                self.assertEqual(self.position(), place)

    def test_a_cursor_that_expired_between_two_parts(self):
        self.few_slow_pages()
        self.stop_in_the_middle("backfill", "--since", WHOLE)
        self.mock.fault("expired_cursor", path="/v1/workorders")
        self.quick()
        self.backfill("--since", WHOLE)
        self.assertTold(self.proved(ago(800 * DAY)))

    def test_a_failure_in_the_middle(self):
        self.mock.config(max_limit=5)
        self.mock.fault("status", status=403, skip=6)
        self.backfill("--since", WHOLE, expect=NOPERM)
        self.assertIsNotNone(self.unfinished()[0])
        self.backfill("--since", WHOLE)
        self.assertTold(self.proved(ago(800 * DAY)))
        self.assertEqual(self.position(), self.place)

    def test_two_at_once(self):
        self.mock.fault("hang")
        running = self.start("backfill", "--since", WHOLE)
        self.wait_for(lambda: self.mock.state()["max_concurrent"] >= 1 and self.is_locked("backfill"), "the lock")
        second = self.backfill("--since", WHOLE, expect=TRY_LATER)
        self.assertRegex(second.err, r"^wosync: backfill: another backfill is at work \(process %d\); " % running.pid)
        running.signal(signal.SIGTERM)
        self.assertEqual(running.wait().status, TRY_LATER)


class Killed(History):
    slow = True
    mock_options = ("--work-orders", "240")

    def story(self, seed, order, polling):
        dice = random.Random(seed)
        self.configure("[handler sink]\ntype = http\nurl = %s\n" % self.mock.sink_url("kill"), api="page_size = 4")
        self.mock.config(order=order, page_delay_ms=1)
        if polling:
            self.sync()
        place = self.position() if polling else []
        longest = 0.15
        killed = rounds = 0
        while killed < 25 and rounds < 500:
            rounds += 1
            running = self.start("backfill", "--since", WHOLE)
            time.sleep(dice.uniform(0, longest))
            alive = running.is_alive()
            running.signal(signal.SIGKILL)
            run = running.wait()
            self.assertIn(run.status, (DONE, -signal.SIGKILL), run)
            killed += alive
        self.assertEqual(killed, 25)
        self.mock.config(page_delay_ms=0)
        self.backfill("--since", WHOLE)
        self.assertTold(self.proved(ago(800 * DAY)))
        if polling:
            self.assertEqual(self.position(), place)
        else:
            self.assertEqual(self.sql("SELECT watermark_ms, started_ms, finished_ms FROM account"), [(None, None, None)])
        told = {re.search(r'"id":"([^"]+)"', request["body"]).group(1) for request in self.mock.sink("kill")}
        self.assertEqual(told, set(self.ids()))
        self.assertSnapshotsAreTrue()
        self.sync_silently()
        rows = self.sql("SELECT count(*), sum(ended_ms IS NULL), sum(exit_status IS NULL) FROM runs WHERE kind = 'backfill'")
        self.assertEqual(rows[0][1], rows[0][2])

    def test_25_times_after_a_sync(self):
        self.story(11, "id", True)

    def test_25_times_before_the_first_sync(self):
        self.story(12, "-createdAt", False)


class Plan(History):
    mock_options = ("--work-orders", "250")

    def figures(self, *arguments):
        before = self.dump()
        # the mock may still be at work for a run that was stopped, on the connection of that one
        known = {entry["connection"] for entry in self.mock.requests()}
        run = self.backfill(*arguments, "--plan")
        self.assertEqual({entry["connection"] for entry in self.mock.requests()} - known, set(), "a plan sent a request")
        self.assertEqual(self.dump(), before, "a plan changed something")
        self.assertEqual(run.err, "")
        m = re.search(r"^backfill: about (\d+) work orders?, (\d+) requests?; at (\d+) requests? a minute (\d+) minutes?\n$",
                      run.out)
        self.assertIsNotNone(m, run)
        return tuple(map(int, m.groups()))

    def cost(self, *arguments):
        """What it really costs: records and requests."""
        self.mock.reset_log()
        run = self.backfill(*arguments)
        records = int(re.search(r"(\d+) records", run.out).group(1))
        return records, len(self.mock.requests())

    def check(self, page_size, since):
        self.configure(api="page_size = %d" % page_size)
        planned = self.figures("--since", since)
        self.assertEqual(planned[:2], self.cost("--since", since))

    def test_its_figures_are_those_of_the_run(self):
        self.sync()
        self.check(100, WHOLE)
        self.check(7, WHOLE)
        self.check(9, ago(100 * DAY))

    def test_its_figures_are_those_of_the_run_where_the_last_page_is_full(self):
        self.sync()
        self.check(50, WHOLE)

    def test_its_figures_are_those_of_the_run_where_there_is_nothing(self):
        self.sync()
        self.check(50, iso(time.time() - 0.001))

    def test_minutes_at_the_limit_that_the_server_told(self):
        self.mock.config(rate_limit={"requests": 30, "window_ms": 60000})
        self.sync()
        self.configure(api="page_size = 3")
        planned = self.figures("--since", WHOLE)
        self.assertEqual((planned[0], planned[2], planned[3]), (250, 30, 3))

    def test_minutes_with_a_reserve(self):
        self.mock.config(rate_limit={"requests": 30, "window_ms": 60000})
        self.sync()
        self.configure(api="page_size = 3\nreserve = 20")
        planned = self.figures("--since", WHOLE)
        self.assertEqual(planned[2:], (10, 9))

    def test_a_short_window_of_the_server_is_counted_up_to_a_minute(self):
        self.mock.config(rate_limit={"requests": 20, "window_ms": 2000})
        self.sync()
        self.assertEqual(self.figures("--since", WHOLE)[2:], (600, 1))

    def test_of_a_store_that_knows_nothing(self):
        run = self.backfill("--since", WHOLE, "--plan")
        self.assertEqual(self.mock.requests(), [])
        self.assertRegex(run.out, "nothing is known of what there is; run: wosync sync")

    def test_with_an_unfinished_one(self):
        self.sync()
        self.few_slow_pages()
        self.stop_in_the_middle("backfill", "--since", WHOLE)
        self.figures("--since", WHOLE)
        self.assertIsNotNone(self.unfinished())

    def test_with_restart_drops_nothing(self):
        self.sync()
        self.few_slow_pages()
        self.stop_in_the_middle("backfill", "--since", WHOLE)
        self.figures("--since", WHOLE, "--restart")
        self.assertIsNotNone(self.unfinished())


class Typing(History):
    def asked(self, *arguments):
        self.mock.reset_log()
        self.backfill(*arguments)
        return moment_of(self.mock.pages()[-1]["updatedAt[gte]"])

    def test_dates(self):
        self.sync()
        for text, meant in (("2026-01-31", "2026-01-31T00:00:00Z"), ("2026-01-31T10:20", "2026-01-31T10:20:00Z"),
                            ("2026-01-31 10:20", "2026-01-31T10:20:00Z"), ("2026-01-31T10:20:30", "2026-01-31T10:20:30Z"),
                            ("2026-01-31T10:20:30Z", "2026-01-31T10:20:30Z"),
                            ("2026-01-31T10:20:30.5Z", "2026-01-31T10:20:30.500Z"),
                            ("2026-01-31T10:20:30+05:45", "2026-01-31T04:35:30Z"), ("2024-02-29", "2024-02-29T00:00:00Z")):
            with self.subTest(text=text):
                self.assertEqual(self.asked("--since", text), moment_of(meant))

    def test_ages(self):
        self.sync()
        for text, seconds in (("90d", 90 * DAY), ("2w", 14 * DAY), ("36h", 36 * 3600), ("90m", 5400), ("30s", 30)):
            with self.subTest(text=text):
                before = time.time()
                asked = self.asked("--since", text)
                self.assertTrue(before - 0.002 <= asked + seconds <= time.time() + 0.002, text)

    def test_until_takes_the_same(self):
        old = self.mock.create_old(1)[0]
        self.backfill("--since", "30d", "--until", "20d")
        self.assertEqual(self.ids(), [])
        self.backfill("--since=30d", "--until=1h")
        self.assertEqual(self.ids(), ["workorder.created/%d" % old])

    def test_mistakes(self):
        for text in ("", "yesterday", "90", "-5d", "90 d", "5x", "2026", "2026-1-1", "2026-13-01", "2026-02-30", "31.01.2026",
                     "2026-01-31T25:00", "2026-01-31T10:20:30+99:00", "2026-01-31 ", "d", "999999999999d", "1e3d"):
            with self.subTest(text=text):
                self.backfill("--since=" + text, expect=USAGE, message="--since .*write a date, a date and time, or an age")
                self.backfill("--since", "90d", "--until=" + text, expect=USAGE, message="--until .*write a date")
        self.assertEqual(self.mock.requests(), [])
        self.assertFalse(os.path.exists(self.store))

    def test_wrong_usage(self):
        for arguments, why in (((), "--since is missing"), (("--until", "1d"), "--since is missing"),
                               (("--since", "1d", "--until", "2d"), "--until is before --since"),
                               (("--since",), "--since: its value is missing"),
                               (("--since", "1d", "--until"), "--until: its value is missing"),
                               (("--since", "1d", "--frobnicate"), "unknown option"),
                               (("--since", "1d", "more"), "unexpected argument"),
                               (("--since", "1d", "--max-time", "soon"), "--max-time")):
            with self.subTest(arguments=arguments):
                self.backfill(*arguments, expect=USAGE, message=why)
        self.assertEqual(self.mock.requests(), [])

    def test_help(self):
        run = self.backfill("--help")
        for word in ("--since T", "--until T", "--silent", "--plan", "--restart", "--no-dispatch", "--max-time D", "SIGUSR1"):
            self.assertIn(word, run.out)


class RateLimit(History):
    slow = True
    mock_options = ("--work-orders", "420")

    def windows(self, length):
        """The instants of the requests, by the mock's windows: the first request after one has ended opens the next."""
        windows = []
        for entry in self.mock.requests():
            if not windows or entry["at_ms"] - windows[-1][0] >= length:
                windows.append([])
            windows[-1].append(entry["at_ms"])
        return windows

    def read_all(self, reserve):
        self.store = self.path("store-%d.db" % time.monotonic_ns())
        self.configure(api="page_size = 5\nreserve = %d" % reserve)
        self.mock.config(rate_limit={"requests": 20, "window_ms": 2000})
        self.mock.reset_log()
        self.backfill("--since", WHOLE)
        state = self.mock.state()
        self.assertEqual(state["rate_limited"], 0)
        self.assertNotIn("429", state["status_counts"])
        return self.windows(2000)

    @long
    def test_at_least_99_percent_of_what_is_allowed_and_no_429(self):
        best = []  # the shortest that each window lasted until the next was opened: a busy machine wakes us late now and then
        for _ in range(8):
            windows = self.read_all(0)
            self.assertTold(self.proved(ago(800 * DAY)))
            self.assertGreaterEqual(len(windows), 5)
            lasted = [b[0] - a[0] if len(a) == 20 else 1e9 for a, b in zip(windows, windows[1:])][:4]
            best = list(map(min, best or lasted, lasted))
            used = 2000 * len(best) / sum(best)
            if used >= 0.99:
                return
        self.fail("used %.2f %% of what is allowed: %s" % (100 * used, best))

    @long
    def test_reserve_is_left_to_others(self):
        self.mock.change(delete=list(range(100200, 100420)))
        windows = self.read_all(7)
        self.assertGreaterEqual(len(windows), 3)
        self.assertEqual([len(w) for w in windows[:-1]], [13] * (len(windows) - 1))
        self.assertLessEqual(len(windows[-1]), 13)

    def test_a_limit_that_others_have_used_up_costs_no_429_in_the_next_run(self):
        """The figures of the last run are kept: the next one waits instead of asking into a closed window."""
        self.mock.change(delete=list(range(100030, 100420)))
        self.configure(api="page_size = 5")
        self.mock.config(rate_limit={"requests": 4, "window_ms": 1500})
        while True:  # 75: a run that had time for the wait alone
            run = self.wosync("backfill", "--since", WHOLE, "--max-time", "300ms", expect=None)
            self.assertIn(run.status, (DONE, TRY_LATER), run)
            if run.status == DONE and "to continue there\n" not in run.out:
                break
        self.assertEqual(self.mock.state()["rate_limited"], 0)
        self.assertTold(self.proved(ago(800 * DAY)))
