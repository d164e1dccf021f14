"""What the end-to-end tests share: a mock MaintainX, a directory of their own, and runs of the built wosync.

A test is a method of a subclass of Case. It gets a mock of its own on a port that the system chose, a temporary
directory and a clean environment; when it ends, all of it is gone. Every run of wosync is held against what must hold
always: the token is in no output, no sanitizer has spoken, no bug was reported.
"""
import contextlib
import datetime
import fcntl
import http.client
import json
import os
import resource
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("WOSYNC_BUILD", "build"))
WOSYNC = os.path.join(BUILD, "wosync")
MOCK = os.path.join(BUILD, "mock-maintainx")
MODULES = os.path.join(BUILD, "handlers")

TOKEN = "tok-7f3d9a51c2e84b60"
LIMIT = 120  # seconds; nothing here takes that long unless it hangs

DONE, USAGE, DATA, UNAVAILABLE, CANTCREAT, IO, TRY_LATER, PROTOCOL, NOPERM, CONFIG = (
    0, 64, 65, 69, 73, 74, 75, 76, 77, 78)


def is_sanitized():
    """Is the wosync under test built with AddressSanitizer? Its memory needs say nothing then."""
    with open(WOSYNC, "rb") as f:
        return b"__asan_init" in f.read()


def iso(moment):
    """Seconds since 1970 as the API writes dates."""
    ms = round(moment * 1000)
    base = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc)
    return base.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (ms % 1000)


def ago(seconds):
    return iso(time.time() - seconds)


def moment_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def query_of(entry):
    """The parameters of a request in the mock's log, as a dictionary."""
    return dict(urllib.parse.parse_qsl(entry["query"], keep_blank_values=True))


# What a work order holds only when the API is asked for it.
LINKED = {"asset": {"id": 5001, "name": "Pump 1"}, "location": {"id": 601, "name": "Hall 3"}, "categories": ["Safety"],
          "assignees": [{"type": "USER", "id": 2001}], "extraFields": {"Line": "A"}}


