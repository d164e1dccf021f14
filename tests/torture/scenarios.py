"""The fixed scenarios that are disturbed, one for each thing that wosync does. Each is a class with

    prepare()   makes what is there before, with undisturbed runs, in the world's directory
    tested      the command that is disturbed
    again       the commands that come after it and must make it good

What a scenario prepares and what its runs do depends on nothing but the code: the wall clock stands still, the server
sends no date, the jitter is 0.
"""
import contextlib
import datetime
import json
import os
import sqlite3

SECOND, HOUR, DAY = 1000, 3600 * 1000, 24 * 3600 * 1000
HOOK = "https://wosync.invalid/hook"
NOON = 1763899200000  # 2025-11-23T12:00:00Z: when the disturbed run is; what was before lies days back


class Scenario:
    tested = ["sync"]
    again = [["sync"]]
    configuration = ""
    api = ""
    sync = ""
    handlers = ()
    reads_only = False  # there is nothing to make good
    status = 0          # of the undisturbed run
    done_already = 0    # what a run that comes again may say when the one before it came so far
    by_other_channel = False  # after a failure the list may show it first, with the fields that it has
    in_a_child = False  # a handler works in a child of the engine: when that is killed, the delivery waits for its next attempt
    request = b""       # the body of a webhook, for `receive`

    def __init__(self, world):
        self.world = world
        self.mock = world.mock

    def runs_after(self, done):
        """The commands that come after the disturbed run."""
        return self.again

    def restore(self):
        """Puts back what lies outside of the world's directory."""

    def look(self):
        """What there is to be seen elsewhere in the end, for comparing."""
        return None

    def olds(self, count, **fields):
        """Work orders that were last touched days ago. Returns their ids."""
        return [made["id"] for made in self.mock.create(*(
            dict({"title": f"Old {i}", "createdAt": iso(NOON - 20 * DAY + i * SECOND),
                  "updatedAt": iso(NOON - 10 * DAY + i * SECOND)}, **fields) for i in range(count)))]

    def change_something(self, numbers):
        """Some of everything: two that are new, one that changed, one that was done, one that was reopened and moved."""
        at = NOON - 600 * SECOND
        self.mock.create({"title": "New, «hot»", "priority": "HIGH", "createdAt": iso(at), "updatedAt": iso(at)},
                         {"title": "=1+1", "createdAt": iso(at + 1), "updatedAt": iso(at + 2), "status": "DONE",
                          "completedAt": iso(at + 2)})
        self.mock.update(numbers[0], title="Renamed", updatedAt=iso(at + 3))
        self.mock.update(numbers[1], status="DONE", updatedAt=iso(at + 4), completedAt=iso(at + 4))
        self.mock.update(numbers[2], status="ON_HOLD", updatedAt=iso(at + 5))

    def known(self, count=5):
        """A store that knows some work orders since yesterday. Returns their ids."""
        numbers = self.olds(count)
        self.world.run(["sync"], now=NOON - DAY)
        return numbers


def iso(ms):
    base = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc)
    return base.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (ms % 1000)


class First(Scenario):
    """The first run: makes the store, finds the filter, reads three pages."""

    def prepare(self):
        self.olds(7)


class Incremental(Scenario):
    """A poll over two pages that tells events, and delivers them over HTTP."""
    handlers = ("http",)

    def prepare(self):
        self.change_something(self.known())


class Quarantine(Scenario):
    """A poll with a record that cannot be understood, one of a work order that is gone, and one that was told before."""
    status = 65

    def prepare(self):
        numbers = self.known()
        self.change_something(numbers)
        self.mock.create({"updatedAt": iso(NOON - 500 * SECOND), "_raw": '{"id": 100020, "updatedAt": 7}'})
        self.mock.update(numbers[3], deletedAt=iso(NOON - 400 * SECOND), updatedAt=iso(NOON - 400 * SECOND))


class Backfill(Scenario):
    """History over three pages, told to a program."""
    tested = ["backfill", "--since", "2025-10-01", "--until", "2025-11-22"]
    again = [tested, ["dispatch"]]
    handlers = ("exec",)

    def prepare(self):
        numbers = self.known(7)
        self.mock.update(numbers[2], status="DONE", updatedAt=iso(NOON - 9 * DAY), completedAt=iso(NOON - 9 * DAY))


class Reconcile(Scenario):
    """A sweep that finds a change that polls missed, and proves a deletion."""
    tested = ["reconcile"]
    again = [["reconcile"], ["reconcile"]]  # a deletion is proved by two runs

    def prepare(self):
        numbers = self.known(7)
        self.mock.change(delete=numbers[:1])
        self.world.run(["reconcile"], now=NOON - 2 * HOUR)
        self.mock.change(delete=numbers[1:2])
        self.mock.update(numbers[3], title="Behind the watermark", updatedAt=iso(NOON - 9 * DAY))


