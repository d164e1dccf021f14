"""Pings: a service that watches over cron jobs hears how each sync went, and its own trouble is not the run's."""
import re
import unittest

from harness import CONFIG, DATA, DONE, NOPERM, TRY_LATER, UNAVAILABLE, Case
from receiver import Answer, Receiver

SECRET = "5f0bcd1e-the-check"


class Ping(Case):
    def setUp(self):
        super().setUp()
        self.answers = []
        self.receiver = Receiver(self, lambda request: self.answers.pop(0) if self.answers else None)
        self.url = "%s/%s" % (self.receiver.url, SECRET)
        self.ping()

    def ping(self, more="", url=None, **how):
        self.configure("[metrics]\nping_url = %s\n%s" % (url or self.url, more), **how)

    def check_always(self, run):
        super().check_always(run)
        self.assertNotIn(SECRET, run.out + run.err, "the address was printed")

    def pings(self):
        """What was received: (path below the secret, rid, body)."""
        found = []
        for request in self.receiver.requests:
            self.assertEqual(request.method, "POST")
            path, _, query = request.path.partition("?")
            self.assertTrue(path.startswith("/" + SECRET), path)
            rid = re.fullmatch(r"rid=([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})", query)
            self.assertIsNotNone(rid, query)
            found.append((path[len(SECRET) + 1:], rid.group(1), request.body.decode()))
        self.receiver.requests.clear()
        return found

    def test_success(self):
        self.mock.create_old(2)
        self.sync()
        [(path, rid, body)] = self.pings()
        self.assertEqual(path, "")
        self.assertRegex(body, r"^sync: exit status 0; records: 2, events: 0, requests: \d+, delivered: 0, dead: 0\n$")
        self.sync()
        self.assertNotEqual(self.pings()[0][1], rid, "two runs have the same number")

    def test_start(self):
        self.ping("ping_start = yes\n")
        self.sync()
        (start, first, nothing), (end, second, _) = self.pings()
        self.assertEqual((start, end), ("/start", ""))
        self.assertEqual(first, second)
        self.assertEqual(nothing, "")

    def test_a_refused_token_is_a_failure_and_its_lines_are_the_body(self):
        run = self.sync(env={"MAINTAINX_API_KEY": "another-token"}, expect=NOPERM)
        [(path, _, body)] = self.pings()
        self.assertEqual(path, "/fail")
        self.assertRegex(body, r"^sync: exit status 77; ")
        self.assertIn(run.err.splitlines()[0].split(": ", 1)[1], body)
        self.assertNotIn("another-token", body)

    def test_a_wrong_configuration_is_a_failure(self):
        self.ping("ping_start = yes\n", sync="lookback = soon\n")
        self.sync(expect=CONFIG)
        (start, _, _), (end, _, body) = self.pings()
        self.assertEqual((start, end), ("/start", "/fail"))
        self.assertIn("lookback = soon", body)

    def test_an_unreachable_minute_is_noted_and_no_alarm(self):
        self.ping(api="give_up = 0s\n")
        self.mock.stop()
        self.sync(expect=UNAVAILABLE)
        [(path, _, body)] = self.pings()
        self.assertEqual(path, "/log")
        self.assertRegex(body, r"exit status 69;")

    def test_work_that_another_run_does_is_noted(self):
        self.sync()
        self.pings()
        with self.holding("poll", "deliver"):
            self.sync(expect=TRY_LATER)
        self.assertEqual([path for path, _, _ in self.pings()], ["/log"])

    def test_quarantine_is_success(self):
        self.mock.create_old(2)
        self.mock.create({"title": "Carrier", "_raw": '{"id": "no number"}'})
        self.sync(expect=DATA)
        self.assertEqual([path for path, _, _ in self.pings()], [""])

    def test_none_by_other_commands_and_dry_runs(self):
        self.sync()
        self.pings()
        for arguments in (["sync", "--dry-run"], ["dispatch"], ["reconcile"], ["status"], ["config"], ["check"]):
            self.wosync(*arguments)
        self.assertEqual(self.pings(), [])

    def test_a_query_of_the_address_is_kept(self):
        self.ping(url=self.url + "?create=1")
        self.sync(env={"MAINTAINX_API_KEY": "another-token"}, expect=NOPERM)
        [request] = self.receiver.requests
        self.assertRegex(request.path, r"^/%s/fail\?create=1&rid=[0-9a-f-]{36}$" % SECRET)

    def test_a_server_that_fails_once_is_tried_again(self):
        self.answers = [Answer(500)]
        run = self.sync()
        self.assertSilent(run)
        first, second = self.pings()
        self.assertEqual(first, second)

    def test_trouble_is_one_warning_and_never_the_runs(self):
        for answers, tries, pattern in (([Answer(500), Answer(503)], 2, "HTTP 503"), ([Answer(404)], 1, "HTTP 404"),
                                        ([Answer(reset=True), Answer(close=True)], 2, "."),
                                        ([Answer(302, headers={"Location": self.url})] * 2, 2, "HTTP 302")):
            with self.subTest(pattern=pattern):
                self.answers = list(answers)
                run = self.sync(expect=DONE, message=r"^wosync: warning: ping: .*%s.*check ping_url in \[metrics\]" % pattern)
                self.assertEqual(len(run.err.splitlines()), 1)
                self.assertEqual(len(self.pings()), tries)

    def test_the_start_is_tried_once(self):
        self.ping("ping_start = yes\n")
        self.answers = [Answer(500)]
        self.sync(expect=DONE, message=r"^wosync: warning: ping: .*HTTP 500")
        self.assertEqual([path for path, _, _ in self.pings()], ["/start", ""])

    def test_nobody_there(self):
        self.ping(url="http://127.0.0.1:9/" + SECRET)
        self.sync(expect=DONE, message=r"^wosync: warning: ping: ")

    def test_a_long_report_is_cut(self):
        self.mock.create_old(1)
        self.configure("[metrics]\nping_url = %s\n" % self.url + "".join(
            "[handler h%d]\ntype = nonsense%s\n" % (i, "x" * 80) for i in range(900)))
        self.sync(expect=CONFIG)
        [(path, _, body)] = self.pings()
        self.assertEqual(path, "/fail")
        self.assertLessEqual(len(body), 100000)
        self.assertGreater(len(body), 90000)

    def test_a_signal_ends_the_run_without_a_ping(self):
        slow = Receiver(self, lambda request: Answer(hang=True))
        self.ping("[handler erp]\ntype = http\nurl = %s/\n" % slow.url)
        self.sync()
        self.pings()
        self.mock.create({"title": "New"})
        running = self.start("sync")
        self.wait_for(lambda: slow.requests, "the delivery")
        running.signal(15)
        running.wait()
        self.assertEqual(self.pings(), [])

    # --- where the address comes from ---

    def test_it_is_a_secret_from_a_file_or_the_environment(self):
        self.ping(url="file:" + self.write("ping.url", self.url + "\n"))
        self.sync()
        self.assertEqual(len(self.pings()), 1)
        self.ping(url="env:PING")
        self.sync(env={"PING": self.url})
        self.assertEqual(len(self.pings()), 1)
        self.ping(url="file:" + self.write("ping.url", self.url, mode=0o644))
        self.assertRegex(self.sync().err, r"warning: .*ping.url: others can read it")

    def test_it_is_masked_wherever_it_would_be_shown(self):
        run = self.wosync("config")
        self.assertRegex(run.out, r"(?m)^ping_url +\*+ ")
        self.ping(url="ftp://127.0.0.1/" + SECRET)
        self.sync(expect=CONFIG, message=r"ping_url = \*+: expected a URL, https://HOST/PATH")
        self.ping(url="https://user:word@127.0.0.1/" + SECRET)
        self.sync(expect=CONFIG, message=r"metrics: ping_url: ")


if __name__ == "__main__":
    unittest.main()
