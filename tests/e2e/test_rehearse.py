"""rehearse: what a handler would have sent, byte for byte, and nothing is sent, written or changed."""
import base64
import contextlib
import datetime
import glob
import hashlib
import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import time
import unittest
import zoneinfo

from harness import CANTCREAT, CONFIG, DONE, IO, LIMIT, TRY_LATER, USAGE, WOSYNC, Case, is_sanitized, long
import postgres
from receiver import Receiver
from test_handler_exec import RECORD
from test_handler_http import make_secret, sign
from test_progress import Terminal
import webhooks

NOBODY = 65534
COUNTS = r"(\d+) messages?(?:, (\d+) summar(?:y|ies))?; busiest minute (\d+)"
ADDRESS = "/services/T0AB12/B0CD34/9fK2sLw81mQx77pZ"


def numbers(match, first=1):
    return tuple(int(n or 0) for n in match.groups()[first - 1:first + 2])


class Rehearsal(Case):
    def setUp(self):
        super().setUp()
        self.receiver = Receiver(self)
        self.out = self.path("out")

    def rehearse(self, name, *options, since="1d", **how):
        """Runs it, and holds that nothing was sent and no byte of the store changed."""
        before, requests, calls = self.look(), len(self.receiver.requests), len(self.mock.requests())
        run = self.wosync("rehearse", "--handler", name, "--since", since, *options, **how)
        self.assertEqual(self.look(), before, str(run))
        self.assertEqual((len(self.receiver.requests), len(self.mock.requests())), (requests, calls))
        return run

    def look(self):
        """All that is in the directory of the test but for --out, with bytes and times."""
        found = {}
        for root, directories, names in os.walk(self.directory):
            if root == self.directory and "out" in directories:
                directories.remove("out")
            for name in names:
                path = os.path.join(root, name)
                if path == self.path("memory"):
                    continue  # the harness's own
                with open(path, "rb") as f:
                    found[path] = (hashlib.sha256(f.read()).hexdigest(), os.stat(path).st_mtime_ns, os.stat(path).st_ino)
        return found

    def files(self, suffix):
        return {os.path.basename(path): self.read(path) for path in sorted(glob.glob(self.out + "/*" + suffix))}

    def read(self, path):
        with open(path, "rb") as f:
            return f.read()

    def index(self):
        with open(os.path.join(self.out, "index.tsv"), encoding="utf-8") as f:
            head, *lines = f.read().splitlines()
        self.assertEqual(head, "file\tmoment\tfor")
        return [line.split("\t") for line in lines]

    def total(self, run):
        """Messages, summaries, busiest minute of all days."""
        return numbers(re.search("^in all +" + COUNTS, run.out, re.M))

    def days(self, run):
        return {m[1]: numbers(m, 2) for m in re.finditer(r"^(\d{4}-\d\d-\d\d)  " + COUNTS + "$", run.out, re.M)}

    def live(self, count=3):
        """A first sync, then work orders that are created, changed and completed."""
        self.sync()
        made = [w["id"] for w in self.mock.create(*(
            {"title": "Leak %d \u00fc's \"x\"\\ \U0001f6a8" % i, "priority": "HIGH" if i % 2 else "LOW",
             "assignees": [{"type": "USER", "id": 2041}], "asset": {"id": 5, "name": "Pump 4"}}
            for i in range(count)))]
        self.sync()
        for number in made:
            self.mock.update(number, status="IN_PROGRESS")
        self.sync()
        self.mock.update(made[0], status="DONE", title="It's done")
        self.sync()
        return made


