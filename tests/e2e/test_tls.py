"""TLS to MaintainX and to receivers: what fails names the host, who issued its certificate, and what to do."""
import contextlib
import http.server
import os
import socket
import socketserver
import ssl
import threading
import urllib.parse

from harness import Case, CONFIG, DONE, UNAVAILABLE
from receiver import Authority

PAGE = b'{"workOrders": [], "nextCursor": null, "nextPageUrl": null}'


class Pages(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.heard.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    do_POST = do_GET

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    """Empty pages over TLS. Handshakes take place in the connection's own thread."""
    daemon_threads = True

    def __init__(self, context):
        self.context = context
        self.heard = []
        super().__init__(("127.0.0.1", 0), Pages)

    def finish_request(self, request, client_address):
        with request.dup() as spare:
            try:
                with self.context.wrap_socket(request, server_side=True) as encrypted:
                    super().finish_request(encrypted, client_address)
            except ssl.SSLError:  # what it said must not be lost by a reset
                while spare.recv(4096):
                    pass

    def handle_error(self, *_):
        pass


class Rude(socketserver.ThreadingTCPServer):
    """Hears the beginning of a handshake, says `words`, and hangs up."""
    daemon_threads = True

    def __init__(self, words=b""):
        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                self.request.recv(4096)
                self.request.sendall(words)
                with contextlib.suppress(OSError):  # the other side was quicker
                    self.request.shutdown(socket.SHUT_WR)
        self.heard = []
        super().__init__(("127.0.0.1", 0), Handler)


class Tls(Case):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self, "company")
        self.configure(api="give_up = 0s\ntimeout = 20s")

    def serve(self, server):
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.server = server
        self.url = "https://127.0.0.1:%d/v1" % server.server_address[1]

    def serve_tls(self, **how):
        self.serve(Server(self.authority.server_context(**how)))

    def poll(self, expect=UNAVAILABLE, message=None):
        run = self.sync(expect=expect, message=message, env={"MAINTAINX_BASE_URL": self.url})
        if expect != DONE:
            self.assertEqual(len(run.err.splitlines()), 1, run)
            self.assertEqual(self.server.heard, [], "something was sent")
        return run

    def deliver(self, message):
        """The same failure of a receiver is put in the same words."""
        receiver = urllib.parse.urlsplit(self.url)
        self.configure("[handler erp]\ntype = http\nurl = https://%s/hook\n" % receiver.netloc, sync="start = beginning")
        self.mock.create({"title": "New"})
        self.sync(expect=None)
        rows = self.sql("SELECT error FROM delivery_log WHERE state = 'pending'")
        self.assertEqual(len(rows), 1)
        self.assertRegex(rows[0][0], "^no answer: " + message)
        self.assertEqual(self.server.heard, [])


