"""The configuration: every mistake at once, with file and line; the environment before the file; secrets."""
import json
import os
import re
import shutil
import subprocess
import unittest

from harness import CONFIG, DONE, NOPERM, ROOT, TOKEN, USAGE, Case


class Mistakes(Case):
    def load(self, text, expect=CONFIG, env=None, command=("sync",)):
        self.write("wosync.conf", text)
        run = self.wosync(*command, expect=expect, env=env)
        self.assertEqual(run.out, "")
        if expect == CONFIG:
            self.assertEqual(self.mock.state()["requests"], 0)
            self.assertFalse(os.path.exists(self.store))
        return run.err.splitlines()

    def refuse(self, text, *patterns):
        lines = self.load(text)
        self.assertEqual(len(lines), len(patterns), lines)
        for line, pattern in zip(lines, patterns):
            self.assertRegex(line, "^wosync: %s%s" % (self.conf, pattern))

    def base(self):
        return "[store]\npath = %s\n" % self.store

    def test_an_unknown_key_is_named_with_its_line_and_the_known_ones(self):
        self.refuse(self.base() + "[api]\npage_sice = 100\n", r":4: page_sice: unknown key in \[api\]; did you mean page_size\?")

    def test_an_unknown_section_is_named_with_its_line(self):
        self.refuse(self.base() + "[apis]\nx = 1\n", r":3: \[apis\]: unknown section; did you mean \[api\]\?")

    def test_an_unknown_section_without_keys_is_named_too(self):
        self.refuse(self.base() + "[apis]\n", r":3: \[apis\]: unknown section")

    def test_all_mistakes_are_told_at_once(self):
        lines = self.load(self.base() + "[api]\npage_size = 0\ntimeout = soon\nx = 1\nfilter = by date\n[sync]\n"
                          "lookback = -5m\nstart = once\ny = 2\n[handler h]\ntype = pigeon\non = workorder.eaten\n"
                          "when = status =\n")
        numbers = sorted(int(line[len("wosync: ") + len(self.conf) + 1:].split(":")[0]) for line in lines)
        self.assertEqual(numbers, [4, 5, 6, 7, 9, 10, 11, 13, 14, 15], lines)

    def test_an_address_that_may_not_be_used_is_one_of_them(self):
        lines = self.load("[api]\nbase_url = http://api.example.com/v1\npage_size = 0\n", env={"WOSYNC_DB": self.store})
        self.assertEqual(len(lines), 2, lines)
        self.assertTrue(any("base_url http://api.example.com/v1: http is for loopback only" in line for line in lines))
        self.assertFalse(os.path.exists(self.store), "a store was made for it")

    def test_a_password_in_an_address_is_not_printed(self):
        for scheme in "https", "ftp":
            address = scheme + "://bob:geheim-4711@api.example.com/v1"
            for text, env in (("base_url = %s\n" % address, {}), ("", {"MAINTAINX_BASE_URL": address})):
                with self.subTest(scheme=scheme, env=env):
                    lines = self.load("[api]\n" + text, env=dict(env, WOSYNC_DB=self.store))
                    self.assertEqual(len(lines), 1, lines)
                    self.assertNotIn("geheim", lines[0])
                    self.assertIn("api.example.com", lines[0])

    def test_values_out_of_range_are_refused_and_never_clamped(self):
        for section, key, values in (
                ("api", "page_size", ("0", "201", "-1", "99999999999999999999", "2.5", "10 pages", "0x10", "")),
                ("api", "timeout", ("0s", "2h", "30", "s", "1e3s", "-1s", "99999999999999999d", "30 s")),
                ("api", "give_up", ("2h", "-1s", "x")),
                ("api", "reserve", ("-1", "1000000", "x")),
                ("sync", "lookback", ("400d", "5", "5 m", "m")),
                ("sync", "start", ("tomorrow", "2026-13-01", "2026-02-30", "12:00")),
                ("sync", "completed", ("",)),
                ("store", "keep", ("0s", "1m", "x"))):
            for value in values:
                with self.subTest(key=key, value=value):
                    lines = self.load("[%s]\n%s = %s\n" % (section, key, value), env={"WOSYNC_DB": self.store})
                    self.assertEqual(len(lines), 1, lines)
                    self.assertIn(key, lines[0])
                    self.assertIn("wosync.conf", lines[0])

    def test_values_at_the_ends_of_their_range_are_taken(self):
        for section, text in (("api", "page_size = 1"), ("api", "page_size = 200"), ("api", "timeout = 1s"),
                              ("api", "timeout = 1h"), ("api", "give_up = 0s"), ("api", "give_up = 0"),
                              ("sync", "lookback = 0"), ("sync", "lookback = 366d"), ("sync", "lookback = 52w"),
                              ("sync", "start = 2026-01-31"), ("sync", "start = 2026-01-31T10:00"), ("store", "keep = 1h")):
            with self.subTest(text=text):
                self.load("[%s]\n%s\n" % (section, text), expect=DONE,
                          env={"WOSYNC_DB": self.store, "MAINTAINX_BASE_URL": self.mock.url})

    def test_a_key_twice(self):
        self.refuse(self.base() + "[api]\ntimeout = 1s\ntimeout = 2s\n", r":5: timeout: set twice in \[api\]")

    def test_a_line_that_is_no_setting(self):
        self.refuse(self.base() + "[api]\njust words\n", r":4: expected KEY = VALUE")

    def test_a_section_header_that_does_not_close(self):
        lines = self.load(self.base() + "[api\ntimeout = 3s\n")
        self.assertRegex(lines[0], r"wosync.conf:3: a section header needs a closing bracket")

    def test_a_setting_before_the_first_section(self):
        lines = self.load("timeout = 3s\n" + self.base())
        self.assertRegex("\n".join(lines), r"wosync.conf:1: a setting before the first section")

    def test_a_line_may_have_any_length(self):
        """And it is read whole: the condition's end decides."""
        self.mock.create_old(1)
        self.configure("[handler log]\ntype = log\non = workorder.created\nwhen = %s title = 'wanted ; so'\n" % (
            "title IN (%s'x') OR " % ("'nobody', " * 400)))
        self.sync()
        self.mock.create({"title": "wanted ; so"}, {"title": "wanted "}, {"title": "other"})
        self.assertEqual([line.split('"')[1] for line in self.sync().out.splitlines()], ["wanted ; so"])

    def test_a_comment_behind_a_value_is_a_mistake(self):
        """Neither a part of the value nor passed over: both would be a surprise."""
        self.refuse(self.base() + "[handler x]\ntype = exec\ncommand = /bin/true ; quietly\nwhen = priority = 'HIGH' ; so\n",
                    r":5: command: a comment needs a line of its own", r":6: when: a comment needs a line of its own")

    def test_what_is_not_expanded_makes_no_file(self):
        self.refuse("[store]\npath = ~/wosync.db\n[handler r]\ntype = report\non = workorder.completed\npath = ~/reports\n",
                    r":2: path = ~/wosync.db: the ~ is not expanded; write the whole path",
                    r":6: \[handler r\] path = ~/reports: the ~ is not expanded; write the whole path")
        self.assertEqual(os.listdir(self.directory), ["wosync.conf"])

    def test_a_value_out_of_range_is_told_with_the_range(self):
        self.refuse(self.base() + "[api]\npage_size = 500\ntimeout = 2h\n",
                    r":4: page_size = 500: expected a number, 1 to 200$",
                    r":5: timeout = 2h: expected a duration such as 30s, from 1s to 1h$")

    def test_a_file_in_another_encoding(self):
        self.write("wosync.conf", "[api]\n".encode("utf-16"))
        self.wosync("sync", expect=CONFIG, message="wosync.conf: the file is UTF-16; save it as UTF-8\n$")

    def test_a_file_that_is_not_there(self):
        running = self.start("-c", self.path("missing.conf"), "sync", config=False)
        self.assertFails(running.wait(), CONFIG, "missing.conf: it cannot be read: No such file")

    def test_a_directory_is_no_file(self):
        running = self.start("-c", self.directory, "sync", config=False)
        self.assertFails(running.wait(), CONFIG, "it cannot be read")

    def test_commands_that_only_read_complain_too(self):
        for command in (("events", "list"), ("dispatch",), ("sync", "--dry-run"), ("config",)):
            with self.subTest(command=command):
                lines = self.load(self.base() + "[api]\nx = 1\n", command=command)
                self.assertRegex(lines[0], r":4: x: unknown key")

    def test_comments_spaces_and_crlf_are_no_mistakes(self):
        self.write("wosync.conf", "; a comment\r\n# another\r\n\r\n[api]\r\nbase_url=%s   \r\n"
                   "  \r\n[store]\r\npath = %s\r\n" % (self.mock.url, self.store))
        self.sync_silently()
        self.assertTrue(os.path.exists(self.store))

    def test_no_token_says_where_to_put_one(self):
        self.sync(expect=CONFIG, message=r"no token; set key_file in \[api\] or MAINTAINX_API_KEY",
                  env={"MAINTAINX_API_KEY": None})

    def test_a_token_with_a_line_break_is_refused(self):
        run = self.sync(expect=CONFIG, message="MAINTAINX_API_KEY in the environment: it holds a line break", env={"MAINTAINX_API_KEY": "abcdef\r\nX-Evil: 1"})
        self.assertNotIn("Evil", run.err)


