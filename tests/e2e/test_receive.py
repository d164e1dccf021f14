"""wosync receive: the webhook lane, as a CGI program and from a file: what is taken, what is refused, and that both lanes tell
each thing once."""
import json
import os
import sqlite3
import time

from harness import ago, CANTCREAT, CONFIG, DATA, DONE, IO, TRY_LATER, UNAVAILABLE, USAGE
from webhooks import SECRET, Webhooks, hmac_hex, signed, signed_plainly


class Gate(Webhooks):
    """Who may come in. Nothing that is refused changes anything."""

    def setUp(self):
        super().setUp()
        self.old = self.mock.create_old()[0]
        self.sync_silently()
        self.mock.update(self.old, title="Changed")
        self.body = json.dumps(self.public(self.old)).encode()
        self.before = self.dump("webhook_stats", "sqlite_sequence")

    def refuse(self, status, answer):
        self.assertEqual(answer.status, status, str(answer))
        self.assertEqual(self.dump("webhook_stats", "sqlite_sequence"), self.before)
        return answer

    def unauthorized(self, headers, why, body=None):
        answer = self.refuse(401, self.cgi(self.body if body is None else body, headers))
        self.assertEqual(answer.json, {"error": "unauthorized"})
        self.assertRegex(answer.run.err, r"^wosync: webhook: a delivery of 192\.0\.2\.7 was refused: " + why)

    def test_a_good_one_comes_in(self):
        answer = self.send(self.body)
        self.assertEqual(answer.json, {"status": "ok"})
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        self.assertEqual(int(answer.headers["Content-Length"]), len(answer.body))
        self.assertEqual(answer.run.err, "")

    def test_not_signed(self):
        self.unauthorized({}, "it is not signed")

    def test_signed_with_another_secret(self):
        self.unauthorized(signed(self.body, "other"), "it is signed with another secret")
        self.unauthorized(signed_plainly(self.body, "other"), "it is signed with another secret")

    def test_changed_on_the_way(self):
        self.unauthorized(signed(self.body), "it is signed with another secret", self.body + b" ")

    def test_too_old_and_too_new(self):
        self.unauthorized(signed(self.body, at=time.time() - 330), "its time is too far from ours")
        self.unauthorized(signed(self.body, at=time.time() + 330, unit="ms"), "its time is too far from ours")

    def test_within_the_tolerance(self):
        for at, unit in ((-270, "s"), (270, "s"), (-270, "ms"), (270, "ms")):
            self.send(self.body, lambda body: signed(body, at=time.time() + at, unit=unit))

    def test_the_tolerance_is_configurable(self):
        self.configure("[webhooks]\ntolerance = 1d\n")
        self.unauthorized(signed(self.body, at=time.time() - 90000), "its time is too far from ours")
        self.send(self.body, lambda body: signed(body, at=time.time() - 80000))

    def test_odd_headers(self):
        good = signed(self.body)["x-maintainx-webhook-body-signature"]
        for header in ("", "v1=" + good.split("v1=")[1], good.split(",")[0], good + ",t=1", good + "," * 10000, "junk"):
            with self.subTest(header[:40]):
                self.unauthorized({"x-maintainx-webhook-body-signature": header}, "its signature|it is signed with")

    def test_a_wrong_timed_signature_is_not_saved_by_a_plain_one(self):
        self.unauthorized(dict(signed_plainly(self.body), **{"x-maintainx-webhook-body-signature": "t=1,v1=00"}),
                          "it is signed with another secret")

    def test_upper_case_hex(self):
        self.send(self.body, lambda body: {"x-maintainx-signature": hmac_hex(SECRET, body).upper()})

    def test_several_secrets(self):
        self.env["MAINTAINX_WEBHOOK_SECRET"] = "one two\n" + SECRET
        self.send(self.body)
        self.send(self.body, lambda body: signed(body, "one"))
        self.send(self.body, lambda body: signed_plainly(body, "two"))

    def test_a_secret_file(self):
        del self.env["MAINTAINX_WEBHOOK_SECRET"]
        self.write("hook.secret", SECRET + "\n")
        self.configure("[webhooks]\nsecret_file = %s\n" % self.path("hook.secret"))
        self.send(self.body)

    def test_no_secret_is_no_open_door(self):
        del self.env["MAINTAINX_WEBHOOK_SECRET"]
        answer = self.refuse(500, self.cgi(self.body, signed(self.body, "")))
        self.assertRegex(answer.run.err, "no secret to check deliveries with.*wosync webhooks register")

    def test_a_broken_configuration(self):
        self.configure("[webhooks]\nnonsense = 1\n")
        answer = self.cgi(self.body, signed(self.body))
        self.assertEqual(answer.status, 500)
        self.assertRegex(answer.run.err, r"wosync\.conf:\d+: nonsense: unknown key")

    def test_other_methods(self):
        for method in ("GET", "PUT", "DELETE", "HEAD", "post", ""):
            with self.subTest(method):
                answer = self.refuse(405, self.cgi(self.body, signed(self.body), method=method))
                self.assertEqual(answer.headers["Allow"], "POST")

    def test_lengths(self):
        for length, status in (("", 411), ("ten", 400), ("-1", 400), ("1.5", 400), (" 5", 400), ("1048577", 413),
                               ("99999999999999999999999", 413), (str(len(self.body) + 1), 400)):
            with self.subTest(length):
                self.refuse(status, self.cgi(self.body, signed(self.body), length=length))
        self.refuse(411, self.cgi(self.body, signed(self.body), length="", env={"CONTENT_LENGTH": None}))

    def test_no_more_is_read_than_the_length_says(self):
        answer = self.cgi(self.body + b"and more", signed(self.body), length=str(len(self.body)))
        self.assertEqual(answer.status, 200)

    def test_an_empty_body(self):
        answer = self.cgi(b"", signed(b""))
        self.assertEqual(answer.status, 422)

    def test_one_mebibyte_is_taken(self):
        body = self.body + b" " * ((1 << 20) - len(self.body))
        self.refuse(413, self.cgi(body + b" ", signed(body + b" ")))
        self.send(body)

    def test_a_sender_that_the_server_does_not_name(self):
        for remote in ("", None):
            answer = self.refuse(401, self.cgi(self.body, {}, env={"REMOTE_ADDR": remote}))
            self.assertRegex(answer.run.err, "a delivery of someone was refused")

    def test_an_answer_that_nobody_takes(self):
        """The server sees it fail; what was stored is told all the same."""
        with open("/dev/full", "w") as full:
            run = self.start_cgi(self.body, signed(self.body), stdout=full).wait()
        self.assertEqual(run.status, IO, run)
        self.wait_for(self.ids, "the event")
        self.assertEqual(self.send(self.body).json, {"status": "already_processed"})

    def test_arguments_of_a_request_are_not_looked_at(self):
        self.write("secret.txt", "root:x:0:0")
        run = self.start("receive", "--body", self.path("secret.txt"), env={"REQUEST_METHOD": "GET"}).wait()
        self.assertRegex(run.out, "^Status: 405")

    def test_refusals_are_counted(self):
        self.cgi(self.body, {})
        self.cgi(self.body, signed(self.body, "other"))
        self.send(self.body)
        self.assertEqual(self.lane()["refused"], 2)
        self.assertRegex(self.wosync("status").out, r"webhooks +the last one .* ago; received 1, of them seen before 0; refused 2; given up 0")

    def test_the_secret_is_in_no_output(self):
        self.env["MAINTAINX_WEBHOOK_SECRET"] = SECRET + " " + "x" * 1100
        answer = self.cgi(self.body, signed(self.body))
        self.assertEqual(answer.status, 500)
        self.assertRegex(answer.run.err, "longer than 1024 bytes")