class EachType(Rehearsal):
    """What was really delivered, and then is rehearsed, is the same."""

    def test_http(self):
        secret = make_secret(7)
        self.env["ERP_TOKEN"] = "Bearer erp-token-c0ffee"
        self.configure("[handler erp]\ntype = http\nurl = %s/hooks/s3cr3t-path?key=s3cr3t-key\nheader = Authorization: env:ERP_TOKEN\n"
                       "header = X-Site: Hall 3\nsecret_file = %s\n" % (self.receiver.url, self.write("secret", secret)))
        self.live()
        sent = {r.headers["webhook-id"]: r for r in self.receiver.requests}
        self.assertGreater(len(sent), 8)
        run = self.rehearse("erp", "--out", self.out)
        files = self.files(".http")
        self.assertEqual(len(files), len(sent))
        self.assertEqual(self.total(run)[0], len(sent))
        self.assertEqual([line[0] for line in self.index()], list(files))
        for name, _, what in self.index():
            head, body = files[name].split(b"\n\n", 1)
            line, *lines = head.decode().split("\n")
            headers = {k.lower(): v for k, v in (header.split(": ", 1) for header in lines)}
            real = sent[what]
            self.assertEqual(line, "POST %s/***" % self.receiver.url)
            self.assertEqual(body, real.body)
            # what libcurl adds, what is masked, and what differs from try to try
            self.assertEqual(set(real.headers) - set(headers), {"host", "user-agent", "accept", "content-length", "accept-encoding"}
                             & set(real.headers))
            for header in set(headers) - {"webhook-timestamp", "webhook-signature", "authorization"}:
                self.assertEqual(headers[header], real.headers[header], header)
            self.assertRegex(headers["authorization"], r"^\*+$|^Bearer \*+$")
            self.assertLess(abs(int(headers["webhook-timestamp"]) - time.time()), LIMIT)
            real.headers, real.body = headers, body
            self.assertEqual(headers["webhook-signature"], sign(secret, real))
        for text in [run.out, run.err, *(content.decode() for content in files.values())]:
            for hidden in ("s3cr3t", "c0ffee", secret.removeprefix("whsec_")):
                self.assertNotIn(hidden, text)

    def test_cloudevents(self):
        self.configure("[handler erp]\ntype = http\nurl = %s\nformat = cloudevents\n" % self.receiver.url)
        self.live(1)
        self.rehearse("erp", "--out", self.out)
        self.assertEqual([content.split(b"\n\n", 1)[1] for content in self.files(".http").values()],
                         [r.body for r in self.receiver.requests])

    def test_slack(self):
        self.env["SLACK_WEBHOOK_URL"] = self.receiver.url + ADDRESS
        self.configure("[handler chat]\ntype = slack\nurl = env:SLACK_WEBHOOK_URL\n")
        self.live(1)
        self.assertGreater(len(self.receiver.requests), 3)
        run = self.rehearse("chat", "--out", self.out)
        self.assertEqual(list(self.files(".json").values()), [r.body for r in self.receiver.requests])
        self.assertNotIn(b"9fK2", b"".join(self.files("").values()) + run.out.encode())

    def test_exec(self):
        self.env["ONE_MORE"] = "inherited-value"
        program, log = self.write("record", RECORD, 0o755), self.path("log")
        self.configure("[handler run]\ntype = exec\ncommand = %s %s \"two words\" back\\\\slash\n" % (program, log))
        self.live(2)
        with open(log, encoding="utf-8") as f:
            calls = [json.loads(line) for line in f]
        self.assertGreater(len(calls), 5)
        self.rehearse("run", "--out", self.out)
        files = list(self.files(".exec").values())
        self.assertEqual(len(files), len(calls))
        for content, call in zip(files, calls):
            head, stdin = content.decode().split("\n\n", 1)
            lines = [line.split(": ", 1) for line in head.split("\n")]
            plain = {"argument": [], "variable": [], "inherited": []}
            for label, text in lines:
                plain[label].append(re.sub(r"\\(n|t|\\|x..)", lambda m: {"n": "\n", "t": "\t", "\\": "\\"}.get(
                    m[1], chr(int(m[1][1:] or "0", 16)) if m[1][0] == "x" else ""), text))
            self.assertEqual(stdin, call["stdin"])
            self.assertEqual(plain["argument"], call["argv"])
            env = {name: value for name, value in call["env"].items() if name != "LC_CTYPE"}  # Python's own
            self.assertEqual(dict(v.split("=", 1) for v in plain["variable"]),
                             {k: v for k, v in env.items() if k.startswith("WOSYNC_") and k != "WOSYNC_MODULES"})
            self.assertEqual(set(plain["inherited"]), set(env) - {v.split("=")[0] for v in plain["variable"]})
            self.assertNotIn("inherited-value", content.decode())

    def test_log(self):
        for form in ("text", "json"):
            with self.subTest(form=form):
                self.configure("[handler line %s]\ntype = log\nformat = %s\n" % (form, form))
                self.sync()
                self.mock.create({"title": "Leak\nin \u00fc"})
                printed = self.sync().out
                self.assertIn("Leak", printed)
                self.out = self.path("out", form)
                os.makedirs(self.path("out"), exist_ok=True)
                self.rehearse("line " + form, "--out", self.out)
                self.assertEqual(list(self.files(".log").values())[-1].decode(), printed)

    def test_report(self):
        reports = self.path("reports")
        self.configure("[handler pages]\ntype = report\npath = %s\n" % reports)
        made = self.live()
        self.mock.update(made[0], status="OPEN")
        self.sync()
        self.mock.update(made[0], status="DONE")
        self.mock.update(made[1], status="DONE")
        self.sync()
        real = {name: self.read(os.path.join(reports, name)) for name in os.listdir(reports)}
        self.assertEqual(len(real), 4)  # three pages, two of one work order; the list
        run = self.rehearse("pages", "--out", self.out)
        self.assertEqual(self.files(""), real)
        self.assertEqual(self.total(run)[0], 3)

    def test_each_in_a_directory_of_its_own_and_safe(self):
        self.configure("[handler erp]\ntype = http\nurl = %s\n" % self.receiver.url)
        self.live(1)
        old = os.umask(0)
        try:
            self.rehearse("erp", "--out", self.out)
        finally:
            os.umask(old)
        self.assertEqual(stat.S_IMODE(os.stat(self.out).st_mode), 0o700)
        for name in os.listdir(self.out):
            self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.out, name)).st_mode), 0o600)


