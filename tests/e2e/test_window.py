"""Nothing is missed: changes during a pass, late visibility, many at one instant, clocks that are off."""
import time

from harness import Case, ago, iso, moment_of

ORDERS = {"id_up": "id", "id_down": "-id", "updatedAt_up": "updatedAt", "createdAt_down": "-createdAt"}


class ChangeDuringAPass(Case):
    """Ten work orders to be read on five pages, and one of them changes while the pass is on the third."""

    def begin(self, order, **settings):
        self.configure(sync="lookback = 0s")  # the rule itself must do, without a margin
        self.numbers = self.mock.create_old(10)
        self.mock.config(order=order, **settings)
        self.sync_silently()

    def pass_with_change(self, which):
        """`which` of the pages (0: the first, read already; -1: the last) holds the work order that changes."""
        for number in self.numbers:
            self.mock.update(number, title="First change")
        self.mock.config(max_limit=2, page_delay_ms=4)  # no two of the changes in the same millisecond
        truth = self.mock.truth()
        order = sorted(self.numbers)
        mode = self.mock_order
        if mode in ("-id", "-createdAt", "sort"):
            order.reverse()
        page = order[:2] if which == 0 else order[-2:]
        victim, other = page[0], order[5]
        # the other one is changed later and read in this pass: its date goes past that of the victim
        self.mock.script((3, {"update": [{"id": victim, "status": "DONE"}]}),
                         (4, {"update": [{"id": order[-1] if which == 0 else other, "priority": "HIGH"}]}))
        self.sync()
        at = self.mock.truth()[victim]["updatedAt"]
        self.assertGreater(at, truth[victim]["updatedAt"])
        return victim, at

    def finish(self, victim, at):
        self.mock.config(max_limit=200, page_delay_ms=0)
        self.sync()
        self.sync_silently()
        told = [number for number in self.ids() if "/%d/" % victim in number]
        self.assertEqual(told.count("workorder.status_changed/%d/OPEN-DONE/%s" % (victim, at)), 1, told)
        self.assertEqual(told.count("workorder.completed/%d/%s" % (victim, at)), 1, told)
        self.assertEqual(told.count("workorder.updated/%d/%s" % (victim, at)), 1, told)
        self.assertNothingDoubled()
        self.assertSnapshotsAreTrue()

    def story(self, order, which, **settings):
        self.mock_order = "sort" if settings else order
        self.begin(order, **settings)
        victim, at = self.pass_with_change(which)
        if which == 0 and self.mock_order in ("id", "-id", "-createdAt"):
            # the vendor's recipe would go on at the watermark, and it lies behind the change already
            self.assertGreater(self.status()["watermark"], at)
            self.assertNotIn("workorder.completed/%d/%s" % (victim, at), self.ids())
        self.finish(victim, at)


def add_orders():
    for name, order in ORDERS.items():
        for where, which in (("already_read", 0), ("not_yet_read", -1)):
            def test(self, order=order, which=which):
                self.story(order, which)
            setattr(ChangeDuringAPass, "test_order_%s_on_a_page_%s" % (name, where), test)

    def sorted_down(self):
        self.story("id", 0, filter_brackets="ignored", filter_updatedAtGte="ignored")
    setattr(ChangeDuringAPass, "test_order_by_the_sort_fallback_on_a_page_already_read", sorted_down)


add_orders()


class ChangeDuringTheFirstPass(Case):
    def story(self, order):
        numbers = self.mock.create_old(10)
        self.mock.config(order=order, max_limit=3)
        # requests: the probe, pages 1 and 2, then the third during which both ends of the list change
        self.mock.script((4, {"update": [{"id": n, "title": "Changed"} for n in (numbers[0], numbers[-1])]}))
        self.sync()
        self.mock.config(max_limit=200)
        self.sync()
        self.sync_silently()
        truth = self.mock.truth()
        self.assertEqual(sorted(self.ids()), ["workorder.updated/%d/%s" % (n, truth[n]["updatedAt"])
                                              for n in (numbers[0], numbers[-1])])
        self.assertSnapshotsAreTrue()


def add_first_passes():
    for name, order in ORDERS.items():
        def test(self, order=order):
            self.story(order)
        setattr(ChangeDuringTheFirstPass, "test_it_is_told_under_order_" + name, test)


add_first_passes()


class LateVisibility(Case):
    def setUp(self):
        super().setUp()
        self.old = self.mock.create_old(2)
        self.sync_silently()
        self.mock.update(self.old[1], title="Newest")
        self.sync()

    def test_a_change_that_becomes_visible_within_the_lookback_is_told(self):
        at = self.mock.update(self.old[0], status="DONE", updatedAt=iso(time.time() - 4 * 60))
        self.assertLess(at, self.status()["watermark"])
        self.sync()
        self.assertIn("workorder.status_changed/%d/OPEN-DONE/%s" % (self.old[0], at), self.ids())

    def test_the_lookback_is_what_the_configuration_says(self):
        self.configure(sync="lookback = 2h")
        at = self.mock.update(self.old[0], title="Late", updatedAt=iso(time.time() - 100 * 60))
        self.sync()
        self.assertIn("workorder.updated/%d/%s" % (self.old[0], at), self.ids())

    def test_a_replica_that_lags_is_waited_for(self):
        at = self.mock.update(self.old[0], status="DONE", _visible_in_ms=5000)  # no run takes that long
        time.sleep(0.002)  # the stamps are milliseconds
        first = self.mock.update(self.old[1], title="Newer, and visible at once")
        self.sync()
        self.assertLess(at, self.status()["watermark"])
        self.assertIn("workorder.updated/%d/%s" % (self.old[1], first), self.ids())
        self.wait_for(lambda: self.mock.truth()[self.old[0]]["status"] == "DONE", "the replica")
        self.sync()
        self.sync_silently()
        told = [n for n in self.ids() if "/%d/" % self.old[0] in n]
        self.assertEqual(told, ["workorder.status_changed/%d/OPEN-DONE/%s" % (self.old[0], at),
                                "workorder.completed/%d/%s" % (self.old[0], at),
                                "workorder.updated/%d/%s" % (self.old[0], at)])

    def test_a_new_one_that_becomes_visible_late_is_created(self):
        made = self.mock.create({"title": "Late"})[0]
        self.mock.change(hide=[made["id"]])
        self.sync_silently()
        self.mock.update(self.old[1], title="Newer, and visible at once")
        self.sync()
        self.assertLess(made["updatedAt"], self.status()["watermark"])
        self.mock.change(unhide=[made["id"]])
        self.sync()
        self.assertEqual(self.ids()[-1], "workorder.created/%d" % made["id"])