class Sources(Case):
    def test_the_environment_comes_before_the_file(self):
        self.write("wosync.conf", "[api]\nbase_url = http://127.0.0.1:1/v1\n[store]\npath = %s\n" % self.path("file.db"))
        self.sync(env={"MAINTAINX_BASE_URL": self.mock.url, "WOSYNC_DB": self.path("environment.db")})
        self.assertTrue(os.path.exists(self.path("environment.db")))
        self.assertFalse(os.path.exists(self.path("file.db")))

    def test_an_empty_variable_counts_as_not_set(self):
        key = self.write("api.key", TOKEN + "\n")
        self.configure(api="key_file = " + key)
        self.sync(env={"MAINTAINX_BASE_URL": "", "WOSYNC_DB": "", "WOSYNC_CONFIG": "", "MAINTAINX_API_KEY": ""})

    @unittest.skipIf(os.path.exists("/etc/wosync.conf"), "wosync is configured on this machine")
    def test_the_environment_suffices(self):
        os.remove(self.conf)
        self.sync(config=False, env={"MAINTAINX_BASE_URL": self.mock.url, "WOSYNC_DB": self.store})
        self.assertTrue(os.path.exists(self.store))

    def test_a_mistake_in_the_environment_is_named_so(self):
        self.sync(expect=CONFIG, message="MAINTAINX_BASE_URL=nonsense in the environment: expected a URL",
                  env={"MAINTAINX_BASE_URL": "nonsense"})

    def test_the_file_is_looked_for_in_its_places_in_order(self):
        os.remove(self.conf)
        os.makedirs(self.path("xdg", "wosync"))
        os.makedirs(self.path(".config", "wosync"))
        places = [("by_variable.conf", "one"), ("wosync.conf", "two"), ("xdg/wosync/wosync.conf", "three")]
        for name, store in places + [(".config/wosync/wosync.conf", "four")]:
            self.write(name, "[api]\nbase_url = %s\n[store]\npath = %s\n" % (self.mock.url, self.path(store)))
        env = {"WOSYNC_CONFIG": self.path("by_variable.conf"), "XDG_CONFIG_HOME": self.path("xdg")}
        for name, store in places:
            self.sync(config=False, env=env)
            self.assertTrue(os.path.exists(self.path(store)), store)
            os.remove(self.path(name))
            if name == "by_variable.conf":
                env["WOSYNC_CONFIG"] = None
        env["XDG_CONFIG_HOME"] = None
        self.sync(config=False, env=env)
        self.assertTrue(os.path.exists(self.path("four")))

    def test_several_files_are_laid_over_each_other(self):
        over = self.write("over.conf", "[store]\npath = %s\n[handler log]\nformat = json\n" % self.path("over.db"))
        self.configure("[handler log]\ntype = log\non = workorder.created\n")
        self.sync("--dry-run")
        run = self.start("-c", self.conf, "-c", over, "sync", config=False).wait()
        self.assertSilent(run)
        self.assertTrue(os.path.exists(self.path("over.db")))
        self.assertFalse(os.path.exists(self.store))
        self.mock.create({"title": "New"})
        run = self.start("-c", self.conf, "-c", over, "sync", config=False).wait()
        self.assertEqual([json.loads(line)["event"] for line in run.out.splitlines()], ["workorder.created"])
        self.write("over.conf", "\n[handler log]\nformat = xml\nx = 1\n[api]\ny = 2\n")
        run = self.start("-c", self.conf, "-c", over, "sync", config=False).wait()
        self.assertFails(run, CONFIG, "over.conf:4: \\[handler log\\] x: unknown key")
        self.assertRegex(run.err, "over.conf:6: y: unknown key in")

    def test_the_option_comes_before_the_variable(self):
        self.sync(env={"WOSYNC_CONFIG": self.path("not-there.conf")})


