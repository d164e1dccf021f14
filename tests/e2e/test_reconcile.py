"""reconcile: a sweep of everything. What polling cannot see is healed, and a deletion is told when it is proved."""
import os
import random
import re
import signal
import time
import unittest

from harness import LINKED, Case, CONFIG, DATA, DONE, Mock, NOPERM, PROTOCOL, TRY_LATER, ago, is_sanitized, long
from test_progress import Terminal

HOUR_MS = 3600000


class Sweeps(Case):
    def reconcile(self, *arguments, **how):
        return self.wosync("reconcile", *arguments, **how)

    def deleted(self):
        """The work orders told deleted, in the order of the log."""
        return [e["id"] for e in self.events("--type", "workorder.deleted")]

    def gone(self, *numbers):
        self.mock.change(delete=list(numbers))

    def ids_of(self, numbers):
        return ["workorder.deleted/%d" % number for number in numbers]

    def an_hour_passes(self):
        self.sql("UPDATE deletion_candidates SET refused_ms = refused_ms - ?", HOUR_MS + 1)

    def missing(self):
        return {row[0] for row in self.sql("SELECT id FROM deletion_candidates")}

    def last_run(self):
        return self.status()["runs"][0]

    def asked(self):
        """The work orders that were asked for by their ids, since the last reset."""
        return [int(e["path"].rpartition("/")[2]) for e in self.mock.requests()
                if e["path"].startswith("/v1/workorders/")]

    def stop_in_the_middle(self, *arguments, number=signal.SIGTERM, after=4):
        self.mock.reset_log()
        running = self.start(*arguments)
        self.wait_for(lambda: self.mock.state()["list_requests"] >= after, "the pages")
        running.signal(number)
        return running.wait()


