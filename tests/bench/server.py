"""nginx on loopback, serving the pages: http and https, each on a port that the system chose; and a receiver."""
import os
import socket
import subprocess
import time

# what wosync asks for, and so everyone has to: other requests are refused
QUERY = ("limit=200&show_upcoming=true&expand=assignees&expand=asset&expand=location&expand=extra_fields"
         "&expand=categories")

CONFIG = """
daemon off; worker_processes 1; pid {dir}/nginx.pid; error_log {dir}/nginx.log;
{user}
events {{ worker_connections 256; }}
http {{
    access_log off; types {{ }} default_type application/json; sendfile on; tcp_nodelay on;
    keepalive_requests 10000000; client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi; uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
    # a poll that asks from the newest one's date on gets that one; every earlier bound gets all
    map "$uri $arg_updatedAtGte" $narrow {{ default 0; {newest} }}
    map "$narrow $arg_cursor" $page {{ "0 " p1; "1 " newest; "~^. (?<name>p[0-9]+)$" $name; default none; }}
    server {{
        listen 127.0.0.1:{http};
        listen 127.0.0.1:{https} ssl;
        # without these wosync keeps to what the vendor documents, 100 requests a minute
        add_header X-Rate-Limit-Limit 1000000 always; add_header X-Rate-Limit-Remaining 1000000 always;
        add_header X-Rate-Limit-Reset 60 always;
        ssl_certificate {dir}/server.pem; ssl_certificate_key {dir}/server.key;
        {locations}
        location = /receiver {{ client_max_body_size 1m; return 204; }}
    }}
}}
"""


def make_certificates(directory):
    """A CA that lasts a day and a certificate for 127.0.0.1."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=directory, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=wosync bench CA",
            "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-keyout", "server.key", "-out", "server.csr")
    with open(os.path.join(directory, "san"), "w", encoding="ascii") as f:
        f.write("subjectAltName=IP:127.0.0.1\n")
    openssl("x509", "-req", "-days", "1", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-extfile", "san", "-out", "server.pem")


def locations(sets):
    def location(name, pages, page):
        return "location = /%s/v1/workorders { if ($args !~ \"^%s(&|$)\") { return 400; } root %s; try_files /%s.json =404; }" % (
            name, QUERY, pages, page)
    lines = [location(name, pages, "$page") for name, (pages, _) in sets.items()]
    lines.append(location("empty", next(iter(sets.values()))[0], "empty"))
    return "\n        ".join(lines)


def newest(sets):
    return " ".join('"~^/%s/v1/workorders %s$" 1;' % (name, date.replace(".", "[.]").replace(":", "(:|%3A)"))
                    for name, (_, date) in sets.items())


class Server:
    """A running nginx; `url` and `tls_url` are where it listens. `sets`: {name: (directory of pages, date of the newest)},
    each served as /name/v1/workorders. To be stopped."""

    def __init__(self, directory, sets):
        make_certificates(directory)
        sockets = [socket.socket() for _ in range(2)]
        for s in sockets:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", 0))
            s.listen(511)
        http, https = (s.getsockname()[1] for s in sockets)
        self.log = os.path.join(directory, "nginx.log")
        config = os.path.join(directory, "nginx.conf")
        with open(config, "w", encoding="utf-8") as f:
            f.write(CONFIG.format(dir=directory, http=http, https=https, locations=locations(sets), newest=newest(sets),
                                  user="user root;" if os.geteuid() == 0 else ""))
        # nginx takes over listening sockets that it is told of in NGINX: the port never is another's
        fds = [s.fileno() for s in sockets]
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "nginx", "-p", directory, "-e", self.log, "-c", config], pass_fds=fds,
            env=dict(os.environ, NGINX="".join("%d;" % fd for fd in fds), PATH=os.environ["PATH"] + ":/usr/sbin"))
        for s in sockets:
            s.close()
        self.url, self.tls_url = "http://127.0.0.1:%d" % http, "https://127.0.0.1:%d" % https
        self.wait(http)

    def wait(self, port):
        request = ("GET /empty/v1/workorders?%s HTTP/1.0\r\n\r\n" % QUERY).encode()
        for _ in range(200):
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
                    s.sendall(request)
                    if b" 200 " in s.recv(64):
                        return
            except OSError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise SystemExit("bench: nginx does not answer; " + open(self.log, encoding="utf-8").read()[-500:])

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
