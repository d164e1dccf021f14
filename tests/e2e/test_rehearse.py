"""rehearse: what a handler would have sent, byte for byte, and nothing is sent, written or changed."""
import base64
import contextlib
import csv
import glob
import hashlib
import json
import os
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import time
import unittest

from harness import CANTCREAT, CONFIG, DONE, IO, LIMIT, TRY_LATER, USAGE, Case, long
import postgres
from receiver import Receiver
from test_handler_exec import RECORD
from test_handler_http import make_secret, sign
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
        self.mock.ask_delete("/workorders/%d" % made[1])
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
        self.sql("UPDATE documents SET json = '{}' WHERE document = 7")  # that one cannot be a row
        self.mock.create({"title": "New"})
        self.sync()
        self.with_warehouse()
        run = self.rehearse("wh", "--out", self.out, message="it cannot be loaded and is left out")
        self.assertIn("first it is given the 451 work orders that it does not have yet\n", run.out)
        self.assertIn("handler wh is new to the store", run.out)
        self.assertEqual([line[2] for line in self.index()], [
            "initial load of 200 work orders", "initial load of 200 work orders", "initial load of 51 work orders", self.ids()[0]])
        self.sync()
        observed = re.compile(r"'2\d\d\d-[^']*Z'")  # when it was loaded
        real = self.tables()
        self.assertEqual(len(real["work_orders"]), 450)
        for table in self.TABLES:
            self.execute("DELETE FROM " + table)
        for name in self.files(".sql"):
            self.run_file(os.path.join(self.out, name))
        shown = self.tables()
        for tables in (real, shown):
            for row in tables["work_orders"]:
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