class Deleted(Sweeps):
    def setUp(self):
        super().setUp()
        self.olds = self.mock.create_old(40)
        self.sync_silently()

    def test_without_a_token(self):
        run = self.reconcile(expect=CONFIG, message="api: no token", env={"MAINTAINX_API_KEY": None})
        self.assertEqual(run.out, "")
        self.assertEqual(self.missing(), set())

    def test_a_broken_configuration(self):
        self.configure(api="nonsense = 1")
        self.mock.reset_log()
        self.reconcile(expect=CONFIG, message="nonsense: unknown key")
        self.assertEqual(self.mock.requests(), [])

    def test_a_sweep_that_finds_nothing_says_so_on_a_terminal(self):
        status, _ = (terminal := Terminal(self, 100, "reconcile", both=True)).wait()
        self.assertEqual(status, DONE)
        self.assertRegex(terminal.text, "reconcile: 40 records on 1 page, 0 events, 1 request")

    def test_a_sweep_that_finds_nothing_is_silent(self):
        run = self.reconcile()
        self.assertEqual(run.err, "")
        self.assertEqual(run.out, "")
        self.assertEqual(self.ids(), [])

    def test_not_told_after_the_first_sweep_alone(self):
        self.gone(*self.olds[:3])
        self.mock.reset_log()
        run = self.reconcile()
        self.assertEqual(run.err, "")
        self.assertEqual(self.asked(), self.olds[:3])
        self.assertEqual(self.deleted(), [])
        self.assertEqual(self.missing(), set(self.olds[:3]))
        self.assertEqual(self.status()["missing"], 3)
        self.assertRegex(self.wosync("status").out, r"missing +3 work orders wait for the second proof")
        self.sync_silently()
        self.assertEqual(self.deleted(), [])

    def test_told_after_the_second_sweep(self):
        self.gone(*self.olds[:3])
        self.reconcile()
        self.reconcile()
        self.assertEqual(self.deleted(), self.ids_of(self.olds[:3]))
        self.assertEqual(self.last_run()["events"]["workorder.deleted"], 3)
        self.assertEqual(self.missing(), set())
        self.assertEqual({e["source"] for e in self.events()}, {"reconcile"})
        self.mock.reset_log()
        self.reconcile()
        self.sync_silently()
        self.assertEqual(self.asked(), [])
        self.assertEqual(len(self.deleted()), 3)
        self.assertEqual(len(self.sql("SELECT id FROM snapshots WHERE deleted = 1")), 3)

    def test_the_event_holds_the_work_order_as_it_was_last_known(self):
        self.gone(self.olds[5])
        self.reconcile()
        self.reconcile()
        event = self.events()[0]
        self.assertEqual(event["event"], "workorder.deleted")
        self.assertEqual(event["data"]["id"], self.olds[5])
        self.assertEqual(event["data"]["title"], "Old 5")

    def test_it_is_delivered(self):
        self.configure("[handler sink]\non = workorder.deleted\ntype = http\nurl = %s\n" % self.mock.sink_url("d"))
        self.sync()
        self.gone(self.olds[0])
        self.reconcile()
        self.reconcile("--no-dispatch")
        self.assertEqual(self.mock.sink("d"), [])
        self.sync()
        self.assertEqual(len(self.mock.sink("d")), 1)

    def test_a_sync_proves_it_an_hour_later_and_not_before(self):
        self.gone(*self.olds[:2])
        self.reconcile()
        self.mock.reset_log()
        self.sync_silently()
        self.sql("UPDATE deletion_candidates SET refused_ms = refused_ms - ?", HOUR_MS - 60000)
        self.sync_silently()
        self.assertEqual(self.asked(), [])
        self.assertEqual(self.deleted(), [])
        self.an_hour_passes()
        self.sync()
        self.assertEqual(self.asked(), self.olds[:2])
        self.assertEqual(self.deleted(), self.ids_of(self.olds[:2]))
        self.assertEqual({e["source"] for e in self.events()}, {"poll"})
        self.assertEqual(self.last_run()["events"]["workorder.deleted"], 2)
        self.an_hour_passes()
        self.sync_silently()
        self.assertEqual(len(self.deleted()), 2)

    def test_a_dry_run_proves_nothing(self):
        self.gone(self.olds[0])
        self.reconcile()
        self.an_hour_passes()
        before = self.dump()
        self.sync("--dry-run")
        self.assertEqual(self.dump(), before)

    def test_syncs_share_the_proof_of_many(self):
        self.configure(sync="max_deletes = 100")
        self.gone(*self.olds[:25])
        self.reconcile()
        self.an_hour_passes()
        for _ in range(2):
            self.mock.reset_log()
            self.sync()
            self.assertLessEqual(len(self.asked()), 20)
        self.assertEqual(sorted(self.deleted()), self.ids_of(self.olds[:25]))

    def test_410_is_as_good_as_404(self):
        self.gone(self.olds[0])
        self.mock.fault("status", status=410, path="/v1/workorders/%d" % self.olds[0], times=2)
        self.reconcile()
        self.reconcile()
        self.assertEqual(self.deleted(), self.ids_of(self.olds[:1]))

    def test_one_that_answers_by_its_id_is_not_gone(self):
        """Missing from the list, but there: whatever the list's reason is, it is not deleted."""
        self.mock.change(hide=[self.olds[0]])
        self.reconcile()
        self.assertEqual(self.missing(), {self.olds[0]})
        self.mock.script((1, {"unhide": [self.olds[0]]}))  # after the list, before it is asked for by its id
        self.reconcile()
        self.assertEqual(self.missing(), set())
        self.assertEqual(self.ids(), [])
        self.an_hour_passes()
        self.sync_silently()
        self.assertEqual(self.ids(), [])

    def test_one_that_answers_by_its_id_answers_in_full(self):
        self.mock.change(hide=[self.olds[0]])
        self.mock.script((1, {"unhide": [self.olds[0]], "update": [dict(LINKED, id=self.olds[0])]}))
        self.reconcile()
        self.assertEqual({field: self.snapshots()[self.olds[0]].get(field) for field in LINKED}, LINKED)

    def test_one_seen_again_by_the_next_sweep_is_forgotten(self):
        self.mock.change(hide=[self.olds[0]])
        self.reconcile()
        self.mock.change(unhide=[self.olds[0]])
        self.reconcile()
        self.assertEqual(self.missing(), set())
        self.mock.change(hide=[self.olds[0]])
        self.reconcile()
        self.assertEqual(self.ids(), [], "the proof began before it was there again")

    def test_one_seen_again_by_a_poll_is_forgotten(self):
        """Between the two answers of 404 it was there: the first proves nothing any more."""
        self.mock.change(hide=[self.olds[0]])
        self.reconcile()
        self.mock.change(unhide=[self.olds[0]], update=[{"id": self.olds[0], "title": "Here"}])
        self.sync("--no-dispatch")
        self.assertEqual(len(self.ids()), 1)
        self.mock.change(hide=[self.olds[0]])
        self.an_hour_passes()
        self.sync()
        self.assertEqual(self.deleted(), [], "it was told deleted by one 404")

    def test_a_failing_proof_tells_nothing_and_is_tried_again(self):
        self.gone(*self.olds[:3])
        self.reconcile()
        self.mock.fault("status", status=401, path="/v1/workorders/%d" % self.olds[1])
        self.reconcile(expect=NOPERM)
        self.assertNotIn("workorder.deleted/%d" % self.olds[1], self.deleted())
        self.reconcile()
        self.assertEqual(sorted(self.deleted()), self.ids_of(self.olds[:3]))

    def test_one_that_may_not_be_asked_for_does_not_hold_up_the_others(self):
        """403 proves nothing; those behind it are proved all the same, and polling goes on."""
        self.gone(*self.olds[:3])
        self.mock.fault("status", status=403, path="/v1/workorders/%d" % self.olds[1], times=-1)
        for _ in range(2):
            self.reconcile(expect=None)
        self.assertEqual(self.deleted(), self.ids_of((self.olds[0], self.olds[2])))
        at = self.mock.update(self.olds[9], title="Changed")
        self.sync(expect=None)
        self.assertEqual(self.ids()[-1], "workorder.updated/%d/%s" % (self.olds[9], at))

    def test_deletedAt_in_a_record_tells_it_at_once(self):
        at = self.mock.update(self.olds[0], deletedAt=ago(1))
        self.sync()
        self.assertEqual(self.ids(), ["workorder.updated/%d/%s" % (self.olds[0], at), "workorder.deleted/%d" % self.olds[0]])
        self.sync_silently()
        self.reconcile()
        self.assertEqual(len(self.ids()), 2)

    def test_deletedAt_that_polling_cannot_see_is_told_by_the_sweep_at_once(self):
        self.mock.update(self.olds[0], deletedAt=ago(1), _keep_updatedAt=True)
        self.sync_silently()
        self.reconcile(expect=None)
        self.assertEqual(self.deleted(), self.ids_of(self.olds[:1]))
        self.gone(self.olds[0])
        for _ in range(3):
            self.reconcile()
        self.assertEqual(len(self.deleted()), 1)

    def bring_back(self, number, **fields):
        old = self.sql("SELECT json FROM work_orders WHERE id = ?", number)
        self.assertEqual(len(old), 1)
        return self.mock.create(dict({"id": number, "title": "Back", "createdAt": ago(20 * 86400)}, **fields))[0]["updatedAt"]

    def test_one_that_comes_back_is_told_updated_with_what_changed(self):
        number = self.olds[0]
        self.gone(number)
        self.reconcile()
        self.reconcile()
        at = self.bring_back(number, status="IN_PROGRESS")
        self.sync()
        ids = self.ids()
        self.assertEqual(ids[1:], ["workorder.status_changed/%d/OPEN-IN_PROGRESS/%s" % (number, at),
                                   "workorder.updated/%d/%s" % (number, at)])
        changes = self.events()[-1]["data"]["changes"]
        self.assertEqual(changes["title"], {"from": "Old 0", "to": "Back"})
        self.assertEqual(self.sql("SELECT deleted FROM snapshots WHERE id = ?", number), [(0,)])
        self.gone(number)
        self.reconcile()
        self.assertEqual(self.deleted(), ["workorder.deleted/%d" % number])
        self.reconcile()
        self.assertEqual(self.deleted(), ["workorder.deleted/%d" % number, "workorder.deleted/%d/2" % number])
        self.bring_back(number)
        self.sync()
        self.gone(number)
        self.reconcile()
        self.an_hour_passes()
        self.sync()
        self.assertEqual(self.deleted()[-1], "workorder.deleted/%d/3" % number)

    def test_one_that_comes_back_unchanged_is_told_by_the_sweep(self):
        """A permission given back: the same record again, too old for a poll."""
        number = self.olds[0]
        self.mock.change(hide=[number])
        self.reconcile()
        self.reconcile()
        self.assertEqual(self.deleted(), self.ids_of([number]))
        self.mock.change(unhide=[number])
        self.sync_silently()
        run = self.reconcile()
        self.assertNotRegex(run.err, "missed by polling", "a permission given back is no change that polling missed")
        self.assertEqual([e["event"] for e in self.events()], ["workorder.deleted", "workorder.updated"])
        self.assertEqual(self.sql("SELECT deleted FROM snapshots WHERE id = ?", number), [(0,)])
        self.reconcile()
        self.assertEqual(len(self.ids()), 2)

    def test_created_and_deleted_between_two_sweeps_is_nobodys_news(self):
        number = self.mock.create({"title": "Short"})[0]["id"]
        self.gone(number)
        self.reconcile()
        self.assertEqual(self.ids(), [])


