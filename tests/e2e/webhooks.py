"""Webhooks as MaintainX sends them, in both spellings, and a web server's part of a CGI call."""
import email.parser
import hashlib
import hmac
import json
import tempfile
import time

from harness import Case, DONE

SECRET = "hook-5d1c09be77a24f3e"
ENDED = {"DONE", "COMPLETED"}


def hmac_hex(secret, data):
    return hmac.new(secret.encode(), data, hashlib.sha256).hexdigest()


def signed(body, secret=SECRET, at=None, unit="s"):
    """The vendor's header."""
    moment = time.time() if at is None else at
    digits = str(int(moment if unit == "s" else moment * 1000))
    return {"x-maintainx-webhook-body-signature": "t=%s,v1=%s" % (
        digits, hmac_hex(secret, digits.encode() + b"." + body))}


def signed_plainly(body, secret=SECRET, event_id=None):
    """The other spelling's headers."""
    headers = {"x-maintainx-signature": hmac_hex(secret, body)}
    return dict(headers, **{"x-maintainx-event-id": event_id}) if event_id else headers


class Answer:
    def __init__(self, run, text):
        head, _, self.body = text.partition("\r\n\r\n")
        self.headers = email.parser.Parser().parsestr(head)
        self.status = int(self.headers["Status"].split()[0])
        self.json = json.loads(self.body)
        self.run = run

    def __str__(self):
        return "%d %s\n%s" % (self.status, self.body, self.run)


class Webhooks(Case):
    """A test with a secret configured and a wosync that takes webhooks."""

    def setUp(self):
        super().setUp()
        self.env["MAINTAINX_WEBHOOK_SECRET"] = SECRET

    def start_cgi(self, body=b"", headers=None, method="POST", length=None, env=None, **how):
        """What a web server does; `length` is what it says of the body."""
        stdin = tempfile.TemporaryFile()
        self.addCleanup(stdin.close)
        stdin.write(body)
        stdin.seek(0)
        variables = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": method, "SERVER_PROTOCOL": "HTTP/1.1",
                     "REMOTE_ADDR": "192.0.2.7", "CONTENT_LENGTH": str(len(body)) if length is None else length}
        for name, value in (headers or {}).items():
            variables["HTTP_" + name.upper().replace("-", "_")] = value
        return self.start("receive", env=dict(variables, **(env or {})), stdin=stdin, **how)

    def cgi(self, *arguments, **how):
        run = self.start_cgi(*arguments, **how).wait()
        self.assertEqual(run.status, DONE, str(run))
        self.assertNotIn(SECRET, run.out + run.err)
        return Answer(run, run.out)

    def send(self, payload, sign=signed, expect=200, **how):
        """Sends a signed body and returns the answer."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        answer = self.cgi(body, sign(body), **how)
        self.assertEqual(answer.status, expect, str(answer))
        return answer

    # --- bodies ---

    def work_order(self, number, **fields):
        """A work order as the mock has it now."""
        text = self.mock.ask_api("/workorders/%d" % number)
        return dict(json.loads(text)["workOrder"], **fields)

    def public(self, number, kind="WORK_ORDER_CHANGE", **members):
        """The vendor's envelope: it names the work order, and does not hold it."""
        return dict({"eventType": kind, "occurredAt": self.now(), "orgId": 1001, "workOrderId": number,
                     "customerId": None, "userId": 2041}, **members)

    def brief(self, number, event="workorder.updated", **members):
        return dict({"event": event, "data": self.work_order(number), "timestamp": self.now()}, **members)

    @staticmethod
    def now(seconds=0):
        moment = time.time() + seconds
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + ".%03dZ" % (moment % 1 * 1000)

    def waiting(self):
        """How many work orders are to be asked for by their ids."""
        return self.status()["refetches"]["waiting"]

    def make_due(self):
        """As if the time had passed after which a failed one is asked for again."""
        self.sql("UPDATE refetches SET due_ms = 0")

    def lane(self):
        return self.status()["webhooks"]
