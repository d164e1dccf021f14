"""Transient faults are tried again, answers that are no pages end the run with its state intact, and nothing leaks."""
import gzip
import http.server
import resource
import threading
import time

from harness import Case, CONFIG, DATA, NOPERM, PROTOCOL, TOKEN, TRY_LATER, UNAVAILABLE, is_sanitized


PAGE = b'{"workOrders": [], "nextCursor": %s}'


class Plain:
    """A server that says no more than it is asked to: `answers` one after the other, then empty pages."""

    def __init__(self):
        self.answers, self.heard, outer = [], [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.heard.append(self.path)
                status, headers, body = outer.answer(self.headers)
                self.send_response_only(status)
                for name, value in dict(headers, **{"Content-Length": str(len(body))}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d/v1" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, _):
        return self.answers.pop(0) if self.answers else (200, {}, PAGE % b"null")

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Transient(Case):
    """Each fault hits once and is gotten over."""

    def setUp(self):
        super().setUp()
        self.olds = self.mock.create_old(6)
        self.configure(api="timeout = 1s")
        self.sync_silently()
        self.at = self.mock.update(self.olds[0], title="Changed")
        self.mock.config(max_limit=2, rate_limit={"requests": 100, "window_ms": 1000})
        self.mock.reset_log()

    def get_over(self, fault, **details):
        self.mock.fault(fault, path="/v1/workorders", **details)
        run = self.sync()
        self.assertEqual(run.err, "")
        self.assertEqual(self.ids(), ["workorder.updated/%d/%s" % (self.olds[0], self.at)])
        self.assertGreaterEqual(self.mock.state()["requests"], 2)
        return run

    def test_reset(self):
        self.get_over("reset")

    def test_reset_in_the_body(self):
        self.get_over("reset", after_bytes=100)

    def test_truncated_body(self):
        self.get_over("truncate")

    def test_closed_without_an_answer(self):
        self.get_over("truncate", after_bytes=0)

    def test_truncated_json(self):
        self.get_over("truncate_json")

    def test_hang(self):
        self.get_over("hang")

    def test_drip(self):
        self.get_over("drip", bytes_per_second=20)

    def test_408(self):
        self.get_over("status", status=408)

    def test_500(self):
        self.get_over("status", status=500)

    def test_502(self):
        self.get_over("status", status=502)

    def test_503(self):
        self.get_over("status", status=503)

    def test_504(self):
        self.get_over("status", status=504)

    def test_what_stands_before_the_server_may_fail(self):
        for status in (425, 501, 507, 509, 520, 522, 524, 525, 530):
            with self.subTest(status=status):
                self.at = self.mock.update(self.olds[0], title="Changed %d" % status)
                self.mock.fault("status", status=status, path="/v1/workorders", body="<html>error %d</html>" % status)
                self.assertSilent(self.sync("--no-dispatch"))
                self.assertEqual(self.ids()[-1], "workorder.updated/%d/%s" % (self.olds[0], self.at))

    def test_502_with_html(self):
        self.get_over("html", status=502)

    def test_429_without_retry_after(self):
        self.get_over("429")

    def test_429_with_retry_after_in_seconds(self):
        run = self.get_over("429", retry_after=1)
        self.assertGreaterEqual(run.seconds, 0.95)

    def test_429_with_retry_after_as_a_date(self):
        when = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 2))
        self.get_over("429", retry_after=when)

    def test_a_429_that_tells_no_wait_is_not_hammered(self):
        self.configure(api="give_up = 2s")
        self.mock.fault("429", retry_after=0, times=-1)
        self.mock.reset_log()
        self.sync(expect=TRY_LATER, message="429: Too many requests; the rate limit is used up, the next run continues here")
        self.assertLess(len(self.mock.requests()), 12)

    def test_429_with_retry_after_that_is_garbage(self):
        self.get_over("429", retry_after="soon")

    def test_several_in_a_row(self):
        self.get_over("status", status=503, times=3)

    def test_a_storm_of_them_over_many_pages(self):
        self.mock.create_old(30)
        for number in self.mock.truth():
            self.mock.update(number, status="DONE")
        self.mock.fault("random", probability=0.15, seed=7, statuses=[500, 502, 503])
        self.sync()
        self.mock.clear_faults()
        self.sync_silently()
        self.assertNothingDoubled()
        self.assertSnapshotsAreTrue()