class Limits(Sweeps):
    def prepare(self, count, setting=""):
        self.configure(sync=setting)
        self.olds = self.mock.create_old(count)
        self.sync_silently()

    def check_stop(self, count):
        self.mock.reset_log()
        run = self.reconcile(expect=TRY_LATER, message="%d of %d work orders are missing at once, more than max_deletes" %
                             (count, len(self.olds)))
        self.assertRegex(run.err, "permission")
        self.assertEqual(self.asked(), [])
        self.assertEqual(self.deleted(), [])
        last = self.last_run()
        self.assertEqual((last["kind"], last["exitStatus"]), ("reconcile", TRY_LATER))
        self.assertRegex(last["message"], "max_deletes")

    def check_told(self, count):
        self.reconcile()
        self.reconcile()
        self.assertEqual(len(self.deleted()), count)

    def test_half_of_all_is_a_revoked_permission(self):
        self.prepare(100)
        half = self.olds[::2]
        self.mock.change(hide=half)
        for _ in range(2):
            self.check_stop(50)
            self.assertEqual(self.missing(), set())
            self.an_hour_passes()
            self.sync_silently()
        self.mock.change(unhide=half)
        run = self.reconcile()
        self.assertEqual(run.err, "")
        self.assertEqual(self.asked(), [])
        self.assertEqual(self.ids(), [])
        self.assertEqual(self.sql("SELECT count(*) FROM snapshots WHERE deleted = 1"), [(0,)])
        self.gone(self.olds[1])
        self.check_told(1)

    def test_everything_gone(self):
        self.prepare(30)
        self.mock.change(hide=self.olds)
        self.check_stop(30)

    def test_those_found_missing_before_the_permission_went_are_proved_anew(self):
        self.prepare(100)
        self.gone(*self.olds[:2])
        self.reconcile()
        self.assertEqual(self.missing(), set(self.olds[:2]))
        self.mock.change(hide=self.olds[2:60])
        self.check_stop(60)
        # a 404 proves nothing now: the token may not see them either
        self.an_hour_passes()
        self.mock.reset_log()
        self.sync_silently()
        self.assertEqual(self.asked(), [])
        self.mock.change(unhide=self.olds[2:60])
        self.reconcile()
        self.assertEqual(self.deleted(), [])
        self.reconcile()
        self.assertEqual(sorted(self.deleted()), self.ids_of(self.olds[:2]))

    def test_as_a_number(self):
        self.prepare(30, "max_deletes = 3")
        self.gone(*self.olds[:4])
        self.check_stop(4)
        self.configure(sync="max_deletes = 4")
        self.check_told(4)

    def test_none_at_all(self):
        self.prepare(30, "max_deletes = 0")
        self.gone(self.olds[0])
        self.check_stop(1)

    def test_five_percent_is_at_least_twenty(self):
        self.prepare(30)
        self.gone(*self.olds[:21])
        self.check_stop(21)
        self.configure(sync="max_deletes = 5%")
        self.mock.create(*({"id": n, "title": "Back"} for n in self.olds[20:21]))
        self.check_told(20)

    def test_as_a_percentage(self):
        self.prepare(300, "max_deletes = 10%")
        self.gone(*self.olds[:31])
        self.check_stop(31)
        self.mock.create({"id": self.olds[30], "title": "Back"})
        self.check_told(30)

    def test_what_was_told_deleted_counts_no_more(self):
        self.prepare(60, "max_deletes = 5")
        for i in range(3):
            self.gone(*self.olds[5 * i:5 * i + 5])
            self.reconcile()
            self.reconcile()
        self.assertEqual(len(self.deleted()), 15)