class Refused(Tls):
    UNKNOWN = (r'the certificate of 127\.0\.0\.1, issued by "CN = company", is not trusted: its issuer is not known here '
               r"\(.*issuer certificate.*\); if your company inspects TLS, set ca_file to a file with its root certificate")

    def test_an_unknown_issuer(self):
        self.serve_tls()
        self.poll(message="^wosync: api: work orders: " + self.UNKNOWN)
        self.deliver(self.UNKNOWN)

    def test_ca_file(self):
        self.serve_tls()
        self.configure(api="ca_file = " + self.authority.certificate)
        self.poll(expect=DONE)
        self.assertNotEqual(self.server.heard, [])

    def test_ca_file_of_another_authority(self):
        self.serve_tls()
        self.configure(api="ca_file = " + Authority(self, "other").certificate)
        self.poll(message=self.UNKNOWN)

    def test_ca_file_with_a_chain(self):
        """The issuer is in the chain that the server sends, and is trusted by nobody."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate, key = self.authority.sign("server")
        with open(certificate) as own, open(self.authority.certificate) as root:
            chain = self.write("chain.pem", own.read() + root.read())
        context.load_cert_chain(chain, key)
        self.serve(Server(context))
        self.poll(message=r'issued by "CN = company", is not trusted: its issuer is not known here \(.*self.signed')

    def test_self_signed(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authority.certificate, self.path("company.key"))
        self.serve(Server(context))
        message = (r'the certificate of 127\.0\.0\.1, issued by "CN = company", is not trusted: it is self-signed '
                   r"\(.*\); if it is the right one, set ca_file")
        self.poll(message=message)
        self.deliver(message)

    def test_another_host(self):
        self.serve_tls(alternative="DNS:example.org")
        self.configure(api="ca_file = " + self.authority.certificate)
        self.poll(message=r'the certificate of 127\.0\.0\.1, issued by "CN = company", is for another host \(.*\); check '
                  "the address")

    def test_a_weak_key(self):
        self.authority.openssl("req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout", "weak.key", "-out", "weak.pem", "-subj",
                               "/CN=weak", "-addext", "subjectAltName=IP:127.0.0.1")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.load_cert_chain(self.path("weak.pem"), self.path("weak.key"))
        self.serve(Server(context))
        self.configure(api="give_up = 0s\nca_file = " + self.path("weak.pem"))
        self.poll(message=r'the certificate of 127\.0\.0\.1, issued by "CN = weak", is not trusted: its key or its signature is '
                  r"too weak \(.*\); the server's operator must renew it")

    def serve_dated(self, begin, end):
        """With a certificate that is valid from `begin` to `end`."""
        self.authority.sign("server")
        self.write("ca.conf", "[ca]\ndefault_ca=x\n[x]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\n"
                   "policy=p\nunique_subject=no\n[p]\ncommonName=supplied\n")
        self.write("index", "")
        self.write("serial", "1000\n")
        self.authority.openssl("ca", "-batch", "-notext", "-config", "ca.conf", "-in", "server.csr", "-cert", "company.pem",
                               "-keyfile", "company.key", "-out", "dated.pem", "-startdate", begin, "-enddate", end,
                               "-extfile", "server.ext")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path("dated.pem"), self.path("server.key"))
        self.configure(api="ca_file = " + self.authority.certificate)
        self.serve(Server(context))

    def test_expired(self):
        self.serve_dated("20200101000000Z", "20210101000000Z")
        self.poll(message=r'the certificate of 127\.0\.0\.1, issued by "CN = company", has expired \(.*\); the server\'s '
                  "operator must renew it, unless this machine's clock is wrong")

    def test_not_yet_valid(self):
        self.serve_dated("20900101000000Z", "20910101000000Z")
        self.poll(message=r"is not valid yet \(.*\); check this machine's clock")


class Handshake(Tls):
    def test_an_old_protocol(self):
        context = self.authority.server_context()
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        self.serve(Server(context))
        message = (r"127\.0\.0\.1 and this machine share no version of TLS \(.*\); the server must offer TLS 1\.2 or later")
        self.poll(message=r"api: work orders: no answer from https://127.*: " + message)
        self.deliver(message)

    def test_cut_off(self):
        self.serve(Rude())
        message = r"127\.0\.0\.1 cut the TLS handshake off \(.*\); a firewall on the way may be the reason"
        self.poll(message=message)
        self.deliver(message)

    def test_no_tls(self):
        self.serve(Rude(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"))
        message = r"127\.0\.0\.1 does not speak TLS at this port \(.*\); check the address"
        self.poll(message=message)
        self.deliver(message)

    def test_a_server_that_wants_a_certificate(self):
        context = self.authority.server_context(clients=self.authority)
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # which says so during the handshake
        self.serve(Server(context))
        self.configure(api="give_up = 0s\nca_file = " + self.authority.certificate)
        self.poll(message=r"127\.0\.0\.1 refuses the TLS handshake \(.*handshake failure\); it asks for a client certificate, or")

    def test_a_server_that_wants_a_certificate_and_says_so_later(self):
        context = self.authority.server_context(clients=self.authority)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.serve(Server(context))
        self.configure(api="give_up = 0s\nca_file = " + self.authority.certificate)
        self.poll(message=r"127\.0\.0\.1 refuses our client certificate, or asks for one and got none \(.*\)")

    def test_alerts(self):
        for alert, message in ((40, r"127\.0\.0\.1 refuses the TLS handshake \(.*\); it asks for a client certificate, or it and this "
                                    "machine share no cipher"),
                               (112, r"the server that answers for 127\.0\.0\.1 does not know this name \(.*\); check the address"),
                               (70, "share no version of TLS")):
            with self.subTest(alert):
                self.serve(Rude(bytes((0x15, 3, 3, 0, 2, 2, alert))))
                self.poll(message=message)
        self.serve(Rude(bytes((0x15, 3, 3, 0, 2, 1, 0))))  # close_notify
        self.poll(message=r"127\.0\.0\.1 cut the TLS handshake off")


class CaFile(Tls):
    def test_one_that_is_not_there(self):
        self.configure(api="ca_file = /nowhere/ca.pem")
        self.sync(expect=CONFIG, message=r"wosync.conf:3: ca_file = /nowhere/ca.pem: the file cannot be read: No such file")

    def test_one_that_is_no_file(self):
        os.mkfifo(self.path("fifo"))
        for path, why in ((self.path("fifo"), "it is not a regular file"), (self.directory, "Is a directory")):
            with self.subTest(path):
                self.configure(api="ca_file = " + path)
                self.sync(expect=CONFIG, message="ca_file = .*: the file cannot be read: " + why)
                for key in ("ca_file", "client_certificate"):
                    self.configure("[handler erp]\ntype = http\nurl = https://127.0.0.1/hook\n%s = %s\n" % (key, path))
                    self.sync(expect=CONFIG, message="%s: .*: it cannot be read: %s" % (key, why))

    def test_one_that_holds_no_certificate(self):
        self.serve_tls()
        self.configure(api="give_up = 0s\nca_file = " + self.write("ca.txt", "no certificate\n"))
        self.poll(message=r"the certificates of ca_file cannot be read \(.*\); it must be a PEM file")
