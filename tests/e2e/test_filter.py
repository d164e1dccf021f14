"""Which filter the server honours is found out once and remembered, and found anew when it is honoured no more."""
import itertools

from harness import Case, CONFIG, PROTOCOL, ago

WORDS = ("honoured", "ignored", "refused")


def is_probe(parameters):
    return parameters["limit"] == "1"


def chosen(gte, brackets, sort):
    return ("updatedAt[gte]" if brackets == "honoured" else "updatedAtGte" if gte == "honoured" else
            "sort" if sort == "honoured" else "none")


class EveryServer(Case):
    def story(self, gte, brackets, sort):
        self.mock.config(filter_updatedAtGte=gte, filter_brackets=brackets, sort=sort)
        if chosen(gte, brackets, sort) != "none":
            self.tell_story()
            self.mock.reset_log()
            self.sync_silently()
        else:
            self.olds = self.mock.create_old(5)
            self.sync(message="neither a filter by updatedAt nor sort")
            self.tell_story(first=False)
            self.mock.reset_log()
            self.sync_silently()
        self.assertEqual(self.status()["filter"], chosen(gte, brackets, sort))
        pages = self.mock.pages()
        self.assertEqual([p for p in pages if is_probe(p)], [], "it was asked again")
        self.assertEqual(len(pages), 1)


def add_servers():
    for gte, brackets, sort in itertools.product(WORDS, WORDS, WORDS):
        def test(self, gte=gte, brackets=brackets, sort=sort):
            self.story(gte, brackets, sort)
        setattr(EveryServer, "test_updatedAtGte_%s_brackets_%s_sort_%s" % (gte, brackets, sort), test)


add_servers()


class Sort(Case):
    def setUp(self):
        super().setUp()
        self.mock.config(filter_updatedAtGte="ignored", filter_brackets="refused")

    def test_a_few_dates_may_stand_in_order_by_chance(self):
        """Three work orders in any order look sorted once in six, to a server that ignores sort; four dates and both
        ways are asked for."""
        self.mock.create_old(3)
        self.sync_silently()
        self.assertIsNone(self.status()["filter"])
        self.mock.create_old(1)
        self.sync()
        self.assertEqual(self.status()["filter"], "sort")

    def test_it_stops_at_the_first_older_record(self):
        self.mock.create_old(40)
        self.sync_silently()
        for i in range(5):
            self.mock.update(100000 + i, title="Changed")
        self.mock.config(max_limit=4)
        self.mock.reset_log()
        self.sync()
        self.assertEqual(len(self.ids()), 5)
        pages = self.mock.pages()
        self.assertEqual(len(pages), 2)
        self.assertEqual({p["sort"] for p in pages}, {"-updatedAt"})

    def test_the_order_of_the_first_pass_does_not_matter(self):
        for order in ("id", "-id", "updatedAt", "-createdAt"):
            with self.subTest(order=order):
                self.store = self.path("store%s.db" % order)
                self.configure()
                self.mock.config(order=order, max_limit=3)
                self.mock.create_old(10)
                self.sync_silently()
                self.assertSnapshotsAreTrue()
                self.mock.config(max_limit=200)

    def test_ignored_in_an_order_that_looks_right_loses_nothing(self):
        # newest first by creation, and nothing was changed since: on the first pass, that is the order asked for
        self.mock.config(sort="ignored", order="-createdAt")
        for i in range(30):
            day = ago((100 - i) * 86400)
            self.mock.create({"title": "Untouched", "createdAt": day, "updatedAt": day})
        self.sync()
        self.mock.config(max_limit=10)
        at = self.mock.update(100000, title="The oldest one, on the last page")
        self.sync()
        self.assertEqual(self.ids(), ["workorder.updated/100000/" + at])


