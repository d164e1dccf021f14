"""What SECURITY.md promises and no other test holds: text from outside is never a format, files are ours alone, and
nothing that anyone wrote becomes a file's name."""
import json
import os
import re
import signal
import stat

from harness import DATA, Case, DONE, UNAVAILABLE, USAGE
from receiver import Answer, Receiver
from webhooks import SECRET, signed

FORMATS = "%n%n%s%s%s%1000000d%.0f%hhn%$%"


class Formats(Case):
    """Percent signs come from everywhere, and stay what they are."""

    def setUp(self):
        super().setUp()
        self.olds = self.mock.create_old(3)

    def test_in_a_work_order(self):
        self.configure("[handler log]\ntype = log\n[handler sink]\ntype = http\nurl = %s\n[handler report]\ntype = report\n"
                       "on = workorder.completed\npath = %s\n[handler program]\ntype = exec\ncommand = /bin/cat\n"
                       "[handler warehouse]\ntype = warehouse\ndatabase = %s\n" % (
                           self.mock.sink_url("formats"), self.path("reports"), self.path("warehouse.db")))
        self.sync()
        self.mock.update(self.olds[0], status=FORMATS, title=FORMATS, priority=FORMATS, description=FORMATS)
        self.mock.update(self.olds[1], status="DONE", title=FORMATS, **{FORMATS: FORMATS})
        run = self.wosync("-v", "sync")
        self.assertIn(FORMATS, run.out)
        self.assertIn(FORMATS, run.err)  # what cat printed
        bodies = [json.loads(request["body"]) for request in self.mock.sink("formats")]
        self.assertEqual({body["data"]["title"] for body in bodies}, {FORMATS})
        with open(self.path("reports", "%d.html" % self.olds[1])) as f:
            self.assertIn(FORMATS, f.read())

    def test_in_a_record_that_is_refused(self):
        self.sync()
        self.mock.update(self.olds[0], title="x")
        self.mock.update(self.olds[1], _raw='{"id": %d, "updatedAt": "%s"}' % (self.olds[1], FORMATS))
        self.sync(expect=DATA)
        self.assertIn("its updatedAt is not a date", self.wosync("status").out)

    def test_in_what_the_server_says(self):
        self.configure(api="give_up = 0")
        self.sync()
        self.mock.fault("status", status=500, body=json.dumps({"error": FORMATS}))
        self.assertIn(FORMATS, self.sync(expect=UNAVAILABLE).err)
        self.assertIn(FORMATS, self.wosync("status").out)

    def test_in_what_a_receiver_says(self):
        receiver = Receiver(self, lambda request: Answer(400, FORMATS))
        self.configure("[handler sink]\ntype = http\nurl = %s/%%25n\n" % receiver.url)
        self.sync()
        self.mock.update(self.olds[0], title="x")
        self.assertIn(FORMATS, self.wosync("-v", "sync", expect=UNAVAILABLE).err)
        self.assertIn(FORMATS, self.handler("sink")["lastError"])

    def test_in_what_a_program_says(self):
        program = self.write("program", "#!/bin/sh\ncat >&2 <<'EOF'\n%s\nEOF\nexit 1\n" % FORMATS, 0o700)
        self.configure("[handler program]\ntype = exec\ncommand = %s\n" % program)
        self.sync()
        self.mock.update(self.olds[0], title="x")
        self.sync()
        self.assertIn(FORMATS, self.handler("program")["lastError"])

    def test_in_what_is_typed(self):
        for arguments in (["events", "list", "--type", FORMATS], ["backfill", "--since", FORMATS], [FORMATS],
                          ["events", "discard", FORMATS]):
            with self.subTest(arguments=arguments):
                self.sync()
                self.assertIn(FORMATS, self.wosync(*arguments, expect=USAGE).err)

    def test_in_a_webhook(self):
        self.env["MAINTAINX_WEBHOOK_SECRET"] = SECRET
        self.sync()
        body = json.dumps({"type": "NEW_" + FORMATS, "workOrderId": self.olds[0]}).encode()
        request = self.write("body", body)
        headers = [word for name, value in signed(body).items() for word in ("--header", "%s: %s" % (name, value))]
        run = self.wosync("receive", "--body", request, *headers, "--header", "x-maintainx-event-id: " + FORMATS, expect=None)
        self.assertIn(run.status, (DONE, DATA), run)
        for name in ("x-maintainx-signature", "x-maintainx-webhook-body-signature"):
            self.wosync("receive", "--body", request, "--header", "%s: %s" % (name, FORMATS), expect=DATA)