class Dispatch(Scenario):
    tested = ["dispatch"]
    again = [["dispatch"]]

    def prepare(self):
        self.change_something(self.known())
        self.world.run(["sync", "--no-dispatch"], now=NOON - 60 * SECOND)


class DispatchHttp(Dispatch):
    """Signed deliveries over HTTP."""
    handlers = ("http",)


class DispatchExec(Dispatch):
    """Deliveries to a program."""
    handlers = ("exec",)


class DispatchReport(Dispatch):
    """Completion reports, as pages and in a list."""
    handlers = ("report",)
    in_a_child = True


class DispatchWarehouse(Dispatch):
    """A warehouse in SQLite, loaded from the snapshots and then fed with events."""
    handlers = ("warehouse",)
    in_a_child = True


class DispatchPostgres(Dispatch):
    """The same in PostgreSQL."""
    handlers = ("postgres",)
    in_a_child = True


class DispatchSlack(Dispatch):
    """A message in a chat."""
    handlers = ("slack",)


class DispatchDigest(Dispatch):
    """One message for all that happened."""
    handlers = ("digest",)


class Retry(Scenario):
    """Deliveries that are dead are taken up again."""
    tested = ["events", "retry"]
    again = [["events", "retry"], ["dispatch"]]
    handlers = ("http",)

    def prepare(self):
        numbers = self.known()
        self.change_something(numbers)
        self.mock.sink_fault("torture", "status", status=400, times=-1)
        self.world.run(["sync"], now=NOON - 60 * SECOND, expect=69)
        self.mock.clear_faults()
        self.mock.ask("DELETE", "/mock/sink/torture")


class Replay(Scenario):
    """Events are delivered again."""
    tested = ["events", "replay", "--handler", "http", "--since", "2025-11-01"]
    again = [tested, ["dispatch"]]
    handlers = ("http",)

    def prepare(self):
        self.change_something(self.known())
        self.world.run(["sync"], now=NOON - 60 * SECOND)
        self.mock.ask("DELETE", "/mock/sink/torture")


class Discard(Retry):
    """A delivery that is dead is given up."""
    again = [["dispatch"]]
    done_already = 64

    def prepare(self):
        super().prepare()
        dead = json.loads(self.world.run(["events", "list", "--state", "dead", "--json"]).out.splitlines()[0])
        self.tested = ["events", "discard", dead["id"]]

    def runs_after(self, done):
        """Nothing is left to discard for one that was."""
        return self.again if done.status == 0 else [self.tested, *self.again]


class Fallback(Scenario):
    """A poll because no webhook came, that finds a subscription gone."""
    tested = ["sync", "--fallback"]
    again = [["sync", "--fallback"]]
    handlers = ("http",)

    def prepare(self):
        numbers = self.known()
        self.world.run(["webhooks", "register", "--url", HOOK], now=NOON - DAY)
        self.change_something(numbers)
        self.mock.ask_delete("/subscriptions/" + self.world.registered()[0][0])


class Register(Scenario):
    """Webhooks are registered. What a server took and no answer told of is registered again: it shows no list."""
    tested = ["webhooks", "register", "--url", HOOK]
    again = [tested]

    def prepare(self):
        self.known()

    def look(self):
        """Is each of them there, with the secret that we know?"""
        return [json.loads(self.mock.ask_api("/subscriptions/%s/secret" % number))["secret"] == secret
                for number, secret in self.world.registered()]


class Unregister(Register):
    """One is deleted."""

    def restore(self):
        self.world.run(Register.tested, now=NOON - HOUR)
        self.number = self.world.registered()[0][0]
        self.tested = ["webhooks", "delete", self.number]
        self.again = [self.tested]

    def look(self):
        try:
            self.mock.ask_api("/subscriptions/" + self.number)
            return "still there"
        except RuntimeError as error:
            return [str(error).split(": ")[2][:3], *super().look()]


class ListWebhooks(Register):
    """The server is asked for each, and one is gone."""
    tested = ["webhooks", "list"]
    again = [tested]

    def prepare(self):
        self.world.run(Register.tested, now=NOON - DAY)
        self.mock.ask_delete("/subscriptions/" + self.world.registered()[0][0])

    def look(self):
        return None


class Secret(Register):
    """A secret is asked for and kept."""

    def prepare(self):
        self.world.run(Register.tested, now=NOON - DAY)
        number = self.world.registered()[0][0]
        with contextlib.closing(sqlite3.connect(os.path.join(self.world.work, "wosync.db"))) as db, db:
            db.execute("UPDATE subscriptions SET secret = 'an old one' WHERE id = ?", [number])
        self.tested = ["webhooks", "secret", number]
        self.again = [self.tested]


