"""The mock's webhooks, compared with what MaintainX sends: the members of each, and what happens to them on the way."""
import json
import time

from harness import iso
from test_mock_live import Api

ROOT = ["eventType", "occurredAt", "orgId", "workOrderId"]
STATUSES = {"OPEN", "IN_PROGRESS", "ON_HOLD", "DONE"}
WORK = {"assetId", "assigneeIds", "categories", "description", "dueDate", "estimatedTime", "extraFields", "locationId",
        "parts", "priority", "startDate", "teamIds", "title", "vendorIds"}
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
ABOUT_WORK_ORDERS = ("NEW_WORK_ORDER", "WORK_ORDER_CHANGE", "WORK_ORDER_STATUS_CHANGE", "WORK_ORDER_DELETE",
                     "WORK_ORDER_OVERDUE", "WORK_ORDER_PART_STATUS_CHANGE", "NEW_CATEGORY_ON_WORK_ORDER",
                     "NEW_COMMENT_ON_WORK_ORDER")


class Deliveries(Api):
    def subscribe(self, *events, serialize=False):
        """Returns the secrets, by event."""
        secrets = {}
        for event in events:
            status, _, text = self.request("/subscriptions", "POST", {
                "type": event, "url": self.mock.sink_url("hooks"), "options": {"serializeEntity": serialize}})
            self.assertEqual(status, 201, text)
            answer = json.loads(text)
            self.assertEqual((set(answer), answer["status"]), ({"id", "status", "secret"}, "VALID"))
            secrets[event] = answer["secret"]
        self.mock.config(deliver={"on": True})
        return secrets

    def came(self):
        """The bodies that came since the last call, in order."""
        self.mock.await_deliveries()
        bodies = [json.loads(request["body"]) for request in self.mock.sink("hooks")]
        self.mock.ask("DELETE", "/mock/sink/hooks")
        return bodies

    def ordered(self, **order):
        """The body of a webhook on command."""
        return json.loads(self.mock.signed(dict(order, url=self.mock.sink_url("hooks")))[0]["body"])

    # --- what is in them ---

    def test_secrets(self):
        secrets = self.subscribe(*ABOUT_WORK_ORDERS)
        self.assertEqual(len(set(secrets.values())), len(ABOUT_WORK_ORDERS))
        for secret in secrets.values():
            self.assertRegex(secret, "^mx_%s_%s$" % (UUID, UUID))
        self.assertEqual(self.get("/subscriptions/901/secret"), {"secret": secrets["NEW_WORK_ORDER"]})
        status, _, text = self.request("/subscriptions", "POST", {"type": "workorder.created", "url": "https://x.example/"})
        self.assertEqual((status, list(json.loads(text))), (400, ["errors"]))

    def test_the_members_of_each(self):
        self.subscribe(*ABOUT_WORK_ORDERS)
        number = self.mock.create({"customerId": 8001, "userId": 2041})[0]["id"]
        self.mock.change(update=[{"id": number, "title": "Leak"}, {"id": number, "partStatus": "KITTED"},
                                 {"id": number, "categories": ["Safety"]}, {"id": number, "status": "DONE"}], userId=2042)
        self.mock.comment({"work_order": number, "content": "done", "authorId": 2041})
        self.mock.change(delete=[{"id": number, "userId": 2043}])
        bodies = self.came()
        self.assertEqual([(body["eventType"], list(body)[4:]) for body in bodies], [
            ("NEW_WORK_ORDER", ["customerId", "userId"]),
            ("WORK_ORDER_CHANGE", ["customerId", "userId"]),
            ("WORK_ORDER_PART_STATUS_CHANGE", ["oldPartStatus", "newPartStatus", "userId"]),
            ("WORK_ORDER_CHANGE", ["customerId", "userId"]),
            ("NEW_CATEGORY_ON_WORK_ORDER", ["newCategories", "userId"]),
            ("WORK_ORDER_STATUS_CHANGE", ["oldStatus", "newStatus", "customerId", "userId"]),
            ("NEW_COMMENT_ON_WORK_ORDER", ["type", "comment"]),
            ("WORK_ORDER_DELETE", ["userId"])])
        for body in bodies:
            self.assertEqual(list(body)[:4], ROOT)
            self.assertEqual((body["orgId"], body["workOrderId"]), (1001, number))
            self.assertRegex(body["occurredAt"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual([body.get("userId") for body in bodies], [2041] + [2042] * 5 + [None, 2043])
        self.assertEqual(bodies[0]["customerId"], 8001)
        self.assertEqual((bodies[2]["oldPartStatus"], bodies[2]["newPartStatus"]), ("NO_PARTS", "KITTED"))
        self.assertEqual([set(one) for one in bodies[4]["newCategories"]], [{"id", "name"}])
        self.assertEqual((bodies[6]["type"], bodies[6]["comment"]), ("TEXT", "done"))

    def test_the_system_has_no_user(self):
        self.subscribe("NEW_WORK_ORDER")
        self.mock.create({})
        self.assertEqual([list(body) for body in self.came()], [ROOT + ["customerId"]])

    def test_those_that_come_on_command_alone(self):
        number = self.mock.create({"dueDate": "2026-09-01T00:00:00.000Z"})[0]["id"]
        overdue = self.ordered(work_order=number, event="WORK_ORDER_OVERDUE", user_id=2041)
        self.assertEqual((list(overdue), overdue["dueDate"]), (ROOT + ["dueDate"], "2026-09-01T00:00:00.000Z"))
        photo = self.ordered(work_order=number, event="NEW_COMMENT_ON_WORK_ORDER",
                             body={"type": "IMG", "comment": "a.jpg", "url": "https://files.example.com/a.jpg"})
        self.assertEqual((photo["type"], list(photo)), ("IMG", ROOT + ["type", "comment", "url"]))
        parts = self.ordered(work_order=number, event="WORK_ORDER_PART_STATUS_CHANGE", before={"partStatus": "KITTED"},
                             set={"partStatus": "ISSUED"})
        self.assertEqual((parts["oldPartStatus"], parts["newPartStatus"]), ("KITTED", "ISSUED"))
        category = self.ordered(work_order=number, event="NEW_CATEGORY_ON_WORK_ORDER", set={"categories": ["Safety"]})
        self.assertEqual([one["name"] for one in category["newCategories"]], ["Safety"])

    def test_what_is_about_something_else(self):
        login = self.ordered(event="USER_LOGIN_SUCCESS")
        self.assertEqual(list(login)[:3], ROOT[:3])
        self.assertLess({"userId", "email", "phoneNumber", "sourceIp", "cityName"}, set(login))
        request = self.ordered(event="WORK_REQUEST_STATUS_CHANGE", body={"requestId": 7})
        self.assertEqual((request["requestId"], request["newStatus"]), (7, "APPROVED"))
        self.assertEqual(list(self.ordered(event="BRAND_NEW")), ROOT[:3])
        for body in (login, request):
            self.assertNotIn("workOrderId", body)
            self.assertNotIn("type", body)

    def test_a_subscription_that_is_deleted(self):
        self.subscribe("NEW_WORK_ORDER", "WEBHOOK_ARCHIVED")
        self.assertEqual(self.request("/subscriptions/901", "DELETE")[0], 204)
        body = self.came()[0]
        self.assertEqual((body["eventType"], body["webhookId"], list(body)),
                         ("WEBHOOK_ARCHIVED", 901, ROOT[:3] + ["actorId", "webhookId"]))

    def test_the_work_order_when_it_was_asked_for(self):
        self.subscribe("NEW_WORK_ORDER", "WORK_ORDER_CHANGE", "WORK_ORDER_STATUS_CHANGE", "WORK_ORDER_DELETE", serialize=True)
        fields = {"title": "Leak", "description": "wet", "priority": "HIGH", "dueDate": None, "estimatedTime": 60,
                  "startDate": "2026-01-01T00:00:00.000Z", "vendorIds": [3], "extraFields": {"Line": "A"},
                  "asset": {"id": 5001, "name": "Pump"}, "locationId": 601, "categories": ["Safety"], "costs": {"total": 1},
                  "assignees": [{"type": "USER", "id": 2001}, {"type": "TEAM", "id": 301}],
                  "parts": [{"id": 1, "quantityUsed": 2, "copyOnRecurring": "Copy", "name": "Gasket"}]}
        number = self.mock.create(fields)[0]["id"]
        self.mock.update(number, title="Big leak")
        self.mock.update(number, status="CANCELED")
        self.mock.change(delete=[number])
        created, changed, canceled, deleted = self.came()
        self.assertEqual([set(body["newWorkOrder"]) for body in (created, changed, canceled)], [WORK, WORK | {"costs"}, WORK])
        self.assertEqual((set(deleted["WorkOrder"]), "newWorkOrder" in deleted), (WORK, False))
        work = created["newWorkOrder"]
        self.assertEqual((work["assetId"], work["locationId"], work["assigneeIds"], work["teamIds"], work["dueDate"]),
                         (5001, 601, [2001], [301], None))
        self.assertEqual(work["parts"], [{"id": 1, "quantityUsed": 2, "copyOnRecurring": "Copy"}])
        self.assertEqual(changed["newWorkOrder"]["title"], "Big leak")

    def test_people_who_are_added_and_removed(self):
        self.subscribe("WORK_ORDER_CHANGE")
        team = {"type": "TEAM", "id": 301}
        number = self.mock.create({"assignees": [{"type": "USER", "id": 2001}, team]})[0]["id"]
        self.mock.update(number, assignees=[{"type": "USER", "id": 2077}, team])
        self.mock.update(number, assignees=[{"type": "USER", "id": 2077}])
        self.mock.update(number, title="x")
        names = ["addedAssigneeIds", "removedAssigneeIds", "addedTeamIds", "removedTeamIds"]
        bodies = self.came()
        self.assertEqual(list(bodies[0])[4:-1], names)
        self.assertEqual([[body.get(name) for name in names] for body in bodies],
                         [[[2077], [2001], [], []], [[], [], [], [301]], [None] * 4])

    def test_which_fields_make_a_change(self):
        self.subscribe("WORK_ORDER_CHANGE", "WORK_ORDER_STATUS_CHANGE")
        number = self.mock.create({})[0]["id"]
        for fields in ({"title": "x"}, {"assetId": 1}, {"locationId": 2}, {"priority": "LOW"}, {"dueDate": "2026-01-01"},
                       {"startDate": "2026-01-01"}, {"estimatedTime": 3}, {"vendorIds": [4]}, {"categories": ["a"]},
                       {"description": "y"}, {"extraFields": {"a": "b"}}, {"costs": {"total": 5, "rows": []}}):
            self.mock.update(number, **fields)
            self.assertEqual([body["eventType"] for body in self.came()], ["WORK_ORDER_CHANGE"], fields)
        for fields in ({"timeItems": []}, {"procedure": {}}, {"completerId": 7}, {"customerId": 8}, {"thumbnail": {}}, {},
                       {"title": "by an API client", "_silent": True}):
            self.mock.update(number, **fields)
            self.assertEqual(self.came(), [], fields)

    def test_steps_within_a_second(self):
        self.subscribe("WORK_ORDER_STATUS_CHANGE")
        number = self.mock.create_old(1)[0]
        base = time.time() - 5
        steps = [("IN_PROGRESS", base, 2041), ("ON_HOLD", base + 0.2, 2042), ("DONE", base + 0.4, 2043)]
        self.mock.change(update=[{"id": number, "status": status, "occurredAt": iso(at), "userId": user}
                                 for status, at, user in steps])
        self.assertEqual([(b["oldStatus"], b["newStatus"], b["occurredAt"], b["userId"]) for b in self.came()],
                         [("OPEN", "IN_PROGRESS", iso(base), 2041), ("IN_PROGRESS", "ON_HOLD", iso(base + 0.2), 2042),
                          ("ON_HOLD", "DONE", iso(base + 0.4), 2043)])
        work = self.single(number)
        self.assertEqual((work["status"], work["updatedAt"], work["completedAt"], work["completerId"]),
                         ("DONE", iso(base + 0.4), iso(base + 0.4), 2043))

    def test_spaces(self):
        number = self.mock.create({"title": "a: b, c"})[0]["id"]
        order = {"work_order": number, "url": self.mock.sink_url("hooks"), "serialize": True}
        compact = self.mock.signed(order)[0]["body"]
        self.mock.config(json="spaced")
        spaced = self.mock.signed(order)[0]["body"]
        self.assertEqual(compact, json.dumps(json.loads(compact), separators=(",", ":")))
        self.assertEqual(spaced, json.dumps(json.loads(spaced)))

    # --- what happens to them ---

    def make_five(self):
        self.subscribe("NEW_WORK_ORDER")
        self.mock.config(deliver={"hold": True})
        return [made["id"] for made in self.mock.create(*({} for _ in range(5)))]

    def test_held_back_reordered_lost_and_doubled(self):
        numbers = self.make_five()
        self.assertEqual((self.came(), self.mock.state()["deliveries"]["held"]), ([], 5))
        with self.assertRaisesRegex(RuntimeError, "only 5 are held"):
            self.mock.release([5])
        self.mock.release([3, 0, 0, 4])
        self.assertEqual([b["workOrderId"] for b in self.came()], [numbers[i] for i in (3, 0, 0, 4)])
        self.assertEqual(self.mock.state()["deliveries"]["held"], 0)

    def test_in_both_orders(self):
        numbers = self.make_five()
        self.mock.release("reversed")
        self.assertEqual([b["workOrderId"] for b in self.came()], numbers[::-1])
        more = [made["id"] for made in self.mock.create({}, {})]
        self.mock.release()
        self.assertEqual([b["workOrderId"] for b in self.came()], more)

    def test_one_that_is_late_comes_behind_others(self):
        self.subscribe("NEW_WORK_ORDER")
        self.mock.config(deliver={"late_percent": 100, "late_ms": 500})
        late = self.mock.create({})[0]["id"]
        self.mock.config(deliver={"late_percent": 0})
        other = self.mock.create({})[0]["id"]
        self.assertEqual([b["workOrderId"] for b in self.came()], [other, late])

    def test_without_the_name_of_the_event(self):
        self.subscribe("NEW_WORK_ORDER")
        self.mock.config(deliver={"nameless_percent": 100})
        self.mock.create({})
        self.assertEqual([list(body) for body in self.came()], [ROOT[1:] + ["customerId"]])