class GivenUp(Case):
    """What does not go away ends the run, with the right status, what to do, and the state intact."""

    def setUp(self):
        super().setUp()
        self.olds = self.mock.create_old(8)
        self.configure(api="timeout = 2s\ngive_up = 0s")
        self.sync_silently()
        for number in self.olds:
            self.mock.update(number, title="Changed")
        self.before = self.dump()

    def give_up(self, expected, pattern, fault, **details):
        self.mock.fault(fault, times=-1, **details)
        run = self.sync(expect=expected, message=pattern)
        self.assertEqual(run.out, "")
        self.assertEqual(len(run.err.splitlines()), 1, run)
        self.assertEqual(self.dump(), self.before)
        self.assertEqual(self.status()["runs"][0]["exitStatus"], expected)
        self.mock.clear_faults()
        self.sync()
        self.assertEqual(len(self.ids()), 8)

    def test_reset(self):
        self.give_up(UNAVAILABLE, r"api: work orders: no answer from http://127[^ ]*: (?!.*TLS).*; check the network", "reset")

    def test_truncated_body(self):
        self.give_up(PROTOCOL, r"api: work orders: the answer is truncated", "truncate")

    def test_truncated_json(self):
        self.give_up(PROTOCOL, r"api: work orders: .*truncated", "truncate_json")

    def test_hang(self):
        self.give_up(UNAVAILABLE, r"api: work orders: no answer .*timed out", "hang")

    def test_drip(self):
        self.give_up(UNAVAILABLE, r"api: work orders: no answer .*timed out", "drip", bytes_per_second=10)

    def test_500(self):
        self.give_up(UNAVAILABLE, r"api: work orders: 500.*the next run continues", "status", status=500)

    def test_503_repeats_the_words_of_the_server(self):
        self.give_up(UNAVAILABLE, r"api: work orders: 503: We are tired", "status", status=503,
                     body='{"error": "We are tired"}')

    def test_words_of_the_server_cannot_forge_lines(self):
        self.give_up(UNAVAILABLE, r"api: work orders: 503: one\?wosync: two", "status", status=503,
                     body='{"errors": [{"error": "one\\nwosync: two"}]}')

    def test_words_of_the_server_that_hold_the_token_are_masked(self):
        self.give_up(UNAVAILABLE, r"Bearer \*\*\*\*", "status", status=500, body='{"error": "Bearer %s"}' % TOKEN)

    def test_no_connection(self):
        self.mock.stop()
        self.sync(expect=UNAVAILABLE, message=r"api: work orders: no answer from .*; check the network and base_url")
        self.assertEqual(self.dump(), self.before)

    def test_no_such_host(self):
        self.configure(api="timeout = 1s\ngive_up = 0s")
        self.store = self.path("other.db")
        self.sync(expect=UNAVAILABLE, message=r"api: .*no answer from https://wosync.invalid",
                  env={"MAINTAINX_BASE_URL": "https://wosync.invalid/v1", "WOSYNC_DB": self.store})

    def test_the_time_budget_is_kept(self):
        self.configure(api="timeout = 1s\ngive_up = 3s")
        self.mock.reset_log()
        self.mock.fault("status", status=503, times=-1)
        run = self.sync(expect=UNAVAILABLE)
        self.assertGreaterEqual(self.mock.state()["requests"], 2)
        self.assertLessEqual(self.mock.state()["requests"], 8)
        self.assertLess(run.seconds, 30)

    def test_a_long_retry_after_is_left_to_a_later_run(self):
        self.mock.fault("429", retry_after=3600, times=1)
        self.sync(expect=TRY_LATER, message="api: work orders: the server asks to wait 1h; a later run continues here")
        self.assertEqual(self.dump("passes"), {k: v for k, v in self.before.items() if k != "passes"})

    def wait_silently(self, count=2):
        """Runs that find the wait in the store send nothing, and say so."""
        self.mock.reset_log()
        for _ in range(count):
            self.sync(expect=TRY_LATER, message="api: work orders: the server asks to wait .*; a later run continues here")
        self.assertEqual(self.mock.requests(), [])

    def reset_after(self):
        """In how many seconds the next request may be sent."""
        return self.sql("SELECT reset_ms FROM rate_limit")[0][0] / 1000 - time.time()

    def test_503_with_retry_after_is_not_asked_again_before(self):
        self.configure(api="give_up = 1m")
        self.mock.reset_log()
        self.mock.fault("status", status=503, retry_after=3600)
        self.sync(expect=UNAVAILABLE, message="api: work orders: 503: .*; the server is busy or broken")
        self.assertEqual(len(self.mock.requests()), 1)
        self.wait_silently()

    def test_a_retry_after_that_is_a_unix_time(self):
        for unit in (1, 1000):
            with self.subTest(unit=unit):
                self.mock.fault("429", retry_after=int((time.time() + 1200) * unit))
                self.sync(expect=TRY_LATER, message="the server asks to wait (19m|20m)")
                self.assertGreater(self.reset_after(), 1100)
                self.assertLess(self.reset_after(), 1210)
                self.sql("DELETE FROM rate_limit")

    def test_no_wait_is_believed_for_longer_than_an_hour(self):
        """After it one request looks; what that one learns holds for the next hour."""
        self.mock.fault("429", retry_after=7 * 86400, times=2)
        self.sync(expect=TRY_LATER, message="the server asks to wait 1h")
        self.wait_silently()
        self.sql("UPDATE rate_limit SET reset_ms = reset_ms - 3600000, seen_ms = seen_ms - 3600000")
        self.mock.reset_log()
        self.sync(expect=TRY_LATER, message="the server asks to wait 1h")
        self.assertEqual(len(self.mock.requests()), 1)
        self.wait_silently()
        self.sql("UPDATE rate_limit SET reset_ms = reset_ms - 3600000, seen_ms = seen_ms - 3600000")
        self.sync()
        self.assertEqual(len(self.ids()), 8)

    def test_a_deadline_does_not_hide_that_the_api_fails(self):
        """The line of the crontab: the patience is longer than the run may last."""
        self.configure(api="timeout = 2s\ngive_up = 1m")
        for fault, details in (("status", {"status": 503}), ("reset", {}), ("hang", {})):
            with self.subTest(fault=fault):
                self.mock.fault(fault, times=-1, **details)
                run = self.sync("--max-time", "1s", expect=UNAVAILABLE, message="^wosync: api: work orders: ")
                self.assertEqual(len(run.err.splitlines()), 1, run)
                self.mock.clear_faults()
        self.mock.stop()
        self.sync("--max-time", "1s", expect=UNAVAILABLE, message="no answer from")

    def test_a_run_that_only_waited_for_the_limit(self):
        self.configure(api="give_up = 0s")
        self.mock.config(rate_limit={"requests": 1, "window_ms": 100000})
        self.sync_silently("--no-dispatch")
        self.sync("--max-time", "50s", expect=TRY_LATER, message="the server asks to wait .*, longer than this run may last")
        self.assertEqual(self.mock.state()["rate_limited"], 0)

    def test_403_of_a_firewall(self):
        self.give_up(UNAVAILABLE, r'403 with a page "Blocked" that is not MaintainX\'s: a firewall or proxy on the way refused',
                     "status", status=403, body="<html><head><title>Blocked</title></head><body>Ray ID</body></html>",
                     headers={"Content-Type": "text/html"})

    def test_a_token_for_several_organizations(self):
        """On the first run, too, the setting is named, and nothing is said of filters."""
        for body, status in (('{"error": "Missing x-organization-id header: your token has several organizations"}', CONFIG),
                             ('{"error": "Bad request"}', UNAVAILABLE)):
            with self.subTest(body=body):
                self.store = self.path("store%d.db" % status)
                self.configure(api="give_up = 0s")
                self.mock.fault("status", status=400, times=-1, body=body)
                run = self.sync(expect=status, message="set organization_id")
                self.assertEqual(len(run.err.splitlines()), 1, run)
                self.mock.clear_faults()
                self.assertEqual(self.sync().err, "")
                self.assertEqual(self.status()["filter"] is None, False)
                self.assertNotEqual(self.status()["filter"], "none")

    def test_401(self):
        self.give_up(NOPERM, r"api: work orders: 401: the token was refused; make a new one .*Settings > Integrations",
                     "status", status=401, body="")

    def test_403(self):
        self.give_up(NOPERM, r"api: work orders: 403: .*check its permissions and organization_id", "status", status=403)

    def test_a_wrong_token(self):
        other = "tok-0000wrong0000"
        run = self.sync(expect=NOPERM, message="401", env={"MAINTAINX_API_KEY": other})
        self.assertNotIn(other, run.out + run.err)
        self.assertEqual(self.dump(), self.before)

    def test_a_wrong_organization(self):
        self.mock.config(organization="12")
        self.store = self.path("other.db")
        self.configure(api="organization_id = 13")
        self.sync(expect=NOPERM, message="403")

    def test_404_of_the_list(self):
        self.give_up(UNAVAILABLE, r"api: work orders: 404.*check base_url", "status", status=404)

    def test_204(self):
        self.give_up(UNAVAILABLE, r"api: work orders: 204", "status", status=204, body="")