class Interrupted(Sweeps):
    mock_options = ("--work-orders", "100")

    def setUp(self):
        super().setUp()
        self.sync_silently()
        self.place = self.sql("SELECT watermark_ms, started_ms FROM account")
        self.gone(100010, 100050, 100090)
        self.mock.config(max_limit=5)

    def check_nothing_yet(self):
        self.assertEqual(self.ids(), [])
        self.assertEqual(self.missing(), set())

    def check_proved(self):
        self.assertEqual(self.deleted(), self.ids_of((100010, 100050, 100090)))
        self.assertEqual(len(self.ids()), 3)
        self.assertEqual(self.sql("SELECT watermark_ms, started_ms FROM account"), self.place)

    def test_a_failure_in_the_middle_deletes_nothing(self):
        for fault, status in (({"name": "status", "status": 403}, NOPERM), ({"name": "not_object"}, PROTOCOL),
                              ({"name": "repeat_cursor", "skip": 1}, PROTOCOL)):
            with self.subTest(**fault):
                self.mock.fault(fault["name"], **dict({"skip": 3, "path": "/v1/workorders"},
                                                      **{k: v for k, v in fault.items() if k != "name"}))
                self.reconcile(expect=status)
                self.check_nothing_yet()
                self.mock.clear_faults()
        self.reconcile()
        self.assertEqual(self.ids(), [])
        self.assertEqual(len(self.missing()), 3)
        self.reconcile()
        self.check_proved()

    def test_a_page_that_is_empty_by_mistake_is_a_safety_stop(self):
        self.mock.config(max_limit=200)
        self.mock.change(hide=list(range(100000, 100100, 2)))
        self.reconcile(expect=TRY_LATER)
        self.check_nothing_yet()

    def test_a_sweep_goes_on_where_it_was(self):
        self.mock.config(page_delay_ms=20)
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGINT):
            run = self.stop_in_the_middle("reconcile", number=number, after=5)
            self.assertEqual(run.status, -9 if number == signal.SIGKILL else TRY_LATER, run)
            self.check_nothing_yet()
        cursor, pages = self.sql("SELECT cursor, pages FROM passes WHERE kind = 'reconcile' AND active = 1")[0]
        self.assertGreater(pages, 4)
        self.mock.config(page_delay_ms=0)
        self.mock.reset_log()
        run = self.reconcile()
        self.assertEqual(self.status()["runs"][0]["pages"], 20 - pages)
        self.assertEqual(self.missing(), {100010, 100050, 100090})
        self.reconcile()
        self.check_proved()

    def test_by_max_time(self):
        self.mock.config(page_delay_ms=20)
        run = self.reconcile("--max-time", "100ms")
        self.assertEqual(run.err, "")
        self.assertRegex(run.out, "not finished, run it again to continue there")
        self.check_nothing_yet()
        self.mock.config(page_delay_ms=0)
        self.reconcile()
        self.reconcile()
        self.check_proved()

    def test_by_max_time_in_the_midst_of_the_proof(self):
        """--max-time is no failure: there, too, it ends with 0 and the rest is for later."""
        self.mock.config(max_limit=200, rate_limit={"requests": 2, "window_ms": 60000})
        while not self.missing():  # on a busy machine a run may end before it has read the list
            self.assertEqual(self.reconcile("--max-time", "400ms").err, "")
        self.assertEqual(len(self.missing()), 3)
        self.mock.config(rate_limit={"requests": 1000, "window_ms": 60000})
        self.sql("DELETE FROM rate_limit")
        self.reconcile()
        self.reconcile()
        self.check_proved()

    def test_by_a_signal_in_the_midst_of_the_proof(self):
        self.mock.config(max_limit=200, rate_limit={"requests": 2, "window_ms": 60000})
        running = self.start("reconcile")
        self.wait_for(lambda: self.asked(), "the proof")
        running.signal(signal.SIGTERM)
        self.assertEqual(running.wait().status, TRY_LATER)
        self.assertEqual(self.deleted(), [])

    def test_a_cursor_that_expired_in_the_middle_starts_the_sweep_over(self):
        self.mock.fault("expired_cursor", path="/v1/workorders", skip=9)
        run = self.reconcile()
        self.assertEqual(run.err, "")
        self.assertEqual(self.missing(), {100010, 100050, 100090})

    def test_killed_ten_times_in_the_middle(self):
        dice = random.Random(21)
        self.mock.config(page_delay_ms=1)
        killed = rounds = 0
        while killed < 10 and rounds < 300:
            rounds += 1
            running = self.start("reconcile")
            time.sleep(dice.uniform(0, 0.08))
            killed += running.is_alive()
            running.signal(signal.SIGKILL)
            self.assertIn(running.wait().status, (DONE, -signal.SIGKILL))
            told = self.deleted()
            self.assertTrue(set(told) <= set(self.ids_of((100010, 100050, 100090))), told)
        self.assertEqual(killed, 10)
        self.mock.config(page_delay_ms=0)
        self.reconcile()
        self.reconcile()
        self.assertEqual(sorted(self.ids()), self.ids_of((100010, 100050, 100090)))
        self.assertEqual(self.sql("SELECT watermark_ms, started_ms FROM account"), self.place)

    def test_a_work_order_created_during_the_sweep_is_not_missing(self):
        """On a page that was read already, known by a sync in between: the sweep did not see it."""
        self.mock.config(order="-id", page_delay_ms=20)
        self.stop_in_the_middle("reconcile", after=6)
        self.mock.config(page_delay_ms=0)
        new = self.mock.create({"title": "New"})[0]["id"]
        self.sync()
        self.assertEqual(self.ids(), ["workorder.created/%d" % new])
        self.mock.reset_log()
        self.reconcile()
        self.assertEqual(self.missing(), {100010, 100050, 100090})
        self.assertNotIn(new, self.asked())

    def test_changes_during_the_sweep_that_move_work_orders_over_its_pages(self):
        self.mock.config(order="updatedAt")
        self.mock.script(*((i, {"update": [{"id": 100000 + (37 * i) % 100, "title": "Moved"}]}) for i in range(1, 12)
                           if (37 * i) % 100 not in (10, 50, 90)))
        self.reconcile()
        self.assertEqual(self.missing(), {100010, 100050, 100090})
        self.sync()
        self.reconcile()
        self.assertEqual(self.deleted(), self.ids_of((100010, 100050, 100090)))
        self.assertNothingDoubled()

    def test_sync_between_two_parts(self):
        self.mock.config(page_delay_ms=20)
        self.stop_in_the_middle("reconcile", after=6)
        self.mock.config(page_delay_ms=0)
        at = {n: self.mock.update(n, title="Changed") for n in (100000, 100099)}
        self.sync()
        self.reconcile()
        self.assertEqual(sorted(self.ids()), ["workorder.updated/%d/%s" % (n, at[n]) for n in (100000, 100099)])
        self.assertEqual(self.last_run()["healed"], 0)

    def test_before_the_first_sync(self):
        self.store = self.path("fresh.db")
        self.configure()
        self.reconcile()
        self.assertEqual(self.ids(), [])
        self.sync_silently()
        self.gone(100020)
        self.reconcile()
        self.reconcile()
        self.assertEqual(self.deleted(), self.ids_of((100020,)))

    def test_a_record_in_quarantine_is_not_gone(self):
        self.mock.update(100020, _raw='{"id": 100020, "title": 5}')
        self.reconcile(expect=DATA)
        for _ in range(2):
            self.reconcile(expect=None)
        self.assertNotIn("workorder.deleted/100020", self.ids())


