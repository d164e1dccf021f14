"""Parts of the benchmark that need more than pages in files: webhooks, and a server with a rate limit or far away."""
import contextlib
import hashlib
import hmac
import http.client
import json
import shutil
import subprocess
import time
import urllib.parse
import urllib.request

import server

SECRET = "bench-secret"


def receive(bench, count):
    """Deliveries of a webhook, each of another work order, against a CGI program that checks and commits one row."""
    config, store = bench.config("receive", bench.server.url + "/some/v1", more="[handler none]\ntype = log\non = workorder.deleted\n")
    received = bench.dir / "received.db"
    bench.remove(store)
    bench.remove(received)
    bench.measure("setup", "wosync", bench.wosync(config, "sync"))
    with bench.opened(store) as db:
        orders = [json.loads(text) for (text,) in db.execute("SELECT json FROM documents LIMIT ?", (count,))]
    for order in orders:
        order["updatedAt"], order["title"] = bench.now(), "Told by a webhook"
        body = json.dumps({"event": "workorder.updated", "data": order, "timestamp": order["updatedAt"]},
                          separators=(",", ":")).encode()
        saved = bench.dir / "delivery"
        saved.write_bytes(body)
        env = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/json",
               "HTTP_X_MAINTAINX_SIGNATURE": hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest(),
               "MAINTAINX_WEBHOOK_SECRET": SECRET, "WOSYNC_CONFIG": str(config)}
        bench.measure("receive", "wosync", [bench.program, "receive"], stdin=saved, env=env)
        bench.measure("receive", "cgi", [bench.build / "floor_receive", received], stdin=saved, env=env)
    with bench.opened(store) as db:
        bench.expect(count, db.execute("SELECT count(*) FROM events WHERE type = 'workorder.updated'").fetchone()[0],
                     "events told by webhooks")
    with bench.opened(received) as db:
        bench.expect(count, db.execute("SELECT count(*) FROM documents").fetchone()[0], "rows of the CGI program")


PROGRAMS = {"that prints": "cat >/dev/null; echo done", "that closes its output": "exec >&- 2>&-; cat >/dev/null"}


def spawn(bench):
    """A program for each of a thousand events, against a loop that does nothing but start it and wait for its end."""
    saved, bodies = bench.dir / "programs.saved", bench.dir / "programs.bodies"
    for what, script in PROGRAMS.items():
        config, store = bench.config("programs", bench.server.url + "/some/v1", more=(
            "[handler run]\ntype = exec\non = workorder.created\nwhen = id %% 10 = 0\ncommand = /bin/sh -c \"%s\"\n") % script)
        if not saved.exists():
            bench.remove(store)
            bench.measure("setup", "wosync", bench.wosync(config, "backfill", "--since", "366d", "--no-dispatch"))
            with bench.opened(store) as db, open(bodies, "w", encoding="utf-8") as f:
                f.writelines(body + "\n" for (body,) in db.execute(
                    "SELECT body FROM events WHERE type = 'workorder.created' AND subject % 10 = 0 ORDER BY seq"))
            shutil.copy(store, saved)
        bench.remove(store)
        shutil.copy(saved, store)
        bench.measure("program " + what, "wosync", bench.wosync(config, "dispatch"))
        loop = bench.measure("program " + what, "loop", [bench.build / "floor_spawn", bodies, "/bin/sh", "-c", script])
        with bench.opened(store) as db:
            done = db.execute("SELECT count(*) FROM delivery_log WHERE state = 'done'").fetchone()[0]
        bench.expect("%d\n" % done, loop["out"], "programs run")
        bench.expect(True, done >= bench.least_programs, "enough programs were run")


@contextlib.contextmanager
def mock(bench, work_orders, **settings):
    process = subprocess.Popen([bench.program.parent / "mock-maintainx", "--parent-death", "--token", "bench", "--work-orders",
                                str(work_orders)], stdout=subprocess.PIPE, text=True)
    try:
        url = process.stdout.readline().strip()
        ask(url, "/mock/config", dict(settings, filter_updatedAtGte="honoured"))
        yield url
    finally:
        process.terminate()
        process.wait(30)


def ask(url, path, body=None):
    request = urllib.request.Request(url.removesuffix("/v1") + path, None if body is None else json.dumps(body).encode())
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def limited(bench):
    """A backfill under a rate limit: how many of the allowed requests it used, in the windows that it filled."""
    allowed, length = 100, 2000
    with mock(bench, 2200, rate_limit={"requests": allowed, "window_ms": length}) as url:
        config, store = bench.config("limited", url, more="[handler none]\ntype = log\non = workorder.deleted\n", api="page_size = 5")
        bench.remove(store)
        bench.measure("setup", "wosync", bench.wosync(config, "backfill", "--since", "800d", "--no-dispatch"))
        state = ask(url, "/mock/state")
    bench.expect(0, state["rate_limited"], "requests beyond the rate limit")
    windows = []
    for at in (entry["at_ms"] for entry in state["log"] if entry["path"] == "/v1/workorders"):
        if not windows or at - windows[-1] >= length:
            windows.append(at)
    lasted = [b - a for a, b in zip(windows, windows[1:])]
    bench.note("limited", "wosync", "used", length * len(lasted) / sum(lasted))


def far_away(bench):
    """A server whose round trip takes 200 ms: the next page is under way while one is stored."""
    delay, pages = 200, 25
    with mock(bench, 200 * pages, page_delay_ms=delay, gzip=False) as url:
        config, store = bench.config("far", url)
        bench.remove(store)
        bench.measure("far", "wosync", bench.wosync(config, "sync"))
        bench.expect(pages, ask(url, "/mock/state")["list_requests"], "requests")
        waited = round_trips(url)
        bench.expect(pages, len(waited), "round trips")
    bench.note("far", "round trips", "wall", delay / 1000 * pages)
    bench.note("far", "asking", "wall", sum(waited))


def round_trips(url):
    """Asks for every page and does nothing with it. Returns how long each took, from the request to the end of the answer."""
    to = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(to.hostname, to.port)
    waited, cursor = [], ""
    while cursor is not None:
        began = time.monotonic()
        more = "&cursor=" + urllib.parse.quote(cursor) if cursor else ""
        connection.request("GET", "%s/workorders?%s%s" % (to.path, server.QUERY, more), headers={"Authorization": "Bearer bench"})
        page = connection.getresponse().read()
        waited.append(time.monotonic() - began)
        cursor = json.loads(page)["nextCursor"]
    connection.close()
    return waited