class Receive(Scenario):
    """A webhook, by a web server, with the change it tells of: stored, answered, delivered. A sender that got no good
    answer sends it again; for one that did, the next run does the rest."""
    tested = ["receive"]
    handlers = ("http",)
    by_other_channel = True

    def prepare(self):
        number = self.known()[0]
        done = {"id": number, "title": "Old 0", "status": "DONE", "createdAt": iso(NOON - 20 * DAY),
                "updatedAt": iso(NOON - 2 * SECOND), "completedAt": iso(NOON - 2 * SECOND)}
        self.mock.change(update=[done])
        self.request = self.body(number, done)

    def body(self, number, done):
        return json.dumps({"eventType": "WORK_ORDER_STATUS_CHANGE", "workOrderId": number, "orgId": 1, "oldStatus": "OPEN",
                           "newStatus": "DONE", "occurredAt": done["updatedAt"]}).encode()

    def runs_after(self, done):
        return [["sync"]] if done.out.startswith("Status: 200") else [["receive"], ["sync"]]


class ReceiveHint(Receive):
    """A webhook that says only that something changed: the work order is asked for."""
    def body(self, number, done):
        return json.dumps({"eventType": "WORK_ORDER_CHANGE", "workOrderId": number, "occurredAt": done["updatedAt"]}).encode()


class Status(Scenario):
    """Only looks."""
    tested = ["status", "--json"]
    again = [["status", "--json"], ["sync"]]
    handlers = ("http", "warehouse")
    in_a_child = True
    reads_only = True

    def prepare(self):
        self.change_something(self.known())
        self.world.run(["sync"], now=NOON - 60 * SECOND)


class DryRun(Status):
    """Says what it would tell."""
    tested = ["sync", "--dry-run"]
    again = [["sync"]]

    def prepare(self):
        self.change_something(self.known())


class List(Status):
    """Only looks, too."""
    tested = ["events", "list"]
    again = [["events", "list", "--json"], ["sync"]]


class Audit(Status):
    """Only looks, at MaintainX, too."""
    tested = ["audit", "--since", "2025-11-01"]
    again = [tested, ["sync"]]


class Heal(Scenario):
    """An audit that finds a lost snapshot, a forged one and a hidden delivery, and repairs them."""
    tested = ["audit", "--heal", "--since", "2025-11-01"]
    again = [tested, ["sync"]]
    handlers = ("http",)

    def prepare(self):
        numbers = self.known(7)
        self.change_something(numbers)
        self.world.run(["sync"], now=NOON - 60 * SECOND)
        with contextlib.closing(sqlite3.connect(os.path.join(self.world.work, "wosync.db"))) as db, db:
            db.execute("DELETE FROM snapshots WHERE id = ?", numbers[5:6])
            db.execute("UPDATE documents SET json = replace(json, 'Old 6', 'Forged') WHERE subject = ?", numbers[6:7])
            for table in ("deliveries", "delivery_history"):
                db.execute("DELETE FROM " + table + " WHERE event_seq = (SELECT min(seq) FROM events)")


ALL = {"first": First, "incremental": Incremental, "quarantine": Quarantine, "backfill": Backfill, "reconcile": Reconcile,
       "dispatch-http": DispatchHttp, "dispatch-exec": DispatchExec, "dispatch-report": DispatchReport,
       "dispatch-warehouse": DispatchWarehouse, "dispatch-postgres": DispatchPostgres, "dispatch-slack": DispatchSlack,
       "dispatch-digest": DispatchDigest, "retry": Retry, "discard": Discard, "replay": Replay, "fallback": Fallback,
       "register": Register, "unregister": Unregister, "list-webhooks": ListWebhooks, "secret": Secret,
       "receive": Receive, "receive-hint": ReceiveHint, "status": Status, "dry-run": DryRun, "list": List,
       "audit": Audit, "heal": Heal}


def handler(kind, world):
    """The configuration of a handler."""
    if kind == "http":
        return ("[handler http]\ntype = http\ntimeout = 1s\nurl = %s\nsecret_file = %s\n" % (
            world.mock.sink_url("torture"), world.secret))
    if kind == "exec":
        return "[handler exec]\ntype = exec\ncommand = %s\n" % world.program
    if kind == "report":
        return "[handler report]\ntype = report\non = workorder.completed\npath = %s\n" % os.path.join(world.work, "reports")
    if kind == "slack":  # one message: to wait a second for the next at each point takes long
        return "[handler slack]\ntype = slack\non = workorder.status_changed\nwhen = status = 'ON_HOLD'\nurl = %s\n" % (
            world.mock.sink_url("torture"))
    if kind == "digest":
        return "[handler digest]\ntype = slack\ndigest_above = 1\nurl = %s\n" % world.mock.sink_url("torture")
    if kind == "postgres":
        return "[handler postgres]\ntype = warehouse\ndatabase = %s\n" % world.postgres.address
    return "[handler warehouse]\ntype = warehouse\ndatabase = %s\n" % os.path.join(world.work, "warehouse.db")