class Healed(Sweeps):
    def setUp(self):
        super().setUp()
        self.olds = self.mock.create_old(10)
        self.mock.create({"title": "Recent"})
        self.sync()
        self.sync()
        self.before = self.ids()

    def new(self):
        return self.ids()[len(self.before):]

    def check_healed(self, count, pattern=None):
        run = self.reconcile()
        self.assertEqual(len(re.findall("polling missed a change of it, which is emitted now", run.err)), count, run)
        self.assertEqual(self.last_run()["healed"], count)
        if count:
            self.assertRegex(run.out, ", %d healed" % count)
        else:
            self.assertEqual(run.err, "")
            self.assertNotIn("healed", run.out)
        return run

    def test_one_that_found_nothing_says_so_when_it_is_asked(self):
        self.assertSilent(self.wosync("reconcile"))
        run = self.wosync("-v", "reconcile")
        self.assertEqual(run.out, "")
        self.assertRegex(run.err, r"(?m)^wosync: reconcile: %d records on 1 page, 0 events, 1 request$" % (len(self.olds) + 1))

    def test_an_update_smuggled_in_behind_the_watermark(self):
        at = ago(3600)
        self.mock.update(self.olds[3], status="DONE", updatedAt=at, completedAt=at)
        self.sync_silently()
        self.assertEqual(self.new(), [])
        run = self.check_healed(1)
        self.assertRegex(run.err, r"wosync: warning: work order %d: .*lookback" % self.olds[3])
        self.assertEqual(self.new(), ["workorder.status_changed/%d/OPEN-DONE/%s" % (self.olds[3], at),
                                      "workorder.completed/%d/%s" % (self.olds[3], at),
                                      "workorder.updated/%d/%s" % (self.olds[3], at)])
        self.check_healed(0)
        self.sync_silently()
        self.assertSnapshotsAreTrue()

    def test_a_rewrite_that_left_the_date_alone(self):
        truth = self.mock.truth()[self.olds[2]]
        self.mock.update(self.olds[2], title="Rewritten", _keep_updatedAt=True)
        self.sync_silently()
        self.check_healed(1)
        event = self.events()[-1]
        self.assertTrue(event["id"].startswith("workorder.updated/%d/%s" % (self.olds[2], truth["updatedAt"])))
        self.assertEqual(event["data"]["changes"]["title"], {"from": "Old 2", "to": "Rewritten"})

    def test_two_of_them(self):
        for n in self.olds[:2]:
            self.mock.update(n, title="Changed", updatedAt=ago(3600))
        self.check_healed(2)

    def test_a_change_that_the_next_poll_would_have_told_is_not_healed(self):
        at = self.mock.update(self.olds[0], title="Changed")
        new = self.mock.create({"title": "New"})[0]["id"]
        self.check_healed(0)
        self.assertEqual(sorted(self.new()), sorted(["workorder.updated/%d/%s" % (self.olds[0], at),
                                                     "workorder.created/%d" % new]))
        self.sync_silently()
        self.assertNothingDoubled()

    def test_a_field_that_makes_no_event_heals_nothing(self):
        self.mock.update(self.olds[0], thumbnail="https://x.example/y.png", _keep_updatedAt=True)
        self.check_healed(0)
        self.assertEqual(self.new(), [])

    def test_an_asset_that_was_renamed_heals_nothing(self):
        self.mock.update(self.olds[0], asset={"id": 5001, "name": "Pump 1"}, location={"id": 601, "name": "Hall"})
        self.sync()
        before = self.ids()
        self.mock.update(self.olds[0], asset={"id": 5001, "name": "Pump one"}, _keep_updatedAt=True,
                         location={"id": 601, "name": "Hall 1"})
        self.check_healed(0)
        self.assertEqual(self.ids(), before)
        self.assertEqual(self.snapshots()[self.olds[0]]["asset"]["name"], "Pump one")

    def test_an_old_work_order_that_was_never_seen_is_taken_silently(self):
        self.mock.create_old(2)
        self.check_healed(0)
        self.assertEqual(self.new(), [])
        self.assertSnapshotsAreTrue()

    def test_the_run_says_so_when_someone_looks(self):
        self.mock.update(self.olds[0], title="Changed", updatedAt=ago(3600))
        self.reconcile()
        run = next(r for r in self.status()["runs"] if r["kind"] == "reconcile")
        self.assertEqual((run["healed"], run["events"]["workorder.updated"], run["exitStatus"]), (1, 1, 0))