class NoPage(Case):
    """Answers that are no page of work orders. The store stays as it was."""

    def setUp(self):
        super().setUp()
        self.olds = self.mock.create_old(8)
        self.configure(api="give_up = 0s")
        self.sync_silently()
        for number in self.olds:
            self.mock.update(number, title="Changed")
        self.before = self.dump()

    def refuse(self, pattern, fault, **details):
        self.mock.fault(fault, **details)
        run = self.sync(expect=PROTOCOL, message="^wosync: api: .*" + pattern)
        self.assertEqual(self.dump(), self.before)
        self.assertEqual(run.out, "")
        self.sync()
        self.assertEqual(len(self.ids()), 8)
        self.sync_silently()
        return run

    def refuse_body(self, pattern, body):
        return self.refuse(pattern, "status", status=200, body=body)

    def test_no_json(self):
        self.refuse("not a page of work orders", "bad_json")

    def test_empty(self):
        self.refuse_body("not a page of work orders", "")

    def test_a_list(self):
        self.refuse_body("it is not a JSON object", "[]")

    def test_null(self):
        self.refuse_body("it is not a JSON object", "null")

    def test_no_object(self):
        self.refuse("it is not a JSON object", "not_object")

    def test_without_workOrders(self):
        self.refuse("no array workOrders", "no_workorders")

    def test_workOrders_is_null(self):
        """A server that leaves out what is null writes null for what is empty."""
        self.mock.fault("status", status=200, body='{"workOrders": null, "nextCursor": null}')
        self.sync_silently()
        self.sync()
        self.assertEqual(len(self.ids()), 8)

    def test_a_byte_order_mark(self):
        self.mock.fault("status", status=200, body='\ufeff{"workOrders": [], "nextCursor": null}')
        self.sync_silently()
        self.sync()
        self.assertEqual(len(self.ids()), 8)

    def test_workOrders_is_an_object(self):
        self.refuse("no array workOrders", "wrong_types", variant="work_orders")

    def test_nextCursor_is_a_number(self):
        self.refuse("nextCursor is not a text", "wrong_types", variant="next_cursor")

    def test_nextPageUrl_without_nextCursor(self):
        self.refuse_body("nextPageUrl but no nextCursor", '{"workOrders": [], "nextPageUrl": "http://x/"}')

    def test_an_absurd_nextCursor(self):
        self.refuse_body("nextCursor is longer than 4096 bytes", '{"workOrders": [], "nextCursor": "%s"}' % ("x" * 5000))

    def test_workOrders_twice(self):
        self.refuse_body("workOrders twice", '{"workOrders": [], "workOrders": []}')

    def test_something_behind(self):
        self.refuse_body("not a page of work orders", '{"workOrders": [], "nextCursor": null} {}')

    def test_two_values_without_a_comma(self):
        self.refuse_body("", '{"workOrders": [{"id": 1} {"id": 2}], "nextCursor": null}')

    def test_a_record_that_is_no_json(self):
        self.refuse_body("is no JSON", '{"workOrders": [{"id": 1, oops}], "nextCursor": null}')

    def test_brackets_that_do_not_match(self):
        self.refuse_body("", '{"workOrders": [{"id": 1]}, "nextCursor": null}')

    def test_truncated_json(self):
        self.refuse("truncated", "truncate_json")

    def test_html(self):
        self.refuse("not a page of work orders", "html")

    def test_redirect(self):
        self.mock.reset_log()
        self.refuse("a redirect to .* is not followed; check base_url", "redirect")
        self.assertEqual({entry["path"] for entry in self.mock.requests()}, {"/v1/workorders"})

    def test_redirect_to_elsewhere_takes_no_token_along(self):
        self.refuse("a redirect to .* is not followed", "redirect", location=self.mock.sink_url("thief"), status=307)
        self.assertEqual(self.mock.sink("thief"), [])

    def test_deep_nesting_of_a_record_is_for_quarantine(self):
        self.mock.fault("deep")
        self.sync(expect=DATA, message="nested deeper than 32 levels")
        self.sync()
        self.assertEqual(len(self.ids()), 8)

    def test_deep_nesting_of_the_envelope(self):
        self.refuse_body("nested too deeply", '{"workOrders": [], "x": %s%s}' % ("[" * 5000, "]" * 5000))


