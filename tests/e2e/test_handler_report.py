"""The handler type report: a page and a CSV line for every completion, whole or not at all, and none twice."""
import csv
import html.parser
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from harness import CONFIG, Case, ago, iso, long

CHROMIUM = next((path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path), None)
OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
           "--disable-background-networking", "--disable-component-update", "--disable-sync"]
HOSTILE = "<script>document.title='pwned'</script>\"><img src=x onerror=\"document.title='pwned'\"> & ' \" </title></style>"


class Page(html.parser.HTMLParser):
    """What a page says: its elements, its facts by label, its text."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.facts, self.rows, self.stack, self.label = [], {}, [], [], ""
        self.texts = {"title": "", "h1": "", "footer": "", "text": ""}
        self.feed(source)
        assert self.stack == [], self.stack

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "img", "link", "br"):
            self.stack.append((tag, dict(attributes).get("class")))
        if tag == "dt":
            self.label = ""
        elif tag == "tr":
            self.rows.append([])
        elif tag == "td":
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.stack.pop()[0] == tag, tag

    def handle_data(self, data):
        names = [tag for tag, _ in self.stack]
        if "dt" in names:
            self.label += data
        elif "dd" in names:
            self.facts[self.label] = self.facts.get(self.label, "") + data
        elif "td" in names:
            self.rows[-1][-1] += data
        for name in ("title", "h1", "footer"):
            if name in names:
                self.texts[name] += data
        if ("div", "text") in self.stack:
            self.texts["text"] += data


class Report(Case):
    def setUp(self):
        super().setUp()
        self.out = self.path("reports")
        self.began = time.time()
        self.report()
        self.mock.create_old(1)
        self.sync_silently()

    def report(self, path=None, on="on = workorder.completed", more=""):
        self.configure("[handler page]\n%s\ntype = report\npath = %s\n%s" % (on, path or self.out, more),
                       sync="lookback = 30d\nstart = beginning")

    def complete(self, **fields):
        number = self.mock.create(dict({"title": "Leak"}, **fields))[0]["id"]
        self.mock.update(number, status="DONE")
        return number

    def pages(self):
        return sorted(name for name in os.listdir(self.out) if name.endswith(".html"))

    def source(self, name):
        with open(os.path.join(self.out, name), encoding="utf-8", newline="") as f:
            return f.read()

    def page(self, name):
        return Page(self.source(name if isinstance(name, str) else "%d.html" % name))

    def lines(self):
        text = self.source("completed.csv")
        self.assertTrue(text.endswith("\r\n"))
        self.assertTrue(text.startswith("\ufeff"), "Excel would not take it for UTF-8")
        text = text[1:]
        rows = list(csv.reader(text.split("\r\n")[:-1] if '\n' not in text.replace("\r\n", "") else
                               text.splitlines(True), strict=True))
        self.assertEqual({len(row) for row in rows}, {len(rows[0])}, "a torn line")
        return [dict(zip(rows[0], row)) for row in rows[1:]]

    def assertWhole(self, count=None):
        """Whole pages, whole lines, one line per completion, and nothing else in the directory."""
        self.assertEqual([name for name in os.listdir(self.out) if name.endswith(".tmp")], [])
        for name in self.pages():
            self.assertTrue(self.source(name).endswith("</html>\n"), name)
            self.page(name)
        lines = self.lines()
        ids = [line["event_id"] for line in lines]
        self.assertEqual(len(ids), len(set(ids)), "a line stands twice")
        self.assertEqual(sorted(line["page"] for line in lines), self.pages())
        if count is not None:
            self.assertEqual(len(lines), count)


class What(Report):
    def test_a_whole_life(self):
        day, now = 86400, self.began
        number = self.mock.create({
            "title": "Replace bearing on conveyor 4", "description": "Squeals under load.\n\nLock out at panel B.",
            "priority": "HIGH", "type": "REACTIVE", "categories": ["Mechanical", "Line stop"],
            "createdAt": iso(now - 5 * day), "updatedAt": iso(now - 5 * day), "dueDate": iso(now - 2 * day),
            "creatorId": 2058, "requesterId": 2022, "completerId": 2007,
            "assignees": [{"type": "USER", "id": 2007}, {"type": "TEAM", "id": 305}],
            "asset": {"id": 5025, "name": "Belt conveyor 4", "serialNumber": "BC-39"},
            "location": {"id": 604, "name": "Plant 2"}, "locationId": 604, "extraFields": {"Line": "L2", "Cost": 12.5},
            "workOrderSummary": {"content": "Bearing and seals replaced."}})[0]["id"]
        self.sync_silently()
        for status, ago in (("IN_PROGRESS", 4), ("ON_HOLD", 3), ("IN_PROGRESS", 2.5), ("DONE", 1)):
            self.mock.update(number, status=status, updatedAt=iso(now - ago * day))
            self.sync_silently()
        page = self.page(number)
        self.assertEqual(page.texts["h1"], "Replace bearing on conveyor 4")
        self.assertEqual(page.texts["text"],
                         "Squeals under load.\n\nLock out at panel B." + "Bearing and seals replaced.")
        facts = {label: text.replace("\u00a0", " ") for label, text in page.facts.items()}
        sequential = next(e for e in self.events() if e["data"]["id"] == number)["data"]["sequentialId"]
        for label, text in {
                "Total time": "4 days", "Time to start": "1 day", "In progress": "2 days 12 hours",
                "On hold": "12 hours", "Late by": "1 day", "Completed by": "George Lee",
                "Assigned to": "George Lee, Line 2", "Requested by": "Bela M\u00fcller", "Created by": "Rosa Lopez",
                "Asset": "Belt conveyor 4", "Serial number": "BC-39", "Location": "Plant 2", "Priority": "High",
                "Type": "Reactive", "Categories": "Mechanical, Line stop", "Line": "L2", "Cost": "12.5"}.items():
            self.assertEqual(facts.get(label), text, label)
        self.assertEqual([row[0] for row in page.rows if row],
                         ["Open", "In progress", "On hold", "In progress", "Done"])
        self.assertEqual([row[2].replace("\u00a0", " ") for row in page.rows if row],
                         ["1 day", "1 day", "12 hours", "1 day 12 hours", ""])
        dates = [attributes["datetime"] for tag, attributes in page.tags if tag == "time"]
        for ago in (5, 4, 1):
            self.assertIn(iso(now - ago * day), dates)
        self.assertIn("workorder.completed/%d/%s" % (number, iso(now - day)), page.texts["footer"])
        line, = self.lines()
        self.assertEqual(line, {
            "event_id": "workorder.completed/%d/%s" % (number, iso(now - day)), "id": str(number),
            "number": str(sequential), "title": "Replace bearing on conveyor 4", "status": "Done", "priority": "High",
            "type": "Reactive", "categories": "Mechanical, Line stop", "asset": "Belt conveyor 4",
            "location": "Plant 2", "completed_by": "George Lee", "assigned_to": "George Lee, Line 2",
            "requested_by": "Bela M\u00fcller", "created_at": iso(now - 5 * day), "started_at": iso(now - 4 * day),
            "completed_at": iso(now - day), "due_at": iso(now - 2 * day), "hours_to_complete": "96.00",
            "hours_in_progress": "60.00", "hours_on_hold": "12.00", "page": "%d.html" % number})
        self.assertEqual(os.stat(self.out).st_mode & 0o777, 0o750)
        self.assertEqual({os.stat(os.path.join(self.out, n)).st_mode & 0o777 for n in os.listdir(self.out)}, {0o640})

    def test_the_page_stands_alone(self):
        source = self.source("%d.html" % self.completed_hostile())
        self.assertNotRegex(source, r"(?i)<(script|link|iframe|object|embed|img|svg|base|form|a)\b")
        self.assertNotRegex(source, r"(?i)@import|url\(|\bsrc=[^x]|href=|<[^>]*\son\w+=")
        self.assertIn("Content-Security-Policy", source)
        self.assertIn('name="viewport"', source)
        for media in ("print", "prefers-color-scheme: dark", "max-width"):
            self.assertIn(media, source)

    def completed_hostile(self):
        number = self.complete(
            title=HOSTILE, description=HOSTILE + "\n\x01\x7f\0end", categories=[HOSTILE], type=HOSTILE, priority=HOSTILE,
            asset={"id": 1, "name": HOSTILE, "serialNumber": HOSTILE}, location={"id": 2, "name": HOSTILE},
            extraFields={HOSTILE: HOSTILE, "list": [HOSTILE], "object": {HOSTILE: HOSTILE}},
            assignees=[{"type": "USER", "id": HOSTILE}], workOrderSummary={"content": HOSTILE})
        self.sync_silently()
        return number

    def test_hostile_text_is_text_everywhere(self):
        page = self.page(self.completed_hostile())
        self.assertEqual(page.texts["h1"], HOSTILE)
        self.assertTrue(page.texts["title"].endswith(HOSTILE))
        self.assertEqual(page.texts["text"], HOSTILE + "\n\ufffd\ufffd\ufffdend" + HOSTILE)
        for label in ("Asset", "Serial number", "Location", "Categories", "Assigned to", HOSTILE):
            self.assertEqual(page.facts[label], HOSTILE, label)
        self.assertNotIn("script", [tag for tag, _ in page.tags])
        line, = self.lines()
        for column in ("title", "asset", "location", "categories", "assigned_to"):
            self.assertEqual(line[column], HOSTILE, column)

    @unittest.skipUnless(CHROMIUM, "no chromium is installed")
    def test_in_a_browser(self):
        number = self.completed_hostile()
        # the same page without its own policy, so that escaping alone must hold
        bare = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", self.source("%d.html" % number))
        self.write("bare.html", bare.replace("<body>", "<body><p id=probe></p>"
                                             "<script>document.getElementById('probe').textContent='ran'</script>"))
        for name, own in ((os.path.join(self.out, "%d.html" % number), True), (self.path("bare.html"), False)):
            dom = self.browse(name, "--dump-dom").decode()
            self.assertNotIn("<title>pwned", dom)
            self.assertEqual(dom.count("<script>"), 0 if own else 1)
            self.assertEqual(dom.count("<img"), 0)
            self.assertEqual("ran</p>" in dom, not own)  # scripts do run there, so the silence means something
            page = Page(dom)
            self.assertEqual(page.texts["h1"], HOSTILE)
            self.assertEqual(page.facts["Asset"], HOSTILE)
        shot = self.path("shot.png")
        for size in ("390,800", "1200,900"):
            self.browse(os.path.join(self.out, "%d.html" % number), "--window-size=" + size, "--screenshot=" + shot)
            self.assertGreater(os.path.getsize(shot), 10000)
            os.remove(shot)
        pdf = self.path("page.pdf")
        self.browse(os.path.join(self.out, "%d.html" % number), "--print-to-pdf=" + pdf)
        with open(pdf, "rb") as f:
            self.assertEqual(f.read(5), b"%PDF-")

    @unittest.skipUnless(CHROMIUM, "no chromium is installed")
    def test_nothing_is_wider_than_a_phone(self):
        number = self.complete(title="x" * 3000, description="y" * 3000, asset={"id": 1, "name": "z" * 500},
                               extraFields={"w" * 200: "v" * 500}, categories=["c" * 300])
        self.sync_silently()
        wide, room = self.measure_on_a_phone(number, "[document.documentElement.scrollWidth, innerWidth]")
        self.assertLessEqual(wide, room)

    @unittest.skipUnless(CHROMIUM, "no chromium is installed")
    def test_on_a_phone_no_word_of_the_history_is_broken(self):
        number = self.mock.create({"createdAt": ago(250), "updatedAt": ago(250)})[0]["id"]
        for seconds, status in ((200, "IN_PROGRESS"), (150, "ON_HOLD"), (100, "DONE")):
            self.sync_silently()
            self.mock.update(number, status=status, updatedAt=ago(seconds))
        self.sync_silently()
        # words are what spaces that may break part; lines are the different tops of their boxes
        lines = """[...document.querySelectorAll("td")].map(td => {
            const range = document.createRange();
            range.selectNodeContents(td);
            const tops = [...range.getClientRects()].filter(box => box.width > 0).map(box => Math.round(box.top));
            return new Set(tops).size - td.textContent.split(" ").length;
        })"""
        surplus = self.measure_on_a_phone(number, lines)
        self.assertEqual(len(surplus), 12)
        self.assertLessEqual(max(surplus), 0, surplus)

    def measure_on_a_phone(self, number, script):
        """What a script says of a page in a window as wide as a phone: a list of numbers."""
        source = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", self.source("%d.html" % number))
        inner = self.write("inner.html", source.replace(
            "</body>", "<script>parent.postMessage(%s, '*')</script></body>" % script))
        outer = self.write("outer.html", "<script>onmessage = e => document.title = e.data</script>"
                           "<iframe style='width:360px;height:800px;border:0' src='file://%s'></iframe>" % inner)
        dom = self.browse(outer, "--virtual-time-budget=3000", "--dump-dom").decode()
        return list(map(int, re.search("<title>([-0-9,]+)</title>", dom).group(1).split(",")))

    def browse(self, path, *options):
        profile = tempfile.mkdtemp(dir=self.directory)
        return subprocess.run([CHROMIUM, *OPTIONS, "--user-data-dir=" + profile, *options, "file://" + path],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=100, check=True,
                              env=dict(os.environ, HOME=self.directory)).stdout

    def test_texts_of_all_kinds(self):
        texts = ["P\u00fcmpe \u2013 \u6f0f\u6c34 \U0001f6a8\U0001f468\u200d\U0001f527", "\u05de\u05e9\u05d0\u05d1\u05d4 4 \u0645\u0636\u062e\u0629",
                 "\u202egnp.exe\u202c", "x" * 10000, "\u20ac" * 10000, "a\nb\r\nc", " lead and trail ", "\"", ",", ""]
        numbers = [self.complete(title=text, description=text) for text in texts]
        self.sync_silently()
        lines = {int(line["id"]): line for line in self.lines()}
        for number, text in zip(numbers, texts):
            page = self.page(number)
            shown = text.replace("\r", "\ufffd")
            self.assertEqual(page.texts["h1"], shown or "(without a title)")
            self.assertEqual(page.texts["text"], shown)
            self.assertEqual(lines[number]["title"], text)
            self.assertEqual([a.get("dir") for tag, a in page.tags if tag == "h1"], ["auto"])

    def test_formulas_are_defused(self):
        formulas = ["=1+1", "+1", "-1", "@SUM(A1)", "\t1", "  =1", "=cmd|' /C calc'!A0", "-", "=\"a\",b", "\uff1d1", "\uff20x"]
        harmless = ["a=1", "1-1", "'quoted", "x@y", " plain", "a; b"]
        # behind what separates cells in some countries
        within = {"a;=1": "a;'=1", "a; -1": "a;' -1", "\t=1": "'\t'=1", "\r=1": "'\r'=1", "a\n=1": "a\n'=1"}
        numbers = [self.complete(title=text) for text in [*formulas, *harmless, *within]]
        self.sync_silently()
        lines = {int(line["id"]): line for line in self.lines()}
        self.assertEqual([lines[n]["title"] for n in numbers], ["'" + text for text in formulas] + harmless + list(within.values()))

    def test_fields_that_are_missing_or_odd(self):
        bare = self.complete()
        self.mock.update(bare, _remove=["createdAt", "priority", "type", "categories", "asset", "location", "assignees",
                                        "extraFields", "description", "dueDate", "creatorId", "completerId", "requesterId"])
        odd = self.complete(asset=[1], location="here", locationId=77, categories={"a": 1}, assignees="all", extraFields=[1],
                            description=5, priority=7, creatorId="joe@example.com", completerId=None, dueDate="soon",
                            workOrderSummary=[], assigneeIds=[1, 2], teamIds=[3])
        named = self.complete(completer={"firstName": "Ada", "lastName": "L."}, creator={"id": 4},
                              assignees=[{"type": "USER", "id": "a@example.com"}, {"type": "TEAM", "id": 1, "name": "Night"}])
        self.sync_silently()
        facts = self.page(bare).facts
        self.assertEqual(set(facts) - {"Completed", "Created", "Total time"}, set())
        facts = self.page(odd).facts
        self.assertEqual((facts["Location"], facts["Created by"], facts["Assigned to"]),
                         ("No. 77", "joe@example.com", "User 1, User 2, Team 3"))
        facts = self.page(named).facts
        self.assertEqual((facts["Completed by"], facts["Created by"], facts["Assigned to"]),
                         ("Ada L.", "User 4", "a@example.com, Night"))
        self.assertWhole(3)

    def test_completed_again_is_another_page(self):
        number = self.complete()
        self.sync_silently()
        first = self.source("%d.html" % number)
        self.mock.update(number, status="OPEN")
        self.sync_silently()
        at = self.mock.update(number, status="DONE")
        self.sync_silently()
        again = "%d-%s.html" % (number, re.sub("[-:.]", "", at))
        self.assertEqual(self.pages(), sorted(["%d.html" % number, again]))
        self.assertEqual(self.source("%d.html" % number), first)
        page = self.page(again)
        self.assertEqual([row[0] for row in page.rows if row], ["Created", "Done", "Open", "Done"])
        self.assertIn("completed 2 times", self.source(again))
        self.assertWhole(2)

    def test_an_older_completion_that_was_not_seen_step_by_step(self):
        number = self.mock.create_old(1)[0]
        self.sync_silently()
        self.mock.update(number, status="IN_PROGRESS")
        self.sync_silently()
        self.sql("DELETE FROM deliveries")
        self.sql("DELETE FROM delivery_history")
        self.sql("DELETE FROM events")  # retention was here
        self.mock.update(number, status="DONE")
        self.sync_silently()
        self.assertEqual([row[:2] for row in self.page(number).rows if row][0],
                         ["In progress", "before it was first seen"])

    def test_other_events_make_no_page(self):
        self.report(on="")
        self.mock.create({"title": "Open"})
        self.sync_silently()
        self.assertFalse(os.path.exists(self.out))
        self.assertEqual(self.handler("page")["pending"], 0)
        self.report(on="on = workorder.created workorder.updated")
        self.sync(expect=CONFIG, message="write on = workorder.completed")
        self.report(path=" ")
        self.sync(expect=CONFIG, message="path")


class Durable(Report):
    slow = True

    def assertLater(self, pattern):
        handler = self.handler("page")
        self.assertRegex(handler["lastError"], pattern)
        self.assertEqual((handler["pending"], handler["dead"]), (1, 0))

    def try_again(self):
        self.sql("UPDATE deliveries SET due_ms = 0")
        self.wosync("dispatch")

    def test_the_same_delivery_again_adds_nothing(self):
        numbers = [self.complete(title="Leak %d" % i) for i in range(30)]
        self.sync_silently()
        before = {name: self.source(name) for name in os.listdir(self.out)}
        self.assertWhole(len(numbers))
        self.requeue()
        self.wosync("dispatch")
        self.assertEqual({name: self.source(name) for name in os.listdir(self.out)}, before)

    def test_a_torn_last_line(self):
        number = self.complete(title="a, \"b\"\nc")
        self.sync_silently()
        whole = self.source("completed.csv")
        begin = whole.index("workorder")
        for cut in sorted({begin + 1, begin + 40, whole.index('"b') + 1, whole.index("\nc"), len(whole) - 1, len(whole) - 2,
                           begin, 5, 1, 0}):
            with open(os.path.join(self.out, "completed.csv"), "w", encoding="utf-8", newline="") as f:
                f.write(whole[:cut])
            self.requeue()
            self.wosync("dispatch")
            self.assertEqual(self.source("completed.csv"), whole, cut)
        self.assertTrue(number)

    def test_a_list_saved_by_a_spreadsheet_goes_on(self):
        self.complete()
        self.sync_silently()
        path = os.path.join(self.out, "completed.csv")
        for round, mark in enumerate(("", "\ufeff")):
            with open(path, encoding="utf-8-sig", newline="") as f:
                text = f.read()
            with open(path, "w", encoding="utf-8", newline="") as f:
                f.write(mark + text.replace("\r\n", "\n"))
            self.complete()
            self.requeue()
            self.sync_silently()
            self.assertEqual(len(self.source("completed.csv").splitlines()), 3 + round)

    def test_a_list_of_someone_else_is_left_alone(self):
        os.mkdir(self.out)
        with open(os.path.join(self.out, "completed.csv"), "w") as f:
            f.write("my,own,list\n1,2,3\n")
        self.complete()
        self.sync()
        self.assertLater("first line is not the one we write; move the file away")
        os.rename(os.path.join(self.out, "completed.csv"), os.path.join(self.out, "mine"))
        self.try_again()
        self.assertEqual(len(self.lines()), 1)

    @long
    def test_killed_at_random_moments(self):
        dice = random.Random(7)
        total = 0
        for _ in range(20):
            for _ in range(10):
                self.complete(title="a,\n\"b\" " * dice.randrange(40), description="x" * dice.randrange(200000))
                total += 1
            self.sync_silently("--no-dispatch")
            running = self.start("dispatch")
            time.sleep(dice.random() * 0.1)
            running.signal(signal.SIGKILL)
            running.wait()
            if os.path.isdir(self.out):
                for name in self.pages():
                    self.assertTrue(self.source(name).endswith("</html>\n"), name)
        self.sync_silently()
        self.assertWhole(total)

    def test_left_over_temporary_files_are_removed(self):
        os.mkdir(self.out)
        for name in (".wosync-1.tmp", ".wosync-99999999.tmp", ".wosync-keep", "other.tmp"):
            with open(os.path.join(self.out, name), "w") as f:
                f.write("torn")
        self.complete()
        self.sync_silently()
        left = set(os.listdir(self.out)) - set(self.pages()) - {"completed.csv"}
        self.assertEqual(left, {".wosync-keep", "other.tmp"})

    def test_path_is_a_file(self):
        self.write("reports", "I was here first")
        self.complete()
        self.sync()
        self.assertLater("reports: it cannot be opened as a directory: Not a directory")
        os.remove(self.out)
        self.try_again()
        self.assertWhole(1)

    def test_something_odd_has_the_name_of_the_page(self):
        """It may be anyone's: it is not replaced."""
        number = self.complete()
        page = os.path.join(self.out, "%d.html" % number)
        os.makedirs(page)
        self.sync()
        self.assertLater("html: it cannot be read: Is a directory")
        os.rmdir(page)
        os.symlink("%d.html" % number, page)
        self.try_again()
        self.assertLater("html: it cannot be read: Too many levels of symbolic links")
        os.remove(page)
        self.try_again()
        self.assertWhole(1)

    def test_the_directory_above_is_missing(self):
        self.report(path=self.path("no", "reports"))
        self.sync_silently()
        self.complete()
        self.sync()
        self.assertLater("reports: the directory cannot be made: No such file")

    def test_a_directory_that_cannot_be_written(self):
        if os.geteuid() != 0:
            self.skipTest("needs root to become someone else")
        os.chmod(self.directory, 0o777)
        os.mkdir(self.out, 0o755)
        for name in os.listdir(self.directory):
            if name.startswith("wosync."):
                os.chown(self.path(name), 65534, 65534)
        self.complete()
        self.sync(become=65534)
        self.assertLater("html: it cannot be made: Permission denied")
        os.chmod(self.out, 0o777)
        self.sql("UPDATE deliveries SET due_ms = 0")
        self.wosync("dispatch", become=65534)
        self.assertWhole(1)

    def test_a_full_disk(self):
        os.mkdir(self.out)
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32k", "none", self.out],
                                               stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("no small file system can be mounted")
        self.addCleanup(subprocess.run, ["umount", self.out], check=True)
        total = 0
        for _ in range(6):
            self.complete(description="x" * 3000)
            self.sync()
            total += 1
            if self.handler("page")["lastError"]:
                break
        self.assertLater("No space left on device")
        self.assertEqual([name for name in os.listdir(self.out) if name.endswith(".tmp")], [])
        if len(self.pages()) > 1:
            for name in self.pages():
                self.assertTrue(self.source(name).endswith("</html>\n"), name)
        subprocess.run(["mount", "-o", "remount,size=4m", self.out], check=True)
        self.try_again()
        self.assertWhole(total)

    def test_a_list_that_cannot_grow(self):
        """The page fits, the line does not: what came of it is cut off, and it comes whole with the next try."""
        self.complete()
        self.sync_silently()
        path = os.path.join(self.out, "completed.csv")
        with open(path, "a", newline="") as f:
            for i in range(100000):
                f.write("workorder.completed/%d/x" % i + "," * 20 + "\r\n")
        size = os.path.getsize(path)
        self.complete(title="y" * 5000)
        self.sync_silently("--no-dispatch")
        self.wosync("dispatch", limits={resource.RLIMIT_FSIZE: size + 1000})
        self.assertLater("completed.csv: it cannot be written: File too large")
        self.assertEqual(os.path.getsize(path), size)
        self.try_again()
        self.assertEqual(len(self.lines()), 100002)

    def test_two_processes_share_a_directory(self):
        other = self.path("other.db")
        numbers = [self.complete(title="Leak %d" % i) for i in range(50)]
        self.sync_silently("--no-dispatch")
        with open(self.conf) as f:
            self.write("other.conf", f.read().replace(self.store, other))
        self.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(self.store, other)
        one = self.start("dispatch")
        two = self.start("-c", self.path("other.conf"), "dispatch", config=False)
        one.wait()
        two.wait()
        self.sql("UPDATE deliveries SET due_ms = 0")
        self.wosync("dispatch")
        self.assertWhole(len(numbers))
