"""wosync report: its numbers, computed another way; the page as people and machines read it; a real browser."""
import collections
import datetime
import html.parser
import json
import math
import os
import re
import resource
import sqlite3
import stat
import time
import unittest
import zoneinfo

import browser
import plant
from harness import CONFIG, CANTCREAT, DATA, IO, USAGE, Case, ago, iso

HOSTILE = "<script>alert(1)</script>\"'><img src=http://127.0.0.1:9/x onerror=alert(1)> & </title></style></svg>"
PRIORITIES = ("HIGH", "MEDIUM", "LOW", "NONE")
DAY, HOUR = plant.DAY, plant.HOUR


class Page(html.parser.HTMLParser):
    """The elements of a page as a tree: [name, attributes, children], texts as strings."""

    VOID = ("meta", "link", "br", "img", "input")

    def __init__(self, source):
        super().__init__()
        self.root = ["", {}, []]
        self.stack = [self.root]
        self.feed(source)
        self.close()
        assert len(self.stack) == 1, self.stack[-1][:2]

    def handle_starttag(self, tag, attributes):
        element = [tag, dict(attributes), []]
        self.stack[-1][2].append(element)
        if tag not in self.VOID:
            self.stack.append(element)

    def handle_startendtag(self, tag, attributes):
        self.stack[-1][2].append([tag, dict(attributes), []])

    def handle_endtag(self, tag):
        assert self.stack.pop()[0] == tag, tag

    def handle_data(self, data):
        self.stack[-1][2].append(data)

    def all(self, *names, within=None):
        """The elements of these names (none: all), in the order of the page."""
        found, stack = [], [within or self.root]
        while stack:
            element = stack.pop()
            if not isinstance(element, str):
                if element[0] and (not names or element[0] in names):
                    found.append(element)
                stack.extend(reversed(element[2]))
        return found

    def text(self, element):
        return element if isinstance(element, str) else "".join(map(self.text, element[2]))

    def table(self, figure):
        """The rows of a figure's table, as lists of texts."""
        element = next(f for f in self.all("figure") if f[1].get("id") == figure)
        return [[self.text(cell).replace(",", "") if cell[0] == "td" else self.text(cell) for cell in self.all("td", "th", within=row)]
                for row in self.all("tr", within=element)]


class Expected:
    """The numbers, by the definitions on the page: slowly, one question after the other over all documents."""

    def __init__(self, path, report, zone, location=None):
        db = sqlite3.connect(path)
        self.now, self.since = plant.ms_of(report["made"]), plant.ms_of(report["since"])
        self.zone = zoneinfo.ZoneInfo(zone)
        self.work = []
        for text, closed, number in db.execute("SELECT json, coalesce(status_ms, updated_ms), id FROM work_orders JOIN snapshots USING (id) WHERE NOT work_orders.deleted"):
            work = json.loads(text)
            if location is not None and work.get("locationId") != location:
                continue
            for name in ("createdAt", "completedAt", "dueDate"):
                work[name] = plant.ms_of(work[name]) if work.get(name) else None
            work["state"] = {"DONE": "done", "COMPLETED": "done", "CANCELED": "canceled", "SKIPPED": "skipped"}.get(work["status"], "open")
            work["end"] = None if work["state"] == "open" else work["completedAt"] if work["state"] == "done" and work["completedAt"] else closed
            work["id"] = number
            self.work.append(work)
        db.close()

    def local(self, ms):
        return datetime.datetime.fromtimestamp(ms / 1000, self.zone)

    def ms(self, day):
        return round(datetime.datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp() * 1000)

    def weeks(self):
        day = self.local(self.since).date()
        day -= datetime.timedelta(days=day.weekday())
        while self.ms(day) <= self.now:
            following = day + datetime.timedelta(days=7)
            yield day, self.ms(day), self.ms(following)
            day = following

    def months(self):
        day = self.local(self.since).date().replace(day=1)
        while self.ms(day) <= self.now:
            following = (day + datetime.timedelta(days=31)).replace(day=1)
            yield day, self.ms(day), self.ms(following)
            day = following

    def on_time(self, begin, end, preventive):
        due = [w for w in self.work if w["dueDate"] and begin <= w["dueDate"] < min(end, self.now) and w["state"] != "canceled"
               and (w.get("type") == "PREVENTIVE" or not preventive)]
        return {"met": sum(w["state"] == "done" and w["completedAt"] <= w["dueDate"] for w in due), "of": len(due)}

    def open_at(self, moment):
        return [w for w in self.work if w["createdAt"] <= moment and (w["end"] is None or w["end"] > moment)]

    def times(self, begin, end, priority=None):
        found = sorted(w["completedAt"] - w["createdAt"] for w in self.work if w["state"] == "done" and w["completedAt"]
                       and begin <= w["completedAt"] < end and priority in (None, w.get("priority", "NONE")))
        if not found:
            return {"count": 0}
        return {"count": len(found), "p50Ms": found[math.ceil(len(found) * 0.5) - 1], "p90Ms": found[math.ceil(len(found) * 0.9) - 1]}

    def places(self, key, id_key):
        counts, names = collections.defaultdict(lambda: [0, 0, 0]), {}
        for w in self.work:
            if w.get(id_key):
                counts[w[id_key]][0] += w["state"] == "open"
                counts[w[id_key]][1] += w["state"] == "open" and (w["dueDate"] or self.now) < self.now
                counts[w[id_key]][2] += w.get("type") == "REACTIVE" and self.since <= w["createdAt"] < self.now
                names[w[id_key]] = w[key]["name"]
        order = sorted(counts, key=lambda i: ([-n for n in counts[i]], i))[:10]
        return [{"id": i, "name": names[i], "open": counts[i][0], "overdue": counts[i][1], "reactive": counts[i][2]} for i in order]

    def urgent(self):
        overdue = [w for w in self.work if w["state"] == "open" and w["dueDate"] and w["dueDate"] < self.now]
        return [w["id"] for w in sorted(overdue, key=lambda w: (PRIORITIES.index(w["priority"]), w["dueDate"], w["id"]))[:20]]