@unittest.skipIf(shutil.which("strace") is None or is_sanitized(), "strace is not installed, or a sanitizer is in the way")
class Traced(Rehearsal):
    """By the calls to the kernel: whatever the type, no connection, no program, no file but in --out."""

    def trace(self, name):
        """The calls of a rehearsal that could change or send something, without those that fail."""
        trace = self.path("trace")
        subprocess.run(["strace", "-f", "-y", "-z", "-s", "4096", "-o", trace, "-e",
                        "trace=%file,%network,%process,ftruncate,fchmod,fchown,fsync,fdatasync", WOSYNC, "-c", self.conf, "rehearse",
                        "--handler", name, "--since", "1d", "--out", self.out],
                       env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True,
                       cwd=self.directory)
        with open(trace, encoding="utf-8", errors="replace") as f:
            lines = [line.split(None, 1)[1] for line in f]
        os.unlink(trace)
        return lines

    def check(self, name):
        lines = self.trace(name)
        self.assertTrue(lines[0].startswith("execve("))
        beside = {self.store + "-wal", self.store + "-shm"}  # SQLite's, and gone in the end
        made = 0
        for line in lines[1:]:
            call = line.split("(")[0]
            self.assertNotIn(call, ("execve", "execveat", "fork", "vfork", "clone", "clone3", "connect", "sendto", "sendmsg",
                                    "bind", "socketpair"), line)
            named, opened = re.search(r'"([^"]*)"', line), re.search(r"\(\d+<([^>]*)>", line)
            path = os.path.join(opened[1] if opened else "", named[1] if named else "").rstrip("/")
            inside = path == self.out or path.startswith(self.out + "/")
            made += inside and "O_CREAT" in line
            if re.match("open|creat", call) and re.search("O_WRONLY|O_RDWR|O_CREAT|^creat", line):
                self.assertTrue(inside or path in beside | {self.store, "/dev/null"}, line)
            elif re.match("rename|link|symlink|unlink|rmdir|mkdir|mknod|f?chmod|truncate|ftruncate", call):
                self.assertTrue(inside or path in beside, line)
            elif re.match("f?chown", call):
                self.assertTrue(inside or path in beside, line)
        self.assertGreater(made, 1)
        self.assertGreater(len(os.listdir(self.out)), 1)

    def test_every_type(self):
        self.env["SLACK_WEBHOOK_URL"] = self.receiver.url + ADDRESS
        self.configure("".join("[handler %s]\ntype = %s\n" % row for row in (
            ("erp", "http\nurl = %s" % self.receiver.url), ("chat", "slack\nurl = env:SLACK_WEBHOOK_URL\ndigest_above = 2"),
            ("run", "exec\ncommand = /bin/true"), ("line", "log"), ("pages", "report\npath = %s" % self.path("reports")),
            ("wh", "warehouse\ndatabase = %s" % self.path("warehouse.db")))) + (
            "" if postgres.programs() is None else "[handler pg]\ntype = warehouse\ndatabase = postgresql://u:p@127.0.0.1:1/x\n"))
        self.sync("--no-dispatch")
        number = self.mock.create({"title": "T"}, {"title": "U"})[0]["id"]
        self.sync("--no-dispatch")
        self.mock.update(number, status="DONE")
        self.sync("--no-dispatch")
        for name in ("erp", "chat", "run", "line", "pages", "wh", *(() if postgres.programs() is None else ("pg",))):
            with self.subTest(handler=name):
                self.out = self.path("out-" + name)
                self.check(name)
        self.assertEqual(self.receiver.requests, [])
        self.assertEqual({"reports", "warehouse.db"} & set(os.listdir(self.directory)), set())


class WarehouseRehearsal:
    """The statements that are rehearsed, run against an empty warehouse, make what the deliveries made."""

    TABLES = ("work_orders", "status_history", "wosync_events", "users", "teams")
    OWN = ("applied_at",)  # the database's own clock

    def with_warehouse(self):
        self.configure("[handler wh]\ntype = warehouse\ndatabase = %s\n%s\n" % (self.database, self.more))

    def tables(self):
        return {table: sorted(({k: v for k, v in row.items() if k not in self.OWN} for row in self.rows("SELECT * FROM " + table)),
                              key=repr) for table in self.TABLES}

    def test_rows(self):
        self.with_warehouse()
        made = self.live()
        self.mock.change(delete=[made[1]])
        self.wosync("reconcile")
        self.wosync("reconcile")
        self.assertIn("workorder.deleted/%d" % made[1], self.ids())
        real = self.tables()
        self.assertEqual(len(real["work_orders"]), 3)
        self.assertGreater(len(real["users"]), 0)
        run = self.rehearse("wh", "--out", self.out)
        self.assertEqual(self.total(run)[0], len(self.ids()))
        files = self.files(".sql")
        self.assertEqual(len(files), len(self.ids()))
        self.assertEqual(self.tables(), real)
        for table in self.TABLES:
            self.execute("DELETE FROM " + table)
        for name in files:
            self.run_file(os.path.join(self.out, name))
        self.assertEqual(self.tables(), real)

    def test_initial_load(self):
        """A new handler is given all work orders first."""
        self.mock.create_old(450)
        self.sync()
        self.sql("UPDATE documents SET json = '{}' WHERE id = 7")  # that one cannot be a row
        self.mock.create({"title": "New"})
        self.sync()
        self.with_warehouse()
        run = self.rehearse("wh", "--out", self.out, message="it cannot be loaded and is left out")
        self.assertIn("first it is given the 451 work orders that it does not have yet\n", run.out)
        self.assertIn("handler wh is new to the store", run.out)
        self.assertEqual([line[2] for line in self.index()], [
            "initial load of 200 work orders", "initial load of 200 work orders", "initial load of 51 work orders", self.ids()[0]])
        self.sync()
        real = self.tables()
        self.assertEqual(len(real["work_orders"]), 450)
        for table in self.TABLES:
            self.execute("DELETE FROM " + table)
        for name in self.files(".sql"):
            self.run_file(os.path.join(self.out, name))
        shown = self.tables()
        for tables in (real, shown):
            for row in tables["work_orders"]:
                # when it was loaded; the event, which a handler that is new is not given, changes no more than that
                row.update(observed_at=None, wosync_seq=None)
        self.assertEqual(shown["work_orders"], real["work_orders"])
        shutil.rmtree(self.out)
        run = self.rehearse("wh")
        self.assertNotIn("first it is given", run.out)


class Sqlite(WarehouseRehearsal, Rehearsal):
    more = ""

    def setUp(self):
        super().setUp()
        self.database = self.path("warehouse.db")

    def rows(self, sql):
        # as one that may only read: the warehouse is to stay as it is
        with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % self.database, uri=True)) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(sql)]

    def execute(self, sql):
        with contextlib.closing(sqlite3.connect(self.database)) as db, db:
            db.execute(sql)

    def run_file(self, path):
        with contextlib.closing(sqlite3.connect(self.database, isolation_level=None)) as db:
            db.executescript(self.read(path).decode())


