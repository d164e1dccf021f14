"""Real web servers that run `wosync receive` for a test: lighttpd, nginx and Apache, from Debian's packages.

Their configuration is what lies in share/web/ for users, with the paths, users and ports of the test in place of those of a system;
what is not found there to be replaced is an error, so that what is tested is what is shown. All their files lie in a directory
of the test's own.
"""
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from harness import LIMIT, ROOT, TOKEN

PROGRAM = "/usr/local/lib/wosync/webhook"
SOCKET = "/run/wosync-webhook.socket"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def configuration(name, *replacements):
    """share/web/NAME with each (regular expression, text) replaced."""
    with open(os.path.join(ROOT, "share/web", name)) as f:
        text = f.read()
    for pattern, new in replacements:
        text, count = re.subn(pattern, new, text, flags=re.M)
        if count == 0:
            raise AssertionError("share/web/%s: there is no %s to replace" % (name, pattern))
    return text


def fcgiwrap_command():
    """As the service for users starts it."""
    with open(os.path.join(ROOT, "share/web/wosync-webhook.service")) as f:
        return shlex.split(re.search(r"^ExecStart=(.*)$", f.read(), re.M).group(1))


class WebServer:
    """A web server at 127.0.0.1:PORT, whose /wosync is `wosync receive` with the environment of `case`. With a
    `certificate` (a file with its key in it) it speaks https. As root, `user` may be who receives, else it is root."""

    def __init__(self, case, certificate=None, user=None, **environment):
        self.case = case
        self.certificate = certificate
        self.user = user
        self.program = case.program(user)
        self.directory = tempfile.mkdtemp(prefix="web-", dir=case.directory)
        os.chmod(case.directory, 0o711)  # servers that change their user must find what is theirs
        os.chmod(self.directory, 0o711)
        self.processes = []
        self.wrapper = self.path("webhook")
        self.environment = dict(case.env, WOSYNC_CONFIG=case.conf, **environment)
        self.write_wrapper()
        case.addCleanup(self.stop)
        self.start()

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)
        return self.path(name)

    def write_wrapper(self, first=""):
        """What `make install` puts there, and the environment, of which web servers pass little on. `first`: a line of shell
        that comes before."""
        new = self.write("webhook.new", "#!/bin/sh\n%s\n%s\nexec %s receive\n" % (
            "\n".join("export %s=%s" % (name, shlex.quote(value)) for name, value in self.environment.items()), first,
            shlex.quote(self.program)))
        os.chmod(new, 0o755)
        os.rename(new, self.wrapper)

    @property
    def url(self):
        return "%s://127.0.0.1:%d/wosync" % ("https" if self.certificate else "http", self.port)

    def run(self, *command, become=()):
        """Starts a server, in a process group of its own, that ends with this process."""
        errors = open(self.path("errors"), "a")
        process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *become, *command], stdin=subprocess.DEVNULL, stdout=errors,
                                   stderr=errors, cwd=self.directory, start_new_session=True,
                                   env={"PATH": os.environ.get("PATH", "/usr/bin:/bin")})
        errors.close()
        self.processes.append(process)
        return process

    def start(self):
        """The port may have been taken by another since the system gave it: then another is tried."""
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            self.port = free_port()
            process = self.start_server()
            while process.poll() is None and time.monotonic() < end:
                if self.answers():
                    return
                time.sleep(0.01)
            if "ddress already in use" not in self.said():
                break
        raise RuntimeError("%s did not start: %s" % (type(self).__name__, self.said()))

    def answers(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def start_fcgiwrap(self):
        self.socket = self.path("fcgiwrap.socket")
        become = ["--reuid", self.user, "--regid", self.user, "--clear-groups"] if self.user else []
        if self.user:
            shutil.chown(self.directory, self.user)
        process = self.run(*fcgiwrap_command(), "-s", "unix:" + self.socket, become=become)
        end = time.monotonic() + LIMIT
        while not os.path.exists(self.socket):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("fcgiwrap did not start: " + self.said())
            time.sleep(0.01)
        os.chmod(self.socket, 0o777)  # for a web server that changes its user

    def said(self):
        with open(self.path("errors"), errors="replace") as f:
            return f.read()

    def stop(self):
        """Ends the servers and what they still run; complains when a sanitizer found something. A second call does
        nothing."""
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(LIMIT)
            finally:
                try:
                    os.killpg(process.pid, signal.SIGKILL)  # fcgiwrap's children outlive it
                except ProcessLookupError:
                    pass
        if self.processes:
            self.processes = []
            self.case.assertNotRegex(self.said(), r"Sanitizer|runtime error:")
            self.case.assertNotIn(TOKEN, self.said())


class Lighttpd(WebServer):
    def start_server(self):
        conf = configuration(
            "lighttpd.conf", (re.escape(PROGRAM), self.wrapper),
            (r'^(server\.(user|group)name .*)"wosync"', r'\1"%s"' % self.user) if self.user else
            (r"^server\.(user|group)name .*$", ""),
            (r"^server\.port .*$", 'server.port = %d\nserver.bind = "127.0.0.1"' % self.port),
            (r'"/usr/local/lib/wosync"', '"%s"' % self.directory), (r'"/var/lib/wosync"', '"%s"' % self.directory),
            (r"^server\.errorlog-use-syslog .*$", ""), (r"/run/lighttpd\.pid", self.path("pid")),
            *([(r"/etc/wosync/webhook\.pem", self.certificate)] if self.certificate else
              [(r'"mod_openssl", ', ""), (r"^ssl\..*$", "")]))
        if self.user:
            shutil.chown(self.directory, self.user)
        return self.run("/usr/sbin/lighttpd", "-D", "-f", self.write("lighttpd.conf", conf))


class Nginx(WebServer):
    def start_server(self):
        self.start_fcgiwrap()
        places = "".join("    %s_temp_path %s;\n" % (kind, self.path(kind))
                         for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        snippet = self.write("wosync.conf", configuration(
            "nginx.conf", (re.escape(PROGRAM), self.wrapper), (re.escape(SOCKET), self.socket)))
        conf = self.write("nginx.conf", "daemon off;\n%spid %s;\nerror_log stderr;\nevents {}\nhttp {\n%s    access_log off;\n"
                          "    server {\n        listen 127.0.0.1:%d;\n        include %s;\n    }\n}\n" % (
                              "user root;\n" if os.geteuid() == 0 else "", self.path("pid"), places, self.port, snippet))
        return self.run("/usr/sbin/nginx", "-e", "stderr", "-c", conf)


class Apache(WebServer):
    MODULES = ("mpm_event", "authz_core", "proxy", "proxy_fcgi")

    def start_server(self):
        self.start_fcgiwrap()
        snippet = self.write("wosync.conf", configuration(
            "apache.conf", (re.escape(PROGRAM), self.wrapper), (re.escape(SOCKET), self.socket)))
        modules = "".join("LoadModule %s_module /usr/lib/apache2/modules/mod_%s.so\n" % (m, m) for m in self.MODULES)
        who = "User www-data\nGroup www-data\n" if os.geteuid() == 0 else ""
        conf = self.write("apache.conf", "%s%sServerRoot %s\nServerName localhost\nListen 127.0.0.1:%d\nPidFile pid\n"
                          "DefaultRuntimeDir %s\nErrorLog /dev/stderr\nInclude %s\n" % (
                              modules, who, self.directory, self.port, self.directory, snippet))
        return self.run("/usr/sbin/apache2", "-D", "FOREGROUND", "-f", conf)
