"""The handler table: types, on, when, deliveries that fail and come again, handlers that come and go."""
import json

from harness import CONFIG, DONE, Case, ago, is_sanitized


class Handlers(Case):
    def table(self, *handlers, **sections):
        self.configure("\n".join("[handler %s]\n%s\n" % (name, text) for name, text in handlers), **sections)

    def http(self, name, *more):
        return name, "\n".join(("type = http", "url = " + self.mock.sink_url(name)) + more)

    def got(self, name):
        """The ids that a sink was sent, in order."""
        return [json.loads(request["body"])["id"] for request in self.mock.sink(name)]

    def make_due(self):
        self.sql("UPDATE deliveries SET due_ms = 0")

    def begin(self, *handlers):
        self.table(*handlers)
        self.olds = self.mock.create_old(6)
        self.sync_silently()


class Log(Handlers):
    def test_with_no_handler_configured_it_prints_a_line_per_event(self):
        self.begin()
        at = self.mock.update(self.olds[0], status="DONE")
        run = self.sync()
        self.assertEqual(run.out.splitlines(), [
            '%s  workorder.status_changed  #%d  "Old 0"  OPEN -> DONE' % (at, self.olds[0]),
            '%s  workorder.completed  #%d  "Old 0"  DONE' % (at, self.olds[0]),
            '%s  workorder.updated  #%d  "Old 0"  changed: status, completedAt' % (at, self.olds[0])])
        self.assertEqual(run.err, "")

    def test_format_json_prints_the_events_as_they_are_stored(self):
        self.begin(("j", "type = log\nformat = json"))
        self.mock.update(self.olds[0], status="DONE")
        run = self.sync()
        self.assertEqual(run.out, self.wosync("events", "list", "--json").out)

    def test_format_text_can_be_said(self):
        self.begin(("t", "type = log\nformat = text"))
        self.mock.update(self.olds[0], title="Changed")
        self.assertRegex(self.sync().out, r'workorder.updated  #%d  "Changed"  changed: title' % self.olds[0])

    def test_where_stdout_is_full_nothing_is_lost(self):
        """One that fits the buffer, and one that does not."""
        self.begin(("j", "type = log\nformat = json"))
        self.mock.update(self.olds[0], title="Short")
        self.mock.update(self.olds[1], description="x" * 20000)
        with open("/dev/full", "w") as full:
            self.sync(stdout=full)
        self.assertEqual((self.handler("j")["pending"], self.handler("j")["delivered"]), (2, 0))
        self.assertEqual(self.handler("j")["lastError"], "stdout: No space left on device")
        self.make_due()
        run = self.wosync("dispatch")
        self.assertEqual(run.out, self.wosync("events", "list", "--json").out)

    def test_another_format_is_refused(self):
        self.table(("t", "type = log\nformat = xml"))
        self.sync(expect=CONFIG, message=r"\[handler t\] format = xml: write text or json")


