"""wosync doctor: one test where all is well, and for each check one that breaks that one thing."""
import json
import os
import re
import socket
import subprocess
import time
import unittest

import postgres
from harness import CONFIG, DATA, DONE, IO, LIMIT, MODULES, NOPERM, TOKEN, UNAVAILABLE, USAGE, WOSYNC
from receiver import Answer, Authority, Receiver
from test_tls import Server
from webhooks import Webhooks

DAY = 86400000
SECRET_PATH = "/hooks/T0B1c2D3e4F5"

NOBODY = 65534


class Doctor(Webhooks):
    def setUp(self):
        super().setUp()
        self.olds = self.mock.create_old(3)

    def doctor(self, *arguments, expect=DONE, **how):
        """Runs it with --json and returns {check: [(result, text)]}."""
        run = self.wosync("doctor", "--json", *arguments, expect=expect, **how)
        self.assertEqual(run.err, "")
        out = json.loads(run.out)
        self.assertEqual(out["exitStatus"], run.status)
        self.assertEqual(out["failures"], len([line for line in out["checks"] if line["result"] == "failed"]))
        self.assertEqual(out["warnings"], len([line for line in out["checks"] if line["result"] == "warning"]))
        self.assertEqual(out["ok"], run.status == DONE)
        found = {}
        for line in out["checks"]:
            found.setdefault(line["check"], []).append((line["result"], line["text"]))
        self.lines = out["checks"]
        return found

    def one(self, check, result, pattern, expect=DONE, arguments=(), **how):
        """Only that check is not well, and says so once."""
        found = self.doctor(*arguments, expect=expect, **how)
        bad = {name: lines for name, lines in found.items() if any(r in ("failed", "warning") for r, _ in lines)}
        self.assertEqual(list(bad), [check], bad)
        lines = [text for r, text in bad[check] if r in ("failed", "warning")]
        self.assertEqual([r for r, _ in bad[check] if r in ("failed", "warning")], [result], bad)
        self.assertRegex(lines[0], pattern)
        return found

    def well(self, **sections):
        """A first run, and a configuration of every type of handler."""
        self.receiver = Receiver(self)
        os.mkdir(self.path("textfile"))
        script = self.write("program", "#!/bin/sh\ncat >> %s\n" % self.path("program.out"), mode=0o700)
        self.configure("""
            [metrics]
            textfile = %s
            [handler lines]
            type = log
            when = title LIKE '%%'
            [handler program]
            type = exec
            command = %s
            [handler erp]
            type = http
            url = %s%s
            [handler chat]
            type = slack
            url = %s%s
            [handler pages]
            type = report
            on = workorder.completed
            path = %s
            [handler rows]
            type = warehouse
            database = %s
            """.replace("\n            ", "\n") % (self.path("textfile", "w.prom"), script, self.receiver.url, SECRET_PATH,
                self.receiver.url, SECRET_PATH, self.path("pages"), self.path("rows.db")), **sections)
        self.sync()
        self.mock.create({"title": "New"})
        self.sync()

    def break_line(self, old, new):
        with open(self.conf) as f:
            text = f.read()
        self.assertIn(old, text)
        self.write("wosync.conf", text.replace(old, new))

    # --- all is well ---

    def test_all_is_well(self):
        self.well()
        before = self.dump()
        requests, sent = self.mock.state()["requests"], len(self.receiver.requests)
        found = self.doctor()
        self.assertEqual({r for lines in found.values() for r, _ in lines}, {"ok", "skipped"})
        self.assertEqual([name for name, lines in found.items() if any(r == "skipped" for r, _ in lines)], ["test-event"])
        self.assertEqual(self.dump(), before)
        self.assertLessEqual(self.mock.state()["requests"] - requests, 6)
        self.assertEqual(len(self.receiver.requests), sent, "a receiver was sent something")
        self.assertNotIn(SECRET_PATH, json.dumps(self.lines))

    def test_it_takes_no_lock(self):
        self.well()
        with self.holding("poll", "deliver", "sweep", "backfill", "refetch"):
            self.doctor()

    def test_before_the_first_run(self):
        found = self.doctor()
        self.assertRegex(found["schema"][0][1], "not made yet; run: wosync sync")
        self.assertEqual(found["integrity"], [("skipped", "not tried: schema was not tried")])
        self.assertFalse(os.path.exists(self.store))

    def test_the_text(self):
        self.well()
        run = self.wosync("doctor")
        lines = run.out.splitlines()
        self.assertEqual([line for line in lines if re.match(r"\w+$", line)],
                         ["configuration", "machine", "api", "store", "handlers", "webhooks"])
        for line in lines:
            self.assertRegex(line, r"^(\w+|  (ok  |warn|FAIL|--  )  \S.*|\d+ ok, 0 warnings, 0 failed, 1 not tried|)$")
        self.assertRegex(lines[-1], "not tried$")

    def test_what_is_not_ok_ends_in_a_command_or_a_setting(self):
        self.well()
        self.sql("UPDATE runs SET ended_ms = 1000")
        self.sql("UPDATE last_runs SET ended_ms = 1000, success_ms = 1000")
        self.mock.config(token="another")
        self.receiver.stop()
        self.doctor(expect=NOPERM)
        for line in self.lines:
            if line["result"] in ("failed", "warning"):
                self.assertRegex(line["text"], r"; [^;]*$", line)

    def test_status_names_it_when_something_is_wrong(self):
        self.well()
        self.assertNotIn("doctor", self.wosync("status").out)
        self.requeue("dead")
        self.assertRegex(self.wosync("status").out, r"(?m)^problem .*\nproblem .*\n(problem .*\n)*help +run: wosync doctor$")

    # --- options ---

    def test_offline_sends_nothing(self):
        self.well()
        self.mock.stop()
        self.receiver.stop()
        found = self.doctor("--offline")
        for check in ("clock", "connection", "token", "filter", "limits", "receivers", "registered"):
            self.assertEqual([r for r, _ in found[check]], ["skipped"], check)
        self.assertEqual(found["integrity"][0][0], "ok")

    def test_strict(self):
        self.well()
        self.requeue("dead")
        self.doctor()
        self.doctor("--strict", expect=DATA)
        self.mock.config(token="another")
        self.doctor("--strict", expect=NOPERM)

    def test_list(self):
        out = self.wosync("doctor", "--list", config=False).out
        names = re.findall(r"(?m)^  (\S+)", out)
        self.assertEqual(len(names), len(set(names)))
        self.well()
        self.assertEqual(sorted(self.doctor()), sorted(names), "--list and what is checked differ")
        self.assertRegex(out, r"(?m)^  token .*; after connection$")

    def test_some_checks_and_what_they_depend_on(self):
        self.well()
        self.assertEqual(list(self.doctor("filter")), ["connection", "token", "filter"])
        self.assertEqual(list(self.doctor("store"))[0], "schema")
        self.assertNotIn("token", self.doctor("store", "dead"))

    def test_wrong_usage(self):
        for arguments, pattern in ((["fliter"], "fliter: there is no such check; did you mean filter"),
                                   (["x"], "doctor --list"), (["--nonsense"], "unknown option"),
                                   (["--send", "--offline"], "use one of them")):
            self.wosync("doctor", *arguments, expect=USAGE, message=pattern)

    def test_a_failure_skips_what_depends_on_it(self):
        self.well()
        self.mock.config(token="another")
        found = self.doctor(expect=NOPERM)
        for check in ("organization", "filter", "limits", "fields"):
            self.assertEqual(found[check], [("skipped", "not tried: token failed")])

    def test_send(self):
        self.well()
        sent = len(self.receiver.requests)
        run = self.wosync("doctor", "--send", "test-event")
        self.assertRegex(run.out, r"(?m)^  --    test-event     pages: not tried: type report would keep it$")
        self.assertRegex(run.out, r"(?m)^  --    test-event     rows: not tried: type warehouse would keep it$")
        self.assertEqual(run.out.count("wosync.test was delivered"), 4)
        self.assertIn("wosync.test", open(self.path("program.out")).read())
        bodies = [request.body.decode() for request in self.receiver.requests[sent:]]
        self.assertEqual(len(bodies), 2)
        event = json.loads(next(body for body in bodies if '"event"' in body))
        self.assertEqual((event["event"], event["data"]["id"]), ("wosync.test", 0))
        self.assertRegex("".join(bodies), "Test of wosync")
        self.assertEqual(self.sql("SELECT count(*) FROM events WHERE type = 'wosync.test'"), [(0,)])

    def test_send_to_one_that_refuses(self):
        self.well()
        self.receiver.decide = lambda request: Answer(403, "go away")
        found = self.doctor("--send", expect=UNAVAILABLE)
        self.assertIn(("skipped", "lines: not tried: it prints on stdout, which --json needs"), found["test-event"])
        bad = [text for r, text in found["test-event"] if r == "failed"]
        self.assertEqual(len(bad), 2)
        self.assertRegex(bad[0], r"erp: wosync.test was not delivered: .*403")

    # --- configuration ---

    def test_settings(self):
        self.well()
        self.break_line("[sync]\n", "[sync]\nlookbak = 10m\nsweep = soon\n")
        found = self.doctor(expect=CONFIG)
        self.assertEqual([r for r, _ in found["settings"]], ["failed", "failed"])
        self.assertRegex(found["settings"][0][1], "lookbak: unknown key")

    def test_secrets(self):
        self.well()
        key = self.write("key", TOKEN + "\n", mode=0o644)
        self.break_line("[api]\n", "[api]\nkey_file = %s\n" % key)
        self.one("secrets", "warning", "key: others can read it; run: chmod", env={"MAINTAINX_API_KEY": None})

    def test_plain_http(self):
        self.well()
        # http on this machine is no fault, and it is not called https
        self.assertEqual(self.doctor("plain-http")["plain-http"], [("ok", "no address on another machine is plain http")])
        address = socket.gethostbyname(socket.gethostname())
        if address.startswith("127."):
            address = "192.0.2.1"
        self.break_line("[handler erp]\ntype = http\nurl = " + self.receiver.url, "[handler erp]\ntype = http\nurl = http://%s:9" % address)
        found = self.doctor("plain-http", env={"PLAIN": "http://%s/ping" % address})
        self.assertRegex(found["plain-http"][0][1], r"\[handler erp\] url is plain http: .*; write https://")
        file = self.write("url", "http://%s/x" % address)
        self.configure("[metrics]\nping_url = env:PLAIN\n[handler a]\ntype = slack\nurl = file:%s\n" % file)
        found = self.doctor("plain-http", env={"PLAIN": "http://%s/ping" % address})
        self.assertEqual([r for r, _ in found["plain-http"]], ["warning", "warning"])

    def test_when(self):
        self.well()
        self.break_line("when = title LIKE '%'", "when = title = 'Never'")
        self.one("when", "warning", r"\[handler lines\] when matches none of the last \d events .*; compare it with: wosync")

    def test_a_when_whose_event_never_came_is_no_news(self):
        self.well()
        self.break_line("when = title LIKE '%'", "on = workorder.deleted\nwhen = title = 'Never'")
        self.assertEqual(self.doctor()["when"][0][0], "ok")

    def test_modules(self):
        self.well()
        self.break_line("database = " + self.path("rows.db"), "database = postgresql://x/y")
        self.env["WOSYNC_MODULES"] = self.directory
        found = self.doctor(expect=CONFIG)
        self.assertEqual(found["modules"][0][0], "failed")
        self.assertRegex(found["modules"][0][1], "warehouse-postgres.so: .*; install the package wosync-postgresql")

    # --- machine ---

    def test_owner(self):
        if os.getuid() != 0:
            self.skipTest("only root can give a file away")
        self.well()
        os.chmod(self.store, 0o640)
        self.one("owner", "warning", "can be read by others .*; run: chmod 600 ")
        os.chmod(self.store, 0o600)

    def test_another_user(self):
        if os.getuid() != 0:
            self.skipTest("only root can become another user")
        self.well()
        os.chmod(self.directory, 0o755)
        for name in self.conf, self.store:
            os.chmod(name, 0o644)
        found = self.doctor("owner", expect=None, become=65534)
        self.assertEqual(found["owner"][0][0], "warning")
        self.assertRegex(found["owner"][0][1], "belongs to root, and this is nobody, .*; run: sudo -u root wosync doctor")

    def test_directories(self):
        self.well()
        os.rmdir(self.path("textfile")) if not os.listdir(self.path("textfile")) else None
        for name in os.listdir(self.path("textfile")):
            os.unlink(self.path("textfile", name))
        os.rmdir(self.path("textfile"))
        self.one("directories", "failed", "metrics: .*textfile: No such file.*; run: install -d", expect=IO)

    def test_the_directory_of_a_store_that_a_link_names(self):
        """Beside the link nothing is written."""
        if os.getuid() != 0:
            self.skipTest("only root can become another user")
        for name in "data", "etc":
            os.mkdir(self.path(name))
        os.chmod(self.directory, 0o755)
        os.chown(self.path("data"), NOBODY, NOBODY)
        os.symlink(self.path("data", "wosync.db"), self.path("etc", "wosync.db"))
        self.store = self.path("etc", "wosync.db")
        self.configure()
        os.chmod(self.conf, 0o644)
        self.sync(become=NOBODY)
        self.assertEqual(self.doctor("directories", become=NOBODY)["directories"][0][0], "ok")

    def test_a_textfile_that_nobody_reads(self):
        self.well()
        self.break_line("w.prom", "w.txt")
        self.one("directories", "warning", "node_exporter reads .*prom alone; change textfile")

    def test_disk(self):
        if os.getuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
            self.skipTest("only root can mount a small disk, in a name space of its own")
        self.well()
        script = ("mount -t tmpfs -o size=%(k)dk none %(d)s/disk && cp %(d)s/wosync.db %(d)s/disk/ && "
                  "ln -s %(d)s/disk/wosync.db %(d)s/link.db && WOSYNC_DB=%(d)s/link.db %(w)s -c %(d)s/wosync.conf doctor disk; "
                  "WOSYNC_DB=%(d)s/disk/wosync.db %(w)s -c %(d)s/wosync.conf doctor disk" % {
                      "d": self.directory, "w": WOSYNC, "k": os.path.getsize(self.store) // 1024 + 100})
        os.mkdir(self.path("disk"))
        done = subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c", script], capture_output=True,
                              text=True, timeout=LIMIT, env=self.env)
        found = re.findall(r"warn  disk +(.*) has \d+ MB left, and twice the store is \d+ MB; free some space", done.stdout)
        self.assertEqual(found, [self.path("disk")] * 2, done)

    def test_clock(self):
        self.well()
        self.mock.config(date_skew_ms=120000)
        self.one("clock", "warning", r"the clock is (1m 5\ds|2m( \d+s)?) behind of the API's; run: timedatectl set-ntp true")
        self.mock.config(date_skew_ms=-7200000)
        self.one("clock", "failed", "the clock is .*h.* ahead of the API's, more than lookback covers", expect=CONFIG)

    def test_schedule(self):
        self.well()
        self.sql("UPDATE last_runs SET ended_ms = ended_ms - 4000000")
        self.one("schedule", "warning", "the last sync ended 1h 6m, and .*; run: systemctl enable")

    # --- api ---

    def test_connection(self):
        self.well()
        self.mock.stop()
        found = self.one("connection", "failed", "; check base_url in .api.", expect=UNAVAILABLE)
        self.assertEqual(found["token"], [("skipped", "not tried: connection failed")])
        self.assertEqual(found["clock"][0][0], "skipped")

    def test_tls(self):
        self.well()
        authority, other = Authority(self), Authority(self, "other")
        server = Server(authority.server_context())
        import threading
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        api = {"MAINTAINX_BASE_URL": "https://127.0.0.1:%d/v1" % server.server_address[1]}
        self.break_line("[api]\n", "[api]\nca_file = %s\n" % other.certificate)
        found = self.doctor("connection", expect=UNAVAILABLE, env=api)
        self.assertRegex(found["connection"][0][1], "127.0.0.1.*ca_file")
        self.break_line(other.certificate, authority.certificate)
        found = self.doctor("connection", env=api)
        self.assertRegex(found["connection"][0][1], r"the certificate of .* by .*CN ?= ?ca ends in 1d 23h")
        self.assertEqual(found["connection"][0][0], "warning", "it ends within fourteen days")

    def test_token(self):
        self.well()
        self.mock.config(token="another")
        found = self.doctor("token", expect=NOPERM)
        self.assertRegex(found["token"][0][1], "401.*refused; .*Settings > Integrations")

    def test_organization(self):
        self.well()
        self.break_line("[api]\n", "[api]\norganization_id = 77\n")
        found = self.doctor("organization", expect=CONFIG)
        self.assertRegex(found["organization"][0][1], "organization_id is 77, and the work orders are of 1001; correct it")

    def test_filter(self):
        self.well()
        before = self.sql("SELECT * FROM filter_probes ORDER BY probe")
        self.mock.config(filter_brackets="ignored", filter_updatedAtGte="ignored", sort="ignored")
        requests = self.mock.state()["requests"]
        self.one("filter", "warning", "honours no filter by updatedAt: every poll reads everything; ask the vendor, or set")
        self.assertLessEqual(self.mock.state()["requests"] - requests, 6)
        self.assertEqual(self.sql("SELECT * FROM filter_probes ORDER BY probe"), before)

    def test_a_bound_that_is_not_inclusive(self):
        record = {"id": 7, "status": "OPEN", "title": "x", "createdAt": "2026-01-02T03:04:05.678Z",
                  "updatedAt": "2026-01-02T03:04:05.678Z"}
        api = Receiver(self, lambda request: Answer(200, json.dumps(
            {"workOrders": [] if "gte" in request.path else [record], "nextCursor": None}), {"Content-Type": "application/json"}))
        found = self.doctor("filter", env={"MAINTAINX_BASE_URL": api.url})
        self.assertEqual(found["filter"][0][0], "warning")
        self.assertRegex(found["filter"][0][1], r"the bound of updatedAt\[gte\] is not inclusive: .*; set late_windows in")
        self.assertLessEqual(len(api.requests), 6)

    def test_limits(self):
        self.well()
        self.mock.config(rate_limit={"requests": 12})
        for _ in range(12):
            found = self.doctor("limits")
            if found["limits"][0][0] != "ok":
                break
        self.assertRegex(str(found["limits"]), "requests of this window are left: others use the token, too; .*reserve in .api.")

    def test_fields(self):
        self.well()
        self.mock.create({"title": "Odd", "status": "PARKED", "colour": "red"})
        found = self.doctor("fields")
        texts = [text for r, text in found["fields"] if r == "warning"]
        self.assertEqual(len(texts), 2, found)
        self.assertRegex(texts[0], "statuses never seen before: PARKED; .*completed in .sync.")
        self.assertRegex(texts[1], "fields never seen before: colour; .*ignore in .sync.")

    # --- store ---

    def test_schema(self):
        self.well()
        self.sql("PRAGMA user_version = 99")
        found = self.one("schema", "failed", "written by a newer wosync .*; install that version", expect=IO)
        self.assertEqual(found["quarantine"], [("skipped", "not tried: schema failed")])

    def test_integrity(self):
        self.well()
        size = os.path.getsize(self.store)
        with open(self.store, "r+b") as f:
            f.seek(8192 * (size // 8192 - 3))
            f.write(b"\xee" * 8192 * 2)
        found = self.doctor("integrity", expect=IO)
        self.assertRegex(found["integrity"][0][1], "corrupt.*; .*put back a backup|malformed")

    def test_log(self):
        self.well()
        with open(self.store + "-wal", "wb") as f:
            f.truncate(70 << 20)
        self.addCleanup(lambda: os.path.exists(self.store + "-wal") and os.unlink(self.store + "-wal"))
        running = self.sql_reader()
        found = self.doctor("log")
        running.close()
        self.assertEqual(found["log"][0][0], "warning", found)
        self.assertRegex(found["log"][0][1], "wal has 70 MB: some program keeps the store open for reading; find it: fuser")

    def test_log_of_a_store_that_a_link_names(self):
        """SQLite keeps it beside the file itself."""
        self.well()
        with open(self.store + "-wal", "wb") as f:
            f.truncate(70 << 20)
        self.addCleanup(lambda: os.path.exists(self.store + "-wal") and os.unlink(self.store + "-wal"))
        running = self.sql_reader()
        os.symlink(self.store, self.path("link.db"))
        store, self.store = self.store, self.path("link.db")
        self.configure(sync="sweep = 7d")
        self.store = store
        self.one("log", "warning", "wosync.db-wal has 70 MB: some program keeps the store open")
        running.close()

    def sql_reader(self):
        """Keeps the store open, so that its log stays."""
        import sqlite3
        reader = sqlite3.connect(self.store)
        reader.execute("SELECT count(*) FROM runs").fetchone()
        return reader

    def test_success(self):
        self.well()
        self.sql("UPDATE last_runs SET success_ms = success_ms - 7300000")
        self.one("success", "warning", "ended well did so 2h 1m ago; run: wosync -v sync")
        self.sync(env={"MAINTAINX_API_KEY": "another-token"}, expect=NOPERM)
        found = self.doctor("success")
        self.assertRegex(found["success"][0][1], "the last sync ended with exit status 77: api: .*; run: wosync -v sync")

    def test_windows(self):
        self.well()
        self.sql("INSERT OR REPLACE INTO lateness VALUES ('poll', 1000000000, 1, 900000000, 900000000, ?)",
                 int(time.time()) // 86400 * DAY)
        self.one("windows", "warning", "appeared 10d 10h late, and the widest window is 3d; widen late_windows")

    def test_passes(self):
        self.well()
        self.configure(api="page_size = 3")
        self.mock.create_old(12)
        for options in ("--since", "30d"), ("--restart", "--since", "90d", "--until", "1d", "--silent"):
            self.mock.config(page_delay_ms=100)
            self.assertIn("; not finished", self.wosync("backfill", *options, "--max-time", "250ms").out)
            [[result, text]] = self.doctor("passes")["passes"]
            self.mock.config(page_delay_ms=0)
            self.assertEqual(result, "warning")
            self.assertRegex(text, "^a backfill ended after page [1-9]; continue it with: wosync backfill --since ")
            advice = text.split("continue it with: wosync ")[1].split()
            self.assertEqual("--silent" in advice, "--silent" in options)
            self.assertRegex(self.wosync(*advice).out, r"^backfill: \d+ records on \d+ pages, \d+ events, \d+ requests\n")
            self.assertEqual(self.doctor("passes")["passes"][0][0], "ok")

    def test_quarantine(self):
        self.well()
        self.sql("INSERT INTO quarantine (identity, fingerprint, source, reason, size, raw, seen_ms) "
                 "VALUES (x'01', x'01', 'poll', 'no id', 2, x'7b7d', 1)")
        self.one("quarantine", "warning", "1 record could not be understood; see: wosync status")

    def test_sweep(self):
        self.well()
        self.sql("UPDATE passes SET finished_ms = finished_ms - ? WHERE kind = 'reconcile'", 15 * DAY)
        self.one("sweep", "warning", "everything was last read 15d.* ago, twice as long as sweep says; run: wosync reconcile")
        self.break_line("[sync]\n", "[sync]\nsweep = 0\n")
        self.one("sweep", "warning", "sweep = 0: deletions are found by wosync reconcile alone")

    # --- handlers ---

    def test_a_receiver_that_is_away(self):
        self.well()
        self.break_line("[handler erp]\ntype = http\nurl = " + self.receiver.url, "[handler erp]\ntype = http\nurl = http://127.0.0.1:9")
        self.one("receivers", "failed", r"erp: .*127\.0\.0\.1 port 9.*; check url in its section, the name server",
                 expect=UNAVAILABLE)

    def test_a_receiver_whose_name_is_wrong(self):
        self.well()
        self.break_line("[handler chat]\ntype = slack\nurl = " + self.receiver.url, "[handler chat]\ntype = slack\nurl = https://nowhere.invalid")
        self.one("receivers", "failed", r"chat: .*nowhere\.invalid", expect=UNAVAILABLE)

    def test_a_receiver_with_another_certificate(self):
        self.well()
        authority = Authority(self)
        receiver = Receiver(self, tls=authority.server_context())
        self.break_line("[handler erp]\ntype = http\nurl = " + self.receiver.url, "[handler erp]\ntype = http\nurl = " + receiver.url)
        self.one("receivers", "failed", r"erp: the certificate of 127\.0\.0\.1, issued by .*ca.*; .*set ca_file", expect=CONFIG)
        self.break_line("[handler erp]\n", "[handler erp]\nca_file = %s\n" % authority.certificate)
        self.one("receivers", "warning", r"erp: .* accepts connections, its certificate by .*ca ends in 1d 23h.*; have it renewed")
        self.assertEqual(receiver.requests, [])

    def test_a_program_that_is_missing(self):
        self.well()
        os.chmod(self.path("program"), 0o600)
        self.one("receivers", "failed", "program: .*/program: it cannot be run: it is not executable; run: chmod a.rx", expect=CONFIG)
        self.break_line("command = " + self.path("program"), "command = no-such-program-4711")
        self.one("receivers", "failed", "no-such-program-4711: it cannot be run: there is no such file in PATH; write the whole path", expect=CONFIG)
        self.break_line("no-such-program-4711", "true x y")
        self.doctor()

    def test_a_directory_of_reports_that_cannot_be_made(self):
        self.well()
        self.break_line("path = " + self.path("pages"), "path = " + self.path("missing", "pages"))
        self.one("receivers", "failed", "pages: .*missing: No such file.*; make the directory writable", expect=IO)

    def test_a_warehouse_that_is_none(self):
        self.well()
        self.break_line("database = " + self.path("rows.db"), "database = " + self.store)
        self.one("receivers", "failed", "rows: .*wosync.db: it is a database of another program; set another path",
                 expect=UNAVAILABLE)
        self.break_line("database = " + self.store, "database = " + self.path("missing", "rows.db"))
        self.one("receivers", "failed", "rows: .*missing: No such file", expect=UNAVAILABLE)
        self.assertFalse(os.path.exists(self.path("missing")))

    def test_a_new_warehouse_is_not_made(self):
        self.well()
        self.break_line("rows.db", "new.db")
        self.doctor()
        self.assertFalse(os.path.exists(self.path("new.db")))

    def test_pending(self):
        self.well()
        self.receiver.decide = lambda request: Answer(503, "later")
        self.mock.create({"title": "Newer"})
        self.sync()
        self.sql("UPDATE events SET observed_ms = observed_ms - 7300000 WHERE seq = (SELECT max(seq) FROM events)")
        found = self.doctor()
        self.assertEqual([r for r, _ in found["pending"]], ["warning", "warning"])
        self.assertRegex(found["pending"][0][1], "erp: 1 pending, the oldest for 2h 1m, last error: .*503.*; see: wosync status")

    def test_dead(self):
        self.well()
        self.requeue("dead", "handler_id = (SELECT id FROM handlers WHERE name = 'erp')")
        self.one("dead", "warning", "erp: 1 dead; see: wosync events list --state dead; then: wosync events retry")

    # --- webhooks ---

    def register(self):
        self.wosync("webhooks", "register", "--url", "https://example.com/hook", "--event", "workorder.created")

    def test_webhooks_that_are_well(self):
        self.well()
        self.register()
        found = self.doctor()
        self.assertRegex(found["registered"][0][1], r"is VALID$")

    def test_a_registration_that_is_gone(self):
        self.well()
        self.register()
        identity = self.sql("SELECT id FROM subscriptions")[0][0]
        self.mock.ask_delete("/subscriptions/%s" % identity)
        self.one("registered", "warning", r"is gone: MaintainX deletes what it cannot reach; .*wosync webhooks register")
        self.assertEqual(self.sql("SELECT status FROM subscriptions"), [("VALID",)], "it reads only")

    def test_signatures(self):
        self.well()
        self.register()
        self.sql("UPDATE subscriptions SET secret = NULL")
        self.one("signatures", "warning", "the secret of .* is not known, .*; run: wosync webhooks secret ",
                 env={"MAINTAINX_WEBHOOK_SECRET": None})
        self.doctor()

    def test_notifications_that_are_refused(self):
        self.well()
        self.send(json.dumps(self.public(self.olds[0])).encode(), sign=lambda body: {}, expect=401)
        self.one("notifications", "warning", "1 came, and all were refused; set secret_file in .webhooks.")

    def test_notifications_that_stay_away(self):
        self.well()
        self.send(self.public(self.olds[0]))
        self.sync()
        self.sql("UPDATE webhook_stats SET last_ms = last_ms - 7300000, first_ms = first_ms - 7300000")
        self.sql("INSERT INTO webhook_gaps VALUES (1, 1, 1)")
        self.one("notifications", "warning", "the last one came 2h 1m ago, and polling has found 1 change since that none names; run: wosync webhooks list")


class Budget(Doctor):
    """Never more requests than it says."""
    slow = True

    def test_all_is_well(self):
        self.well()
        self.wosync("webhooks", "register", "--url", "https://example.com/hook")
        requests = self.mock.state()["requests"]
        found = self.doctor()
        self.assertLessEqual(self.mock.state()["requests"] - requests, 6)
        self.assertRegex(found["registered"][-1][1], "doctor has sent its 6 requests")


class Postgres(Doctor):
    slow = True

    def setUp(self):
        if not os.path.exists(os.path.join(MODULES, "warehouse-postgres.so")):
            self.skipTest("wosync was built without libpq")
        super().setUp()
        self.server = postgres.Postgres(self.path("postgres"))
        self.addCleanup(self.server.stop)
        self.server.start()
        self.env["WAREHOUSE"] = self.server.address

    def test_all_is_well(self):
        self.configure("[handler rows]\ntype = warehouse\ndatabase = env:WAREHOUSE\n")
        found = self.doctor("receivers")
        self.assertRegex(found["receivers"][0][1], "rows: the server is there; the schema wosync will be filled by the first")
        self.assertEqual(self.server.rows("SELECT count(*) FROM pg_namespace WHERE nspname = 'wosync'"), [{"count": 0}])
        self.sync()
        self.assertRegex(self.doctor("receivers")["receivers"][0][1], r"schema wosync, version \d+")
        self.server.execute("CREATE ROLE reader LOGIN PASSWORD 'reader'; GRANT USAGE ON SCHEMA wosync TO reader; "
                            "GRANT SELECT ON ALL TABLES IN SCHEMA wosync TO reader")
        self.env["WAREHOUSE"] = self.server.address.replace("wosync:%s@" % self.server.QUOTED, "reader:reader@")
        found = self.doctor("receivers", expect=UNAVAILABLE)
        self.assertRegex(found["receivers"][0][1], "the role may not write into the schema wosync; run as its owner: GRANT")
        self.server.stop()
        found = self.doctor("receivers", expect=UNAVAILABLE)
        self.assertEqual(found["receivers"][0][0], "failed")


# a class of its own brings its own test, and not those of Doctor again
for name in dir(Doctor):
    if name.startswith("test_") and name != "test_all_is_well":
        setattr(Budget, name, None)
        setattr(Postgres, name, None)
if __name__ == "__main__":
    unittest.main()
