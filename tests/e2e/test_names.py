"""Users and teams by name: where names are shown, when the lists are read, and what becomes of lists that cannot be."""
import json
import os

from harness import Case, DONE, long
from receiver import Receiver

ANN, BO = {"id": 2041, "firstName": "Ann", "lastName": "Lee"}, {"id": 2042, "firstName": "Bo", "lastName": "<Ek>"}
CREW = {"id": 7, "name": "Electricians & Co"}
HOUR, DAY = 3600, 86400


class NamesCase(Case):
    def setUp(self):
        super().setUp()
        self.people(users=[ANN, BO], teams=[CREW])

    def people(self, **change):
        self.mock.ask("POST", "/mock/records", change)

    def asked(self):
        """How often each list was asked for since the last reset."""
        paths = [entry["path"] for entry in self.mock.requests()]
        self.mock.reset_log()
        return paths.count("/v1/users"), paths.count("/v1/teams")

    def sleep(self, seconds):
        """Lets so much time pass for the lists."""
        for column in ("read_ms", "tried_ms", "failing_ms"):
            self.sql("UPDATE people_lists SET %s = %s - ?" % (column, column), seconds * 1000)

    def sync_quietly(self):
        """A sync that prints events, and no trouble."""
        self.assertEqual(self.sync().err, "")

    def create(self, **fields):
        """A new work order that Ann has created, or as `fields` say. Returns its id."""
        return self.mock.create(dict({"title": "Pump", "creatorId": 2041}, **fields))[0]["id"]


class Shown(NamesCase):
    def test_everywhere(self):
        slack = Receiver(self)
        out = self.path("reports")
        self.configure("[handler chat]\ntype = slack\nurl = %s/x\ndigest_above = 100\n[handler line]\ntype = log\n"
                       "[handler page]\ntype = report\non = workorder.completed\npath = %s\n" % (slack.url, out))
        self.sync_quietly()
        number = self.create(assignees=[{"type": "USER", "id": 2042}, {"type": "TEAM", "id": 7}])
        lines = self.sync().out
        self.mock.update(number, status="DONE", completerId=2042, requesterId=2041)
        lines += self.sync().out
        self.assertRegex(lines, r'workorder\.created  #%d  "Pump"  OPEN  by Ann Lee\n' % number)
        self.assertRegex(lines, r'workorder\.status_changed  #%d  "Pump"  OPEN -> DONE\n' % number)
        self.assertRegex(lines, r'workorder\.completed  #%d  "Pump"  DONE  by Bo <Ek>\n' % number)
        self.assertIn('DONE  by Bo <Ek>\n', self.wosync("events", "list").out)
        texts = [json.loads(request.body)["text"] for request in slack.requests]
        self.assertRegex(texts[0], r"WO created by Ann Lee: Pump <.*>, assigned to Bo &lt;Ek&gt;, Electricians &amp; Co$")
        self.assertRegex(texts[1], r"WO status changed from OPEN to DONE: Pump <.*>, assigned to Bo &lt;Ek&gt;, Electr")
        self.assertRegex(texts[2], r"WO completed by Bo &lt;Ek&gt;: Pump <[^>]*>$")
        with open(os.path.join(out, "%d.html" % number), encoding="utf-8") as f:
            page = f.read()
        for label, text in (("Completed by", "Bo &lt;Ek&gt;"), ("Assigned to", "Bo &lt;Ek&gt;, Electricians &amp; Co"),
                            ("Created by", "Ann Lee"), ("Requested by", "Ann Lee")):
            self.assertRegex(page, r"<dt>%s</dt><dd[^>]*>%s</dd>" % (label, text))
        self.assertNotIn("User 20", page)
        with open(os.path.join(out, "completed.csv"), encoding="utf-8") as f:
            self.assertIn('Bo <Ek>', f.read())

    def test_in_the_event(self):
        self.sync()
        number = self.create(assignees=[{"type": "USER", "id": 2042}])
        self.sync()
        self.mock.update(number, assignees=[{"type": "TEAM", "id": 7}])
        self.sync()
        created, updated = self.events()
        self.assertEqual(list(created), ["id", "event", "timestamp", "observedAt", "previouslyObservedAt", "source", "actor",
                                         "names", "data"])
        self.assertEqual(created["actor"], {"id": 2041, "name": "Ann Lee"})
        self.assertEqual(created["names"], {"users": {"2041": "Ann Lee", "2042": "Bo <Ek>"}, "teams": {}})
        self.assertNotIn("actor", updated)  # nobody says who did it
        self.assertEqual(updated["names"],
                         {"users": {"2041": "Ann Lee", "2042": "Bo <Ek>"}, "teams": {"7": "Electricians & Co"}})

    def test_in_a_condition(self):
        self.configure("[handler line]\ntype = log\nwhen = assigneeNames LIKE '%electricians%' AND actorName = 'Ann Lee'\n")
        self.sync()
        self.create(title="No")
        self.create(title="Yes", assignees=[{"type": "USER", "id": 1}, {"type": "TEAM", "id": 7}])
        self.assertRegex(self.sync().out, r'^\S+  workorder.created  #\d+  "Yes"  OPEN  by Ann Lee\n$')

    def test_a_frozen_event_keeps_its_names(self):
        self.sync()
        self.create()
        self.sync()
        before = self.sql("SELECT body FROM events")
        self.people(users=[dict(ANN, lastName="Ito")])
        self.sleep(DAY)
        self.sync()
        self.assertEqual(self.sql("SELECT body FROM events"), before)
        self.create()
        self.sync()
        self.assertEqual(self.events()[-1]["actor"]["name"], "Ann Ito")

    def test_who_left_keeps_the_name(self):
        self.sync()
        self.people(remove={"users": [2041], "teams": [7]})
        self.sleep(DAY)
        self.sync()
        self.assertEqual(self.asked(), (2, 2))
        self.create(assignees=[{"type": "TEAM", "id": 7}])
        self.sync()
        self.assertEqual(self.asked(), (0, 0))
        self.assertEqual(self.events()[0]["names"], {"users": {"2041": "Ann Lee"}, "teams": {"7": "Electricians & Co"}})
        self.assertEqual(self.status()["names"]["users"]["removed"], 1)
        self.assertEqual(self.sql("SELECT count(*) FROM users WHERE removed_ms IS NOT NULL"), [(1,)])

    def test_of_a_webhook_and_a_backfill(self):
        self.sync()
        number = self.create()
        self.env["MAINTAINX_WEBHOOK_SECRET"] = "webhook-secret"
        sent = self.mock.signed({"work_order": number, "event": "workorder.created", "url": "http://127.0.0.1:1/"})[0]
        body = self.write("body.json", sent["body"])
        headers = [word for name, value in sent["headers"].items() for word in ("--header", "%s: %s" % (name, value))]
        self.wosync("receive", "--body", body, *headers)
        event, = self.events()
        self.assertEqual((event["source"], event["actor"]), ("webhook", {"id": 2041, "name": "Ann Lee"}))
        self.sql("DELETE FROM events")
        self.wosync("backfill", "--since", "1h")
        event, = self.events()
        self.assertEqual((event["source"], event["actor"]), ("backfill", {"id": 2041, "name": "Ann Lee"}))