class Lanes(Webhooks):
    """Both lanes tell each thing, and tell it once."""

    def setUp(self):
        super().setUp()
        self.olds = self.mock.create_old(5)
        self.one = self.olds[1]
        self.sync_silently()

    def change(self, **fields):
        at = self.mock.update(self.one, **fields)
        return "%d/%s" % (self.one, at)

    def test_webhook_then_poll(self):
        for send in (self.public, self.brief):
            at = self.mock.update(self.one, status="DONE")
            before = self.ids()
            self.send(send(self.one))
            told = self.ids()[len(before):]
            self.assertEqual(told, ["workorder.status_changed/%d/OPEN-DONE/%s" % (self.one, at),
                                    "workorder.completed/%d/%s" % (self.one, at),
                                    "workorder.updated/%d/%s" % (self.one, at)])
            self.assertEqual({e["source"] for e in self.events()}, {"webhook"})
            self.sync("--no-dispatch")
            self.assertEqual(self.ids()[len(before):], told)
            self.assertSnapshotsAreTrue()
            self.mock.update(self.one, status="OPEN")
            self.send(send(self.one))

    def test_poll_then_webhook(self):
        at = self.change(status="IN_PROGRESS")
        self.sync()
        told = self.ids()
        self.assertEqual(len(told), 2)
        self.assertIn(at, told[0].replace("OPEN-IN_PROGRESS/", ""))
        self.assertEqual(self.send(self.public(self.one)).json, {"status": "ok"})
        self.assertEqual(self.ids(), told)
        self.sync_silently()
        self.assertEqual(self.ids(), told)

    def test_a_new_work_order(self):
        number = self.mock.create({"title": "New", "priority": "HIGH"})[0]["id"]
        self.send(self.public(number, "NEW_WORK_ORDER"))
        self.assertEqual(self.ids(), ["workorder.created/%d" % number])
        self.sync("--no-dispatch")
        self.assertEqual(self.ids(), ["workorder.created/%d" % number])
        self.assertSnapshotsAreTrue()

    def test_what_the_other_lane_does_not_bring_is_no_change(self):
        """The single work order has fields that the list has not, and the other way round."""
        self.change(priority="HIGH")
        partial = {k: v for k, v in self.work_order(self.one).items()
                   if k in ("id", "title", "status", "updatedAt", "priority", "completedAt")}
        self.send({"type": "WORK_ORDER_CHANGE", "workOrderId": self.one, "newWorkOrder": partial})
        told = self.ids()
        self.assertEqual(self.events()[0]["data"]["changes"], {"priority": {"from": "NONE", "to": "HIGH"}})
        self.assertIn("createdAt", self.events()[0]["data"])
        self.sync("--no-dispatch")
        self.send(self.public(self.one))
        self.sync_silently("--no-dispatch")
        self.assertEqual(self.ids(), told)
        self.assertSnapshotsAreTrue()

    def test_twice(self):
        self.change(title="Changed")
        body = json.dumps(self.public(self.one)).encode()
        self.send(body)
        told = self.ids()
        answer = self.send(body, lambda b: signed(b, at=time.time() + 30))
        self.assertEqual(answer.json, {"status": "already_processed"})
        self.assertEqual(self.ids(), told)
        lane = self.lane()
        self.assertEqual((lane["received"], lane["duplicate"]), (2, 1))

    def test_twice_by_event_id(self):
        self.change(title="Changed")
        first = json.dumps(self.brief(self.one)).encode()
        second = json.dumps(self.brief(self.one, timestamp="2026-01-01T00:00:00Z")).encode()
        self.assertEqual(self.send(first, lambda b: signed_plainly(b, event_id="evt-1")).json, {"status": "ok"})
        self.assertEqual(self.send(second, lambda b: signed_plainly(b, event_id="evt-1")).json,
                         {"status": "already_processed"})
        self.assertEqual(self.send(first, lambda b: signed_plainly(b, event_id="evt-2")).json, {"status": "ok"})
        self.assertEqual(len(self.ids()), 1)

    def test_an_odd_event_id_is_none(self):
        self.change(title="Changed")
        body = json.dumps(self.brief(self.one)).encode()
        for odd in ("", "a b", "x" * 201):
            self.assertEqual(self.send(body, lambda b: signed_plainly(b, event_id=odd)).status, 200)
        self.assertEqual(self.lane()["duplicate"], 2)

    def test_a_stale_one_after_a_newer_poll(self):
        """In the spelling that holds the whole work order: late news is no reason to ask anybody."""
        self.change(status="IN_PROGRESS")
        stale = self.brief(self.one)
        time.sleep(0.002)  # the stamps have milliseconds
        self.change(status="DONE")
        self.sync("--no-dispatch")
        emitted = self.ids()
        self.mock.reset_log()
        for _ in range(2):
            stale["timestamp"] = self.now()
            self.assertEqual(self.send(stale).json, {"status": "ok"})
        self.assertEqual(self.mock.requests(), [])
        self.assertEqual(self.ids(), emitted)
        self.assertEqual(self.snapshots()[self.one]["status"], "DONE")

    def test_between_two_pages_of_a_pass(self):
        """The page that is read after the webhook came is older than what the webhook said."""
        self.mock.config(max_limit=2)
        for number in self.olds:
            self.mock.update(number, title="First")
        self.mock.fault("hang", times=1, skip=1)
        self.mock.reset_log()
        running = self.start("sync", "--no-dispatch")
        self.wait_for(lambda: self.mock.state()["list_requests"] == 2 and self.sql(
            "SELECT count(*) FROM passes WHERE active = 1")[0][0] == 1, "a page, and the request for the next")
        last = self.olds[-1]
        at = self.mock.update(last, status="DONE")
        self.send(self.public(last, "WORK_ORDER_STATUS_CHANGE"))
        self.assertIn("workorder.completed/%d/%s" % (last, at), self.ids())
        running.signal(15)
        running.wait()
        self.sync("--no-dispatch")
        self.sync_silently("--no-dispatch")
        ids = self.ids()
        self.assertEqual(ids.count("workorder.completed/%d/%s" % (last, at)), 1)
        self.assertNothingDoubled()
        self.assertSnapshotsAreTrue()

    def test_both_at_once(self):
        """A poll and webhooks about the same changes, side by side, again and again."""
        for turn in range(8):
            self.mock.config(max_limit=2)
            for number in self.olds:
                self.mock.update(number, priority=("HIGH", "LOW")[turn % 2])
            poll = self.start("sync", "--no-dispatch")
            bodies = [json.dumps(self.public(number)).encode() for number in self.olds]
            runs = [self.start_cgi(body, signed(body)) for body in bodies]
            for run in runs:
                ended = run.wait()
                self.assertEqual(ended.status, DONE, str(ended))
            ended = poll.wait()  # a receiver that delivers what it took holds the lock of runs
            self.assertIn(ended.status, (DONE, TRY_LATER), str(ended))
        self.sync_silently("--no-dispatch")
        self.assertEqual(len(self.ids()), 8 * len(self.olds))
        self.assertNothingDoubled()
        self.assertSnapshotsAreTrue()

    def test_sub_statuses(self):
        """A notification spells CANCELED as DONE with a sub status; the event has the list's word, and the moment."""
        before = "OPEN"
        for sub in ("CANCELED", "SKIPPED"):
            self.mock.update(self.one, status=sub)
            moment, count = self.now(), len(self.ids())
            self.send(self.public(self.one, "WORK_ORDER_STATUS_CHANGE", oldStatus="DONE" if before != "OPEN" else "OPEN",
                                  oldSubStatus=before if before != "OPEN" else None, newStatus="DONE", newSubStatus=sub,
                                  occurredAt=moment))
            emitted = self.ids()[count:]
            self.assertEqual(emitted[0], "workorder.status_changed/%d/%s-%s/%s" % (self.one, before, sub, moment))
            self.assertEqual([i.split("/")[0] for i in emitted], ["workorder.status_changed", "workorder.updated"], emitted)
            before = sub
        self.sync("--no-dispatch")
        self.assertNotIn("workorder.completed", " ".join(self.ids()))

    def test_a_canceled_one_that_is_edited_is_not_completed(self):
        self.mock.update(self.one, status="CANCELED")
        self.sync("--no-dispatch")
        edited = self.mock.update(self.one, title="Another")
        self.send(self.public(self.one))
        self.sync("--no-dispatch")
        self.assertEqual(self.ids()[-1], "workorder.updated/%d/%s" % (self.one, edited))
        self.assertNotIn("workorder.completed", " ".join(self.ids()))
        self.assertEqual(self.snapshots()[self.one]["status"], "CANCELED")

    def test_deleted(self):
        """The work order is asked for, and the event carries the moment, and who did it."""
        self.mock.change(delete=[self.one])
        moment = self.now(5)
        self.mock.reset_log()
        self.send(self.public(self.one, "WORK_ORDER_DELETE", occurredAt=moment, userId=2043))
        self.assertEqual([r["path"] for r in self.mock.requests()], ["/v1/workorders/%d" % self.one])
        self.assertEqual(self.ids(), ["workorder.deleted/%d" % self.one])
        event = self.events()[-1]
        self.assertEqual(event["timestamp"], moment)
        self.assertEqual(event["actor"], {"id": 2043, "name": event["names"]["users"]["2043"]})
        self.sync_silently("--no-dispatch")
        self.wosync("reconcile", "--no-dispatch")
        self.assertEqual(self.ids(), ["workorder.deleted/%d" % self.one])

    def test_a_deletion_that_is_not_true(self):
        """It is there when it is asked for: nothing was deleted."""
        at = self.mock.update(self.one, title="It lives")
        self.sync("--no-dispatch")
        self.send(self.public(self.one, "WORK_ORDER_DELETE"))
        self.assertEqual(self.ids(), ["workorder.updated/%d/%s" % (self.one, at)])

    def test_a_stale_deletion(self):
        """What changed after it is not deleted by it; what is gone now is for a sweep to prove."""
        at = self.mock.update(self.one, title="It lived")
        self.sync("--no-dispatch")
        self.mock.change(hide=[self.one])
        self.send(self.public(self.one, "WORK_ORDER_DELETE", occurredAt="2026-01-01T00:00:00Z"))
        self.assertEqual(self.ids(), ["workorder.updated/%d/%s" % (self.one, at)])

    def test_a_deletion_in_whole_seconds_covers_its_second(self):
        at = self.mock.update(self.one, title="Late in its second")
        self.sync("--no-dispatch")
        self.mock.change(delete=[self.one])
        self.send(self.public(self.one, "WORK_ORDER_DELETE", occurredAt=at[:19] + "Z"))
        self.assertEqual(self.ids()[-1], "workorder.deleted/%d" % self.one)

    def test_late_news_brings_nothing_back(self):
        """A change from before the deletion, in the spelling that holds the whole work order."""
        late = self.brief(self.one)
        self.mock.change(delete=[self.one])
        self.send(self.public(self.one, "WORK_ORDER_DELETE"))
        self.assertEqual(self.ids(), ["workorder.deleted/%d" % self.one])
        self.send(late)
        self.sync("--no-dispatch")
        self.assertEqual(self.ids(), ["workorder.deleted/%d" % self.one])

    def test_a_deletion_of_what_we_never_knew(self):
        self.send(self.public(5, "WORK_ORDER_DELETE"))
        self.assertEqual(self.ids(), [])

    def test_a_deletion_that_comes_before_the_creation(self):
        number = self.mock.create({"title": "Short-lived"})[0]["id"]
        late = self.brief(number, "workorder.created")
        self.mock.change(delete=[number])
        self.send(self.public(number, "WORK_ORDER_DELETE"))
        self.send(late)
        self.assertNotIn("workorder.created/%d" % number, self.ids())

    def test_an_unsupported_event_is_kept_by_name_alone(self):
        """Log-ins hold addresses: their bodies are none of our business."""
        body = {"eventType": "USER_LOGIN_FAILURE", "orgId": 1001, "email": "ann@plant.example", "ip": "203.0.113.9"}
        answer = self.send(body)
        self.assertRegex(answer.run.err, "webhook: USER_LOGIN_FAILURE: unsupported event: its name is kept and nothing else")
        answer = self.send(dict(body, ip="203.0.113.10"))
        self.assertEqual(answer.run.err, "")
        self.assertEqual(self.sql("SELECT event, state, body, subject FROM webhook_inbox"),
                         [("USER_LOGIN_FAILURE", "unsupported", None, None)] * 2)
        self.assertNotIn(b"ann@plant.example", open(self.store, "rb").read() + open(self.store + "-wal", "rb").read()
                         if os.path.exists(self.store + "-wal") else open(self.store, "rb").read())
        self.assertEqual(self.ids(), [])

    def test_every_event_about_a_work_order_is_a_notification(self):
        for kind in ("WORK_ORDER_OVERDUE", "NEW_CATEGORY_ON_WORK_ORDER", "WORK_ORDER_PART_STATUS_CHANGE",
                     "NEW_COMMENT_ON_WORK_ORDER", "SOMETHING_OF_NEXT_YEAR"):
            at = self.mock.update(self.one, title=kind)
            self.send(self.public(self.one, kind, type="TEXT"))
            self.assertEqual(self.ids()[-1], "workorder.updated/%d/%s" % (self.one, at), kind)
        at = self.mock.update(self.one, title="Without a name")
        self.send({"occurredAt": self.now(), "workOrderId": self.one})
        self.assertEqual(self.ids()[-1], "workorder.updated/%d/%s" % (self.one, at))

    def test_an_archived_webhook_is_gone_at_once(self):
        self.wosync("webhooks", "register", "--url", "https://plant.example.com/", "--event", "workorder.created")
        number = self.sql("SELECT id FROM subscriptions")[0][0]
        answer = self.send({"eventType": "WEBHOOK_ARCHIVED", "orgId": 1001, "actorId": 1, "webhookId": int(number)})
        self.assertRegex(answer.run.err, "webhooks: subscription %s: MaintainX has archived it" % number)
        self.assertEqual(self.sql("SELECT status FROM subscriptions"), [("GONE",)])
        self.assertEqual(self.lane()["brokenSubscriptions"], 1)

    def test_another_organization(self):
        self.configure(api="organization_id = 1001")
        self.mock.config(organization="1001")
        os.unlink(self.store)
        self.sync_silently()
        self.mock.update(self.one, title="Changed")
        answer = self.send(self.public(self.one, orgId=7))
        self.assertRegex(answer.run.err, "it is of organization 7, but organization_id in .api. is 1001")
        self.assertEqual(self.ids(), [])
        self.send(self.public(self.one))
        self.assertEqual(len(self.ids()), 1)

    def test_raw_bodies_are_kept(self):
        body = json.dumps(self.public(self.one), indent=3).encode()
        self.send(body)
        self.assertEqual(self.sql("SELECT body, subject FROM webhook_inbox"), [(body, self.one)])

    def test_bodies_of_no_use(self):
        for body in (b"not JSON", b"[]", b'{"type":"NEW_WORK_ORDER"}', b"\xff\xfe", b"{" * 100000):
            for _ in range(2):
                answer = self.send(body, expect=422)
                self.assertRegex(answer.run.err, "a signed delivery was refused: it .*; it is in quarantine")
        self.assertEqual(self.sql("SELECT count(*) FROM quarantine WHERE source = 'webhook'"), [(5,)])
        self.assertEqual(self.sql("SELECT count(*) FROM webhook_inbox"), [(0,)])
        self.assertEqual(self.ids(), [])
        self.sync_silently()

    def test_before_the_first_pass(self):
        os.unlink(self.store)
        self.mock.update(self.one, title="Before", updatedAt=ago(60))
        self.send(self.public(self.one))
        self.assertEqual(self.waiting(), 1)
        self.sync_silently()
        self.assertEqual(self.ids(), [])
        self.assertEqual(self.waiting(), 0)

    def test_what_was_seen_before(self):
        self.sync_silently()
        self.change(title="Changed")
        self.send(self.public(self.one))
        event = self.events()[0]
        self.assertEqual(event["previouslyObservedAt"], self.sql(
            "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', observed_ms / 1000.0, 'unixepoch') FROM account")[0][0])