class Http(Handlers):
    def test_it_posts_the_event(self):
        self.begin(self.http("erp"))
        self.mock.update(self.olds[0], status="DONE", title="Größe \U0001f527")
        self.sync_silently()
        requests = self.mock.sink("erp")
        self.assertEqual([r["method"] for r in requests], ["POST"] * 3)
        self.assertEqual([r["body"] for r in requests], self.wosync("events", "list", "--json").out.splitlines())
        for request in requests:
            headers = {name.lower(): value for name, value in request["headers"].items()}
            self.assertRegex(headers["content-type"], "^application/json")
            self.assertRegex(headers["user-agent"], "^wosync/")
            self.assertNotIn("authorization", headers)
        self.assertEqual(self.handler("erp")["delivered"], 3)

    def test_every_2xx_is_yes(self):
        self.begin(self.http("erp"))
        for status in (200, 201, 202, 204, 299):
            self.mock.sink_fault("erp", "status", status=status, body="")
            self.mock.update(self.olds[0], title="Changed %d" % status)
            self.sync_silently()
            self.assertEqual(self.ids("--state", "pending"), [], status)
        self.assertEqual(len(self.got("erp")), 5)

    def come_again(self, fault, **details):
        self.begin(self.http("erp"))
        self.mock.sink_fault("erp", fault, **details)
        self.mock.update(self.olds[0], title="Changed")
        run = self.sync()
        self.assertSilent(run)
        number = self.ids()[0]
        self.assertEqual(self.ids("--state", "pending"), [number])
        self.assertEqual(self.got("erp"), [number] if fault != "hang" else self.got("erp"))
        handler = self.handler("erp")
        self.assertEqual((handler["pending"], handler["delivered"]), (1, 0))
        self.assertIsNotNone(handler["lastError"])
        self.mock.clear_faults()
        before = len(self.mock.sink("erp"))
        self.sync_silently()  # it is not due yet
        self.assertEqual(len(self.mock.sink("erp")), before)
        self.make_due()
        self.sync_silently()
        requests = self.mock.sink("erp")
        self.assertEqual(len(requests), before + 1)
        self.assertEqual({r["body"] for r in requests}, {requests[0]["body"]})
        self.assertEqual(json.loads(requests[-1]["body"])["id"], number)
        self.assertEqual(self.ids("--state", "done"), [number])
        self.assertEqual(self.handler("erp")["pending"], 0)

    def test_a_500_comes_again_with_the_same_bytes(self):
        self.come_again("status", status=500)

    def test_a_429_comes_again(self):
        self.come_again("429", retry_after=30)

    def test_a_408_comes_again(self):
        self.come_again("status", status=408)

    def test_a_reset_comes_again(self):
        self.come_again("reset")

    def test_a_timeout_comes_again(self):
        self.table(("erp", "type = http\ntimeout = 3s\nurl = " + self.mock.sink_url("erp")))
        self.olds = self.mock.create_old(2)
        self.sync_silently()
        self.mock.sink_fault("erp", "hang")
        self.mock.update(self.olds[0], title="Changed")
        self.sync_silently()
        self.assertEqual(len(self.ids("--state", "pending")), 1)
        self.make_due()
        self.wosync("dispatch")
        self.assertEqual(len(self.ids("--state", "done")), 1)

    def test_a_receiver_that_is_not_there_comes_again(self):
        self.begin(("erp", "type = http\nurl = http://127.0.0.1:1/x"))
        self.mock.update(self.olds[0], title="Changed")
        self.sync_silently()
        self.assertEqual(len(self.ids("--state", "pending")), 1)
        self.assertRegex(self.handler("erp")["lastError"], "no answer")
        self.table(self.http("erp"))
        self.make_due()
        self.sync_silently()
        self.assertEqual(len(self.got("erp")), 1)

    def test_one_failure_is_one_try_in_a_run(self):
        self.begin(self.http("erp"))
        self.mock.sink_fault("erp", "status", status=500, times=-1)
        self.mock.update(self.olds[0], title="Changed")
        self.sync_silently()
        self.assertEqual(len(self.mock.sink("erp")), 1)
        self.assertEqual(self.sql("SELECT attempts FROM delivery_log"), [(1,)])

    def test_an_enormous_answer_does_no_harm(self):
        """Its status counts, it is not kept in memory, and the event is not sent again."""
        self.begin(self.http("erp"))
        self.mock.sink_fault("erp", "huge", bytes=64 << 20)
        self.mock.update(self.olds[0], title="Changed")
        run = self.sync_silently(measured=True)
        if not is_sanitized():
            self.assertLess(run.memory, 48 * 1024, "KiB resident")
        self.sync_silently()
        self.assertEqual(len(self.mock.sink("erp")), 1)
        self.assertEqual((self.handler("erp")["pending"], self.handler("erp")["lastError"]), (0, None))
        self.assertEqual(len(self.ids()), 1)

    def test_what_a_receiver_says_is_kept_without_control_characters(self):
        self.begin(self.http("erp"))
        self.mock.sink_fault("erp", "status", status=500, body="no\nwosync: forged\u001b[0m")
        self.mock.update(self.olds[0], title="Changed")
        self.sync_silently()
        self.assertNotRegex(self.handler("erp")["lastError"], "[\x00-\x1f]")

    def test_killed_before_the_commit_it_is_sent_again_with_the_same_id(self):
        self.begin(self.http("erp"))
        self.mock.sink_fault("erp", "drip", bytes_per_second=1)
        self.mock.update(self.olds[0], title="Changed")
        running = self.start("sync")
        self.wait_for(lambda: self.mock.sink("erp"), "the delivery")
        running.signal(9)
        running.wait()
        self.mock.clear_faults()
        self.sync_silently()
        bodies = [r["body"] for r in self.mock.sink("erp")]
        self.assertEqual(len(bodies), 2)
        self.assertEqual(bodies[0], bodies[1])
        self.assertEqual(len(self.ids()), 1)

    def test_the_events_of_one_work_order_come_in_order(self):
        self.begin(self.http("erp"))
        for status in ("IN_PROGRESS", "ON_HOLD", "DONE", "OPEN", "DONE"):
            for number in self.olds:
                self.mock.update(number, status=status)
            self.sync("--no-dispatch")
        self.wosync("dispatch")
        got = self.got("erp")
        self.assertEqual(sorted(got), sorted(self.ids()))
        for number in self.olds:
            self.assertEqual([i for i in got if "/%d/" % number in i], [i for i in self.ids() if "/%d/" % number in i])

    def test_a_failure_holds_back_only_its_work_order(self):
        self.begin(self.http("erp"))
        self.mock.update(self.olds[0], status="DONE")
        self.mock.update(self.olds[1], status="DONE")
        self.mock.sink_fault("erp", "status", status=500)
        self.sync_silently()
        # which of the two came first is not said; the one that failed waits as a whole
        waiting = self.ids("--state", "pending")
        self.assertEqual(len({i.split("/")[1] for i in waiting}), 1)
        others = [i for i in self.ids() if i not in waiting]
        self.assertEqual((len(waiting), len(others)), (3, 3))
        got = self.got("erp")
        self.assertEqual([i for i in got if i in others], others)
        self.assertEqual([i for i in got if i in waiting], waiting[:1])
        self.make_due()
        self.sync_silently()
        self.assertEqual([i for i in self.got("erp") if i in waiting], waiting[:1] + waiting)

    def test_a_broken_receiver_holds_back_no_other_handler(self):
        self.begin(self.http("broken"), self.http("good"), ("printed", "type = log"))
        self.mock.sink_fault("broken", "status", status=500, times=-1)
        for number in self.olds:
            self.mock.update(number, status="DONE")
        run = self.sync()
        self.assertEqual(len(run.out.splitlines()), 18)
        self.assertEqual(len(self.got("good")), 18)
        self.assertEqual(self.handler("good")["pending"], 0)
        self.assertEqual(self.handler("broken")["pending"], 18)
        self.mock.clear_faults()
        self.make_due()
        self.sync_silently()
        self.assertEqual(self.handler("broken")["pending"], 0)
        self.assertEqual(sorted(set(self.got("broken"))), sorted(self.ids()))

    def test_what_failed_is_delivered_before_the_poll_even_when_the_api_is_down(self):
        self.begin(self.http("erp"))
        self.mock.sink_fault("erp", "status", status=500)
        self.mock.update(self.olds[0], title="Changed")
        self.sync_silently()
        self.make_due()
        self.configure("[handler erp]\n" + self.http("erp")[1], api="give_up = 0s")
        self.mock.fault("status", status=500, path="/v1", times=-1)
        self.sync(expect=69)
        self.assertEqual(self.handler("erp")["pending"], 0)

    def test_dispatch_asks_maintainx_nothing(self):
        self.begin(self.http("erp"))
        self.mock.update(self.olds[0], title="Changed")
        self.sync_silently("--no-dispatch")
        self.assertEqual(self.mock.sink("erp"), [])
        self.mock.reset_log()
        self.assertSilent(self.wosync("dispatch"))
        self.assertEqual(len(self.mock.sink("erp")), 1)
        self.assertEqual(self.mock.state()["requests"], 0)

    def test_addresses_that_are_none(self):
        for url in ("ftp://example.com/", "example.com", "http://user:pw-4711@example.com/", "env:NOT_SET_ANYWHERE", ""):
            with self.subTest(url=url):
                self.table(("erp", "type = http\nurl = " + url))
                run = self.sync(expect=CONFIG, message=r"wosync.conf:\d+: \[handler erp\] ")
                self.assertNotIn("pw-4711", run.err)

    def test_an_address_from_the_environment(self):
        self.table(("erp", "type = http\nurl = env:ERP_URL"))
        self.env["ERP_URL"] = self.mock.sink_url("from-env")
        olds = self.mock.create_old(1)
        self.sync()
        self.mock.update(olds[0], title="Changed")
        self.sync()
        self.assertEqual(len(self.got("from-env")), 1)

    def test_an_address_that_is_secret_is_in_no_message(self):
        self.env["ERP_URL"] = "http://127.0.0.1:1/hook/secret-part-4711"
        self.begin(("erp", "type = http\nurl = env:ERP_URL"))
        self.mock.update(self.olds[0], title="Changed")
        run = self.wosync("-v", "sync")
        self.assertNotIn("secret-part-4711", run.err + run.out)
        self.assertNotIn("secret-part-4711", self.wosync("status", "--json").out)


