"""The handler type slack: its words, its manners, and what it makes of Slack's answers."""
import json
import time

from harness import Case, CONFIG, UNAVAILABLE, is_sanitized
from receiver import Answer, Receiver

SECRET_PATH = "/services/T0AB12/B0CD34/9fK2sLw81mQx77pZ"


class SlackCase(Case):
    slow = True

    def setUp(self):
        super().setUp()
        self.slack = Receiver(self)
        self.env["SLACK_WEBHOOK_URL"] = self.slack.url + SECRET_PATH
        self.chat()

    def chat(self, *lines):
        self.configure("[handler chat]\ntype = slack\nurl = env:SLACK_WEBHOOK_URL\n%s\n" % "\n".join(lines))

    def texts(self):
        return [json.loads(request.body)["text"] for request in self.slack.requests]

    def told(self, **fields):
        """What is said of a work order that was created with these fields, and its id."""
        number = self.mock.create(fields)[0]["id"]
        self.sync()
        return self.texts()[-1], number

    def link(self, number):
        return " <https://app.getmaintainx.com/workorders/%d|#%d>" % (number, number)


class Words(SlackCase):
    def setUp(self):
        super().setUp()
        self.sync()

    def test_created(self):
        for priority, begin in (("HIGH", ":rotating_light: MaintainX Alert: High priority WO created: "),
                                ("MEDIUM", ":information_source: MaintainX Alert: Medium priority WO created: "),
                                ("NONE", ":information_source: MaintainX Alert: WO created: ")):
            text, number = self.told(title="Pump 3 leaks", priority=priority)
            self.assertEqual(text, begin + "Pump 3 leaks" + self.link(number))
        request = self.slack.requests[0]
        self.assertEqual((request.method, request.path), ("POST", SECRET_PATH))
        self.assertEqual(request.headers["content-type"], "application/json")
        self.assertEqual(list(json.loads(request.body)), ["text"])

    def test_the_life_of_a_work_order(self):
        _, number = self.told(title="Belt", priority="LOW")
        self.mock.update(number, status="DONE")
        self.sync()
        self.mock.update(number, title="Belt 2", priority="HIGH")
        self.sync()
        end = self.link(number)
        self.assertEqual(self.texts()[1:4], [
            ":arrows_counterclockwise: MaintainX Alert: Low priority WO status changed from OPEN to DONE: Belt" + end,
            ":white_check_mark: MaintainX Alert: Low priority WO completed: Belt" + end,
            ":pencil2: MaintainX Alert: Low priority WO updated (%s): Belt" % ", ".join(
                self.events()[3]["data"]["changes"]) + end])
        changed = self.texts()[4]
        self.assertTrue(changed.startswith(":pencil2: MaintainX Alert: High priority WO updated ("))
        for field in ("title", "priority"):
            self.assertRegex(changed, r"\(.*\b%s\b.*\): Belt 2 <" % field)

    def test_titles(self):
        for title, shown in (
                ("a & b < c > d", "a &amp; b &lt; c &gt; d"),
                ("&amp; <!channel> <@U1>", "&amp;amp; &lt;!channel&gt; &lt;@U1&gt;"),
                ('"quoted" and \'so\' \\ on', '"quoted" and \'so\' \\ on'),
                ("two\nlines\r\nand\ta tab", "two lines and a tab"), ("  \n ", "(no title)"),
                ("bell\a escape\x1b[31m", "bell escape [31m"),
                ("\U0001f6a8 \u00e9t\u00e9 \u6f0f\u6c34 \U0001f469\u200d\U0001f527",
                 "\U0001f6a8 \u00e9t\u00e9 \u6f0f\u6c34 \U0001f469\u200d\U0001f527"),
                ("left \u202eright\u2028next", "left right next"), ("$(touch pwned) `id` ; rm", "$(touch pwned) `id` ; rm")):
            with self.subTest(title=title):
                text, number = self.told(title=title)
                self.assertEqual(text, ":information_source: MaintainX Alert: WO created: " + shown + self.link(number))

    def test_long_titles_are_cut_between_characters(self):
        for unit in ("x", "\u00e9", "\u6f0f", "\U0001f6a8", "&"):
            text, number = self.told(title=unit * 10000)
            shown = text.removeprefix(":information_source: MaintainX Alert: WO created: ").removesuffix(self.link(number))
            self.assertEqual(shown, ("&amp;" if unit == "&" else unit) * 250 + "\u2026")
        text, number = self.told(title="y" * 250)
        self.assertIn("y" * 250 + self.link(number), text)

    def test_no_title(self):
        self.assertIn("WO created: (no title) <", self.told(title="")[0])

    def test_a_link_of_ones_own(self):
        self.chat("link = https://eam.example.com/?wo={id}&tab=1#{id}")
        text, number = self.told(title="T")
        self.assertTrue(text.endswith(" <https://eam.example.com/?wo=%d&amp;tab=1#%d|#%d>" % (number, number, number)))


