"""What a user types: help, versions, usage errors, quiet and loud runs, logs, events list, status."""
import json
import os
import re
import resource
import signal
import subprocess
import time
import unittest

from harness import (CANTCREAT, CONFIG, DATA, DONE, IO, NOPERM, TOKEN, TRY_LATER, UNAVAILABLE, USAGE, Case,
                     ago, moment_of)
from webhooks import SECRET, signed

COMMANDS = ("sync", "dispatch", "events", "status", "check", "config")


class Proxy(Case):
    def test_the_token_for_a_loopback_address_goes_to_no_proxy(self):
        self.mock.create_old(1)
        self.sync(env={"http_proxy": "http://127.0.0.1:9", "all_proxy": "http://127.0.0.1:9"})


class Help(Case):
    def test_help_lists_every_command(self):
        run = self.wosync("--help", config=False)
        for command in COMMANDS:
            self.assertRegex(run.out, r"(?m)^  %s +\S" % command)
        self.assertEqual(run.err, "")
        self.assertEqual(self.wosync("-h", config=False).out, run.out)

    def test_help_of_each_command_shows_an_example(self):
        for command in COMMANDS:
            with self.subTest(command=command):
                run = self.wosync(command, "--help", config=False)
                self.assertRegex(run.out, r"^usage: wosync %s" % command)
                self.assertRegex(run.out, r"(?m)^example.*wosync %s" % command)
                self.assertEqual(run.err, "")
                for line in run.out.splitlines():
                    self.assertLessEqual(len(line), 120)

    def test_help_needs_no_configuration(self):
        self.write("wosync.conf", "nonsense")
        self.wosync("sync", "--help")
        self.wosync("--version")

    def test_version(self):
        self.assertRegex(self.wosync("--version", config=False).out, r"^wosync \d+\.\d+\.\d+\n$")


class Scheduled(Case):
    """--splay and --ok, for what starts many accounts at once, or takes every exit status for a failure."""

    def waiting(self, store):
        """A run that waits in its splay; what it printed by then."""
        running = self.start("-v", "--splay", "1000h", "sync", env={"WOSYNC_DB": self.path(store)})
        self.wait_for(lambda: b"\n" in os.pread(running.err.fileno(), 1000, 0), "the splay")
        running.signal(signal.SIGTERM)
        run = running.wait()
        self.assertFails(run, TRY_LATER, "splay: stopped by a signal before the run began")
        return re.search(r"splay: waiting for (\d+\.\d) s", run.err).group(1)

    def test_each_store_waits_a_time_of_its_own_and_the_same_each_time(self):
        self.configure()
        first = self.waiting("a.db")
        self.assertEqual(self.waiting("a.db"), first)
        self.assertNotEqual(self.waiting("b.db"), first)
        self.assertEqual(self.mock.state()["requests"], 0)
        self.assertFalse(os.path.exists(self.path("a.db")))

    def test_after_it_the_run_begins(self):
        self.mock.create_old(3)
        for command in (("sync",), ("reconcile",), ("dispatch",), ("backfill", "--since", "1d")):
            self.wosync("--splay", "2ms", *command)
        self.assertEqual(len(self.sql("SELECT 1 FROM snapshots")), 3)

    def test_a_mistake_is_reported_without_waiting(self):
        self.configure(api="page_size = 0")
        self.wosync("--splay", "1000h", "sync", expect=CONFIG, message="page_size")

    def test_other_commands_take_no_splay(self):
        for command in ("status", "config", "receive"):
            self.wosync("--splay", "1s", command, expect=USAGE, message="--splay: it is for sync, backfill")
        self.wosync("--splay", "0s", "sync", expect=USAGE, message="--splay .*: write a duration")

    def test_ok_turns_a_status_into_0_and_keeps_the_message(self):
        self.configure(api="page_size = 0")
        self.wosync("--ok", "75", "--ok", "78", "sync", message="page_size")
        self.wosync("--ok", "75", "sync", expect=CONFIG, message="page_size")

    def test_ok_of_a_run_beside_another(self):
        self.wosync("sync")
        with self.holding("poll", "deliver"):
            self.wosync("sync", expect=TRY_LATER)
            self.wosync("--ok", "75", "sync")

    def test_ok_takes_exit_statuses_alone(self):
        for text in ("0", "256", "-1", "+75", "x", "75x", ""):
            self.wosync("--ok", text, "status", expect=USAGE, message="--ok %s: write an exit status" % re.escape(text))