class On(Handlers):
    def test_each_takes_what_it_asks_for(self):
        self.begin(self.http("created", "on = workorder.created"),
                   self.http("two", "on = workorder.completed workorder.status_changed"), self.http("star", "on = *"),
                   self.http("all", "on = workorder.*"), self.http("none"))
        self.mock.update(self.olds[0], status="DONE")
        self.mock.create({"title": "New"})
        self.sync_silently()

        def types(name):
            return [i.split("/")[0].split(".")[1] for i in self.got(name)]
        everything = sorted(["created", "status_changed", "completed", "updated"])
        self.assertEqual(types("created"), ["created"])
        self.assertEqual(types("two"), ["status_changed", "completed"])
        for name in ("star", "all", "none"):
            self.assertEqual(sorted(types(name)), everything, name)

    def test_a_list_can_go_on_in_the_next_line(self):
        self.begin(self.http("two", "on = workorder.completed\n  workorder.created"))
        self.mock.update(self.olds[0], status="DONE")
        self.sync_silently()
        self.assertEqual(len(self.got("two")), 1)

    def test_an_unknown_type_is_a_mistake(self):
        self.table(("h", "type = log\non = workorder.create"))
        self.sync(expect=CONFIG, message=r"wosync.conf:\d+: \[handler h\] on: workorder.create: unknown event; did you mean workorder.created\?")

    def test_mistakes_in_the_table(self):
        for text, pattern in (("type = pigeon", "type = pigeon: unknown; known are .*log"), ("on = *", "has no type"),
                              ("type = http", "has no url"), ("type = log\nurl = http://x/", "url: unknown key"),
                              ("type = log\ntimeout = 0s", "timeout = 0s: expected a duration"),
                              ("type = log\ntype = log", "type: set twice")):
            with self.subTest(text=text):
                self.table(("h", text))
                self.sync(expect=CONFIG, message=r"wosync.conf:\d+: \[handler h\] " + pattern)
        self.table(("", "type = log"))
        self.sync(expect=CONFIG, message="handler")