class Huge(Case):
    slow = True

    def setUp(self):
        super().setUp()
        self.mock.create_old(3)
        self.configure(api="give_up = 0s\ntimeout = 10m")  # a busy machine may take long to make them
        self.sync_silently()
        self.before = self.dump()

    def refuse(self, fault, **details):
        self.mock.fault(fault, times=-1, **details)
        run = self.sync(expect=PROTOCOL, message="the answer is larger than 64 MiB; lower page_size", measured=True)
        self.assertEqual(self.dump(), self.before)
        if not is_sanitized():
            self.assertLess(run.memory, 220 * 1024, "KiB resident")
        self.mock.clear_faults()
        self.sync_silently()

    def test_plain(self):
        self.refuse("huge", bytes=80 << 20)

    def test_announced(self):
        self.refuse("huge", bytes=80 << 20, announce=True)

    def test_compressed(self):
        self.refuse("huge_gzip", bytes=1 << 28)

    def test_just_below_the_limit_is_taken(self):
        self.mock.fault("huge", bytes=(64 << 20) - 4096)
        self.sync_silently()


class Addresses(Case):
    """What is no https and no loopback is refused before anything is sent."""

    def refuse(self, url, pattern="."):
        run = self.sync(expect=CONFIG, message=pattern, env={"MAINTAINX_BASE_URL": url})
        self.assertLess(run.seconds, 5)
        self.assertEqual(self.mock.state()["requests"], 0)
        self.assertRegex(run.err, "https")

    def test_http_to_another_host(self):
        self.refuse("http://192.0.2.1/v1", r"http is for loopback only")

    def test_http_to_a_host_that_only_looks_like_loopback(self):
        for host in ("localhost.example.com", "127.0.0.1.example.com", "127.example.com", "0.0.0.0", "128.0.0.1",
                     "[::2]", "localhost.", "example.com#localhost"):
            with self.subTest(host=host):
                self.refuse("http://%s/v1" % host)

    def test_a_user_name_in_the_url(self):
        run = self.sync(expect=CONFIG, env={"MAINTAINX_BASE_URL": "http://127.0.0.1@192.0.2.1/v1"})
        self.assertRegex(run.err, "user name or password in a URL")

    def test_other_protocols(self):
        for url in ("ftp://127.0.0.1/v1", "file:///etc/passwd", "gopher://127.0.0.1/", "ldap://127.0.0.1/", "127.0.0.1/v1",
                    "https:/example.com", "javascript:alert(1)"):
            with self.subTest(url=url):
                self.refuse(url)

    def test_loopback_by_its_names(self):
        self.configure(api="give_up = 0s")
        for host, status in (("localhost", 0), ("127.0.0.1", 0), ("127.1.2.3", UNAVAILABLE), ("[::1]", UNAVAILABLE)):
            with self.subTest(host=host):
                self.sync(expect=status, env={"MAINTAINX_BASE_URL": "http://%s:%d/v1" % (host, self.mock.port),
                                              "WOSYNC_DB": self.path(host)})

    def test_a_slash_at_the_end_of_the_address_does_not_matter(self):
        self.sync(env={"MAINTAINX_BASE_URL": self.mock.url + "/"})
        self.sync(env={"MAINTAINX_BASE_URL": self.mock.url})


