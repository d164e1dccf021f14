"""What is compared, on which pages, and that everyone did the same work."""
import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pages
import server

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / os.environ.get("BUILD", "build")
BENCH = BUILD / "tests" / "bench"
N = int(os.environ.get("N", "100000"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
POLLS = int(os.environ.get("POLLS", "20"))  # idle polls a round
DELIVERIES = int(os.environ.get("DELIVERIES", "10000"))
CERTIFICATES = "/etc/ssl/certs"


@contextlib.contextmanager
def opened(store):
    with contextlib.closing(sqlite3.connect(store)) as db, db:
        yield db


class Bench:
    """One run: where its files are, what is compared, and what was measured: {(what, who): [figures, ...]}."""

    least_programs = DELIVERIES // 20
    program, build, opened = BUILD / "wosync", BENCH, staticmethod(opened)

    def __init__(self, directory):
        self.dir = Path(directory)
        self.figures = {}
        self.sets = {name: pages.make(str(BENCH / ("pages-%d" % count)), count)
                     for name, count in (("all", N), ("tenth", N // 10), ("some", DELIVERIES))}
        self.facts = self.sets["all"]
        self.server = server.Server(str(self.dir), {name: (BENCH / ("pages-%d" % facts["count"]), facts["newest"])
                                                    for name, facts in self.sets.items()})
        self.url = self.server.url + "/all/v1"
        self.first_page = self.url + "/workorders?" + server.QUERY
        self.peers = peers()

    # --- running ---

    def note(self, what, who, key, figure):
        """Keeps a figure that was not measured by running a command."""
        self.figures.setdefault((what, who), []).append({key: figure})

    def measure(self, what, who, command, inside=(), stdin=os.devnull, env=None):
        """Runs a command and keeps what it cost; `inside`: a command to run all of it in, which does not count."""
        out = self.dir / "cost"
        words = [str(word) for word in (*inside, BENCH / "measure", out, *command)]
        with open(stdin, "rb") as file:
            done = subprocess.run(words, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  check=False, env={**os.environ, "MAINTAINX_API_KEY": "bench", **(env or {})})
        if done.returncode != 0:
            raise SystemExit("bench: %s: exit status %d\n%s" % (" ".join(map(str, command)), done.returncode, done.stdout))
        cost = {**json.loads(out.read_text()), "out": done.stdout}
        self.figures.setdefault((what, who), []).append(cost)
        return cost

    def config(self, name, url, sync="lookback = 366d", more="", api=""):
        """Writes a configuration of wosync with a store of its own. Returns its path and the store's."""
        path, store = self.dir / (name + ".conf"), self.dir / (name + ".db")
        path.write_text("[api]\nbase_url = %s\nfilter = updatedAtGte\nnames = no\n%s\n[sync]\n%s\n[store]\npath = %s\n%s\n"
                        % (url, api, sync, store, more))
        return path, store

    def wosync(self, config, *words):
        return [self.program, "-c", config, *words]

    def remove(self, store):
        for suffix in ("", "-wal", "-shm", ".lock"):
            Path(str(store) + suffix).unlink(missing_ok=True)

    # --- what is measured ---

    def passes(self):
        """First pass, second pass, idle poll, by everyone."""
        config, store = self.config("wosync", self.url)
        self.remove(store)
        self.measure("first", "wosync", self.wosync(config, "sync"))
        self.check(store, self.facts)
        self.measure("size", "wosync", ["true"])["bytes"] = store.stat().st_size
        self.measure("second", "wosync", self.wosync(config, "sync"))
        self.check(store, self.facts)
        self.check_records(store, 2)
        for how in ("slice", "scan"):
            store = self.dir / (how + ".db")
            self.remove(store)
            for what in ("first", "second"):
                self.measure(what, how, [BENCH / "floor_pass", how, self.first_page, store])
                self.check(store, self.facts)
            self.measure("size", how, ["true"])["bytes"] = store.stat().st_size
        self.measure("parse", "json-c", [BENCH / "floor_parse", BENCH / ("pages-%d" % N), self.facts["pages"]])
        for name, command in self.peers.items():
            store = self.dir / (name + ".db")
            self.remove(store)
            for what in ("first", "second"):
                self.measure(what, name, [*command, self.first_page, store, "full"])
                self.check(store, self.facts)
            self.measure("size", name, ["true"])["bytes"] = store.stat().st_size

    def polls(self):
        """Idle polls in turns, on the stores that the passes left: http, https, and by those stores that differ."""
        narrow = "lookback = 5m"
        plain, store = self.config("wosync", self.url, narrow)
        empty, _ = self.config("empty", self.server.url + "/empty/v1", narrow)
        newest = self.facts["newest"].replace(":", "%3A")
        address = self.first_page + "&updatedAtGte=" + newest
        tls = self.tls_store(store)
        for _ in range(POLLS):
            self.measure("poll", "wosync", self.wosync(plain, "sync"))
            self.measure("poll", "bare", [BENCH / "floor_poll", address, self.dir / "bare.db"])
            self.measure("poll", "writing", [BENCH / "floor_poll", address, self.dir / "writing.db", "write"])
            self.measure("poll empty", "wosync", self.wosync(empty, "sync"))
            self.measure("poll tls", "wosync", self.wosync(self.dir / "tls.conf", "sync"), inside=tls)
            self.measure("poll tls", "bare", [BENCH / "floor_poll", address.replace(self.server.url, self.server.tls_url),
                                              self.dir / "bare.db"], inside=tls)
        for _ in range(max(1, POLLS // 4)):
            for name, command in self.peers.items():
                self.measure("poll", name, [*command, self.first_page, self.dir / (name + ".db"), "poll"])
        for name in self.peers:
            self.check(self.dir / (name + ".db"), self.facts)
        for name in ("wosync", "tls"):
            self.check(self.dir / (name + ".db"), self.facts)
            self.check_runs(self.dir / (name + ".db"), POLLS)
        self.check(self.dir / "empty.db", None)

    def backfill(self):
        """The same first pass with the created and completed events told."""
        config, store = self.config("backfill", self.url, more="[handler none]\ntype = log\non = workorder.deleted\n")
        self.remove(store)
        self.measure("backfill", "wosync", self.wosync(config, "backfill", "--since", "366d", "--no-dispatch"))
        self.check(store, self.facts)
        with opened(store) as db:
            events = dict(db.execute("SELECT type, count(*) FROM events GROUP BY type"))
        self.expect({"workorder.created": N, "workorder.completed": self.facts["statuses"]["DONE"]}, events, "events")
        self.remove(store)

    def dispatch(self):
        """10,000 signed events to a receiver, against a poster of the same bodies, and one that signs and remembers."""
        saved, bodies, outbox = self.dir / "pending.saved", self.dir / "bodies", self.dir / "outbox.db"
        config, store = self.config("pending", self.server.url + "/some/v1", more=(
            "[handler erp]\ntype = http\nurl = %s/receiver\non = workorder.created\nsecret_file = %s\n")
            % (self.server.url, self.secret()))
        if not saved.exists():
            self.measure("setup", "wosync", self.wosync(config, "backfill", "--since", "366d", "--no-dispatch"))
            shutil.copy(store, saved)
            with opened(store) as db, open(bodies, "w", encoding="utf-8") as f:
                events = db.execute("SELECT seq, id, body FROM events WHERE type = 'workorder.created' ORDER BY seq").fetchall()
                f.writelines(body + "\n" for _, _, body in events)
            with opened(outbox) as db:
                db.executescript("PRAGMA journal_mode = WAL; CREATE TABLE done (seq INTEGER PRIMARY KEY);"
                                 "CREATE TABLE outbox (seq INTEGER PRIMARY KEY, id TEXT, body TEXT)")
                db.executemany("INSERT INTO outbox VALUES (?, ?, ?)", events)
        self.remove(store)
        shutil.copy(saved, store)
        self.measure("dispatch", "wosync", self.wosync(config, "dispatch"))
        with opened(store) as db:
            states = dict(db.execute("SELECT state, count(*) FROM delivery_log GROUP BY state"))
        self.expect({"done": DELIVERIES}, states, "deliveries")
        posted = self.measure("dispatch", "poster", [BENCH / "floor_post", self.server.url + "/receiver", bodies])
        self.expect("%d\n" % DELIVERIES, posted["out"], "bodies posted")
        with opened(outbox) as db:
            db.execute("DELETE FROM done")
        self.measure("dispatch", "deliverer", [BENCH / "floor_deliver", self.server.url + "/receiver", outbox])
        with opened(outbox) as db:
            self.expect(DELIVERIES, db.execute("SELECT count(*) FROM done").fetchone()[0], "rows delivered")

    def memory(self):
        """The first pass over a tenth."""
        config, store = self.config("tenth", self.server.url + "/tenth/v1")
        self.remove(store)
        self.measure("tenth", "wosync", self.wosync(config, "sync"))
        self.check(store, self.sets["tenth"])

    # --- what must be so ---

    def check(self, store, facts):
        """Counts, ids and statuses of what lies in a store."""
        with opened(store) as db:
            (rows, ids), = db.execute("SELECT count(*), coalesce(sum(id), 0) FROM snapshots")
            statuses = dict(db.execute("SELECT json ->> '$.status', count(*) FROM documents GROUP BY 1"))
        want = (facts["count"], facts["ids"], facts["statuses"]) if facts else (0, 0, {})
        self.expect(want, (rows, ids, statuses), store)

    @staticmethod
    def expect(want, got, what):
        if want != got:
            raise SystemExit("bench: %s: expected %s, found %s" % (what, want, got))

    @staticmethod
    def now():
        return pages.iso(time.time())

    def check_runs(self, store, count=1):
        """The last runs were polls that found nothing new."""
        with opened(store) as db:
            self.expect([("sync", 1, 1, 0, 0)] * count, db.execute(
                "SELECT kind, requests, records, updated, exit_status FROM runs ORDER BY id DESC LIMIT ?", (count,)).fetchall(),
                store)

    def check_records(self, store, runs):
        with opened(store) as db:
            self.expect([(N, 0)] * runs, db.execute("SELECT records, updated + created FROM runs").fetchall(), "runs")

    def secret(self):
        path = self.dir / "secret"
        path.write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        path.chmod(0o600)
        return path

    def tls_store(self, store, name="all"):
        """Makes a configuration for https with a copy of the store. Returns what to run a command in so that it trusts our
        CA: a mount namespace of its own, in which the system's certificates are a copy that holds one more."""
        certificates = self.dir / "certs"
        if not certificates.exists():
            config, copy = self.config("tls", "%s/%s/v1" % (self.server.tls_url, name), "lookback = 5m")
            shutil.copy(store, copy)
            with opened(copy) as db:
                db.execute("UPDATE account SET base_url = ?", ("%s/%s/v1" % (self.server.tls_url, name),))
            shutil.copytree(CERTIFICATES, certificates, symlinks=True)
            shutil.copy(self.dir / "ca.pem", certificates / "wosync-bench.pem")
            with open(certificates / "ca-certificates.crt", "ab") as f:
                f.write((self.dir / "ca.pem").read_bytes())
            name = subprocess.run(["openssl", "x509", "-hash", "-noout", "-in", str(self.dir / "ca.pem")],
                                  capture_output=True, text=True, check=True).stdout.strip()
            (certificates / (name + ".0")).symlink_to("wosync-bench.pem")
        return ["unshare", "--map-root-user", "--mount", "sh", "-c",
                'mount --bind "$0" %s && exec "$@"' % CERTIFICATES, certificates]


def peers():
    """The commands of the peers whose tools are there."""
    found = {}
    modules = BENCH / "node" / "node_modules"
    if shutil.which("node") and modules.exists():
        os.environ["BENCH_NODE_MODULES"] = str(modules)
        found["node"] = ["node", HERE / "peer_node.mjs"]
    found["python"] = [shutil.which("python3", path="/usr/bin") or sys.executable, HERE / "peer_python.py"]
    if all(map(shutil.which, ("curl", "jq", "sqlite3"))):
        found["shell"] = [HERE / "peer_shell.sh"]
    only = os.environ.get("PEERS")
    return {name: command for name, command in found.items() if only is None or name in only.split()}
