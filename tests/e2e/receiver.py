"""Receivers of deliveries that behave as a test wants: real servers on 127.0.0.1, on ports that the system chose."""
import http.server
import os
import socket
import ssl
import struct
import subprocess
import threading
import time


class Received:
    """A request as it came. `headers` has lower-case names; `at` is when it was complete."""

    def __init__(self, method, path, headers, body, peer):
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.peer = peer
        self.at = time.time()


class Answer:
    """What to answer: a status with headers and a body; or one of the misbehaviours."""

    def __init__(self, status=200, body=b"ok", headers=(), endless=False, hang=False, close=False, reset=False):
        self.status = status
        self.body = body if isinstance(body, bytes) else body.encode()
        self.headers = dict(headers)
        self.endless = endless  # a body of 1 GB
        self.hang = hang        # none until the client gives up
        self.close = close      # none, the connection ends
        self.reset = reset      # none, the connection breaks


class Receiver:
    """An HTTP server; `decide` takes a Received and returns an Answer (or None: 200)."""

    def __init__(self, case, decide=None, tls=None):
        self.requests = []
        self.decide = decide or (lambda request: None)
        self.lock = threading.Lock()
        self.ending = threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                receiver.take(self)

            do_GET = do_PUT = do_POST

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, request, client_address):
                pass  # a client that goes away, or fails to show its certificate, is what tests want

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = "%s://127.0.0.1:%d" % ("https" if tls else "http", self.port)
        if tls:
            # the handshake belongs into the connection's own thread: one that hangs must not stop the others
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        case.addCleanup(self.stop)

    def stop(self):
        self.ending.set()
        self.server.shutdown()
        self.server.server_close()

    def take(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        request = Received(handler.command, handler.path, {k.lower(): v for k, v in handler.headers.items()}, body,
                           handler.client_address)
        with self.lock:
            self.requests.append(request)
            answer = self.decide(request) or Answer()
        if answer.hang:
            self.ending.wait(60)
        if answer.reset:
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if answer.hang or answer.close or answer.reset:
            handler.close_connection = True
            return
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        length = 1 << 30 if answer.endless else len(answer.body)
        handler.send_header("Content-Length", str(length))
        handler.end_headers()
        handler.wfile.write(answer.body)
        if answer.endless:
            piece = b"x" * 65536
            for _ in range((length - len(answer.body)) // len(piece)):
                handler.wfile.write(piece)


class Authority:
    """A certificate authority of the test's own, and what it signs. openssl makes the files in the test's directory."""

    def __init__(self, case, name="ca"):
        self.case = case
        self.name = name
        self.certificate = case.path(name + ".pem")
        # Python from 3.13 on wants of an authority what RFC 5280 does: a key usage, and identifiers of keys
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                     "-subj", "/CN=" + name, "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", case.path(name + ".key"), "-out", self.certificate)

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, cwd=self.case.directory)

    def sign(self, name, alternative="IP:127.0.0.1"):
        """Returns the paths of a certificate and its key."""
        key, request, certificate = (self.case.path(name + end) for end in (".key", ".csr", ".pem"))
        extensions = self.case.write(name + ".ext", "subjectAltName = %s\nsubjectKeyIdentifier = hash\n"
                                     "authorityKeyIdentifier = keyid\n" % alternative)
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + name,
                     "-keyout", key, "-out", request)
        self.openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey",
                     self.case.path(self.name + ".key"), "-CAcreateserial", "-days", "2", "-extfile", extensions,
                     "-out", certificate)
        os.chmod(key, 0o600)
        return certificate, key

    def server_context(self, name="server", alternative="IP:127.0.0.1", clients=None):
        """For a server with such a certificate; `clients`: the authority that clients must come from."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.sign(name, alternative))
        if clients is not None:
            context.load_verify_locations(clients.certificate)
            context.verify_mode = ssl.CERT_REQUIRED
        return context