class Read(NamesCase):
    def test_once_a_day(self):
        self.sync_quietly()
        self.assertEqual([e["path"] for e in self.mock.requests()][-3:], ["/v1/workorders", "/v1/users", "/v1/teams"])
        self.mock.reset_log()
        for _ in range(3):
            self.sync_quietly()
        self.assertEqual([e["path"] for e in self.mock.requests()], 3 * ["/v1/workorders"])  # idle polls
        self.mock.reset_log()
        self.sleep(DAY)
        self.sync_quietly()
        self.assertEqual(self.asked(), (1, 1))

    def test_all_pages(self):
        self.people(users=[{"id": 5000 + i, "firstName": "U%d" % i, "lastName": "X"} for i in range(450)])
        self.sync_quietly()
        self.assertEqual(self.asked(), (3, 1))
        self.assertEqual(self.sql("SELECT name FROM users WHERE id = 5449"), [("U449 X",)])

    def test_an_unknown_id_is_asked_for_once_an_hour(self):
        self.sync()
        self.asked()
        self.sleep(HOUR)
        self.people(users=[{"id": 3043, "firstName": "Cy", "lastName": "Lo"}])
        self.create(creatorId=3043)
        self.sync_quietly()
        self.assertEqual(self.asked(), (1, 0))
        self.assertEqual(self.events()[-1]["actor"], {"id": 3043, "name": "Cy Lo"})
        self.people(users=[{"id": 3044, "firstName": "Di", "lastName": "Lo"}])
        for _ in range(2):
            self.create(creatorId=3044)
            self.sync_quietly()
            self.assertEqual(self.asked(), (0, 0))
            self.assertEqual(self.events()[-1]["actor"], {"id": 3044})
        self.sleep(HOUR)
        self.sync_quietly()  # only for an event
        self.assertEqual(self.asked(), (0, 0))
        self.create(creatorId=3044)
        self.sync_quietly()
        self.assertEqual(self.asked(), (1, 0))
        self.assertEqual(self.events()[-1]["actor"], {"id": 3044, "name": "Di Lo"})
        self.assertNothingDoubled()

    def test_in_the_middle_of_a_pass(self):
        """The page is written once, and none is skipped."""
        self.sync()
        self.sleep(HOUR)
        self.configure(api="page_size = 2")
        for i in range(7):
            self.create(creatorId=9000 if i == 3 else 2041)
        self.sync_quietly()
        self.assertEqual(len(self.ids()), 7)
        self.assertSnapshotsAreTrue()
        self.assertEqual(self.asked(), (2, 1))
        run = self.status()["runs"][0]
        self.assertEqual((run["pages"], run["records"], run["events"]["workorder.created"]), (4, 7, 7))

    def test_switched_off(self):
        self.configure(api="names = no")
        self.sync_quietly()
        number = self.create(assignees=[{"type": "USER", "id": 2042}])
        self.sync_quietly()
        self.assertEqual(self.asked(), (0, 0))
        event, = self.events()
        self.assertEqual((event["actor"], event["names"]), ({"id": 2041}, {"users": {}, "teams": {}}))
        self.assertNotIn("names", self.status())
        self.assertNotIn("names  ", self.wosync("status").out)
        self.assertEqual(event["data"]["id"], number)

    def test_a_dry_run_asks_nothing(self):
        self.sync("--dry-run")
        self.assertEqual(self.asked(), (0, 0))
        self.sync()
        self.assertEqual(self.asked(), (1, 1))
        self.create()
        self.create(creatorId=9000)
        self.assertIn("OPEN  by Ann Lee\n", self.sync("--dry-run").out)
        self.assertEqual(self.asked(), (0, 0))