class Usage(Case):
    def refuse(self, *arguments, message="."):
        run = self.start(*arguments, config=False).wait()
        self.assertFails(run, USAGE, message)
        self.assertEqual(run.out, "")
        self.assertRegex(run.err, r"see: wosync .*--help")
        self.assertEqual(len(run.err.splitlines()), 1)
        self.assertEqual(self.mock.state()["requests"], 0)

    def test_without_a_command(self):
        self.refuse(message="COMMAND: none given")

    def test_an_unknown_command(self):
        self.refuse("snyc", message=r"snyc: unknown command; did you mean sync\?")
        self.refuse("frobnicate", message="frobnicate: unknown command; see:")
        self.refuse(6000 * "x", message=r"^wosync: x{120}\.\.\.x+: unknown command; see: wosync --help\n$")
        self.refuse("sync", "--max-time", 6000 * "x", message=r"^wosync: sync: --max-time x+\.\.\.x+: write a duration such as .*; see: ")
        self.refuse("sync", "-max-time", "5m", message=r"^wosync: sync: -max-time: unknown option; did you mean --max-time\?")
        self.refuse("-version", message=r"^wosync: -version: unknown option; did you mean --version\?")

    def test_unknown_options(self):
        for arguments in (("--frobnicate",), ("-x",), ("sync", "--frobnicate"), ("sync", "-x"), ("dispatch", "--dry-run"),
                          ("status", "--jsonn"), ("receive", "--lost"), ("sync", "--frobnicate=very-secret"), ("status", "-xvery-secret")):
            with self.subTest(arguments=arguments):
                self.refuse(*arguments, message="unknown option")
                self.assertNotIn("very-secret", self.start(*arguments, config=False).wait().err)
        self.refuse("status", "--jsonn", message=r"status: --jsonn: unknown option; did you mean --json\?")

    def test_options_without_their_value(self):
        for arguments in (("events", "list", "--state"), ("sync", "--max-time"), ("-c",), ("--splay",)):
            with self.subTest(arguments=arguments):
                self.refuse(*arguments, message=arguments[-1] + ": its value is missing")
        self.refuse("status", "--json=yes", message="--json: it takes no value")

    def test_names_may_be_shortened(self):
        self.wosync("status", "--js")
        self.refuse("backfill", "--s", "1d", message="--s: more than one option begins so")

    def test_arguments_that_are_too_many(self):
        for arguments in (("sync", "now"), ("dispatch", "x"), ("status", "x")):
            with self.subTest(arguments=arguments):
                self.refuse(*arguments, message="unexpected argument")
        self.refuse("events", "list", "x")

    def test_events_without_what(self):
        self.refuse("events")
        self.refuse("events", "lost", message="lost: unknown; did you mean list")
        self.refuse("events", "everything", message="everything: unknown; write list, retry, discard or replay")

    def test_options_of_events_belong_to_their_command(self):
        self.refuse("events", "replay", message="replay: --handler is missing; write --handler NAME --since T")
        self.refuse("events", "replay", "--handler", "x", message="replay: --since is missing")
        self.refuse("events", "replay", "--since", "1d", message="replay: --handler is missing")
        self.refuse("events", "list", "--dry-run", message="--dry-run is an option of replay")
        self.refuse("events", "retry", "--since", "1d", message="--since is an option of replay")
        self.refuse("events", "retry", "--json", message="is an option of list")
        self.refuse("events", "discard", "x", "--state", "dead", message="is an option of list")
        self.refuse("events", "discard", message="takes the id of an event")
        self.refuse("events", "list", "x", message="x: unexpected argument")
        self.refuse("events", "list", "--handler", "x", message="--handler is an option of discard and replay")
        self.refuse("events", "discard", "x", "--handler", "y", message="the id of an event, or --handler NAME")
        self.refuse("events", "discard", message="the id of an event, or --handler NAME")
        self.refuse("events", "retry", "--type", "workorder.created", message="is an option of list")
        self.refuse("events", "retry", "--id", "x", message="is an option of list")
        self.refuse("webhooks", "list", "--lost", message="unknown option")

    def test_values_that_are_none(self):
        for value in ("soon", "5", "-5s", "0s", "0", "", "1e9s", "99999999999999999999s"):
            with self.subTest(value=value):
                self.refuse("sync", "--max-time", value, message="write a duration such as")
        self.refuse("dispatch", "--max-time", "soon", message="write a duration such as")
        self.refuse("events", "replay", "--handler", "x", "--since", "soon", message="--since soon: write a date")
        self.refuse("--log-format", "xml", "sync", message="write text or json")
        self.refuse("events", "list", "--type", "workorder.eaten", message="--type workorder.eaten: unknown; workorder.created")
        self.refuse("events", "list", "--state", "lost", message="write pending, dead or done")