class OneInstant(Case):
    def test_a_thousand_records_at_one_instant(self):
        self.mock.create_old(1000)
        self.mock.config(max_limit=90)
        self.sync_silently()
        at = ago(0)
        self.mock.change(update=[{"id": 100000 + i, "priority": "HIGH", "updatedAt": at} for i in range(1000)])
        self.sync()
        self.assertEqual(sorted(self.ids()), ["workorder.updated/%d/%s" % (100000 + i, at) for i in range(1000)])
        self.assertEqual(self.status()["watermark"], at)
        self.sync_silently()
        self.assertSnapshotsAreTrue()

    def test_one_more_on_the_bound_itself_is_read(self):
        # the bound is inclusive: what lies exactly on the watermark is asked for again
        self.configure(sync="lookback = 0s")
        at = ago(3 * 86400)
        self.mock.create({"updatedAt": at, "createdAt": at})
        self.sync_silently()
        late = self.mock.create({"updatedAt": at, "createdAt": at})[0]
        self.sync_silently()
        self.assertIn(late["id"], self.snapshots())


class Clocks(Case):
    BEHIND = "warning: clock: this machine's clock is (1h|59m 5\\ds) behind the server's; set it right"
    AHEAD = "warning: clock: this machine's clock is 1h.* ahead of the server's; set it right"

    def story(self, warning=None, **settings):
        self.mock.config(**settings)
        self.tell_story(warning=warning)
        # and a change on a page that was read already
        for number in self.olds:
            self.mock.update(number, title="Changed")
        self.mock.config(max_limit=1)
        self.mock.script((3, {"update": [{"id": self.olds[0], "title": "Changed again"}]}))
        self.sync()
        self.mock.config(max_limit=200)
        self.sync()
        self.sync_silently()
        self.assertNothingDoubled()
        truth = self.mock.truth()
        self.assertIn("workorder.updated/%d/%s" % (self.olds[0], truth[self.olds[0]]["updatedAt"]), self.ids())
        self.assertSnapshotsAreTrue()

    def test_the_server_is_an_hour_ahead(self):
        self.story(self.BEHIND, clock_skew_ms=3600000)

    def test_the_server_is_an_hour_behind(self):
        self.story(self.AHEAD, clock_skew_ms=-3600000)
        self.assertLess(moment_of(self.status()["passStarted"]), time.time() - 3500)

    def test_only_its_Date_is_an_hour_ahead(self):
        """The horizon is an hour ahead, too: what is created before it is history, and changes of it are none."""
        self.mock.config(date_skew_ms=3600000)
        old = self.mock.create_old(1)[0]
        self.assertRegex(self.sync().err, self.BEHIND)
        self.assertLess(moment_of(self.status()["passStarted"]), time.time() + 1)
        created = self.mock.create({"title": "New"})[0]["id"]
        self.sync_silently()
        dates = [self.mock.update(number, title="Changed") for number in (old, created)]
        self.sync()
        self.assertEqual(self.ids(), ["workorder.updated/%d/%s" % pair for pair in zip((old, created), dates)])
        self.sync_silently()
        self.assertSnapshotsAreTrue()

    def test_only_its_Date_is_an_hour_behind(self):
        self.story(self.AHEAD, date_skew_ms=-3600000)

    def test_no_Date(self):
        self.story(date_header="none")
        self.assertGreater(moment_of(self.status()["passStarted"]), time.time() - 100)

    def test_a_Date_that_is_garbage(self):
        self.story(date_header="yesterday, about noon")

    def test_a_Date_that_is_no_day(self):
        self.story(date_header="Mon, 99 Foo 2026 99:99:99 GMT")

    def test_a_Date_of_1970_loses_nothing(self):
        self.mock.config(date_header="Thu, 01 Jan 1970 00:00:00 GMT")
        olds = self.mock.create_old(3)
        self.sync()
        at = self.mock.update(olds[0], title="Changed")
        self.sync()
        self.assertIn("workorder.updated/%d/%s" % (olds[0], at), self.ids())
        self.sync_silently()
        self.assertNothingDoubled()

    def test_a_date_in_the_future_does_not_poison_the_bound(self):
        self.mock.create_old(3)
        self.sync_silently()
        self.mock.update(100000, title="From the future", updatedAt=iso(time.time() + 400 * 86400))
        self.sync()
        at = self.mock.update(100001, title="From now")
        self.sync()
        self.assertIn("workorder.updated/100001/" + at, self.ids())
        self.sync_silently()