class RateLimit(Case):
    slow = True

    def test_a_wait_for_the_limit_is_no_failure(self):
        """What fails behind a long wait is tried again like everything else."""
        self.configure(api="give_up = 1s")
        self.mock.create_old(6)
        self.mock.config(max_limit=2, rate_limit={"requests": 3, "window_ms": 3000})
        self.mock.fault("status", status=503, skip=3)
        self.sync_silently()
        self.assertEqual(len(self.snapshots()), 6)

    def test_a_pass_of_many_pages_gets_no_429(self):
        self.mock.create_old(150)
        self.mock.config(max_limit=5, rate_limit={"requests": 10, "window_ms": 1000})
        began = time.monotonic()
        self.sync_silently()
        seconds = time.monotonic() - began
        state = self.mock.state()
        self.assertEqual(state["rate_limited"], 0)
        self.assertEqual(len(self.snapshots()), 150)
        # 31 requests are four windows of ten: three waits of a second; it does not idle much longer
        self.assertGreater(seconds, 2)
        self.assertLess(seconds, 30)

    def test_the_next_run_knows_that_the_window_is_used_up(self):
        self.mock.create_old(30)
        self.mock.config(max_limit=5, rate_limit={"requests": 7, "window_ms": 2000})
        self.sync_silently()  # a probe and six pages
        for _ in range(2):
            self.sync_silently()
        self.assertEqual(self.mock.state()["rate_limited"], 0)

    def test_others_that_use_up_the_window_are_gotten_over(self):
        self.mock.create_old(30)
        self.mock.config(max_limit=5, rate_limit={"requests": 5, "window_ms": 1000, "retry_after": True})
        self.mock.fault("429", retry_after=1, skip=2)
        self.sync_silently()
        self.assertEqual(len(self.snapshots()), 30)

    def test_reserve_leaves_requests_to_others(self):
        self.mock.create_old(30)
        self.configure(api="reserve = 6")
        self.mock.config(max_limit=5, rate_limit={"requests": 10, "window_ms": 1000})
        self.sync_silently()
        self.assertEqual(len(self.snapshots()), 30)
        windows = []  # the first request after one has ended opens the next
        for entry in self.mock.requests():
            if not windows or entry["at_ms"] - windows[-1][0] >= 1000:
                windows.append([])
            windows[-1].append(entry["at_ms"])
        self.assertGreaterEqual(len(windows), 2)
        self.assertLessEqual(max(map(len, windows)), 4, windows)

    def test_a_signal_ends_the_wait(self):
        self.mock.create_old(30)
        self.mock.config(max_limit=5, rate_limit={"requests": 3, "window_ms": 60000})
        running = self.start("sync")
        self.wait_for(lambda: self.mock.state()["requests"] >= 3, "the requests")
        running.signal(15)
        run = running.wait()
        self.assertFails(run, TRY_LATER, "stopped by a signal")
        self.mock.config(rate_limit={"requests": 100000, "window_ms": 60000})

    def test_max_time_ends_the_wait(self):
        self.mock.create_old(30)
        self.mock.config(max_limit=5, rate_limit={"requests": 3, "window_ms": 60000})
        run = self.sync_silently("--max-time", "300ms")
        self.assertLess(run.seconds, 30)
        self.assertEqual(self.mock.state()["rate_limited"], 0)

    def test_a_run_that_read_no_page_has_used_it_up_too(self):
        """The first run of all ends while it finds out which filter the server honours."""
        self.mock.create_old(30)
        self.mock.config(filter_updatedAtGte="ignored", filter_brackets="ignored",
                         rate_limit={"requests": 2, "window_ms": 60000})
        while len(self.mock.requests()) < 2:
            self.sync_silently("--max-time", "300ms")
        self.assertEqual(self.ids(), [])
        self.sync("--max-time", "300ms", expect=TRY_LATER, message="the server asks to wait")
        self.assertEqual(self.mock.state()["rate_limited"], 0)