class Secrets(Case):
    def use_key(self, text, mode=0o600):
        path = self.write("api.key", text, mode)
        self.configure(api="key_file = " + path)
        self.env.pop("MAINTAINX_API_KEY")
        return path

    def test_the_token_comes_from_a_file(self):
        self.use_key(TOKEN)
        self.sync_silently()

    def test_space_around_it_does_not_matter(self):
        self.use_key("\n  %s \r\n\n" % TOKEN)
        self.sync_silently()

    def test_a_file_that_others_can_read_is_warned_of(self):
        path = self.use_key(TOKEN, 0o644)
        run = self.sync()
        self.assertTrue(run.err.startswith("wosync: warning: %s: others can read it; run: chmod 600 %s" % (path, path)), run.err)
        self.assertEqual(len(run.err.splitlines()), 1)
        os.chmod(path, 0o640)
        self.assertRegex(self.sync().err, "others can read it")

    @unittest.skipIf(os.geteuid() != 0, "only root gives files away")
    def test_the_command_of_a_warning_is_right_for_a_file_of_root(self):
        """What is typed as it stands there lets wosync read the file, and nobody else."""
        path = self.use_key(TOKEN, 0o644)
        for name in self.directory, self.conf:
            os.chown(name, 65534, 65534)
        message = self.sync(become=65534).err
        command = re.search("others can read it; run as root: (.*)$", message).group(1)
        subprocess.run(command, shell=True, check=True)
        self.assertEqual(self.sync(become=65534).err, "")
        os.chmod(path, 0o600)
        message = self.sync(become=65534, expect=CONFIG, message="it cannot be read: Permission denied").err
        os.chown(path, 0, 0)
        command = re.search("Permission denied; run as root: (.*)$",
                            self.sync(become=65534, expect=CONFIG).err).group(1)
        subprocess.run(command, shell=True, check=True)
        self.assertEqual(self.sync(become=65534).err, "")
        self.assertEqual(os.stat(path).st_mode & 0o7777, 0o640)
        self.assertEqual(self.sync().err, "", "root is warned of a file that is right for another user")

    def test_a_token_as_it_is_copied(self):
        for text in ("Bearer " + TOKEN, '"%s"' % TOKEN, "\ufeff%s\r\n" % TOKEN, "Authorization: Bearer %s\n" % TOKEN):
            with self.subTest(text=text):
                self.use_key(text)
                self.sync_silently()
                self.env["MAINTAINX_API_KEY"] = text
                self.sync_silently()

    def test_a_token_that_cannot_be_one_is_not_sent(self):
        for text, why in ((TOKEN.encode("utf-16"), "it is UTF-16; save it as UTF-8"), (TOKEN + "\nx", "it holds a line break"),
                          ("my " + TOKEN, "it holds a blank"),
                          ("MAINTAINX_API_KEY=" + TOKEN, "it begins with NAME="), ("<%s>" % TOKEN, "it begins with <"),
                          ("Bearer \n", "it is empty"), ("\u201c%s\u201d" % TOKEN, "it holds a character that is not ASCII")):
            with self.subTest(text=text):
                self.mock.reset_log()
                self.use_key(text)
                self.sync(expect=CONFIG, message=why)
                self.assertEqual(self.mock.requests(), [])
                self.env["MAINTAINX_API_KEY"] = TOKEN

    def test_the_environment_wins_over_the_file(self):
        self.use_key("another-token-0815")
        self.sync(env={"MAINTAINX_API_KEY": TOKEN})

    def test_a_file_that_is_missing_empty_or_no_file(self):
        self.use_key("")
        self.sync(expect=CONFIG, message=r"wosync.conf:3: key_file = .*api.key: it is empty; put the secret into it")
        os.remove(self.path("api.key"))
        self.sync(expect=CONFIG, message=r"api.key: it cannot be read: No such file")
        os.mkdir(self.path("api.key"))
        self.sync(expect=CONFIG, message=r"api.key: it cannot be read")
        os.rmdir(self.path("api.key"))
        os.mkfifo(self.path("api.key"))
        self.sync(expect=CONFIG, message=r"api.key: it is not a regular file; write the secret into one")
        os.remove(self.path("api.key"))
        os.symlink("/dev/zero", self.path("api.key"))
        self.sync(expect=CONFIG, message=r"api.key: it is not a regular file")

    def test_a_huge_file_is_refused(self):
        self.use_key("x" * 1000000)
        self.sync(expect=CONFIG, message=r"api.key: it cannot be read: File too large")

    def test_a_wrong_token_of_a_file_is_not_shown(self):
        self.use_key("wrong-token-0815")
        run = self.wosync("-v", "sync", expect=NOPERM)
        self.assertNotIn("wrong-token-0815", run.err)

    def test_the_token_is_in_no_process_list_and_no_file(self):
        self.mock.create_old(3)
        self.mock.fault("hang", times=1)
        self.use_key(TOKEN)
        running = self.start("-v", "sync")
        self.wait_for(lambda: self.mock.state()["max_concurrent"] >= 1, "the request")
        with open("/proc/%d/cmdline" % running.pid, "rb") as f:
            self.assertNotIn(TOKEN.encode(), f.read())
        running.signal(15)
        running.wait()
        self.mock.clear_faults()
        self.sync()
        for name in os.listdir(self.directory):
            if name != "api.key" and os.path.isfile(self.path(name)):
                with open(self.path(name), "rb") as f:
                    self.assertNotIn(TOKEN.encode(), f.read(), name)

    def test_the_token_is_sent_to_the_configured_host_alone(self):
        self.mock.create_old(3)
        self.configure("[handler sink]\ntype = http\nurl = %s\n" % self.mock.sink_url("any"))
        self.sync()
        self.mock.create({"title": "New"})
        self.sync()
        got = self.mock.sink("any")
        self.assertEqual(len(got), 1)
        self.assertNotIn(TOKEN, str(got))