class Replay(Case):
    def test_a_dry_run_says_what_it_would_deliver_and_changes_nothing(self):
        self.configure("[handler sink]\ntype = http\nurl = %s\n" % self.mock.sink_url("replay"))
        old = self.mock.create_old(2)[0]
        self.sync()
        at = self.mock.update(old, title="Changed")
        self.sync()
        before = self.dump()
        run = self.wosync("events", "replay", "--handler", "sink", "--since", "1h", "--dry-run")
        self.assertEqual(run.out, "workorder.updated/%d/%s\n1 event would be delivered; nothing was changed\n" % (old, at))
        self.assertEqual(self.dump(), before)
        self.wosync("dispatch")
        self.assertEqual(len(self.mock.sink("replay")), 1)
        self.assertIn("1 event is due", self.wosync("events", "replay", "--handler", "sink", "--since", "1h").out)
        self.wosync("dispatch")
        self.assertEqual(len({request["body"] for request in self.mock.sink("replay")}), 1)
        self.assertEqual(len(self.mock.sink("replay")), 2)

    def test_only_what_the_handler_wants_is_due(self):
        self.configure("[handler done]\ntype = http\nurl = %s\non = workorder.completed\n[handler all]\ntype = http\nurl = %s\n"
                       % (self.mock.sink_url("done"), self.mock.sink_url("all")))
        old = self.mock.create_old()[0]
        self.sync()
        at = self.mock.update(old, status="DONE")
        self.sync()
        run = self.wosync("events", "replay", "--handler", "done", "--since", "1h")
        self.assertRegex(run.out, "^1 event is due")
        self.assertEqual(self.ids("--state", "pending"), ["workorder.completed/%d/%s" % (old, at)])
        self.assertEqual((self.handler("done")["pending"], self.handler("all")["pending"]), (1, 0))

    def test_a_handler_that_is_not_there(self):
        self.sync()
        self.wosync("events", "replay", "--handler", "nobody", "--since", "1h", expect=USAGE,
                    message="--handler nobody: the configuration has no such handler; see: wosync config")

    def test_a_handler_table_that_is_wrong(self):
        self.sync()
        self.configure("[handler sink]\ntype = nonsense\n")
        run = self.wosync("events", "replay", "--handler", "sink", "--since", "1h", expect=CONFIG, message="nonsense")
        self.assertEqual(len(run.err.splitlines()), 1)
        self.assertEqual(run.out, "")

    def test_dead_ones_are_taken_up_together(self):
        self.configure("[handler sink]\ntype = http\nurl = %s\n" % self.mock.sink_url("dead"))
        olds = self.mock.create_old(2)
        self.sync()
        self.mock.sink_fault("dead", "status", status=400, times=2)
        for old in olds:
            self.mock.update(old, title="Changed")
        self.sync(expect=UNAVAILABLE)
        self.assertRegex(self.wosync("events", "retry").out, "^2 deliveries queued again")
        self.assertRegex(self.wosync("events", "retry").out, "^0 deliveries queued again")
        self.sync_silently()
        self.assertEqual(self.handler("sink")["delivered"], 2)

    def test_discarded_ones_are_given_up(self):
        self.configure("[handler sink]\ntype = http\nurl = %s\n" % self.mock.sink_url("dead"))
        one, two = self.mock.create_old(2)
        self.sync()
        self.mock.sink_fault("dead", "status", status=400, times=2)
        self.mock.update(one, title="Changed")
        self.mock.update(two, title="Changed")
        self.sync(expect=UNAVAILABLE)
        first, second = self.ids("--state", "dead")
        self.assertEqual(self.wosync("events", "discard", first).out, "1 delivery discarded\n")
        self.assertEqual(self.ids("--state", "dead"), [second])
        self.wosync("events", "discard", first, expect=USAGE, message="no delivery of it is pending or dead")
        self.assertRegex(self.wosync("events", "retry").out, "^1 delivery queued again")
        self.sync_silently()
        sent = [r["headers"]["webhook-id"] for r in self.mock.sink("dead")]
        self.assertEqual((sorted(sent[:2]), sent[2:]), ([first, second], [second]))

    def test_what_reads_needs_no_store(self):
        self.assertSilent(self.wosync("events", "list"))
        self.assertFalse(os.path.exists(self.store))

    def test_what_writes_needs_a_store(self):
        for arguments in (["events", "retry"], ["events", "discard", "x"],
                          ["events", "replay", "--handler", "x", "--since", "1d"]):
            with self.subTest(arguments=arguments):
                self.wosync(*arguments, expect=IO, message="events: store .*: not made yet; the first wosync sync makes it")
        self.assertFalse(os.path.exists(self.store))