class When(Handlers):
    def check(self, expression, expected):
        self.begin(self.http("w", "on = workorder.updated workorder.created", "when = " + expression))
        self.mock.update(self.olds[0], status="DONE", priority="HIGH", extraFields={"line": "L3"}, title="It's 100 % \"done\"")
        self.mock.update(self.olds[1], priority="LOW", assigneeCount=3)
        self.sync_silently()
        self.assertEqual(sorted(int(i.split("/")[1]) for i in self.got("w")), [self.olds[n] for n in expected])
        self.assertEqual(self.handler("w")["skipped"], 2 - len(expected))

    def test_priority(self):
        self.check("priority = 'HIGH'", [0])

    def test_status_in_a_list(self):
        self.check("status IN ('DONE', 'COMPLETED')", [0])

    def test_previous_status(self):
        self.check("previousStatus = 'OPEN' AND status <> previousStatus", [0])

    def test_a_field_of_the_data(self):
        self.check("data ->> '$.extraFields.line' = 'L3'", [0])

    def test_a_number_in_the_data(self):
        self.check("data ->> '$.assigneeCount' > 2", [1])

    def test_changes(self):
        self.check("changes ->> '$.priority.to' = 'LOW'", [1])

    def test_functions_and_like(self):
        self.check("lower(title) LIKE '%done%' AND length(title) > 3", [0])

    def test_text_with_quotes(self):
        self.check("title = 'It''s 100 % \"done\"'", [0])

    def test_json_each(self):
        self.check("EXISTS (SELECT 1 FROM json_each(changes) WHERE key = 'status')", [0])

    def test_what_is_absent_is_no_match(self):
        self.check("dueDate > '2020'", [])

    def test_null_is_no_match(self):
        self.check("NULL", [])

    def test_true_is_a_match(self):
        self.check("1", [0, 1])

    def test_a_comment_swallows_nothing(self):
        self.check("priority = 'HIGH' -- only those", [0])

    def test_it_can_go_on_in_the_next_lines(self):
        self.check("priority = 'HIGH'\n  AND status = 'DONE'\n  OR priority = 'NONE'", [0])

    def test_mistakes_and_attempts_are_configuration_errors_with_their_line(self):
        for expression in (
                "", "priority =", "priorty = 'HIGH'", "priority = 'HIGH", "nosuch(priority)", "priority = \"HIGH\"",
                "1; DROP TABLE events", "1) FROM (SELECT 1); DELETE FROM events; --", "1, 2",
                "(SELECT name FROM sqlite_schema) IS NULL", "(SELECT 1 FROM pragma_database_list) = 1",
                "load_extension('/tmp/x.so')", "(ATTACH '/etc/passwd' AS x)", "writefile('/tmp/x', 'y')",
                "readfile('/etc/passwd') <> ''", "randomblob(1000000000) <> ''", "priority = ?", "priority = :x", "priority = ?2",
                "1) FROM (SELECT ?1) /*", "1) UNION SELECT (1", "(WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM "
                "c) SELECT count(*) FROM c) > 0", "(SELECT 1 FROM temp.sqlite_temp_schema) = 1",
                "edit('x') = 1", "*", "priority = 'HIGH' ORDER BY 1", "(SELECT 1 FROM events) = 1"):
            with self.subTest(expression=expression):
                self.table(("w", "type = log\nwhen = " + expression))
                run = self.sync(expect=None)
                self.assertEqual(run.status, CONFIG, "when = %s was taken" % expression)
                self.assertRegex(run.err, r"wosync.conf:\d+: ")

    def test_one_that_would_take_for_ever_is_ended_and_its_events_wait(self):
        ten = "json_each('[0,0,0,0,0,0,0,0,0,0]')"
        self.begin(self.http("w", "when = (SELECT count(*) FROM %s a, %s b, %s c,\n  %s d, %s e, %s f, %s g, %s h) > 0"
                             % ((ten,) * 8)), self.http("good"))
        self.mock.update(self.olds[0], title="Changed")
        run = self.sync(expect=CONFIG, message="handler w: when: .*; correct it, its events wait")
        self.assertLess(run.seconds, 60)
        self.assertEqual(len(self.got("good")), 1)
        self.table(self.http("w"), self.http("good"))
        self.sync_silently()
        self.assertEqual(len(self.got("w")), 1)

    def test_one_that_works_hard_works_for_every_event(self):
        ten = "json_each('[0,0,0,0,0,0,0,0,0,0]')"
        self.table(self.http("w", "on = workorder.created", "when = (SELECT count(*) FROM %s a, %s b,\n  %s c) > 0" % (
            (ten,) * 3)))
        self.sync_silently()
        self.mock.change(generate=700)
        self.sync_silently()
        self.assertEqual(len(self.got("w")), 700)

    def test_a_mistake_at_an_event_does_not_lose_it(self):
        self.begin(self.http("w", "when = json_extract(title, '$.x') IS NULL"))
        self.mock.update(self.olds[0], title="no json")
        self.sync(expect=CONFIG, message="handler w: when: .*; correct it, its events wait")
        # the next run meets it before its poll and after it
        self.assertEqual(len(self.sync(expect=CONFIG).err.splitlines()), 1)
        self.table(self.http("w"))
        self.sync_silently()
        self.assertEqual(len(self.got("w")), 1)


    def test_mistakes_at_an_event_are_all_told(self):
        self.begin(self.http("v", "when = json_extract(title, '$.x') IS NULL"),
                   self.http("w", "when = json_extract(title, '$.y') IS NULL"))
        self.mock.update(self.olds[0], title="no json")
        run = self.sync(expect=CONFIG, message="handler v: when: ")
        self.assertRegex(run.err, "handler w: when: ")


