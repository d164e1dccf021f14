"""Where a scenario lives: a mock MaintainX, a directory that can be put back, runs with a fault, and what came of them."""
import contextlib
import ctypes
import hashlib
import hmac
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))
import postgres  # noqa: E402
from harness import MOCK, ROOT, TOKEN, Mock, sanitizer_environment  # noqa: E402

import scenarios  # noqa: E402

BUILD = os.environ.get("WOSYNC_BUILD", "build")
PROGRAMS = {"wosync": BUILD + "/wosync", "fault.so": BUILD + "/tests/torture/fault.so",
            "linked": "build/asan/tests/torture/wosync"}
SANITIZERS = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99:allocator_may_return_null=1",
              "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=99"}
WEBHOOK_SECRET = "hook-5d1c09be77a24f3e"
LIMIT = 60  # seconds, for one run
PR_SET_CHILD_SUBREAPER = 36

# what is another one in every run that is no copy of the first, and says nothing
VOLATILE = {"webhook_stats": "received|duplicate", "subscriptions": "id|secret"}
# what says when something was seen or tried, or in which order those of different work orders were, which a run that comes
# later cannot know better
TIMES = {"account": "horizon|started|observed|finished|filter", "filter_probes": "asked", "late_windows": "polled",
         "passes": "started|observed|since", "snapshots": "observed",
         "events": "seq|observed", "deliveries": "event_seq|attempts|first_failed_ms|due_ms|changed_ms|error",
         "delivery_history": "event_seq|attempts|changed_ms|error", "retention": "event_seq", "quarantine": "seen",
         "handlers": "added|last_|delivered|position|failing_since|failures|warned",
         "deletion_candidates": "refused", "webhook_inbox": "received",
         "webhook_stats": "", "subscriptions": "id|secret|registered|checked"}
# of PostgreSQL, whose clock goes on
POSTGRES_TIMES = {"wosync_events": ("applied_at",), "wosync_schema": ("migrated_at",)}
WAREHOUSE_TIMES = {"wosync_events": "applied_at|seq|wosync_seq", "work_orders": "wosync_seq", "status_history": "wosync_seq"}


class Done:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __str__(self):
        return "exit status %d\n%s%s" % (self.status, self.out[-2000:], self.err[-3000:])