class Manners(SlackCase):
    def test_one_message_a_second_in_order(self):
        self.sync()
        self.mock.create(*({"title": "T%d" % i} for i in range(4)))
        began = time.time()
        run = self.sync()
        self.assertEqual([text.split("created: ")[1].split(" <")[0] for text in self.texts()], ["T0", "T1", "T2", "T3"])
        self.assertASecondEach(began)
        self.assertLess(run.seconds, 30)

    def assertASecondEach(self, began):
        """One message a second since then. When each was sent is not to be seen here: one that came late makes the time to
        the next look short."""
        for i, request in enumerate(self.slack.requests):
            self.assertGreaterEqual(request.at - began, i - 0.01)

    def test_the_second_holds_from_run_to_run(self):
        self.sync()
        began = time.time()
        for title in ("T0", "T1", "T2"):
            self.told(title=title)
        self.assertEqual(len(self.slack.requests), 3)
        self.assertASecondEach(began)

    def test_the_second_holds_within_a_run(self):
        """A sync delivers twice: what is due, and what it has found."""
        self.sync()
        self.mock.create({"title": "T0"})
        self.sync("--no-dispatch")
        self.mock.create({"title": "T1"})
        began = time.time()
        self.sync()
        self.assertEqual(len(self.slack.requests), 2)
        self.assertASecondEach(began)

    def test_a_clock_that_went_back_keeps_no_one_waiting(self):
        self.sync()
        self.told(title="T0")
        self.sql("UPDATE handlers SET last_success_ms = last_success_ms + 86400000")
        self.mock.create({"title": "T1"})
        run = self.sync("--max-time", "20s")
        self.assertEqual(len(self.slack.requests), 2)
        self.assertLess(run.seconds, 15)

    def test_a_digest(self):
        old = self.mock.create_old(3)
        self.sync()
        numbers = [made["id"] for made in self.mock.create(*(
            {"title": "T%d & co" % i, "priority": "HIGH" if i in (2, 5) else "LOW"} for i in range(25)))]
        self.mock.update(old[0], status="DONE", priority="HIGH")
        self.sync()
        self.assertEqual(len(self.slack.requests), 1)
        lines = self.texts()[0].split("\n")
        self.assertEqual(lines[0], ":inbox_tray: MaintainX Alert: 28 events: 25 WO created, 1 WO status changed, "
                                   "1 WO completed, 1 WO updated")
        self.assertEqual(len(lines), 6)
        self.assertIn(":pencil2: High priority WO updated", lines[3])
        self.assertIn("|#%d>" % old[0], lines[3])
        self.assertEqual(lines[1:3] + lines[4:], [
            ":rotating_light: High priority WO created: T5 &amp; co" + self.link(numbers[5]),
            ":rotating_light: High priority WO created: T2 &amp; co" + self.link(numbers[2]),
            ":information_source: Low priority WO created: T24 &amp; co" + self.link(numbers[24]),
            ":information_source: Low priority WO created: T23 &amp; co" + self.link(numbers[23])])
        self.assertEqual(self.sql("SELECT state, count(*) FROM delivery_log GROUP BY state"), [("done", 28)])
        self.wosync("dispatch")
        self.assertEqual(len(self.slack.requests), 1)

    def test_digest_above(self):
        self.chat("digest_above = 2")
        self.sync()
        self.mock.create({"title": "A"}, {"title": "B"})
        self.sync()
        self.assertEqual(len(self.slack.requests), 2)
        self.mock.create({"title": "C"}, {"title": "D"}, {"title": "E"})
        self.sync()
        self.assertEqual(len(self.slack.requests), 3)
        self.assertIn("3 events: 3 WO created", self.texts()[2])
        self.chat("digest_above = 0")
        self.mock.create({"title": "F"})
        self.sync()
        self.assertIn("1 event: 1 WO created", self.texts()[3])

    def test_digest_above_counts_a_run(self):
        """20 that wait, and 20 that the poll finds, are one summary."""
        self.sync()
        self.mock.create(*({"title": "T%d" % i} for i in range(20)))
        self.sync("--no-dispatch")
        self.mock.create(*({"title": "U%d" % i} for i in range(20)))
        self.sync()
        self.assertEqual(len(self.slack.requests), 1)
        self.assertIn("40 events: 40 WO created", self.texts()[0])

    def test_a_summary_of_many_takes_the_memory_of_a_few(self):
        memory = []
        self.sync()
        self.mock.create({"title": "T"})
        self.sync("--no-dispatch")
        for count in (1000, 100000):
            self.sql("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ?) "
                     "INSERT INTO events (id, type, subject, occurred_ms, observed_ms, body) "
                     "SELECT id || '/' || ? || '/' || n, type, subject + n, occurred_ms, observed_ms, body "
                     "FROM (SELECT * FROM events LIMIT 1), c", count, count)
            memory.append(self.wosync("dispatch", measured=True).memory)
        self.assertEqual(len(self.slack.requests), 2)
        self.assertIn("100000 events", self.texts()[1])
        self.assertEqual(self.handler("chat")["pending"], 0)
        if not is_sanitized():
            self.assertLess(memory[1] - memory[0], 8000, memory)  # KiB; SQLite's page cache fills

    def test_a_slow_digest_is_sent_once(self):
        def slow(request):
            time.sleep(1.5)

        self.slack.decide = slow
        self.sync()
        self.mock.create(*({"title": "T%d" % i} for i in range(30)))
        self.sync()
        self.assertEqual(len(self.slack.requests), 1)

    def test_a_digest_that_fails_is_kept(self):
        self.slack.decide = lambda request: Answer(500, "down")
        self.sync()
        self.mock.create(*({"title": "T%d" % i} for i in range(30)))
        self.sync()
        self.assertEqual(self.sql("SELECT state, attempts, count(*) FROM deliveries GROUP BY 1, 2"), [("pending", 1, 30)])
        self.slack.decide = lambda request: None
        self.sql("UPDATE deliveries SET due_ms = 0")
        self.wosync("dispatch")
        self.assertEqual(len(self.slack.requests), 2)
        self.assertEqual(self.texts()[0], self.texts()[1])
        self.assertEqual(self.handler("chat")["pending"], 0)

    def test_retry_after_is_obeyed_by_all_messages(self):
        answers = [Answer(429, "rate_limited", headers={"Retry-After": "3"})]
        self.slack.decide = lambda request: answers.pop() if answers else None
        self.sync()
        self.mock.create({"title": "A"}, {"title": "B"})
        self.sync()
        first, second = self.slack.requests
        self.assertGreaterEqual(second.at - first.at, 2.95)
        rows = self.sql("SELECT state, due_ms - changed_ms, error, event_seq FROM deliveries "
                        "UNION ALL SELECT state, NULL, error, event_seq FROM delivery_history ORDER BY event_seq")
        self.assertEqual(rows[0][:3], ("pending", 3000, "HTTP 429: rate_limited"))
        self.assertEqual(rows[1][0], "done")
        self.wait_for(lambda: time.time() > second.at + 3, "the time that Slack asked for")
        self.wosync("dispatch")
        self.assertEqual(self.handler("chat")["pending"], 0)

    def test_a_long_retry_after_ends_it_for_this_run(self):
        self.slack.decide = lambda request: Answer(429, "rate_limited", headers={"Retry-After": "120"})
        self.sync()
        self.mock.create({"title": "A"}, {"title": "B"})
        run = self.sync()
        self.assertEqual(len(self.slack.requests), 1)
        self.assertLess(run.seconds, 100)


