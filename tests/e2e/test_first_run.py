"""The first run, the events and their bodies, and what a run without news does."""
import time

from harness import DONE, LINKED, Case, ago, iso, moment_of, query_of


class FirstRun(Case):
    def test_it_stores_everything_and_tells_nothing(self):
        self.mock.create_old(7)
        self.mock.create_old(2, status="DONE")
        self.sync_silently()
        self.assertEqual(self.events(), [])
        self.assertEqual(len(self.snapshots()), 9)
        self.assertSnapshotsAreTrue()

    def test_it_tells_what_happened_since_it_began(self):
        olds = self.mock.create_old(6)
        self.mock.config(max_limit=2)
        self.mock.script((2, {"update": [{"id": olds[4], "status": "DONE"}], "create": [{"title": "Born meanwhile"}]}))
        self.sync()
        types = sorted((event["event"], event["data"]["id"]) for event in self.events())
        # of the known one nobody knows what it was before: it is told as updated and completed
        self.assertEqual(types, [("workorder.completed", olds[4]), ("workorder.created", olds[-1] + 1),
                                 ("workorder.updated", olds[4])])

    def test_a_dry_run_that_a_first_run_overtakes(self):
        """It takes no lock, and finds in the middle what it was about to make."""
        self.mock.create_old(3)
        self.wosync("dispatch")
        self.mock.config(page_delay_ms=700)
        dry = self.start("sync", "--dry-run")
        self.wait_for(lambda: len(self.mock.requests()) >= 1, "the first request")
        self.sql("INSERT INTO account (id, base_url, organization, horizon_ms) VALUES (1, ?, '', 0)", self.mock.url)
        run = dry.wait()
        self.assertEqual(run.status, DONE, str(run))

    def test_an_empty_account_is_an_ordinary_one(self):
        self.sync_silently()
        self.sync_silently()
        made = self.mock.create({"title": "The first"})[0]
        self.sync()
        self.assertEqual(self.ids(), ["workorder.created/%d" % made["id"]])

    def test_start_beginning_tells_the_whole_history(self):
        self.configure(sync="start = beginning")
        olds = self.mock.create_old(3)
        self.sync()
        self.assertEqual(self.ids(), ["workorder.created/%d" % number for number in olds])

    def test_start_with_a_date_tells_what_is_younger(self):
        old, young = self.mock.create(
            {"createdAt": ago(9 * 86400), "updatedAt": ago(9 * 86400)},
            {"createdAt": ago(3 * 86400), "updatedAt": ago(3 * 86400), "status": "DONE"})
        self.configure(sync="start = " + ago(5 * 86400)[:10])
        self.sync()
        self.assertEqual(self.ids(), ["workorder.created/%d" % young["id"],
                                      "workorder.completed/%d/%s" % (young["id"], young["updatedAt"])])
        self.assertIn(old["id"], self.snapshots())