class Refused(NamesCase):
    def refuse(self, name, path="/v1/users", **details):
        self.mock.fault(name, path=path, times=-1, **details)

    def test_is_said_once(self):
        for status, why in ((403, "403, the token may not read it"), (401, "401, the token may not read it"),
                            (404, "404, the server does not have it")):
            with self.subTest(status=status):
                self.mock.clear_faults()
                self.refuse("status", status=status)
                self.refuse("status", path="/v1/teams", status=status)
                self.sql("DELETE FROM people_lists") if os.path.exists(self.store) else None
                run = self.sync()
                self.assertRegex(run.err, r"^wosync: warning: names: GET /users and /teams: %s.*; events hold ids without these names: "
                                 r"give the token access in MaintainX, or set names = no in \[api\]\n$" % why)
                self.asked()
                self.create(creatorId=9000)
                self.sync_quietly()
                self.assertEqual(self.asked(), (0, 0))
                self.assertEqual(self.events()[-1]["actor"], {"id": 9000})
                self.sleep(DAY)
                self.sync_quietly()  # asked again, reported no more
                self.assertEqual(self.asked(), (1, 1))
        lists = self.status()["names"]
        self.assertRegex(lists["users"]["lastError"], "^404")
        self.assertRegex(self.wosync("status").out, r"names +0 users, read never; 0 teams, read never\n"
                         r" +GET /users failed .* ago: 404, .*\n +GET /teams failed .* ago: 404, ")
        self.mock.clear_faults()
        self.sleep(DAY)
        self.sync_quietly()
        self.create()
        self.sync_quietly()
        self.assertEqual(self.events()[-1]["actor"], {"id": 2041, "name": "Ann Lee"})
        self.assertRegex(self.wosync("status").out, r"names +60 users, read .* ago; 9 teams, read .* ago\n")
        self.assertNotIn("lastError", {k for k, v in self.status()["names"]["users"].items() if v is not None})

    def test_of_one_list_alone(self):
        self.refuse("status", path="/v1/teams", status=403)
        self.assertRegex(self.sync().err, r"^wosync: warning: names: GET /teams: 403")
        self.create(assignees=[{"type": "TEAM", "id": 7}])
        self.sync_quietly()
        self.assertEqual(self.events()[-1]["names"], {"users": {"2041": "Ann Lee"}, "teams": {}})

    @long
    def test_whatever_is_answered_the_poll_goes_on(self):
        """Nothing is printed, no other exit status, and every event is there at once."""
        for name, details in (("status", {"status": 500}), ("status", {"status": 503, "retry_after": 3600}), ("html", {}),
                              ("429", {"retry_after": 30}), ("reset", {}), ("truncate", {}), ("bad_json", {}),
                              ("redirect", {}), ("hang", {}), ("wrong_types", {"variant": "next_cursor"})):
            with self.subTest(fault=name):
                self.mock.clear_faults()
                self.refuse(name, **details)
                if os.path.exists(self.store):
                    self.sql("DELETE FROM people_lists")
                    self.sql("DELETE FROM rate_limit")
                number = self.create()
                run = self.sync(expect=DONE)
                self.assertEqual(run.err, "")
                self.assertIn(number, self.snapshots())
                # one try; libcurl itself sends a request again when the connection that it used again was dead
                self.assertIn(self.asked()[0], (1, 2) if name == "reset" else (1,))
                self.sql("DELETE FROM rate_limit")
                self.sync_quietly()
                self.assertEqual(self.asked()[0], 0)
                self.assertIsNotNone(self.status()["names"]["users"]["lastError"])

    def test_a_cursor_that_expires_is_no_refusal(self):
        self.mock.config(max_limit=20)
        self.mock.fault("expired_cursor", path="/v1/users")
        self.sync_quietly()
        self.assertEqual(self.sql("SELECT refused, reported FROM people_lists WHERE list = 'users'"), [(0, 0)])
        self.assertEqual(self.sql("SELECT count(*) FROM users"), [(20,)])
        self.sleep(HOUR)
        self.sync_quietly()
        self.assertEqual(self.sql("SELECT count(*), count(removed_ms) FROM users"), [(60, 0)])

    def test_nothing_is_asked_where_the_list_fails(self):
        self.mock.fault("status", status=401, path="/v1/workorders", times=-1)
        self.sync(expect=77, message="401")
        self.assertEqual(self.asked(), (0, 0))
