"""The handler type exec: programs that are run for events, and how they end."""
import json
import os
import shutil
import signal
import subprocess
import time

from harness import CONFIG, Case

# How long an end within a second may take on a busy machine.
SOON = 6

RECORD = """#!/usr/bin/env python3
import os, sys, json
body = sys.stdin.read()
with open(sys.argv[1], "a") as f:
    json.dump({"stdin": body, "env": dict(os.environ), "argv": sys.argv, "pgid": os.getpgrp(), "pid": os.getpid(),
               "fds": sorted(int(n) for n in os.listdir("/proc/self/fd"))}, f)
    f.write("\\n")
"""


class Exec(Case):
    def setUp(self):
        super().setUp()
        self.old = self.mock.create_old(1, title="Pump")[0]
        self.sync_silently()
        self.record = self.write("record", RECORD, 0o755)
        self.log = self.path("log")

    def handle(self, command, more="", **how):
        self.configure("[handler run]\non = workorder.created\ntype = exec\ncommand = %s\n%s\n" % (command, more), **how)
        self.sync_silently("--no-dispatch")

    def script(self, text, more=""):
        """A shell script as the handler's program."""
        self.handle(self.write("script", "#!/bin/sh\n" + text, 0o755), more)

    def calls(self):
        with open(self.log, encoding="utf-8", errors="surrogateescape") as f:
            return [json.loads(line) for line in f]

    def create(self, **fields):
        return self.mock.create(dict({"title": "Leak", "priority": "HIGH"}, **fields))[0]["id"]

    def run_one(self, *arguments, **how):
        self.create()
        return self.sync(*arguments, **how)

    def error(self):
        return self.handler("run")["lastError"]

    def assertWaits(self, pattern):
        """One delivery failed and is to be tried again."""
        self.assertRegex(self.error(), pattern)
        self.assertEqual((self.handler("run")["pending"], self.handler("run")["dead"]), (1, 0))

    def assertDelivered(self, count=1):
        self.assertEqual((self.handler("run")["delivered"], self.handler("run")["pending"]), (count, 0), self.error())


