"""Exact steps: the status changes that notifications name, between two looks at a work order."""
import itertools
import time

from webhooks import Webhooks, signed_plainly

STEPS = [("OPEN", "IN_PROGRESS"), ("IN_PROGRESS", "ON_HOLD"), ("ON_HOLD", "DONE")]
ACTORS = [2041, 2042, 2043]


class Steps(Webhooks):
    def setUp(self):
        super().setUp()
        self.all = self.mock.create_old(6)
        self.one = self.all[0]
        self.sync_silently()

    def go(self, steps=STEPS):
        """Carries the steps out within a second; returns the notifications."""
        base = time.time()
        bodies = []
        for number, (old, new) in enumerate(steps):
            moment = self.now(base - time.time() + 0.1 * number)
            self.mock.update(self.one, status=new)
            bodies.append(self.public(self.one, "WORK_ORDER_STATUS_CHANGE", oldStatus=old, newStatus=new,
                                      occurredAt=moment, userId=ACTORS[number % 3]))
        return bodies

    def step_ids(self, bodies):
        return ["workorder.status_changed/%d/%s-%s/%s" % (self.one, b["oldStatus"], b["newStatus"], b["occurredAt"])
                for b in bodies]

    def changes(self):
        return [i for i in self.ids() if i.startswith("workorder.status_changed")]

    def unsent(self, bodies):
        """Delivers all, while nothing can be asked for: they wait for the next run."""
        self.mock.fault("status", status=503, times=-1)
        for body in bodies:
            self.send(body)
        self.mock.clear_faults()
        self.make_due()

    def check_exact(self, bodies):
        self.assertEqual(self.changes(), self.step_ids(bodies))
        self.assertEqual(len([i for i in self.ids() if i.startswith("workorder.completed")]), 1)
        by_id = {e["id"]: e for e in self.events()}
        for body, actor in zip(bodies, ACTORS):
            event = by_id[self.step_ids([body])[0]]
            self.assertEqual(event["timestamp"], body["occurredAt"])
            self.assertEqual(event["data"]["previousStatus"], body["oldStatus"])
            self.assertEqual(event["data"]["status"], body["newStatus"])
            self.assertEqual(event["data"]["changes"]["status"], {"from": body["oldStatus"], "to": body["newStatus"]})
            self.assertEqual(event["actor"], {"id": actor, "name": event["names"]["users"][str(actor)]})
        self.sync_silently("--no-dispatch")
        self.assertNothingDoubled()

    def test_in_any_order_one_by_one(self):
        for number, order in zip(self.all, itertools.permutations(range(3))):
            with self.subTest(order):
                self.one, before = number, len(self.ids())
                bodies = self.go()
                for index in order:
                    self.send(bodies[index])
                emitted = self.ids()[before:]
                self.assertEqual([i for i in emitted if "status_changed" in i], self.step_ids(bodies), emitted)
                self.assertEqual([i.split("/")[0] for i in emitted].count("workorder.completed"), 1)
                self.assertEqual(self.waiting(), 0)
        self.sync_silently("--no-dispatch")
        self.assertNothingDoubled()

    def test_all_together_and_twice(self):
        bodies = self.go()
        self.unsent(bodies + bodies)
        self.sync("--no-dispatch")
        self.check_exact(bodies)
        for body in bodies:
            self.send(dict(body, again=True))
        self.sync_silently("--no-dispatch")
        self.check_exact(bodies)

    def test_a_part_at_once_and_the_rest_with_the_next(self):
        bodies = self.go()
        self.send(bodies[0])
        self.assertEqual(self.changes(), self.step_ids(bodies[:1]))
        self.assertEqual(self.snapshots()[self.one]["status"], "DONE")
        self.assertNotIn("workorder.completed", " ".join(self.ids()))
        self.send(bodies[1])
        self.assertEqual(self.changes(), self.step_ids(bodies[:2]))
        self.send(bodies[2])
        self.check_exact(bodies)

    def test_a_part_at_once_and_the_rest_with_the_next_poll(self):
        bodies = self.go()
        self.send(bodies[0])
        self.sync("--no-dispatch")
        at = self.snapshots()[self.one]["updatedAt"]
        self.assertEqual(self.changes(), self.step_ids(bodies[:1]) + [
            "workorder.status_changed/%d/IN_PROGRESS-DONE/%s" % (self.one, at)])
        self.assertEqual([i for i in self.ids() if "completed" in i], ["workorder.completed/%d/%s" % (self.one, at)])
        for body in bodies[1:]:  # too late
            self.send(body)
        self.assertEqual(len(self.changes()), 2)
        self.sync_silently("--no-dispatch")

    def test_one_is_lost(self):
        """Without a poll the rest is one change as soon as nothing more is likely to come."""
        bodies = self.go()
        self.send(bodies[0])
        self.send(bodies[2])
        self.assertEqual(self.changes(), self.step_ids(bodies[:1]))
        self.make_due()
        self.wosync("sync", "--fallback", "--no-dispatch")
        at = self.snapshots()[self.one]["updatedAt"]
        self.assertEqual(self.changes()[1:], ["workorder.status_changed/%d/IN_PROGRESS-DONE/%s" % (self.one, at)])
        self.sync_silently("--no-dispatch")

    def test_deleted_before_the_rest_came(self):
        """Nothing more will be seen of it: the change that waited is emitted first."""
        bodies = self.go()
        self.send(bodies[0])
        at, moment = self.snapshots()[self.one]["updatedAt"], self.now(60)
        self.mock.change(delete=[self.one])
        self.send(self.public(self.one, "WORK_ORDER_DELETE", occurredAt=moment, userId=2043))
        self.assertEqual(self.ids(), self.step_ids(bodies[:1]) + [
            "workorder.updated/%d/%s" % (self.one, at), "workorder.status_changed/%d/IN_PROGRESS-DONE/%s" % (self.one, at),
            "workorder.completed/%d/%s" % (self.one, at), "workorder.deleted/%d" % self.one])
        self.sync_silently("--no-dispatch")
        self.assertNothingDoubled()

    def test_none_came(self):
        self.go()
        self.send(self.public(self.one))
        at = self.snapshots()[self.one]["updatedAt"]
        self.assertEqual(self.changes(), ["workorder.status_changed/%d/OPEN-DONE/%s" % (self.one, at)])

    def test_the_poll_was_first(self):
        bodies = self.go()
        self.sync("--no-dispatch")
        before = self.ids()
        for body in bodies:
            self.send(body)
        self.assertEqual(self.ids(), before)
        self.assertEqual(len(self.changes()), 1)
        self.sync_silently("--no-dispatch")

    def test_there_and_back(self):
        bodies = self.go([("OPEN", "DONE"), ("DONE", "OPEN")])
        for body in reversed(bodies):
            self.send(body)
        self.assertEqual(self.changes(), self.step_ids(bodies))
        completed = [i for i in self.ids() if i.startswith("workorder.completed")]
        self.assertEqual(completed, ["workorder.completed/%d/%s" % (self.one, bodies[0]["occurredAt"])])
        self.sync_silently("--no-dispatch")

    def test_of_a_work_order_that_is_new(self):
        self.one = self.mock.create({"title": "New"})[0]["id"]
        bodies = [self.public(self.one, "NEW_WORK_ORDER")] + self.go()
        self.unsent(bodies)
        self.wosync("sync", "--fallback", "--no-dispatch")
        self.assertEqual(self.ids()[0], "workorder.created/%d" % self.one)
        self.sync_silently("--no-dispatch")
        self.assertEqual([i for i in self.ids() if "completed" in i][1:], [])

    def test_a_steps_that_are_old_prove_nothing_later(self):
        """A notification that comes when its change is long part of what is known, and the status is the old one again."""
        bodies = self.go()
        self.sync("--no-dispatch")
        time.sleep(0.4)
        self.mock.update(self.one, status="OPEN")
        self.sync("--no-dispatch")
        before = self.ids()
        self.send(bodies[0])
        self.assertEqual(self.ids(), before)

    def test_the_other_spelling_beside_it(self):
        bodies = self.go()
        self.send(bodies[0])
        self.send(self.brief(self.one, "workorder.completed"), lambda b: signed_plainly(b, event_id="evt-9"))
        self.assertEqual(self.changes()[0], self.step_ids(bodies)[0])
        self.sync("--no-dispatch")
        self.assertEqual(len(self.changes()), 2)
        self.assertNothingDoubled()
