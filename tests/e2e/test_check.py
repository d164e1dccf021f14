"""wosync check: the states of a plugin, its thresholds, its performance data, and what a real plugin runner makes of it."""
import os
import re
import subprocess
import unittest

from harness import CONFIG, NOPERM, ROOT, TOKEN, UNAVAILABLE, WOSYNC, Case
from receiver import Answer, Receiver

OK, WARNING, CRITICAL, UNKNOWN = range(4)
NAMES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
NEGATE = "/usr/lib/nagios/plugins/negate"

# https://www.monitoring-plugins.org/doc/guidelines.html#AEN197: 'label'=value[UOM];[warn];[crit];[min];[max]
NUMBER = r"-?[0-9.]+"
RANGE = r"@?(?:(?:~|%s)?:)?(?:%s)?" % (NUMBER, NUMBER)
DATUM = r"'[^'=]+'=(?:U|%s(?:s|us|ms|%%|B|KB|MB|GB|TB|c)?)(?:;(?:%s)?(?:;(?:%s)?(?:;(?:%s)?(?:;(?:%s)?)?)?)?)?" % (
    NUMBER, RANGE, RANGE, NUMBER, NUMBER)


class Check(Case):
    def check(self, *arguments, expect=OK, text=None, **how):
        run = self.wosync("check", *arguments, expect=expect, **how)
        self.assertEqual(run.err, "")
        self.assertRegex(run.out, r"^WOSYNC %s - \S" % NAMES[expect])
        if text is not None:
            self.assertRegex(run.out, text)
        for line in run.out.splitlines()[1:]:
            self.assertRegex(line, r"^(OK|WARNING|CRITICAL|UNKNOWN): [^|]+$")
        if expect != UNKNOWN:
            self.data = self.perfdata(run.out)
        return run

    def perfdata(self, out):
        first = out.splitlines()[0]
        self.assertEqual(first.count("|"), 1, first)
        text = first.split("|")[1]
        self.assertRegex(text, r"^(?: %s)+$" % DATUM)
        return {label: value for label, value in re.findall(r"'([^'=]+)'=(\S+)", text)}

    def age_last_success(self, seconds):
        self.sql("UPDATE runs SET ended_ms = (strftime('%s', 'now') - ?) * 1000 WHERE kind = 'sync'", seconds)

    def make_dead(self, count=1):
        receiver = Receiver(self, lambda request: Answer(400, "no | good\n'x'=1"))
        self.configure("[handler erp]\ntype = http\nurl = %s/\n" % receiver.url)
        self.sync()
        self.mock.create(*[{"title": "New"}] * count)
        self.sync(expect=UNAVAILABLE)

    def test_all_is_well(self):
        self.sync()
        run = self.check(text=r"last success \d+m?s ago, 0 pending, 0 dead")
        self.assertEqual(len(run.out.splitlines()), 1)
        self.assertRegex(self.data["last_success"], r"^\d+s;600;1800;0$")
        self.assertEqual(self.data["pending"], "0;;;0")
        self.assertEqual(self.data["pending_age"], "0s;3600;;0")
        self.assertEqual(self.data["dead"], "0;;0;0")
        self.assertEqual(self.data["quarantine"], "0;0;;0")

    def test_the_age_of_the_last_success(self):
        self.sync()
        self.age_last_success(700)
        self.check(expect=WARNING, text="last success of wosync sync is 11m 4[0-9]s old")
        self.check("--warning", "20m")
        self.check("--warning", "5m", "--critical", "10m", expect=CRITICAL)
        self.assertRegex(self.data["last_success"], r"^70\ds;300;600;0$")
        self.age_last_success(1900)
        self.check(expect=CRITICAL)
        self.check("-w", "1h", "-c", "2h")
        self.age_last_success(-3600)  # the clock went back
        self.check()

    def test_a_run_that_failed_is_no_alarm_and_what_lasts_is_one(self):
        self.sync()
        self.mock.stop()
        self.configure(api="give_up = 0s\n")
        self.sync(expect=UNAVAILABLE)
        self.check()
        self.age_last_success(0)
        self.sql("UPDATE runs SET ended_ms = ended_ms - 3600000 WHERE exit_status = 0")
        self.check(expect=CRITICAL, text="1h .*old")

    def test_no_success_yet(self):
        self.configure(api="base_url = http://127.0.0.1:9/v1\ngive_up = 0s\n".replace("base_url", "; base_url"))
        self.mock.stop()
        self.sync(expect=UNAVAILABLE)
        self.check(expect=CRITICAL, text="no run of wosync sync has ended well; see: wosync status")
        self.assertRegex(self.data["last_success"], "^U;")

    def test_a_refused_token_is_a_warning_at_once(self):
        self.sync()
        self.sync(env={"MAINTAINX_API_KEY": "another-token"}, expect=NOPERM)
        self.check(expect=WARNING, text="exit status 77: api: ")

    def test_quarantine(self):
        self.sync()
        self.sql("INSERT INTO quarantine (identity, fingerprint, source, reason, size, raw, seen_ms) "
                 "VALUES (x'01', x'01', 'poll', 'no id', 2, x'7b7d', 1)")
        self.sql("UPDATE runs SET exit_status = 65")
        self.check(expect=WARNING, text="1 record is in quarantine; see: wosync status")

    def test_dead_deliveries(self):
        self.make_dead(2)
        run = self.check(expect=CRITICAL, text="2 deliveries are dead; see: wosync events list --state dead")
        self.assertEqual(self.data["dead"], "2;;0;0")
        self.check("--dead", "1", expect=CRITICAL)
        self.check("--dead", "2")
        self.assertNotIn("\n'x'", run.out)

    def test_pending_deliveries_and_several_findings(self):
        self.make_dead()
        self.sql("UPDATE deliveries SET state = 'pending', due_ms = ? WHERE state = 'dead'", 1 << 52)
        self.sql("UPDATE events SET observed_ms = observed_ms - 7200000")
        self.sql("UPDATE handlers SET last_error = 'no | good' || char(10) || '''x''=1'")
        run = self.check(expect=WARNING, text=r"handler erp: 1 pending, the oldest for 2h( \d+m)?; last error: no / good\?'x'=1")
        self.assertEqual(len(run.out.splitlines()), 1)
        self.assertRegex(self.data["pending_age"], r"^72\d\ds;3600;;0$")
        self.check("--pending-age", "3h")
        self.age_last_success(9000)
        run = self.check(expect=CRITICAL, text=r"^WOSYNC CRITICAL - the last success .*\(and 1 more\)")
        self.assertEqual([line.split(":")[0] for line in run.out.splitlines()[1:]], ["CRITICAL", "WARNING"])

    def test_a_removed_handler_alarms_nobody(self):
        self.make_dead()
        self.configure()
        self.sync()
        self.check()

    def test_without_a_store(self):
        run = self.check(expect=UNKNOWN, text="not made yet; run: wosync sync")
        self.assertFalse(os.path.exists(self.store))
        self.assertNotIn("|", run.out)

    def test_a_store_of_another_kind(self):
        self.write("wosync.db", "not a database, but long enough to be taken for one\n" * 10)
        self.check(expect=UNKNOWN, text="store .*corrupt or no wosync store")

    def test_a_configuration_that_cannot_be_read(self):
        os.unlink(self.conf)
        self.check(expect=UNKNOWN, text=re.escape(self.conf) + ".*No such file")

    def test_a_wrong_path(self):
        self.write("wosync.conf", "[store]\npath = ~/wosync.db\n")
        self.check(expect=UNKNOWN, text="path = ~/wosync.db: ")

    def test_no_secret_is_needed_and_no_request_sent(self):
        self.sync()
        before = self.mock.state()["requests"]
        with open(self.store, "rb") as f:
            store = f.read()
        self.configure("[handler h]\ntype = http\nurl = file:/nowhere/url\n", api="key_file = /nowhere/key\n")
        self.check(env={"MAINTAINX_API_KEY": None})
        self.wosync("config", env={"MAINTAINX_API_KEY": None}, expect=CONFIG)
        self.assertEqual(self.mock.state()["requests"], before)
        with open(self.store, "rb") as f:
            self.assertEqual(f.read(), store)
        with self.holding("poll", "deliver"):
            self.check()

    def test_wrong_options_are_unknown(self):
        for arguments in (["--warning", "soon"], ["--warning"], ["--critical", "0"], ["--dead", "-1"], ["--dead", "x"],
                          ["--nonsense"], ["nonsense"], ["--warning", "2h", "--critical", "1h"], ["--pending-age", "5"]):
            with self.subTest(arguments=arguments):
                self.check(*arguments, expect=UNKNOWN, text="see: wosync check --help|--warning must not be longer")
        self.check("-warning", "5m", expect=UNKNOWN, text=r"--warning arning: write a duration .*; did you mean --warning\?")
        self.check("-c", "5m", expect=UNKNOWN, text=r"--warning \(10m\) must not be longer than --critical \(5m\); see:")

    # --- what others make of it ---

    def negate(self, *options):
        done = subprocess.run([NEGATE, *options, WOSYNC, "-c", self.conf, "check"], env=self.env, text=True, cwd=ROOT,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        return done.returncode, done.stdout

    def test_a_plugin_runner_runs_it(self):
        self.assertEqual(self.negate()[0], UNKNOWN)
        self.sync()
        status, out = self.negate("-s")
        self.assertEqual(status, CRITICAL)
        self.assertRegex(out, "^WOSYNC CRITICAL - last success")
        self.age_last_success(3600)
        self.assertEqual(self.negate("-s")[0], OK)
        self.age_last_success(700)
        status, out = self.negate("-s", "-w", "UNKNOWN")
        self.assertEqual(status, UNKNOWN)
        self.assertRegex(out, "^WOSYNC UNKNOWN - the last success")

    def test_a_parser_of_performance_data_reads_it(self):
        self.sync()
        self.age_last_success(700)
        text = self.check(expect=WARNING).out.split("|")[1].strip()
        script = ("use Monitoring::Plugin::Performance; print join(' ', $_->label, $_->value, $_->uom, $_->warning, $_->critical), "
                  "qq(\\n) for Monitoring::Plugin::Performance->parse_perfstring($ARGV[0]);")
        done = subprocess.run(["perl", "-e", script, text], text=True, stdout=subprocess.PIPE, check=True)
        lines = done.stdout.splitlines()
        self.assertRegex(lines[0], r"^last_success 70\d s 600 1800$")
        self.assertEqual([line.split()[0] for line in lines], ["last_success", "pending", "pending_age", "dead", "quarantine"])


if __name__ == "__main__":
    unittest.main()
