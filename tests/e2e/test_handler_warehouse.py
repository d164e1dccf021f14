"""The warehouse: the same story told to an SQLite file and to a PostgreSQL server, which must end alike."""
import collections
import contextlib
import datetime
import glob
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import time
import unittest

from harness import CONFIG, DONE, LIMIT, MODULES, ROOT, TOKEN, UNAVAILABLE, Case, ago, iso, long
import postgres

CLOSED = ("DONE", "COMPLETED", "CLOSED", "CANCELED", "SKIPPED")
DATES = ("created_at", "updated_at", "completed_at", "due_date", "start_date", "deleted_at", "observed_at", "changed_at",
         "happened_at", "applied_at", "removed_at")

# a status that no index of PostgreSQL holds, for it cannot be compressed
UNINDEXABLE = "%x" % random.Random(7).getrandbits(4 * 20000)


def to_ms(text):
    """A date as both databases write it, to the millisecond and in UTC."""
    if text is None:
        return None
    moment = re.match(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z|\+00:00)$", text)
    assert moment, text
    return "%sT%s%sZ" % (moment[1], moment[2], ((moment[3] or ".") + "000")[:4])


def flat(doc):
    """What a work order should be in the warehouse, worked out here once more."""
    def of(name, key):
        return (doc.get(name) or {}).get(key)
    return {
        "id": doc["id"], "sequential_id": doc.get("sequentialId"), "title": doc.get("title"),
        "description": doc.get("description"), "status": doc["status"], "priority": doc.get("priority"),
        "type": doc.get("type"), "created_at": doc.get("createdAt"), "updated_at": doc["updatedAt"],
        "completed_at": doc.get("completedAt"), "due_date": doc.get("dueDate"), "start_date": doc.get("startDate"),
        "asset_id": doc.get("assetId") or of("asset", "id"), "asset_name": of("asset", "name"),
        "location_id": doc.get("locationId") or of("location", "id"), "location_name": of("location", "name"),
        "creator_id": doc.get("creatorId"), "completer_id": doc.get("completerId"),
        "requester_id": doc.get("requesterId"), "organization_id": doc.get("organizationId"),
        "categories": doc.get("categories"), "assignees": doc.get("assignees"),
        "deleted": doc.get("deletedAt") is not None, "deleted_at": doc.get("deletedAt"), "data": doc}