class Events(Case):
    def setUp(self):
        super().setUp()
        self.old = self.mock.create_old(1, title="Pump", priority="LOW")[0]
        self.sync_silently()

    def test_each_change_makes_its_events_in_order(self):
        self.olds = self.mock.create_old(3)
        self.sync()
        self.olds.insert(0, self.old)
        self.tell_story(first=False)

    def test_a_new_one_that_is_complete_is_created_and_completed(self):
        made = self.mock.create({"title": "Quick", "status": "DONE"})[0]
        self.sync()
        self.assertEqual(self.ids(), ["workorder.created/%d" % made["id"],
                                      "workorder.completed/%d/%s" % (made["id"], made["updatedAt"])])

    def test_completed_again_is_told_again(self):
        first = self.mock.update(self.old, status="DONE")
        self.sync()
        second = self.mock.update(self.old, status="DONE")
        self.sync()
        self.assertNotEqual(first, second)
        self.assertEqual(self.ids("--type", "workorder.completed"), [
            "workorder.completed/%d/%s" % (self.old, at) for at in (first, second)])

    def test_only_complete_statuses_complete(self):
        self.mock.update(self.old, status="CANCELED")
        self.sync()
        self.mock.update(self.old, status="SKIPPED")
        self.sync()
        self.assertEqual(self.ids("--type", "workorder.completed"), [])
        self.assertEqual(len(self.ids("--type", "workorder.status_changed")), 2)

    def test_statuses_that_complete_can_be_configured(self):
        self.configure(sync="completed = CLOSED")
        at = self.mock.update(self.old, status="CLOSED")
        self.sync()
        self.assertEqual(self.ids("--type", "workorder.completed"), ["workorder.completed/%d/%s" % (self.old, at)])

    def test_a_newer_updatedAt_alone_is_an_update(self):
        at = self.mock.update(self.old)
        self.sync()
        self.assertEqual(self.ids(), ["workorder.updated/%d/%s" % (self.old, at)])

    def test_other_content_at_the_same_updatedAt_is_told_and_numbered(self):
        at = self.mock.update(self.old, priority="HIGH")
        self.sync()
        for title in ("Second", "Third"):
            self.mock.update(self.old, title=title, _keep_updatedAt=True)
            self.sync()
        plain = "workorder.updated/%d/%s" % (self.old, at)
        self.assertEqual(self.ids(), [plain, plain + "/2", plain + "/3"])
        self.assertEqual(self.snapshots()[self.old]["title"], "Third")

    def test_the_server_went_back(self):
        """An older state than what is known: the work order itself is asked, and believed."""
        self.mock.update(self.old, priority="HIGH")
        self.sync()
        self.mock.update(self.old, priority="NONE", updatedAt=ago(30))
        self.mock.reset_log()
        self.sync()
        self.assertEqual([r["path"] for r in self.mock.requests()], ["/v1/workorders", "/v1/workorders/%d" % self.old])
        self.assertEqual(self.snapshots()[self.old]["priority"], "NONE")
        self.assertEqual(len(self.ids()), 2)
        self.sync_silently()
        self.sync_silently()

    def test_a_date_in_the_future_outranks_nothing(self):
        self.mock.update(self.old, updatedAt="2031-01-01T00:00:00.000Z", title="Future")
        self.sync()
        self.mock.update(self.old, status="DONE")
        self.sync()
        self.sync_silently()
        self.assertEqual(self.snapshots()[self.old]["status"], "DONE")
        self.assertEqual([i.split("/")[0] for i in self.ids()].count("workorder.completed"), 1)
        self.assertLess(self.status()["watermark"][:4], "2031")

    def test_fields_that_change_by_themselves_make_no_event(self):
        self.mock.config(thumbnails="always")
        self.mock.update(self.old, thumbnail="https://x/1", partsAvailability="A", workOrderSummary="s", lastMessageSentAt=ago(1))
        self.sync()
        self.assertEqual(len(self.ids()), 1)  # the newer updatedAt
        self.mock.update(self.old, thumbnail="https://x/2", partsAvailability="B", workOrderSummary="t",
                         lastMessageSentAt=ago(0), _keep_updatedAt=True)
        self.sync_silently()
        self.assertEqual(self.snapshots()[self.old]["thumbnail"], "https://x/2")

    def test_ignored_fields_can_be_added(self):
        self.configure(sync="ignore = vendorScore  otherField")
        self.mock.update(self.old, vendorScore=1)
        self.sync()
        self.mock.update(self.old, vendorScore=2, otherField="x", _keep_updatedAt=True)
        self.sync_silently()
        self.mock.update(self.old, third="x", _keep_updatedAt=True)
        self.sync()
        self.assertEqual(list(self.events()[-1]["data"]["changes"]), ["third"])

    def test_a_deleted_date_is_told_once(self):
        at = self.mock.update(self.old, deletedAt=ago(0))
        self.sync()
        self.mock.update(self.old, title="After its end")
        self.sync()
        self.assertEqual(self.ids()[:2], ["workorder.updated/%d/%s" % (self.old, at), "workorder.deleted/%d" % self.old])
        self.assertEqual(len(self.ids("--type", "workorder.deleted")), 1)

    def test_deleted_again_after_it_came_back_is_numbered(self):
        for deleted in (ago(0), None, ago(0)):
            self.mock.update(self.old, deletedAt=deleted)
            self.sync()
        self.assertEqual(self.ids("--type", "workorder.deleted"),
                         ["workorder.deleted/%d" % self.old, "workorder.deleted/%d/2" % self.old])

    def test_the_body_says_what_happened_and_what_is_known(self):
        before = self.status()["passFinished"]
        at = self.mock.update(self.old, status="DONE", extraFields={"line": "L3"})
        self.sync()
        event = self.events("--type", "workorder.status_changed")[0]
        self.assertEqual(event["timestamp"], at)
        self.assertEqual(event["source"], "poll")
        self.assertEqual(event["data"]["previousStatus"], "OPEN")
        self.assertEqual(event["data"]["changes"]["status"], {"from": "OPEN", "to": "DONE"})
        self.assertEqual(event["data"]["changes"]["completedAt"], {"from": None, "to": at})
        self.assertEqual(event["data"]["extraFields"], {"line": "L3"})
        self.assertEqual(event["data"]["title"], "Pump")
        self.assertLessEqual(moment_of(event["previouslyObservedAt"]), moment_of(before))
        self.assertLessEqual(moment_of(event["previouslyObservedAt"]), moment_of(at))
        self.assertGreaterEqual(moment_of(event["observedAt"]), moment_of(at))

    def test_a_created_body_has_no_past(self):
        made = self.mock.create({"title": "Neu: Größe 3 µm \U0001f527 \"q\" \\ /", "createdAt": ago(0)})[0]
        self.sync()
        event = self.events()[0]
        self.assertEqual(event["data"]["title"], "Neu: Größe 3 µm \U0001f527 \"q\" \\ /")
        self.assertIsNone(event["previouslyObservedAt"])
        self.assertNotIn("changes", event["data"])
        self.assertEqual(event["timestamp"], event["data"]["createdAt"])
        self.assertEqual(event["id"], "workorder.created/%d" % made["id"])

    def test_dates_in_ids_are_utc_with_milliseconds_however_they_are_written(self):
        base = int(time.time())
        local = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(base + 19800)) + "+05:30"
        self.mock.update(self.old, title="Elsewhere", updatedAt=local)
        self.sync()
        self.assertEqual(self.ids(), ["workorder.updated/%d/%s" % (self.old, iso(base))])
        self.mock.update(self.old, updatedAt=iso(base), _keep_updatedAt=True)
        self.sync_silently()

    def test_another_spelling_of_a_date_is_no_change(self):
        self.mock.update(self.old, dueDate="2027-01-01T10:00:00.000Z")
        self.sync()
        self.mock.update(self.old, dueDate="2027-01-01T11:00:00+01:00", _keep_updatedAt=True)
        self.sync_silently()

    def test_an_old_one_never_seen_that_was_touched_is_updated(self):
        # one whose start date lay ahead, or that a permission had hidden
        self.mock.change(hide=[self.old])
        hidden = self.mock.create({"title": "Hidden", "createdAt": ago(9 * 86400), "updatedAt": ago(8 * 86400)})[0]["id"]
        self.mock.change(hide=[hidden])
        self.sync()
        self.mock.change(unhide=[hidden])
        at = self.mock.update(hidden, title="Shown")
        self.sync()
        self.assertEqual(self.ids(), ["workorder.updated/%d/%s" % (hidden, at)])
        self.assertNotIn("changes", self.events()[0]["data"])