class Mock:
    """A mock MaintainX at work."""

    def __init__(self, *options, token=TOKEN):
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [MOCK, "--parent-death", "--token", token, *options], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
            stderr=self.errors, text=True, env=sanitizer_environment())
        self.connection = None
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            self.stop()
            raise RuntimeError("the mock did not start")
        self.port = urllib.parse.urlsplit(self.url).port
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)

    def stop(self):
        """Ends it; complains when a sanitizer found something in it. A second call does nothing."""
        if self.process.stdout.closed:
            return
        if self.connection is not None:
            self.connection.close()
        self.process.terminate()
        self.process.wait(LIMIT)
        self.process.stdout.close()
        self.errors.seek(0)
        said = self.errors.read()
        self.errors.close()
        if said:
            raise AssertionError("the mock said: " + said[:4000])

    def ask(self, method, path, body=None):
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.connection.request(method, path, body)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError("mock: %s %s: %d %s" % (method, path, answer.status, text[:300]))
        return text

    def ask_api(self, path, method="GET"):
        """What the API itself answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
        try:
            connection.request(method, "/v1" + path, headers={"Authorization": "Bearer " + TOKEN})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status not in (200, 204):
            raise RuntimeError("mock: %s: %d %s" % (path, answer.status, text[:300]))
        return text

    def ask_delete(self, path):
        self.ask_api(path, "DELETE")

    def config(self, **settings):
        self.ask("POST", "/mock/config", settings)

    def change(self, **changes):
        return json.loads(self.ask("POST", "/mock/workorders", changes))

    def create(self, *work_orders):
        """Returns the ids and dates, as a list of {"id", "updatedAt"}."""
        return self.change(create=list(work_orders))["create"]

    def update(self, number, **fields):
        """Returns its new updatedAt."""
        return self.change(update=[dict(fields, id=number)])["update"][0]["updatedAt"]

    def records(self, **lists):
        """Users, teams and locations: `users=[{"id": 7, ...}]`, `remove={"users": [8]}`."""
        self.ask("POST", "/mock/records", lists)

    def comment(self, *comments):
        """Returns the ids of the comments."""
        return json.loads(self.ask("POST", "/mock/comments", list(comments)))["comments"]

    def create_old(self, count=1, **fields):
        """Work orders that were last touched days ago, each at an instant of its own. Returns their ids."""
        base = time.time() - 10 * 86400
        return [made["id"] for made in self.create(*(
            dict({"title": "Old %d" % i, "createdAt": iso(base + i), "updatedAt": iso(base + 86400 + i)}, **fields)
            for i in range(count)))]

    def script(self, *steps):
        """steps: (number of the list request, body of a change)."""
        self.ask("POST", "/mock/script", [{"when": {"list_request": n}, "do": do} for n, do in steps])

    def fault(self, name, **details):
        self.ask("POST", "/mock/faults", dict(details, fault=name))

    def sink_fault(self, sink, name, **details):
        self.ask("POST", "/mock/sink-faults", dict(details, fault=name, name=sink))

    def clear_faults(self):
        self.ask("POST", "/mock/faults/clear", {})

    def deliver(self, *orders, connections=1):
        """Sends webhooks on command; returns what came back of each: work_order, event, url, status, body, ms, error."""
        return json.loads(self.ask("POST", "/mock/deliveries?connections=%d" % connections, list(orders)))["deliveries"]

    def signed(self, *orders):
        """The same webhooks, not sent: url, headers, body of each."""
        return json.loads(self.ask("POST", "/mock/deliveries?unsent", list(orders)))["deliveries"]

    def release(self, order="made"):
        """Sends the webhooks that are held back, in an order: "made", "reversed", or a list of places."""
        self.ask("POST", "/mock/deliveries/release", {"order": order})

    def await_deliveries(self):
        """Waits until no webhook waits to be sent by itself; returns what became of all."""
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            deliveries = self.state()["deliveries"]
            if deliveries["pending"] == 0:
                return deliveries
            time.sleep(0.01)
        raise RuntimeError("mock: the webhooks never end")

    def state(self):
        return json.loads(self.ask("GET", "/mock/state"))

    def reset_log(self):
        """Forgets what was asked, and what is still under way: a client that was killed or stopped may have left a request
        behind, which would come into the log later."""
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            self.ask("POST", "/mock/state/reset", {})
            if self.state()["max_concurrent"] == 0:
                return
            time.sleep(0.005)
        raise RuntimeError("mock: a request never ends")

    def requests(self):
        return self.state()["log"]

    def pages(self):
        """The parameters of the list requests since the last reset, oldest first."""
        return [query_of(entry) for entry in self.requests() if entry["path"] == "/v1/workorders"]

    def truth(self):
        return {w["id"]: w for w in map(json.loads, self.ask("GET", "/mock/truth").splitlines())}

    def sink(self, name):
        return json.loads(self.ask("GET", "/mock/sink/" + name))

    def sink_url(self, name):
        return "http://127.0.0.1:%d/sink/%s" % (self.port, name)


def sanitizer_environment():
    return {name: value for name, value in os.environ.items()
            if name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")}


# The locks of the store, in the order of base/lock.h: a byte each, far behind the end of the file.
# Tables for the metrics: how often and when things were done, however they came out.
METRICS = ("counters", "delays", "last_runs", "status_counts", "status_counted")
LOCKS = ("poll", "refetch", "backfill", "sweep", "deliver", "create")
F_OFD_GETLK, F_OFD_SETLK = 36, 37


def ask_for_lock(file, command, kind, what):
    """A call of fcntl with a lock of one kind; returns its type as the kernel left it."""
    ask = struct.pack("hhqqi4x", what, os.SEEK_SET, (1 << 62) + LOCKS.index(kind), 1, 0)
    return struct.unpack("hhqqi4x", fcntl.fcntl(file, command, ask))[0]


class Run:
    """How a run of wosync ended."""

    def __init__(self, status, out, err, memory, seconds):
        self.status = status    # the exit status; -N when signal N ended it
        self.out = out
        self.err = err
        self.memory = memory    # most KiB resident, with `measured`
        self.seconds = seconds

    def __str__(self):
        return "exit status %d\n--- stdout\n%s\n--- stderr\n%s" % (self.status, self.out[-4000:], self.err[-4000:])


# Runs a program from a small process: the peak of memory that the kernel reports of a child is at least that of its parent.
MEASURE = ("import os, sys\n"
           "pid = os.fork()\n"
           "if pid == 0: os.execv(sys.argv[2], sys.argv[2:])\n"
           "_, status, usage = os.wait4(pid, 0)\n"
           "open(sys.argv[1], 'w').write(str(usage.ru_maxrss))\n"
           "sys.exit(os.waitstatus_to_exitcode(status))\n")


class Running:
    """A wosync at work, to be signalled or waited for (not with `measured`: the process is its parent then)."""

    def __init__(self, case, arguments, env, stdout, become, cwd, limits, stdin=None, measured=False):
        self.case = case
        self.out = tempfile.TemporaryFile()
        self.err = tempfile.TemporaryFile()
        self.began = time.monotonic()
        program = case.program(become)

        def before_exec():
            for which, value in (limits or {}).items():
                resource.setrlimit(which, (value, value))

        self.measured = case.path("memory") if measured else None
        prefix = [sys.executable, "-ISc", MEASURE, self.measured] if measured else []
        self.process = subprocess.Popen(
            [*prefix, program, *arguments], stdin=stdin or subprocess.DEVNULL, stdout=stdout or self.out, stderr=self.err, env=env,
            cwd=cwd, user=become, group=become, extra_groups=None if become is None else [],
            preexec_fn=before_exec if limits else None)

    @property
    def pid(self):
        return self.process.pid

    def is_alive(self):
        return self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        """Waits for its end and returns a Run."""
        timer = threading.Timer(LIMIT, self.process.kill)
        timer.start()
        self.process.wait()
        timer.cancel()
        memory = None
        if self.measured is not None:
            with open(self.measured) as f:
                memory = int(f.read())
        seconds = time.monotonic() - self.began
        texts = []
        for stream in (self.out, self.err):
            stream.seek(0)
            texts.append(stream.read().decode("utf-8", "backslashreplace"))
            stream.close()
        run = Run(self.process.returncode, *texts, memory, seconds)
        if seconds >= LIMIT:
            raise AssertionError("wosync hung and was killed\n%s" % run)
        self.case.check_always(run)
        return run


def long(test):
    """Marks a test that takes too long for `make check`: `make proof` runs it."""
    test.long = True
    return test


class Case(unittest.TestCase):
    """A test with a mock, a directory and a wosync."""

    mock_options = ()
    slow = False  # begun first by the runner

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="wosync-e2e-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.store = self.path("wosync.db")
        self.conf = self.path("wosync.conf")
        self.mock = Mock(*self.mock_options)
        self.addCleanup(self.mock.stop)
        self.env = dict(sanitizer_environment(), PATH=os.environ.get("PATH", "/usr/bin:/bin"), HOME=self.directory,
                        TZ="Asia/Kathmandu", MAINTAINX_API_KEY=TOKEN, WOSYNC_MODULES=MODULES)
        self.running = []
        self.addCleanup(self.end_running)
        self.configure()

    def end_running(self):
        for running in self.running:
            if running.process.returncode is None and running.is_alive():
                running.process.kill()
                running.process.wait()

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def write(self, name, text, mode=0o600):
        path = self.path(name)
        with open(path, "w" if isinstance(text, str) else "wb") as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def configure(self, text="", api="", sync="", store=""):
        """Writes the configuration: the mock's address, the store, and what is given for the sections."""
        self.write("wosync.conf", "[api]\nbase_url = %s\n%s\n[sync]\n%s\n[store]\npath = %s\n%s\n%s\n" % (
            self.mock.url, api, sync, self.store, store, text))

    def program(self, become=None):
        """The binary; for another user, a copy that they can reach."""
        if become is None:
            return WOSYNC
        copy = self.path("wosync")
        if not os.path.exists(copy):
            shutil.copy(WOSYNC, copy)
            os.chmod(copy, 0o755)
        return copy

    # --- running ---

    def start(self, *arguments, env=None, stdout=None, become=None, config=True, limits=None, stdin=None,
              measured=False):
        environment = {k: v for k, v in dict(self.env, **(env or {})).items() if v is not None}
        options = ["-c", self.conf] if config else []
        running = Running(self, [*options, *arguments], environment, stdout, become, self.directory, limits, stdin,
                          measured)
        self.running.append(running)
        return running

    def wosync(self, *arguments, expect=DONE, message=None, **how):
        """Runs it to its end. `expect`: the exit status; `message`: a pattern that stderr must hold."""
        run = self.start(*arguments, **how).wait()
        if expect is not None:
            self.assertEqual(run.status, expect, str(run))
        if message is not None:
            self.assertRegex(run.err, message, str(run))
        return run

    def sync(self, *arguments, **how):
        return self.wosync("sync", *arguments, **how)

    def sync_some_pages(self, least=1):
        """Runs that end by --max-time, until so many pages of a pass are read and it is unfinished. Slow the pages first:
        they must take longer than the runs may."""
        end = time.monotonic() + LIMIT
        pages, allowed = 0, 60
        while time.monotonic() < end:
            self.sync_silently("--max-time", "%dms" % allowed)
            rows = self.sql("SELECT pages FROM passes WHERE active = 1")
            if rows and rows[0][0] >= least:
                return
            if not rows or rows[0][0] == pages:
                allowed += allowed // 4  # a busy machine
            pages = rows[0][0] if rows else 0
        self.fail("no run read a page")

    def sync_silently(self, *arguments, **how):
        run = self.sync(*arguments, **how)
        self.assertSilent(run)
        return run

    def check_always(self, run):
        both = run.out + run.err
        self.assertNotIn(TOKEN, both, "the token was printed")
        if run.status == -9:
            return  # a sanitizer that was killed at its work says odd things
        self.assertNotRegex(both, r"Sanitizer|runtime error:", str(run))
        self.assertNotEqual(run.status, 70, "a bug was reported\n%s" % run)
        for line in run.err.splitlines():
            self.assertRegex(line, r"^(wosync: |\{)", "a line that says not whose it is\n%s" % run)

    # --- looking ---

    def events(self, *filters):
        run = self.wosync("events", "list", "--all", "--json", *filters)
        self.assertEqual(run.err, "")
        return [json.loads(line) for line in run.out.splitlines()]

    def ids(self, *filters):
        return [event["id"] for event in self.events(*filters)]

    def status(self):
        return json.loads(self.wosync("status", "--json").out)

    def handler(self, name):
        return next(h for h in self.status()["handlers"] if h["name"] == name)

    def sql(self, statement, *values):
        """Reads or writes the store behind wosync's back; returns the rows."""
        with contextlib.closing(sqlite3.connect(self.store, timeout=LIMIT)) as db, db:
            return db.execute(statement, values).fetchall()

    def requeue(self, state="pending", where="1"):
        """Puts deliveries back in the queue, those of the history, too: as if none had been tried, or all had died."""
        self.sql("UPDATE deliveries SET state = ?, attempts = 0, due_ms = 0 WHERE " + where, state)
        self.sql("INSERT INTO deliveries (handler_id, state, event_seq, subject, due_ms, changed_ms) "
                 "SELECT handler_id, ?, event_seq, subject, 0, changed_ms FROM delivery_history "
                 "JOIN events ON seq = event_seq WHERE " + where, state)
        self.sql("DELETE FROM delivery_history WHERE " + where)

    def dump(self, *without):
        """Everything in the store but the runs (and what is named), for comparing. How far the rate limit is used up is no
        state of ours: a run that failed knows it, too."""
        with contextlib.closing(sqlite3.connect(self.store, timeout=LIMIT)) as db:
            tables = [row[0] for row in db.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")]
            return {table: sorted(db.execute("SELECT * FROM %s" % table).fetchall(), key=repr)
                    for table in tables if table not in ("runs", "rate_limit", "page_failures", *METRICS) and table not in without}

    def snapshots(self):
        return {row[0]: json.loads(row[1]) for row in self.sql("SELECT id, json FROM work_orders")}

    def is_locked(self, kind):
        """Is a run at that kind of work?"""
        if not os.path.exists(self.store):
            return False
        with open(self.store, "r+b") as f:
            return ask_for_lock(f, F_OFD_GETLK, kind, fcntl.F_WRLCK) != fcntl.F_UNLCK

    @contextlib.contextmanager
    def holding(self, *kinds):
        """Holds locks, as a run that is at work would."""
        with open(self.store, "r+b") as f:
            for kind in kinds:
                ask_for_lock(f, F_OFD_SETLK, kind, fcntl.F_WRLCK)
            yield

    def wait_for(self, condition, what):
        end = time.monotonic() + LIMIT
        while not condition():
            if time.monotonic() > end:
                self.fail("waited in vain for " + what)
            time.sleep(0.005)

    # --- holding ---

    def assertSilent(self, run):
        self.assertEqual((run.out, run.err), ("", ""), "it should have said nothing\n%s" % run)

    def assertSnapshotsAreTrue(self):
        truth = {number: (w["status"], w["updatedAt"], w["createdAt"], w["completedAt"])
                 for number, w in self.mock.truth().items()}
        stored = {number: tuple(w.get(field) for field in ("status", "updatedAt", "createdAt", "completedAt"))
                  for number, w in self.snapshots().items()}
        self.assertEqual(stored, truth)

    def assertNothingDoubled(self):
        numbers = self.ids()
        self.assertEqual(len(numbers), len(set(numbers)), "an event stands twice")

    def assertFails(self, run, status, pattern):
        self.assertEqual(run.status, status, str(run))
        self.assertRegex(run.err, pattern, str(run))

    # --- a story that every configuration must tell alike ---

    def tell_story(self, first=True, warning=None, **how):
        """Changes, one between every two runs, and the events that they must make, in order. `warning`: what the first
        run says."""
        expected = []
        if first:
            self.olds = self.mock.create_old(5)
            if warning is None:
                self.sync_silently(**how)
            else:
                self.assertRegex(self.sync(**how).err, warning)
        before = self.ids()
        one = self.olds[1]
        created = self.mock.create({"title": "New"})[0]["id"]
        self.sync(**how)
        expected += ["workorder.created/%d" % created]
        at = self.mock.update(one, status="IN_PROGRESS")
        self.sync(**how)
        expected += ["workorder.status_changed/%d/OPEN-IN_PROGRESS/%s" % (one, at), "workorder.updated/%d/%s" % (one, at)]
        at = self.mock.update(one, status="DONE")
        self.sync(**how)
        expected += ["workorder.status_changed/%d/IN_PROGRESS-DONE/%s" % (one, at),
                     "workorder.completed/%d/%s" % (one, at), "workorder.updated/%d/%s" % (one, at)]
        at = self.mock.update(created, priority="HIGH")
        self.sync(**how)
        expected += ["workorder.updated/%d/%s" % (created, at)]
        at = self.mock.update(one, status="OPEN")
        self.sync(**how)
        expected += ["workorder.status_changed/%d/DONE-OPEN/%s" % (one, at), "workorder.updated/%d/%s" % (one, at)]
        self.sync_silently(**how)
        self.assertEqual(self.ids()[len(before):], expected)
        self.assertSnapshotsAreTrue()