class Warehouse:
    """What must hold for both. The classes below say how to reach the database."""

    def setUp(self):
        super().setUp()
        self.set_up_database()
        self.with_warehouse()

    def with_warehouse(self, more="", **sections):
        self.configure("[handler wh]\non = *\ntype = warehouse\ndatabase = %s\n%s\n" % (self.database, more), **sections)

    def work_orders(self):
        return {row["id"]: row for row in self.rows("SELECT * FROM work_orders")}

    def history(self, number=None):
        return [(row["work_order_id"], row["from_status"], row["to_status"], row["changed_at"]) for row in self.rows(
            "SELECT * FROM status_history %s ORDER BY wosync_seq" % (
                "" if number is None else "WHERE work_order_id = %d" % number))]

    def applied(self):
        return [row["event_id"] for row in self.rows("SELECT * FROM wosync_events")]

    def due_now(self):
        self.sql("UPDATE deliveries SET due_ms = 0")

    def assertWarehouseIsTrue(self):
        """It holds what the store knows, and nothing else."""
        stored = {number: flat(doc) for number, doc in self.snapshots().items()}
        found = self.work_orders()
        self.assertEqual(len(found), len(stored))
        for number, row in found.items():
            self.assertIsNotNone(row.pop("observed_at"))
            row.pop("wosync_seq")
            self.assertEqual(row, stored[number])

    def assertAppliedOnce(self):
        """Every event of the log, and the history that it makes, once and in order."""
        log = self.events()
        self.assertEqual(sorted(self.applied()), sorted(event["id"] for event in log))
        told = [(event["data"]["id"], event["data"].get("previousStatus"), event["data"]["status"], event["timestamp"])
                for event in log if event["event"] in ("workorder.created", "workorder.status_changed")]
        self.assertEqual(self.history(), told)

    # --- loading ---

    def test_it_is_filled_by_the_first_run(self):
        self.mock.change(generate=250)
        self.mock.create_old(250)
        self.sync_silently()
        self.assertWarehouseIsTrue()
        self.assertAppliedOnce()
        self.assertEqual(len(self.work_orders()), 500)
        self.assertEqual(self.version(), 2)

    def test_a_new_one_is_loaded_without_a_request(self):
        self.configure("[handler other]\ntype = log\n")
        self.mock.change(generate=1000)
        olds = self.mock.create_old(1000)
        self.mock.update(olds[7], deletedAt=ago(5))
        self.sync()
        self.with_warehouse()
        self.mock.reset_log()
        self.assertSilent(self.wosync("dispatch"))
        self.assertEqual(self.mock.requests(), [])
        self.assertWarehouseIsTrue()
        self.assertEqual(self.history(), [])
        self.assertEqual([n for n, row in self.work_orders().items() if row["deleted"]], [olds[7]])
        self.assertSilent(self.wosync("dispatch"))
        self.assertEqual(self.mock.requests(), [])

    def test_what_is_stored_silently_later_comes_too(self):
        """Old work orders that are seen late make no event."""
        self.sync_silently()
        before = self.mock.create_old(3)
        self.mock.change(hide=before)
        self.sync_silently()
        self.mock.change(unhide=before)
        # seen by the poll of the last days
        self.sql("UPDATE account SET watermark_ms = 0")
        self.sync_silently()
        self.assertEqual(self.ids(), [])
        self.assertEqual(sorted(self.work_orders()), sorted(before))
        self.assertWarehouseIsTrue()

    def test_one_that_comes_back_has_what_it_missed(self):
        olds = self.mock.create_old(3)
        self.sync_silently()
        self.configure("[handler other]\ntype = log\n")
        self.mock.update(olds[0], title="While it was away")
        self.sync()
        self.with_warehouse()
        self.sync(message="handler wh: it is back and continues where it was: 0 deliveries and 1 later events wait")
        self.assertWarehouseIsTrue()
        self.assertEqual(self.work_orders()[olds[0]]["title"], "While it was away")

    @long
    def test_loading_goes_on_after_kills(self):
        self.configure("[handler other]\ntype = log\n")
        self.mock.create_old(5000)
        self.sync_silently("--no-dispatch")
        self.with_warehouse()
        chance = random.Random(1)

        def loaded():
            return (self.sql("SELECT loaded FROM handlers WHERE name = 'wh'") or [(0,)])[0][0]
        partial = []
        for _ in range(10):
            before = loaded()
            loading = self.start("dispatch")
            self.wait_for(lambda: loaded() > before or not loading.is_alive(), "some progress")
            time.sleep(chance.uniform(0, 0.01))
            loading.signal(signal.SIGKILL)
            loading.wait()
            partial.append(loaded())
        self.mock.reset_log()
        self.assertSilent(self.wosync("dispatch"))
        self.assertEqual(self.mock.requests(), [])
        self.assertTrue(0 < partial[0] < 5000, "no kill came while it was loading: %s" % partial)
        self.assertEqual(partial, sorted(partial))
        self.assertWarehouseIsTrue()
        self.assertEqual(len(self.work_orders()), 5000)

    # --- events ---

    def test_the_story(self):
        self.tell_story()
        self.assertWarehouseIsTrue()
        self.assertAppliedOnce()
        one = self.olds[1]
        self.assertEqual([row[1:3] for row in self.history(one)],
                         [("OPEN", "IN_PROGRESS"), ("IN_PROGRESS", "DONE"), ("DONE", "OPEN")])
        created = [row for row in self.history() if row[0] not in self.olds]
        self.assertEqual([row[1:3] for row in created], [(None, "OPEN")])
        self.assertEqual(self.history(), sorted(self.history(), key=lambda row: row[3]))

    @long
    def test_once_over_twenty_kills(self):
        olds = self.mock.create_old(60)
        self.sync_silently()
        chance = random.Random(2)
        statuses = ("OPEN", "IN_PROGRESS", "ON_HOLD", "DONE")

        def let_things_happen():
            for number in chance.sample(olds, 40):
                self.mock.update(number, status=chance.choice(statuses), title="T%d" % chance.randrange(1000))
            self.mock.change(generate=200)
            self.sync("--no-dispatch")
        whole = 60  # how long it takes when nobody kills it, and the disk does not hold it up
        for _ in range(4):
            let_things_happen()
            whole = min(whole, self.wosync("dispatch").seconds)
        halfway = 0
        for _ in range(20):
            let_things_happen()
            run = self.start("dispatch")
            time.sleep(whole * chance.uniform(0.1, 1.1))
            run.signal(signal.SIGKILL)
            run.wait()
            halfway += self.sql("SELECT count(*) FROM deliveries WHERE state = 'pending'")[0][0] > 0
        self.due_now()
        self.assertSilent(self.wosync("dispatch"))
        self.assertGreater(halfway, 0, "no kill came while it was delivering")
        self.assertWarehouseIsTrue()
        self.assertAppliedOnce()

    def test_what_comes_again_changes_nothing(self):
        """As after a crash between the warehouse's commit and ours."""
        self.tell_story()
        before = (self.work_orders(), self.rows("SELECT * FROM wosync_events ORDER BY event_id"), self.history())
        self.requeue()
        self.assertSilent(self.wosync("dispatch"))
        after = (self.work_orders(), self.rows("SELECT * FROM wosync_events ORDER BY event_id"), self.history())
        self.assertEqual(before, after)

    def test_the_later_one_stands(self):
        """Each row below: how the event's updatedAt, its observedAt and its place in the log stand to those of the row that is
        there (+1: later), where it comes from, and whether the row becomes the event's."""
        cases = (
            (1, 1, 1, "poll", True),
            (0, 0, 1, "poll", True),        # several of one observation
            (0, 1, 1, "webhook", True),     # a rewrite
            (-1, 1, 1, "poll", True),       # MaintainX has gone back
            (-1, 0, 1, "poll", True),
            (1, -1, 1, "poll", True),       # the clock was ahead when the row was written
            (0, -1, 1, "poll", True),
            (0, 1, -1, "poll", True),       # the log began again at an older place
            (-1, 1, -1, "poll", True),
            (1, -1, -1, "poll", True),
            (0, 0, 0, "poll", False),       # the same again
            (0, -1, -1, "poll", False),     # an older one again
            (-1, -1, -1, "poll", False),
            (0, 0, -1, "poll", False),
            (0, -1, None, "poll", True),    # None: the row is a snapshot's, which holds no more than this
            (-1, -1, None, "poll", False),  # it holds a later one, too
            (-1, 1, None, "poll", True),
            (1, -1, None, "poll", True),
            (1, -1, 1, "backfill", True),
            (0, 1, 1, "backfill", False),
            (-1, 1, 1, "backfill", False))
        olds = self.mock.create_old(len(cases))
        self.sync_silently()
        for number in olds:
            self.mock.update(number, title="Event")
        self.sync_silently("--no-dispatch")
        log = {event["data"]["id"]: event for event in self.events()}
        places = dict(self.sql("SELECT subject, seq FROM events"))

        def moved(text, sign):
            return iso(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() - sign * 60)
        for number, (updated, observed, place, source, _) in zip(olds, cases):
            event = log[number]
            self.execute("UPDATE work_orders SET title = 'Row', updated_at = '%s', observed_at = '%s', wosync_seq = %d "
                         "WHERE id = %d" % (moved(event["data"]["updatedAt"], updated), moved(event["observedAt"], observed),
                                            0 if place is None else places[number] - place, number))
            self.sql("UPDATE events SET body = json_set(body, '$.source', ?) WHERE subject = ?", source, number)
        self.assertSilent(self.wosync("dispatch"))
        rows = self.work_orders()
        for number, case in zip(olds, cases):
            self.assertEqual(rows[number]["title"], "Event" if case[-1] else "Row", case)
        self.assertAppliedOnce()

    def test_several_steps_of_one_observation(self):
        """Each has a moment of its own; the work order in them may be as it is in the end."""
        olds = self.mock.create_old(2)
        self.sync_silently()
        for number in olds:
            self.mock.update(number, status="DONE")
        self.sync_silently("--no-dispatch")
        steps = (("OPEN", "IN_PROGRESS", ago(50), 7), ("IN_PROGRESS", "ON_HOLD", ago(40), 8),
                 ("ON_HOLD", "IN_PROGRESS", ago(40), None), ("IN_PROGRESS", "DONE", ago(30), 9))
        last = self.sql("SELECT subject, observed_ms, body FROM events WHERE type = 'workorder.status_changed' ORDER BY seq")
        self.sql("DELETE FROM events")
        for begin, end, moment, actor in steps:
            for (number, observed, body), in_the_end in zip(last, (True, False)):
                event = json.loads(body)
                event.update(id="workorder.status_changed/%d/%s-%s/%s" % (number, begin, end, moment), timestamp=moment)
                if actor is not None:
                    event["actor"] = {"id": actor, "name": "User %d" % actor}
                event["data"]["previousStatus"] = begin
                event["data"]["changes"] = {"status": {"from": begin, "to": end}}
                if not in_the_end:
                    event["data"]["status"] = end
                self.sql("INSERT INTO events (id, type, subject, occurred_ms, observed_ms, body) VALUES (?, ?, ?, 0, ?, ?)",
                         event["id"], event["event"], number, observed, json.dumps(event))
        self.assertSilent(self.wosync("dispatch"))
        for number in olds:
            found = self.rows("SELECT from_status, to_status, changed_at, actor_id, actor_name FROM status_steps "
                              "WHERE work_order_id = %d ORDER BY changed_at, observed_at, wosync_seq" % number)
            self.assertEqual([tuple(row.values()) for row in found], [
                (begin, end, moment, actor, actor and "User %d" % actor) for begin, end, moment, actor in steps])
        self.assertWarehouseIsTrue()

    def test_a_step_that_comes_late_has_its_place(self):
        """A delivery that was refused, and is tried again behind later ones: they stand, and its step is not lost."""
        old = self.mock.create_old(1)[0]
        self.sync_silently()
        for status in ("IN_PROGRESS", "ON_HOLD", "DONE"):
            self.mock.update(old, status=status, title=status)
            self.sync_silently("--no-dispatch")
        first = self.ids()[0]
        body = self.sql("SELECT body FROM events WHERE id = ?", first)[0][0]
        self.sql("UPDATE events SET body = '{' WHERE id = ?", first)
        self.wosync("dispatch", expect=UNAVAILABLE, message="it is not a JSON object")
        self.sql("UPDATE events SET body = ? WHERE id = ?", body, first)
        self.wosync("events", "retry", first)
        self.assertSilent(self.wosync("dispatch"))
        self.assertAppliedOnce()
        self.assertWarehouseIsTrue()

    # --- a store that is put back from a backup ---

    def restore(self, backup):
        for path in glob.glob(self.store + "*"):
            os.remove(path)
        shutil.copy(backup, self.store)

    def backup(self):
        path = self.path("backup.db")
        with contextlib.closing(sqlite3.connect(self.store)) as db, contextlib.closing(sqlite3.connect(path)) as copy:
            db.backup(copy)
        return path

    def poll_all(self):
        """Also what was changed without a new updatedAt."""
        self.sql("UPDATE account SET watermark_ms = 0")
        self.sync_silently()

    def test_after_a_restore_it_becomes_right(self):
        olds = self.mock.create_old(14)
        self.mock.update(olds[12], deletedAt=ago(60))
        self.sync_silently()
        backup = self.backup()
        # what the restored store will not know
        self.mock.update(olds[0], status="DONE")
        self.mock.update(olds[1], title="One")
        self.mock.update(olds[2], deletedAt=ago(5))
        self.mock.update(olds[3], title="Rewritten", _keep_updatedAt=True)
        self.mock.update(olds[5], deletedAt=ago(5))
        self.mock.update(olds[12], deletedAt=None)
        new = self.mock.create({"title": "New"}, {"title": "Newer"})
        self.poll_all()
        self.mock.update(olds[5], deletedAt=None)
        for turn in range(5):
            for number in olds[6:10]:
                self.mock.update(number, title="Turn %d" % turn)
            self.mock.update(olds[4], status=("DONE", "OPEN")[turn % 2])
            self.poll_all()
        self.assertWarehouseIsTrue()
        ahead = self.sql("SELECT max(seq) FROM events")[0][0]
        self.restore(backup)
        self.assertLess(self.sql("SELECT coalesce(max(seq), 0) FROM events")[0][0], ahead - 20)
        # and what happens before it runs again
        self.mock.update(olds[0], status="OPEN")
        self.mock.update(olds[2], deletedAt=None)
        self.mock.update(olds[3], title="Rewritten again", _keep_updatedAt=True)
        self.mock.update(olds[5], deletedAt=ago(2))
        self.mock.update(olds[7], title="Seven")
        self.mock.update(olds[12], deletedAt=ago(1))
        self.mock.update(new[0]["id"], status="DONE")
        self.mock.create({"title": "Newest"})
        self.poll_all()
        self.assertWarehouseIsTrue()
        # in the end it is as always, while the log is still behind
        self.mock.update(olds[2], deletedAt=ago(1))
        self.mock.update(olds[3], title="For the third time", _keep_updatedAt=True)
        self.mock.update(olds[5], deletedAt=None)
        self.mock.update(olds[9], status="DONE")
        self.poll_all()
        self.assertWarehouseIsTrue()
        self.assertLess(self.sql("SELECT max(seq) FROM events")[0][0], ahead)
        self.assertLessEqual(set(self.ids()), set(self.applied()))
        # one of a new name is loaded from the snapshots
        self.execute("UPDATE work_orders SET title = 'Wrong', deleted = '1'")
        self.configure("[handler other]\ntype = warehouse\ndatabase = %s\n" % self.database)
        self.sync_silently()
        self.assertWarehouseIsTrue()

    # --- names ---

    def test_names(self):
        olds = self.mock.create_old(3)
        self.mock.update(olds[0], assignees=[{"type": "USER", "id": 2041}, {"type": "TEAM", "id": 5}, {"type": "USER", "id": 9}],
                         creatorId=9, completerId=2041, status="DONE", completedAt=ago(5))
        self.mock.update(olds[1], assignees=[{"type": "USER", "id": "ann@example.com"}, "odd", {"id": 2041}, None, {"type": 1}])
        self.mock.update(olds[2], assignees={"type": "USER", "id": 2041})
        self.sync_silently()
        for number in olds:
            self.mock.update(number, priority="HIGH")
        self.sync_silently("--no-dispatch")
        names = [{"users": {"2041": "Ann Lee", "9": "Bo \u0141"}, "teams": {"5": "Electrical", "x": "no", "6": 7, "7": ""}},
                 {"users": {"2041": "Ann Lee-Smith", "99999999999999999999": "no"}, "teams": []}, "none"]
        for number, text in zip(olds, names):
            self.sql("UPDATE events SET body = json_set(body, '$.names', json(?)) WHERE subject = ?", json.dumps(text), number)
        self.sql("UPDATE events SET body = json_set(body, '$.actor', json(?)) WHERE subject = ?",
                 json.dumps({"id": 11, "name": "Cy"}), olds[2])
        self.assertSilent(self.wosync("dispatch"))
        found = self.rows("SELECT * FROM users ORDER BY id")
        self.assertEqual([(row["id"], row["name"], row["removed_at"]) for row in found],
                         [(9, "Bo \u0141", None), (11, "Cy", None), (2041, "Ann Lee-Smith", None)])
        self.assertEqual([(row["id"], row["name"]) for row in self.rows("SELECT * FROM teams ORDER BY id")], [(5, "Electrical")])
        found = self.rows("SELECT * FROM work_order_assignees ORDER BY work_order_id, position")
        self.assertEqual([tuple(row[key] for key in ("work_order_id", "position", "kind", "assignee_id", "name")) for row in found], [
            (olds[0], 0, "user", 2041, "Ann Lee-Smith"), (olds[0], 1, "team", 5, "Electrical"),
            (olds[0], 2, "user", 9, "Bo \u0141"),
            (olds[1], 0, "user", None, "ann@example.com"), (olds[1], 1, None, None, None), (olds[1], 2, None, 2041, None),
            (olds[1], 3, None, None, None), (olds[1], 4, "1", None, None)])
        found = self.rows("SELECT * FROM work_order_people WHERE id = %d" % olds[0])[0]
        self.assertEqual((found["creator_name"], found["requester_name"], found["completer_name"], found["assignee_names"]),
                         ("Bo \u0141", None, "Ann Lee-Smith", "Ann Lee-Smith, Electrical, Bo \u0141"))
        self.assertEqual([row["completer_name"] for row in self.rows("SELECT * FROM time_to_complete")], ["Ann Lee-Smith"])
        # an older event that comes again brings no older name back
        self.execute("DELETE FROM wosync_events")
        self.execute("UPDATE users SET removed_at = '2026-01-01T00:00:00.000Z' WHERE id = 9")
        self.wosync("events", "replay", "--handler", "wh", "--since", "1d")
        self.execute("UPDATE users SET name = 'Ann', observed_at = '%s' WHERE id = 2041" % iso(time.time() - 1e-3))
        self.assertSilent(self.wosync("dispatch"))
        found = {row["id"]: (row["name"], row["removed_at"]) for row in self.rows("SELECT * FROM users")}
        self.assertEqual(found, {9: ("Bo \u0141", "2026-01-01T00:00:00.000Z"), 11: ("Cy", None), 2041: ("Ann", None)})
        # what a clock that was wrong has written is not kept for ever
        self.execute("UPDATE users SET name = 'From the future', observed_at = '2999-01-01T00:00:00.000Z'")
        self.execute("DELETE FROM wosync_events")
        self.wosync("events", "replay", "--handler", "wh", "--since", "1d")
        self.assertSilent(self.wosync("dispatch"))
        self.assertEqual({row["id"]: row["name"] for row in self.rows("SELECT * FROM users")},
                         {9: "Bo \u0141", 11: "Cy", 2041: "Ann Lee-Smith"})

    def test_both_databases_have_the_same_columns(self):
        work_order = ["id", "sequential_id", "title", "description", "status", "priority", "type", "created_at", "updated_at",
                      "completed_at", "due_date", "start_date", "asset_id", "asset_name", "location_id", "location_name",
                      "creator_id", "completer_id", "requester_id", "organization_id", "categories", "assignees", "deleted",
                      "deleted_at", "observed_at", "data", "wosync_seq"]
        self.sync_silently()
        self.mock.create({"title": "New"})
        self.sync_silently()
        self.assertEqual(self.columns(), {
            "work_orders": work_order,
            "wosync_events": ["event_id", "work_order_id", "type", "happened_at", "observed_at", "applied_at"],
            "status_history": ["event_id", "work_order_id", "from_status", "to_status", "changed_at", "actor_id", "observed_at",
                               "wosync_seq"],
            "users": ["id", "name", "removed_at", "observed_at"],
            "teams": ["id", "name", "removed_at", "observed_at"],
            "closed_statuses": ["status"],
            "work_order_spans": ["id", "opened_at", "closed_at"],
            "backlog_per_day": ["day", "open_work_orders"],
            "created_completed_per_day": ["day", "created", "completed"],
            "time_to_complete": ["id", "sequential_id", "title", "priority", "type", "asset_name", "location_name",
                                 "completer_id", "completer_name", "created_at", "completed_at", "hours"],
            "work_order_assignees": ["work_order_id", "position", "kind", "assignee_id", "name"],
            "work_order_people": ["id", "sequential_id", "title", "status", "creator_id", "creator_name", "requester_id",
                                  "requester_name", "completer_id", "completer_name", "assignee_names"],
            "status_steps": ["work_order_id", "from_status", "to_status", "changed_at", "actor_id", "actor_name", "observed_at",
                             "wosync_seq", "event_id"]})

    def test_the_same_date_is_applied(self):
        olds = self.mock.create_old(1)
        self.sync_silently()
        self.mock.update(olds[0], title="Rewritten", _keep_updatedAt=True)
        self.sql("UPDATE account SET watermark_ms = 0")
        self.sync_silently()
        self.assertEqual(self.work_orders()[olds[0]]["title"], "Rewritten")
        self.assertWarehouseIsTrue()

    def test_old_events_are_replayed_into_a_new_one(self):
        self.tell_story()
        self.mock.update(self.olds[2], deletedAt=ago(1))
        self.sync()
        self.execute("DELETE FROM wosync_events")
        self.execute("DELETE FROM status_history")
        self.execute("DELETE FROM work_orders WHERE id <> %d" % self.olds[2])
        self.wosync("events", "replay", "--handler", "wh", "--since", "1d")
        self.assertSilent(self.wosync("dispatch"))
        self.assertAppliedOnce()
        rows = self.work_orders()
        self.assertTrue(rows[self.olds[2]]["deleted"])
        self.assertEqual(rows[self.olds[1]]["status"], "OPEN")
        self.assertEqual(rows[self.olds[1]]["data"], self.snapshots()[self.olds[1]])

    def test_deletion_and_return(self):
        olds = self.mock.create_old(2)
        self.sync_silently()
        gone = ago(3)
        self.mock.update(olds[0], deletedAt=gone)
        self.sync_silently()
        row = self.work_orders()[olds[0]]
        self.assertEqual((row["deleted"], row["deleted_at"]), (True, gone))
        self.assertFalse(self.work_orders()[olds[1]]["deleted"])
        self.mock.update(olds[0], deletedAt=None)
        self.sync_silently()
        row = self.work_orders()[olds[0]]
        self.assertEqual((row["deleted"], row["deleted_at"]), (False, None))
        self.assertWarehouseIsTrue()
        self.mock.update(olds[0], deletedAt=gone)
        self.sync_silently()
        self.assertTrue(self.work_orders()[olds[0]]["deleted"])
        self.assertAppliedOnce()

    def test_gone_although_a_backfill_told_of_something_newer(self):
        """A poll has not seen the newer one, so the deletion is told of the older."""
        olds = self.mock.create_old(2)
        self.sync_silently()
        began = ago(1)
        self.mock.update(olds[0], status="DONE")
        self.wosync("backfill", "--since", began)
        self.assertEqual(self.work_orders()[olds[0]]["status"], "DONE")
        self.mock.change(delete=[olds[0]])
        for _ in range(2):
            self.wosync("reconcile")
        self.assertEqual([n for n, row in self.work_orders().items() if row["deleted"]], [olds[0]])
        self.assertAppliedOnce()

    def test_a_backfill_replaces_nothing_of_the_same_date(self):
        """Its page may have been on its way when a webhook told of a rewrite: the snapshot is the newer one, too."""
        olds = self.mock.create_old(1)
        self.sync_silently()
        self.execute("UPDATE work_orders SET title = 'Rewritten' WHERE id = %d" % olds[0])
        self.wosync("backfill", "--since", "3650d")
        self.assertIn("workorder.created/%d" % olds[0], self.ids())
        self.assertEqual(self.work_orders()[olds[0]]["title"], "Rewritten")
        self.assertAppliedOnce()

    def test_a_backfill_replaces_nothing_newer_by_a_deletion(self):
        """Its page may show a work order deleted that has been restored since, and that a webhook has brought."""
        olds = self.mock.create_old(1)
        self.sync_silently()
        self.mock.update(olds[0], deletedAt=ago(1))
        self.execute("UPDATE work_orders SET updated_at = '2031-01-01T00:00:00.000Z' WHERE id = %d" % olds[0])
        self.wosync("backfill", "--since", "3650d")
        self.assertIn("workorder.created/%d" % olds[0], self.ids())
        self.assertFalse(self.work_orders()[olds[0]]["deleted"])
        self.assertAppliedOnce()

    @long
    def test_ten_thousand(self):
        self.sync_silently()
        self.mock.change(generate=10000)
        self.sync_silently("--no-dispatch")
        self.assertSilent(self.wosync("dispatch"))
        self.assertEqual(len(self.applied()), 10000)

    # --- views ---

    def test_views(self):
        self.mock.change(create=[
            {"title": "Early", "createdAt": "2026-01-31T23:59:59.999Z", "updatedAt": "2026-02-01T00:00:00.000Z"},
            {"title": "No beginning", "createdAt": None, "updatedAt": ago(9 * 86400)},
            {"title": "Slip", "createdAt": "0019-03-01T00:00:00.000Z", "updatedAt": ago(9 * 86400)}])
        base = time.time() - 40 * 86400
        chance = random.Random(3)
        made = []
        for i in range(300):
            created = base + chance.uniform(0, 39) * 86400
            fields = {"title": "W%d" % i, "createdAt": iso(created), "updatedAt": iso(created)}
            ended = created + chance.uniform(0, 9) * 86400
            if ended < time.time() and chance.random() < 0.8:
                status = chance.choice(("DONE", "DONE", "DONE", "COMPLETED", "CANCELED", "SKIPPED"))
                fields.update(status=status, updatedAt=iso(ended),
                              completedAt=iso(ended) if status in ("DONE", "COMPLETED") else None)
                if chance.random() < 0.1:
                    fields["deletedAt"] = iso(ended - 3600)
            made.append(fields)
        ids = [entry["id"] for entry in self.mock.create(*made)]
        self.sync_silently()
        some = [number for number, fields in zip(ids, made) if "status" not in fields][:9]
        for number, status in zip(some, ("CANCELED", "DONE", "ON_HOLD") * 3):
            self.mock.update(number, status=status)
        reopened = next(n for n, fields in zip(ids, made) if fields.get("status") == "DONE" and "deletedAt" not in fields)
        self.mock.update(reopened, status="OPEN")
        self.sync_silently()
        # a canceled one ends when it was canceled, not when it was edited later
        self.mock.update(some[0], title="Edited", updatedAt=iso(time.time() + 90 * 86400))
        self.sync_silently()
        self.assertWarehouseIsTrue()
        self.check_views()

    def check_views(self):
        rows = self.work_orders().values()
        today = datetime.datetime.now(datetime.timezone.utc).date()
        canceled = {n: at for n, _, to, at in self.history() if to == "CANCELED"}
        spans, created, completed, hours = [], collections.Counter(), collections.Counter(), {}

        def moment(text):
            return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
        for row in rows:
            end = None
            if row["status"] in CLOSED:
                end = row["completed_at"] or canceled.get(row["id"]) or row["updated_at"]
                if row["completed_at"] is not None:
                    completed[row["completed_at"][:10]] += 1
            if row["created_at"] is None:
                continue
            created[row["created_at"][:10]] += 1
            if end is not None and row["completed_at"] is not None and not row["deleted"]:
                hours[row["id"]] = (moment(row["completed_at"]) - moment(row["created_at"])).total_seconds() / 3600
            if row["deleted"]:
                end = min(end or row["deleted_at"], row["deleted_at"])
            spans.append((row["created_at"][:10], end and end[:10]))
        first = max(min(span[0] for span in spans), str(today.replace(year=today.year - 20)))
        backlog = {}
        day = datetime.date.fromisoformat(first)
        while day <= today:
            text = str(day)
            backlog[text] = sum(1 for begin, end in spans if begin <= text and (end is None or end > text))
            day += datetime.timedelta(1)
        found = self.rows("SELECT * FROM backlog_per_day ORDER BY day")
        self.assertEqual({row["day"]: row["open_work_orders"] for row in found}, backlog)
        self.assertEqual(len(found), len(backlog))
        per_day = {row["day"]: (row["created"], row["completed"])
                   for row in self.rows("SELECT * FROM created_completed_per_day")}
        self.assertEqual(per_day, {day: (created[day], completed[day]) for day in set(created) | set(completed)})
        taken = {row["id"]: row["hours"] for row in self.rows("SELECT * FROM time_to_complete")}
        self.assertEqual(set(taken), set(hours))
        for number, value in hours.items():
            self.assertAlmostEqual(taken[number], value, 3)

    def test_views_of_an_empty_one(self):
        self.mock.create_old(1)
        self.sync_silently()
        self.execute("DELETE FROM work_orders")
        for view in ("backlog_per_day", "created_completed_per_day", "time_to_complete"):
            self.assertEqual(self.rows("SELECT * FROM %s" % view), [])

    # --- trouble ---

    def test_it_is_away_between_runs(self):
        self.with_warehouse("[handler erp]\non = *\ntype = http\nurl = %s\n" % self.mock.sink_url("erp"))
        olds = self.mock.create_old(20)
        self.sync_silently()
        self.take_away()
        for number in olds:
            self.mock.update(number, status="DONE")
        self.sync()
        for number in olds:
            self.mock.update(number, title="Twice")
        self.sync()
        log = self.ids()
        self.assertEqual(len(self.mock.sink("erp")), len(log))
        self.assertEqual(self.handler("wh")["pending"], len(log))
        self.assertEqual(self.handler("wh")["dead"], 0)
        self.mock.create({"title": "New"})
        self.sync()
        self.bring_back()
        self.due_now()
        self.assertSilent(self.wosync("dispatch"))
        self.assertEqual(self.handler("wh")["pending"], 0)
        self.assertWarehouseIsTrue()
        self.assertAppliedOnce()

    def test_it_is_away_from_the_beginning(self):
        self.mock.create_old(5)
        self.take_away()
        self.sync(message="handler wh: cannot be given the work orders")
        self.bring_back()
        self.sync_silently()
        self.assertWarehouseIsTrue()

    def test_a_load_that_fails_is_an_attempt_of_what_waits_behind_it(self):
        """One that worked and then fails: the load of a new work order comes first, and no delivery is tried."""
        self.mock.create_old(3)
        self.sync_silently()
        self.take_away()
        self.mock.create({"title": "New"})
        self.sync_silently()
        self.assertEqual(self.sql("SELECT state, attempts FROM deliveries"), [("pending", 1)])
        handler = self.handler("wh")
        self.assertIsNotNone(handler["lastError"])
        self.assertEqual((handler["failures"], handler["failingSince"]), (1, handler["lastFailure"]))
        self.assertIsNotNone(handler["nextTry"])
        self.sql("UPDATE deliveries SET attempts = 9, first_failed_ms = first_failed_ms - 259200000")
        self.due_now()
        self.sync(expect=UNAVAILABLE, message="handler wh: a delivery behind the initial load: given up after 10 tries: ")

    def test_poison_is_dead_alone(self):
        olds = self.mock.create_old(300)
        self.sync_silently()
        for number in olds:
            self.mock.update(number, priority="HIGH")
        self.sync_silently("--no-dispatch")
        log = self.ids()
        self.sql("UPDATE events SET body = '{\"id\": 1' WHERE id = ?", log[50])
        run = self.wosync("dispatch", expect=UNAVAILABLE, message="the event cannot be a row: it is not a JSON object")
        self.assertEqual(len(run.err.splitlines()), 1, run.err)
        self.assertEqual(self.handler("wh")["dead"], 1)
        self.assertEqual(self.handler("wh")["pending"], 0)
        self.assertEqual(sorted(self.applied()), sorted(set(log) - {log[50]}))

    def test_a_date_out_of_range_is_refused(self):
        olds = self.mock.create_old(2)
        self.sync_silently()
        for number in olds:
            self.mock.update(number, priority="HIGH")
        self.sync_silently("--no-dispatch")
        log = self.ids()
        self.sql("UPDATE events SET body = replace(body, json_extract(body, '$.data.updatedAt'), "
                 "'0001-01-01T00:00:00.000+14:00') WHERE id = ?", log[0])
        self.wosync("dispatch", expect=UNAVAILABLE, message="the years 0001 to 9999")
        self.assertEqual(self.applied(), [log[1]])

    def test_odd_texts(self):
        texts = {
            "emoji": "\U0001f6a8 \U0001f468\u200d\U0001f469\u200d\U0001f467 \u0645\u0631\u062d\u0628\u0627 \u0000 end",
            "quotes": "'; DROP TABLE work_orders; -- \" \\ \\u0000 %s {a,b} \\x00 \n\t\x7f\u2028",
            "long": "d\u00e9" * 300000}
        made = self.mock.create(*(
            {"title": text[:200].replace("\0", ""), "description": text, "extraFields": {"field \u0000": text[:50]}} for text in texts.values()))
        edges = self.mock.create(
            {"title": "First", "createdAt": ago(1), "dueDate": "0001-01-01T00:00:00.000Z",
             "startDate": "9999-12-31T23:59:59.999Z"},
            {"title": "Beyond", "createdAt": ago(1), "dueDate": "0001-01-01T00:00:00.000+01:00",
             "startDate": "9999-12-31T23:59:59.999-01:00"},
            {"title": "No dates", "dueDate": "tomorrow", "startDate": 17, "assetId": "seven", "asset": [],
             "location": "Hall", "description": {"no": "text"}, "sequentialId": 1e300, "categories": {"a": None}})
        digits = self.mock.create({"title": "Digits", "_raw": '{"id": 990, "title": "Digits", "status": "OPEN", "updatedAt": "%s", '
                                   '"sequentialId": 18446744073709551616, "categories": [89014103211118510720, -0, 1.10], '
                                   '"much": [1E400, 1e200000, 1e-200000, 0.100000000000000000000000000001]}' % ago(0)})
        self.assertEqual(len(digits), 1)
        self.sync_silently()
        rows = self.work_orders()
        self.assertIsNone(rows[990]["sequential_id"])
        self.assertEqual([str(n) for n in rows[990]["categories"]][::2], ["89014103211118510720", "1.1"])
        self.assertEqual(rows[990]["data"]["sequentialId"], 18446744073709551616)
        # what no database holds as a number is a text of the same digits
        self.assertEqual(rows[990]["data"]["much"][1:3], ["1e200000", "1e-200000"])
        for entry, text in zip(made, texts.values()):
            self.assertEqual(rows[entry["id"]]["description"], text.replace("\0", "\ufffd"))
            self.assertEqual(rows[entry["id"]]["data"]["description"], text.replace("\0", "\ufffd"))
        first, beyond, none = (rows[entry["id"]] for entry in edges)
        self.assertEqual((first["due_date"], first["start_date"]), ("0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"))
        self.assertEqual((beyond["due_date"], beyond["start_date"]), (None, None))
        self.assertEqual(beyond["data"]["startDate"], "9999-12-31T23:59:59.999-01:00")
        for column in ("due_date", "start_date", "asset_id", "asset_name", "location_name", "description",
                       "sequential_id"):
            self.assertIsNone(none[column], column)
        self.assertEqual(none["categories"], {"a": None})
        self.assertEqual(self.handler("wh")["dead"], 0)

    # --- whose it is ---

    def test_an_older_schema_is_migrated(self):
        self.make_version_1()
        self.execute("INSERT INTO work_orders (id, status, updated_at, deleted, observed_at, data, wosync_seq) VALUES "
                     "(7, 'OPEN', '2026-01-01T00:00:00.000Z', '0', '2026-01-01T00:00:00.000Z', '{}', 3)")
        self.mock.create_old(2)
        self.sync_silently()
        self.assertEqual(self.version(), 2)
        self.assertEqual(len(self.work_orders()), 3)
        self.assertEqual(self.rows("SELECT * FROM backlog_per_day")[-1]["open_work_orders"], 2)
        self.sync_silently()

    def test_a_newer_one_is_left_alone(self):
        self.mock.create_old(2)
        self.sync_silently()
        self.make_newer()
        self.mock.create({"title": "New"})
        self.sync()
        self.assertRegex(self.handler("wh")["lastError"], "newer wosync")
        self.assertEqual(len(self.work_orders()), 2)

    def test_one_of_another_program_is_left_alone(self):
        self.make_foreign()
        self.mock.create_old(2)
        self.sync(message="of another program; set another")
        self.assertEqual(self.rows("SELECT * FROM work_orders"), [{"mine": 1}])
        # said once, and again after an hour
        self.sync_silently()
        self.assertRegex(self.handler("wh")["lastError"], "of another program; set another")
        self.sql("UPDATE handlers SET failing_since_ms = failing_since_ms - 3600000")
        self.sync(message="handler wh: it has failed for 1h.*of another program; set another")