@unittest.skipIf(postgres.programs() is None, "PostgreSQL is not installed")
class RehearsePostgresTest(WarehouseRehearsal, Rehearsal):
    more = "schema = it's \"mine\""

    def setUp(self):
        super().setUp()
        # not in the directory that the rehearsal must leave as it is: a server at work writes
        self.place = self.directory + "-pg"
        os.mkdir(self.place)
        self.addCleanup(shutil.rmtree, self.place, ignore_errors=True)
        self.server = postgres.Postgres(os.path.join(self.place, "server"))
        self.addCleanup(self.server.stop)
        self.server.start()
        self.database = self.server.address

    def rows(self, sql):
        return json.loads(self.server.psql(
            "-c", "SET search_path TO \"it's \"\"mine\"\"\"", "-c", "SET TimeZone TO 'UTC'",
            "-c", "SELECT coalesce(json_agg(row_to_json(answer)), '[]') FROM (%s) AS answer" % sql))

    def execute(self, sql):
        self.server.psql("-c", "SET search_path TO \"it's \"\"mine\"\"\"", "-c", sql)

    def run_file(self, path):
        copy = os.path.join(self.place, "file.sql")
        shutil.copy(path, copy)
        os.chmod(copy, 0o644)
        os.chmod(self.place, 0o711)
        self.server.psql("-o", "/dev/null", "-f", copy)

    def test_no_server_is_needed(self):
        self.with_warehouse()
        self.live(1)
        self.server.stop()
        run = self.rehearse("wh", "--out", self.out)
        self.assertEqual(self.total(run)[0], len(self.ids()))
        text = b"".join(self.files("").values()).decode() + run.out
        for hidden in (postgres.Postgres.PASSWORD, postgres.Postgres.QUOTED):
            self.assertNotIn(hidden, text)


class Turns(webhooks.Webhooks, Rehearsal):
    """A summary is made of what one run delivers."""

    def chat(self, above):
        self.env["SLACK_WEBHOOK_URL"] = self.receiver.url + ADDRESS
        self.configure("[handler chat]\non = workorder.created workorder.deleted workorder.completed\ntype = slack\n"
                       "url = env:SLACK_WEBHOOK_URL\ndigest_above = %d\n" % above)

    def create(self, count):
        return [w["id"] for w in self.mock.create(*({"title": "T%d" % i, "priority": "HIGH" if i % 5 == 0 else "NONE"}
                                                  for i in range(count)))]

    def bodies(self):
        return [r.body for r in self.receiver.requests]

    def check(self, messages, summaries):
        run = self.rehearse("chat", "--out", self.out)
        self.assertEqual(list(self.files(".json").values()), self.bodies())
        self.assertEqual(self.total(run)[:2], (messages, summaries))
        self.assertEqual(sum("summary of" in line[2] for line in self.index()), summaries)
        shutil.rmtree(self.out)
        self.assertEqual(self.total(self.rehearse("chat"))[:2], (messages, summaries))

    def test_runs(self):
        self.chat(3)
        self.sync()
        for count in (2, 200, 3, 4):
            self.create(count)
            self.sync()
        self.assertEqual(len(self.receiver.requests), 7)
        self.check(5, 2)

    def test_a_summary_of_one(self):
        self.chat(0)
        self.sync()
        self.create(1)
        self.sync()
        self.create(2)
        self.sync()
        self.check(0, 2)

    def test_several_pages_are_one_turn(self):
        self.chat(20)
        self.sync()
        self.create(450)
        self.sync()
        self.assertEqual(len(self.receiver.requests), 1)
        self.check(0, 1)

    def test_webhooks_are_delivered_one_by_one(self):
        """However many come between two runs."""
        self.chat(2)
        self.sync()
        for number in self.create(4):
            self.send(self.public(number, "NEW_WORK_ORDER"))
        self.assertEqual(len(self.receiver.requests), 4)
        self.create(3)
        self.sync()
        self.check(4, 1)

    def test_a_killed_run_leaves_its_events_to_the_next(self):
        self.chat(3)
        self.sync()
        self.create(2)
        self.sync("--no-dispatch")
        self.sql("UPDATE runs SET ended_ms = NULL, exit_status = NULL WHERE id = (SELECT max(id) FROM runs)")
        self.create(2)
        self.sync()
        self.assertEqual(len(self.receiver.requests), 1)
        self.check(0, 1)