class ChangedServer(Case):
    def setUp(self):
        super().setUp()
        self.mock.config(filter_updatedAtGte="honoured")
        self.mock.create_old(12)
        self.sync_silently()

    def change_and_sync(self):
        self.mock.config(max_limit=5)
        at = self.mock.update(100011, title="On the last page")
        self.sync()
        self.assertEqual(self.ids()[-1], "workorder.updated/100011/" + at)
        self.assertSnapshotsAreTrue()
        self.mock.config(max_limit=200)
        self.sync()
        self.assertEqual(self.ids()[-1], "workorder.updated/100011/" + at)

    def test_one_that_learns_to_filter_is_found_out_by_a_sweep(self):
        self.mock.config(filter_updatedAtGte="ignored", filter_brackets="ignored", sort="ignored")
        self.sync(message="neither a filter by updatedAt nor sort")
        self.mock.config(filter_updatedAtGte="honoured")
        self.wosync("reconcile")
        self.sync()
        self.assertEqual(self.status()["filter"], "updatedAtGte")

    def test_one_that_turns_ignored_is_found_on_the_page(self):
        self.mock.config(filter_brackets="ignored")
        self.change_and_sync()
        self.assertEqual(self.status()["filter"], "updatedAtGte")

    def test_one_that_turns_refused_is_replaced(self):
        self.mock.config(filter_brackets="refused")
        self.change_and_sync()
        self.assertEqual(self.status()["filter"], "updatedAtGte")

    def test_both_turn_ignored(self):
        self.mock.config(filter_updatedAtGte="ignored", filter_brackets="ignored")
        self.change_and_sync()
        self.assertEqual(self.status()["filter"], "sort")

    def test_all_turn_refused(self):
        self.mock.config(filter_updatedAtGte="refused", filter_brackets="refused", sort="refused")
        self.change_and_sync()
        self.assertEqual(self.status()["filter"], "none")

    def test_it_turns_ignored_in_the_middle_of_a_pass(self):
        self.mock.config(max_limit=2)
        for i in range(8):
            self.mock.update(100000 + i, title="Changed")
        # what the last page of an ignored filter shows is older than the bound
        self.mock.script((2, {"update": [{"id": 100011, "title": "Changed"}]}))
        running = self.start("-v", "sync")
        self.mock.config(filter_brackets="ignored")
        run = running.wait()
        self.assertEqual(run.status, 0, run)
        self.sync()
        self.assertSnapshotsAreTrue()
        self.assertNothingDoubled()

    def test_the_change_of_filters_is_told_with_v(self):
        self.mock.config(filter_brackets="ignored")
        run = self.wosync("-v", "sync")
        self.assertRegex(run.err, r"seems to ignore the filter updatedAt\[gte\]; asking again(?s:.*)updatedAt\[gte\] is ignored")

    def test_what_was_given_up_is_found_anew_within_a_day(self):
        self.mock.config(filter_brackets="ignored", filter_updatedAtGte="refused")
        self.change_and_sync()
        self.assertEqual(self.status()["filter"], "sort")
        self.mock.config(filter_brackets="honoured")
        self.sync()
        self.assertEqual(self.status()["filter"], "sort")
        self.sql("UPDATE filter_probes SET asked_ms = asked_ms - 86400000")
        self.sync_silently()
        self.assertEqual(self.status()["filter"], "updatedAt[gte]")

    def test_a_worse_filter_costs_a_request_a_day(self):
        self.mock.config(filter_brackets="refused")
        self.change_and_sync()
        self.mock.reset_log()
        self.sync_silently()
        self.assertEqual(len(self.mock.requests()), 1)
        self.sql("UPDATE filter_probes SET asked_ms = asked_ms - 86400000")
        self.mock.reset_log()
        for _ in range(2):
            self.sync_silently()
        self.assertEqual(len(self.mock.requests()), 3)
        self.assertEqual(self.status()["filter"], "updatedAtGte")


class LittleTime(Case):
    def test_probes_get_ahead(self):
        """No run has time for more than one request; what it shows is stored at once, and asked for no more."""
        self.mock.create_old(5)
        self.mock.config(filter_brackets="refused", filter_updatedAtGte="ignored", page_delay_ms=1500)
        for _ in range(40):  # on a busy machine a run may have time for none
            self.sync_silently("--max-time", "1s")
            if len(self.snapshots()) == 5:
                break
        self.assertEqual(len([p for p in self.mock.pages() if p["limit"] != "200"]), 4)
        self.assertEqual(len(self.snapshots()), 5)
        self.assertEqual(self.status()["filter"], "sort")


class Configured(Case):
    def test_a_configured_filter_is_used_without_a_probe(self):
        self.configure(api="filter = updatedAt[gte]")
        self.mock.create_old(3)
        self.sync_silently()
        self.sync_silently()
        pages = self.mock.pages()
        self.assertEqual([p for p in pages if is_probe(p)], [])
        self.assertIn("updatedAt[gte]", pages[-1])

    def test_a_configured_filter_that_is_ignored_is_an_error(self):
        self.mock.config(filter_updatedAtGte="honoured")
        self.configure(api="filter = updatedAtGte")
        self.mock.create_old(3)
        self.sync_silently()
        before = self.dump("filter_probes")
        self.mock.config(filter_updatedAtGte="ignored")
        self.sync(expect=PROTOCOL, message=r"ignores the filter updatedAtGte; set filter = auto")
        self.assertEqual(self.dump("filter_probes"), before)

    def test_a_configured_filter_that_is_refused_is_an_error(self):
        self.mock.config(filter_updatedAtGte="honoured")
        self.configure(api="filter = updatedAtGte")
        self.mock.create_old(3)
        self.sync_silently()
        self.mock.config(filter_updatedAtGte="refused")
        self.sync(expect=PROTOCOL, message=r"refuses the filter updatedAtGte; set filter = auto")

    def test_sort_can_be_configured(self):
        self.configure(api="filter = sort")
        self.tell_story()
        self.assertEqual(self.mock.pages()[-1]["sort"], "-updatedAt")

    def test_another_name_is_refused(self):
        self.configure(api="filter = updated_at")
        self.sync(expect=CONFIG, message=r"wosync.conf:3: filter = updated_at: expected auto")
