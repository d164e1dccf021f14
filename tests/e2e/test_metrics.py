"""The textfile of metrics: written at the end of every run, whole, for everyone; counters that never fall."""
import contextlib
import json
import os
import re
import sqlite3
import stat
import unittest

from harness import CONFIG, DATA, DONE, IO, NOPERM, TRY_LATER, UNAVAILABLE
from receiver import Answer, Receiver
from webhooks import Webhooks

KINDS = ("sync", "backfill", "reconcile")
SERIES = """last_success_timestamp_seconds last_run_timestamp_seconds last_run_duration_seconds last_run_exit_status runs_total
watermark_timestamp_seconds lookback_seconds lookback_needed_seconds visibility_delay_seconds api_requests_total records_total
api_rate_limit api_rate_limit_remaining events_total deliveries_total delivery_attempts_total deliveries_pending deliveries_dead
deliveries_oldest_pending_seconds delivery_delay_seconds handler_last_success_timestamp_seconds quarantined_records
webhooks_received_total webhooks_missed_total webhook_last_received_timestamp_seconds work_orders store_bytes build_info""".split()


class Metrics(Webhooks):
    def setUp(self):
        super().setUp()
        self.file = self.path("wosync.prom")
        self.metrics()

    def metrics(self, text="", **how):
        self.configure("[metrics]\ntextfile = %s\n%s" % (self.file, text), **how)

    def read(self):
        """{name{labels without account}: value} of the file."""
        with open(self.file) as f:
            self.text = f.read()
        found = {}
        for line in self.text.splitlines():
            if not line.startswith("#"):
                series, value = line.rsplit(" ", 1)
                series = re.sub(r'account="[^"]*",?', "", series).replace("{}", "")
                self.assertNotIn(series, found)
                found[series] = float(value)
        return found

    def value(self, series):
        found = self.read()
        self.assertTrue(series in found, series)
        return found[series]

    def assertNothingFell(self, before, after):
        for series, value in before.items():
            if re.match(r"\w+_(total|bucket|count|sum)\b", series):
                self.assertTrue(series in after, series)
                self.assertGreaterEqual(after[series], value, series)

    # --- the file ---

    def test_every_series_is_there_from_the_first_run_on(self):
        self.mock.create_old(2)
        self.sync()
        self.read()
        named = {m.group(1) for m in re.finditer(r"^# TYPE wosync_(\w+) ", self.text, re.M)}
        self.assertEqual(named, set(SERIES))
        for name in named:
            self.assertTrue(re.search(r"^wosync_%s(_bucket)?\{" % name, self.text, re.M), name)
        for line in self.text.splitlines():
            if not line.startswith("#"):
                self.assertRegex(line, r'^wosync_build_info\{version="|^\w+\{account="wosync"[,}]')

    def test_never_is_zero(self):
        self.sync("--no-dispatch")
        found = self.read()
        for kind in KINDS[1:2]:
            for name in ("last_success_timestamp_seconds", "last_run_timestamp_seconds", "last_run_exit_status"):
                self.assertEqual(found['wosync_%s{kind="%s"}' % (name, kind)], 0)
            self.assertEqual(found['wosync_runs_total{kind="%s",exit_status="0"}' % kind], 0)
        for result in ("delivered", "dead", "discarded"):
            self.assertEqual(found['wosync_deliveries_total{handler="log",result="%s"}' % result], 0)
        self.assertEqual(found['wosync_handler_last_success_timestamp_seconds{handler="log"}'], 0)
        self.assertEqual(found['wosync_events_total{event="workorder.deleted"}'], 0)
        self.assertEqual(found["wosync_webhook_last_received_timestamp_seconds"], 0)
        self.assertEqual(found["wosync_webhooks_missed_total"], 0)

    def test_its_mode_is_for_everyone_and_it_is_replaced_by_rename(self):
        before = os.umask(0o077)
        try:
            self.sync()
        finally:
            os.umask(before)
        first = os.stat(self.file)
        self.assertEqual(stat.S_IMODE(first.st_mode), 0o644)
        with open(self.file) as held:
            self.sync()
            self.assertEqual(os.fstat(held.fileno()).st_nlink, 0, "it was written over, not replaced")
        self.assertEqual([n for n in os.listdir(self.directory) if n.startswith(".wosync-")], [])

    def test_it_is_written_after_failures_too(self):
        self.sync()
        self.sync(env={"MAINTAINX_API_KEY": "another-token"}, expect=NOPERM)
        self.assertEqual(self.value('wosync_last_run_exit_status{kind="sync"}'), 77)
        self.assertEqual(self.value('wosync_runs_total{kind="sync",exit_status="77"}'), 1)
        self.assertEqual(self.value('wosync_api_requests_total{code="401"}'), 1)
        self.mock.stop()
        self.metrics(api="give_up = 0s\n")
        self.sync(expect=UNAVAILABLE)
        found = self.read()
        self.assertEqual(found['wosync_last_run_exit_status{kind="sync"}'], 69)
        self.assertEqual(found['wosync_api_requests_total{code="none"}'], 1)
        self.assertLess(found['wosync_last_success_timestamp_seconds{kind="sync"}'],
                        found['wosync_last_run_timestamp_seconds{kind="sync"}'])

    def test_a_wrong_configuration_changes_the_run_and_no_counter(self):
        self.mock.create_old(1)
        self.sync()
        before = self.read()
        self.metrics(sync="lookback = soon\n")
        self.sync(expect=CONFIG)
        after = self.read()
        self.assertEqual(after['wosync_last_run_exit_status{kind="sync"}'], 78)
        self.assertNothingFell(before, after)

    def test_a_store_that_cannot_be_read_leaves_what_the_run_knows(self):
        self.write("wosync.db", "not a database, but long enough to be taken for one\n" * 10)
        self.sync(expect=IO)
        found = self.read()
        self.assertEqual(found['wosync_last_run_exit_status{kind="sync"}'], 74)
        self.assertFalse(any(series.startswith("wosync_events") for series in found))

    def test_a_file_that_cannot_be_written_is_a_warning(self):
        self.file = self.path("missing", "wosync.prom")
        self.metrics()
        self.sync(expect=DONE, message=r"warning: metrics: .*missing: it cannot be opened: No such file.*; correct textfile")
        self.assertFalse(os.path.exists(self.path("missing")))

    def test_a_dry_run_and_a_run_that_left_its_work_write_none(self):
        self.sync()
        os.unlink(self.file)
        self.sync("--dry-run")
        with self.holding("poll", "deliver"):
            self.sync(expect=TRY_LATER)
        self.assertFalse(os.path.exists(self.file))

    def test_the_account_is_a_label(self):
        self.sync()
        self.read()
        self.assertIn('wosync_store_bytes{account="wosync"} ', self.text)
        self.metrics('account = plant "A" \\ 1\n')
        self.sync()
        self.read()
        self.assertIn('wosync_store_bytes{account="plant \\"A\\" \\\\ 1"} ', self.text)
        more = self.write("plant-b.conf", "[sync]\nlookback = 11m\n")
        self.wosync("-c", more, "sync")
        self.metrics()
        self.wosync("-c", more, "sync")
        self.read()
        self.assertIn('wosync_lookback_seconds{account="plant-b"} 660', self.text)

    # --- what is counted ---

    def test_events_records_requests_and_work_orders(self):
        olds = self.mock.create_old(3)
        self.sync()
        self.mock.create({"title": "New"})
        self.mock.update(olds[0], status="DONE")
        self.sql("UPDATE status_counted SET took_ms = 0")  # or, on a slow machine, it is too early to count again
        self.sync()
        found = self.read()
        self.assertEqual(found['wosync_events_total{event="workorder.created"}'], 1)
        self.assertEqual(found['wosync_events_total{event="workorder.status_changed"}'], 1)
        self.assertEqual(found['wosync_events_total{event="workorder.completed"}'], 1)
        self.assertEqual(found['wosync_events_total{event="workorder.updated"}'], 1)
        self.assertEqual(found['wosync_work_orders{status="OPEN"}'], 3)
        self.assertEqual(found['wosync_work_orders{status="DONE"}'], 1)
        self.assertEqual(found['wosync_runs_total{kind="sync",exit_status="0"}'], 2)
        self.assertEqual(found['wosync_records_total{kind="sync"}'], self.sql("SELECT sum(records) FROM runs")[0][0])
        self.assertEqual(found['wosync_api_requests_total{code="200"}'], self.mock.state()["requests"])
        self.assertEqual(found['wosync_visibility_delay_seconds_count{channel="poll"}'], 2)
        self.assertGreater(found["wosync_watermark_timestamp_seconds"], 1e9)
        self.assertGreater(found["wosync_store_bytes"], 10000)

    def test_the_size_of_a_store_that_a_link_names(self):
        """The log is beside the file itself, and of the size."""
        self.sync()
        os.symlink(self.store, self.path("link.db"))
        with contextlib.closing(sqlite3.connect(self.store)) as reader:
            reader.execute("SELECT count(*) FROM runs").fetchone()
            store, self.store = self.store, self.path("link.db")
            self.metrics()
            self.sync()
            log = os.path.getsize(store + "-wal")
            self.assertGreater(log, 0)
            self.assertEqual(self.read()["wosync_store_bytes"], os.path.getsize(store) + log)

    def test_deliveries(self):
        answers = {"status": 500}
        receiver = Receiver(self, lambda request: Answer(answers["status"], "x"))
        self.metrics("[handler erp]\ntype = http\nurl = %s/\n" % receiver.url)
        self.sync()
        self.mock.create({"title": "New"})
        self.sync()
        found = self.read()
        self.assertEqual(found['wosync_delivery_attempts_total{handler="erp",result="failed"}'], 1)
        self.assertEqual(found['wosync_deliveries_pending{handler="erp"}'], 1)
        self.assertGreater(found['wosync_deliveries_oldest_pending_seconds{handler="erp"}'], 0)
        answers["status"] = 400
        self.wosync("events", "retry", self.ids()[0])
        self.sync(expect=UNAVAILABLE)
        found = self.read()
        self.assertEqual(found['wosync_delivery_attempts_total{handler="erp",result="failed"}'], 2)
        self.assertEqual(found['wosync_deliveries_total{handler="erp",result="dead"}'], 1)
        self.assertEqual(found['wosync_deliveries_dead{handler="erp"}'], 1)
        answers["status"] = 200
        self.wosync("events", "retry")
        self.sync()
        found = self.read()
        self.assertEqual(found['wosync_deliveries_total{handler="erp",result="delivered"}'], 1)
        self.assertEqual(found['wosync_deliveries_total{handler="erp",result="dead"}'], 1)
        self.assertEqual(found['wosync_delivery_attempts_total{handler="erp",result="ok"}'], 1)
        self.assertEqual(found['wosync_deliveries_dead{handler="erp"}'], 0)
        self.assertEqual(found['wosync_delivery_delay_seconds_count{handler="erp"}'], 1)
        self.assertEqual(found['wosync_delivery_delay_seconds_bucket{handler="erp",le="+Inf"}'], 1)
        self.assertGreater(found['wosync_delivery_delay_seconds_sum{handler="erp"}'], 0)
        self.assertGreater(found['wosync_handler_last_success_timestamp_seconds{handler="erp"}'], 1e9)

    def test_discarded_deliveries_and_removed_handlers(self):
        receiver = Receiver(self, lambda request: Answer(400, "x"))
        self.metrics("[handler erp]\ntype = http\nurl = %s/\n" % receiver.url)
        self.sync()
        self.mock.create({"title": "New"})
        self.sync(expect=UNAVAILABLE)
        self.wosync("events", "discard", self.ids()[0])
        self.sync()
        self.assertEqual(self.value('wosync_deliveries_total{handler="erp",result="discarded"}'), 1)
        self.metrics()
        self.sync()
        self.assertFalse(any('"erp"' in series for series in self.read()))

    def test_webhooks(self):
        self.sync()
        number = self.mock.create({"title": "New"})[0]["id"]
        body = json.dumps(self.public(number)).encode()
        self.send(body)
        self.send(body)
        self.send(body, sign=lambda b: {}, expect=401)
        self.sync()
        found = self.read()
        self.assertEqual(found['wosync_webhooks_received_total{result="accepted"}'], 1)
        self.assertEqual(found['wosync_webhooks_received_total{result="duplicate"}'], 1)
        self.assertEqual(found['wosync_webhooks_received_total{result="refused"}'], 1)
        self.assertEqual(found['wosync_visibility_delay_seconds_count{channel="webhook"}'], 1)
        self.assertGreater(found["wosync_webhook_last_received_timestamp_seconds"], 1e9)
        # found by polling, and not named by a webhook a minute later: counted once, also when one comes later
        self.mock.create({"title": "Other"})
        self.sync()
        self.assertEqual(self.value("wosync_webhooks_missed_total"), 0)
        self.sql("UPDATE webhook_gaps SET found_ms = found_ms - 61000")
        self.sql("DELETE FROM counters WHERE name = 'webhooks_missed_until'")
        self.sync()
        self.assertEqual(self.value("wosync_webhooks_missed_total"), 1)
        self.sync()
        self.assertEqual(self.value("wosync_webhooks_missed_total"), 1)
        self.sql("DELETE FROM webhook_gaps")
        self.sync()
        self.assertEqual(self.value("wosync_webhooks_missed_total"), 1)

    def test_a_sweep_counts_as_reconcile(self):
        self.mock.create_old(1)
        self.sync()
        first = self.value('wosync_last_success_timestamp_seconds{kind="reconcile"}')
        self.assertGreater(first, 1e9, "the first pass reads everything")
        self.wosync("reconcile")
        found = self.read()
        self.assertGreater(found['wosync_last_success_timestamp_seconds{kind="reconcile"}'], first)
        self.assertEqual(found['wosync_runs_total{kind="reconcile",exit_status="0"}'], 1)

    def test_retention_makes_no_counter_fall(self):
        self.metrics(store="keep = 1h\n")
        self.mock.create_old(2)
        self.sync()
        self.mock.create({"title": "New"})
        self.sync()
        before = self.read()
        day = 86400000
        self.sql("UPDATE events SET observed_ms = observed_ms - ?", 3 * day)
        self.sql("UPDATE runs SET began_ms = began_ms - ?, ended_ms = ended_ms - ?", 3 * day, 3 * day)
        self.sql("UPDATE lateness SET noted_ms = noted_ms - ?", 60 * day)
        self.sync()
        self.mock.create({"title": "Newer"})
        self.sync()
        self.assertEqual(self.sql("SELECT count(*) FROM events"), [(1,)], "nothing was removed")
        after = self.read()
        self.assertNothingFell(before, after)
        self.assertEqual(after['wosync_events_total{event="workorder.created"}'], 2)
        self.assertEqual(after['wosync_visibility_delay_seconds_count{channel="poll"}'], 2)
        self.assertEqual(after['wosync_deliveries_total{handler="log",result="delivered"}'], 2)

    def test_a_run_that_is_killed_is_counted_by_what_it_stored(self):
        self.sync()
        receiver = Receiver(self, lambda request: Answer(hang=True))
        self.metrics("[handler erp]\ntype = http\nurl = %s/\n" % receiver.url)
        self.mock.create({"title": "New"})
        running = self.start("sync")
        self.wait_for(lambda: len(receiver.requests) == 1, "the request")
        running.signal(9)
        running.wait()
        self.metrics()
        self.sync()
        found = self.read()
        self.assertEqual(found['wosync_events_total{event="workorder.created"}'], 1)
        self.assertEqual(found['wosync_records_total{kind="sync"}'], self.sql("SELECT sum(records) FROM runs")[0][0])
        self.assertEqual(found['wosync_runs_total{kind="sync",exit_status="0"}'], 2)


if __name__ == "__main__":
    unittest.main()