class Answers(SlackCase):
    def test_refusals(self):
        self.sync()
        for status, body in ((400, "invalid_payload"), (403, "action_prohibited"), (404, "no_service"),
                             (410, "channel_is_archived")):
            self.slack.decide = lambda request: Answer(status, body)
            self.mock.create({"title": "T"})
            self.sync(expect=UNAVAILABLE, message="HTTP %d: %s" % (status, body))
            self.assertEqual(self.sql("SELECT state, error FROM delivery_log ORDER BY seq DESC LIMIT 1"),
                             [("dead", "HTTP %d: %s" % (status, body))])

    def test_only_ok_is_yes(self):
        """Another 200 is a proxy, a log-in page, a wrong address."""
        self.sync()
        for body in ('{"ok":false}', "<html>Log in</html>", "", "OK", "ok\n"):
            self.slack.decide = lambda request: Answer(200, body)
            self.mock.create({"title": "T"})
            self.sync()
            state, error = self.sql("SELECT state, error FROM delivery_log ORDER BY seq DESC LIMIT 1")[0]
            self.assertEqual((state, error.rstrip()), ("pending", ("HTTP 200, but the answer is not `ok`: " + body).rstrip()))

    def test_the_address_is_a_secret(self):
        self.sync()
        self.slack.decide = lambda request: Answer(500, "cannot POST %s (%s)" % (
            request.path, request.path.rsplit("/", 1)[1]))
        self.mock.create({"title": "T"})
        runs = [self.wosync("-v", "sync")]
        self.slack.stop()
        self.sql("UPDATE deliveries SET due_ms = 0")
        runs += [self.wosync("-v", "dispatch"), self.wosync("status"), self.wosync("status", "--json")]
        for run in runs:
            self.assertNotIn("9fK2sLw81mQx77pZ", run.out + run.err)
            self.assertNotIn("B0CD34", run.out + run.err)
        self.assertNotIn("9fK2sLw81mQx77pZ", str(self.dump()))

    def test_configuration(self):
        for line, message in (("digest_above = many", "digest_above = many: expected a number"),
                              ("digest_above = -1", "digest_above = -1: expected a number"),
                              ("link = https://example.com/", "link = .*write a URL with {id}"),
                              ("link = {id}", "link = .*write a URL"), ("link = https://e.com/{id}|x", "link = .*write"),
                              ("colour = red", "colour: unknown key for type = slack")):
            self.chat(line)
            with open(self.conf) as f:
                number = f.read().splitlines().index(line) + 1
            self.sync(expect=CONFIG, message=r"wosync\.conf:%d: \[handler chat\] %s" % (number, message))
        self.configure("[handler chat]\ntype = slack\n")
        self.sync(expect=CONFIG, message=r"\[handler chat\] has no url, which type = slack needs")