class WithoutHeaders(Case):
    """A server that never says anything about its rate limit."""

    def setUp(self):
        super().setUp()
        self.server = Plain()
        self.addCleanup(self.server.close)
        self.env["MAINTAINX_BASE_URL"] = self.server.url

    def test_429_outlasts_a_window(self):
        """It is waited out for more than the minute that a window lasts, however short the patience: by the run, where it
        may last so long, or by those that follow."""
        self.configure(api="give_up = 0s")
        self.server.answers = [(429, {}, b"")]
        self.sync("--max-time", "50s", expect=TRY_LATER, message="the server asks to wait 1m (29|30)s, longer than this run")
        self.assertEqual(len(self.server.heard), 1)
        self.sync("--max-time", "50s", expect=TRY_LATER, message="the server asks to wait")
        self.assertEqual(len(self.server.heard), 1)
        self.sql("UPDATE rate_limit SET reset_ms = reset_ms - 88000, seen_ms = seen_ms - 88000")
        self.sync_silently("--max-time", "50s")
        self.assertGreater(len(self.server.heard), 1)

    def test_no_more_than_the_documented_rate(self):
        self.server.answers = [(200, {}, PAGE % (b'"%d"' % i)) for i in range(1, 120)]
        self.sync_silently("--max-time", "20s")
        self.assertEqual(len(self.server.heard), 100)
        self.sync("--max-time", "1s", expect=TRY_LATER, message="the server asks to wait")
        self.assertEqual(len(self.server.heard), 100)