class Log(Rehearsal):
    """A log of many events, made by the test."""

    TYPES = ("workorder.created", "workorder.status_changed", "workorder.updated", "workorder.completed", "workorder.deleted")
    ONLY = "on = workorder.created workorder.completed workorder.updated\n"
    zone, offset = "Asia/Kathmandu", "+345 minutes"

    def setUp(self):
        super().setUp()
        self.env["TZ"] = self.zone
        self.sync()

    def erp(self, *lines, name="erp", file="wosync.conf"):
        self.configure("[handler %s]\ntype = http\nurl = %s/hook\n%s\n" % (name, self.receiver.url, "\n".join(lines)))
        if file != "wosync.conf":
            os.rename(self.conf, self.path(file))
        return self.path(file)

    def fill(self, count, days=40, size=0):
        """Events in the order of time, but for some seconds; several in many minutes."""
        now, rows = int(time.time() * 1000), []
        for i in range(count):
            at = now - int(days * 86400000 * (1 - (i // 7 * 7) / count)) + (i * 7919) % 4000 - 60000
            kind = self.TYPES[i * 31 % 5]
            identifier = "%s/%d/%d" % (kind, i % 500, i)
            body = {"id": identifier, "event": kind, "timestamp": "x", "data": {
                "id": i % 500, "priority": ("NONE", "LOW", "MEDIUM", "HIGH")[i * 17 % 4], "title": "T" * size}}
            rows.append((identifier, kind, i % 500, at, at, json.dumps(body)))
        with contextlib.closing(sqlite3.connect(self.store)) as db, db:
            db.executemany("INSERT INTO events (id, type, subject, occurred_ms, observed_ms, body) VALUES (?, ?, ?, ?, ?, ?)", rows)
        return rows

    def expect(self, where, since_days):
        """(messages, 0, busiest minute) of each day, by SQL over the view."""
        since = "strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ', 'now', '-%d days')" % since_days
        rows = self.sql("SELECT day, sum(n), max(n) FROM (SELECT date(observed_at, :z) AS day, count(*) AS n FROM event_log "
                        "WHERE observed_at >= %s AND (%s) GROUP BY strftime('%%Y-%%m-%%dT%%H:%%M', observed_at, :z)) GROUP BY day"
                        .replace(":z", "'%s'" % self.offset) % (since, where))
        return {day: (count, 0, busiest) for day, count, busiest in rows}

    HIGH = "body ->> '$.data.priority' = 'HIGH'"
    WANTED = "type IN ('workorder.created', 'workorder.completed', 'workorder.updated')"

    def test_counts(self):
        self.fill(20000)
        for lines, where in ((("on = *",), "1"), ((self.ONLY,), self.WANTED),
                             ((self.ONLY, "when = priority = 'HIGH'"), self.WANTED + " AND " + self.HIGH)):
            for days in (20, 60):
                with self.subTest(where=where, days=days):
                    self.erp(*lines)
                    run = self.rehearse("erp", since="%dd" % days)
                    expected = self.expect(where, days)
                    self.assertEqual(self.days(run), expected)
                    self.assertEqual(self.total(run), (sum(d[0] for d in expected.values()), 0, max(d[2] for d in expected.values())))
                    self.assertGreater(max(d[2] for d in expected.values()), 1)
                    self.assertEqual("the event log begins at" in run.err, days == 60)

    def test_a_clock_that_was_set_back(self):
        """For an hour, in the middle: nothing of before is overlooked, and nothing counts twice."""
        rows = self.fill(2000, days=4)
        self.sql("UPDATE events SET observed_ms = observed_ms - 43200000 WHERE seq BETWEEN 1200 AND 1260")
        self.erp("on = *")
        self.assertEqual(self.days(self.rehearse("erp", since="2d")), self.expect("1", 2))
        self.assertEqual(len(rows), 2000)

    def test_an_event_that_this_program_does_not_know(self):
        self.fill(10, days=1)
        self.sql("UPDATE events SET type = 'asset.created' WHERE seq <= 3")
        self.erp("on = *")
        self.assertEqual(self.total(self.rehearse("erp", since="3d"))[0], 7)

    def test_what_a_changed_when_adds_and_drops(self):
        self.fill(3000)
        old = self.erp(self.ONLY, "when = priority = 'HIGH' OR priority = 'LOW'", file="old.conf")
        self.erp("when = priority <> 'LOW'")
        run = self.rehearse("erp", "--diff", old, since="90d")
        was = "(%s AND body ->> '$.data.priority' IN ('HIGH', 'LOW'))" % self.WANTED
        now = "(body ->> '$.data.priority' <> 'LOW')"
        ids = {sign: [row[0] for row in self.sql("SELECT id FROM event_log WHERE %s ORDER BY seq" % where)]
               for sign, where in (("+", "%s AND NOT %s" % (now, was)), ("-", "%s AND NOT %s" % (was, now)))}
        self.assertIn("compared with %s: %d events added, %d dropped\n" % (old, len(ids["+"]), len(ids["-"])), run.out)
        for sign, expected in ids.items():
            self.assertGreater(len(expected), 5)
            self.assertEqual(re.findall(r"^  \%s (.*)$" % sign, run.out, re.M),
                             expected[:5] + ["and %d more" % (len(expected) - 5)])
        run = self.rehearse("erp", "--diff", self.conf, since="90d")
        self.assertIn("0 events added, 0 dropped\n", run.out)

    def test_a_handler_with_another_name_before(self):
        self.fill(10)
        old = self.erp("on = workorder.created", name="sap", file="old.conf")
        self.erp("was = sap", "on = workorder.created")
        self.assertIn("0 events added, 0 dropped\n", self.rehearse("erp", "--diff", old, since="90d").out)

    def test_a_configuration_behind_the_command(self):
        self.fill(10)
        new = self.erp("on = workorder.deleted", file="new.conf")
        self.erp("on = *")
        self.assertEqual(self.total(self.rehearse("erp", "-c", new, since="90d"))[0], 2)
        self.assertEqual(self.total(self.rehearse("erp", "-c", new, since="90d", config=False))[0], 2)

    def test_where_the_handler_stands(self):
        self.fill(10)
        self.erp("on = *")
        self.assertIn("handler erp is new to the store: it starts at the end of the log; older events are given to it by: "
                      "wosync events replay --handler erp\n", self.rehearse("erp", since="90d").out)
        self.sync()
        self.assertNotIn("new to the store", self.rehearse("erp", since="90d").out)
        self.fill_more(3)
        self.assertIn("the last 3 of these events are yet to be delivered\n", self.rehearse("erp", since="90d").out)
        self.erp("on = *", "when = title = 'Nothing'")  # it takes none of them
        self.assertNotIn("yet to be delivered", self.rehearse("erp", since="90d").out)

    def fill_more(self, count):
        self.mock.create(*({"title": "More"} for _ in range(count)))
        self.sync("--no-dispatch")

    # --- errors ---

    def test_a_handler_that_is_not_there(self):
        self.fill(10)
        old = self.erp(name="sap", file="old.conf")
        self.erp()
        self.rehearse("epr", expect=USAGE, message="rehearse: the configuration has no handler epr; did you mean erp\\?")
        self.rehearse("warehouse", expect=USAGE, message="the configuration has no handler warehouse; it has erp")
        self.rehearse("erp", "--diff", old, expect=USAGE, message="rehearse: %s has no handler erp; it has sap" % old)
        self.rehearse("erp", "--diff", self.path("none.conf"), expect=CONFIG, message="none.conf")

    def test_nothing_in_that_time(self):
        self.erp()
        self.rehearse("erp", "--out", self.out, expect=USAGE, message="rehearse: the event log is empty: .*backfill")
        self.fill(10, days=40)
        self.sql("UPDATE events SET observed_ms = observed_ms - 86400000 * 3")
        self.rehearse("erp", "--out", self.out, expect=USAGE,
                      message=r"no event was observed since .*; the log goes back to .*; write an earlier --since")
        self.assertFalse(os.path.exists(self.out))

    def test_a_log_that_does_not_go_back_so_far(self):
        """A young one begins where the first event was emitted; of an old one `keep` has removed something, and not what is dead."""
        def moment(seq):
            [[observed]] = self.sql("SELECT observed_ms FROM events WHERE seq = ?", seq)
            local = datetime.datetime.fromtimestamp(observed / 1000, zoneinfo.ZoneInfo(self.zone))
            return local.strftime("%-d %b %Y, %H:%M")
        head = "wosync: warning: rehearse: "
        self.erp("on = *")
        self.rehearse("erp", expect=USAGE, message="rehearse: the event log is empty: nothing was emitted yet; wosync backfill emits older events\n$")
        self.fill(200)
        self.erp("on = *")
        self.assertEqual(self.rehearse("erp", since="30d").err, "")
        self.sql("UPDATE retention SET event_seq = 50")  # it has looked, and removed nothing
        self.assertEqual(self.rehearse("erp", since="60d").err,
                         head + "the event log begins at %s; nothing was emitted before that\n" % moment(1))
        self.sql("UPDATE events SET observed_ms = observed_ms - 86400000 * 3")
        self.rehearse("erp", expect=USAGE, message=r"no event was observed since [^;]*; the log goes back to [^;(]*; write an earlier --since\n$")
        self.sql("UPDATE events SET observed_ms = observed_ms + 86400000 * 3")
        self.sql("INSERT INTO handlers (id, name, type, position, added_ms) VALUES (7, 'erp', 'http', 200, 0)")
        self.sql("INSERT INTO deliveries (handler_id, state, event_seq, subject, due_ms, changed_ms) VALUES (7, 'dead', 1, 0, 0, 0)")
        self.sql("UPDATE retention SET event_seq = 0")
        self.configure("[store]\nkeep = 20d\n")
        self.sync()
        self.sql("UPDATE handlers SET removed_ms = NULL")
        [[first]] = self.sql("SELECT seq FROM events WHERE seq > 1 ORDER BY seq LIMIT 1")
        self.assertIn(first, range(80, 120))
        self.configure("[store]\nkeep = 20d\n[handler erp]\ntype = http\nurl = %s/hook\n" % self.receiver.url)
        removed = head + "events that were done before %s were removed, and are not rehearsed; they are kept for 20d, set keep in [store] for more\n"
        self.assertEqual(self.rehearse("erp", since="60d").err, removed % moment(first))
        self.assertEqual(self.rehearse("erp", since="30d").err, removed % moment(first))
        self.assertEqual(self.rehearse("erp", since="10d").err, "")
        self.sql("UPDATE events SET observed_ms = observed_ms - 86400000 * 3")
        self.rehearse("erp", expect=USAGE, message=r"the log goes back to .* \(keep = 20d in \[store\]\); write an earlier --since")
        self.sql("DELETE FROM events WHERE seq > 1")
        self.assertRegex(self.rehearse("erp", since="60d").err, r"events that were done before .* were removed, and are not rehearsed")
        self.sql("DELETE FROM deliveries")
        self.sql("DELETE FROM events")
        self.rehearse("erp", expect=USAGE, message="the event log is empty: nothing was emitted in the last 20d \\(keep in")

    def test_a_directory_that_is_not_empty(self):
        self.fill(10)
        self.erp("on = *")
        os.mkdir(self.out)
        self.rehearse("erp", "--out", self.out, since="90d")  # an empty one will do
        before = {name: os.stat(os.path.join(self.out, name)).st_mtime_ns for name in os.listdir(self.out)}
        self.assertEqual(len(before), 11)
        self.rehearse("erp", "--out", self.out, since="90d", expect=CANTCREAT,
                      message="rehearse: --out %s: it is not empty; name a new or an empty directory" % self.out)
        self.assertEqual({name: os.stat(os.path.join(self.out, name)).st_mtime_ns for name in os.listdir(self.out)}, before)
        self.rehearse("erp", "--out", self.conf, since="90d", expect=CANTCREAT, message="it cannot be opened: .*name a new directory")
        self.rehearse("erp", "--out", self.path("no", "such"), since="90d", expect=CANTCREAT, message="it cannot be made: ")
        if os.getuid() == 0:
            os.mkdir(self.path("out", "theirs"))
            os.chown(self.path("out", "theirs"), NOBODY, NOBODY)
            self.rehearse("erp", "--out", self.path("out", "theirs"), since="90d", expect=CANTCREAT,
                          message="it belongs to another user; name a new directory")

    def test_a_when_that_fails(self):
        self.fill(10)
        self.erp("when = abs(-9223372036854775807 - 1)")
        self.rehearse("erp", since="90d", expect=CONFIG, message=r"rehearse: handler erp: when: .*overflow.* \(at workorder\.created/0/0\)")
        old = self.conf + ".old"
        os.rename(self.conf, old)
        self.erp()
        self.rehearse("erp", "--diff", old, since="90d", expect=CONFIG, message="rehearse: --diff: handler erp: when: ")

    def test_wrong_usage(self):
        self.erp()
        for options, message in (
                ((), "--handler is missing; write --handler NAME --since T"),
                (("--handler", "erp"), "--since is missing; write --handler NAME --since T"),
                (("--since", "soon", "--handler", "erp"), "--since soon: "), (("--all",), "--all: unknown option"),
                (("--handler", "erp", "--since", "1d", "--out"), "--out: "),
                (("--handler", "erp", "--since", "1d", "erp"), "erp: unexpected argument")):
            self.wosync("rehearse", *options, expect=USAGE, message="rehearse: " + message)
        os.unlink(self.store)
        self.wosync("rehearse", "--handler", "erp", "--since", "1d", expect=IO, message="not made yet; the first wosync sync makes it")

    # --- what it leaves alone ---

    def test_a_log_beside_the_store(self):
        """As a crash leaves it: it is read, and stays byte for byte."""
        self.fill(10)
        self.erp()
        with contextlib.closing(sqlite3.connect(self.store)) as db:
            db.execute("UPDATE handlers SET delivered = 5")
            db.execute("DELETE FROM events WHERE seq = 1")
            db.commit()
            copies = {end: self.read(self.store + end) for end in ("", "-wal", "-shm")}
        for end, content in copies.items():
            self.write("wosync.db" + end, content)
        self.assertGreater(len(copies["-wal"]), 0)
        beside = self.store + "-shm"  # SQLite's own notes of who reads; made anew by whoever comes
        before = self.read(self.store + "-wal")
        for _ in range(2):
            run = self.wosync("rehearse", "--handler", "erp", "--since", "90d")
            self.assertEqual(self.total(run)[0], 9)
            self.assertEqual((self.read(self.store), self.read(self.store + "-wal")), (copies[""], before))
            self.assertEqual({name for name in os.listdir(self.directory) if name.startswith("wosync.db")},
                             {"wosync.db", "wosync.db-wal", os.path.basename(beside)})

    def test_a_directory_that_may_only_be_read(self):
        if os.getuid() != 0:
            self.skipTest("only root can become another user")
        self.fill(10)
        self.erp()
        program = self.program(become=NOBODY)
        out = self.directory + "-out"
        os.mkdir(out)
        self.addCleanup(shutil.rmtree, out, ignore_errors=True)
        os.chown(out, NOBODY, NOBODY)
        for path, mode in ((self.conf, 0o444), (program, 0o755), (self.store, 0o444), (self.directory, 0o555)):
            os.chmod(path, mode)
        run = self.rehearse("erp", "--out", out, since="90d", become=NOBODY)
        self.assertEqual(self.total(run)[0], 10)
        self.assertEqual(len(os.listdir(out)), 11)

    def test_a_link_in_a_directory_that_may_only_be_read(self):
        """The log that holds the event lies beside the file, not beside the link."""
        if os.getuid() != 0:
            self.skipTest("only root can become another user")
        own, theirs = self.directory + "-own", self.path("theirs")
        os.mkdir(own)
        self.addCleanup(shutil.rmtree, own, ignore_errors=True)
        with contextlib.closing(sqlite3.connect(self.store)) as db:
            db.execute("SELECT count(*) FROM events").fetchone()  # who is last to close it would empty the log
            self.fill(1)
            for end in "", "-wal", "-shm":
                shutil.copy(self.store + end, own + "/real.db" + end)
                os.chown(own + "/real.db" + end, NOBODY, NOBODY)
        os.chown(own, NOBODY, NOBODY)
        self.assertGreater(os.path.getsize(own + "/real.db-wal"), 0)
        os.mkdir(theirs)
        self.store = os.path.join(theirs, "link.db")
        os.symlink(own + "/real.db", self.store)
        self.erp()
        program = self.program(become=NOBODY)
        for path, mode in ((self.conf, 0o444), (program, 0o755), (theirs, 0o555), (self.directory, 0o755)):
            os.chmod(path, mode)
        run = self.wosync("rehearse", "--handler", "erp", "--since", "90d", become=NOBODY)
        self.assertEqual(self.total(run)[0], 1)

    def test_a_link_to_a_directory_that_may_only_be_read(self):
        """We may write beside the link, but not beside the file: it is read as one that does not change."""
        if os.getuid() != 0:
            self.skipTest("only root can become another user")
        self.fill(10)
        self.erp()
        own = self.directory + "-own"
        os.mkdir(own)
        self.addCleanup(shutil.rmtree, own, ignore_errors=True)
        os.chown(own, NOBODY, NOBODY)
        os.symlink(self.store, own + "/link.db")
        store, self.store = self.store, own + "/link.db"
        self.erp()
        program = self.program(become=NOBODY)
        for path, mode in ((self.conf, 0o444), (program, 0o755), (store, 0o666), (self.directory, 0o555)):
            os.chmod(path, mode)
        run = self.rehearse("erp", since="90d", become=NOBODY)
        self.assertEqual(self.total(run)[0], 10)

    def test_a_store_that_is_written_meanwhile_and_may_only_be_read(self):
        if os.getuid() != 0:
            self.skipTest("only root can become another user")
        self.fill(20000)
        self.erp("when = length(title) = 0")
        self.program(become=NOBODY)
        for path, mode in ((self.conf, 0o444), (self.store, 0o444), (self.directory, 0o555)):
            os.chmod(path, mode)
        running = self.start("rehearse", "--handler", "erp", "--since", "90d", become=NOBODY)
        self.wait_for(lambda: self.has_open(running, self.store), "the store to be open")
        running.signal(signal.SIGSTOP)
        self.sql("UPDATE handlers SET delivered = 7")
        running.signal(signal.SIGCONT)
        run = running.wait()
        self.assertFails(run, TRY_LATER, "another process wrote it meanwhile")
        self.assertEqual(run.out, "")

    @staticmethod
    def has_open(running, path):
        with contextlib.suppress(OSError):
            return any(os.readlink(link) == path for link in glob.glob("/proc/%d/fd/*" % running.pid))
        return False

    def test_no_run_waits_for_it(self):
        """It is stopped in the midst of its reading; a sync does all its work."""
        self.fill(6000)
        self.erp("on = *")
        running = self.start("rehearse", "--handler", "erp", "--since", "90d", "--out", self.out)
        self.wait_for(lambda: os.path.exists(os.path.join(self.out, "000100.http")), "some files")
        running.signal(signal.SIGSTOP)
        self.mock.create({"title": "Meanwhile"})
        self.assertEqual(self.sync().err, "")
        self.assertEqual(len(self.receiver.requests), 1)
        running.signal(signal.SIGCONT)
        run = running.wait()
        self.assertEqual(run.status, DONE, str(run))
        self.assertEqual(self.total(run)[0], 6000)  # what came meanwhile is not of it
        self.assertEqual(len(os.listdir(self.out)), 6001)

    def test_it_waits_for_no_run(self):
        self.fill(10)
        self.erp("on = *")
        with contextlib.closing(sqlite3.connect(self.store, isolation_level=None)) as db, self.holding("poll", "deliver"):
            db.execute("BEGIN IMMEDIATE")
            db.execute("DELETE FROM events")
            self.assertEqual(self.total(self.wosync("rehearse", "--handler", "erp", "--since", "90d"))[0], 10)
            db.execute("ROLLBACK")

    def test_a_signal(self):
        self.fill(6000)
        self.erp("on = *")
        running = self.start("rehearse", "--handler", "erp", "--since", "39d", "--out", self.out)
        self.wait_for(lambda: os.path.exists(os.path.join(self.out, "000100.http")), "some files")
        running.signal(signal.SIGTERM)
        run = running.wait()
        self.assertFails(run, TRY_LATER, "rehearse: a signal ended it")
        self.assertEqual(run.out, "")
        count = len(self.files(".http"))
        self.assertEqual(run.err, "wosync: rehearse: a signal ended it; nothing was sent; --out %s: it holds %d messages of a rehearsal "
                                  "that did not succeed; remove it and rehearse again\n" % (self.out, count))
        self.assertEqual(len(self.index()), count)

    def test_a_full_disk(self):
        self.fill(10, size=60000)
        self.erp("on = *")
        # SQLite makes a file of 32 KiB beside the store
        self.rehearse("erp", "--out", self.out, since="39d", expect=IO, limits={resource.RLIMIT_FSIZE: 50000},
                      message="rehearse: --out %s: 000001.http: it cannot be written: File too large; free some space; "
                              "--out %s: it holds 0 messages of a rehearsal that did not succeed; "
                              "remove it and rehearse again\n" % (self.out, self.out))
        self.assertEqual(os.listdir(self.out), ["index.tsv"])
        with open("/dev/full", "wb") as full:
            self.rehearse("erp", since="90d", expect=IO, message="stdout: No space left", stdout=full)

    def test_a_terminal(self):
        """The bar is drawn, and gone in the end."""
        self.fill(12000)
        self.erp("on = *")
        terminal = Terminal(self, 60, "rehearse", "--handler", "erp", "--since", "90d", "--out", self.out)
        terminal.wait()
        shown = [line for line in terminal.draws if line.startswith("rehearse")]
        self.assertTrue(shown, terminal.text)
        for line in shown:
            self.assertRegex(line, r"^rehearse +\d+ % of the log *$")
        self.assertNotIn("rehearse ", terminal.lines[-1])

    def test_the_state_on_a_signal(self):
        self.fill(6000)
        self.erp("on = *")
        running = self.start("rehearse", "--handler", "erp", "--since", "90d", "--out", self.out)
        self.wait_for(lambda: os.path.exists(os.path.join(self.out, "000100.http")), "some files")
        running.signal(signal.SIGUSR1)
        self.assertRegex(running.wait().err, r"(?m)^wosync: rehearse: \d+ % of the log$")

    @long
    def test_a_million(self):
        """In little memory, and without the bodies where nothing looks at them."""
        if is_sanitized():
            self.skipTest("a sanitizer needs memory of its own")
        with contextlib.closing(sqlite3.connect(self.store)) as db, db:
            db.execute("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) "
                       "INSERT INTO events (id, type, subject, occurred_ms, observed_ms, body) "
                       "SELECT 'workorder.updated/' || (i % 5000) || '/' || i, 'workorder.updated', i % 5000, t, t, "
                       "json_object('id', i, 'data', json_object('id', i, 'priority', iif(i % 4 = 0, 'HIGH', 'LOW'), 'title', hex(zeroblob(100)))) "
                       "FROM (SELECT i, ? + i * 2000 AS t FROM n)", (int(time.time() * 1000) - 25 * 86400000,))
        self.erp("on = *", "when = priority = 'HIGH'")
        run = self.rehearse("erp", since="30d", measured=True)
        self.assertEqual(self.total(run)[0], 250000)
        self.assertLess(run.memory, 40 << 10)
        self.env["SLACK_WEBHOOK_URL"] = self.receiver.url
        self.configure("[handler chat]\ntype = slack\nurl = env:SLACK_WEBHOOK_URL\n")
        self.sql("INSERT INTO runs (kind, began_ms, ended_ms, exit_status) VALUES ('sync', 1, 9e15, 0)")
        run = self.rehearse("chat", "--out", self.out, since="30d", measured=True)
        self.assertEqual(self.total(run)[:2], (0, 1))
        self.assertLess(run.memory, 40 << 10)


class Berlin(Log):
    """Days of 23 and 25 hours."""

    zone = "Europe/Berlin"

    def expect(self, where, since_days):
        minutes = {}
        since = (time.time() - since_days * 86400) * 1000
        for (observed,) in self.sql("SELECT observed_ms FROM events WHERE observed_ms >= ? AND (%s)" % where, since):
            moment = datetime.datetime.fromtimestamp(observed // 60000 * 60, zoneinfo.ZoneInfo(self.zone))
            key = moment.date().isoformat(), observed // 60000
            minutes[key] = minutes.get(key, 0) + 1
        days = {}
        for (day, _), count in minutes.items():
            sum_, _, most = days.get(day, (0, 0, 0))
            days[day] = (sum_ + count, 0, max(most, count))
        return days


# what is the same in every zone is tried in one
for name in [name for name in dir(Log) if name.startswith("test_") and name != "test_counts"]:
    setattr(Berlin, name, None)