class Loudness(Case):
    def setUp(self):
        super().setUp()
        self.mock.create_old(3)

    def test_v_says_what_is_done(self):
        self.mock.config(filter_updatedAtGte="honoured")  # one probe, whichever comes first
        run = self.wosync("-v", "sync")
        self.assertRegex(run.err, r"wosync: api: updatedAt\[gte\] is honoured")
        self.assertRegex(run.err, r"wosync: sync: 3 records on 1 page, 0 events, 4 requests")  # with users and teams
        self.assertEqual(run.out, "")

    def test_q_is_quiet_about_warnings(self):
        self.sync()
        self.mock.create({"_raw": '{"id": 700}'})
        run = self.wosync("-q", "sync", expect=DATA)
        self.assertEqual(run.err, "")

    def test_q_is_not_quiet_about_errors(self):
        run = self.wosync("-q", "sync", expect=CONFIG, env={"MAINTAINX_API_KEY": None})
        self.assertEqual(len(run.err.splitlines()), 1)

    def test_text_is_how_it_logs_anyway(self):
        run = self.wosync("--log-format", "text", "-v", "sync")
        self.assertRegex(run.err, "(?m)^wosync: sync: 3 records")

    def test_json_logs_are_objects_one_a_line(self):
        self.sync()
        self.mock.create({"_raw": '{"id": 700, "title": "\\"quoted\\""}'})
        run = self.wosync("-v", "--log-format", "json", "sync", expect=DATA)
        lines = [json.loads(line) for line in run.err.splitlines()]
        self.assertIn("warning", {line["level"] for line in lines})
        self.assertIn("info", {line["level"] for line in lines})
        for line in lines:
            self.assertEqual(set(line), {"time", "level", "message"})
            self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    def test_json_logs_of_errors_in_the_configuration(self):
        self.write("wosync.conf", "[api]\nx = 1\ny = 2\n")
        run = self.wosync("--log-format", "json", "sync", expect=CONFIG)
        self.assertEqual([json.loads(line)["level"] for line in run.err.splitlines()], ["error", "error"])

    def test_nothing_is_said_when_there_is_nothing_to_say(self):
        self.sync_silently()
        self.sync_silently()
        self.assertSilent(self.wosync("dispatch"))
        self.assertSilent(self.wosync("events", "list"))
        self.assertSilent(self.wosync("-q", "sync"))