class Check(Case):
    """`wosync config`: everything is read, nothing is sent, nothing is made."""

    def test_what_is_in_force_and_where_it_comes_from(self):
        hook = self.write("slack.url", "https://hooks.example.com/services/T0/B0/secret-4711\n")
        self.configure("[handler slack]\ntype = slack\nwhen = priority = 'HIGH'\nurl = file:%s\n[handler erp]\ntype = http\n"
                       "on = workorder.completed\nurl = https://erp.example.com/secret-4712\n"
                       "header = Authorization: Bearer secret-4713\n"
                       "[handler report]\ntype = report\npath = %s\n[handler warehouse]\ntype = warehouse\ndatabase = %s\n" % (
                           hook, self.path("reports"), self.path("warehouse.db")), api="page_size = 50")
        before = sorted(os.listdir(self.directory))
        run = self.wosync("config", env={"MAINTAINX_WEBHOOK_SECRET": "secret-4714"})
        self.assertEqual(run.err, "")
        self.assertRegex(run.out, r"\Aconfiguration %s: ok\n" % re.escape(self.conf))
        self.assertRegex(run.out, r"(?m)^page_size +50 +%s:3$" % re.escape(self.conf))
        self.assertRegex(run.out, r"(?m)^key_file +\*+ +MAINTAINX_API_KEY in the environment$")
        self.assertRegex(run.out, r"(?m)^secret_file +\*+ +MAINTAINX_WEBHOOK_SECRET in the environment$")
        self.assertRegex(run.out, r"(?m)^lookback +10m +default$")
        self.assertRegex(run.out, r"(?m)^\[handler slack\]\non +\* +default\ntype +slack +%s:10\nwhen +priority = 'HIGH' +" %
                         re.escape(self.conf))
        self.assertRegex(run.out, r"(?m)^url +file:%s +" % re.escape(hook))
        self.assertRegex(run.out, r"(?m)^header +Authorization: \*+ +")
        self.assertNotIn("secret-47", run.out)
        self.assertEqual(self.mock.requests(), [])
        self.assertEqual(sorted(os.listdir(self.directory)), before)

    def test_all_mistakes(self):
        self.write("wosync.conf", "[api]\nbase_url = http://api.example.com/v1\npage_size = 0\n[handler x]\ntype = slack\n"
                   "url = file:%s\nwhen = colour = 'red'\n" % self.path("none"))
        run = self.wosync("config", expect=CONFIG)
        self.assertEqual(run.out, "")
        self.assertEqual(len(run.err.splitlines()), 4, run.err)
        for pattern in (r"wosync.conf:3: page_size = 0: expected a number, 1 to 200", "http is for loopback only",
                        r"wosync.conf:6: \[handler x\] url: .*none: it cannot be read", r"wosync.conf:7: .*no such column: colour"):
            self.assertRegex(run.err, pattern)

    def test_no_token(self):
        self.wosync("config", expect=CONFIG, env={"MAINTAINX_API_KEY": None},
                    message=r"^wosync: api: no token; set key_file in \[api\] or MAINTAINX_API_KEY .*\n$")

    @unittest.skipIf(os.path.exists("/etc/wosync.conf"), "wosync is configured on this machine")
    def test_without_a_file(self):
        os.remove(self.conf)
        run = self.wosync("config", config=False)
        self.assertRegex(run.out, r"\Aconfiguration \(no file: the environment and the defaults\): ok\n")
        self.assertRegex(run.out, r"\[handler log\]\non +\* +default\ntype +log +default\n\Z")

    def test_usage(self):
        self.wosync("config", "file", expect=USAGE, message="write -c FILE in front of config")
        self.wosync("config", "--nonsense", expect=USAGE, message="unknown option")
        self.assertRegex(self.wosync("config", "--help").out, "(?m)^example: +sudo -u wosync wosync config$")
        with open("/dev/full", "w") as full:
            self.wosync("config", expect=74, stdout=full)


