"""wosync webhooks: registering in both spellings, and looking whether it is still there; wosync sync --fallback."""
import contextlib
import json
import os
import sqlite3

from harness import Case, CONFIG, DONE, NOPERM, PROTOCOL, TRY_LATER, UNAVAILABLE, USAGE, long
from webhooks import Webhooks, signed

URL = "https://plant.example.com/wosync"
TYPES = ["NEW_WORK_ORDER", "WORK_ORDER_STATUS_CHANGE", "WORK_ORDER_CHANGE", "WORK_ORDER_DELETE"]


class Registering(Case):
    def register(self, *arguments, url=URL, **how):
        return self.wosync("webhooks", "register", "--url", url, *arguments, **how)

    def rows(self, columns="id, events, url, status"):
        return self.sql("SELECT %s FROM subscriptions ORDER BY registered_ms, id" % columns)

    def test_subscriptions_one_for_each_type(self):
        run = self.register()
        self.assertEqual(run.err, "")
        self.assertEqual(run.out.splitlines(), ["registered %d: %s to %s" % (901 + i, t, URL) for i, t in enumerate(TYPES)])
        self.assertEqual(self.rows(), [(str(901 + i), t, URL, "VALID") for i, t in enumerate(TYPES)])
        requests = [(r["method"], r["path"]) for r in self.mock.requests()]
        self.assertEqual(requests, [("POST", "/v1/subscriptions")] * 4)
        secrets = {row[0] for row in self.rows("secret")}
        self.assertEqual(len(secrets), 4)
        for secret in secrets:
            self.assertNotIn(secret, run.out + run.err)

    def test_the_other_spelling(self):
        self.mock.config(webhook_api="webhooks")
        run = self.register()
        names = "workorder.created workorder.status_changed workorder.completed workorder.updated workorder.deleted"
        self.assertEqual(run.out, "registered 901: %s to %s\n" % (names, URL))
        self.assertRegex(run.err, "the server gave no secret; set the one it signs with")
        self.assertEqual(self.rows(), [("901", names, URL, "VALID")])

    def test_the_other_spelling_with_a_secret(self):
        self.mock.config(webhook_api="webhooks")
        self.mock.fault("status", status=201, path="/v1/webhooks", body='{"id": 7, "secret": "secret-of-the-server"}')
        run = self.register("--event", "workorder.created")
        self.assertEqual((run.out, run.err), ("registered 7: workorder.created to %s\n" % URL, ""))
        self.assertEqual(self.rows("id, secret"), [("7", "secret-of-the-server")])

    def test_which_one_the_server_has_is_found_out_once(self):
        self.mock.config(webhook_api="webhooks")
        self.register("--event", "workorder.created")
        self.mock.reset_log()
        self.register("--event", "workorder.deleted")
        self.assertEqual([r["path"] for r in self.mock.requests()], ["/v1/webhooks"])

    def test_some_events(self):
        self.register("--event", "workorder.completed", "--event", "workorder.status_changed")
        self.assertEqual([r[0] for r in self.rows("events")], ["WORK_ORDER_STATUS_CHANGE"])

    def test_a_star_is_all_events(self):
        self.register("--event", "*")
        self.assertEqual([r[0] for r in self.rows("events")], TYPES)

    def test_again(self):
        self.register()
        self.mock.reset_log()
        run = self.register()
        self.assertEqual(run.out.splitlines()[0], "901: NEW_WORK_ORDER to %s is registered already" % URL)
        self.assertEqual(self.mock.requests(), [])
        self.register(url=URL + "/other")
        self.assertEqual(len(self.rows()), 8)

    def test_urls_are_checked_before_anything_is_sent(self):
        for url in ("http://plant.example.com/", "ftp://plant.example.com/", "plant", "https://user:pw@plant.example.com/",
                    "https://plant.example.com/" + "x" * 500):
            with self.subTest(url[:40]):
                self.register(url=url, expect=USAGE, message="webhooks: --url: ")
        self.assertEqual(self.mock.requests(), [])
        self.register("--event", "workorder.created", url="http://127.0.0.1:8080/")

    def test_refused_by_the_server(self):
        self.mock.fault("status", status=403, body='{"errors":[{"error":"User don\'t have the right permissions"}]}')
        self.register(expect=NOPERM, message="registering NEW_WORK_ORDER at /subscriptions: 403: User don't have the right "
                      "permissions: the token may not do this")
        self.mock.fault("status", status=401, body="")
        self.register(expect=NOPERM, message="401: the token was refused; make a new one")

    def test_pending_approval(self):
        self.mock.config(subscription_status="PENDING_APPROVAL")
        run = self.register("--event", "workorder.created")
        self.assertRegex(run.err, "901 is PENDING_APPROVAL: it delivers nothing until MaintainX has approved it")

    def test_a_failure_in_the_middle_is_gone_on_with(self):
        self.mock.fault("status", status=500, skip=2, times=-1, path="/v1/subscriptions")
        self.register(expect=UNAVAILABLE, message="registering WORK_ORDER_CHANGE at /subscriptions: 500")
        self.assertEqual(len(self.rows()), 2)
        self.assertEqual(len(self.mock.requests()), 3, "what may have been done is not tried again")
        self.mock.clear_faults()
        self.register()
        self.assertEqual([r[0] for r in self.rows("events")], TYPES)

    def test_a_rate_limit_is_waited_for(self):
        self.mock.fault("429", retry_after=1)
        self.register("--event", "workorder.created")
        self.assertEqual(len(self.rows()), 1)

    def test_a_rate_limit_that_is_used_up_is_known_to_the_next_run(self):
        self.mock.config(rate_limit={"requests": 1, "window_ms": 60000})
        self.register("--event", "workorder.created")
        self.sync("--max-time", "300ms", expect=TRY_LATER, message="the server asks to wait .*, longer than this run may last")
        self.assertEqual(self.mock.state()["rate_limited"], 0)

    def test_neither_spelling(self):
        self.mock.fault("status", status=404, times=-1)
        self.register(expect=UNAVAILABLE, message="neither at /subscriptions nor at /webhooks")

    @long
    def test_one_that_cannot_be_stored_is_named(self):
        """Its secret is lost: without its id it would go on for ever."""
        self.wosync("webhooks", "list")
        self.mock.config(page_delay_ms=300)
        self.mock.reset_log()
        registering = self.start("webhooks", "register", "--url", URL)
        self.wait_for(lambda: self.mock.state()["max_concurrent"] >= 1, "its request")
        with contextlib.closing(sqlite3.connect(self.store, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            run = registering.wait()
            db.execute("ROLLBACK")
        self.assertFails(run, TRY_LATER, "webhooks: 901: it is registered, and could not be stored: .*locked.*; delete it by: "
                                         "wosync webhooks delete 901, and register anew")
        self.assertEqual((run.out, self.rows()), ("", []))
        self.assertEqual(self.wosync("webhooks", "delete", "901").out, "deleted 901\n")
        self.register()

    def test_what_the_server_says_forges_no_line(self):
        self.register("--event", "workorder.created")
        self.mock.fault("status", status=200, path="/v1/subscriptions/901", times=2, body=json.dumps(
            {"subscription": {"id": "901", "type": "X\x1b[31m", "url": "https://x\nid      7", "status": "VALID\nid 7"}}))
        self.assertEqual(self.wosync("webhooks", "show", "901").out,
                         "id      901\nevents  X?[31m\nurl     https://x?id      7\nstatus  VALID?id 7\n")
        self.assertRegex(self.wosync("webhooks", "list").out, r"^id .*\n901 +VALID\?id 7 .*\n$")

    def test_odd_answers(self):
        for body in ("", "[]", "{}", '{"id": "../../x", "status": "VALID"}', '{"id": null}', "<html>"):
            with self.subTest(body):
                self.mock.fault("status", status=201, body=body)
                self.register(expect=PROTOCOL, message="api: registering NEW_WORK_ORDER at /subscriptions: the answer")

    def test_list(self):
        self.assertEqual(self.wosync("webhooks", "list").out, "nothing is registered; see: wosync webhooks --help\n")
        self.register()
        self.mock.ask_delete("/subscriptions/902")
        run = self.wosync("webhooks", "list")
        self.assertRegex(run.err, r"webhooks: 902 \(WORK_ORDER_STATUS_CHANGE\) is gone: MaintainX removes")
        self.assertEqual([line.split()[:2] for line in run.out.splitlines()],
                         [["id", "status"], ["901", "VALID"], ["902", "GONE"], ["903", "VALID"], ["904", "VALID"]])
        run = self.wosync("webhooks", "list")
        self.assertEqual(run.err, "")
        self.assertEqual(self.register().out.splitlines()[1], "registered 905: WORK_ORDER_STATUS_CHANGE to " + URL)

    def test_list_when_the_server_cannot_be_asked(self):
        self.configure(api="give_up = 0")
        self.assertNotEqual(self.register().out, "")
        self.mock.fault("status", status=503, times=-1)
        run = self.wosync("webhooks", "list", expect=UNAVAILABLE, message="api: subscription 901: 503")
        self.assertEqual(len(run.out.splitlines()), 5, "what is known is shown")
        self.sql("DELETE FROM subscriptions")
        self.mock.clear_faults()
        self.assertRegex(self.wosync("webhooks", "list").out, "nothing is registered")

    def test_list_of_the_other_spelling(self):
        self.mock.config(webhook_api="webhooks")
        self.register()
        self.assertRegex(self.wosync("webhooks", "list").out, "\n901 +VALID")
        self.mock.ask_delete("/webhooks/901")
        self.assertRegex(self.wosync("webhooks", "list").out, "\n901 +GONE")

    def test_show(self):
        self.register()
        self.assertEqual(self.wosync("webhooks", "show", "903").out,
                         "id      903\nevents  WORK_ORDER_CHANGE\nurl     %s\nstatus  VALID\n" % URL)
        self.wosync("webhooks", "show", "999", expect=UNAVAILABLE, message=r"webhooks: 999: MaintainX has no such subscription \(404\); wosync webhooks list shows the ids\n$")

    def test_show_of_what_someone_else_registered(self):
        """Nobody has found out which API the server has: the one it documents is asked."""
        self.mock.fault("status", status=200, body='{"subscription": {"id": "903"}}')
        self.assertEqual(self.wosync("webhooks", "show", "903").out, "id      903\nevents  \nurl     \nstatus  VALID\n")
        self.assertEqual([r["path"] for r in self.mock.requests()], ["/v1/subscriptions/903"])
        self.assertEqual(self.rows(), [])

    def test_delete_refused(self):
        self.register("--event", "workorder.created")
        self.mock.fault("status", status=403, body="{}")
        run = self.wosync("webhooks", "delete", "901", expect=NOPERM, message="deleting subscription 901: 403")
        self.assertEqual(run.out, "")
        self.assertEqual([r[0] for r in self.rows("id")], ["901"])

    def test_delete(self):
        self.register()
        self.assertEqual(self.wosync("webhooks", "delete", "901").out, "deleted 901\n")
        self.assertEqual(self.wosync("webhooks", "delete", "901").out, "901 was gone already\n")
        self.assertEqual([r[0] for r in self.rows("id")], ["902", "903", "904"])

    def test_secret(self):
        self.register("--event", "workorder.created")
        known = self.rows("secret")[0][0]
        self.sql("UPDATE subscriptions SET secret = 'stale'")
        self.assertEqual(self.wosync("webhooks", "secret", "901").out, known + "\n")
        self.assertEqual(self.rows("secret")[0][0], known)

    def test_secret_of_none(self):
        run = self.wosync("webhooks", "secret", "999", expect=UNAVAILABLE, message=r"webhooks: 999: MaintainX has no such subscription \(404\); wosync webhooks list shows the ids\n$")
        self.assertEqual(run.out, "")

    def test_secret_of_the_other_spelling(self):
        self.mock.config(webhook_api="webhooks")
        self.register()
        self.wosync("webhooks", "secret", "901", expect=UNAVAILABLE, message="this server shows no secrets")

    def test_usage(self):
        for arguments, message in (((), "write register, list"), (("nonsense",), "nonsense: unknown"),
                                   (("register",), "register: --url is missing"), (("show",), "show: the id is missing"),
                                   (("show", "1", "2"), "2: unexpected argument"), (("list", "1"), "1: unexpected argument"),
                                   (("show", "../x"), r"\.\./x: not an id"), (("list", "--url", URL), "--url is an option of register"),
                                   (("register", "--url", URL, "--event", "x"), "--event x: unknown")):
            with self.subTest(arguments):
                self.wosync("webhooks", *arguments, expect=USAGE, message="webhooks: " + message)
        self.assertRegex(self.wosync("webhooks", "--help").out, "example:  wosync webhooks register")
        self.assertRegex(self.wosync("webhooks", "list", "--help").out, "example:")
        self.assertRegex(self.wosync("webhooks", "-h").out, "example:")

    def test_without_a_token(self):
        self.register(env={"MAINTAINX_API_KEY": None}, expect=CONFIG, message="no token")

    def test_a_broken_configuration(self):
        self.configure(api="nonsense = 1")
        self.register(expect=CONFIG, message="nonsense: unknown key")
        self.assertEqual(self.mock.requests(), [])


class Secrets(Webhooks):
    def test_a_delivery_signed_with_a_registered_secret(self):
        del self.env["MAINTAINX_WEBHOOK_SECRET"]
        old = self.mock.create_old()[0]
        self.sync_silently()
        self.wosync("webhooks", "register", "--url", URL)
        self.mock.update(old, title="Changed")
        body = json.dumps(self.public(old)).encode()
        for (secret,) in self.sql("SELECT secret FROM subscriptions"):
            answer = self.send(body, lambda b: signed(b, secret))
            self.assertNotIn(secret, answer.run.out + answer.run.err)
        self.assertEqual(len(self.ids()), 1)
        self.assertEqual(self.cgi(body, signed(body, "other")).status, 401)


class Fallback(Webhooks):
    def setUp(self):
        super().setUp()
        self.one = self.mock.create_old()[0]
        self.sync_silently()

    def webhook(self):
        self.mock.update(self.one, title="By webhook")
        self.send(self.public(self.one))

    def fallback(self, requests, reason):
        self.mock.reset_log()
        run = self.wosync("-v", "sync", "--fallback", "--no-dispatch", message=reason)
        self.assertEqual([r["path"] for r in self.mock.requests()], requests, str(run))

    def age(self, table, column, seconds):
        self.sql("UPDATE %s SET %s = %s - %d" % (table, column, column, seconds * 1000))

    POLL = ["/v1/workorders"]

    def test_no_webhook_ever(self):
        self.fallback(self.POLL, "polling: no webhook has brought a work order yet")

    def test_webhooks_come_in(self):
        self.webhook()
        self.fallback([], "webhooks come in, no poll is called for")
        self.assertSilent(self.wosync("sync", "--fallback", "--no-dispatch"))

    def test_silence(self):
        self.webhook()
        self.age("webhook_stats", "last_good_ms", 890)
        self.fallback([], "no poll is called for")
        self.age("webhook_stats", "last_good_ms", 11)
        self.fallback(self.POLL, "polling: no webhook has brought a work order for as long as webhook_silence")

    def test_safety_poll(self):
        self.webhook()
        self.age("account", "observed_ms", 6 * 3600 - 60)
        self.fallback([], "no poll is called for")
        self.age("account", "observed_ms", 61)
        self.fallback(self.POLL, "polling: the last poll is as long ago as safety_poll")
        self.fallback([], "no poll is called for")

    def test_a_subscription_that_is_gone(self):
        self.wosync("webhooks", "register", "--url", URL, "--event", "workorder.created")
        self.webhook()
        self.fallback([], "no poll is called for")
        self.mock.ask_delete("/subscriptions/901")
        self.age("webhook_stats", "last_good_ms", 1000)
        self.age("subscriptions", "checked_ms", 1000)
        self.fallback(["/v1/workorders", "/v1/subscriptions/901"], "901 .NEW_WORK_ORDER. is gone: MaintainX removes")
        self.webhook()
        self.fallback(["/v1/workorders"], "polling: a subscription is gone or not valid")
        self.assertEqual(self.lane()["brokenSubscriptions"], 1)
        self.assertRegex(self.wosync("status").out, "subscriptions that are gone or not valid: 1; see: wosync webhooks list")

    def test_an_unfinished_pass(self):
        self.webhook()
        self.wosync("dispatch")
        self.mock.create_old(4)
        self.mock.config(max_limit=1, page_delay_ms=30)
        self.sql("UPDATE account SET watermark_ms = NULL, started_ms = NULL")
        self.sync_some_pages()
        self.mock.config(page_delay_ms=0)
        self.wosync("-v", "sync", "--fallback", message="polling: a pass is unfinished")

    def test_before_the_first_poll(self):
        self.mock.config(filter_updatedAtGte="honoured")  # one probe, whichever comes first
        os.unlink(self.store)
        self.webhook()
        self.fallback(self.POLL * 2 + ["/v1/users", "/v1/teams"], "polling: nothing was polled yet")

    def test_a_poll_that_fails_looks_after_no_subscription(self):
        self.configure(api="give_up = 0")
        self.wosync("webhooks", "register", "--url", URL, "--event", "workorder.created")
        self.age("subscriptions", "checked_ms", 1000)
        self.mock.fault("status", status=503, times=-1)
        self.mock.reset_log()
        self.wosync("sync", "--fallback", expect=UNAVAILABLE, message="api: work orders: 503")
        self.assertEqual([r["path"] for r in self.mock.requests()], ["/v1/workorders"])

    def test_hints_are_asked_for_without_a_poll(self):
        self.configure(api="give_up = 0")
        self.webhook()
        self.mock.fault("status", status=503)
        self.send(self.public(self.one))
        self.make_due()
        self.fallback(["/v1/workorders/%d" % self.one], "no poll is called for")

    def test_what_is_no_sign_of_life(self):
        """A comment's refetch that fails, a refused delivery, an unsupported event: none of them stands for polling."""
        self.webhook()
        self.age("webhook_stats", "last_good_ms", 901)
        self.mock.fault("status", status=500, times=-1, path="/v1/workorders/%d" % self.one)
        self.send(self.public(self.one, "NEW_COMMENT_ON_WORK_ORDER", type="TEXT", comment="x"))
        self.send({"eventType": "USER_LOGOUT", "orgId": 1001})
        self.fallback(self.POLL, "polling: no webhook has brought a work order for as long as webhook_silence")

    def test_a_refused_delivery_calls_for_a_poll(self):
        self.webhook()
        self.fallback([], "no poll is called for")
        self.send(b"{", expect=422)
        self.fallback(self.POLL, "polling: a webhook was refused since the last poll")
        self.fallback([], "no poll is called for")

    def test_what_fell_silent_is_found_by_polling(self):
        """Webhooks come, fail without a word, and come again: nothing is missed, nothing told twice."""
        self.configure(sync="webhook_silence = 1s")
        self.webhook()
        lost = self.mock.update(self.one, status="DONE")
        self.age("webhook_stats", "last_good_ms", 2)
        self.wosync("sync", "--fallback", "--no-dispatch")
        self.assertIn("workorder.completed/%d/%s" % (self.one, lost), self.ids())
        self.webhook()
        self.assertNothingDoubled()
        self.assertSnapshotsAreTrue()
        self.assertEqual(self.lane()["foundByPolling"], 1)
