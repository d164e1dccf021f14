"""A store as a plant would have it: what the mock generated, and on top of it the life of some weeks: work orders that were
closed late, runs every five minutes, deliveries of four handlers, webhooks. The same dice, the same store."""
import datetime
import json
import random
import sqlite3

DAY = 86400000
HOUR = 3600000
HANDLERS = (("maintenance-chat", "slack", 9000), ("erp", "http", 2500), ("plant-warehouse", "warehouse", 5000),
            ("completion-pages", "report", 14000))


def iso(ms):
    base = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc)
    return base.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (ms % 1000)


def ms_of(text):
    return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def close_old(db, dice, now):
    """Most of what is old was done after all; some weeks bring less work than others, and work gets quicker."""
    calm = [dice.choice((0, 0.05, 0.1, 0.2, 0.3)) for _ in range(200)]
    for document, number, text in db.execute("SELECT id, subject, json FROM documents").fetchall():
        work = json.loads(text)
        created = ms_of(work["createdAt"])
        age = (now - created) / DAY
        if dice.random() < calm[int(age // 7) % 200]:
            db.execute("DELETE FROM documents WHERE id = ?", (document,))
            db.execute("DELETE FROM snapshots WHERE id = ?", (number,))
            continue
        late = {"HIGH": 8, "MEDIUM": 20, "LOW": 45}.get(work["priority"], 70)
        done = created + int(dice.expovariate(1 / (late * DAY)))
        if work["status"] in ("OPEN", "IN_PROGRESS", "ON_HOLD") and "startDate" not in work and done < now and dice.random() < 0.97:
            work.update(status="DONE", completedAt=iso(done), updatedAt=iso(done))
        elif work.get("dueDate") and work.get("completedAt") and work["type"] == "PREVENTIVE" and dice.random() < 0.75 - age / 1500:
            due, completed = ms_of(work["dueDate"]), ms_of(work["completedAt"])
            if created < due < completed:  # it was done in time, after all
                work["completedAt"] = iso(due - int(dice.random() * min(DAY, due - created)))
        db.execute("UPDATE documents SET json = ? WHERE id = ?", (json.dumps(work, separators=(",", ":")), document))


def make_runs(db, dice, now, days):
    broken = now - 5 * DAY + 3 * HOUR  # a night without the network; two days before, a machine that was off
    off = now - 9 * DAY - 6 * HOUR
    db.execute("DELETE FROM runs")
    began = now - days * DAY
    while began < now:
        if not off < began < off + 5 * HOUR:
            failed = broken < began < broken + 2 * HOUR or dice.random() < 0.0004
            db.execute("INSERT INTO runs (kind, began_ms, ended_ms, requests, records, exit_status) VALUES ('sync', ?, ?, 1, ?, ?)",
                       (began, began + 900 + int(dice.random() * 900), int(dice.random() * 5), 69 if failed else 0))
        began += 5 * 60000


def make_deliveries(db, dice, now, days):
    db.execute("DELETE FROM deliveries")
    db.execute("DELETE FROM delivery_history")
    db.execute("DELETE FROM events")
    db.execute("DELETE FROM handlers")
    db.execute("UPDATE account SET horizon_ms = ?, finished_ms = ?", (now - days * DAY, now - 70000))
    for number, (name, type_, _) in enumerate(HANDLERS, 1):
        db.execute("INSERT INTO handlers (id, name, type, position, added_ms) VALUES (?, ?, ?, 0, ?)", (number, name, type_, now - days * DAY))
    seq = 0
    for day in range(days, 0, -1):
        for _ in range(30 + int(dice.random() * 25)):
            seq += 1
            at = now - day * DAY + int(dice.random() * DAY * 0.99)
            work_order = 100000 + int(dice.random() * 20000)
            db.execute("INSERT INTO events (seq, id, type, subject, occurred_ms, observed_ms, body) VALUES (?, ?, 'workorder.updated', ?, ?, ?, '{}')",
                       (seq, "workorder.updated/%d/%s" % (work_order, iso(at)), work_order, at, at + 120000))
            slow = 6 if day in (31, 32) else 1  # the ERP was slow for two days
            for handler, (name, _, base) in enumerate(HANDLERS, 1):
                delay = int(dice.random() * 240000) + int(base * (0.6 + dice.random())) * (slow * 30 if name == "erp" and slow > 1 else 1)
                if at + delay >= now:
                    continue
                db.execute("INSERT INTO delivery_history (handler_id, event_seq, state, attempts, changed_ms) VALUES (?, ?, 'done', 1, ?)",
                           (handler, seq, at + delay))
    db.execute("UPDATE handlers SET delivered = (SELECT count(*) FROM delivery_history d WHERE d.handler_id = handlers.id), "
               "last_success_ms = (SELECT max(changed_ms) FROM delivery_history d WHERE d.handler_id = handlers.id)")
    for state, due, where in (("pending", now + 300000, "event_seq > %d" % (seq - 3)), ("dead", 0, "event_seq = %d" % (seq - 700))):
        db.execute("INSERT INTO deliveries (handler_id, state, event_seq, subject, attempts, due_ms, changed_ms) "
                   "SELECT handler_id, ?, event_seq, subject, attempts, ?, changed_ms FROM delivery_history "
                   "JOIN events ON seq = event_seq WHERE handler_id = 2 AND " + where, (state, due))
        db.execute("DELETE FROM delivery_history WHERE handler_id = 2 AND " + where)
    db.execute("UPDATE handlers SET last_error = 'HTTP 503 Service Unavailable', last_failure_ms = ? WHERE id = 2", (now - HOUR,))


def make_channels(db, dice):
    steps = (1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000, 1000000, 5000000, 10000000)
    for channel, counts in (("poll", (0, 5, 30, 90, 260, 700, 1200, 800, 40, 6, 3, 1)), ("webhook", (900, 1400, 700, 120, 30, 9, 4, 1, 0, 0, 0, 0))):
        for step, count in zip(steps, counts):
            if count:
                db.execute("INSERT OR REPLACE INTO lateness (channel, up_to_ms, count, largest_ms, overdue_ms, noted_ms) VALUES (?, ?, ?, ?, ?, 0)",
                           (channel, step, count + int(dice.random() * 3), step, 420000 if step == 10000000 else 0))
    db.execute("UPDATE webhook_stats SET api = 'subscriptions', first_ms = 1, last_ms = (SELECT max(ended_ms) FROM runs), received = 3187, duplicate = 12, polled = 214")


def furnish(path, now, seed=11, days=60):
    """Changes a store that a sync has made. `now`: milliseconds."""
    dice = random.Random(seed)
    db = sqlite3.connect(path)
    with db:
        close_old(db, dice, now)
        make_runs(db, dice, now, days)
        make_deliveries(db, dice, now, days)
        make_channels(db, dice)
    db.close()
