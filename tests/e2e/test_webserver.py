"""Webhooks through real web servers, with the configurations that lie in share/web/: lighttpd, nginx with fcgiwrap, Apache."""
import collections
import os
import pwd
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import urllib.parse
import urllib.request

from harness import LIMIT, TRY_LATER, Case, is_sanitized, long
from receiver import Authority
from webserver import Apache, Lighttpd, Nginx

SECRET = "0123456789abcdef0123456789abcdef"
MIB = 1 << 20
OK, KNOWN = '{"status":"ok"}\n', '{"status":"already_processed"}\n'


class Reply:
    """What came back on a connection: the status of the first answer (None: there was none), its headers and body."""

    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1]) if len(lines[0].split()) > 1 else None
        self.headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}

# an envelope, signed as the vendor signs
VENDORS = {"event": "NEW_WORK_ORDER"}


class ByWebServer(Case):
    """A web server, and how deliveries are made to it. It has no tests of its own."""

    server_class = None

    def setUp(self):
        super().setUp()
        self.mock.config(deliver={"secret": SECRET, "timeout_ms": LIMIT * 1000})
        self.configure(self.http_handler())
        self.sync_silently()
        self.server = self.server_class(self, MAINTAINX_WEBHOOK_SECRET=SECRET)

    def http_handler(self):
        return "[handler erp]\non = *\ntype = http\nurl = %s\n" % self.mock.sink_url("erp")

    # --- sending ---

    def order(self, number, **more):
        """A webhook in the brief spelling, whose signature holds no time."""
        return dict({"work_order": number, "event": "workorder.created", "url": self.server.url}, **more)

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.server.port), LIMIT)
        self.addCleanup(connection.close)
        return connection

    def send(self, *parts, half_close=False):
        """Sends these bytes; returns the Reply. `half_close`: and says that no more will come (nginx takes that for a client
        that went away)."""
        connection = self.connect()
        try:
            for part in parts:
                connection.sendall(part)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            raw = b""
            while True:
                piece = connection.recv(65536)
                if not piece:
                    break
                raw += piece
        except (ConnectionResetError, BrokenPipeError):
            pass  # the server had seen enough
        return Reply(raw)

    def head(self, signed, *lines, method="POST"):
        path = urllib.parse.urlsplit(self.server.url).path
        own = ["%s: %s" % header for header in signed["headers"].items()]
        return ("\r\n".join(["%s %s HTTP/1.1" % (method, path), "Host: localhost", "Connection: close", *own, *lines])
                + "\r\n\r\n").encode()

    def signed(self):
        """A new work order's webhook, not sent: what the mock would send, and its body as bytes."""
        number = self.mock.create({"title": "Leak"})[0]["id"]
        signed = self.mock.signed(self.order(number))[0]
        return number, signed, signed["body"].encode()

    # --- looking ---

    def told(self):
        """How often each event came to the receiver."""
        return collections.Counter(request["headers"]["webhook-id"] for request in self.mock.sink("erp"))

    def assertNothingStored(self):
        self.assertEqual(self.ids(), [])
        self.assertEqual(self.sql("SELECT count(*) FROM webhook_inbox")[0][0], 0)

    def await_told(self, *events):
        """The receivers that web servers started go on after their answers; what they left, the next run delivers."""
        def are_told():
            self.sync(expect=None)
            return set(events) <= set(self.told())

        self.wait_for(are_told, "the events to be told")