class Reports(Case):
    zone = "Asia/Kathmandu"

    def report(self, *options, **how):
        run = self.wosync("report", *options, **how)
        self.assertEqual(run.err, "")
        return run.out

    def json(self, *options):
        return json.loads(self.report("--json", *options))

    def page(self, *options):
        return Page(self.report(*options))

    def query(self, statement, *values):
        db = sqlite3.connect(self.store)
        try:
            with db:
                return db.execute(statement, values).fetchall()
        finally:
            db.close()


class Numbers(Reports):
    """A store of 20,000 work orders."""
    slow = True
    mock_options = ("--work-orders", "20000", "--seed", "5")

    def setUp(self):
        super().setUp()
        self.sync("--no-dispatch")
        plant.furnish(self.store, round(time.time() * 1000) - 60000, seed=3)

    def check(self, report, expected):
        now, since, length = expected.now, expected.since, expected.now - expected.since
        self.assertEqual(report["counted"], len(expected.work))
        on_time = report["onTime"]
        self.assertEqual(on_time["preventive"], expected.on_time(since, now, True))
        self.assertEqual(on_time["preventiveBefore"], expected.on_time(since - length, since, True))
        self.assertEqual(on_time["all"], expected.on_time(since, now, False))
        self.assertEqual(on_time["allBefore"], expected.on_time(since - length, since, False))

        still_open = expected.open_at(now)
        self.assertEqual(report["open"]["now"], len(still_open))
        self.assertEqual(report["open"]["before"], len(expected.open_at(since)))
        self.assertEqual(report["open"]["byPriority"], {p: sum(w["priority"] == p for w in still_open) for p in PRIORITIES})
        self.assertEqual(report["open"]["withoutDueDate"], sum(w["dueDate"] is None for w in still_open))
        ages = collections.Counter(sum((now - w["createdAt"]) / (7 * DAY) >= n for n in (1, 2, 4, 13, 26, 52)) for w in still_open)
        self.assertEqual(report["open"]["byAge"], [ages[i] for i in range(7)])
        lately = sum(w["state"] == "done" and w["completedAt"] and now - 84 * DAY <= w["completedAt"] < now for w in expected.work)
        self.assertEqual(report["open"]["completedInTwelveWeeks"], lately)
        self.assertAlmostEqual(report["open"]["weeksOfWork"], len(still_open) / (lately / 12))
        for name, moment in (("now", now), ("before", since)):
            self.assertEqual(report["overdue"][name], sum(bool(w["dueDate"]) and w["dueDate"] < moment for w in expected.open_at(moment)))

        self.assertEqual(report["timeToComplete"]["all"], expected.times(since, now))
        self.assertEqual(report["timeToComplete"]["before"], expected.times(since - length, since))
        for priority in PRIORITIES:
            self.assertEqual(report["timeToComplete"][priority], expected.times(since, now, priority))

        weeks = list(expected.weeks())
        self.assertEqual([w["from"] for w in report["weeks"]], [day.isoformat() for day, _, _ in weeks])
        for week, (_, begin, end) in zip(report["weeks"], weeks):
            self.assertEqual(week["created"], sum(begin <= w["createdAt"] < min(end, now) for w in expected.work))
            self.assertEqual(week["completed"], sum(w["state"] == "done" and begin <= (w["completedAt"] or 0) < min(end, now) for w in expected.work))
            was_open = expected.open_at(min(end - 1, now))
            self.assertEqual(week["open"], {p: sum(w["priority"] == p for w in was_open) for p in PRIORITIES})
        months = list(expected.months())
        self.assertEqual([m["from"] for m in report["months"]], [day.isoformat() for day, _, _ in months])
        for month, (_, begin, end) in zip(report["months"], months):
            self.assertEqual(month["preventive"], expected.on_time(begin, end, True))
            self.assertEqual(month["all"], expected.on_time(begin, end, False))
            types = collections.Counter(w["type"] if w["type"] in ("PREVENTIVE", "REACTIVE") else "OTHER" for w in expected.work
                                        if w["state"] == "done" and begin <= (w["completedAt"] or 0) < min(end, now))
            self.assertEqual(month["completed"], {t: types[t] for t in ("PREVENTIVE", "REACTIVE", "OTHER")})

        self.assertEqual(report["assets"], expected.places("asset", "assetId"))
        self.assertEqual(report["locations"], expected.places("location", "locationId"))
        self.assertEqual([u["id"] for u in report["urgent"]], expected.urgent())
        statuses = collections.Counter(w["status"] for w in expected.work)
        self.assertEqual({s["status"]: s["count"] for s in report["statuses"]}, statuses)

    def test_work_orders(self):
        self.query("UPDATE snapshots SET deleted = 1 WHERE id % 1000 = 7")
        deleted = self.query("SELECT count(*) FROM snapshots WHERE deleted")[0][0]
        for options in ((), ("--since", "365d"), ("--since", "7d")):
            report = self.json(*options)
            self.check(report, Expected(self.store, report, self.zone))
            self.assertEqual(report["leftOut"], {"deleted": deleted, "otherLocations": 0, "withoutCreationDate": 0})
        report = self.json("--location", "603")
        expected = Expected(self.store, report, self.zone, 603)
        self.check(report, expected)
        self.assertEqual([place["id"] for place in report["locations"]], [603])
        self.assertGreater(report["leftOut"]["otherLocations"], 10000)

    def test_a_time_zone_whose_clocks_change(self):
        self.zone = self.env["TZ"] = "Europe/Berlin"
        report = self.json("--since", "300d")
        self.check(report, Expected(self.store, report, self.zone))

    def test_people_by_name(self):
        names = {number: name for number, name in self.query("SELECT id, name FROM users")}
        teams = {number: name for number, name in self.query("SELECT id, name FROM teams")}
        self.assertTrue(names and teams)
        report = self.json()
        for urgent in report["urgent"]:
            work = json.loads(self.query("SELECT json FROM work_orders WHERE id = ?", urgent["id"])[0][0])
            self.assertEqual(urgent["assignees"], ", ".join((teams if who["type"] == "TEAM" else names)[who["id"]] for who in work["assignees"]))
            self.assertEqual((urgent["title"], urgent["asset"]), (work["title"], work["asset"]["name"]))
        self.query("DELETE FROM users")
        self.assertRegex(self.json()["urgent"][0]["assignees"], r"^User \d+")

    def test_deliveries_and_runs(self):
        report = self.json()
        now, since = plant.ms_of(report["made"]), plant.ms_of(report["since"])
        zone = zoneinfo.ZoneInfo(self.zone)
        horizon = now - 40 * DAY
        self.query("UPDATE account SET horizon_ms = ?", horizon)
        report = self.json()
        now = plant.ms_of(report["made"])
        for handler in report["handlers"]:
            days = collections.defaultdict(list)
            for done, delay in self.query(
                    "SELECT d.changed_ms, d.changed_ms - e.occurred_ms FROM delivery_history d JOIN events e ON e.seq = d.event_seq JOIN handlers h ON h.id = d.handler_id "
                    "WHERE h.name = ? AND state = 'done' AND e.occurred_ms >= ? AND d.changed_ms BETWEEN ? AND ?", handler["name"], horizon, since, now):
                days[datetime.datetime.fromtimestamp(done / 1000, zone).date().isoformat()].append(delay)
            self.assertEqual(handler["days"], [{"day": day, "count": len(days[day]), "p50Ms": sorted(days[day])[math.ceil(len(days[day]) / 2) - 1]}
                                               for day in sorted(days)])
            self.assertGreater(len(days), 35)
            self.assertEqual(handler["delay"]["count"], sum(map(len, days.values())))
        by_name = {h["name"]: h for h in report["handlers"]}
        self.assertEqual((by_name["erp"]["pending"], by_name["erp"]["dead"]), (3, 1))

        hours = {}
        first = self.query("SELECT min(began_ms) FROM runs")[0][0]
        for began, ended, status in self.query("SELECT began_ms, coalesce(ended_ms, began_ms), exit_status FROM runs"):
            for moment in {began, ended}:
                local = datetime.datetime.fromtimestamp(moment / 1000, zone)
                key = (local.date().isoformat(), local.hour)
                hours[key] = "x" if status != 0 or hours.get(key) == "x" else "+"
        self.assertEqual(len(report["runs"]["days"]), 14)
        for day in report["runs"]["days"]:
            begin = round(datetime.datetime.fromisoformat(day["day"]).replace(tzinfo=zone).timestamp() * 1000)
            expected = "".join(hours.get((day["day"], hour), "." if first < begin + hour * HOUR <= now else " ") for hour in range(24))
            self.assertEqual(day["hours"].rstrip(), expected.rstrip())
        text = "".join(day["hours"] for day in report["runs"]["days"])
        self.assertTrue(all(mark in text for mark in "+x."))

    def test_late_arrivals_and_webhooks(self):
        report = self.json()
        for channel in ("poll", "webhook"):
            steps = self.query("SELECT up_to_ms, count FROM lateness WHERE channel = ?", channel)
            bounds = (0, 5000, 60000, 300000, 600000, HOUR, 6 * HOUR, DAY, 10 ** 15)
            self.assertEqual(report["lateness"][channel], [sum(n for up, n in steps if low < up <= high) for low, high in zip(bounds, bounds[1:])])
        self.assertEqual((report["webhooks"]["received"], report["webhooks"]["foundByPolling"]), (3187, 214))

    def test_the_page_says_the_same(self):
        source = self.report("--target", "pm=90", "--target", "on_time=82.5")
        report = self.json()
        page = Page(source)
        self.assertLess(20000, len(source))
        self.assertLess(len(source), 120000)
        values = [page.text(p) for p in page.all("p") if p[1].get("class") == "value"]
        share = report["onTime"]["preventive"]
        self.assertEqual(values[:3], ["%.1f%%" % (100 * share["met"] / share["of"]), "{:,}".format(report["open"]["now"]), "{:,}".format(report["overdue"]["now"])])
        self.assertEqual(values[3], "%.1f hours" % (report["timeToComplete"]["all"]["p50Ms"] / HOUR))
        backlog = page.table("backlog")[1:]
        self.assertEqual([row[1:5] for row in backlog], [[str(w["open"][p]) for p in PRIORITIES] for w in report["weeks"]])
        self.assertEqual([row[5] for row in backlog], [str(sum(w["open"].values())) for w in report["weeks"]])
        self.assertEqual([row[1:] for row in page.table("flow")[1:]], [[str(w["created"]), str(w["completed"])] for w in report["weeks"]])
        self.assertEqual([row[1] for row in page.table("on-time")[1:]],
                         ["%.1f" % (100 * m["preventive"]["met"] / m["preventive"]["of"]) for m in report["months"]])
        self.assertEqual([row[1] for row in page.table("ages")[1:]], [str(n) for n in report["open"]["byAge"]])
        rows = page.table("kinds")[1:]
        for row, month in zip(rows, report["months"]):
            self.assertEqual(row[1], "%.1f" % (100 * month["completed"]["PREVENTIVE"] / sum(month["completed"].values())))
        links = [a[1]["href"] for a in page.all("a")]
        self.assertEqual(links, ["https://app.getmaintainx.com/workorders/%d" % u["id"] for u in report["urgent"]])
        text = page.text(page.root)
        for words in ("Target 90%", "Target 82.5%", "UTC+05:45", "{:,} work orders are counted".format(report["counted"])):
            self.assertIn(words, text)

    def test_the_browser(self):
        if browser.CHROMIUM is None:
            self.skipTest("there is no chromium")
        path = self.path("report.html")
        self.report("--output", path, "--target", "pm=90")
        self.assertEqual(browser.requests_of(path), [])
        for width, opened in ((320, False), (320, True), (900, True), (1280, False)):
            found = browser.measure(path, width, opened)
            self.assertEqual((found["overlaps"], found["outside"], found["charts"]), ([], [], 9), width)
            self.assertEqual(found["scrollWidth"], width)
            self.assertGreaterEqual(found["smallest"], 9)
        light, dark = browser.measure(path, 1280)["background"], browser.measure(path, 1280, dark=True)["background"]
        self.assertGreater(sum(map(int, re.findall(r"\d+", light))), 600)
        self.assertLess(sum(map(int, re.findall(r"\d+", dark))), 150)
        browser.shoot(path, self.path("light.png"), 1280, 1200)
        browser.shoot(path, self.path("dark.png"), 1280, 1200, dark=True)
        self.assertGreater(os.path.getsize(self.path("light.png")), 50000)
        self.assertGreater(os.path.getsize(self.path("dark.png")), 50000)
        browser.print_pdf(path, self.path("report.pdf"))
        with open(self.path("report.pdf"), "rb") as f:
            pdf = f.read()
        self.assertTrue(pdf.startswith(b"%PDF"))
        self.assertIn(len(re.findall(rb"/Type\s*/Page\b", pdf)), range(2, 8))

    def test_the_browsers_log_knows_a_request(self):
        """What the test above relies on."""
        if browser.CHROMIUM is None:
            self.skipTest("there is no chromium")
        path = self.write("loads.html", '<!DOCTYPE html><title>x</title><img src="http://127.0.0.1:%d/x.png">' % self.mock.port)
        self.assertEqual(browser.requests_of(path), ["http://127.0.0.1:%d/x.png" % self.mock.port])