class Encodings(Case):
    """What cannot be decoded is asked for without compression."""

    def setUp(self):
        super().setUp()
        self.server = Plain()
        self.addCleanup(self.server.close)
        self.env["MAINTAINX_BASE_URL"] = self.server.url
        self.configure(api="give_up = 0s")

    def always(self, body, encoding, honours=True):
        """Every answer is encoded so, where the client asks for it at all (`honours`)."""
        def answer(headers):
            if honours and headers.get("Accept-Encoding") is None:
                return 200, {}, PAGE % b"null"
            return 200, {"Content-Encoding": encoding}, body
        self.server.answer = answer

    def test_two_members(self):
        self.always(gzip.compress(b'{"workOrders": [], ') + gzip.compress(b'"nextCursor": null}'), "gzip")
        self.sync_silently()

    def test_a_stray_byte_behind(self):
        self.always(gzip.compress(PAGE % b"null") + b"\n", "gzip")
        self.sync_silently()

    def test_an_encoding_that_is_none(self):
        for honours in (True, False):
            with self.subTest(honours=honours):
                self.always(PAGE % b"null", "UTF-8", honours)
                self.sync_silently()

    def test_one_that_compresses_whatever_it_is_asked_for(self):
        self.always(gzip.compress(PAGE % b"null") + b"\n", "gzip", honours=False)
        self.sync(expect=PROTOCOL, message=r"the answer cannot be decoded, and it stays compressed \(Content-Encoding: gzip\)")

    def test_no_gzip(self):
        self.always(b"no gzip at all", "gzip")
        self.sync_silently()


class Memory(Case):
    def test_when_it_runs_out_the_run_says_so_and_the_next_goes_on(self):
        if is_sanitized():
            self.skipTest("a sanitizer needs memory of its own")
        olds = self.mock.create_old(6)
        self.mock.config(max_limit=3)
        self.sync()
        at = self.mock.update(olds[0], title="Changed")
        self.mock.fault("huge", bytes=60 << 20)
        run = self.sync(expect=None, limits={resource.RLIMIT_AS: 48 << 20})
        self.assertFails(run, TRY_LATER,
                         "^wosync: out of memory; the next run continues where this one was$")
        self.assertSilent(self.sync("--no-dispatch"))
        self.assertEqual(self.ids(), ["workorder.updated/%d/%s" % (olds[0], at)])