class Hints(Webhooks):
    def setUp(self):
        super().setUp()
        self.one, self.two = self.mock.create_old(2)
        self.sync_silently()

    def hint(self, number, env=None, **members):
        return self.send(self.public(number, **members), env=env)

    def test_the_work_order_is_asked_for(self):
        at = self.mock.update(self.one, status="DONE")
        self.mock.reset_log()
        self.hint(self.one)
        self.assertEqual([r["path"] for r in self.mock.requests()], ["/v1/workorders/%d" % self.one])
        self.assertEqual(self.ids()[-1], "workorder.updated/%d/%s" % (self.one, at))
        self.assertEqual({e["source"] for e in self.events()}, {"webhook"})
        self.sync_silently("--no-dispatch")
        self.assertEqual(len(self.ids()), 3)

    def test_it_waits_for_the_next_run_when_that_fails(self):
        self.mock.update(self.one, title="Changed")
        self.mock.fault("status", status=503, times=1)
        self.assertEqual(self.hint(self.one).json, {"status": "ok"})
        self.assertEqual(self.waiting(), 1)
        self.assertEqual(self.ids(), [])
        self.assertRegex(self.wosync("status").out, "refetches +1 work order to be read by id.* 1 failed so far")
        self.assertRegex(self.wosync("status").out, "work order %d: 1 failed attempt.*503" % self.one)
        self.sync("--no-dispatch")
        self.assertEqual(len(self.ids()), 1)

    def test_what_the_list_shows_is_not_asked_for(self):
        """A bulk change: the notifications that the list answers cost nothing more."""
        numbers = self.mock.create_old(40)
        self.sync_silently()
        self.mock.fault("status", status=503, times=-1)
        for number in numbers:
            self.mock.update(number, priority="HIGH")
            self.hint(number)
        self.assertEqual(self.waiting(), 40)
        self.mock.clear_faults()
        self.make_due()
        self.mock.reset_log()
        self.sync("--no-dispatch")
        self.assertEqual([r["path"] for r in self.mock.requests()], ["/v1/workorders"])
        self.assertEqual((self.waiting(), len(self.ids())), (0, 40))

    def test_many_at_once_call_for_the_list_in_a_fallback_too(self):
        numbers = self.mock.create_old(40)
        self.sync_silently()
        self.hint(self.one)
        self.mock.fault("status", status=503, times=-1)
        for number in numbers:
            self.mock.update(number, priority="HIGH")
            self.hint(number)
        self.mock.clear_faults()
        self.make_due()
        self.mock.reset_log()
        run = self.wosync("-v", "sync", "--fallback", "--no-dispatch")
        self.assertRegex(run.err, "polling: many work orders were notified at once")
        self.assertLessEqual(len(self.mock.requests()), 3)
        self.assertEqual((self.waiting(), len(self.ids())), (0, 40))

    def test_several_of_one_work_order_are_one_request(self):
        self.mock.fault("status", status=503, times=3)
        for n in range(3):
            self.hint(self.one, occurredAt=self.now(3600 + n))
        self.make_due()
        self.mock.reset_log()
        self.sync_silently()
        self.assertEqual([r["path"] for r in self.mock.requests()], ["/v1/workorders", "/v1/workorders/%d" % self.one])

    def test_without_a_token_it_waits_for_a_run_that_has_one(self):
        at = self.mock.update(self.one, title="Changed")
        answer = self.hint(self.one, env={"MAINTAINX_API_KEY": None})
        self.assertEqual(answer.json, {"status": "ok"})
        self.assertEqual(self.waiting(), 1)
        self.sync("--no-dispatch")
        self.assertEqual(self.ids(), ["workorder.updated/%d/%s" % (self.one, at)])

    def test_one_that_always_fails_delays_nothing_but_itself(self):
        for status in (400, 403, 422, 500):
            with self.subTest(status):
                self.mock.fault("status", status=status, times=-1, path="/v1/workorders/%d" % self.one)
                self.hint(self.one)
                at = self.mock.update(self.two, title="Changed %d" % status)
                for _ in range(3):
                    self.make_due()
                    self.sync("--no-dispatch")
                self.assertEqual(self.ids()[-1], "workorder.updated/%d/%s" % (self.two, at))
                self.assertEqual(self.waiting(), 1)
                self.mock.clear_faults()
                self.make_due()
                self.sync("--no-dispatch")
                self.assertEqual(self.waiting(), 0)

    def test_a_list_that_lags_undoes_nothing(self):
        """The list shows an older state than the work order itself has: that is asked once more, and stays."""
        at = self.mock.update(self.one, priority="HIGH", updatedAt=ago(5), _listed_in_ms=-1)
        self.hint(self.one)
        self.assertEqual(self.ids(), ["workorder.updated/%d/%s" % (self.one, at)])
        for turn in range(3):
            time.sleep(0.01)
            self.mock.reset_log()
            self.sync_silently("--no-dispatch")
        self.assertEqual([r["path"] for r in self.mock.requests()], ["/v1/workorders"])
        self.assertEqual(self.snapshots()[self.one]["priority"], "HIGH")
        self.assertRegex(self.wosync("status").out, "the list does not show the newest version of 1 work order yet")
        self.mock.change(release=[self.one])
        self.sync_silently("--no-dispatch")
        self.assertNotRegex(self.wosync("status").out, "the list does not show")
        self.assertEqual(len(self.ids()), 1)

    def test_an_update_that_the_list_shows_hours_late(self):
        """B becomes visible when A was long seen; the first poll of the next hour looks back far enough."""
        at = self.mock.update(self.two, title="Late", updatedAt=ago(5400), _listed_in_ms=-1)
        self.mock.update(self.one, title="Now")
        self.sync("--no-dispatch")
        self.mock.change(release=[self.two])
        self.sync_silently("--no-dispatch")
        self.sql("UPDATE late_windows SET polled_ms = polled_ms - 3600000")
        self.mock.reset_log()
        self.sync("--no-dispatch")
        self.assertEqual(len(self.mock.requests()), 1)
        self.assertEqual(self.ids()[-1], "workorder.updated/%d/%s" % (self.two, at))
        self.sync_silently("--no-dispatch")

    def test_an_empty_list_moves_nothing(self):
        before = self.dump("account", "late_windows", "passes")
        self.mock.fault("empty_list", times=2)
        self.sync_silently("--no-dispatch")
        self.sync_silently("--no-dispatch")
        after = self.sql("SELECT watermark_ms, started_ms, observed_ms FROM account")
        at = self.mock.update(self.one, title="Meanwhile")
        self.assertEqual(self.sql("SELECT watermark_ms, started_ms, observed_ms FROM account"), after)
        self.sync("--no-dispatch")
        self.assertEqual(self.ids(), ["workorder.updated/%d/%s" % (self.one, at)])
        self.assertIsNotNone(before)

    def test_after_a_day_it_is_given_up(self):
        self.mock.fault("status", status=500, times=-1, path="/v1/workorders/%d" % self.one)
        self.hint(self.one)
        self.sql("UPDATE refetches SET requested_ms = requested_ms - 90000000")
        self.make_due()
        run = self.sync("--no-dispatch")
        self.assertRegex(run.err, "work order %d: it could not be read by its id for a day: .*500" % self.one)
        self.assertEqual((self.waiting(), self.lane()["givenUp"]), (0, 1))
        self.assertEqual(self.sql("SELECT state FROM webhook_inbox"), [("given_up",)])
        self.sync_silently("--no-dispatch")

    def test_a_clock_that_went_back_gives_nothing_up(self):
        self.mock.fault("status", status=500, times=-1, path="/v1/workorders/%d" % self.one)
        self.hint(self.one)
        self.sql("UPDATE refetches SET requested_ms = requested_ms + 7200000")
        self.make_due()
        run = self.sync("--no-dispatch")
        self.assertNotRegex(run.err, "for a day")
        self.assertEqual((self.waiting(), self.lane()["givenUp"]), (1, 0))

    def test_a_hanging_api_is_polled_first(self):
        """Whatever waits, the list comes first."""
        self.mock.fault("status", status=503, times=1)
        self.hint(self.one, occurredAt=self.now(3600))
        self.make_due()
        self.mock.fault("hang", times=-1, path="/v1/workorders/%d" % self.one)
        at = self.mock.update(self.two, title="Changed")
        self.configure(api="timeout = 1s")
        self.sync("--no-dispatch", expect=UNAVAILABLE)
        self.assertEqual(self.ids(), ["workorder.updated/%d/%s" % (self.two, at)])
        self.assertEqual(self.waiting(), 1)

    def test_a_signal_ends_the_run(self):
        self.mock.fault("status", status=503, times=1)
        self.hint(self.one, occurredAt=self.now(3600))
        self.make_due()
        self.mock.reset_log()
        self.mock.fault("hang", times=1, path="/v1/workorders/%d" % self.one)
        running = self.start("sync")
        self.wait_for(lambda: len(self.mock.requests()) >= 2 or self.mock.state()["max_concurrent"] >= 1 and
                      [r["path"] for r in self.mock.requests()] == ["/v1/workorders"], "the request")
        time.sleep(0.2)
        running.signal(15)
        self.assertEqual(running.wait().status, TRY_LATER)
        self.assertEqual(self.waiting(), 1)

    def test_one_that_is_gone_is_for_a_sweep_to_prove(self):
        self.mock.change(delete=[self.one])
        self.hint(self.one)
        self.assertEqual(self.waiting(), 0)
        self.assertEqual(self.ids(), [])

    def test_a_partial_work_order_is_a_hint(self):
        self.mock.update(self.one, title="Changed")
        self.mock.reset_log()
        self.hint(self.one, newWorkOrder={"title": "Changed", "priority": "NONE"})
        self.assertEqual(len(self.mock.requests()), 1)
        self.assertEqual(len(self.ids()), 1)