class EventsList(Case):
    def setUp(self):
        super().setUp()
        self.olds = self.mock.create_old(3)
        self.sync()
        self.at = self.mock.update(self.olds[0], status="DONE")
        self.made = self.mock.create({"title": "New"})[0]["id"]
        self.sync()

    def test_json_is_one_event_a_line_oldest_first(self):
        lines = self.wosync("events", "list", "--json").out.splitlines()
        self.assertEqual(len(lines), 4)
        self.assertEqual([json.loads(line)["event"].split(".")[1] for line in lines],
                         ["status_changed", "completed", "updated", "created"])

    def test_text_is_a_line_for_people_and_the_id(self):
        lines = self.wosync("events", "list").out.splitlines()
        self.assertEqual(len(lines), 8)
        self.assertEqual(lines[0], '%s  workorder.status_changed  #%d  "Old 0"  OPEN -> DONE' % (self.at, self.olds[0]))
        self.assertEqual(lines[1].strip(), "workorder.status_changed/%d/OPEN-DONE/%s" % (self.olds[0], self.at))
        self.assertRegex(lines[4], 'workorder.updated .*changed: .*status')

    def test_type(self):
        self.assertEqual(self.ids("--type", "workorder.created"), ["workorder.created/%d" % self.made])
        self.assertEqual(self.ids("--type", "workorder.deleted"), [])

    def test_id(self):
        number = "workorder.completed/%d/%s" % (self.olds[0], self.at)
        self.assertEqual(self.ids("--id", number), [number])
        self.assertEqual(self.ids("--id", "workorder.completed/1"), [])
        self.assertEqual(self.ids("--id", "' OR 1=1 --"), [])

    def test_state(self):
        self.assertEqual(len(self.ids("--state", "done")), 4)
        self.assertEqual(self.ids("--state", "pending"), [])
        self.requeue("dead", "event_seq = 2")
        self.assertEqual(self.ids("--state", "dead"), ["workorder.completed/%d/%s" % (self.olds[0], self.at)])
        self.requeue("pending", "event_seq = 3")
        self.assertEqual(len(self.ids("--state", "pending")), 1)

    def test_filters_together(self):
        self.assertEqual(len(self.ids("--state", "done", "--type", "workorder.updated")), 1)
        self.assertEqual(self.ids("--state", "dead", "--type", "workorder.updated"), [])

    def test_the_newest_hundred_unless_more_are_asked_for(self):
        everything = self.ids()
        self.mock.create(*({"title": "N%d" % i} for i in range(150)))
        self.sync()
        everything += [i for i in self.ids() if i not in everything]
        self.assertEqual(len(everything), 154)
        for arguments, count in (((), 100), (("--limit", "7"), 7), (("--limit", "1"), 1)):
            for form in (), ("--json",):
                with self.subTest(arguments=arguments, form=form):
                    run = self.wosync("events", "list", *arguments, *form)
                    self.assertEqual(run.err, "wosync: warning: events: the newest %d of 154 are listed; "
                                     "--limit N or --all lists more\n" % count)
                    lines = run.out.splitlines()
                    ids = [json.loads(line)["id"] for line in lines] if form else [line.strip() for line in lines[1::2]]
                    self.assertEqual(ids, everything[-count:])
        for arguments in ("--all",), ("--limit", "154"), ("--limit", "100000"):
            run = self.wosync("events", "list", *arguments, "--json")
            self.assertEqual((len(run.out.splitlines()), run.err), (154, ""))
        run = self.wosync("events", "list", "--type", "workorder.created", "--limit", "151")
        self.assertEqual((len(run.out.splitlines()), run.err), (302, ""))
        run = self.wosync("events", "list", "--type", "workorder.created", "--limit", "150")
        self.assertRegex(run.err, "the newest 150 of 151 are listed")
        run = self.wosync("events", "list", "--state", "done", "--limit", "3")
        self.assertEqual((len(run.out.splitlines()), run.err),
                         (6, "wosync: warning: events: the newest 3 are listed; --limit N or --all lists more\n"))

    def test_limits_that_are_none(self):
        for text in "0", "-1", "x", "", "5x", "99999999999999999999":
            self.wosync("events", "list", "--limit", text, expect=USAGE, message="--limit %s: expected a number, 1 or more" % text)
        self.wosync("events", "retry", "--all", expect=USAGE, message="--all is an option of list")
        for arguments in ("--all", "--limit", "3"), ("--limit", "3", "--all"):
            self.wosync("events", "list", *arguments, expect=USAGE, message="--all and --limit exclude each other; use one of them")

    def test_it_can_be_cut_off_by_a_pipe(self):
        # a reader that leaves is no bug of ours
        self.mock.change(generate=300)
        self.sync()
        read, write = os.pipe()
        os.close(read)
        run = self.wosync("events", "list", "--json", expect=None, stdout=write)
        os.close(write)
        self.assertIn(run.status, (DONE, 74, -13))


