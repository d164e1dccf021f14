"""The mock's webhooks, received by its own sinks: bodies, signatures, who receives what. What the tests of `receive` rest on."""
import hashlib
import hmac
import json
import time
import urllib.request

from harness import TOKEN, Case

BODY, URI = "x-maintainx-webhook-body-signature", "x-maintainx-webhook-uri-signature"


def sign(secret, *parts):
    return hmac.new(secret.encode(), b"".join(parts), hashlib.sha256).hexdigest()


class MockWebhooks(Case):
    def setUp(self):
        super().setUp()
        self.url = self.mock.sink_url("hooks")

    def api(self, method, path, body=None):
        request = urllib.request.Request(self.mock.url + path, method=method, data=body and json.dumps(body).encode(),
                                         headers={"Authorization": "Bearer " + TOKEN})
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or b"null")

    def subscribe(self, event, **more):
        return self.api("POST", "/subscriptions", dict(more, type=event, url=self.url))

    def received(self):
        return self.mock.sink("hooks")

    def told(self):
        """Waits for the background; (event, id) of what came since the last call, in order."""
        self.mock.await_deliveries()
        bodies = [json.loads(request["body"]) for request in self.received()]
        self.mock.ask("DELETE", "/mock/sink/hooks")
        return [(b["eventType"], b["workOrderId"]) if "eventType" in b else (b["event"], b["data"]["id"]) for b in bodies]

    def bodies(self):
        """Waits for the background; the bodies of what came since the last call, in order."""
        self.mock.await_deliveries()
        bodies = [json.loads(request["body"]) for request in self.received()]
        self.mock.ask("DELETE", "/mock/sink/hooks")
        return bodies

    def check_signature(self, request, header, secret, signed, unit=1):
        stamp, value = (part.split("=", 1)[1] for part in request["headers"][header].split(","))
        self.assertLess(abs(int(stamp) / unit - time.time()), 120)
        self.assertEqual(value, sign(secret, stamp.encode(), b".", signed.encode()))

    # --- on command ---

    def test_a_live_delivery(self):
        made = self.mock.create({"title": "Leak \u00fc", "priority": "HIGH"})[0]
        answers = self.mock.deliver({"work_order": made["id"], "url": self.url, "secret": "s3cret", "user_id": 2041})
        self.assertEqual([(a["status"], a["body"], a["error"]) for a in answers], [(200, '{"ok":true}', None)])
        request = self.received()[0]
        body = json.loads(request["body"])
        self.assertEqual(list(body), ["eventType", "occurredAt", "orgId", "workOrderId", "customerId", "userId"])
        self.assertEqual(body, {"eventType": "NEW_WORK_ORDER", "occurredAt": body["occurredAt"], "orgId": 1001,
                                "workOrderId": made["id"], "customerId": None, "userId": 2041})
        self.check_signature(request, BODY, "s3cret", request["body"])
        self.check_signature(request, URI, "s3cret", self.url)
        self.assertNotIn("x-maintainx-event-id", request["headers"])

    def test_a_delivery_in_the_brief_spelling(self):
        number = self.mock.create({"title": "Leak"})[0]["id"]
        order = {"work_order": number, "event": "workorder.status_changed", "old_status": "ON_HOLD", "url": self.url}
        self.mock.deliver(order, dict(order, event_id="e-1"), dict(order, event_id=None, secret=None))
        first, second, third = self.received()
        body = json.loads(first["body"])
        self.assertEqual((list(body), body["event"]), (["event", "data", "timestamp"], "workorder.status_changed"))
        self.assertEqual((body["data"]["id"], body["data"]["previousStatus"]), (number, "ON_HOLD"))
        self.assertEqual(first["headers"]["x-maintainx-signature"], sign("webhook-secret", first["body"].encode()))
        self.assertRegex(first["headers"]["x-maintainx-event-id"], "^evt_[0-9a-f]{16}$")
        self.assertEqual(second["headers"]["x-maintainx-event-id"], "e-1")
        for header in ("x-maintainx-event-id", "x-maintainx-signature"):
            self.assertNotIn(header, third["headers"])

    def test_everything_else_that_can_be_ordered(self):
        number = self.mock.create({"title": "Leak", "description": "wet"})[0]["id"]
        order = {"work_order": number, "url": self.url}
        self.mock.deliver(
            order, dict(order, fields=["id", "title"]), dict(order, serialize=True, set={"title": "Old"}),
            dict(order, raw="no JSON"), dict(order, unit="ms"), dict(order, skew_ms=-3600000),
            dict(order, headers={"X-Other": "1", BODY: "t=1,v1=00", URI: None, "X-Empty": ""}),
            dict(order, event="WORK_ORDER_DELETE", occurred_at="2026-01-02T03:04:05.006Z"),
            dict(order, event="SOMETHING_NEW", repeat=2), dict(order, spelling="brief", fields="id"),
            dict(order, without=["eventType", "orgId"], body={"customerId": 7, "more": True}))
        requests = self.received()
        bodies = [json.loads(r["body"]) if r["body"] != "no JSON" else None for r in requests]
        self.assertNotIn("newWorkOrder", bodies[0])
        self.assertEqual(bodies[1]["newWorkOrder"], {"title": "Leak"})
        self.assertEqual(bodies[2]["newWorkOrder"]["title"], "Old")
        self.check_signature(requests[3], BODY, "webhook-secret", "no JSON")
        self.check_signature(requests[4], BODY, "webhook-secret", requests[4]["body"], unit=1000)
        self.assertLess(int(requests[5]["headers"][BODY].split(",")[0][2:]), time.time() - 3000)
        sent = requests[6]["headers"]
        self.assertEqual((sent["x-other"], sent["x-empty"], sent[BODY]), ("1", "", "t=1,v1=00"))
        self.assertNotIn(URI, sent)
        self.assertEqual((bodies[7]["eventType"], bodies[7]["occurredAt"]), ("WORK_ORDER_DELETE", "2026-01-02T03:04:05.006Z"))
        self.assertEqual([bodies[i]["eventType"] for i in (8, 9)], ["SOMETHING_NEW"] * 2)
        self.assertEqual((bodies[10]["event"], bodies[10]["data"]), ("workorder.created", {"id": number}))
        self.assertEqual(list(bodies[11]), ["occurredAt", "workOrderId", "customerId", "more"])

    def test_canceled_and_skipped_are_sub_statuses_of_done(self):
        number = self.mock.create({})[0]["id"]
        order = {"work_order": number, "event": "WORK_ORDER_STATUS_CHANGE", "url": self.url}
        for old, new in (("OPEN", "CANCELED"), ("SKIPPED", "DONE"), ("CANCELED", "SKIPPED"), ("OPEN", "IN_PROGRESS")):
            self.mock.deliver(dict(order, old_status=old, set={"status": new}))
        self.assertEqual([{name: b[name] for name in b if name.endswith("tatus")} for b in self.bodies()],
                         [{"oldStatus": "OPEN", "newStatus": "DONE", "newSubStatus": "CANCELED"},
                          {"oldStatus": "DONE", "oldSubStatus": "SKIPPED", "newStatus": "DONE"},
                          {"oldStatus": "DONE", "oldSubStatus": "CANCELED", "newStatus": "DONE", "newSubStatus": "SKIPPED"},
                          {"oldStatus": "OPEN", "newStatus": "IN_PROGRESS"}])

    def test_it_calls_nobody_but_loopback(self):
        number = self.mock.create({})[0]["id"]
        answers = self.mock.deliver(*({"work_order": number, "url": url} for url in (
            "http://192.0.2.1/", "https://127.0.0.1/", "http://127.0.0.1.example/", "file:///etc/passwd", "x")))
        for answer in answers:
            self.assertEqual(answer["status"], 0)
            self.assertIn("only http to a loopback address", answer["error"])

    def test_what_is_ordered_wrongly_is_told(self):
        number = self.mock.create({})[0]["id"]
        for order, why in (({"work_order": number}, "nobody is registered"), ({"url": self.url}, "work_order or raw"),
                           ({"work_order": number, "url": self.url, "unit": "min"}, "unit: s or ms"),
                           ({"work_order": number, "surl": self.url}, "surl: unknown key")):
            with self.assertRaisesRegex(RuntimeError, why):
                self.mock.deliver(order)
        with self.assertRaisesRegex(RuntimeError, "connections"):
            self.mock.deliver({"work_order": number, "url": self.url}, connections=0)

    def test_side_by_side_each_is_sent_once(self):
        numbers = [made["id"] for made in self.mock.create(*({} for _ in range(200)))]
        self.mock.sink_fault("hooks", "status", status=503, times=3)
        answers = self.mock.deliver(*({"work_order": n, "url": self.url} for n in numbers), connections=16)
        self.assertEqual([a["work_order"] for a in answers], numbers)
        self.assertEqual(sorted(a["status"] for a in answers), [200] * 197 + [503] * 3)
        self.assertEqual(sorted(json.loads(r["body"])["workOrderId"] for r in self.received()), numbers)

    def test_unsent_is_what_would_be_sent(self):
        number = self.mock.create({})[0]["id"]
        unsent = self.mock.signed({"work_order": number, "url": self.url, "secret": "a"})[0]
        self.assertEqual(self.received(), [])
        stamp, value = (part.split("=", 1)[1] for part in unsent["headers"][BODY].split(","))
        self.assertEqual(value, sign("a", stamp.encode(), b".", unsent["body"].encode()))
        self.assertEqual((unsent["url"], json.loads(unsent["body"])["workOrderId"]), (self.url, number))

    def test_url_and_secret_are_those_registered(self):
        secret = self.subscribe("NEW_WORK_ORDER")["secret"]
        number = self.mock.create({})[0]["id"]
        self.mock.deliver({"work_order": number})
        request = self.received()[0]
        self.check_signature(request, BODY, secret, request["body"])
        self.assertNotIn("newWorkOrder", json.loads(request["body"]))

    # --- by themselves ---

    def test_off_means_off(self):
        self.subscribe("NEW_WORK_ORDER")
        self.mock.create({})
        self.assertEqual(self.told(), [])

    def test_every_change_is_told_to_who_is_registered(self):
        for event in ("NEW_WORK_ORDER", "WORK_ORDER_CHANGE", "WORK_ORDER_STATUS_CHANGE", "WORK_ORDER_DELETE"):
            secret = self.subscribe(event, options={"serializeEntity": event == "WORK_ORDER_CHANGE"})["secret"]
        self.mock.config(deliver={"on": True})
        number = self.mock.create({"title": "Leak"})[0]["id"]
        self.assertEqual(self.told(), [("NEW_WORK_ORDER", number)])
        self.mock.update(number, title="Big leak")
        self.mock.update(number, status="IN_PROGRESS")
        self.mock.update(number, status="CANCELED", title="No leak")
        self.mock.change(delete=[number])
        self.mock.await_deliveries()
        requests = self.received()
        bodies = [json.loads(r["body"]) for r in requests]
        self.assertEqual([(b["eventType"], b.get("oldStatus"), b.get("newStatus"), b.get("newSubStatus"),
                           "newWorkOrder" in b) for b in bodies],
                         [("WORK_ORDER_CHANGE", None, None, None, True),
                          ("WORK_ORDER_STATUS_CHANGE", "OPEN", "IN_PROGRESS", None, False),
                          ("WORK_ORDER_CHANGE", None, None, None, True),
                          ("WORK_ORDER_STATUS_CHANGE", "IN_PROGRESS", "DONE", "CANCELED", False),
                          ("WORK_ORDER_DELETE", None, None, None, False)])
        self.check_signature(requests[-1], BODY, secret, requests[-1]["body"])

    def test_the_other_spelling(self):
        self.mock.config(dialect="brief", deliver={"on": True, "secret": "ours"})
        self.api("POST", "/webhooks", {"url": self.url, "events": ["workorder.created", "workorder.completed",
                                                                   "workorder.status_changed"]})
        number = self.mock.create({})[0]["id"]
        self.mock.update(number, title="x")
        self.mock.update(number, status="DONE")
        self.mock.await_deliveries()
        self.assertEqual(self.received()[0]["headers"]["x-maintainx-signature"],
                         sign("ours", self.received()[0]["body"].encode()))
        self.assertEqual(self.told(), [("workorder.created", number), ("workorder.status_changed", number),
                                       ("workorder.completed", number)])

    def test_filters_pending_ones_and_deleted_ones(self):
        held = self.subscribe("WORK_ORDER_STATUS_CHANGE", filters={"oneOfStatuses": ["ON_HOLD", "SKIPPED"]})["id"]
        self.mock.config(deliver={"on": True})
        number = self.mock.create({})[0]["id"]
        for status in ("IN_PROGRESS", "ON_HOLD", "DONE", "SKIPPED"):
            self.mock.update(number, status=status)
        self.mock.await_deliveries()
        self.assertEqual([json.loads(r["body"])["oldStatus"] for r in self.received()], ["IN_PROGRESS", "DONE"])
        self.told()
        self.mock.config(subscription_status="PENDING_APPROVAL")
        self.mock.update(number, status="ON_HOLD")
        self.mock.config(subscription_status="VALID")
        self.api("DELETE", "/subscriptions/%d" % held)
        self.mock.update(number, status="SKIPPED")
        self.assertEqual(self.told(), [])

    def test_a_script_tells_too_and_before_it_can_be_seen(self):
        self.subscribe("NEW_WORK_ORDER")
        self.mock.config(deliver={"on": True})
        self.mock.script((1, {"create": [{"title": "late", "_visible_in_ms": 3600000}], "generate": 2}))
        self.api("GET", "/workorders")
        told = self.told()
        self.assertEqual([event for event, _ in told], ["NEW_WORK_ORDER"] * 3)
        self.assertEqual(len(self.mock.truth()), 2)

    def test_loss_doubling_and_what_became_of_it(self):
        self.subscribe("NEW_WORK_ORDER")
        self.mock.config(deliver={"on": True, "lost_percent": 100})
        self.mock.create({}, {})
        self.mock.config(deliver={"lost_percent": 0, "doubled_percent": 100})
        number = self.mock.create({})[0]["id"]
        self.assertEqual(self.told(), [("NEW_WORK_ORDER", number)] * 2)
        self.mock.config(deliver={"doubled_percent": 0})
        self.mock.sink_fault("hooks", "status", status=500)
        self.mock.create({})
        deliveries = self.mock.await_deliveries()
        self.assertEqual({name: deliveries[name] for name in ("pending", "sent", "lost", "doubled", "status_counts")},
                         {"pending": 0, "sent": 3, "lost": 2, "doubled": 1, "status_counts": {"200": 2, "500": 1}})
        self.assertEqual(deliveries["held"], 0)
        self.assertEqual([entry["status"] for entry in deliveries["log"]], [200, 200, 500])

    def test_a_delay_holds_the_order_and_ends_with_the_mock(self):
        self.subscribe("NEW_WORK_ORDER")
        self.mock.config(deliver={"on": True, "delay_ms": 300})
        began = time.monotonic()
        numbers = [self.mock.create({})[0]["id"] for _ in range(3)]
        self.assertEqual(self.told(), [("NEW_WORK_ORDER", number) for number in numbers])
        self.assertGreaterEqual(time.monotonic() - began, 0.3)
        self.mock.config(deliver={"delay_ms": 3600000})
        self.mock.create({})
        self.assertEqual(self.mock.state()["deliveries"]["pending"], 1)
        self.mock.stop()  # at once