class Work(Webhooks):
    """What comes after the answer."""

    def setUp(self):
        super().setUp()
        self.one = self.mock.create_old()[0]
        self.configure("[handler sink]\ntype = http\nurl = %s\n[handler print]\ntype = log\n" % self.mock.sink_url("s"))
        self.sync_silently()

    def test_handlers_run_in_the_same_process(self):
        self.mock.update(self.one, title="Changed")
        answer = self.send(self.public(self.one))
        self.assertEqual(len(self.mock.sink("s")), 1)
        self.assertEqual(self.handler("sink")["delivered"], 1)
        self.assertNotIn("workorder.updated", answer.run.out)

    def test_log_waits_for_the_next_run(self):
        self.mock.update(self.one, title="Changed")
        self.send(self.public(self.one))
        self.assertEqual(self.handler("print")["delivered"], 0)
        self.assertRegex(self.sync().out, "workorder.updated")

    def test_a_run_that_polls_is_in_nobodys_way(self):
        """Beside a poll whose request hangs a webhook is answered, refetched and delivered."""
        self.mock.update(self.one, title="Changed")
        body = self.public(self.one)
        self.mock.reset_log()
        self.mock.fault("hang", times=1)
        running = self.start("sync")
        self.wait_for(lambda: self.mock.state()["max_concurrent"] >= 1, "the request")
        self.assertEqual(self.send(body).json, {"status": "ok"})
        self.assertEqual(len(self.mock.sink("s")), 1)
        self.assertTrue(running.is_alive())
        running.signal(15)
        self.assertEqual(running.wait().status, TRY_LATER)

    def test_what_another_run_delivers_is_left_to_it(self):
        """The answer does not wait for the lock; what was stored is delivered by the run that holds it, or the next."""
        self.mock.update(self.one, title="Changed")
        with self.holding("deliver"):
            self.assertEqual(self.send(self.public(self.one)).json, {"status": "ok"})
        self.assertEqual(self.mock.sink("s"), [])
        self.wosync("dispatch")
        self.assertEqual(len(self.mock.sink("s")), 1)

    def begin_to_deliver(self):
        """A receive that waits for a handler, with the lock in its hands."""
        self.mock.update(self.one, title="Changed")
        body = json.dumps(self.public(self.one)).encode()
        self.mock.sink_fault("s", "hang", times=1)
        file = self.write("delivery.json", body)
        headers = [w for name, value in signed(body).items() for w in ("--header", "%s: %s" % (name, value))]
        running = self.start("receive", "--body", file, *headers)
        self.wait_for(lambda: self.mock.sink("s"), "the delivery")
        return running

    def test_what_comes_while_it_works_is_worked_off_too(self):
        two = self.mock.create_old(1)[0]
        self.sync_silently()
        self.configure("[handler sink]\ntype = http\nurl = %s\ntimeout = 1s\n" % self.mock.sink_url("s"))
        first = self.begin_to_deliver()
        at = self.mock.update(two, title="Changed")
        self.assertEqual(self.send(self.public(two)).json, {"status": "ok"})
        self.assertEqual(self.waiting(), 0)  # refetched, and left to the first to be delivered
        self.assertEqual(first.wait().status, DONE)
        sink = self.handler("sink")
        self.assertEqual((sink["delivered"], sink["pending"]), (1, 1))
        self.assertEqual(self.ids()[-1], "workorder.updated/%d/%s" % (two, at))

    def test_a_signal_ends_the_work(self):
        running = self.begin_to_deliver()
        running.signal(15)
        run = running.wait()
        self.assertEqual(run.status, TRY_LATER, run)
        self.assertEqual(run.out.splitlines()[0], '{"status":"ok"}')
        self.wosync("dispatch")
        self.assertEqual(self.handler("sink")["delivered"], 1)

    def test_a_handler_that_fails_is_no_failure_of_the_delivery(self):
        self.mock.sink_fault("s", "status", status=500)
        self.mock.update(self.one, title="Changed")
        self.assertEqual(self.send(self.public(self.one)).status, 200)
        self.assertEqual(self.handler("sink")["pending"], 1)

    def test_trouble_leaves_a_record_and_ordinary_work_does_not(self):
        self.mock.update(self.one, title="Changed")
        self.send(self.public(self.one))
        self.assertEqual([r["kind"] for r in self.status()["runs"]], ["sync"])
        self.mock.sink_fault("s", "status", status=400)
        self.mock.update(self.one, title="Changed again")
        self.send(self.public(self.one))
        self.assertEqual([(r["kind"], r["exitStatus"], r["dead"]) for r in self.status()["runs"]],
                         [("receive", 69, 1), ("sync", 0, 0)])

    def test_a_new_handler_gets_what_the_first_delivery_it_meets_tells(self):
        self.mock.update(self.one, title="Changed")
        self.sync()
        self.configure("[handler new]\ntype = http\nurl = %s\n" % self.mock.sink_url("new"))
        at = self.mock.update(self.one, title="Changed again")
        self.send(self.public(self.one))
        self.assertEqual([r["headers"]["webhook-id"] for r in self.mock.sink("new")],
                         ["workorder.updated/%d/%s" % (self.one, at)])

    def test_a_wrong_handler_table_loses_nothing(self):
        self.mock.update(self.one, title="Changed")
        self.configure("[handler sink]\ntype = nonsense\n")
        self.assertEqual(self.send(self.public(self.one)).json, {"status": "ok"})
        self.configure("[handler sink]\ntype = http\nurl = %s\n" % self.mock.sink_url("s"))
        self.wosync("dispatch")
        self.assertEqual(len(self.mock.sink("s")), 1)

    def test_no_webhook_moves_watermark_or_pass_start(self):
        before = self.sql("SELECT watermark_ms, started_ms, observed_ms, finished_ms FROM account")
        self.mock.update(self.one, title="Changed")
        self.send(self.public(self.one))
        self.assertEqual(self.sql("SELECT watermark_ms, started_ms, observed_ms, finished_ms FROM account"), before)


