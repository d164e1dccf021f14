"""wosync init: a configuration from nothing, by options and a pipe, and by somebody who types."""
import os
import pwd
import re
import signal
import stat
import subprocess
import termios
import time
import unittest

from harness import CANTCREAT, CONFIG, LIMIT, NOPERM, TOKEN, TRY_LATER, UNAVAILABLE, USAGE, Case

NOBODY = 65534


class Init(Case):
    def setUp(self):
        super().setUp()
        self.mock.create_old(3)
        self.slack = self.mock.url + "/services/T0/B0/very-secret"  # doctor connects to it, and sends nothing
        self.home = self.path("home")
        os.mkdir(self.home)
        self.conf = self.path("etc/wosync.conf")
        self.env = dict(self.env, HOME=self.home, MAINTAINX_API_KEY=None, MAINTAINX_BASE_URL=self.mock.url)
        self.me = pwd.getpwuid(os.geteuid()).pw_name

    def init(self, typed, *arguments, **how):
        """Runs it with a pipe as stdin. As root, it is root that runs wosync; the store lies in the test's directory."""
        if os.geteuid() == 0 and "--user" not in arguments and how.get("become") is None:
            arguments = ("--user", "root", *arguments)
        if "--store" not in arguments:
            arguments = ("--store", self.store, *arguments)
        with open(self.write("typed", typed)) as stdin:
            return self.wosync("init", *arguments, stdin=stdin, **how)

    def files(self):
        """What is below the test's directories of configuration, with its mode."""
        found = {}
        for place, _, files in os.walk(self.path("etc")):
            for name in files:
                path = os.path.join(place, name)
                found[os.path.relpath(path, self.path("etc"))] = stat.S_IMODE(os.stat(path).st_mode)
        return found

    def read(self, name):
        with open(self.path("etc", name)) as file:
            return file.read()

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def assertNothing(self):
        self.assertEqual(self.files(), {})
        self.assertFalse(os.path.exists(self.path("etc")), "a directory is left")
        self.assertFalse(os.path.exists(self.path("data")), "a directory is left")


