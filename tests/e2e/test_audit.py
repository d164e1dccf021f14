"""wosync audit: what it proves, what it finds, and what it leaves alone."""
import datetime
import hashlib
import json
import signal
import time
import unittest

from harness import CONFIG, DATA, DONE, NOPERM, TRY_LATER, UNAVAILABLE, USAGE, Case, ago

ERP = "[handler erp]\ntype = exec\ncommand = /bin/true\n"
DAY = 86400


class Audit(Case):
    """A plant of some work orders, old and new, all of them polled, all events delivered."""

    def setUp(self):
        super().setUp()
        self.configure(ERP, sync="late_windows = 6h/1h")

    def audit(self, *arguments, **how):
        return self.wosync("audit", *arguments, **how)

    def sentence(self, *arguments, **how):
        """Its last line, the plan and stderr aside."""
        return self.audit(*arguments, **how).out.splitlines()[-1]

    def findings(self, *arguments, **how):
        """What it finds: the lines between the plan and the sentence."""
        return self.audit(*arguments, expect=DATA, **how).out.splitlines()[1:-1]

    def settle(self, old=5, new=3, changed=2):
        """Old work orders that were polled in silence; then new ones and changes, polled and delivered."""
        self.old = self.mock.create_old(old)
        self.sync()
        self.new = [made["id"] for made in self.mock.create(*({"title": "New %d" % i} for i in range(new)))]
        for number in self.old[:changed]:
            self.mock.update(number, title="Changed")
        self.sync()
        self.pass_time()

    def pass_time(self):
        """As if the last poll had begun a lookback later: what was changed until now is older than what the next one reads."""
        self.sql("UPDATE account SET started_ms = started_ms + 601000, observed_ms = observed_ms + 601000")

    def count(self, statement, *values):
        return self.sql(statement, *values)[0][0]