class Store(Webhooks):
    def setUp(self):
        super().setUp()
        self.one = self.mock.create_old()[0]
        self.sync_silently()
        self.mock.update(self.one, title="Changed")
        self.body = json.dumps(self.public(self.one)).encode()

    def test_a_store_that_stays_locked(self):
        other = sqlite3.connect(self.store, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")
        answer = self.cgi(self.body, signed(self.body))
        self.assertEqual(answer.status, 503, str(answer))
        self.assertIn("Retry-After", answer.headers)
        other.execute("ROLLBACK")
        self.assertEqual(self.ids(), [])
        self.send(self.body)
        self.assertEqual(len(self.ids()), 1)

    def test_a_store_that_is_none(self):
        with open(self.store, "wb") as f:
            f.write(b"no database at all" * 100)
        for suffix in ("-wal", "-shm"):
            if os.path.exists(self.store + suffix):
                os.unlink(self.store + suffix)
        answer = self.cgi(self.body, signed(self.body))
        self.assertEqual(answer.status, 500)
        self.assertRegex(answer.run.err, "corrupt or no wosync store")

    def test_of_two_that_would_make_it_one_does(self):
        self.store = self.path("first.db")
        self.configure()
        open(self.store, "wb").close()
        with self.holding("create"):
            answer = self.cgi(self.body, signed(self.body))
            self.assertEqual(answer.status, 503, str(answer))
            self.assertEqual(os.path.getsize(self.store), 0)
        self.send(self.body)
        self.assertEqual(self.waiting(), 1)

    def test_it_makes_the_store_where_there_is_none(self):
        self.store = self.path("new", "wosync.db")
        self.configure()
        self.send(self.body)
        self.assertEqual(os.stat(self.store).st_mode & 0o777, 0o600)
        self.assertEqual(self.waiting(), 1)


class Files(Webhooks):
    """A saved delivery."""

    def setUp(self):
        super().setUp()
        self.one = self.mock.create_old()[0]
        self.sync_silently()
        self.mock.update(self.one, title="Changed")
        self.body = json.dumps(self.public(self.one)).encode()
        self.file = self.write("delivery.json", self.body)

    def header_options(self, headers):
        return [word for name, value in headers.items() for word in ("--header", "%s: %s" % (name, value))]

    def receive(self, headers, **how):
        return self.wosync("receive", "--body", self.file, *self.header_options(headers), **how)

    def test_accepted(self):
        run = self.receive(signed(self.body))
        lines = run.out.splitlines()
        self.assertEqual(lines[0], '{"status":"ok"}')
        self.assertRegex(lines[1], "workorder.updated")
        self.assertEqual(self.receive(signed(self.body)).out, '{"status":"already_processed"}\n')

    def test_header_names_have_no_case(self):
        value = hmac_hex(SECRET, self.body)
        self.wosync("receive", "--body", self.file, "--header", "X-MaintainX-Signature:" + value, "--header", "Accept: */*")

    def test_refused(self):
        run = self.receive({}, expect=DATA, message="refused: it is not signed")
        self.assertEqual(run.out, '{"error":"unauthorized"}\n')

    def test_of_no_use(self):
        self.write("delivery.json", "nothing")
        self.receive(signed(b"nothing"), expect=DATA, message="was refused: it is not JSON")

    def test_no_secret(self):
        del self.env["MAINTAINX_WEBHOOK_SECRET"]
        self.receive(signed(self.body), expect=CONFIG, message="no secret to check deliveries with")

    def test_no_file(self):
        self.wosync("receive", "--body", self.path("nothing"), expect=IO, message="receive: .*nothing: No such file")

    def test_from_stdin(self):
        with open(self.file, "rb") as f:
            run = self.wosync("receive", "--body", "-", *self.header_options(signed(self.body)), stdin=f)
        self.assertRegex(run.out, r'^\{"status":"ok"\}\n.*workorder\.updated')

    def test_what_is_no_file(self):
        self.wosync("receive", "--body", self.directory, expect=IO, message="receive: %s: Is a directory" % self.directory)

    def test_a_broken_configuration(self):
        self.configure("[webhooks]\nnonsense = 1\n")
        run = self.receive(signed(self.body), expect=CONFIG, message="nonsense: unknown key")
        self.assertEqual(run.out, "")

    def test_an_answer_that_cannot_be_printed(self):
        with open("/dev/full", "w") as full:
            self.receive(signed(self.body), expect=IO, message="stdout: No space left on device", stdout=full)
        self.assertEqual(len(self.ids()), 1)

    def test_too_large(self):
        self.write("delivery.json", b" " * ((1 << 20) + 1))
        self.receive({}, expect=DATA, message="larger than 1 MiB")

    def test_usage(self):
        self.wosync("receive", expect=USAGE, message="a web server is to run this, or write --body FILE")
        self.wosync("receive", "--body", self.file, "--header", "nonsense", expect=USAGE, message="write 'NAME: VALUE'")
        self.wosync("receive", "more", expect=USAGE)
        self.wosync("receive", "--lost", expect=USAGE, message="--lost: unknown option")
        self.wosync("receive", "--body", expect=USAGE, message="--body: its value is missing")
        self.assertRegex(self.wosync("receive", "--help").out, "example:  wosync receive")


class Counters(Webhooks):
    def setUp(self):
        super().setUp()
        self.one, self.two = self.mock.create_old(2)
        self.sync_silently()

    def test_without_webhooks_status_says_nothing_of_them(self):
        self.mock.update(self.one, title="Changed")
        self.sync("--no-dispatch")
        self.assertNotIn("webhooks", self.status())
        self.assertNotIn("webhooks", self.wosync("status").out)

    def test_refused_ones_alone(self):
        self.cgi(b"{}", {})
        self.assertEqual((self.lane()["refused"], self.lane()["lastReceived"]), (1, None))
        self.assertRegex(self.wosync("status").out, "webhooks +the last one never; received 0, .* refused 1")

    def test_registered_and_nothing_came(self):
        self.wosync("webhooks", "register", "--url", "https://plant.example.com/", "--event", "workorder.created")
        self.assertEqual((self.lane()["refused"], self.lane()["lastReceived"]), (0, None))
        self.mock.ask_delete("/subscriptions/901")
        self.wosync("webhooks", "list")
        self.assertEqual(self.lane()["brokenSubscriptions"], 1)

    def test_what_polling_found_first(self):
        self.send(self.public(self.one))
        self.mock.update(self.two, title="Changed")
        self.sync("--no-dispatch")
        lane = self.lane()
        self.assertEqual((lane["foundByPolling"], lane["missed"]), (1, 0), "it may be on its way")
        self.sql("UPDATE webhook_gaps SET found_ms = found_ms - 120000")
        self.assertEqual(self.lane()["missed"], 1)
        self.assertRegex(self.wosync("status").out, "found by polling first: 1, of them named by no webhook: 1")
        self.send(self.public(self.two))
        lane = self.lane()
        self.assertEqual((lane["foundByPolling"], lane["missed"]), (1, 0))

    def test_delays_of_each_lane(self):
        self.mock.update(self.one, title="Changed")
        self.send(self.public(self.one))
        self.mock.update(self.two, title="Changed")
        self.sync("--no-dispatch")
        lane = self.lane()
        self.assertGreaterEqual(lane["webhookDelayP50Ms"], 0)
        self.assertGreaterEqual(lane["pollDelayP50Ms"], 0)
        self.assertRegex(self.wosync("status").out, r"half of the changes were seen within \S+ by webhook, within \S+ by polling")

    def test_retention(self):
        """What is old goes, but a hint that still waits; and a replay of what was forgotten tells nothing anew."""
        self.configure(store="keep = 1h", api="give_up = 0")
        self.mock.update(self.one, title="Changed")
        body = json.dumps(self.public(self.one)).encode()
        self.send(body)
        self.send(b"nothing", expect=422)
        self.mock.fault("status", status=503)
        self.send(self.public(self.two))
        self.wosync("dispatch")
        self.sql("UPDATE webhook_inbox SET received_ms = received_ms - 7200000")
        self.sql("UPDATE quarantine SET seen_ms = seen_ms - 7200000")
        self.sql("INSERT INTO webhook_gaps VALUES (5, 5, 5)")
        self.mock.fault("status", status=503)
        self.wosync("dispatch")
        self.assertEqual(self.sql("SELECT subject FROM webhook_inbox"), [(self.two,)])
        self.assertEqual(self.sql("SELECT count(*) FROM quarantine"), [(0,)])
        self.assertEqual(self.sql("SELECT count(*) FROM webhook_gaps"), [(0,)])
        told = self.ids()
        self.assertEqual(self.send(body).json, {"status": "ok"})
        self.assertEqual(self.ids(), told)