class Everything:
    """What every web server must do."""

    @long
    def test_many_side_by_side_while_sync_runs(self):
        count = 150 if is_sanitized() else 1000
        numbers = [made["id"] for made in self.mock.create(*({"title": "Leak %d" % i} for i in range(count)))]
        done, runs = threading.Event(), []

        def sync_again_and_again():
            while not done.is_set():
                runs.append(self.sync(expect=None))

        beside = threading.Thread(target=sync_again_and_again)
        beside.start()
        answers = collections.Counter()
        try:
            self.deliver_all(numbers, answers)
        finally:
            done.set()
            beside.join()
        self.assertEqual(answers, {(200, OK, None): count})
        for run in runs:
            self.assertIn(run.status, (0, TRY_LATER), str(run))
        expected = ["workorder.created/%d" % number for number in numbers]
        self.assertEqual(sorted(self.ids()), sorted(expected))
        self.await_told(*expected)
        self.assertEqual(self.told(), {event: 1 for event in expected})
        self.sync_silently()  # a poll finds nothing new
        self.assertEqual(sorted(self.ids()), sorted(expected))
        self.assertEqual(self.told(), {event: 1 for event in expected})
        self.assertSnapshotsAreTrue()

    def deliver_all(self, numbers, answers):
        """Counts the answers. A machine that is busier than a sender would wait for answers 503: it has stored nothing, and
        the sender comes again."""
        for _ in range(20):
            came = self.mock.deliver(*(self.order(number) for number in numbers), connections=16)
            answers.update((a["status"], a["body"], a["error"]) for a in came if a["status"] != 503)
            numbers = [number for number, a in zip(numbers, came) if a["status"] == 503]
            if not numbers:
                return
        self.fail("it stays busy")

    def test_the_same_again_is_known(self):
        number = self.mock.create({"title": "Leak"})[0]["id"]
        answers = self.mock.deliver(self.order(number, event_id="evt_1", repeat=3))
        self.assertEqual([(a["status"], a["body"]) for a in answers], [(200, OK), (200, KNOWN), (200, KNOWN)])
        self.assertEqual(self.ids(), ["workorder.created/%d" % number])

    def test_the_vendors_signature_passes_through(self):
        number = self.mock.create({"title": "Leak \u00fc"})[0]["id"]
        answers = self.mock.deliver(self.order(number, **VENDORS), self.order(number, secret="another", **VENDORS))
        self.assertEqual([a["status"] for a in answers], [200, 401])
        self.assertEqual(self.ids(), ["workorder.created/%d" % number])

    def test_only_post(self):
        _, signed, body = self.signed()
        reply = self.send(self.head(signed, method="GET"))
        self.assertEqual((reply.status, reply.headers.get("allow")), (405, "POST"))
        for method in ("PUT", "DELETE"):
            reply = self.send(self.head(signed, "Content-Length: %d" % len(body), method=method), body)
            self.assertEqual((method, reply.status, reply.headers.get("allow")), (method, 405, "POST"))
        self.assertNothingStored()

    def test_chunked(self):
        number, signed, body = self.signed()
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + 50]), body[i:i + 50]) for i in range(0, len(body), 50))
        reply = self.send(self.head(signed, "Transfer-Encoding: chunked"), chunks, b"0\r\n\r\n")
        self.assertEqual((reply.status, OK.encode() in reply.body), (200, True))
        self.assertEqual(self.ids(), ["workorder.created/%d" % number])

    def test_chunks_without_an_end(self):
        _, signed, body = self.signed()
        reply = self.send(self.head(signed, "Transfer-Encoding: chunked"), b"%x\r\n%s\r\n" % (len(body), body),
                          half_close=True)
        self.assertNotEqual(reply.status, 200)
        self.assertNothingStored()

    def test_no_length(self):
        _, signed, body = self.signed()
        reply = self.send(self.head(signed), body)
        self.assertIn(reply.status, (400, 401, 411))
        self.assertNothingStored()

    def test_a_length_that_is_none(self):
        _, signed, body = self.signed()
        for length in ("-1", "0x10", "12 13", "1e3", "99999999999999999999999", ""):
            reply = self.send(self.head(signed, "Content-Length: " + length), body)
            self.assertIn(reply.status, (400, 401, 411, 413), length)
        self.assertNothingStored()

    def test_a_length_that_is_too_long(self):
        number, signed, body = self.signed()
        reply = self.send(self.head(signed, "Content-Length: %d" % (len(body) + 1)), body, half_close=True)
        self.assertNotEqual(reply.status, 200)
        self.assertNothingStored()
        self.assertEqual(self.mock.deliver(self.order(number))[0]["status"], 200)

    def test_a_length_that_is_too_short(self):
        _, signed, body = self.signed()
        reply = self.send(self.head(signed, "Content-Length: %d" % (len(body) - 1)), body)
        self.assertEqual(reply.status, 401)
        self.assertNothingStored()

    def test_cut_off_in_the_middle(self):
        number, signed, body = self.signed()
        for sent in (0, 1, len(body) // 2, len(body) - 1):
            connection = self.connect()
            connection.sendall(self.head(signed, "Content-Length: %d" % len(body)) + body[:sent])
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        self.assertEqual(self.mock.deliver(self.order(number, event_id="evt_whole"))[0]["status"], 200)
        self.assertEqual(self.ids(), ["workorder.created/%d" % number])
        self.assertEqual(self.sql("SELECT count(*) FROM webhook_inbox")[0][0], 1)

    def test_the_largest_body_and_one_larger(self):
        number, signed, body = self.signed()
        largest = signed["body"] + " " * (MIB - len(body))
        answer = self.mock.deliver(self.order(number, raw=largest + " "))[0]
        self.assertEqual(answer["status"], 413)
        self.assertNothingStored()
        self.assertEqual(self.mock.deliver(self.order(number, raw=largest))[0]["status"], 200)
        self.assertEqual(self.ids(), ["workorder.created/%d" % number])

    def check_disk_full(self, full, free):
        """`full` and `free` fill the disk and make room again."""
        number = self.mock.create({"title": "Leak", "description": "x" * 200000})[0]["id"]
        full()
        answer = self.mock.deliver(self.order(number, event_id="evt_1"))[0]
        free()
        self.assertIn(answer["status"], (500, 503), answer)
        self.assertNothingStored()
        answer = self.mock.deliver(self.order(number, event_id="evt_1"))[0]  # as the sender does
        self.assertEqual((answer["status"], answer["body"]), (200, OK))
        self.assertEqual(self.ids(), ["workorder.created/%d" % number])
        self.await_told("workorder.created/%d" % number)
        self.assertEqual(self.sql("PRAGMA integrity_check"), [("ok",)])

    def test_a_file_that_may_not_grow(self):
        # in units of 512 bytes: the shared memory of the store still fits, the body does not
        self.check_disk_full(lambda: self.server.write_wrapper("ulimit -f 256"), self.server.write_wrapper)

    def test_a_disk_that_is_full(self):
        disk = self.path("disk")
        os.mkdir(disk)
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", disk],
                                               stderr=subprocess.DEVNULL, check=False).returncode != 0:
            self.skipTest("a tmpfs cannot be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        self.store = os.path.join(disk, "wosync.db")
        self.configure(self.http_handler())
        self.sync_silently()
        filler = os.path.join(disk, "filler")

        def fill():
            with open(filler, "wb", buffering=0) as f:
                try:
                    while True:
                        f.write(b"\0" * 4096)
                except OSError:
                    pass

        self.check_disk_full(fill, lambda: os.unlink(filler))

    def slow_handler(self):
        """A handler that begins, and ends when it may. Returns the paths of both signs and of the end."""
        began, may_end, ended = (self.path(name) for name in ("began", "may-end", "ended"))
        program = self.write("slow", "#!/bin/sh\necho $$ >>'%s'\nwhile [ ! -e '%s' ]; do sleep 0.02; done\necho $$ >>'%s'\n" % (
            began, may_end, ended), 0o755)
        self.configure("[handler slow]\non = workorder.created\ntype = exec\ncommand = %s\ntimeout = %ds\n" % (program, LIMIT))
        self.sync_silently()  # a new handler begins with what comes after the run that sees it first
        return began, may_end, ended

    def test_the_answer_does_not_wait_for_handlers(self):
        began, may_end, ended = self.slow_handler()
        number = self.mock.create({"title": "Leak"})[0]["id"]
        answer = self.mock.deliver(self.order(number))[0]  # a sender that waits for the handler would wait for ever
        self.assertEqual((answer["status"], answer["body"]), (200, OK))
        self.assertFalse(os.path.exists(ended))
        # the handler is called by no other run, although web servers end CGI programs that have answered
        self.wait_for(lambda: os.path.exists(began), "the handler to be called")
        # and meanwhile the next delivery is taken
        other = self.mock.create({"title": "Leak"})[0]["id"]
        self.assertEqual(self.mock.deliver(self.order(other))[0]["status"], 200)
        with open(may_end, "w"):
            pass
        self.wait_for(lambda: self.sync(expect=None).status == 0 and self.handler("slow")["delivered"] == 2, "both")
        with open(began) as first, open(ended) as last:
            self.assertEqual((len(first.readlines()), len(last.readlines())), (2, 2))

    def test_what_a_server_that_ended_left_is_delivered_by_the_next_run(self):
        began, may_end, ended = self.slow_handler()
        number = self.mock.create({"title": "Leak"})[0]["id"]
        self.assertEqual(self.mock.deliver(self.order(number))[0]["status"], 200)
        self.wait_for(lambda: os.path.exists(began), "the handler to be called")
        self.server.stop()
        with open(may_end, "w"):
            pass
        self.wait_for(lambda: self.sync(expect=None).status == 0, "the next run")
        self.assertEqual((self.handler("slow")["pending"], self.handler("slow")["delivered"]), (0, 1))
        self.assertTrue(os.path.exists(ended))

    def test_it_runs_as_the_user_that_owns_the_store(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        user = "www-data"
        os.chmod(self.directory, 0o711)
        os.mkdir(self.path("data"), 0o700)
        shutil.chown(self.path("data"), user, user)
        self.store = self.path("data", "wosync.db")
        self.configure(self.http_handler())
        shutil.chown(self.conf, user, user)
        self.sync(become=user)
        self.server.stop()
        self.server = self.server_class(self, user=user, MAINTAINX_WEBHOOK_SECRET=SECRET)
        number = self.mock.create({"title": "Leak", "description": "x" * 300000})[0]["id"]
        answer = self.mock.deliver(self.order(number))[0]
        self.assertEqual((answer["status"], answer["body"]), (200, OK))
        self.assertEqual(self.ids(), ["workorder.created/%d" % number])
        self.assertEqual({os.stat(self.path("data", name)).st_uid for name in os.listdir(self.path("data"))},
                         {pwd.getpwnam(user).pw_uid})


class ByLighttpd(Everything, ByWebServer):
    server_class = Lighttpd
    slow = True

    def test_with_a_certificate_as_it_is_configured(self):
        authority = Authority(self)
        certificate, key = authority.sign("server")
        with open(certificate) as c, open(key) as k:
            pem = self.write("webhook.pem", c.read() + k.read())
        self.server.stop()
        self.server = Lighttpd(self, certificate=pem, MAINTAINX_WEBHOOK_SECRET=SECRET)
        number, signed, body = self.signed()
        context = ssl.create_default_context(cafile=authority.certificate)
        request = urllib.request.Request(self.server.url, body, signed["headers"])
        with urllib.request.urlopen(request, context=context, timeout=LIMIT) as answer:
            self.assertEqual((answer.status, answer.read().decode()), (200, OK))
        self.assertEqual(self.ids(), ["workorder.created/%d" % number])


class ByNginx(Everything, ByWebServer):
    server_class = Nginx
    slow = True


class ByApache(ByWebServer):
    server_class = Apache

    def test_deliveries(self):
        number = self.mock.create({"title": "Leak \u00fc"})[0]["id"]
        answers = self.mock.deliver(*(self.order(number, **VENDORS, **more) for more in (
            {"repeat": 2}, {"secret": "another"}, {"raw": "x" * (MIB + 1)})))
        self.assertEqual([(a["status"], a["body"]) for a in answers[:2]], [(200, OK), (200, KNOWN)])
        self.assertEqual([a["status"] for a in answers[2:]], [401, 413])
        self.await_told("workorder.created/%d" % number)
        self.assertEqual(self.ids(), ["workorder.created/%d" % number])