class Memory(Sweeps):
    slow = True

    def measure(self, count):
        self.mock.stop()
        self.mock = Mock("--work-orders", str(count))
        self.addCleanup(self.mock.stop)
        self.store = self.path("store-%d.db" % count)
        self.configure()
        first = self.reconcile(measured=True)
        self.assertEqual(self.status()["runs"][0]["records"], count)
        self.gone(100007)
        second = self.reconcile(measured=True)
        self.assertEqual(self.missing(), {100007})
        os.unlink(self.store)
        return first.memory, second.memory

    @unittest.skipIf(is_sanitized(), "a sanitizer's memory says nothing")
    @long
    def test_it_does_not_grow_with_the_store(self):
        small, large = self.measure(2000), self.measure(50000)
        for few, many in zip(small, large):
            # SQLite's cache fills up; a few bytes for each of 48,000 work orders would not show
            self.assertLess(many - few, 4096, "KiB: %s, %s" % (small, large))


class Words(Sweeps):
    def test_wrong_usage(self):
        for arguments in (("now",), ("--since", "1d"), ("--max-time", "x"), ("--plan",), ("--restart",), ("--silent",)):
            with self.subTest(arguments=arguments):
                self.reconcile(*arguments, expect=64)
        self.assertEqual(self.mock.requests(), [])

    def test_help(self):
        run = self.reconcile("--help")
        for word in ("max_deletes", "--no-dispatch", "--max-time D", "hour"):
            self.assertIn(word, run.out)
