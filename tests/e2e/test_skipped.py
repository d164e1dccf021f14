"""A page of the list that always fails stops nothing: the rest is read, and what is left out is asked for again."""
import glob
import http.client
import http.server
import json
import os
import threading
import urllib.parse

from harness import ago, Case, TOKEN, UNAVAILABLE


class Curse:
    """Stands before the mock; each list that holds one of `cursed` fails with `status`, or is cut in the middle (None)."""

    def __init__(self, mock, cursed=(), status=500):
        self.cursed, self.status, self.heard, self.failed, outer = set(cursed), status, [], 0, self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                connection = http.client.HTTPConnection("127.0.0.1", mock.port)
                connection.request("GET", self.path, headers={"Authorization": "Bearer " + TOKEN})
                answer = connection.getresponse()
                body, status = answer.read(), answer.status
                connection.close()
                outer.heard.append(dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query)))
                found = {w["id"] for w in json.loads(body).get("workOrders", ())} if status == 200 else set()
                if found & outer.cursed:
                    outer.failed += 1
                    if outer.status is None:
                        body = body[:len(body) // 2]
                    else:
                        status, body = outer.status, b""
                self.send_response_only(status)
                self.send_header("Date", self.date_time_string())
                for name, value in answer.getheaders():
                    if name.lower().startswith("x-rate-limit-"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d/v1" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Skipped(Case):
    def setUp(self):
        super().setUp()
        self.curse = Curse(self.mock)
        self.addCleanup(self.curse.close)
        self.env["MAINTAINX_BASE_URL"] = self.curse.url
        self.configure(api="give_up = 0s")
        self.olds = self.mock.create_old(30)

    def skipped(self):
        return self.sql("SELECT count(*) FROM skipped_instants")[0][0]

    def fail_then_read(self, *command, fails=1):
        """Runs fail at the page, as for any fault; the one after reads around it."""
        for _ in range(fails):
            self.wosync(*command, expect=UNAVAILABLE if self.curse.status else 76, message="^wosync: api: work orders: ")
        return self.wosync(*command, expect=UNAVAILABLE, message=r"(?s)every page fails that holds what was updated at "
                           r".*: it is left out.*1 instant of the list could not be read; see: wosync status")

    def test_a_poll(self):
        self.sync_silently()
        for number in self.olds[5:25]:
            self.mock.update(number, title="Changed")
        self.curse.cursed = {self.olds[12]}
        self.fail_then_read("sync")
        events = [e["data"]["id"] for e in self.events()]
        self.assertEqual(sorted(events), sorted(set(self.olds[5:25]) - {self.olds[12]}))
        # the polls after it know, and read everything else
        self.mock.update(self.olds[2], title="Changed")
        self.curse.failed = 0
        self.curse.heard.clear()
        self.assertSilent(self.sync("--no-dispatch"))
        self.assertEqual([e["data"]["id"] for e in self.events()][-1], self.olds[2])
        self.assertEqual(self.curse.failed, 0)
        self.assertLessEqual(len(self.curse.heard), 3)
        # asked for again when it is due, and read when it is well
        self.sql("UPDATE skipped_instants SET due_ms = 0")
        self.assertSilent(self.sync("--no-dispatch"))
        self.assertEqual(self.curse.failed, 1)
        self.assertEqual(self.sql("SELECT attempts, due_ms > 0 FROM skipped_instants"), [(1, 1)])
        self.curse.cursed = set()
        self.sql("UPDATE skipped_instants SET due_ms = 0")
        self.sync()
        self.assertEqual([e["data"]["id"] for e in self.events()][-1], self.olds[12])
        self.assertEqual(self.skipped(), 0)
        self.assertSnapshotsAreTrue()
        self.assertNothingDoubled()
        self.sync_silently()

    def test_the_first_run(self):
        self.curse.cursed = {self.olds[3]}
        self.fail_then_read("sync")
        self.assertEqual(len(self.snapshots()), 29)
        self.curse.cursed = set()
        self.wosync("reconcile")
        self.assertSnapshotsAreTrue()
        self.assertEqual(self.skipped(), 0)

    def test_a_later_page(self):
        """The pages before it are read by the first run; the second one begins where that failed, and reads around it."""
        self.mock.config(max_limit=5)
        self.curse.cursed = {self.olds[17]}
        self.fail_then_read("sync")
        self.assertEqual(len(self.snapshots()), 29)

    def test_a_page_that_is_cut_off(self):
        self.curse.status = None
        self.curse.cursed = {self.olds[0]}
        self.fail_then_read("sync")
        self.assertEqual(len(self.snapshots()), 29)

    def read_around_refusals(self, status):
        self.curse.status = status
        for _ in range(4):
            if self.skipped() == 0:
                self.sync(expect=UNAVAILABLE, message="^wosync: ")
        self.assertEqual(self.skipped(), 1)

    def test_a_poll_that_is_refused(self):
        """Some servers answer a record that they cannot show with 400 or 404, as if the question were wrong."""
        for status in (400, 404):
            with self.subTest(status=status):
                self.sync_silently()
                for number in self.olds[5:25]:
                    self.mock.update(number, title="Changed by %d" % status)
                self.curse.cursed = {self.olds[12]}
                self.read_around_refusals(status)
                self.assertEqual({w["id"] for w in self.snapshots().values() if w["title"] == "Changed by %d" % status},
                                 set(self.olds[5:25]) - {self.olds[12]})
                self.curse.cursed = set()
                self.wosync("reconcile")
                self.assertEqual(self.skipped(), 0)
        self.assertSnapshotsAreTrue()
        self.assertNothingDoubled()

    def test_a_later_page_that_is_refused(self):
        for status in (400, 404):
            with self.subTest(status=status):
                self.mock.config(max_limit=5)
                self.curse.cursed = {self.olds[17]}
                self.curse.status = status
                self.sync(expect=UNAVAILABLE)
                self.read_around_refusals(status)
                self.assertEqual(len(self.snapshots()), 29)
                for path in glob.glob(self.store + "*"):
                    os.unlink(path)

    def test_a_sweep(self):
        self.sync_silently()
        self.sql("UPDATE snapshots SET fingerprint = NULL")
        self.mock.update(self.olds[4], title="Missed")
        self.curse.cursed = {self.olds[9]}
        self.fail_then_read("reconcile")
        self.assertEqual([e["id"].split("/")[0] for e in self.events()], ["workorder.updated"])
        self.curse.cursed = set()
        self.wosync("reconcile")
        self.assertEqual(self.skipped(), 0)
        self.assertEqual([e["id"].split("/")[0] for e in self.events()], ["workorder.updated"])

    def test_two_of_them(self):
        self.sync_silently()
        for number in self.olds:
            self.mock.update(number, title="Changed")
        self.curse.cursed = {self.olds[0], self.olds[29]}
        self.sync(expect=UNAVAILABLE)
        self.sync(expect=UNAVAILABLE, message="2 instants of the list could not be read")
        self.assertEqual(len(self.ids()), 28)
        self.assertEqual(self.skipped(), 2)

    def test_neighbours_of_the_same_millisecond(self):
        """A bulk change: what shares the instant is read from both ends, up to the one that cannot be shown."""
        self.sync_silently()
        at = ago(0)
        for number in self.olds:
            self.mock.update(number, title="Again", updatedAt=at)
        self.curse.cursed = {self.olds[11]}
        self.fail_then_read("sync")
        self.assertEqual(len([w for w in self.snapshots().values() if w["title"] == "Again"]), 29)
        self.curse.cursed = set()
        self.wosync("reconcile")
        self.assertSnapshotsAreTrue()
        self.assertEqual(len(self.ids()), 30)

    def test_an_outage_skips_nothing(self):
        self.sync_silently()
        for number in self.olds:
            self.mock.update(number, title="Changed")
        self.mock.fault("status", status=503, times=-1)
        for _ in range(4):
            self.sync(expect=UNAVAILABLE)
        self.mock.clear_faults()
        self.sync()
        self.assertEqual(len(self.ids()), 30)
        self.assertEqual(self.skipped(), 0)

    def test_status_shows_it(self):
        self.sync_silently()
        at = self.mock.update(self.olds[1], title="Changed")
        self.curse.cursed = {self.olds[1]}
        self.fail_then_read("sync")
        self.assertEqual(self.status()["skippedInstants"], 1)
        self.assertRegex(self.wosync("status").out, r"(?m)^skipped +1 instant of the list that the server cannot show")
        self.assertEqual(self.sql("SELECT updated_at FROM skipped_log"), [(at,)])

    def test_a_dry_run_changes_nothing(self):
        self.sync_silently()
        self.mock.update(self.olds[1], title="Changed")
        self.curse.cursed = {self.olds[1]}
        self.sync(expect=UNAVAILABLE)
        before = self.dump()
        self.sync("--dry-run", expect=UNAVAILABLE)
        self.assertEqual(self.dump(), before)