class Example(Case):
    """wosync.conf.example, as it is installed."""

    def example(self):
        with open(os.path.join(ROOT, "wosync.conf.example")) as f:
            return f.read()

    def install(self, text):
        """In this test's directory in place of the system's."""
        for name in "/etc/wosync", "/var/lib/wosync", "/etc/ssl":
            text = text.replace(name, self.directory + name)
            os.makedirs(self.directory + name, exist_ok=True)
        self.write("wosync.conf", text)
        self.write("etc/wosync/api.key", TOKEN + "\n")
        self.env.pop("MAINTAINX_API_KEY")

    def test_it_runs(self):
        self.install(self.example())
        self.assertIn("ok\n", self.wosync("config").out)
        self.mock.create_old(3)
        mock = {"MAINTAINX_BASE_URL": self.mock.url}
        self.sync_silently(env=mock)
        self.mock.create({"title": "New"})
        self.assertRegex(self.sync(env=mock).out, 'workorder.created .*"New"')

    def test_without_the_token_it_says_what_is_missing(self):
        self.install(self.example())
        os.remove(self.path("etc/wosync/api.key"))
        run = self.sync(expect=CONFIG, message="key_file = .*etc/wosync/api.key: it cannot be read: No such file")
        self.assertEqual(len(run.err.splitlines()), 1)

    def test_its_handlers_are_right_once_they_are_on(self):
        text = re.sub("(?m)^;(?! |$)", "", self.example())
        self.install(text)
        certificate = self.path("etc/ssl/company.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-days", "2", "-keyout",
                        self.path("etc/wosync/client.key"), "-out", certificate], check=True, capture_output=True)
        for name in "etc/ssl/erp.pem", "etc/wosync/client.pem":
            shutil.copy(certificate, self.path(name))
        self.write("etc/wosync/slack.url", "https://hooks.example.com/services/T0/B0/x\n")
        self.write("etc/wosync/erp.secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
        self.write("etc/wosync/erp.token", "t0ken-4711\n")
        self.write("etc/wosync/webhook.secret", "mx_4711\n")
        self.write("etc/wosync/ping.url", "https://ping.example.com/4711\n")
        for line in "schema = wosync\n",:  # is for PostgreSQL, and the example's database is a file
            self.assertIn(line, text)
            with open(self.conf) as f:
                self.write("wosync.conf", f.read().replace(line, ""))
        run = self.wosync("config")
        self.assertEqual(run.err, "")
        self.assertEqual(re.findall(r"(?m)^type +(\w+)", run.out), ["slack", "http", "exec", "report", "warehouse", "log"])

    def test_it_shows_every_key_of_every_handler_type(self):
        shown = set(re.findall(r"(?m)^;?(\w+) =", self.example()))
        for type_, keys in (("log", ""), ("slack", "url = https://x/y"), ("http", "url = https://x/y"),
                            ("exec", "command = x"), ("report", "path = x"), ("warehouse", "database = x.db")):
            self.write("wosync.conf", "[handler x]\ntype = %s\n%s\nqqqqqqqq = 1\n" % (type_, keys))
            known = re.search("unknown key for type = %s; known are (.*)" % type_, self.wosync("config", expect=CONFIG).err).group(1)
            with self.subTest(type=type_):
                self.assertEqual(set(known.split(", ")) - shown, set())


class EveryKey(Case):
    """What each documented key does, where no other file shows it."""

    def test_timeout(self):
        self.configure(api="timeout = 1s\ngive_up = 0s")
        self.mock.fault("hang", times=-1)
        run = self.sync(expect=69)
        self.assertGreaterEqual(run.seconds, 0.9)
        self.assertLess(run.seconds, 25)

    def test_path(self):
        self.store = self.path("elsewhere.db")
        self.configure()
        self.sync()
        self.assertTrue(os.path.exists(self.store))

    def test_keep_is_taken(self):
        self.configure(store="keep = 30d")
        self.sync()