class Status(Case):
    def test_without_a_store(self):
        self.assertRegex(self.wosync("status").out, r"not made yet; the first wosync sync makes it")
        status = self.status()
        self.assertFalse(status["ok"])
        self.assertEqual(status["problems"], ["store %s: not made yet; the first wosync sync makes it" % self.store])

    def test_text_and_json_say_the_same(self):
        self.mock.create_old(4)
        self.sync()
        self.mock.update(100001, status="DONE")
        self.mock.create({"_raw": '{"id": 700, "updatedAt": "%s"}' % ago(0)})
        self.sync(expect=DATA)
        status, text = self.status(), self.wosync("status").out
        self.assertEqual((status["workOrders"], status["events"], status["quarantine"]), (4, 3, 1))
        self.assertEqual(status["baseUrl"], self.mock.url)
        self.assertEqual(status["filter"], "updatedAt[gte]")
        self.assertRegex(text, r"store +%s, 4 work orders, 3 events" % re.escape(self.store))
        self.assertRegex(text, r"account +%s" % re.escape(self.mock.url))
        self.assertRegex(text, r"watermark +%s" % status["watermark"])
        self.assertRegex(text, r"last pass +\S+ ago, filter updatedAt\[gte\]")
        self.assertRegex(text, r"(?m)^log +log +0 +0 +3 +0 +")
        self.assertRegex(text, r"\n1 record in quarantine, until MaintainX sends a version that can be read; the newest:\n")
        self.assertRegex(text, r"work order 700: its status")

    def test_several_in_quarantine(self):
        for number in (700, 701):
            self.mock.create({"_raw": '{"id": %d, "updatedAt": "%s"}' % (number, ago(0))})
        self.sync(expect=DATA)
        text = self.wosync("status").out
        self.assertRegex(text, "\n2 records in quarantine, until .*; the newest:\n  .* work order 70")

    def test_of_an_organization(self):
        self.mock.config(organization="1001")
        self.configure(api="organization_id = 1001")
        self.sync()
        self.assertRegex(self.wosync("status").out, r"account +%s, organization 1001\n" % re.escape(self.mock.url))
        self.assertEqual(self.status()["organization"], "1001")

    def test_before_the_first_run(self):
        """The store is there, but no run has had it."""
        self.wosync("webhooks", "list")
        text = self.wosync("status").out
        self.assertRegex(text, "account +nothing was polled yet; run: wosync sync")
        self.assertNotRegex(text, "handler|exit|quarantine|webhooks")
        self.assertEqual((self.status()["handlers"], self.status()["runs"]), ([], []))

    def test_the_last_runs_are_there_with_their_figures(self):
        self.mock.create_old(5)
        self.configure(api="names = no")
        self.mock.config(max_limit=2, filter_updatedAtGte="honoured")  # one probe, whichever comes first
        self.sync()
        self.mock.update(100001, status="DONE")
        self.sync()
        runs = self.status()["runs"]
        self.assertEqual([r["kind"] for r in runs], ["sync", "sync"])
        last, first = runs
        self.assertEqual((first["pages"], first["records"], first["requests"], first["since"]), (3, 5, 4, None))
        self.assertEqual(last["events"]["workorder.completed"], 1)
        self.assertEqual((last["delivered"], last["dead"], last["exitStatus"], last["message"]), (3, 0, 0, None))
        self.assertGreater(last["bytes"], 100)
        self.assertIsNotNone(last["since"])

    def test_a_run_that_failed_keeps_its_message(self):
        self.configure(api="give_up = 0s")
        self.sync()
        self.mock.fault("status", status=401, body="")
        self.sync(expect=77)
        run = self.status()["runs"][0]
        self.assertEqual(run["exitStatus"], 77)
        self.assertRegex(run["message"], "the token was refused")
        self.assertRegex(self.wosync("status").out, "the token was refused")

    def test_a_run_that_was_killed_shows_so(self):
        self.mock.create_old(6)
        self.mock.config(max_limit=2)
        self.mock.fault("hang", path="/v1/workorders", skip=3)
        running = self.start("sync")
        self.wait_for(lambda: self.mock.state()["requests"] >= 3 and self.sql(
            "SELECT count(*) FROM sqlite_schema WHERE name = 'runs'")[0][0] and self.sql("SELECT 1 FROM runs"), "a page")
        running.signal(9)
        running.wait()
        self.assertIsNone(self.status()["runs"][0]["ended"])
        self.assertRegex(self.wosync("status").out, "killed, or still at work")

    def test_an_idle_dispatch_leaves_a_run(self):
        self.sync()
        self.wosync("dispatch")
        self.assertEqual([r["kind"] for r in self.status()["runs"]], ["dispatch", "sync"])