class ByOptions(Init):
    def test_the_token_alone(self):
        run = self.init(TOKEN + "\n")
        self.assertEqual(self.files(), {"wosync.conf": 0o600, "api.key": 0o600})
        self.assertEqual(self.read("api.key"), TOKEN + "\n")
        self.assertIn("key_file = %s\n" % self.path("etc/api.key"), self.read("wosync.conf"))
        self.assertIn("base_url = %s\n" % self.mock.url, self.read("wosync.conf"))
        self.assertIn("wrote %s\nwrote %s\n" % (self.path("etc/api.key"), self.conf), run.out)
        self.assertRegex(run.out, r"(?m)^ +\* \* \* \* \* /\S+wosync -c %s sync --max-time 50s$" % self.conf)
        self.assertIn("Trying it: wosync -c %s doctor" % self.conf, run.out)
        self.assertFalse(os.path.exists(self.store), "doctor reads only")
        # and it is one to work with
        self.env.pop("MAINTAINX_BASE_URL")
        self.sync_silently()
        self.assertEqual(len(self.sql("SELECT 1 FROM snapshots")), 3)

    def test_all_handlers(self):
        self.init("%s\n%s\n%s/erp\n" % (TOKEN, self.slack, self.mock.url), "--handler", "log", "--handler", "slack", "--handler", "http",
                  "--handler", "exec=/bin/cat -u", "--handler", "report", "--handler", "warehouse=%s" % self.path("wh.db"))
        self.assertEqual(self.files(), {"wosync.conf": 0o600, "api.key": 0o600, "slack.url": 0o600, "http.url": 0o600})
        self.assertEqual(self.read("slack.url"), self.slack + "\n")
        self.assertEqual(self.read("http.url"), self.mock.url + "/erp\n")
        self.assertNotIn("very-secret", self.read("wosync.conf"))
        for line in ("command = /bin/cat -u", "url = file:%s" % self.path("etc/http.url"), "url = file:%s" % self.path("etc/slack.url"),
                     "path = %s/completed" % self.directory, "database = %s" % self.path("wh.db"), "type = log"):
            self.assertIn("\n%s\n" % line, self.read("wosync.conf"))
        self.wosync("config")

    def test_secrets_of_accounts_lie_beside_each_other(self):
        for name in ("a", "b"):
            self.conf = self.path("etc/plant-%s.conf" % name)
            self.init("%s\n%s\n" % (TOKEN, self.slack), "--handler", "slack", "--store", self.path(name + ".db"))
        self.assertEqual(sorted(self.files()), ["plant-a-slack.url", "plant-a.conf", "plant-a.key", "plant-b-slack.url",
                                                "plant-b.conf", "plant-b.key"])

    def test_a_token_as_people_copy_it(self):
        self.init('  "Bearer %s"  \r\n' % TOKEN, "--no-check")
        self.assertEqual(self.read("api.key"), TOKEN + "\n")

    def test_a_refused_token_leaves_nothing(self):
        self.init("tok-other-0000\n", expect=NOPERM, message="401: the token was refused")
        self.assertNothing()

    def test_an_api_that_cannot_be_reached(self):
        self.init(TOKEN, "--base-url", "http://127.0.0.1:9/v1", expect=UNAVAILABLE, message="no answer from http://127.0.0.1:9/v1")
        self.assertNothing()
        self.init(TOKEN, "--base-url", "http://127.0.0.1:9/v1", "--offline")
        self.assertEqual(sorted(self.files()), ["api.key", "wosync.conf"])

    def test_nothing_is_written_over(self):
        for existing in ("wosync.conf", "api.key", "slack.url"):
            with self.subTest(existing=existing):
                os.makedirs(self.path("etc"), exist_ok=True)
                self.write("etc/" + existing, "theirs")
                self.init("%s\n%s\n" % (TOKEN, self.slack), "--handler", "slack", expect=CANTCREAT,
                          message="%s: it exists, and init writes over nothing" % existing)
                self.assertEqual(self.files(), {existing: 0o600})
                self.assertEqual(self.read(existing), "theirs")
                os.remove(self.path("etc", existing))

    def test_a_link_to_nowhere_is_there_too(self):
        os.mkdir(self.path("etc"))
        os.symlink(self.path("elsewhere"), self.path("etc/api.key"))
        self.init(TOKEN, expect=CANTCREAT, message="api.key: it exists")
        self.assertFalse(os.path.exists(self.path("elsewhere")))

    def test_what_turns_out_wrong_is_taken_back(self):
        self.init(TOKEN + "\nftp://erp.example.com", "--handler", "report", "--handler", "http", "--store", self.path("data/wosync.db"), expect=CONFIG, message="nothing was written")
        self.assertNothing()

    def test_a_directory_that_cannot_be_made(self):
        self.write("etc", "a file")
        self.init(TOKEN, expect=CANTCREAT, message="etc.*; name another")
        self.init(TOKEN, "--store", self.path("etc/data/wosync.db"), expect=CANTCREAT, message="etc")

    def test_secrets_do_not_come_from_the_command_line(self):
        self.init("", TOKEN, expect=USAGE, message="it takes no argument; write the token on stdin")
        run = self.init(TOKEN, "--handler", "slack=" + self.slack, expect=USAGE, message="the URL is a secret")
        self.assertNotIn("very-secret", run.err)
        self.init(TOKEN, "--handler", "http=https://erp.example.com/very-secret", expect=USAGE, message="the URL is a secret")
        run = self.init(TOKEN, "--handler", "warehouse=postgresql://u:very-secret@db/x", expect=USAGE, message="it holds a password")
        self.assertNotIn("very-secret", run.err)
        self.init(TOKEN, "--handler", "slack=file:" + self.write("url", self.slack))
        self.assertEqual(sorted(self.files()), ["api.key", "wosync.conf"])

    def test_mistakes_in_use(self):
        for arguments, message in ((("--handler", "fax"), "fax: .*; known are log, slack, http, exec, report and warehouse"),
                                   (("--handler", "log=x"), "log: it takes no value; write the name alone"),
                                   (("--handler", "http="), "its value is empty or has a line break; write TYPE=TARGET"),
                                   (("--handler", "log", "--handler", "log"), "named before"),
                                   (("--what",), "unknown option")):
            self.init(TOKEN, *arguments, expect=USAGE, message=message)
        self.init("", expect=USAGE, message="stdin has no token")
        self.init("\n", expect=CONFIG, message="token: it is empty")
        self.init(TOKEN, "--handler", "slack", expect=USAGE, message="slack: stdin has no line with its url")
        self.init(TOKEN, "--handler", "http", expect=USAGE, message="http: stdin has no line with its url")
        self.assertNothing()
        user = ["--user", self.me] if os.geteuid() == 0 else []
        self.wosync("-c", "x", "-c", "y", "init", *user, expect=USAGE, config=False, message="it writes one configuration")

    def test_where_it_goes_without_a_name(self):
        if os.geteuid() == 0:
            os.chmod(self.directory, 0o777)
            os.chown(self.home, NOBODY, -1)
        become = NOBODY if os.geteuid() == 0 else None
        if os.path.exists(self.path("wosync.conf")):
            os.remove(self.path("wosync.conf"))
        with open(self.write("typed", TOKEN)) as stdin:
            self.wosync("init", "--no-check", config=False, stdin=stdin, become=become)
        home = {os.path.relpath(os.path.join(place, name), self.home) for place, _, files in os.walk(self.home) for name in files}
        self.assertEqual(home, {".config/wosync/wosync.conf", ".config/wosync/api.key"})
        with open(os.path.join(self.home, ".config/wosync/wosync.conf")) as file:
            self.assertIn("path = %s/.local/share/wosync/wosync.db\n" % self.home, file.read())
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.home, ".config/wosync")).st_mode), 0o700)
        self.wosync("sync", config=False, become=become)
        self.assertTrue(os.path.exists(os.path.join(self.home, ".local/share/wosync/wosync.db")))

    @unittest.skipUnless(os.geteuid() == 0, "only root sets it up for others")
    def test_root_sets_it_up_for_another_user(self):
        user = pwd.getpwuid(NOBODY)
        os.chmod(self.directory, 0o755)
        self.store = self.path("data/wosync.db")
        self.init("%s\n%s\n" % (TOKEN, self.slack), "--user", user.pw_name, "--handler", "slack")
        for name in ("wosync.conf", "api.key", "slack.url"):
            found = os.stat(self.path("etc", name))
            self.assertEqual((stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid), (0o640, 0, user.pw_gid), name)
        found = os.stat(self.path("etc"))
        self.assertEqual((stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid), (0o750, 0, user.pw_gid))
        found = os.stat(self.path("data"))
        self.assertEqual((stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid), (0o700, NOBODY, user.pw_gid))
        self.sync_silently(become=NOBODY)
        self.init(TOKEN, "--user", "no-such-user", expect=CONFIG, message="there is no user no-such-user; make it with: systemd-sysusers")

    @unittest.skipUnless(os.geteuid() == 0, "needs another user")
    def test_others_set_it_up_for_themselves(self):
        os.chmod(self.directory, 0o777)
        self.init(TOKEN, "--user", "root", become=NOBODY, expect=USAGE, message="only root sets wosync up for another user")


