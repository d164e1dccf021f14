"""A libcrypto whose own configuration has taken SHA-256 away: every command that needs it says so, and nothing is lost."""
import json

from harness import CONFIG
from receiver import Receiver
from webhooks import SECRET, Webhooks, signed

NOTHING = "openssl_conf = init\n[init]\nproviders = providers\n[providers]\nnull = null\n[null]\nactivate = 1\n"


class WithoutSha256(Webhooks):
    def setUp(self):
        super().setUp()
        self.one = self.mock.create_old()[0]
        self.sync_silently()
        self.without = {"OPENSSL_CONF": self.write("openssl.cnf", NOTHING)}

    def test_sync(self):
        at = self.mock.update(self.one, title="Changed")
        before = self.dump()
        for command in ("sync", "reconcile"):
            run = self.wosync(command, env=self.without, expect=CONFIG,
                              message="^wosync: libcrypto: it has no SHA-256; see OPENSSL_CONF and openssl.cnf$")
            self.assertEqual(run.out, "")
            self.assertEqual(self.dump(), before)
        self.sync()
        self.assertEqual(self.ids(), ["workorder.updated/%d/%s" % (self.one, at)])

    def test_a_webhook(self):
        at = self.mock.update(self.one, title="Changed")
        body = json.dumps(self.public(self.one)).encode()
        headers = signed(body)
        before = self.dump()
        answer = self.cgi(body, headers, env=self.without)
        self.assertEqual(answer.status, 500, str(answer))  # by which the sender knows to send it again
        self.assertRegex(answer.run.err, "a secret of secret_file in .webhooks. or MAINTAINX_WEBHOOK_SECRET: "
                         "libcrypto has no HMAC-SHA256; see openssl.cnf")
        header = "x-maintainx-webhook-body-signature: " + headers["x-maintainx-webhook-body-signature"]
        run = self.wosync("receive", "--body", self.write("body", body), "--header", header, env=self.without,
                          expect=CONFIG, message="libcrypto has no HMAC-SHA256")
        self.assertNotIn(SECRET, run.out + run.err)
        self.assertEqual(self.dump(), before)
        self.assertEqual(self.cgi(body, headers).status, 200)
        self.assertEqual(self.ids(), ["workorder.updated/%d/%s" % (self.one, at)])

    def test_a_handler_that_signs(self):
        receiver = Receiver(self)
        secret = self.write("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
        self.configure("[handler erp]\ntype = http\nurl = %s\nsecret_file = %s\n" % (receiver.url, secret))
        self.sync_silently()
        at = self.mock.update(self.one, title="Changed")
        before = self.dump()
        self.sync(env=self.without, expect=CONFIG, message="secret_file: .*secret: libcrypto has no HMAC-SHA256")
        self.assertEqual((self.dump(), receiver.requests), (before, []))
        self.sync()
        request, = receiver.requests
        self.assertEqual(request.headers["webhook-id"], "workorder.updated/%d/%s" % (self.one, at))
        self.assertRegex(request.headers["webhook-signature"], "^v1,")