class Files(Case):
    def made(self):
        return {os.path.relpath(os.path.join(where, name), self.directory): stat.S_IMODE(os.lstat(os.path.join(where, name)).st_mode)
                for where, directories, names in os.walk(self.directory) for name in directories + names}

    def test_they_are_ours_alone_whatever_the_umask(self):
        self.configure("[handler report]\ntype = report\non = workorder.completed\npath = %s\n"
                       "[handler warehouse]\ntype = warehouse\ndatabase = %s\n" % (
                           self.path("reports"), self.path("warehouse", "w.db")))
        before = set(self.made())
        olds = self.mock.create_old(4)
        old = os.umask(0)
        try:
            self.sync()
            self.mock.update(olds[0], status="DONE")
            self.mock.config(page_delay_ms=200)  # killed at work, it leaves all its files behind
            running = self.start("sync")
            self.wait_for(lambda: os.path.exists(self.store + "-wal"), "the store")
            running.signal(signal.SIGKILL)
            running.wait()
            self.mock.config(page_delay_ms=0)
            self.made()
            self.sync()
        finally:
            os.umask(old)
        made = {name: mode for name, mode in self.made().items() if name not in before}
        self.assertIn("wosync.db", made)
        self.assertNotIn("wosync.db.lock", made)
        self.assertIn("reports/%d.html" % olds[0], made)
        for name, mode in made.items():
            with self.subTest(name=name):
                # a report and a warehouse are there to be read by the group of their directory, the store is not
                shared = name.startswith(("reports", "warehouse"))
                self.assertEqual(mode & (0o027 if shared else 0o077), 0, oct(mode))

    def test_nothing_that_anyone_wrote_is_in_their_names(self):
        outside = "../../../../../../../../tmp/wosync-was-here"
        reports = self.path("reports")
        self.configure("[handler report]\ntype = report\non = workorder.completed\npath = %s\n" % reports)
        old = self.mock.create_old(1)[0]
        self.sync()
        evil = {"title": outside, "description": outside, "priority": outside, "type": outside, "thumbnail": outside,
                "categories": [outside], "asset": {"id": 1, "name": outside}, "location": {"id": 2, "name": outside}}
        self.mock.update(old, status="DONE", **evil)
        self.sync()
        self.mock.update(old, status="OPEN", **evil)
        self.sync()
        self.mock.update(old, status="DONE", **evil)
        self.sync()
        self.assertFalse(os.path.exists("/tmp/wosync-was-here"))
        names = sorted(os.listdir(reports))
        self.assertEqual(len(names), 3)
        for name in names:
            self.assertRegex(name, r"^(completed\.csv|[0-9]+(-[0-9TZ]+)?\.html)$")


class Processes(Case):
    def test_no_secret_is_in_the_process_list(self):
        """Of wosync and of what it starts: each program of an exec handler prints its own line and its parent's."""
        program = self.write("program", "#!/bin/sh\ncat > /dev/null\ntr '\\0' ' ' < /proc/$$/cmdline >> %s\n"
                             "tr '\\0' ' ' < /proc/$PPID/cmdline >> %s\n" % (self.path("seen"), self.path("seen")), 0o700)
        secret = self.write("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
        self.env.update(MAINTAINX_WEBHOOK_SECRET=SECRET, SLACK_WEBHOOK_URL="https://127.0.0.1:1/hooks/T0/slack-secret")
        self.configure("[handler program]\ntype = exec\ncommand = %s\n[handler slack]\ntype = slack\nurl = env:SLACK_WEBHOOK_URL\n"
                       "[handler http]\ntype = http\nurl = %s\nsecret_file = %s\n" % (
                           program, self.mock.sink_url("x"), secret))
        old = self.mock.create_old(1)[0]
        self.sync()
        self.mock.update(old, title="x")
        run = self.wosync("-v", "sync")
        with open(self.path("seen")) as f:
            seen = f.read()
        self.assertRegex(seen, r"wosync -c \S+ -v sync")
        for text in (self.env["MAINTAINX_API_KEY"], SECRET, "slack-secret", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"):
            self.assertNotIn(text, seen)
            self.assertNotIn(text, run.out + run.err)
            for name in os.listdir(self.directory):
                if name.startswith("wosync.db"):
                    with open(self.path(name), "rb") as f:
                        self.assertIsNone(re.search(re.escape(text).encode(), f.read()), name)