class What(Exec):
    def test_event_on_stdin_and_fields_in_the_environment(self):
        self.handle("%s %s" % (self.record, self.log))
        number = self.create(title="Leak at P\u00fcmpe 4 \U0001f6a8", asset={"id": 5, "name": "Pump 4"}, userId=2041)
        self.sync_silently()
        call, = self.calls()
        event, = self.events()
        self.assertEqual(json.loads(call["stdin"]), event)
        self.assertTrue(call["stdin"].endswith("}\n") and call["stdin"].count("\n") == 1)
        env = call["env"]
        self.assertEqual(
            {k: env[k] for k in env if k.startswith("WOSYNC_") and k != "WOSYNC_MODULES"},
            {"WOSYNC_EVENT": "workorder.created", "WOSYNC_EVENT_ID": "workorder.created/%d" % number,
             "WOSYNC_TIMESTAMP": event["timestamp"], "WOSYNC_OBSERVED_AT": event["observedAt"],
             "WOSYNC_SOURCE": "poll", "WOSYNC_ACTOR": event["actor"]["name"], "WOSYNC_ID": str(number),
             "WOSYNC_SEQUENTIAL_ID": str(event["data"]["sequentialId"]),
             "WOSYNC_TITLE": "Leak at P\u00fcmpe 4 \U0001f6a8", "WOSYNC_STATUS": "OPEN", "WOSYNC_PREVIOUS_STATUS": "",
             "WOSYNC_PRIORITY": "HIGH", "WOSYNC_TYPE": event["data"].get("type") or "",
             "WOSYNC_CREATED_AT": event["data"]["createdAt"], "WOSYNC_UPDATED_AT": event["data"]["updatedAt"],
             "WOSYNC_COMPLETED_AT": "", "WOSYNC_DUE_DATE": event["data"].get("dueDate") or "",
             "WOSYNC_ASSET": "Pump 4", "WOSYNC_LOCATION": ""})
        self.assertEqual(env["HOME"], self.directory)
        self.assertEqual(env["TZ"], "Asia/Kathmandu")
        self.assertEqual(call["pgid"], call["pid"])

    def test_no_secret_is_in_its_environment(self):
        self.configure("[handler run]\non = workorder.created\ntype = exec\ncommand = %s %s\n[handler other]\n"
                       "on = workorder.deleted\ntype = http\nurl = env:ERP_URL\n" % (self.record, self.log))
        secrets = {"MAINTAINX_WEBHOOK_SECRET": "hush-1", "SLACK_WEBHOOK_URL": "https://hooks.example.com/T1/hush-2",
                   "ERP_URL": "https://erp.example.com/hush-3", "COPY_OF_TOKEN": "Bearer " + self.env["MAINTAINX_API_KEY"],
                   "HARMLESS": "yes"}
        self.sync_silently("--no-dispatch", env=secrets)
        self.create()
        self.sync_silently(env=secrets)
        env = self.calls()[0]["env"]
        self.assertEqual(env["HARMLESS"], "yes")
        for name in secrets.keys() - {"HARMLESS"} | {"MAINTAINX_API_KEY"}:
            self.assertNotIn(name, env)
        self.assertNotIn("hush", json.dumps(env))
        self.assertNotIn(self.env["MAINTAINX_API_KEY"], json.dumps(env))

    def test_what_a_web_server_sets_is_not_in_its_environment(self):
        """A `Proxy:` header of a stranger is HTTP_PROXY in a CGI program's environment."""
        self.handle("%s %s" % (self.record, self.log))
        cgi = {"GATEWAY_INTERFACE": "CGI/1.1", "HTTP_PROXY": "http://evil.example.com", "REQUEST_METHOD": "POST",
               "QUERY_STRING": "a=b", "REMOTE_ADDR": "192.0.2.1", "SERVER_NAME": "x", "CONTENT_TYPE": "text/plain"}
        self.create()
        self.sync_silently(env=dict(cgi, HTTP_PROXYING="gone", HTTPS_PROXY="http://ours.example.com", CONTENTS="kept"))
        env = self.calls()[0]["env"]
        self.assertEqual([name for name in list(cgi) + ["HTTP_PROXYING"] if name in env], [])
        self.assertEqual((env["HTTPS_PROXY"], env["CONTENTS"]), ("http://ours.example.com", "kept"))
        # in a crontab these are the user's own
        self.create()
        self.sync_silently(env={"HTTP_PROXY": "http://ours.example.com"})
        self.assertEqual(self.calls()[1]["env"]["HTTP_PROXY"], "http://ours.example.com")

    def test_what_it_tells_stands_in_place_of_what_was_there(self):
        """And names that only begin like ours are none of ours."""
        self.handle("%s %s" % (self.record, self.log))
        self.create()
        self.sync_silently(env={"WOSYNC_TITLE": "old", "WOSYNC_ASSET": "old", "WOSYNC_TITLES": "kept",
                                "MAINTAINX_API_KEYS": "kept"})
        env = self.calls()[0]["env"]
        self.assertEqual((env["WOSYNC_TITLE"], env["WOSYNC_TITLES"], env["MAINTAINX_API_KEYS"]), ("Leak", "kept", "kept"))
        self.assertNotEqual(env["WOSYNC_ASSET"], "old")

    def test_no_descriptor_of_ours_is_inherited(self):
        self.handle("%s %s" % (self.record, self.log))
        self.create()
        # one that is inherited by wosync itself, too; 3 is listdir's own
        read, write = os.pipe()
        os.set_inheritable(write, True)
        environment = dict(self.env)
        subprocess.run([self.program(), "-c", self.conf, "sync"], env=environment, close_fds=False, check=True,
                       timeout=60)
        os.close(read)
        os.close(write)
        fds = self.calls()[0]["fds"]
        self.assertEqual([n for n in fds if n < 3], [0, 1, 2])
        self.assertLessEqual(len(fds), 5, fds)

    def test_hostile_titles_do_nothing(self):
        titles = ["$(touch pwned)", "`touch pwned`", "; touch pwned #", "| touch pwned", "' ; touch pwned ; '",
                  "\" ; touch pwned ; \"", "a\nMAINTAINX_API_KEY=x\n", "--help", "%s%n%x", "() { :; }; touch pwned",
                  "x" * 10000, "\u202egnp.exe", "\ud83d\ude00", "LD_PRELOAD=/tmp/x"]
        self.handle("%s %s" % (self.record, self.log))
        for title in titles:
            self.create(title=title, asset={"name": "a\0b"})
        self.sync_silently()
        calls = self.calls()
        self.assertEqual([json.loads(call["stdin"])["data"]["title"] for call in calls],
                         [title.encode("utf-16", "surrogatepass").decode("utf-16") for title in titles])
        self.assertEqual([call["env"]["WOSYNC_TITLE"] for call in calls],
                         [t.encode("utf-16", "surrogatepass").decode("utf-16").replace("\0", " ") for t in titles])
        self.assertNotIn("pwned", os.listdir(self.directory))
        for call in calls:
            self.assertEqual(call["env"]["WOSYNC_ASSET"], "a\ufffdb")
            self.assertNotIn("LD_PRELOAD", call["env"])
            self.assertNotIn("MAINTAINX_API_KEY", call["env"])

    def test_a_title_longer_than_the_kernel_takes(self):
        self.handle("%s %s" % (self.record, self.log))
        self.create(title="\u20ac" * 200000)
        self.sync_silently()
        call, = self.calls()
        self.assertEqual(len(json.loads(call["stdin"])["data"]["title"]), 200000)
        self.assertEqual(call["env"]["WOSYNC_TITLE"], "\u20ac" * (65536 // 3))

    def test_the_deepest_work_order_is_an_event_like_others(self):
        deep = 1
        for _ in range(28):
            deep = [deep]
        self.handle("%s %s" % (self.record, self.log))
        number = self.create(extraFields={"deep": deep})
        self.sync_silently()
        self.assertEqual(self.calls()[0]["env"]["WOSYNC_ID"], str(number))

    def test_words_and_quotes(self):
        self.handle("%s %s 'two words' \"a \\\" quote\" $HOME * \"\" ~ a'b c'd \\n >x" % (self.record, self.log))
        self.run_one()
        self.assertEqual(self.calls()[0]["argv"][2:],
                         ["two words", "a \" quote", "$HOME", "*", "", "~", "ab cd", "\\n", ">x"])

    def test_mistakes_in_the_configuration(self):
        for command, message in [("'open", "a quote is not closed"), ('"', "a quote is not closed"),
                                 ("''", "it names no program")]:
            self.configure("[handler run]\ntype = exec\ncommand = %s\n" % command)
            self.sync(expect=CONFIG, message=message)
        self.configure("[handler run]\ntype = exec\n")
        self.sync(expect=CONFIG, message="has no command")
        self.configure("[handler run]\ntype = exec\ncommand = x\nshell = yes\n")
        self.sync(expect=CONFIG, message="shell: unknown key")

    def test_a_program_in_the_path(self):
        self.handle("true")
        self.run_one()
        self.assertDelivered()


class Ends(Exec):
    def test_exit_0(self):
        self.script("exit 0")
        self.run_one()
        self.assertDelivered()

    def test_exit_75_is_later(self):
        self.script("echo the ERP is closed >&2; exit 75")
        self.run_one()
        self.assertWaits(r"tried again later \(exit status 75\): the ERP is closed")

    def test_other_statuses_are_failures_that_are_tried_again(self):
        self.script("echo out; echo one >&2; echo ' two\t2' >&2; exit 3")
        self.run_one()
        self.assertWaits("^exit status 3: one two 2$")

    def test_killed_by_a_signal(self):
        self.script("kill -SEGV $$")
        self.run_one()
        self.assertWaits(r"^killed by signal 11 \(Segmentation fault\)")

    def test_only_the_last_lines_of_stderr_are_kept(self):
        self.script("i=0; while [ $i -lt 5000 ]; do echo line $i of it >&2; i=$((i+1)); done; exit 1")
        self.run_one()
        self.assertWaits("^exit status 1: line 49.. of it .*line 4999 of it$")

    def test_stderr_of_one_long_line_and_of_bytes(self):
        self.script("head -c 100000 /dev/zero | tr '\\0' 'x' >&2; printf ' \\377\\376 \\303\\274 end' >&2; exit 1")
        self.run_one()
        self.assertWaits("^exit status 1: x+ \\?\\? \u00fc end$")

    def test_a_secret_in_stderr_is_masked(self):
        self.script("echo 'refused for tok-7f3d''9a51c2e84b60' >&2; exit 1")
        self.run_one()
        self.assertWaits(r"^exit status 1: refused for \*+$")

    def cannot_run(self, command, pattern):
        """It is said at once, and not again in the next run."""
        self.handle(command)
        self.create()
        self.sync(message="^wosync: warning: handler run: .*" + pattern)
        self.assertWaits(pattern)
        self.sql("UPDATE deliveries SET due_ms = 0")
        self.assertSilent(self.wosync("dispatch"))

    def test_no_such_program(self):
        self.cannot_run("/no/such/program --x", "/no/such/program: it cannot be run: there is no such file; correct command")

    def test_no_such_program_in_the_path(self):
        self.cannot_run("no-such-program", "no-such-program: it cannot be run: there is no such file in PATH")

    def test_not_executable(self):
        path = self.write("plain", "#!/bin/sh\n", 0o644)
        self.cannot_run(path, "it cannot be run: it is not executable; run: chmod")

    def test_a_directory(self):
        self.cannot_run(self.directory, "it cannot be run: it is a directory")

    def test_a_missing_interpreter(self):
        self.cannot_run(self.write("script", "#!/no/such/perl -w\n", 0o755),
                        "its interpreter /no/such/perl is missing; install it")

    def test_line_ends_of_windows(self):
        for first in ("#!/bin/sh", "#!/usr/bin/env sh", "#!/bin/sh -e"):
            with self.subTest(first=first):
                self.handle(self.write("script", first + "\r\nexit 0\r\n", 0o755))
                self.run_one(expect=None)
                self.assertRegex(self.error(), r"its lines end as on Windows \(CRLF\); run: sed")

    def test_another_processor(self):
        with open("/bin/true", "rb") as f:
            elf = bytearray(f.read())
        elf[18:20] = (0xf3 if elf[18] != 0xf3 else 0x3e).to_bytes(2, "little")  # e_machine: RISC-V
        self.cannot_run(self.write("foreign", bytes(elf), 0o755), "it was built for another kind of processor")

    def test_a_relative_interpreter(self):
        self.cannot_run(self.write("script", "#!python3\n", 0o755), "its first line has no whole path: python3; .*#!/usr/bin/env python3")

    def test_an_interpreter_that_is_not_executable(self):
        self.cannot_run(self.write("script", "#!%s -e\n" % self.write("plain", "", 0o644), 0o755),
                        "its interpreter .*/plain is not executable")

    def test_what_editors_on_windows_write_in_front(self):
        path = self.write("script", b"\xef\xbb\xbf#!/bin/sh\ncat >/dev/null\n", 0o755)
        self.cannot_run(path, r"it begins with a byte order mark; run: sed -i '1s/")
        with open(self.path("dump"), "w") as f:  # what it says to run does it
            command = self.error().rpartition("run: ")[2]
            subprocess.run(["sh", "-c", command], check=True, stderr=f)
        self.sql("UPDATE deliveries SET due_ms = 0")
        self.wosync("dispatch")
        self.assertDelivered()
        for name in ("utf-16", "utf-16-be"):
            with self.subTest(name):
                self.handle(self.write("wide", "#!/bin/sh\n".encode(name), 0o755))
                self.run_one(expect=None)
                self.assertRegex(self.error(), "its text is UTF-16; save it as UTF-8")

    def test_no_file(self):
        os.mkfifo(self.path("fifo"), 0o755)
        os.symlink("away", self.path("link"))
        self.cannot_run(self.path("fifo"), "it cannot be run: it is no file; correct command")
        self.handle(self.path("link"))
        self.run_one(expect=None)
        self.assertRegex(self.error(), "it is a link to what is not there")

    def test_one_that_is_being_written_is_tried_again(self):
        """An upgrade that is at work on it is nothing to set right by hand."""
        shutil.copy("/bin/true", self.path("busy"))
        self.handle(self.path("busy"))
        with open(self.path("busy"), "r+b"):
            self.create()
            self.sync_silently()
            self.assertWaits("it cannot be started: Text file busy")
        self.sql("UPDATE deliveries SET due_ms = 0")
        self.wosync("dispatch")
        self.assertDelivered()

    def test_doctor_sees_it_before_an_event_comes(self):
        for name, text, mode, pattern in (
                ("plain", "#!/bin/sh\n", 0o644, "it is not executable; run: chmod"),
                ("crlf", "#!/bin/sh\r\n", 0o755, "its lines end as on Windows"),
                ("interpreter", "#!/no/such/perl -w\n", 0o755, "its interpreter /no/such/perl is missing"),
                ("mark", b"\xef\xbb\xbf#!/bin/sh\n", 0o755, "it begins with a byte order mark"),
                ("empty", "", 0o755, "it is empty")):
            with self.subTest(name):
                self.handle(self.write(name, text, mode))
                self.assertRegex(self.wosync("doctor", "receivers", expect=CONFIG).out, pattern)

    def test_a_program_in_it_cannot_be_run(self):
        self.script("no-such-tool --now")
        self.create()
        self.sync(message="warning: handler run: exit status 127 .*no-such-tool: not found")

    def test_text_without_an_interpreter_is_given_to_no_shell(self):
        self.handle(self.write("plain", "touch pwned\n", 0o755))
        self.run_one(message="not a program")
        self.assertWaits("not a program")
        self.assertNotIn("pwned", os.listdir(self.directory))

    def test_after_a_failure_it_is_tried_again_with_the_same_event(self):
        self.handle("%s %s" % (self.record, self.log))
        os.rename(self.record, self.record + ".away")
        self.run_one()
        self.assertWaits("cannot be run")
        os.rename(self.record + ".away", self.record)
        self.sql("UPDATE deliveries SET due_ms = 0")
        self.wosync("dispatch")
        self.assertDelivered()
        self.assertEqual(len(self.calls()), 1)


class Limits(Exec):
    slow = True

    def assertNoneLeft(self, mark):
        """No process with that text in its command line is left."""
        def left():
            found = []
            for pid in filter(str.isdigit, os.listdir("/proc")):
                try:
                    with open("/proc/%s/cmdline" % pid, "rb") as f:
                        found += [pid] if mark.encode() in f.read() and int(pid) != os.getpid() else []
                except OSError:
                    pass
            return found
        try:
            self.wait_for(lambda: not left(), "the end of " + mark)
        finally:
            for pid in left():
                os.kill(int(pid), signal.SIGKILL)

    def test_the_time_limit_ends_grandchildren_too(self):
        mark = "310.%d" % os.getpid()  # longer than we wait for its end
        self.script("sleep %s & sleep %s & (trap '' TERM; sleep %s) & wait" % (mark, mark, mark), "timeout = 1s")
        run = self.run_one()
        self.assertWaits("^it was ended after 1000 ms")
        self.assertLess(run.seconds, 25)
        self.assertNoneLeft(mark)

    def test_one_that_ignores_sigterm(self):
        mark = "320.%d" % os.getpid()
        self.script("trap '' TERM; echo stubborn >&2; while :; do sleep %s; done" % mark, "timeout = 2s")
        run = self.run_one()
        self.assertWaits("^it was ended after 2000 ms: stubborn$")
        self.assertGreater(run.seconds, 4)
        self.assertLess(run.seconds, 25)
        self.assertNoneLeft(mark)

    def test_one_that_cleans_up_at_sigterm_may(self):
        self.script("trap 'sleep 0.3; echo cleaned > cleaned; exit 0' TERM; while :; do sleep 0.05; done",
                    "timeout = 2s")
        self.run_one()
        self.assertWaits("^it was ended after 2000 ms")
        self.assertTrue(os.path.exists(self.path("cleaned")))

    def test_those_it_started_may_clean_up_too(self):
        self.script("(trap 'echo cleaned > cleaned; exit 0' TERM; while :; do sleep 0.05; done) & trap '' TERM; wait; wait",
                    "timeout = 2s")
        self.run_one()
        self.assertWaits("^it was ended after 2000 ms")
        self.assertTrue(os.path.exists(self.path("cleaned")))

    def test_a_background_process_that_keeps_the_output_open_is_not_waited_for(self):
        self.script("sleep 33 & echo $! > pid; exit 0")
        run = self.run_one()
        self.assertDelivered()
        self.assertLess(run.seconds, 15)
        with open(self.path("pid")) as f:
            os.kill(int(f.read()), signal.SIGKILL)

    def test_stdin_closed_early(self):
        self.script("exec 0<&-; sleep 0.1; exit 0")
        self.create(description="x" * 900000)
        self.sync_silently()
        self.assertDelivered()

    def test_stdin_never_read(self):
        self.script("sleep 0.2; exit 0")
        self.create(description="x" * 900000)
        self.sync_silently()
        self.assertDelivered()

    def test_stdin_read_late_and_output_before_it(self):
        self.script("head -c 1000000 /dev/zero; sleep 0.1; wc -c > count")
        self.create(description="x" * 900000)
        self.sync_silently()
        self.assertDelivered()
        with open(self.path("count")) as f:
            self.assertGreater(int(f.read()), 900000)

    def test_a_hundred_megabytes_of_output(self):
        self.script("head -c 100000000 /dev/zero; head -c 100000000 /dev/zero >&2; echo last >&2; exit 1",
                    "timeout = 10m")
        run = self.run_one()
        self.assertWaits("^exit status 1: .*last$")
        self.assertSilent(run)

    def test_stdout_is_in_the_log_with_v_and_not_without(self):
        self.script("i=0; while [ $i -lt 500 ]; do echo said $i; i=$((i+1)); done; printf unfinished")
        self.create()
        run = self.wosync("-v", "sync")
        self.assertIn("wosync: handler run: said 0\n", run.err)
        self.assertIn("said 99\n", run.err)
        self.assertNotIn("said 100\n", run.err)
        self.assertIn("prints more than 100 lines", run.err)
        self.assertEqual(run.out, "")
        self.create()
        self.sync_silently()

    def stubborn(self, timeout):
        """A program that becomes root, so that the user who started it cannot kill it. Only root can make one."""
        if os.geteuid() != 0:
            self.skipTest("only root can make a program that becomes root")
        become_root = self.path("become-root")
        shutil.copy(shutil.which("setpriv"), become_root)
        if os.statvfs(become_root).f_flag & os.ST_NOSUID:
            self.skipTest("%s: its file system knows no set-user-ID" % become_root)
        self.script("echo $$ >%s\nexec %s --reuid 0 --regid 0 --clear-groups sleep 600"
                    % (self.path("pid"), become_root), "timeout = %s" % timeout)
        for name in os.listdir(self.directory):
            os.chown(self.path(name), 65534, 65534, follow_symlinks=False)
        os.chown(become_root, 0, 0)
        os.chmod(become_root, 0o4755)
        os.chown(self.directory, 65534, 65534)
        self.addCleanup(self.kill_stubborn)

    def stubborn_pid(self):
        """Its pid once it is root; None before."""
        try:
            with open(self.path("pid"), encoding="ascii") as f:
                pid = int(f.read())
            return pid if os.stat("/proc/%d" % pid).st_uid == 0 else None
        except (OSError, ValueError):
            return None

    def kill_stubborn(self):
        if self.stubborn_pid() is not None:
            os.kill(self.stubborn_pid(), signal.SIGKILL)

    def test_a_program_that_cannot_be_killed(self):
        self.stubborn("1s")
        self.create()
        self.sync(become=65534)
        self.assertRegex(self.error(), r"^it did not end within 1000 ms, and process %d cannot be killed$" % self.stubborn_pid())

    def test_a_stop_leaves_a_program_that_cannot_be_killed(self):
        self.stubborn("10m")
        self.create()
        running = self.start("sync", become=65534)
        self.wait_for(lambda: self.stubborn_pid() is not None, "the program")
        running.signal(signal.SIGTERM)
        running.wait()
        self.assertRegex(self.error(), "^it was ended because the run was stopped")
        self.assertIsNotNone(self.stubborn_pid())

    def test_a_stop_lets_a_short_program_end(self):
        os.mkfifo(self.path("gate"))
        gate = os.open(self.path("gate"), os.O_RDWR)
        self.addCleanup(os.close, gate)
        self.script("touch begun; read line < gate; touch finished")
        self.create()
        self.create()
        running = self.start("sync")
        self.wait_for(lambda: os.path.exists(self.path("begun")), "the program")
        running.signal(signal.SIGTERM)
        os.write(gate, b"go\n")
        running.wait()
        self.assertTrue(os.path.exists(self.path("finished")))
        self.assertEqual((self.handler("run")["delivered"], self.handler("run")["pending"]), (1, 1))

    def test_a_stop_ends_a_long_program(self):
        mark = "34.%d" % os.getpid()
        self.script("touch begun; sleep %s" % mark, "timeout = 60s")
        self.create()
        running = self.start("sync")
        self.wait_for(lambda: os.path.exists(self.path("begun")), "the program")
        began = time.monotonic()
        running.signal(signal.SIGTERM)
        running.wait()
        self.assertLess(time.monotonic() - began, SOON)
        self.assertWaits("run was stopped")
        self.assertNoneLeft(mark)

    def test_a_stop_ends_a_program_that_does_not_listen(self):
        mark = "35.%d" % os.getpid()
        self.script("trap '' TERM; touch begun; sleep %s" % mark, "timeout = 60s")
        self.create()
        running = self.start("sync")
        self.wait_for(lambda: os.path.exists(self.path("begun")), "the program")
        began = time.monotonic()
        running.signal(signal.SIGTERM)
        running.wait()
        self.assertLess(time.monotonic() - began, SOON)
        self.assertWaits("run was stopped")
        self.assertNoneLeft(mark)

    def test_started_without_stdin_stdout_and_stderr(self):
        self.handle("%s %s" % (self.record, self.log))
        self.create()
        subprocess.run(["/bin/sh", "-c", 'exec "$0" -c "$1" sync <&- >&- 2>&-', self.program(), self.conf], env=self.env,
                       check=True, timeout=60)
        self.assertEqual(json.loads(self.calls()[0]["stdin"])["event"], "workorder.created")

    def test_other_handlers_do_not_wait_for_a_program(self):
        program = self.write("script", "#!/bin/sh\nsleep 7\n", 0o755)
        self.configure("[handler quick]\non = workorder.created\ntype = http\ntimeout = 5s\nurl = %s\n"
                       "[handler run]\non = workorder.created\ntype = exec\ntimeout = 60s\ncommand = %s\n" % (
                           self.mock.sink_url("quick"), program))
        self.sync_silently("--no-dispatch")
        self.mock.sink_fault("quick", "drip", bytes_per_second=40, times=-1)
        self.create()
        self.sync_silently()
        self.assertEqual(self.handler("quick")["delivered"], 1)
        self.assertIsNone(self.handler("quick")["lastError"])
        self.assertDelivered(1)