class Health(Case):
    """`ok` and `problems`: does polling work, and what needs a hand? As a monitor asks it, by README's line."""

    def ask(self, ok, *problems, **how):
        """Runs the monitor's line, and holds `problems` against patterns."""
        expect = how.pop("expect", DONE)
        run = self.wosync("status", "--json", expect=expect, **how)
        status = json.loads(run.out)
        jq = subprocess.run(["jq", "-en", "input.ok"], input=run.out, text=True, capture_output=True)
        self.assertEqual(jq.returncode, 0 if ok else 1, run)
        self.assertEqual(status["ok"], ok, status["problems"])
        self.assertEqual(len(status["problems"]), len(problems), status["problems"])
        for text, pattern in zip(status["problems"], problems):
            self.assertRegex(text, pattern)
        return status

    def test_all_is_well(self):
        self.mock.create_old(3)
        self.sync()
        self.mock.create({"title": "New"})
        self.sync()
        status = self.ask(True)
        self.assertEqual(list(status["lastSuccess"]), ["sync"])
        self.assertLess(time.time() - moment_of(status["lastSuccess"]["sync"]), 60)
        self.assertNotIn("problem", self.wosync("status").out)
        self.wosync("reconcile")
        self.assertEqual(list(self.ask(True)["lastSuccess"]), ["reconcile", "sync"])

    def test_it_never_ran(self):
        self.ask(False, "store .*: not made yet; the first wosync sync makes it")
        self.wosync("webhooks", "list")
        self.ask(False, "polling: no pass has finished yet; run: wosync sync")

    def test_the_token_is_refused(self):
        self.sync()
        self.sync(expect=NOPERM, env={"MAINTAINX_API_KEY": "another-token-4711"})
        self.ask(False, "sync: the last run ended with exit status 77: .*the token was refused")
        self.assertRegex(self.wosync("status").out, r"\Aproblem +sync: the last run ended with exit status 77: ")
        self.sync()
        self.ask(True)

    def test_the_api_cannot_be_reached(self):
        self.configure(api="give_up = 0")
        self.sync()
        self.mock.fault("status", status=500, times=-1)
        self.sync(expect=UNAVAILABLE)
        self.ask(False, "sync: the last run ended with exit status 69: ")

    def test_a_run_to_be_tried_later_is_no_failure(self):
        self.sync()
        self.sql("UPDATE runs SET exit_status = 75")
        self.ask(True)

    def test_the_key_is_missing(self):
        key = self.write("api.key", TOKEN + "\n")
        self.env.pop("MAINTAINX_API_KEY")
        self.configure(api="key_file = " + key)
        self.sync()
        self.ask(True)
        os.remove(key)
        self.sync(expect=CONFIG)
        self.ask(False, "wosync.conf:3: key_file = .*api.key: it cannot be read: No such file", expect=CONFIG)

    def test_a_secret_of_a_handler_cannot_be_read(self):
        url = self.write("slack.url", "https://hooks.example.com/T0/B0/x")
        self.configure("[handler chat]\ntype = slack\nurl = file:%s\n" % url)
        self.sync()
        self.ask(True)
        os.remove(url)
        self.ask(False, r"\[handler chat\] url: .*slack.url: it cannot be read", expect=CONFIG)
        run = self.wosync("status", expect=CONFIG, message="slack.url: it cannot be read: No such file")
        self.assertRegex(run.out, r"(?m)^store .*\n(.*\n)*run +kind")  # the rest is shown all the same

    @unittest.skipIf(os.geteuid() != 0, "only root becomes another user")
    def test_the_wrong_user(self):
        """Whichever file they are not allowed to read."""
        self.sync()
        os.chmod(self.directory, 0o755)
        self.ask(False, "wosync.conf: it cannot be read: Permission denied", expect=CONFIG, become=65534)
        os.chmod(self.conf, 0o644)
        self.ask(False, "wosync.db.*[Pp]ermission", expect=CANTCREAT, become=65534)
        os.mkdir(self.path("closed"), 0o700)
        self.store = self.path("closed", "wosync.db")
        self.configure()
        os.chmod(self.conf, 0o644)
        self.sync()
        self.ask(False, "wosync.db.*[Pp]ermission", expect=CANTCREAT, become=65534)

    def test_polling_has_stopped(self):
        self.sync()
        self.sql("UPDATE account SET finished_ms = finished_ms - 3700000")
        self.ask(False, r"polling: the last pass finished 1h 1m ago; see whether wosync sync is run")

    def test_while_webhooks_come_a_poll_may_be_rare(self):
        self.sync()
        self.sql("UPDATE account SET finished_ms = finished_ms - 3700000")
        self.env["MAINTAINX_WEBHOOK_SECRET"] = SECRET
        body = json.dumps({"eventType": "WORK_ORDER_OVERDUE", "workOrderId": 1, "orgId": 1, "occurredAt": ago(0)}).encode()
        headers = [word for name, value in signed(body).items() for word in ("--header", "%s: %s" % (name, value))]
        self.wosync("receive", "--body", self.write("body", body), *headers, expect=None)
        self.sql("UPDATE account SET finished_ms = %d" % ((time.time() - 3700) * 1000))
        self.ask(True)
        self.sql("UPDATE account SET finished_ms = %d" % ((time.time() - 7 * 3600 - 60) * 1000))
        self.ask(False, "polling: the last pass finished 7h 1m ago")

    def test_deliveries(self):
        self.configure("[handler sink]\ntype = http\nurl = %s\n" % self.mock.sink_url("x"))
        one, two = self.mock.create_old(2)
        self.sync()
        self.mock.sink_fault("x", "status", status=503, times=1)
        self.mock.update(one, title="a")
        self.sync()
        self.ask(True)  # it is tried again
        self.sql("UPDATE events SET observed_ms = observed_ms - 3700000")
        self.mock.sink_fault("x", "status", status=400, times=1)
        self.mock.update(two, title="b")
        self.sync(expect=UNAVAILABLE)
        self.ask(False, "sync: the last run ended with exit status 69",
                 "handler sink: 1 delivery is dead; last error: HTTP 4.*; see: wosync events list --state dead",
                 "handler sink: 1 delivery is pending, the oldest for 1h")
        self.configure("[handler other]\ntype = log\n")
        self.sync()
        self.ask(True)  # a handler that is not in the configuration any more needs nothing

    def test_quarantine(self):
        self.sync()
        self.mock.create({"_raw": '{"id": 700, "updatedAt": "%s"}' % ago(0)})
        self.sync(expect=DATA)
        self.ask(False, "sync: the last run ended with exit status 65", "quarantine: 1 record could not be understood")


class NoRoom(Case):
    def test_without_descriptors_for_signals(self):
        """A run that could not be stopped is none: it says so and does nothing."""
        run = self.sync(expect=TRY_LATER, limits={resource.RLIMIT_NOFILE: 4})
        self.assertRegex(run.err, "^wosync: signals: no pipe: Too many open files")
        self.assertFalse(os.path.exists(self.store))
        self.assertEqual(self.mock.requests(), [])