class World:
    """`programs`: a directory that holds PROGRAMS; `linked`: runs are under sanitizers."""

    def __init__(self, name, programs, linked):
        self.linked, self.programs = linked, programs
        self.mock = Mock()
        self.base = tempfile.mkdtemp(prefix="wosync-torture-")
        self.work, self.template = os.path.join(self.base, "work"), os.path.join(self.base, "template")
        self.conf, self.secret = os.path.join(self.base, "conf"), os.path.join(self.base, "secret")
        self.program, self.counts = os.path.join(self.base, "program"), os.path.join(self.base, "counts")
        os.mkdir(self.work)
        os.mkdir(os.path.join(self.work, "received"))
        # what a killed run leaves behind becomes ours, so that it can be waited for
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.scenario = scenarios.ALL[name](self)
        self.postgres = None
        if "postgres" in self.scenario.handlers:
            self.postgres = postgres.Postgres(os.path.join(self.base, "postgres"))
            self.postgres.start()
        self.write(self.secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", 0o600)
        self.write(self.program, "#!/bin/sh\nfile=$(mktemp '%s/received/XXXXXXXX') && cat > \"$file\"\n" % self.work, 0o700)

    def prepare(self):
        """Makes what is there before the disturbed run."""
        self.configure()
        self.mock.config(max_limit=3, date_header="none")
        self.scenario.prepare()
        os.rename(self.work, self.template)
        self.mock.reset_log()

    def close(self):
        self.mock.stop()
        if self.postgres:
            self.postgres.stop()
        shutil.rmtree(self.base, ignore_errors=True)

    def write(self, path, text, mode):
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, mode)

    def configure(self):
        # without names: an event may lack one after a failure, and would not be the same then
        handlers = "".join(scenarios.handler(kind, self) for kind in self.scenario.handlers)
        self.write(self.conf, "[api]\nbase_url = %s\ngive_up = 0\ntimeout = 1s\nnames = no\n[store]\npath = %s\n%s" % (
            self.mock.url, os.path.join(self.work, "wosync.db"), handlers), 0o600)

    def restore(self):
        """Everything is as before the disturbed run."""
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self.template, self.work)
        self.mock.clear_faults()
        self.mock.ask("DELETE", "/mock/sink/torture")
        if self.postgres:
            self.postgres.execute("DROP SCHEMA IF EXISTS wosync CASCADE")
        self.scenario.restore()

    # --- running ---

    def run(self, arguments, now=scenarios.NOON, fault="", expect=0):
        """Runs wosync to its end, with a fault; `expect`: the exit status it must have, None for any."""
        environment = {"PATH": os.environ["PATH"], "HOME": self.base, "MAINTAINX_API_KEY": TOKEN, "TZ": "UTC",
                       "WOSYNC_FAULT": fault or "none:0", "WOSYNC_FAULT_NOW": str(now), "WOSYNC_FAULT_LOG": self.counts}
        environment["WOSYNC_MODULES"] = os.path.join(ROOT, "build/asan" if self.linked else BUILD, "handlers")
        if self.linked:
            environment.update(SANITIZERS)
        else:
            environment["LD_PRELOAD"] = os.path.join(self.programs, "fault.so")
        if "WOSYNC_FAULT_TRACE" in os.environ:
            environment["WOSYNC_FAULT_TRACE"] = "1"
        stdin = subprocess.DEVNULL
        if arguments == ["receive"]:
            stdin = self.become_web_server(environment)
        process = subprocess.run([os.path.join(self.programs, "linked" if self.linked else "wosync"), "-c", self.conf, *arguments], env=environment,
                                 stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.base,
                                 timeout=LIMIT)
        self.reap()
        done = Done(process.returncode, process.stdout.decode(errors="backslashreplace"),
                    process.stderr.decode(errors="backslashreplace"))
        if expect is not None and done.status != expect:
            raise AssertionError("%s: it should have ended with %d\n%s" % (" ".join(arguments), expect, done))
        return done

    def become_web_server(self, environment):
        """A CGI request with the scenario's webhook; returns its stdin."""
        body = self.scenario.request
        environment.update({
            "REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body)), "REMOTE_ADDR": "192.0.2.7",
            "MAINTAINX_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "HTTP_X_MAINTAINX_SIGNATURE": hmac.new(WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()})
        stdin = tempfile.TemporaryFile()
        stdin.write(body)
        stdin.seek(0)
        return stdin

    def reap(self):
        """Waits for programs that a killed run left behind."""
        with open("/proc/self/task/%d/children" % os.getpid()) as f:
            stay = {self.mock.process.pid, *(self.postgres.processes()[:1] if self.postgres else [])}
            orphans = [int(word) for word in f.read().split() if int(word) not in stay]
        for orphan in orphans:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(orphan, 0)

    def count(self):
        """The points of the last run, by what is counted: for each call on a file, each write and each call on PostgreSQL's
        connection a number that stands for the call stack; and the allocations that are the first after something that the
        world can see: what fails between two of those leaves the same behind."""
        points = {"m": [], "c": [], "w": [], "x": []}
        with open(self.counts) as f:
            for line in f:
                what, number = line.split()
                points[what].append(int(number))
        return {"memory": points["m"], "calls": points["c"], "writes": points["w"], "exchanges": points["x"]}

    # --- looking ---

    def registered(self):
        """The subscriptions that the store knows: id, secret."""
        with contextlib.closing(sqlite3.connect(os.path.join(self.work, "wosync.db"), timeout=LIMIT)) as db:
            return db.execute("SELECT id, secret FROM subscriptions ORDER BY events").fetchall()

    def dump(self, name, dropped):
        path = os.path.join(self.work, name)
        if not os.path.exists(path):
            return {}
        tables = {}
        with contextlib.closing(sqlite3.connect(path, timeout=LIMIT)) as db:
            if db.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                raise AssertionError(name + " is corrupt")
            for (table,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
                                       " AND name NOT IN ('runs', 'lateness', 'rate_limit', 'counters', 'delays', 'last_runs')").fetchall():
                # of a pass that has ended nothing is needed any more
                cursor = db.execute("SELECT * FROM " + table + (" WHERE active = 1" if table == "passes" else ""))
                kept = [i for i, column in enumerate(cursor.description)
                        if not (table in dropped and re.search("^(%s)" % dropped[table], column[0]))]
                tables[table] = sorted(([row[i] for i in kept] for row in cursor), key=repr)
        return tables

    def deliveries(self):
        """What receivers got: for each event the different bodies; a chat message has no id."""
        got = {}
        for request in self.mock.sink("torture"):
            body = json.loads(request["body"])
            got.setdefault(body["id"] if "id" in body else body["text"], set()).add(request["body"])
        received = os.path.join(self.work, "received")
        for name in os.listdir(received):
            with open(os.path.join(received, name)) as f:
                body = f.read()
            got.setdefault(json.loads(body)["id"], set()).add(body)
        return {event: sorted(bodies) for event, bodies in got.items()}

    def tables_of_postgres(self):
        """The warehouse's tables in PostgreSQL."""
        if not self.postgres:
            return {}
        tables = self.postgres.rows(" UNION ALL ".join(
            "SELECT '%s' AS name, coalesce(json_agg(t), '[]') AS rows FROM %s AS t" % (name, name)
            for name in ("work_orders", "status_history", "wosync_events", "wosync_schema")))
        dropped = {name: {*words.split("|")} for name, words in WAREHOUSE_TIMES.items()}
        for name, words in POSTGRES_TIMES.items():
            dropped[name] = {*words, *dropped.get(name, ())}
        return {table["name"]: sorted(
            [sorted((key, value) for key, value in row.items() if key not in dropped.get(table["name"], ()))
             for row in table["rows"]], key=repr) for table in tables}

    def reports(self, exact):
        directory = os.path.join(self.work, "reports")
        files = {}
        for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else []:
            with open(os.path.join(directory, name), newline="") as f:
                # a list has its lines in the order in which the deliveries succeeded
                files[name] = sorted(f.read().split("\r\n")) if name.endswith(".csv") and not exact else f.read()
        return files

    def state(self, exact):
        """All that a user can see of what was done. Not `exact`: without the times at which it was seen or tried."""
        state = {"store": self.dump("wosync.db", VOLATILE if exact else TIMES),
                 "warehouse": self.dump("warehouse.db", VOLATILE if exact else WAREHOUSE_TIMES),
                 "postgres": self.tables_of_postgres(), "deliveries": self.deliveries(), "reports": self.reports(exact),
                 "server": self.scenario.look()}
        text = json.dumps(state, indent=1, sort_keys=True, default=repr)
        if exact and not self.scenario.by_other_channel:
            return text
        if self.scenario.by_other_channel:
            state["deliveries"] = sorted(state["deliveries"])
            for table in ("documents", "snapshots"):
                del state["store"][table]
            state["store"]["events"] = [row[:-1] for row in state["store"]["events"]]
            text = json.dumps(state, indent=1, sort_keys=True, default=repr)
        # who saw it first, and when, is not the same after a failure
        text = re.sub(r'(\\*"source\\*": *)\\*"\w+\\*"', r"\1S", text)
        return re.sub(r'(\\*"(?:observedAt|previouslyObservedAt|observed_at)\\*": *)(?:null|\\*"[^"\\]*\\*")', r"\1T", text)


def difference(expected, got):
    """The first lines that differ."""
    import difflib
    lines = list(difflib.unified_diff(expected.splitlines(), got.splitlines(), "undisturbed", "disturbed", n=1, lineterm=""))
    return "\n".join(line[:300] for line in lines[:30])
