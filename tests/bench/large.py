"""What must not grow with the event log: the same commands on a store of many events and on one of few."""
import os
import shutil
import time

SMALL, LARGE = 10000, int(os.environ.get("EVENTS", "1000000"))
DAY = 86400000
KEEP = 60 * DAY
WAITING = 20  # deliveries that are dead, and as many that are pending
OLD = 100     # events that are removed by a run: a million in 90 days are 8 a minute
HANDLER = "[handler erp]\ntype = http\nurl = http://127.0.0.1:9/\n"

# so many events, the last of an hour ago a second apart, the others evenly over fifty days; all delivered but for a few
FILL = """
INSERT INTO events (id, type, subject, occurred_ms, observed_ms, body)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
SELECT printf('workorder.updated/%d/%d', i % 5000, i), 'workorder.updated', i % 5000, at - 500, at, json_object(
    'id', printf('workorder.updated/%d/%d', i % 5000, i), 'event', 'workorder.updated', 'timestamp', '2026-01-01T00:00:00.000Z',
    'data', json_object('id', i % 5000, 'title', 'Pump ' || i, 'status', 'OPEN', 'description', hex(zeroblob(80))))
FROM (SELECT i, CASE WHEN :count - i < 500 THEN :now - (:count - i) * 1000
                     ELSE :now - 86400000 - (:count - i) * (50 * 86400000 / :count) END AS at FROM n)
"""
DONE = """
INSERT INTO delivery_history (event_seq, handler_id, state, attempts, changed_ms)
SELECT seq, 1, 'done', 1, observed_ms + 100 FROM events WHERE seq <= :done
"""
LEFT = """
INSERT INTO deliveries (handler_id, state, event_seq, subject, attempts, due_ms, changed_ms)
SELECT 1, iif(seq % 2, 'dead', 'pending'), seq, subject, 1, iif(seq % 2, 0, :now + 86400000), :now FROM events WHERE seq > :done
"""


def make(bench, count):
    """A store with so many events, and its configuration."""
    config, store = bench.config("events-%d" % count, bench.server.url + "/empty/v1", more=HANDLER)
    saved = bench.dir / ("events-%d.saved" % count)
    if not saved.exists():
        bench.remove(store)
        bench.measure("setup", "wosync", bench.wosync(config, "sync"))
        now = int(time.time() * 1000)
        with bench.opened(store) as db:
            db.execute(FILL, {"count": count, "now": now})
            db.execute(DONE, {"done": count - 2 * WAITING})
            db.execute(LEFT, {"done": count - 2 * WAITING, "now": now})
            db.execute("UPDATE handlers SET position = ?, delivered = ?", (count, count))
            found = [row[0] for row in db.execute("SELECT count(*) FROM deliveries GROUP BY state ORDER BY state")]
        bench.expect([WAITING, WAITING], found, "deliveries")
        shutil.copy(store, saved)
    return config, store


def make_old(bench, store):
    """The oldest events become older than what is kept."""
    with bench.opened(store) as db:
        db.execute("UPDATE events SET occurred_ms = 1, observed_ms = 1 WHERE seq < (SELECT min(seq) FROM events) + ?", (OLD,))


def count_events(bench, store):
    with bench.opened(store) as db:
        return db.execute("SELECT count(*) FROM events").fetchone()[0]


def commands():
    """What is measured, and how many events it lists."""
    yield "status", ("status",), None
    yield "events list --id", ("events", "list", "--id", "workorder.updated/4007/9007"), 1
    for state in ("pending", "dead"):
        yield "events list --state " + state, ("events", "list", "--state", state), WAITING
    yield "events list --state done", ("-q", "events", "list", "--state", "done"), 100
    yield "events replay --since", ("events", "replay", "--handler", "erp", "--since", "10m", "--dry-run"), None


def large(bench, rounds):
    """Every command on both stores in turns."""
    stores = [(count, *make(bench, count)) for count in (SMALL, LARGE)]
    for _ in range(rounds):
        for what, words, lines in commands():
            for count, config, _store in stores:
                out = bench.measure(what, count, bench.wosync(config, *words))["out"]
                if lines is not None:
                    bench.expect(lines, out.count("\n    workorder."), what)
        for count, config, store in stores:
            before = count_events(bench, store)
            make_old(bench, store)
            bench.measure("old events removed", count, bench.wosync(config, "dispatch"))
            bench.expect(before - OLD, count_events(bench, store), "events after a run that removed %d" % OLD)


def requirements(figures):
    """(what, figure, must, aim): CPU time on the large store to that on the small one."""
    for what in [what for what, _, _ in commands()] + ["old events removed"]:
        yield ("%s, CPU, %d events to %d" % (what, LARGE, SMALL), figures.ratio((what, LARGE), (what, SMALL), "cpu"), 1.3, 1.0)