class SqliteTest(Warehouse, Case):
    def set_up_database(self):
        self.database = self.path("warehouse.db")

    def connect(self):
        return contextlib.closing(sqlite3.connect(self.database, timeout=LIMIT))

    def execute(self, statement):
        with self.connect() as db, db:
            db.execute(statement)

    def rows(self, statement):
        with self.connect() as db:
            db.row_factory = sqlite3.Row
            found = [dict(row) for row in db.execute(statement)]
        for row in found:
            for name, value in row.items():
                if name in ("categories", "assignees", "data") and value is not None:
                    row[name] = json.loads(value)
                elif name == "deleted":
                    row[name] = bool(value)
                elif name in DATES:
                    row[name] = to_ms(value)
        return found

    def version(self):
        return self.rows("PRAGMA user_version")[0]["user_version"]

    def columns(self):
        found = collections.defaultdict(list)
        for row in self.rows("SELECT s.name AS relation, c.name AS name FROM sqlite_schema s, pragma_table_info(s.name) c "
                             "WHERE s.type IN ('table', 'view') ORDER BY s.name, c.cid"):
            found[row["relation"]].append(row["name"])
        return dict(found)

    def take_away(self):
        for path in glob.glob(self.database + "*"):
            os.rename(path, path.replace("warehouse", "away"))
        os.mkdir(self.database)

    def bring_back(self):
        os.rmdir(self.database)
        for path in glob.glob(self.path("away.db*")):
            os.rename(path, path.replace("away", "warehouse"))

    def make_version_1(self):
        with self.connect() as db, open(os.path.join(ROOT, "sql/warehouse/sqlite/001_tables.sql")) as f:
            db.executescript(f.read())

    def make_newer(self):
        self.execute("PRAGMA user_version = 99")

    def make_foreign(self):
        self.execute("CREATE TABLE work_orders (mine)")
        self.execute("INSERT INTO work_orders VALUES (1)")

    def test_a_file_that_is_no_database(self):
        self.write("warehouse.db", "These are notes.\n" * 100)
        self.mock.create_old(2)
        self.sync(message="no SQLite file")
        with open(self.database) as f:
            self.assertTrue(f.read().startswith("These are notes."))

    def test_the_group_may_read_it(self):
        self.database = self.path("new", "warehouse.db")
        self.with_warehouse()
        self.mock.create_old(2)
        self.sync_silently()
        for path in glob.glob(self.database + "*"):
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o640, path)
        self.assertEqual(stat.S_IMODE(os.stat(self.path("new")).st_mode), 0o750)
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        os.chmod(self.directory, 0o711)
        for path in (self.path("new"), *glob.glob(self.database + "*")):
            os.chown(path, 0, 65534)
        read = subprocess.run(
            ["/usr/bin/python3", "-I", "-c", "import sqlite3, sys\nprint(sqlite3.connect('file:%s?mode=ro' % sys.argv[1], "
             "uri=True).execute('SELECT count(*) FROM work_orders').fetchone()[0])", self.database],
            user=65534, group=65534, extra_groups=[], capture_output=True, text=True, cwd="/")
        self.assertEqual((read.stdout, read.stderr), ("2\n", ""))

    def test_a_reader_holds_nothing_up_and_a_writer_only_for_a_while(self):
        olds = self.mock.create_old(2)
        self.sync_silently()
        self.with_warehouse("timeout = 1s")
        with self.connect() as db:
            db.execute("BEGIN")
            db.execute("SELECT count(*) FROM work_orders").fetchall()
            self.mock.update(olds[0], title="Read on")
            self.sync_silently()
            self.assertEqual(self.work_orders()[olds[0]]["title"], "Read on")
        with self.connect() as db:
            db.execute("BEGIN IMMEDIATE")
            self.mock.update(olds[0], title="Locked")
            self.sync()
            self.assertRegex(self.handler("wh")["lastError"], "keeps it locked")
        self.due_now()
        self.sync_silently()
        self.assertEqual(self.work_orders()[olds[0]]["title"], "Locked")

    def test_configuration(self):
        for text, message in (
                ("type = warehouse", "has no database, which type = warehouse needs"),
                ("type = warehouse\ndatabase =", "database: expected postgresql://.*, or the path"),
                ("type = warehouse\ndatabase = a.db\nschema = b", "schema: it is for PostgreSQL"),
                ("type = warehouse\ndatabase = env:NOWHERE", "NOWHERE is not set in the environment"),
                ("type = warehouse\ndatabase = host=x password=%s dbname=y" % postgres.Postgres.PASSWORD,
                 "KEY=VALUE pairs are not supported; expected postgresql://"),
                ("type = warehouse\ndatabase = file:%s" % self.write("address", "host=x password=%s" %
                                                                      postgres.Postgres.PASSWORD),
                 "KEY=VALUE pairs are not supported; expected postgresql://"),
                ("type = warehouse\ndatabase = a.db\ncolour = red", "colour: unknown key")):
            self.configure("[handler wh]\n%s\n" % text)
            run = self.wosync("-v", "dispatch", expect=CONFIG, message=message)
            self.assertNotIn(postgres.Postgres.PASSWORD, run.out + run.err)
            self.assertEqual([name for name in os.listdir(self.directory) if "host" in name], [])