class Requests(Case):
    def setUp(self):
        super().setUp()
        self.mock.create_old(5)

    def test_an_idle_poll_is_exactly_one_request(self):
        self.sync_silently()
        self.mock.reset_log()
        self.sync_silently()
        self.assertEqual(self.mock.state()["requests"], 1)

    def test_an_idle_poll_after_changes_is_exactly_one_request(self):
        self.sync_silently()
        for i in range(3):
            self.mock.update(100000 + i, title="Changed")
            self.sync()
        self.mock.reset_log()
        self.sync_silently()
        self.assertEqual(self.mock.state()["requests"], 1)

    def test_every_page_carries_the_same_parameters(self):
        olds = self.mock.create_old(9)
        self.sync_silently()
        for number in olds:
            self.mock.update(number, title="Changed")
        self.mock.config(max_limit=2)
        self.mock.reset_log()
        self.sync()
        pages = self.mock.pages()
        self.assertGreaterEqual(len(pages), 5)
        self.assertEqual({p["limit"] for p in pages}, {"200"})
        self.assertEqual({p["show_upcoming"] for p in pages}, {"true"})
        self.assertEqual(len({p["updatedAt[gte]"] for p in pages}), 1)
        self.assertNotIn("cursor", pages[0])
        cursors = [p["cursor"] for p in pages[1:]]
        self.assertEqual(len(cursors), len(set(cursors)))

    def test_the_cursor_is_followed_to_the_end(self):
        self.mock.create_old(20)
        self.mock.config(max_limit=3)
        self.sync_silently()
        self.assertEqual(len(self.snapshots()), 25)

    def test_the_bound_is_the_smaller_of_the_watermark_and_the_last_start_less_the_lookback(self):
        self.mock.create({"updatedAt": ago(3600), "createdAt": ago(7200)})
        self.configure(sync="lookback = 10m")
        self.sync()
        status = self.status()
        self.mock.reset_log()
        self.sync()
        self.assertEqual(self.mock.pages()[0]["updatedAt[gte]"], status["watermark"])
        self.mock.create({"title": "Now"})
        self.sync()
        status = self.status()
        self.assertLess(moment_of(status["passStarted"]) - 600, moment_of(status["watermark"]))
        self.mock.reset_log()
        self.sync()
        self.assertEqual(self.mock.pages()[0]["updatedAt[gte]"], iso(moment_of(status["passStarted"]) - 600))

    def test_the_header_lines_are_as_the_vendor_wants_them(self):
        self.mock.config(organization="4711")
        self.configure(api="organization_id = 4711")
        self.sync()
        for entry in self.mock.requests():
            self.assertEqual(entry["authorization"], "Bearer " + self.env["MAINTAINX_API_KEY"])
            self.assertEqual(entry["organization"], "4711")
            self.assertIn("gzip", entry["accept_encoding"])
            self.assertRegex(entry["user_agent"], r"^wosync/\d")

    def test_without_an_organization_no_header_names_one(self):
        self.sync()
        self.assertEqual({entry["organization"] for entry in self.mock.requests()}, {None})

    def test_the_connection_is_reused(self):
        self.mock.create_old(20)
        self.mock.config(max_limit=2)
        self.sync()
        requests = self.mock.requests()
        self.assertGreater(len(requests), 10)
        self.assertEqual(len({entry["connection"] for entry in requests}), 1)

    def test_answers_without_compression_are_read_too(self):
        self.mock.config(gzip=False)
        self.sync_silently()
        self.assertSnapshotsAreTrue()

    def test_page_size_is_sent(self):
        self.configure(api="page_size = 3")
        self.sync()
        self.assertEqual({page["limit"] for page in self.mock.pages()}, {"1", "3"})  # 1: the probe
        self.assertEqual(len(self.snapshots()), 5)

    def test_what_comes_only_when_asked_for_is_asked_for(self):
        number = self.mock.create_old(1, **LINKED)[0]
        self.sync_silently()
        self.assertEqual({field: self.snapshots()[number].get(field) for field in LINKED}, LINKED)

    def test_upcoming_work_orders_are_seen(self):
        ahead = iso(time.time() + 30 * 86400)
        self.sync()
        made = self.mock.create({"title": "Next month", "startDate": ahead})[0]
        self.sync()
        self.assertEqual(self.ids(), ["workorder.created/%d" % made["id"]])
