"""The configuration: every mistake at once, with file and line; the environment before the file; secrets."""
import os
import unittest

from harness import CONFIG, DONE, NOPERM, TOKEN, Case


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
        self.refuse(self.base() + "[api]\npage_sice = 100\n", r":4: page_sice: unknown key in \[api\]; known are .*page_size")

    def test_an_unknown_section_is_named_with_its_line(self):
        self.refuse(self.base() + "[apis]\nx = 1\n", r":3: \[apis\]: unknown section; known are \[api\]")

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
        self.refuse(self.base() + "[api]\ntimeout = 1s\ntimeout = 2s\n", r":5: timeout: it stands twice in \[api\]")

    def test_a_line_that_is_no_setting(self):
        self.refuse(self.base() + "[api]\njust words\n", r":4: it is no setting; write KEY = VALUE")

    def test_a_section_header_that_does_not_close(self):
        lines = self.load(self.base() + "[api\ntimeout = 3s\n")
        self.assertRegex(lines[0], r"wosync.conf:3: a section header needs a closing bracket")

    def test_a_setting_before_the_first_section(self):
        lines = self.load("timeout = 3s\n" + self.base())
        self.assertRegex("\n".join(lines), r"wosync.conf:1: a setting before the first section")

    def test_a_line_that_is_too_long_is_no_half_setting(self):
        lines = self.load(self.base() + "[api]\norganization_id = %s\n" % ("9" * 500))
        self.assertRegex(lines[0], r"wosync.conf:4: the line is longer than")

    def test_a_file_that_is_not_there(self):
        running = self.start("-c", self.path("missing.conf"), "sync", config=False)
        self.assertFails(running.wait(), CONFIG, "missing.conf: it cannot be read: No such file")

    def test_a_directory_is_no_file(self):
        running = self.start("-c", self.directory, "sync", config=False)
        self.assertFails(running.wait(), CONFIG, "it cannot be read")

    def test_commands_that_only_read_complain_too(self):
        for command in (("status",), ("events", "list"), ("dispatch",), ("sync", "--dry-run")):
            with self.subTest(command=command):
                lines = self.load(self.base() + "[api]\nx = 1\n", command=command)
                self.assertRegex(lines[0], r":4: x: unknown key")

    def test_comments_spaces_and_crlf_are_no_mistakes(self):
        self.write("wosync.conf", "; a comment\r\n# another\r\n\r\n[api]\r\nbase_url=%s   ; here\r\n"
                   "  \r\n[store]\r\npath = %s\r\n" % (self.mock.url, self.store))
        self.sync_silently()
        self.assertTrue(os.path.exists(self.store))

    def test_no_token_says_where_to_put_one(self):
        self.sync(expect=CONFIG, message=r"no token; set key_file in \[api\] or MAINTAINX_API_KEY",
                  env={"MAINTAINX_API_KEY": None})

    def test_a_token_with_a_line_break_is_refused(self):
        run = self.sync(expect=CONFIG, message="line break", env={"MAINTAINX_API_KEY": "abcdef\r\nX-Evil: 1"})
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
        self.sync(expect=CONFIG, message="MAINTAINX_BASE_URL=nonsense in the environment: it is no URL",
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
        self.assertEqual(run.err, "wosync: warning: %s: others can read it; run: chmod 600 %s\n" % (path, path))
        os.chmod(path, 0o640)
        self.assertRegex(self.sync().err, "others can read it")

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