class ComingAndGoing(Handlers):
    def test_a_new_one_starts_at_the_end_of_the_log(self):
        self.begin(self.http("first"))
        self.mock.update(self.olds[0], title="Before")
        self.sync_silently()
        self.table(self.http("first"), self.http("second"))
        at = self.mock.update(self.olds[1], title="After")
        self.sync_silently()
        self.assertEqual(len(self.got("first")), 2)
        self.assertEqual(self.got("second"), ["workorder.updated/%d/%s" % (self.olds[1], at)])

    def test_one_that_is_gone_is_shown_as_removed(self):
        self.begin(self.http("first"), self.http("second"))
        self.assertIsNone(self.handler("second")["removed"])
        self.table(self.http("first"))
        self.mock.update(self.olds[0], title="Changed")
        self.sync_silently()
        self.assertIsNotNone(self.handler("second")["removed"])
        self.assertRegex(self.wosync("status").out, r"second .*\(removed from the configuration\)")
        self.assertNotRegex(self.wosync("status").out, r"first .*\(removed")
        self.assertEqual(self.got("second"), [])

    def test_one_that_comes_back_continues_where_it_was(self):
        """A run with another table, such as one without -c, takes nothing away from the handlers that it does not have."""
        self.begin(self.http("first"), self.http("second"))
        self.table(self.http("first"))
        self.mock.update(self.olds[0], title="While it was gone")
        self.sync_silently()
        self.table(self.http("first"), self.http("second"))
        self.mock.update(self.olds[1], title="After")
        run = self.sync(message="handler second: it is back and continues where it was: 0 deliveries and 1 later events wait "
                                "for it; to drop them: wosync events discard --handler second")
        self.assertEqual(len(run.err.splitlines()), 1)
        self.assertCountEqual(self.got("second"), self.ids())
        self.assertIsNone(self.handler("second")["removed"])
        self.sync_silently()

    def test_an_address_that_changes_keeps_the_position(self):
        self.begin(self.http("erp"))
        self.mock.update(self.olds[0], title="Changed")
        self.sync_silently("--no-dispatch")
        self.table(("erp", "type = http\nurl = " + self.mock.sink_url("moved")))
        self.sync_silently()
        self.assertEqual(len(self.got("moved")), 1)
        self.assertEqual(self.mock.sink("erp"), [])

    def test_the_figures_of_each_are_shown(self):
        self.begin(self.http("good"), self.http("bad"), self.http("picky", "when = status = 'NEVER'"))
        self.mock.sink_fault("bad", "status", status=503)
        self.mock.update(self.olds[0], title="Changed", updatedAt=ago(0))
        self.sync_silently()
        self.assertEqual([(h["name"], h["type"], h["pending"], h["dead"], h["delivered"], h["skipped"])
                          for h in self.status()["handlers"]],
                         [("good", "http", 0, 0, 1, 0), ("bad", "http", 1, 0, 0, 0), ("picky", "http", 0, 0, 0, 1)])
        self.assertRegex(self.wosync("status").out, r"oldest pending: \S+ ago; last error: HTTP 503")
        self.assertEqual(self.wosync("status").status, DONE)