class NothingMissed(Audit):
    def test_the_sentence_counts_what_other_ways_count(self):
        self.settle()
        line = self.sentence("--since", "30d")
        truth = self.mock.truth()
        events = self.count("SELECT count(*) FROM events")
        delivered = self.count("SELECT count(*) FROM delivery_history WHERE state = 'done'")
        self.assertEqual((len(truth), events, delivered), (8, 5, 5))
        midnight = datetime.datetime.fromtimestamp((time.time() - 30 * DAY) // DAY * DAY, datetime.timezone.utc)
        self.assertRegex(line, r"^8 work orders changed since %d %s( \d{4})?; 8 are in the store as they are; 5 events since "
                               r".*, 5 delivered to erp, 0 dead: nothing was missed$" % (midnight.day, midnight.strftime("%B")))

    def test_since_bounds_changes_and_not_creations(self):
        self.settle()  # created ten days ago; two of them changed just now
        line = self.sentence("--since", "2d")
        self.assertRegex(line, r"^5 work orders changed since .*; 5 are in the store as they are; ")

    def test_it_reads_by_another_road_than_the_poll(self):
        self.settle()
        self.mock.reset_log()
        self.audit("--since", "2d")
        pages = self.mock.pages()
        self.assertEqual(len(pages), 2)
        created, changed = pages
        self.assertEqual((created["sort"], changed["sort"]), ("-createdAt", "-createdAt"))
        self.assertIn("createdAt[gte]", created)
        self.assertNotIn("updatedAt[gte]", created)
        self.assertEqual(changed["createdAt[lte]"], created["createdAt[gte]"])
        self.assertEqual(changed["updatedAt[gte]"], created["createdAt[gte]"])
        for page in pages:
            self.assertEqual(page["show_upcoming"], "true")

    def test_all_reads_without_a_bound(self):
        self.settle()
        self.mock.reset_log()
        self.assertRegex(self.sentence("--all"), r"^8 work orders; 8 are in the store as they are; ")
        [page] = self.mock.pages()
        self.assertFalse([name for name in page if "At[" in name])

    def test_pages_are_windows_without_a_cursor(self):
        self.configure(ERP, api="page_size = 3")
        self.settle(old=10, new=0, changed=0)
        self.mock.reset_log()
        self.assertRegex(self.sentence("--all"), r"^10 work orders; 10 are in the store as they are; ")
        pages = self.mock.pages()
        self.assertEqual([page for page in pages if "cursor" in page], [])
        self.assertEqual(len(pages), 5)  # each overlaps the one before by a record
        bounds = [page["createdAt[lte]"] for page in pages[1:]]
        self.assertEqual(bounds, sorted(bounds, reverse=True))

    def test_many_of_one_instant_are_read_by_the_cursor(self):
        self.configure(ERP, api="page_size = 3")
        at = ago(5 * DAY)
        self.mock.create(*({"title": "Import %d" % i, "createdAt": at, "updatedAt": at} for i in range(11)))
        self.mock.create_old(4)
        self.sync()
        self.assertRegex(self.sentence("--all"), r"^15 work orders; 15 are in the store as they are; ")

    def test_an_empty_account(self):
        self.sync()
        self.assertRegex(self.sentence(), r"^0 work orders changed since .*; 0 are in the store as they are; 0 events.*: "
                                          r"nothing was missed$")

    def test_what_an_empty_list_did_not_show_was_missed(self):
        self.sync()
        self.sql("UPDATE account SET finished_ms = finished_ms + 601000")
        [made] = self.mock.create({"title": "Hidden"})
        self.assertRegex(self.findings()[0], "^work order %d: not in the store; " % made["id"])
        self.sql("UPDATE account SET finished_ms = finished_ms - 601000")
        self.assertIn("1 changed too late for the last poll", self.sentence())

    def test_since_before_the_first_run_says_where_the_events_begin(self):
        self.settle()
        horizon = self.count("SELECT horizon_ms FROM account") / 1000
        begin = datetime.datetime.fromtimestamp(horizon, datetime.timezone.utc)
        self.assertIn("; 5 events since %d %s" % (begin.day, begin.strftime("%B")), self.sentence("--since", "60d"))

    def test_before_anything_was_polled_there_is_nothing_to_audit(self):
        self.assertFails(self.audit(expect=TRY_LATER), TRY_LATER, "nothing was polled yet.*wosync sync")

    def test_before_the_first_poll_is_finished_there_is_nothing_to_audit(self):
        self.configure(ERP, api="page_size = 3")
        self.mock.create_old(30)
        self.mock.config(page_delay_ms=30)
        self.sync_some_pages()
        self.mock.config(page_delay_ms=0)
        run = self.audit(expect=TRY_LATER, message="nothing was polled yet.*wosync sync")
        self.assertNotIn("missed", run.out)
        self.sync()
        self.assertIn("nothing was missed", self.sentence())

    def check_read_as_a_whole(self, **setting):
        self.configure(ERP, api="page_size = 3")
        self.mock.config(**setting)
        self.settle()
        run = self.audit("--since", "2d")
        self.assertRegex(run.err, "honours no windows of createdAt")
        self.assertRegex(run.out.splitlines()[-1], r"^5 work orders changed since .*; 5 are in the store as they are; .*nothing")
        self.sql("DELETE FROM snapshots WHERE id IN (?, ?)", self.old[1], self.old[4])
        self.assertRegex(self.findings("--since", "2d")[0], "^work order %d: not in the store" % self.old[1])

    def test_a_server_that_refuses_windows_is_read_as_a_whole(self):
        self.check_read_as_a_whole(filter_brackets="refused", filter_updatedAtGte="honoured")

    def test_a_server_that_ignores_windows_is_read_as_a_whole(self):
        self.check_read_as_a_whole(filter_brackets="ignored", filter_updatedAtGte="honoured", unknown_parameters="ignored")

    def test_a_server_that_refuses_to_sort_is_read_as_a_whole(self):
        self.check_read_as_a_whole(sort="refused")

    def test_a_server_that_ignores_the_order_is_read_as_a_whole(self):
        self.check_read_as_a_whole(sort="ignored", order="id")

    def test_work_orders_without_a_date_of_creation(self):
        self.settle()
        self.mock.change(update=[{"id": self.old[3], "_remove": ["createdAt"], "_keep_updatedAt": True}])
        self.wosync("reconcile")
        self.assertRegex(self.sentence("--all"), "^8 work orders; 8 are in the store as they are; .*: nothing was missed$")
        self.assertRegex(self.sentence(), r"^8 work orders .*; 8 are in the store as they are \(1 of them is shown by its id alone")

    def test_json(self):
        self.settle()
        found = json.loads(self.audit("--since", "2d", "--json").out)
        self.assertEqual((found["ok"], found["workOrders"], found["asTheyAre"], found["events"], found["requests"]),
                         (True, 5, 5, 5, 2))
        self.assertEqual(found["handlers"], [{"name": "erp", "delivered": 5, "dead": 0, "pending": 0, "discarded": 0, "missing": []}])
        self.assertEqual(found["plannedRequests"], 2)


class Plan(Audit):
    def test_a_plan_sends_nothing(self):
        self.settle()
        self.mock.reset_log()
        run = self.audit("--since", "2d", "--plan")
        self.assertEqual(self.mock.requests(), [])
        self.assertRegex(run.out, r"^audit: about 5 work orders, 2 requests; at [0-9,]+ requests a minute 1 minute\n$")
        self.audit("--since", "2d")
        self.assertEqual(len(self.mock.requests()), 2)


class Findings(Audit):
    def test_a_snapshot_that_was_deleted(self):
        self.settle()
        for number in (self.old[0], self.old[4], self.new[1]):
            self.sql("DELETE FROM snapshots WHERE id = ?", number)
        before = self.dump()
        self.assertEqual(self.findings(), ["work order %d: not in the store; it changed at %s" % (
            number, self.mock.truth()[number]["updatedAt"]) for number in sorted((self.old[0], self.old[4], self.new[1]))])
        self.assertRegex(self.sentence(expect=DATA), r"; 5 are in the store as they are, 3 are not; .*: something was missed; "
                                                     r"wosync audit --heal observes it$")
        self.assertEqual(self.dump(), before, "an audit changed the store")

    def test_a_snapshot_that_was_changed(self):
        self.settle()
        older, newer, title = self.new
        self.sql("UPDATE snapshots SET updated_ms = updated_ms - 5000 WHERE id = ?", older)
        self.sql("UPDATE snapshots SET updated_ms = updated_ms + 5000, observed_ms = observed_ms - 60000 WHERE id = ?", newer)
        self.sql("UPDATE documents SET json = json_set(json, '$.title', 'Forged') WHERE subject = ?", title)
        found = self.findings()
        self.assertEqual(len(found), 3)
        self.assertRegex(found[0], r"^work order %d: older in the store: .*; MaintainX has " % older)
        self.assertRegex(found[1], r"^work order %d: newer in the store: .*; MaintainX has " % newer)
        self.assertEqual(found[2], "work order %d: other content in the store: title" % title)

    def test_the_name_of_a_field_forges_no_line(self):
        self.settle()
        number = self.old[3]
        self.mock.change(update=[{"id": number, "updatedAt": self.mock.truth()[number]["updatedAt"],
                                  "\x1b[32mx\nwork order 7: fine": 1}])
        self.assertEqual(self.findings(), ["work order %d: other content in the store: ?[32mx?work order 7: fine" % number])

    def test_a_delivery_that_was_hidden(self):
        self.settle()
        [[seq, event]] = self.sql("SELECT seq, id FROM events ORDER BY seq LIMIT 1 OFFSET 2")
        self.sql("DELETE FROM deliveries WHERE event_seq = ?", seq)
        self.sql("DELETE FROM delivery_history WHERE event_seq = ?", seq)
        self.assertEqual(self.findings(), ["event %s: not delivered to erp, and not waiting to be" % event])
        self.assertRegex(self.sentence(expect=DATA), "; 5 events.*, 4 delivered to erp, 0 dead, 1 missing: something was missed")

    def test_healing_repairs_and_emits(self):
        self.settle()
        lost, forged, older, newer = self.new[0], self.new[1], self.new[2], self.old[0]
        missed = self.mock.update(self.old[1], title="Missed", status="DONE")
        self.sync("--no-dispatch")
        self.pass_time()
        # as if no poll had ever seen that change
        self.sql("DELETE FROM deliveries WHERE event_seq IN (SELECT seq FROM events WHERE id LIKE ?)", "%%/%d/%%%s" % (self.old[1], missed))
        self.sql("DELETE FROM delivery_history WHERE event_seq IN (SELECT seq FROM events WHERE id LIKE ?)", "%%/%d/%%%s" % (self.old[1], missed))
        self.sql("DELETE FROM events WHERE id LIKE ?", "%%/%d/%%%s" % (self.old[1], missed))
        self.sql("UPDATE documents SET json = json_set(json, '$.title', 'Changed', '$.status', 'OPEN', '$.updatedAt', ?) "
                 "WHERE subject = ?", ago(9 * DAY), self.old[1])
        self.sql("UPDATE snapshots SET updated_ms = ?, fingerprint = x'00' WHERE id = ?", int((time.time() - 9 * DAY) * 1000), self.old[1])
        self.sql("DELETE FROM snapshots WHERE id = ?", lost)
        self.sql("UPDATE documents SET json = json_set(json, '$.title', 'Forged') WHERE subject = ?", forged)
        self.sql("UPDATE snapshots SET updated_ms = updated_ms - 5000 WHERE id = ?", older)
        self.sql("UPDATE snapshots SET updated_ms = updated_ms + 5000, observed_ms = observed_ms - 60000 WHERE id = ?", newer)
        [[hidden]] = self.sql("SELECT seq FROM events WHERE subject = ?", self.old[0])
        self.sql("DELETE FROM deliveries WHERE event_seq = ?", hidden)
        self.sql("DELETE FROM delivery_history WHERE event_seq = ?", hidden)
        run = self.audit("--heal")
        lines = run.out.splitlines()
        self.assertEqual(len(lines), 1 + 6 + 1, run.out)
        self.assertEqual([line for line in lines[1:-1] if "; healed" not in line], [])
        self.assertRegex(lines[-1], ": what was missed is healed; the next sync delivers it$")
        self.assertIn("workorder.status_changed/%d/OPEN-DONE/%s" % (self.old[1], missed), self.ids())
        self.assertEqual(json.loads(self.count("SELECT body FROM events WHERE id = ?", "workorder.status_changed/%d/OPEN-DONE/%s" % (
            self.old[1], missed)))["source"], "reconcile")
        self.assertSnapshotsAreTrue()
        self.sync()
        self.assertRegex(self.sentence(), r"; 8 are in the store as they are; (\d+) events.*, \1 delivered to erp, 0 dead: "
                                          r"nothing was missed$")

    def test_a_work_order_that_is_gone(self):
        self.settle()
        self.mock.change(delete=[self.old[3]])
        gone = "work order %d: gone (404), though not emitted as deleted" % self.old[3]
        self.assertEqual(self.findings(), [gone])
        self.assertEqual(self.audit("--heal").out.splitlines()[1:-1], [gone + "; noted, a sync an hour later proves the deletion"])
        self.assertRegex(self.sentence(), "7 are in the store as they are, 1 is gone and waits for the proof that it is deleted; "
                                          ".*: nothing was missed$")
        self.sql("UPDATE deletion_candidates SET refused_ms = refused_ms - 3700000")
        self.sync()
        self.assertIn("workorder.deleted/%d" % self.old[3], self.ids())
        self.assertRegex(self.sentence(), "^7 work orders .*; 7 are in the store as they are; .*: nothing was missed$")

    def test_what_the_list_shows_and_its_id_does_not_is_not_healed_and_no_deletion(self):
        self.settle()
        absent, forged = self.new[:2]
        self.sql("DELETE FROM snapshots WHERE id = ?", absent)
        self.sql("UPDATE documents SET json = json_set(json, '$.title', 'Forged') WHERE subject = ?", forged)
        for number in (absent, forged):
            self.mock.fault("status", status=404, times=-1, path="/v1/workorders/%d" % number)
        found = self.findings("--heal")
        self.assertEqual([line.split(":")[0] for line in found], ["work order %d" % absent, "work order %d" % forged])
        self.assertEqual([line for line in found if not line.endswith("; not healed")], [])
        self.assertEqual(self.count("SELECT count(*) FROM deletion_candidates"), 0)

    def test_one_that_was_emitted_as_deleted_and_is_there(self):
        self.settle()
        self.sql("UPDATE snapshots SET deleted = 1, deletions = 1, deleted_ms = ? WHERE id = ?", int(time.time() * 1000), self.old[4])
        self.assertEqual(self.findings(), ["work order %d: emitted as deleted, though it is there" % self.old[4]])
        self.audit("--heal")
        self.assertRegex(self.sentence(), "; 8 are in the store as they are; ")

    def test_what_polls_had_time_to_read_is_not_left_to_the_next_one(self):
        self.mock.create_old(5)
        [hidden] = self.mock.create({"title": "Hidden", "createdAt": ago(5 * DAY), "updatedAt": ago(7200)})
        self.sync()
        # as if the list had shown it to no poll: an older date is the newest one of all
        self.sql("DELETE FROM snapshots WHERE id = ?", hidden["id"])
        self.sql("UPDATE account SET watermark_ms = watermark_ms - 3 * 86400000")
        self.assertRegex(self.findings()[0], "^work order %d: not in the store; it changed at " % hidden["id"])

    def test_a_snapshot_from_the_future_hides_nothing(self):
        self.settle()
        title, newer, content = self.new
        self.sql("UPDATE snapshots SET observed_ms = observed_ms + 86400000")  # the clock was a day ahead
        self.sql("UPDATE documents SET json = json_set(json, '$.title', 'Forged') WHERE subject IN (?, ?)", title, content)
        self.sql("UPDATE snapshots SET updated_ms = updated_ms + 5000 WHERE id = ?", newer)
        found = self.findings()
        self.assertEqual([line.split(":")[:2] for line in found], [
            ["work order %d" % title, " other content in the store"], ["work order %d" % newer, " newer in the store"],
            ["work order %d" % content, " other content in the store"]])

    def test_one_that_is_deleted_on_both_sides_is_compared(self):
        self.settle()
        self.mock.update(self.new[0], deletedAt=ago(0))
        self.sync()
        self.pass_time()
        self.assertRegex(self.sentence(), "; 8 are in the store as they are; .*: nothing was missed$")
        self.sql("UPDATE snapshots SET updated_ms = updated_ms - 5000 WHERE id = ?", self.new[0])
        self.assertRegex(self.findings()[0], "^work order %d: older in the store: " % self.new[0])
        self.audit("--heal")
        self.assertRegex(self.sentence(), "; 8 are in the store as they are; .*: nothing was missed$")

    def test_an_event_that_was_never_emitted(self):
        self.settle()
        updated = self.mock.truth()[self.old[0]]["updatedAt"]
        lost = ["workorder.updated/%d/%s" % (self.old[0], updated), "workorder.created/%d" % self.new[1]]
        for event in lost:
            self.sql("DELETE FROM delivery_history WHERE event_seq = (SELECT seq FROM events WHERE id = ?)", event)
            self.sql("DELETE FROM events WHERE id = ?", event)
        lines = ["work order %d: stored, but %s was never emitted" % (self.old[0], lost[0]),
                 "work order %d: stored, but %s was never emitted; wosync backfill --since %s emits it" % (
                     self.new[1], lost[1], self.mock.truth()[self.new[1]]["createdAt"])]
        self.assertEqual(self.findings(), lines)
        self.assertRegex(self.sentence(expect=DATA), r"; 8 are in the store as they are; 3 events since .*, 2 more were never emitted, "
                                                     r"3 delivered to erp, 0 dead: something was missed; ")
        self.assertEqual(self.findings("--heal"), [line + "; not healed" for line in lines])
        self.wosync("backfill", "--since", self.mock.truth()[self.new[1]]["createdAt"])
        self.assertEqual(self.findings(), lines[:1])

    def test_what_retention_removed_was_emitted(self):
        self.settle()
        self.sql("UPDATE events SET observed_ms = observed_ms - 100 * 86400000")
        self.sync()
        self.assertEqual(self.count("SELECT count(*) FROM events"), 0)
        self.assertRegex(self.sentence(), "; 8 are in the store as they are; 0 events since .*: nothing was missed$")

    def test_one_that_cannot_be_understood(self):
        self.settle()
        self.mock.update(self.new[0], _keep_updatedAt=True, _raw='{"id": %d, "status": "OPEN", "createdAt": "%s"}' % (
            self.new[0], self.mock.truth()[self.new[0]]["createdAt"]))
        self.assertEqual(self.findings(), ["work order %d: it could not be read: it has no updatedAt" % self.new[0]])
        self.assertEqual(self.findings("--heal"), [
            "work order %d: it could not be read: it has no updatedAt; not healed" % self.new[0]])
        self.assertEqual(self.count("SELECT count(*) FROM quarantine"), 1)

    def refetch(self, number):
        """Has the next sync ask for it by its id."""
        self.sql("INSERT INTO refetches (subject, reason, requested_ms, due_ms) VALUES (?, 'notified', 0, 0)", number)
        self.sync()

    def test_one_that_the_list_does_not_show_is_asked_for_by_its_id(self):
        self.settle()
        [late] = self.mock.create({"title": "Late", "_listed_in_ms": -1})
        self.refetch(late["id"])
        self.assertRegex(self.sentence(), r"^9 work orders .*; 9 are in the store as they are \(1 of them is shown by its id alone, "
                                          r"not by the list\); .*: nothing was missed$")

    def test_one_that_the_list_shows_late_is_asked_for_by_its_id(self):
        self.settle()
        self.mock.update(self.new[0], title="Late", _listed_in_ms=-1)
        self.refetch(self.new[0])
        self.mock.reset_log()
        self.assertRegex(self.sentence(), "^8 work orders .*; 8 are in the store as they are; .*: nothing was missed$")
        self.assertEqual([entry["path"] for entry in self.mock.requests()][2:], ["/v1/workorders/%d" % self.new[0]])

    def test_one_that_always_fails(self):
        self.settle()
        [late] = self.mock.create({"title": "Late", "_listed_in_ms": -1})
        self.refetch(late["id"])
        self.mock.fault("status", status=500, times=-1, path="/v1/workorders/%d" % late["id"])
        self.assertRegex(self.findings()[0], "^work order %d: it could not be read: .*500" % late["id"])
        self.assertRegex(self.sentence(expect=DATA), "; 8 are in the store as they are, 1 more is gone or could not be read; ")

    def test_too_many_that_are_missing_prove_nothing(self):
        self.settle(old=30)
        self.mock.change(delete=self.old[:25])
        self.mock.reset_log()
        run = self.audit(expect=TRY_LATER, message="the list lacks 25 of the work orders.*nothing is proved; check the permissions")
        self.assertNotIn("missed", run.out)
        self.assertEqual(len(self.mock.requests()), 2)


class Deliveries(Audit):
    def test_what_was_passed_over_is_not_missing(self):
        self.configure(ERP + "[handler chat]\ntype = exec\ncommand = /bin/true\non = workorder.created\n"
                       "[handler high]\ntype = exec\ncommand = /bin/true\nwhen = priority = 'HIGH'\n")
        self.settle()
        self.assertRegex(self.sentence(), "; 5 events.*, 5 delivered to erp, 0 dead, 3 delivered to chat, 0 dead, 2 passed over, "
                                          "0 delivered to high, 0 dead, 5 passed over: nothing was missed$")

    def test_what_is_older_than_a_handler_or_its_terms_is_not_missing(self):
        self.configure(ERP + "[handler high]\ntype = exec\ncommand = /bin/true\nwhen = priority = 'HIGH'\n")
        self.settle()
        self.configure(ERP + "[handler high]\ntype = exec\ncommand = /bin/true\n[handler late]\ntype = exec\ncommand = /bin/true\n")
        self.assertIn("nothing was missed", self.sentence())
        at = self.mock.update(self.new[0], title="Later")
        self.sync()
        self.assertIn(", 1 delivered to high, 0 dead, 5 passed over, 1 delivered to late, 0 dead, 5 passed over: nothing",
                      self.sentence())
        self.sql("DELETE FROM deliveries WHERE event_seq = 6")
        self.sql("DELETE FROM delivery_history WHERE event_seq = 6")
        event = "event workorder.updated/%d/%s: not delivered to " % (self.new[0], at)
        self.assertEqual([line.split(",")[0] for line in self.findings()], [event + name for name in ("erp", "high", "late")])

    def test_a_handler_that_was_just_renamed_is_audited_by_its_former_name(self):
        self.settle()
        self.configure(ERP.replace("[handler erp]", "[handler sap]\nwas = erp"))
        self.assertIn(", 5 delivered to sap, 0 dead: nothing was missed", self.sentence())
        [[seq, event]] = self.sql("SELECT seq, id FROM events ORDER BY seq LIMIT 1 OFFSET 2")
        self.sql("DELETE FROM delivery_history WHERE event_seq = ?", seq)
        self.assertEqual(self.findings(), ["event %s: not delivered to sap, and not waiting to be" % event])
        self.audit("--heal")
        self.sync()
        self.assertIn(", 5 delivered to sap, 0 dead: nothing was missed", self.sentence())

    def test_what_was_discarded_before_it_was_taken_is_not_missing(self):
        self.settle()
        self.mock.update(self.new[0], title="Later")
        self.sync("--no-dispatch")
        self.wosync("events", "discard", "--handler", "erp")
        self.assertIn("nothing was missed", self.sentence())
        self.mock.update(self.new[0], title="Later still")
        self.sync()
        self.assertIn("7 events", self.sentence())
        self.assertIn("nothing was missed", self.sentence())

    def test_dead_and_pending_are_counted(self):
        self.settle()
        self.requeue("dead", "event_seq = 1")
        self.mock.update(self.new[0], title="Later")
        self.sync("--no-dispatch")
        self.assertRegex(self.sentence(), "; 6 events.*, 4 delivered to erp, 1 dead, 1 pending: nothing was missed but what is dead; "
                                          "see: wosync events list --state dead$")


class Meanwhile(Audit):
    def pass_time(self):
        """None does."""

    def test_what_becomes_visible_within_the_lookback_is_left_to_the_next_poll(self):
        self.settle()
        self.mock.update(self.new[0], title="Late", _listed_in_ms=-1)
        self.mock.update(self.new[1], title="Seen")
        self.sync()
        self.mock.change(release=[self.new[0]])
        self.assertRegex(self.sentence(), ", 1 changed too late for the last poll and is left to the next one; .*: nothing was missed$")

    def test_a_change_while_it_reads_is_no_fault(self):
        self.configure(ERP, api="page_size = 3")
        self.settle(old=9, new=0)
        # before the second page: one that was read, one that was not, and a new one
        self.mock.script((1, {"update": [{"id": self.old[8], "title": "Now"}, {"id": self.old[0], "title": "Now"}],
                              "create": [{"title": "Born"}]}))
        line = self.sentence()
        self.assertRegex(line, "^9 work orders .*; 8 are in the store as they are, 1 changed too late for the last poll and is left to the next one; "
                               ".*: nothing was missed$")
        self.assertEqual(self.mock.state()["script"]["fired"], 1)

    def test_a_change_that_a_poll_stores_while_it_reads_is_no_fault(self):
        self.configure(ERP, api="page_size = 3")
        self.settle(old=9)
        self.mock.fault("drip", bytes_per_second=4000, skip=1)
        self.mock.reset_log()
        audit = self.start("audit")
        self.wait_for(lambda: len(self.mock.pages()) >= 2 and audit.is_alive(), "its second request")
        self.mock.update(self.new[0], title="Now")
        self.mock.update(self.old[8], title="Now")
        self.mock.create({"title": "Born"})
        self.sync()
        run = audit.wait()
        self.assertEqual(run.status, DONE, str(run))
        self.assertIn("nothing was missed", run.out)

    def test_it_takes_no_lock(self):
        self.settle()
        with self.holding("poll", "refetch", "backfill", "sweep", "deliver", "create"):
            self.assertIn("nothing was missed", self.sentence())

    def test_it_holds_up_no_run(self):
        self.settle()
        self.mock.fault("hang")
        self.mock.reset_log()
        audit = self.start("audit", "--max-time", "60s")
        self.wait_for(lambda: self.mock.state()["max_concurrent"] >= 1, "its request")
        self.mock.update(self.new[0], title="Now")
        self.sync_silently()
        self.assertTrue(audit.is_alive())
        audit.signal(signal.SIGUSR1)
        self.wait_for(lambda: "wosync: audit: 0 %, 0 records" in self.printed(audit), "its progress")
        audit.signal(signal.SIGTERM)
        self.assertFails(audit.wait(), TRY_LATER, "stopped by a signal: nothing is proved")

    @staticmethod
    def printed(running):
        with open("/proc/self/fd/%d" % running.err.fileno()) as f:
            return f.read()

    def test_healing_waits_for_its_lock(self):
        self.settle()
        self.sql("DELETE FROM snapshots WHERE id = ?", self.old[3])
        with self.holding("poll", "backfill", "sweep", "deliver"):
            self.assertRegex(self.audit("--heal").out, "; healed\n")

    def test_healing_that_gets_no_lock_says_what_to_do(self):
        """It has no --wait. Deliveries need no lock: they are healed all the same."""
        self.settle()
        self.sql("DELETE FROM snapshots WHERE id = ?", self.old[3])
        self.sql("DELETE FROM delivery_history WHERE event_seq = 2")
        with self.holding("refetch"):
            run = self.audit("--heal", "--max-time", "1s", expect=TRY_LATER)
        self.assertEqual(run.err, "wosync: audit: another run asks for single work orders: the work orders that were missed are "
                                  "not healed; run wosync audit --heal again\n")
        self.assertRegex(run.out, "work order %d: not in the store.*; not healed\n" % self.old[3])
        self.assertRegex(run.out, "not waiting to be; healed, the next sync delivers it\n.*: not all of what was missed is healed\n")
        self.assertRegex(self.audit("--heal").out, "; healed\n")


    def test_an_event_that_is_removed_while_healing_waits_for_its_lock(self):
        """As retention may. The other deliveries are healed all the same."""
        self.settle()
        self.sql("DELETE FROM snapshots WHERE id = ?", self.old[3])
        self.sql("DELETE FROM delivery_history WHERE event_seq IN (2, 3)")
        [[gone], [stays]] = self.sql("SELECT id FROM events WHERE seq IN (2, 3) ORDER BY seq")
        with self.holding("refetch"):
            audit = self.start("-v", "audit", "--heal")
            self.wait_for(lambda: "; waiting for it" in self.printed(audit), "its waiting for the lock")
            self.sql("INSERT INTO emitted_ids VALUES (?)", hashlib.sha256(gone.encode()).digest()[:16])
            self.sql("DELETE FROM events WHERE seq = 2")
        run = audit.wait()
        self.assertEqual(run.status, DATA, str(run))
        self.assertNotIn("FOREIGN KEY", run.err)
        self.assertIn("event %s: not delivered to erp, and not waiting to be; not healed, the event or the handler was removed from "
                      "the store meanwhile\n" % gone, run.out)
        self.assertIn("event %s: not delivered to erp, and not waiting to be; healed, the next sync delivers it\n" % stays, run.out)
        self.assertRegex(run.out, ": not all of what was missed is healed\n$")
        self.sync()
        self.assertEqual(self.sql("SELECT event_seq FROM delivery_history WHERE event_seq IN (2, 3)"), [(3,)])
        self.assertIn("nothing was missed", self.sentence())


class Faults(Audit):
    def fails(self, status, pattern, *arguments):
        before = self.dump()
        run = self.audit(*arguments, expect=status, message=pattern)
        self.assertNotIn("missed", run.out)
        self.assertEqual(self.dump(), before)

    def test_a_refused_token(self):
        self.settle()
        self.env["MAINTAINX_API_KEY"] = "another"
        self.fails(NOPERM, "token")

    def test_an_api_that_fails(self):
        self.settle()
        self.configure(ERP, api="give_up = 100ms")
        self.mock.fault("status", status=500, times=100)
        self.fails(UNAVAILABLE, "work orders: 500")

    def test_an_api_that_is_down(self):
        self.settle()
        self.configure(ERP, api="give_up = 100ms")
        self.mock.stop()
        self.fails(UNAVAILABLE, "no answer")

    def test_a_429_is_waited_out(self):
        self.settle()
        self.mock.fault("429", retry_after="1")
        self.assertIn("nothing was missed", self.sentence())

    def test_a_deadline_proves_nothing(self):
        self.configure(ERP, api="page_size = 3")
        self.settle()
        self.mock.config(page_delay_ms=100)
        self.fails(TRY_LATER, "--max-time was over before all was read: nothing is proved", "--max-time", "150ms")

    def test_a_deadline_in_the_midst_of_the_last_request_proves_nothing(self):
        """What the list did not show is not asked for any more; no event lies in the log, nothing else looks at the time."""
        self.old = self.mock.create_old(5)
        self.sync()
        self.pass_time()
        self.mock.change(delete=[self.old[0]])
        self.mock.config(page_delay_ms=300)
        self.fails(TRY_LATER, "--max-time was over before all was read: nothing is proved", "--max-time", "400ms")

    def test_another_account(self):
        self.settle()
        self.configure(ERP, api="organization_id = 7")
        self.fails(CONFIG, "organization")

    def test_usage(self):
        for arguments, pattern in ((["--since", "soon"], "--since soon: write a date"), (["--since", "2100-01-01"], "in the past"),
                                   (["--all", "--since", "3d"], "exclude each other"), (["more"], "unexpected argument"),
                                   (["--nope"], "unknown option"), (["--max-time", "x"], "write a duration")):
            self.audit(*arguments, expect=USAGE, message=pattern)


if __name__ == "__main__":
    unittest.main()