class Small(Reports):
    def test_runs_without_an_end(self):
        """One that was followed by another was killed; the last one is at work, for a day."""
        self.sync()
        now = round(time.time() * 1000)
        self.query("DELETE FROM runs")

        def failed():
            runs = self.json()["runs"]
            return runs["failed"], sum(day["hours"].count("x") for day in runs["days"])
        self.query("INSERT INTO runs (kind, began_ms) VALUES ('backfill', ?)", now - 3 * HOUR)
        self.assertEqual(failed(), (0, 0))
        text = "".join(day["hours"] for day in self.json()["runs"]["days"]).replace(" ", "")
        self.assertIn(text, ("+" * 4, "+" * 5))  # where an hour has just begun
        self.query("INSERT INTO runs (kind, began_ms, ended_ms, exit_status) VALUES ('sync', ?, ?, 0)", now - HOUR, now - HOUR + 5)
        self.assertEqual(failed(), (0, 0))
        self.query("INSERT INTO runs (kind, began_ms, ended_ms, exit_status) VALUES ('backfill', ?, ?, 0)", now - HOUR, now - HOUR + 5)
        self.assertEqual(failed(), (1, 1))
        self.query("DELETE FROM runs")
        self.query("INSERT INTO runs (kind, began_ms) VALUES ('sync', ?)", now - 25 * HOUR)
        self.assertEqual(failed(), (1, 1))

    def test_nothing_yet(self):
        self.wosync("report", expect=IO, message="store .*: not made yet; the first wosync sync makes it")
        self.sync()
        source = self.report("--target", "pm=90", "--target", "on_time=90")
        page = Page(source)
        text = page.text(page.root)
        for words in ("There is no work order to report on yet", "Nothing was open in these weeks", "Nothing is overdue",
                      "No preventive work was due", "Webhooks are not in use", "0 work orders are counted"):
            self.assertIn(words, text)
        self.assertNotRegex(source, r"\bnan\b|\binf\b|-1\.0")
        self.assertEqual([f[1]["id"] for f in page.all("figure") if page.all("svg", within=f)], ["runs"])

    def test_a_store_of_one_day(self):
        self.mock.create(*({"title": "Leak %d" % i, "type": "REACTIVE", "priority": "HIGH", "createdAt": ago(i * 60)} for i in range(9)))
        self.sync()
        page = self.page()
        text = page.text(page.root)
        for words in ("nothing was completed in the last 12 weeks", "nothing open has a due date", "9 are open, 9 more than on", "No work order had a due date"):
            self.assertIn(words, text)
        if browser.CHROMIUM is not None:
            self.report("--output", self.path("r.html"))
            found = browser.measure(self.path("r.html"), 320)
            self.assertEqual((found["overlaps"], found["outside"], found["scrollWidth"]), ([], [], 320))
        self.mock.update(self.mock.create({"title": "Done"})[0]["id"], status="DONE")
        self.sync()
        self.assertIn("known once there are 12 weeks of history", self.report())
        self.assertIsNone(self.json()["open"]["weeksOfWork"])

    def test_what_is_odd_is_counted(self):
        made = self.mock.create({"title": "No date"}, {"title": "Odd date", "dueDate": "soon"}, {"title": "Backwards", "status": "DONE", "completedAt": ago(9 * 86400)},
                                {"title": "Undated", "status": "COMPLETED"}, {"title": "Odd status", "status": "WAITING"})
        self.mock.update(made[0]["id"], _remove=["createdAt"])
        self.mock.update(made[3]["id"], _remove=["completedAt"])
        self.sync()
        report = self.json()
        self.assertEqual((report["leftOut"]["withoutCreationDate"], report["unreadableDates"], report["completedBeforeCreated"], report["doneWithoutDate"]), (1, 1, 1, 1))
        self.assertEqual({s["status"]: s["countsAs"] for s in report["statuses"]}, {"OPEN": "open", "WAITING": "open", "DONE": "done", "COMPLETED": "done"})

    def test_everything_from_outside_is_escaped(self):
        self.mock.records(users=[{"id": 2001, "firstName": HOSTILE, "lastName": "X"}])
        self.mock.create({"title": HOSTILE, "priority": "HIGH", "dueDate": ago(86400), "createdAt": ago(2 * 86400), "status": "OPEN",
                          "asset": {"id": 7, "name": HOSTILE}, "assetId": 7, "location": {"id": 8, "name": HOSTILE}, "locationId": 8,
                          "assignees": [{"type": "USER", "id": 2001}]},
                         {"title": "odd \u0000\u0007 \ud800", "dueDate": ago(86400), "assignees": "x", "asset": 5, "location": [1]},
                         {"title": HOSTILE, "status": HOSTILE[:60]})
        self.sync()
        self.query("UPDATE handlers SET name = ?1, type = ?1, last_error = ?1", HOSTILE)
        for options in ((), ("--location", "8")):
            source = self.report(*options)
            page = Page(source)
            self.assertGreaterEqual(page.text(page.root).count("<script>alert(1)</script>"), 3)
            self.assertEqual(page.all("script", "img", "link", "iframe", "object"), [])
            self.assertNotIn("<script", source)
            for element in page.all():
                self.assertEqual([name for name in element[1] if name.startswith("on")], [])

    def test_options(self):
        self.sync()
        for options, message in (((("--since", "6d")), "--since 6d: .*7 to 730 days"), (("--since", "731d"), "730"), (("--since", "x"), "--since x"),
                                 (("--location", "0"), "--location 0"), (("--location", "5x"), "5x"), (("--location", "99999999999999999999"), "expected a number, 1 or more"),
                                 (("--target", "pm"), "--target pm: write pm=PERCENT"), (("--target", "pm=0"), "at most 100"), (("--target", "pm=101"), "pm=101"),
                                 (("--target", "pm=nan"), "pm=nan"), (("--target", "pm=90x"), "pm=90x"), (("--target", "speed=9"), "speed=9"),
                                 (("--what",), "--what: unknown option"), (("--output",), "--output: its value is missing"), (("now",), "now: unexpected argument")):
            self.wosync("report", *options, expect=USAGE, message=message)
        self.mock.create({"title": "x"})
        self.sync()
        self.wosync("report", "--location", "4711", expect=DATA, message="--location 4711: no work order in the store names this location; ")
        self.assertIn("usage: wosync report", self.wosync("report", "--help").out)
        since = plant.ms_of(self.json("--since", iso(time.time() - 30 * 86400)[:10])["since"])
        self.assertEqual(since % DAY, 0)
        self.write("wosync.conf", "[no such section]\n")
        self.wosync("report", expect=CONFIG)

    def test_whole_or_not_at_all(self):
        self.mock.create({"title": "x"})
        self.sync()
        path = self.path("report.html")
        self.report("--output", path)
        with open(path, encoding="utf-8") as f:
            first = f.read()
        self.assertTrue(first.startswith("<!DOCTYPE html>") and first.endswith("</html>\n"))
        umask = os.umask(0)
        os.umask(umask)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o666 & ~umask)
        before = os.stat(path).st_ino
        self.report("--output", path)
        self.assertNotEqual(os.stat(path).st_ino, before, "it was written in place")
        self.wosync("report", "--since", "365d", "--output", path, expect=IO, message="report: --output .*report.html: .*cannot be written: File too large",
                    limits={resource.RLIMIT_FSIZE: 33000})
        with open(path, encoding="utf-8") as f:
            self.assertTrue(f.read().endswith("</html>\n"))
        self.assertEqual([name for name in os.listdir(self.directory) if name.endswith(".tmp")], [])
        self.wosync("report", "--output", self.path("no", "r.html"), expect=CANTCREAT, message="No such file or directory; make the directory first")
        self.wosync("report", "--output", self.directory + "/", expect=CANTCREAT, message="not the name of a file")
        self.assertTrue(self.report("--output", "-").startswith("<!DOCTYPE html>"))
        self.report("--output", "here.html")
        self.assertTrue(os.path.exists(self.path("here.html")))
        with open("/dev/full", "w") as full:
            self.wosync("report", expect=IO, message="stdout: No space left", stdout=full)

    def test_without_a_request_and_without_a_change(self):
        self.mock.create({"title": "x", "dueDate": ago(86400)})
        self.sync()
        self.query("PRAGMA wal_checkpoint(TRUNCATE)")
        self.mock.reset_log()
        with open(self.store, "rb") as f:
            before = f.read()
        self.report()
        self.json()
        with open(self.store, "rb") as f:
            self.assertEqual(f.read(), before)
        self.assertEqual(self.mock.requests(), [])
        self.mock.stop()
        self.report()

    def test_memory_and_a_store_at_work(self):
        """It reads while another run writes, and does not wait for it."""
        self.mock.create({"title": "x"})
        self.sync()
        db = sqlite3.connect(self.store, isolation_level=None)
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE snapshots SET deleted = 1")
        self.assertEqual(self.json()["counted"], 1)
        db.execute("ROLLBACK")
        db.close()