class Typed(Init):
    """Somebody at a terminal."""

    def setUp(self):
        super().setUp()
        self.master, slave = os.openpty()
        self.addCleanup(os.close, self.master)
        self.seen = ""
        self.read_to = 0
        user = ["--user", "root"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(
            [self.program(), "-c", self.conf, "init", *user, "--store", self.store], stdin=slave, stdout=slave, stderr=slave,
            env={name: value for name, value in self.env.items() if value is not None}, cwd=self.directory, start_new_session=True)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)
        os.close(slave)

    def expect(self, text):
        """Reads until it appears."""
        end = time.monotonic() + LIMIT
        while text not in self.seen[self.read_to:]:
            if time.monotonic() > end:
                self.fail("waited in vain for %r\n%s" % (text, self.seen))
            try:
                more = os.read(self.master, 4096).decode(errors="replace")
            except OSError:  # its end
                more = ""
            if more == "":
                self.fail("it ended before %r\n%s" % (text, self.seen))
            self.seen += more
        self.read_to = self.seen.index(text, self.read_to) + len(text)

    def type(self, text):
        os.write(self.master, (text + "\n").encode())

    def is_shown(self):
        return bool(termios.tcgetattr(self.master)[3] & termios.ECHO)

    def end(self):
        try:
            while more := os.read(self.master, 4096):
                self.seen += more.decode(errors="replace")
        except OSError:
            pass
        return self.process.wait(LIMIT)

    def test_a_conversation(self):
        self.expect("not shown): ")
        self.assertFalse(self.is_shown())
        self.type("tok-a-wrong-one")
        self.expect("the token was refused")
        self.expect("not shown): ")
        self.type(TOKEN)
        self.expect("[log]: ")
        self.assertTrue(self.is_shown())
        self.type("slack fax")
        self.expect("fax: there is no such handler")
        self.expect("[log]: ")
        self.type("slack, report")
        self.expect("(not shown): ")
        self.assertFalse(self.is_shown())
        self.type(self.slack)
        self.expect("[%s/completed]: " % self.directory)
        self.assertTrue(self.is_shown())
        self.type("")
        self.assertEqual(self.end(), 0, self.seen)
        self.assertIn("Trying it: wosync -c %s doctor" % self.conf, self.seen)
        for secret in (TOKEN, self.slack, "tok-a-wrong-one"):
            self.assertNotIn(secret, self.seen)
        self.assertEqual(self.read("slack.url"), self.slack + "\n")
        self.assertEqual(re.findall(r"(?m)^\[handler (.*)\]$", self.read("wosync.conf")), ["slack", "report"])

    def test_the_default_is_lines(self):
        self.expect("not shown): ")
        self.type(TOKEN)
        self.expect("[log]: ")
        self.type("")
        self.assertEqual(self.end(), 0, self.seen)
        self.assertEqual(re.findall(r"(?m)^\[handler (.*)\]$", self.read("wosync.conf")), ["log"])

    def test_three_wrong_tokens_are_enough(self):
        for _ in range(3):
            self.expect("not shown): ")
            self.type("tok-a-wrong-one")
        self.assertEqual(self.end(), NOPERM, self.seen)
        self.assertNothing()

    def test_a_signal_gives_the_terminal_back(self):
        self.expect("not shown): ")
        self.assertFalse(self.is_shown())
        self.process.send_signal(signal.SIGINT)
        self.assertEqual(self.process.wait(LIMIT), TRY_LATER)
        self.assertTrue(self.is_shown())
        self.assertNothing()

    def test_the_end_of_input(self):
        self.expect("not shown): ")
        self.type(TOKEN)
        self.expect("[log]: ")
        os.write(self.master, b"\x04")
        self.assertEqual(self.end(), TRY_LATER, self.seen)
        self.assertNothing()