@unittest.skipIf(postgres.programs() is None, "PostgreSQL is not installed")
class PostgresTest(Warehouse, Case):
    slow = True

    def set_up_database(self):
        if not os.path.exists(os.path.join(MODULES, "warehouse-postgres.so")):
            self.skipTest("wosync was built without libpq")
        self.server = postgres.Postgres(self.path("postgres"))
        self.addCleanup(self.server.stop)
        self.server.start()
        self.database = "env:WAREHOUSE"
        self.env["WAREHOUSE"] = self.server.address

    def check_always(self, run):
        super().check_always(run)
        for password in (self.server.PASSWORD, self.server.QUOTED):
            self.assertNotIn(password, run.out + run.err)

    def execute(self, statement):
        self.server.execute(statement)

    def rows(self, statement):
        found = self.server.rows(statement)
        for row in found:
            for name in DATES:
                if name in row:
                    row[name] = to_ms(row[name])
        return found

    def columns(self):
        found = collections.defaultdict(list)
        for row in self.rows("SELECT table_name AS relation, column_name AS name FROM information_schema.columns "
                             "WHERE table_schema = 'wosync' AND table_name <> 'wosync_schema' "
                             "ORDER BY table_name, ordinal_position"):
            found[row["relation"]].append(row["name"])
        return dict(found)

    def version(self):
        return self.rows("SELECT max(version) AS version FROM wosync_schema")[0]["version"]

    def take_away(self):
        self.server.stop()

    def bring_back(self):
        self.server.start()

    def make_version_1(self):
        self.execute("CREATE SCHEMA wosync")
        with open(os.path.join(ROOT, "sql/warehouse/postgres/001_tables.sql")) as f:
            self.execute(f.read())

    def make_newer(self):
        self.execute("INSERT INTO wosync_schema (version) VALUES (99)")

    def make_foreign(self):
        self.execute("CREATE SCHEMA wosync")
        self.execute("CREATE TABLE work_orders (mine integer)")
        self.execute("INSERT INTO work_orders VALUES (1)")

    def test_the_password_is_never_shown(self):
        self.mock.create_old(2)
        self.with_warehouse()
        self.wosync("-v", "sync")
        self.mock.create({"title": "New"})
        wrong = "wr0ng%3Apass"
        self.env["WAREHOUSE"] = self.server.address.replace(self.server.QUOTED, wrong)
        runs = [self.wosync("-v", "sync"), self.wosync("status"), self.wosync("status", "--json")]
        self.assertRegex(self.handler("wh")["lastError"], "password authentication failed")
        for address in ("postgresql://wosync:%s@/%%zz", "postgresql://wosync:%s@/postgres?nonsense=1",
                        "postgresql://wosync:%s@[::1/postgres"):
            self.configure("[handler wh]\ntype = warehouse\ndatabase = %s\n" % (address % self.server.QUOTED))
            runs.append(self.wosync("dispatch", expect=CONFIG, message="not a valid postgresql:// address"))
        for run in runs:
            for secret in ("wr0ng", TOKEN):
                self.assertNotIn(secret, run.out + run.err)
        for text in ("wr0ng", self.server.PASSWORD, self.server.QUOTED):
            self.assertNotIn(text, repr(self.dump()) + repr(self.sql("SELECT * FROM runs")))

    def test_a_schema_of_ones_own(self):
        self.with_warehouse('schema = Plant "1"')
        self.mock.create_old(2)
        self.sync_silently()
        found = self.server.rows('SELECT count(*) FROM "Plant ""1""".work_orders')
        self.assertEqual(found, [{"count": 2}])
        self.with_warehouse("schema = %s" % ("x" * 64))
        self.wosync("dispatch", expect=CONFIG, message="up to 63 bytes")

    def test_an_address_that_leads_nowhere_says_so(self):
        self.mock.create_old(2)
        for address, reason in (("postgresql://127.0.0.1:1/x", "Connection refused"),
                                ("postgresql://localhost:1/x", "Connection refused"),
                                ("postgresql:///x?host=" + self.path("nowhere"), "No such file or directory"),
                                ("postgresql://no-such-host.invalid/x", "no-such-host.invalid: its address cannot be found: .*; "
                                                                        "check the name and the network")):
            self.env["WAREHOUSE"] = address
            self.sync(message=reason)
            self.assertRegex(self.handler("wh")["lastError"], "^postgresql: .*" + reason)

    def test_a_role_without_rights_says_so(self):
        self.execute("CREATE ROLE guest LOGIN PASSWORD 'guest-password'")
        self.env["WAREHOUSE"] = self.server.address.replace("wosync:" + self.server.QUOTED, "guest:guest-password")
        self.mock.create_old(2)
        self.sync(message="permission denied")
        self.make_version_1()
        self.execute("GRANT USAGE ON SCHEMA wosync TO guest")
        self.sync(message="permission denied for table wosync_schema")
        self.execute("DROP SCHEMA wosync CASCADE")
        self.execute("CREATE SCHEMA wosync AUTHORIZATION guest")
        self.sync_silently()
        self.assertEqual(len(self.work_orders()), 2)

    def poison(self, event):
        """An event that only PostgreSQL refuses."""
        self.sql("UPDATE events SET body = json_set(body, '$.data.status', ?) WHERE id = ?", UNINDEXABLE, event)

    def test_what_only_postgresql_refuses_is_dead_alone(self):
        """A status that no index holds."""
        olds = self.mock.create_old(30)
        self.sync_silently()
        for number in olds:
            self.mock.update(number, priority="HIGH")
        self.sync_silently("--no-dispatch")
        log = self.ids()
        self.poison(log[9])
        run = self.wosync("dispatch", expect=UNAVAILABLE, message="it refuses the row: .* \\(54000\\)")
        self.assertEqual(len(run.err.splitlines()), 1, run.err)
        self.assertEqual(sorted(self.applied()), sorted(set(log) - {log[9]}))
        self.assertEqual((self.handler("wh")["dead"], self.handler("wh")["pending"]), (1, 0))

    def test_a_work_order_that_it_refuses_does_not_stop_the_loading(self):
        olds = self.mock.create_old(30)
        self.sync_silently("--no-dispatch")
        self.sql("UPDATE documents SET json = json_set(json, '$.status', ?) WHERE id = 5", UNINDEXABLE)
        self.wosync("dispatch", message="work order \\d+: it cannot be loaded and is left out: .*54000")
        self.assertEqual(len(self.work_orders()), len(olds) - 1)
        self.assertSilent(self.wosync("dispatch"))

    def test_many_are_loaded_in_one_run(self):
        """By a Unix socket, whose buffers are small: what is sent and what is answered must not wait for each other."""
        self.configure("[handler other]\ntype = log\n")
        self.mock.create_old(20000)
        self.sync_silently("--no-dispatch")
        self.with_warehouse("timeout = 15s")
        self.assertSilent(self.wosync("dispatch"))
        self.assertEqual(self.rows("SELECT count(*) AS n FROM work_orders")[0]["n"], 20000)

    def test_many_events_are_few_transactions(self):
        self.sync_silently()
        self.mock.change(generate=600)
        self.sync_silently()
        self.assertEqual(len(self.applied()), 600)
        self.assertLess(self.rows("SELECT count(DISTINCT xmin::text) AS n FROM wosync_events")[0]["n"], 10)

    def test_a_server_that_hangs_is_not_waited_for(self):
        olds = self.mock.create_old(5)
        erp = "\n[handler erp]\non = *\ntype = http\nurl = %s\n" % self.mock.sink_url("erp")
        self.with_warehouse(erp)
        self.sync_silently()
        self.with_warehouse("timeout = 2s" + erp)
        for number in olds:
            self.mock.update(number, priority="HIGH")
        stopped = self.server.processes()

        def send(number):
            """To all of them; what had just ended when it was stopped is gone as soon as its parent goes on."""
            for pid in stopped:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
        send(signal.SIGSTOP)
        try:
            run = self.sync()
        finally:
            send(signal.SIGCONT)
        self.assertLess(run.seconds, 30)
        self.assertEqual(len(self.mock.sink("erp")), 5)
        self.assertEqual(self.handler("wh")["pending"], 5)
        self.with_warehouse(erp)
        self.due_now()
        self.sync_silently()
        self.assertWarehouseIsTrue()
        self.assertAppliedOnce()

    def test_a_lock_is_waited_for_no_longer_than_the_time_limit(self):
        olds = self.mock.create_old(5)
        self.sync_silently()
        self.with_warehouse("timeout = 1s")
        self.mock.update(olds[0], priority="HIGH")
        holder = subprocess.Popen(
            [os.path.join(self.server.bin, "psql"), "-X", "-q", "-h", self.server.directory, "-U", "wosync", "-d",
             "postgres", "-c", "BEGIN; LOCK TABLE wosync.work_orders; SELECT pg_sleep(60)"],
            env=dict(os.environ, PGPASSWORD=self.server.PASSWORD), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.wait_for(lambda: self.server.rows("SELECT 1 AS one FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND "
                                                   "relation IS NOT NULL AND granted"), "the lock")
            self.sync()
        finally:
            holder.kill()
            holder.wait()
        self.assertEqual(self.handler("wh")["pending"], 1)
        self.with_warehouse()
        self.server.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' "
                         "AND pid <> pg_backend_pid()")
        self.due_now()
        self.sync_silently()
        self.assertWarehouseIsTrue()

    def behind_proxy(self, more=""):
        self.proxy = postgres.Proxy(self, self.server, self.path("proxy"))
        self.env["WAREHOUSE"] = self.proxy.address
        self.with_warehouse(more)

    def broken_everywhere(self, fault, step):
        """A run that makes the tables, loads and tells events, one of them refused: it meets the fault behind each of the
        server's messages (or every `step`th). The next run makes it good."""
        self.behind_proxy()
        olds = self.mock.create_old(3)
        self.sync_silently()
        for number in olds:
            self.mock.update(number, priority="HIGH")
        self.sync_silently("--no-dispatch")
        log = self.ids()
        self.poison(log[1])
        self.execute("DROP SCHEMA wosync CASCADE")
        messages = 0
        while True:
            self.sql("UPDATE handlers SET loaded = 0")
            self.requeue()
            self.proxy.break_after(messages, fault)
            run = self.wosync("dispatch", expect=None)
            self.assertIn(run.status, (DONE, UNAVAILABLE), run)
            broken = self.proxy.broken
            self.proxy.break_after(0, None)
            self.sql("UPDATE deliveries SET due_ms = 0 WHERE state = 'pending'")
            self.wosync("dispatch", expect=None)
            self.assertEqual(self.sql("SELECT state FROM delivery_log ORDER BY seq"), [("done",), ("dead",), ("done",)], messages)
            found = self.server.psql("-c", "SELECT count(*) FROM wosync.work_orders",
                                     "-c", "SELECT event_id FROM wosync.wosync_events ORDER BY 1",
                                     "-c", "SET client_min_messages TO warning", "-c", "DROP SCHEMA wosync CASCADE")
            self.assertEqual(found.splitlines(), ["3", *sorted((log[0], log[2]))], messages)
            if not broken:
                break
            messages += step
        self.assertGreater(messages, 40)

    @long
    def test_a_connection_that_ends_anywhere(self):
        self.broken_everywhere("cut", 2)

    @long
    def test_a_server_that_talks_nonsense(self):
        self.broken_everywhere("garbage", 7)

    def test_a_server_that_reads_nothing_is_not_waited_for(self):
        self.behind_proxy("timeout = 2s")
        old = self.mock.create_old(1)[0]
        self.sync_silently()
        self.mock.update(old, description="x" * 600000)
        self.proxy.break_after(0, None)
        self.sync_silently()
        ready = [n for n, letter in enumerate(self.proxy.passed, 1) if letter == b"Z"]
        self.requeue()
        self.proxy.break_after(ready[-2], "deaf")  # with all prepared, before the transaction
        run = self.wosync("dispatch")
        self.assertTrue(self.proxy.broken)
        self.assertLess(run.seconds, 30)
        self.assertEqual(self.handler("wh")["pending"], 1)
        self.assertRegex(self.handler("wh")["lastError"], "no answer within 2 s")

    @unittest.skipIf(shutil.which("pgbouncer") is None, "pgbouncer is not installed")
    def test_a_pool_of_connections(self):
        """In transaction mode whoever comes next gets the session that we had: it is as it was before."""
        session = ("SELECT name, setting FROM pg_settings WHERE name <> 'application_name' UNION ALL "
                   "SELECT name, statement FROM pg_prepared_statements UNION ALL "
                   "SELECT name, statement FROM pg_cursors UNION ALL "
                   "SELECT locktype, mode FROM pg_locks WHERE locktype = 'advisory' UNION ALL "
                   "SELECT 'channel', pg_listening_channels() UNION ALL "
                   "SELECT 'schema', current_setting('wosync.schema', true) UNION ALL "
                   "SELECT 'temporary', relname::text FROM pg_class WHERE relpersistence = 't' ORDER BY 1, 2")
        pool = postgres.PgBouncer(self, self.server, self.path("pool"))
        self.env["WAREHOUSE"] = pool.address
        pool.psql("CREATE TABLE others (mine integer); CREATE TEMPORARY TABLE work_orders (theirs integer)")
        before = pool.psql("SELECT pg_backend_pid()"), pool.psql(session)
        olds = self.mock.create_old(50)
        self.sync_silently()
        self.assertEqual((pool.psql("SELECT pg_backend_pid()"), pool.psql(session)), before)
        for number in olds:
            self.mock.update(number, status="DONE")
        self.sync_silently("--no-dispatch")
        log = self.ids()
        self.poison(log[9])
        self.wosync("dispatch", expect=UNAVAILABLE, message="it refuses the row: .* \\(54000\\)")
        self.assertEqual((pool.psql("SELECT pg_backend_pid()"), pool.psql(session)), before)
        self.assertEqual(pool.psql("SELECT mine FROM others"), "")
        self.assertEqual(sorted(self.applied()), sorted(set(log) - {log[9]}))

    def test_what_the_server_remarks_is_passed_over(self):
        olds = self.mock.create_old(2)
        self.sync_silently()
        self.execute("CREATE FUNCTION remark() RETURNS trigger LANGUAGE plpgsql AS "
                     "$$BEGIN RAISE WARNING 'hear, hear'; RETURN NEW; END$$; "
                     "CREATE TRIGGER remark BEFORE UPDATE ON work_orders FOR EACH ROW EXECUTE FUNCTION remark()")
        self.mock.update(olds[0], priority="HIGH")
        self.sync_silently()
        self.assertWarehouseIsTrue()

    def test_limits_and_rules_of_the_server_are_refusals(self):
        """Class 54: too large for an index, too complex and the like; class 23: someone's own CHECK."""
        olds = self.mock.create_old(3)
        self.sync_silently()
        self.execute("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                     "$$BEGIN RAISE 'too large' USING ERRCODE = '54000'; END$$; "
                     "CREATE TRIGGER refuse BEFORE UPDATE ON work_orders FOR EACH ROW WHEN (NEW.id = %d) "
                     "EXECUTE FUNCTION refuse(); "
                     "ALTER TABLE work_orders ADD CHECK (id <> %d OR priority <> 'HIGH')" % (olds[0], olds[1]))
        for number in olds:
            self.mock.update(number, priority="HIGH")
        self.sync(expect=UNAVAILABLE, message=r"2 deliveries are dead .*it refuses the row: ")
        errors = "\n".join(row[0] for row in self.sql("SELECT error FROM deliveries WHERE state = 'dead'"))
        self.assertRegex(errors, r"it refuses the row: too large \(54000\)")
        self.assertRegex(errors, r"it refuses the row: .*check constraint.* \(23514\)")
        self.assertEqual((self.handler("wh")["dead"], self.handler("wh")["pending"]), (2, 0))


if __name__ == "__main__":
    unittest.main()