class Accessible(Reports):
    """What a checker would look at."""
    mock_options = ("--work-orders", "2000")

    def setUp(self):
        super().setUp()
        self.sync("--no-dispatch")
        plant.furnish(self.store, round(time.time() * 1000) - 60000)
        self.source = self.report("--target", "pm=90", "--target", "on_time=80")
        self.parsed = Page(self.source)

    def test_it_stands_alone(self):
        policies = [m[1]["content"] for m in self.parsed.all("meta") if m[1].get("http-equiv") == "Content-Security-Policy"]
        self.assertEqual(policies, ["default-src 'none'; style-src 'unsafe-inline'"])
        self.assertEqual(self.parsed.all("script", "link", "img", "iframe", "object", "embed", "form", "base"), [])
        self.assertNotRegex(self.source, r"@import|url\((?!#)|javascript:|\ssrc=|\sstyle=")
        self.assertEqual(set(re.findall(r"https?://[^/\"']+", self.source)), {"https://app.getmaintainx.com"})

    def test_landmarks_and_headings(self):
        page = self.parsed
        self.assertEqual(page.all("html")[0][1]["lang"], "en")
        self.assertTrue(page.text(page.all("title")[0]).startswith("Maintenance report"))
        self.assertEqual([len(page.all(name)) for name in ("main", "header", "footer", "h1")], [1, 1, 1, 1])
        levels = [int(h[0][1]) for h in page.all("h1", "h2", "h3", "h4")]
        self.assertEqual(levels[0], 1)
        for one, following in zip(levels, levels[1:]):
            self.assertLessEqual(following, one + 1, "a level of headings is left out")
        body = next(e for e in page.root[2] if e[0] == "html")[2]
        inside = [e[0] for e in next(e for e in body if e[0] == "body")[2] if not isinstance(e, str)]
        self.assertEqual(inside, ["svg", "header", "main", "footer"])

    def test_names_and_references(self):
        page = self.parsed
        ids = [e[1]["id"] for e in page.all() if "id" in e[1]]
        self.assertEqual(len(ids), len(set(ids)), "an id stands twice")
        for element in page.all():
            for reference in element[1].get("aria-labelledby", "").split():
                self.assertIn(reference, ids)
            if element[1].get("role") == "region":
                self.assertTrue(element[1].get("aria-label") and element[1].get("tabindex") == "0")
        for reference in re.findall(r"url\(#([^)]+)\)", self.source):
            self.assertIn(reference, ids)
        for link in page.all("a", "summary"):
            self.assertTrue(page.text(link).strip())

    def test_figures(self):
        page = self.parsed
        figures = page.all("figure")
        self.assertEqual(len(figures), 9)
        for figure in figures:
            self.assertTrue(page.text(page.all("figcaption", within=figure)[0]).strip())
            chart = next(s for s in page.all("svg", within=figure) if s[1].get("class") == "chart")
            title, description = page.all("title", within=chart)[0], page.all("desc", within=chart)[0]
            finding = next(p for p in page.all("p", within=figure) if p[1].get("class") == "finding")
            self.assertEqual(page.text(title), page.text(page.all("h3", within=figure)[0]))
            self.assertEqual(page.text(description), page.text(finding))
            self.assertGreater(len(page.text(description)), 20)
            self.assertEqual(chart[1]["role"], "img")
            self.assertEqual(len(page.all("table", within=page.all("details", within=figure)[0])), 1)
        for svg in page.all("svg"):
            self.assertTrue(svg[1].get("role") == "img" or svg[1].get("aria-hidden") == "true")

    def test_tables(self):
        page = self.parsed
        for table in page.all("table"):
            head, rows = page.all("thead", within=table)[0], page.all("tr", within=page.all("tbody", within=table)[0])
            columns = [c for c in page.all("th", "td", within=head)]
            self.assertTrue(rows)
            for column in columns:
                self.assertTrue(column[0] == "td" or (column[1]["scope"] == "col" and page.text(column).strip()))
            for row in rows:
                cells = page.all("th", "td", within=row)
                self.assertEqual(len(cells), len(columns))
                self.assertEqual((cells[0][0], cells[0][1].get("scope")), ("th", "row"))

    def colours(self, css):
        return dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", css))

    def contrast(self, one, other):
        def luminance(colour):
            parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
            red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
            return 0.2126 * red + 0.7152 * green + 0.0722 * blue
        light, dark = sorted((luminance(one), luminance(other)), reverse=True)
        return (light + 0.05) / (dark + 0.05)

    def test_contrast(self):
        css = self.parsed.text(self.parsed.all("style")[0])
        screen, rest = css.split("@media (prefers-color-scheme: dark)", 1)
        schemes = {"light": self.colours(screen), "dark": self.colours(rest.split("* {", 1)[0]), "print": self.colours(rest.split("@media print", 1)[1])}
        for scheme, colours in schemes.items():
            self.assertEqual(set(colours), set(schemes["light"]), scheme)
            for ground in ("page", "panel"):
                for text in ("text", "soft", "good", "bad", "link"):
                    self.assertGreaterEqual(self.contrast(colours[text], colours[ground]), 4.5, (scheme, text, ground))
            self.assertGreaterEqual(self.contrast(colours["high"], colours["panel"]), 4.5, scheme)  # it is a text, too
            for mark in ("high", "medium", "low", "none", "first", "second", "third", "fourth"):
                self.assertGreaterEqual(self.contrast(colours[mark], colours["panel"]), 3, (scheme, mark))
        used = set(re.findall(r"var\(--(\w+)\)", css))
        self.assertEqual(used, set(schemes["light"]))

    def test_never_colour_alone(self):
        """Of the looks that stand in one chart, one at most is plain: patterns, dashes, markers tell the others apart."""
        css = self.parsed.text(self.parsed.all("style")[0])
        patterned = {name for name in re.findall(r"\.(b\d) \{ fill: url", css)}
        self.assertTrue({"b1", "b2", "b3", "b5"} <= patterned)
        dashed = re.findall(r"\.(l\d) \{ stroke: [^}]*stroke-dasharray: ([^;]+);", css)
        self.assertEqual(len({dash for _, dash in dashed}), 3)
        for legend in (u for u in self.parsed.all("ul") if u[1].get("class") == "legend"):
            samples = [tuple(e[1].get("class", "") for e in self.parsed.all("rect", "path", "circle", within=li)) for li in self.parsed.all("li", within=legend)]
            self.assertEqual(len(samples), len(set(samples)))
            plain = [s for s in samples if s and s[0].startswith("b") and s[0] not in patterned]
            self.assertLessEqual(len(plain), 1)


if __name__ == "__main__":
    unittest.main()
