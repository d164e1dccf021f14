"""The handler type http: what it sends, how it judges the answers, and that its secrets stay secret."""
import base64
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import time
import unittest

from harness import Case, CONFIG, UNAVAILABLE, WOSYNC
from receiver import Answer, Authority, Receiver


def make_secret(byte, length=32):
    return "whsec_" + base64.b64encode(bytes([byte]) * length).decode()


def sign(secret, request):
    """The Standard Webhooks signature, computed from its specification alone."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = b"%s.%s.%s" % (request.headers["webhook-id"].encode(), request.headers["webhook-timestamp"].encode(),
                             request.body)
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


class HttpCase(Case):
    def setUp(self):
        super().setUp()
        self.receiver = Receiver(self)

    def handle(self, *lines, url=None, section="erp"):
        """Configures one http handler, and lets a first sync see it."""
        self.configure("[handler %s]\ntype = http\nurl = %s\n%s\n" % (
            section, url or self.receiver.url + "/hook", "\n".join(lines)))
        self.sync("--no-dispatch")

    def happen(self, count=1, **fields):
        return [made["id"] for made in self.mock.create(*(dict({"title": "Leak %d" % i}, **fields)
                                                          for i in range(count)))]

    def answer_with(self, *arguments, **details):
        self.receiver.decide = lambda request: Answer(*arguments, **details)

    def deliveries(self):
        return self.sql("SELECT state, attempts, error FROM delivery_log ORDER BY seq")

    def again(self, **how):
        """The next try of everything, as if its time had come."""
        self.sql("UPDATE deliveries SET due_ms = 0 WHERE state = 'pending'")
        return self.wosync("dispatch", **how)


CERTIFICATES = "/etc/ssl/certs"
NAMESPACE = ["unshare", "--map-root-user", "--mount"]
CAN_NAMESPACE = subprocess.run([*NAMESPACE, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0


class Sending(HttpCase):
    def test_the_event_as_it_is(self):
        self.handle()
        self.happen()
        before = time.time()
        self.sync()
        request, = self.receiver.requests
        event, = self.events()
        self.assertEqual((request.method, request.path), ("POST", "/hook"))
        self.assertEqual(json.loads(request.body), event)
        self.assertEqual(request.body.decode(), self.sql("SELECT body FROM events")[0][0])
        self.assertEqual(request.headers["content-type"], "application/json")
        self.assertEqual(request.headers["idempotency-key"], event["id"])
        self.assertEqual(request.headers["webhook-id"], event["id"])
        self.assertTrue(int(before) <= int(request.headers["webhook-timestamp"]) <= time.time())
        self.assertNotIn("webhook-signature", request.headers)
        self.assertTrue(request.headers["user-agent"].startswith("wosync/"))
        self.assertNotIn("authorization", request.headers)

    def test_two_secrets_sign(self):
        old, new = make_secret(7), make_secret(8, 24)
        self.handle("secret_file = " + self.write("new", new + "\n"), "secret_file = " + self.write("old", old))
        self.happen(3)
        self.sync()
        self.assertEqual(len(self.receiver.requests), 3)
        for request in self.receiver.requests:
            self.assertEqual(request.headers["webhook-signature"].split(" "), [sign(new, request), sign(old, request)])

    def test_every_try_sends_the_same(self):
        secret = make_secret(9)
        self.handle("secret_file = " + self.write("secret", secret), "format = cloudevents")
        number, = self.happen()
        self.answer_with(503)
        self.sync()
        self.mock.update(number, title="Another title by now")
        self.sync("--no-dispatch")
        for _ in range(3):
            time.sleep(1.01)
            self.again()
        tries = [r for r in self.receiver.requests if "created" in r.headers["webhook-id"]]
        self.assertEqual(len(tries), 4)
        self.assertEqual(len({(r.headers["webhook-id"], r.headers["idempotency-key"], r.body) for r in tries}), 1)
        self.assertEqual(len({r.headers["webhook-timestamp"] for r in tries}), 4)
        for request in tries:
            self.assertEqual(request.headers["webhook-signature"], sign(secret, request))

    def test_cloudevents(self):
        self.configure("[handler erp]\ntype = http\nurl = %s\nformat = cloudevents\n" % self.receiver.url)
        self.sync("--no-dispatch")
        number, = self.happen(title='Quotes " and \\ and \u00e9')
        self.sync()
        request, = self.receiver.requests
        event, = self.events()
        self.assertEqual(request.headers["content-type"], "application/cloudevents+json")
        self.assertEqual(json.loads(request.body), {
            "specversion": "1.0", "id": event["id"], "source": self.mock.url, "type": "workorder.created",
            "time": event["timestamp"], "subject": str(number), "datacontenttype": "application/json", "data": event})

    def test_cloudevents_name_the_organization(self):
        self.mock.config(organization="org 7")
        self.configure("[handler erp]\ntype = http\nurl = %s\nformat = cloudevents\n" % self.receiver.url,
                       api="organization_id = org 7")
        self.sync("--no-dispatch")
        self.happen()
        self.sync()
        self.assertEqual(json.loads(self.receiver.requests[0].body)["source"], self.mock.url + "/organizations/org%207")

    def test_an_odd_status_stays_within_its_header(self):
        secret = make_secret(5)
        number, = self.mock.create_old(1)
        self.handle("secret_file = " + self.write("secret", secret))
        self.mock.update(number, status="A X-Injected: 1\u00e9{%")
        self.sync()
        changed = self.receiver.requests[-2]
        self.assertNotIn("x-injected", changed.headers)
        self.assertRegex(changed.headers["webhook-id"], r"/OPEN-A%20X-Injected:%201%C3%A9%7B%25/")
        self.assertEqual(changed.headers["webhook-signature"], sign(secret, changed))
        self.assertEqual(json.loads(changed.body)["data"]["status"], "A X-Injected: 1\u00e9{%")

    def test_own_headers(self):
        self.env["ERP_TOKEN"] = "env-5ecret-93ab"
        self.handle("header = X-Team: maintenance; north", "header = Authorization: Bearer env:ERP_TOKEN",
                    "header = X-Api-Key: file:" + self.write("key", "file-5ecret-77cd\n"), "header = User-Agent: erp/1")
        self.happen()
        self.sync()
        headers = self.receiver.requests[0].headers
        self.assertEqual(headers["x-team"], "maintenance; north")
        self.assertEqual(headers["authorization"], "Bearer env-5ecret-93ab")
        self.assertEqual(headers["x-api-key"], "file-5ecret-77cd")
        self.assertEqual(headers["user-agent"], "erp/1")

    def test_one_connection_serves_many(self):
        self.handle()
        self.happen(60)
        self.sync()
        self.assertEqual(len(self.receiver.requests), 60)
        self.assertLessEqual(len({request.peer for request in self.receiver.requests}), 8)


class Answers(HttpCase):
    def test_what_is_tried_again(self):
        self.handle()
        self.happen()
        self.sync("--no-dispatch")
        for status in (408, 425, 429, 500, 502, 503, 504):
            self.answer_with(status, "busy just now")
            self.again()
            state, _, error = self.deliveries()[0]
            self.assertEqual((state, error), ("pending", "HTTP %d: busy just now" % status))
        self.answer_with(204, "")
        self.again()
        self.assertEqual(self.deliveries()[0], ("done", 8, None))

    def test_what_is_a_refusal(self):
        self.handle()
        for status in (400, 401, 403, 404, 405, 409, 410, 413, 422, 451):
            self.happen()
            self.answer_with(status, "no such thing")
            run = self.sync(expect=UNAVAILABLE, message="refused, it will not be tried again")
            self.assertIn("HTTP %d: no such thing" % status, run.err)
            self.assertEqual(self.deliveries()[-1], ("dead", 1, "HTTP %d: no such thing" % status))
        asked = len(self.receiver.requests)
        self.again()
        self.assertEqual(len(self.receiver.requests), asked)

    def test_every_2xx_is_yes(self):
        self.handle()
        for status in (200, 201, 202, 204):
            self.happen()
            self.answer_with(status, "" if status == 204 else "fine")
            self.sync()
        self.assertEqual({state for state, _, _ in self.deliveries()}, {"done"})

    def test_a_redirect_is_not_followed(self):
        other = Receiver(self)
        self.handle()
        for status in (301, 302, 303, 307, 308):
            self.happen()
            self.answer_with(status, headers={"Location": other.url + "/elsewhere"})
            self.sync(expect=UNAVAILABLE, message="a redirect is not followed")
        self.assertEqual(other.requests, [])
        self.assertEqual(len(self.receiver.requests), 5)

    def test_an_endless_answer(self):
        self.handle()
        self.happen()
        self.answer_with(500, "the head of it ", endless=True)
        run = self.sync()
        state, _, error = self.deliveries()[0]
        self.assertEqual(state, "pending")
        self.assertTrue(error.startswith("HTTP 500: the head of it xxx") and len(error) < 256, error)
        self.answer_with(200, endless=True)
        run = self.again(measured=True)
        self.assertEqual(self.deliveries()[0][0], "done")
        self.assertLess(run.seconds, 20)
        self.assertLess(run.memory, 400000)

    def test_no_answer(self):
        self.handle("timeout = 1s")
        self.happen()
        for details in ({"hang": True}, {"close": True}, {"reset": True}):
            self.answer_with(**details)
            run = self.again() if self.receiver.requests else self.sync()
            state, _, error = self.deliveries()[0]
            self.assertEqual(state, "pending", details)
            self.assertRegex(error, "^no answer: ")
            self.assertLess(run.seconds, 10)
        self.receiver.stop()
        self.again()
        self.assertRegex(self.deliveries()[0][2], "^no answer: .*(refused|connect)")

    def test_an_odd_answer_makes_a_clean_error(self):
        self.handle()
        self.happen()
        for body, error in ((b"", "HTTP 500"), (b"a\r\nb\tc\x1b[31m", "HTTP 500: a  b c [31m"),
                            (b"caf\xe9 \xff", "HTTP 500: caf? ?"), ("\u00e9" * 300, "HTTP 500: " + "\u00e9" * 122)):
            self.answer_with(500, body)
            if self.receiver.requests:
                self.again()
            else:
                self.sync()
            self.assertEqual(self.deliveries()[0][2], error)
            self.assertEqual(self.handler("erp")["lastError"], error)


class Tls(HttpCase):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self)

    def receive(self, **how):
        self.receiver = Receiver(self, tls=self.authority.server_context(**how))

    def test_an_unknown_authority_is_not_trusted(self):
        self.receive()
        self.handle()
        self.happen()
        self.sync()
        self.assertEqual(self.receiver.requests, [])
        state, _, error = self.deliveries()[0]
        self.assertEqual(state, "pending")
        self.assertRegex(error, "certificate")

    def test_a_wrong_name_is_not_trusted(self):
        self.receive(alternative="DNS:example.org")
        self.handle("ca_file = " + self.authority.certificate)
        self.happen()
        self.sync()
        self.assertEqual(self.receiver.requests, [])
        self.assertRegex(self.deliveries()[0][2], "certificate|subject name")

    def test_an_authority_of_ones_own(self):
        self.receive()
        self.handle("ca_file = " + self.authority.certificate)
        self.happen(20)
        self.sync()
        self.assertEqual(len(self.receiver.requests), 20)
        self.assertLessEqual(len({request.peer for request in self.receiver.requests}), 8)

    def sync_with(self, certificates, over=CERTIFICATES, **how):
        """A sync on a system that has this directory in place of one of its own."""
        self.program = lambda become=None: self.write(
            "wosync-elsewhere", "#!/bin/sh\nexec %s sh -c 'mount --bind %s %s && exec %s \"$@\"' sh \"$@\"\n"
            % (" ".join(NAMESPACE), certificates, over, WOSYNC), 0o755)
        run = self.sync(**how)
        del self.program
        return run

    @unittest.skipUnless(CAN_NAMESPACE, "no user namespaces")
    def test_the_systems_authorities(self):
        """Its directory of hashed certificates, the bundle that someone has appended theirs to, the bundle alone."""
        for place in ("directory", "bundle", "bundle-alone"):
            with self.subTest(place):
                copy = self.path("certs-" + place)
                if place == "bundle-alone":
                    os.mkdir(copy)
                    self.write(os.path.join(copy, "0a1b2c3d.r0"), "a list of what was revoked")
                else:
                    shutil.copytree(CERTIFICATES, copy, symlinks=True)
                if place == "directory":
                    name = subprocess.run(["openssl", "x509", "-hash", "-noout", "-in", self.authority.certificate],
                                          stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
                    shutil.copy(self.authority.certificate, os.path.join(copy, name + ".0"))
                else:
                    with open(self.authority.certificate, "rb") as ours, open(copy + "/ca-certificates.crt", "ab") as f:
                        f.write(ours.read())
                self.receive()
                self.handle(section=place)
                self.happen()
                self.sync_with(copy)
                self.assertEqual(len(self.receiver.requests), 1)

    @unittest.skipUnless(CAN_NAMESPACE, "no user namespaces")
    def test_a_system_without_certificates(self):
        self.receive()
        self.handle()
        self.happen()
        os.mkdir(self.path("nothing"))
        self.sync_with(self.path("nothing"), over=os.path.dirname(CERTIFICATES))
        self.assertEqual(self.receiver.requests, [])
        state, _, error = self.deliveries()[0]
        self.assertEqual(state, "pending")
        self.assertRegex(error, "^no answer: .*certificate")

    def test_a_client_certificate(self):
        self.receive(clients=self.authority)
        certificate, key = self.authority.sign("client")
        self.handle("ca_file = " + self.authority.certificate)
        self.happen()
        self.sync()
        self.assertEqual((self.receiver.requests, self.deliveries()[0][0]), ([], "pending"))
        self.configure("[handler erp]\ntype = http\nurl = %s\nca_file = %s\nclient_certificate = %s\nclient_key = %s\n" % (
            self.receiver.url, self.authority.certificate, certificate, key))
        self.again()
        self.assertEqual((len(self.receiver.requests), self.deliveries()[0][0]), (1, "done"))

    def test_both_in_one_file(self):
        self.receive(clients=self.authority)
        certificate, key = self.authority.sign("client")
        with open(certificate) as first, open(key) as second:
            both = self.write("both.pem", first.read() + second.read())
        self.handle("ca_file = " + self.authority.certificate, "client_certificate = " + both)
        self.happen()
        self.sync()
        self.assertEqual(len(self.receiver.requests), 1)


class Secrets(HttpCase):
    def test_they_appear_nowhere(self):
        secrets = {"url": "hook-4f9a61d0c7", "env": "env-5ecret-93ab", "file": "file-5ecret-77cd",
                   "literal": "plain-5ecret-02ef"}
        signing = make_secret(11)
        self.env["ERP_URL"] = self.receiver.url + "/services/T0/" + secrets["url"]
        self.env["ERP_TOKEN"] = secrets["env"]
        self.handle("header = Authorization: Bearer env:ERP_TOKEN", "header = X-Key: file:" + self.write(
            "key", secrets["file"]), "header = Cookie: " + secrets["literal"],
            "secret_file = " + self.write("signing", signing), url="env:ERP_URL")
        secrets.update(signing=signing, bytes=signing.removeprefix("whsec_"))
        command_lines = []

        def echo(request):
            """Receivers like to repeat what they got."""
            for running in self.running:
                if running.process.returncode is None:
                    with open("/proc/%d/cmdline" % running.pid) as f:
                        command_lines.append(f.read())
            return Answer(status[0], "no route " + request.path + " " + " ".join(map(str, request.headers.values())) +
                          " " + signing + " " + "y" * (100 - len(request.path)) + request.headers["cookie"])

        self.receiver.decide = echo
        runs = []
        for status in ([500], [404]):
            self.happen()
            for options in ([], ["-v"], ["-v", "--log-format", "json"]):
                runs.append(self.wosync(*options, "sync", expect=None))
                self.sql("UPDATE deliveries SET due_ms = 0 WHERE state = 'pending'")
        runs += [self.wosync(*a) for a in (["status"], ["status", "--json"], ["events", "list", "--json"])]
        with open(self.store, "rb") as f:
            store = f.read()
        self.assertTrue(command_lines)
        self.assertIn("HTTP 500: no route ***", self.sql("SELECT group_concat(error) FROM deliveries")[0][0] +
                      "".join(run.err for run in runs))
        for name, secret in secrets.items():
            for run in runs:
                self.assertNotIn(secret, run.out + run.err, name)
                self.assertNotIn(secret[:-3], run.out + run.err, "a part of " + name)
            self.assertNotIn(secret, str(self.dump()), name)
            self.assertNotIn(secret.encode(), store, name)
            self.assertNotIn(secret, "".join(command_lines), name)


class Configuration(HttpCase):
    def refuse(self, *lines, message, url=None):
        """The last of the lines is the wrong one; the message must name its line."""
        text = ["[handler erp]", "type = http", "url = " + (url or self.receiver.url), *lines]
        self.configure("\n".join(text))
        with open(self.conf) as f:
            written = f.read().splitlines()
        line = written.index((lines or ("url = " + str(url),))[-1]) + 1
        run = self.sync(expect=CONFIG)
        self.assertRegex(run.err, r"wosync\.conf:%d: \[handler erp\] %s" % (line, message), str(run))
        return run

    def test_urls(self):
        for url, message in (("ftp://example.org/", "url: only https is spoken"), ("nonsense", "url: "),
                             ("https://me:pass9@example.org/", "url: a user name or password"),
                             ("env:NOT_THERE", "url: NOT_THERE is not set"),
                             ("file:/nowhere/url", "url: /nowhere/url: it cannot be read")):
            with self.subTest(url=url):
                self.refuse(url=url, message=message)

    def test_a_url_in_a_file(self):
        self.handle(url="file:" + self.write("url", self.receiver.url + "/from-a-file\n"))
        self.happen()
        self.sync()
        self.assertEqual(self.receiver.requests[0].path, "/from-a-file")

    def test_headers(self):
        for header, message in (
                ("no colon", "header: write NAME: VALUE"), (": no name", "header: .*write NAME: VALUE"),
                ("Two words: x", "header: Two words: write NAME: VALUE"), ("X-Empty:", "header: X-Empty: the header has no"),
                ("Host: evil", "header: Host: this header is set by the program"),
                ("content-length: 5", "header: content-length: this header is set"),
                ("WEBHOOK-ID: 5", "header: WEBHOOK-ID: this header is set"),
                ("Transfer-Encoding: chunked", "header: Transfer-Encoding: this header is set"),
                ("X-Token: env:NOT_THERE", "header: NOT_THERE is not set"),
                ("X-Token: file:/nowhere", "header: /nowhere: it cannot be read")):
            with self.subTest(header=header):
                self.refuse("header = X-Fine: 1", "header = " + header, message=message)

    def test_a_header_stays_on_its_line(self):
        path = self.write("evil", "one-5ecret\r\nX-Injected: two-5ecret")
        run = self.refuse("header = X-Token: file:" + path, message="header: X-Token: a header's value is one line")
        self.assertNotIn("5ecret", run.err)

    def test_secrets(self):
        fine = self.write("fine", make_secret(1))
        for text, message in (("hunter22hunter22", "does not begin with whsec_"), ("whsec_", "nothing follows"),
                              ("whsec_ab!d", "not base64"), ("whsec_abcde", "not whole"), ("whsec_ab==cd==", "not base64"),
                              ("whsec_a===", "not base64")):
            with self.subTest(text=text):
                path = self.write("secret", text)
                run = self.refuse("secret_file = " + path, message="secret_file: .*" + message)
                self.assertNotIn(text, run.err.replace("begin with whsec_", "").replace("echo whsec_", "").replace(
                    "follows whsec_", ""))
        self.refuse("secret_file = /nowhere", message="secret_file: /nowhere: it cannot be read")
        third = self.write("third", make_secret(2))
        self.refuse("secret_file = " + fine, "secret_file = " + fine, "secret_file = " + third,
                    message="secret_file: two at the most")

    def test_a_short_secret_is_a_warning(self):
        self.configure("[handler erp]\ntype = http\nurl = %s\nsecret_file = %s\n" % (
            self.receiver.url, self.write("short", make_secret(3, 10))))
        self.sync(message="shorter than 24 bytes")

    def test_the_rest(self):
        self.refuse("format = xml", message="format = xml: write event or cloudevents")
        self.refuse("ca_file = /nowhere.pem", message="ca_file: /nowhere.pem: it cannot be read")
        self.refuse("client_certificate = /nowhere.pem", message="client_certificate: /nowhere.pem")
        self.refuse("client_key = " + self.write("k", "k"), message="client_key: there is no client_certificate")
        self.refuse("colour = red", message="colour: unknown key for type = http")

    def test_all_mistakes_at_once(self):
        self.configure("[handler erp]\ntype = http\nurl = nonsense://\nheader = Host: x\nformat = xml\n"
                       "secret_file = /nowhere\nca_file = /nowhere\n[handler two]\ntype = http\n")
        run = self.sync(expect=CONFIG)
        for word in ("url: ", "header: Host", "format = xml", "secret_file: ", "ca_file: ", r"\[handler two\] has no url"):
            self.assertRegex(run.err, word)
