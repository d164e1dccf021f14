"""A PostgreSQL server of a test's own: made in its temporary directory, reached by a Unix socket there."""
import atexit
import glob
import json
import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

LIMIT = 60  # seconds

def programs():
    """The directory of the newest server's programs, None where none is installed."""
    found = [path for path in glob.glob("/usr/lib/postgresql/*/bin") if os.path.exists(os.path.join(path, "initdb"))]
    return max(found, key=lambda path: int(path.split("/")[4])) if found else None


def unprivileged():
    """Who the server runs as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    return None


def own(path, user):
    """Gives a file or directory to the user that the server runs as."""
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)


class Template:
    """An empty cluster, made once: initdb takes seconds, a copy of what it made does not. Who makes it before it forks shares
    it with its children, and removes it at its end."""

    made = None

    def __init__(self):
        self.process = os.getpid()
        self.directory = tempfile.mkdtemp(prefix="wosync-postgres-")
        self.data = os.path.join(self.directory, "data")
        atexit.register(self.remove)
        os.chmod(self.directory, 0o711)
        own(self.directory, unprivileged())
        secret = os.path.join(self.directory, "secret")
        with open(secret, "w") as f:
            f.write(Postgres.PASSWORD + "\n")
        os.chmod(secret, 0o644)
        run(self.directory, "initdb", "-D", self.data, "-U", "wosync", "-A", "scram-sha-256", "--pwfile", secret, "-E", "UTF8",
            "--locale", "C", "--no-sync")

    def remove(self):
        if os.getpid() == self.process:
            shutil.rmtree(self.directory, ignore_errors=True)

    @classmethod
    def get(cls):
        if cls.made is None:
            cls.made = cls()
        return cls.made


def manner(directory):
    """How the server's programs are run."""
    user = unprivileged()
    return {"user": user, "group": user, "extra_groups": None if user is None else [], "cwd": directory,
            "env": dict(os.environ, LC_ALL="C", PGPASSWORD=Postgres.PASSWORD)}


def run(directory, program, *arguments, **how):
    """Runs one of the server's programs to its end; returns what it printed."""
    how.setdefault("stdout", subprocess.PIPE)
    done = subprocess.run([os.path.join(programs(), program), *arguments], stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, **manner(directory), **how)
    if done.returncode != 0:
        raise RuntimeError("%s: %s" % (program, done.stdout))
    return done.stdout


class Postgres:
    PASSWORD = "s3cret/pass:w0rd@x"
    QUOTED = "s3cret%2Fpass%3Aw0rd%40x"

    def __init__(self, directory):
        self.bin = programs()
        self.user = unprivileged()
        self.directory = directory
        self.process = None
        os.mkdir(directory)
        if self.user is not None:
            os.chmod(os.path.dirname(directory), 0o711)
        own(directory, self.user)
        self.data = os.path.join(directory, "data")
        subprocess.run(["cp", "-a", Template.get().data, self.data], check=True)
        # what is killed in the tests is the client
        with open(os.path.join(self.data, "postgresql.conf"), "a") as f:
            f.write("listen_addresses = ''\nunix_socket_directories = '%s'\nfsync = off\nshared_buffers = 16MB\n"
                    "timezone = 'Asia/Kathmandu'\n" % directory)
        self.address = "postgresql://wosync:%s@/postgres?host=%s" % (self.QUOTED, directory)

    def manner(self):
        return manner(self.directory)

    def run(self, program, *arguments, **how):
        return run(self.directory, program, *arguments, **how)

    def start(self):
        """Starts the server, which ends with us, and waits until it answers."""
        with open(os.path.join(self.directory, "log"), "ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "QUIT", os.path.join(self.bin, "postgres"), "-D", self.data],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **self.manner())
        end = time.monotonic() + LIMIT
        while subprocess.run([os.path.join(self.bin, "pg_isready"), "-q", "-h", self.directory]).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > end:
                with open(os.path.join(self.directory, "log"), errors="replace") as log:
                    raise RuntimeError("postgres: " + log.read()[-3000:])
            time.sleep(0.02)

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)  # immediately
            self.process.wait(LIMIT)
            self.process = None

    def processes(self):
        """The ids of the server and its children."""
        with open(os.path.join(self.data, "postmaster.pid")) as f:
            server = int(f.readline())
        with open("/proc/%d/task/%d/children" % (server, server)) as f:
            return [server, *map(int, f.read().split())]

    def psql(self, *arguments):
        return self.run("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.directory, "-U", "wosync",
                        "-d", "postgres", *arguments)

    def execute(self, sql):
        self.psql("-c", "SET search_path TO wosync, public", "-c", "SET client_min_messages TO warning", "-c", sql)

    def rows(self, sql):
        """The rows of a query as dictionaries."""
        return json.loads(self.psql(
            "-c", "SET search_path TO wosync, public", "-c", "SET TimeZone TO 'UTC'",
            "-c", "SELECT coalesce(json_agg(row_to_json(answer)), '[]') FROM (%s) AS answer" % sql))


class PgBouncer:
    """A pool of one connection to the server, given to whoever asks for the length of a transaction."""

    def __init__(self, case, server, directory):
        os.mkdir(directory)
        own(directory, server.user)
        self.server, self.directory = server, directory
        self.address = server.address.replace(server.directory, directory)
        users = os.path.join(directory, "users")
        with open(users, "w") as f:
            f.write('"wosync" "%s"\n' % server.PASSWORD)
        settings = os.path.join(directory, "pgbouncer.ini")
        with open(settings, "w") as f:
            f.write("[databases]\n* = host=%s\n[pgbouncer]\npool_mode = transaction\ndefault_pool_size = 1\n"
                    "listen_addr =\nlisten_port = 5432\nunix_socket_dir = %s\nauth_type = scram-sha-256\nauth_file = %s\n"
                    % (server.directory, directory, users))
        with open(os.path.join(directory, "log"), "wb") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "pgbouncer", settings], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, **server.manner())
        case.addCleanup(self.stop)
        end = time.monotonic() + LIMIT
        while not os.path.exists(os.path.join(directory, ".s.PGSQL.5432")):
            if self.process.poll() is not None or time.monotonic() > end:
                with open(os.path.join(directory, "log"), errors="replace") as log:
                    raise RuntimeError("pgbouncer: " + log.read()[-3000:])
            time.sleep(0.02)

    def stop(self):
        self.process.kill()
        self.process.wait(LIMIT)

    def psql(self, sql):
        return self.server.run("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.directory, "-U",
                               "wosync", "-d", "postgres", "-c", sql)


class Proxy:
    """Stands between a client and the server, and breaks what goes through after so many of the server's messages."""

    def __init__(self, case, server, directory):
        os.mkdir(directory)
        self.server = server
        self.address = server.address.replace(server.directory, directory)
        self.break_after(0, None)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(os.path.join(directory, ".s.PGSQL.5432"))
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()
        case.addCleanup(self.listener.close)

    def break_after(self, messages, fault):
        """`fault`: None, "cut" (the connection ends), "garbage" (a message without sense), "deaf" (the client is not read
        any more)."""
        self.after, self.fault, self.broken = messages, fault, False
        self.passed = []  # the letters of the messages that went through

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(os.path.join(self.server.directory, ".s.PGSQL.5432"))
            except OSError:
                client.close()
                continue
            threading.Thread(target=self.forward, args=(client, server), daemon=True).start()
            threading.Thread(target=self.answer, args=(server, client), daemon=True).start()

    def forward(self, client, server):
        try:
            while piece := client.recv(65536):
                if self.fault == "deaf" and len(self.passed) >= self.after:
                    self.broken = True
                    return
                server.sendall(piece)
            server.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def answer(self, server, client):
        """Passes whole messages on: a letter, the length of the rest in four bytes, the rest."""
        stream = server.makefile("rb")
        try:
            while head := stream.read(5):
                if self.fault in ("cut", "garbage") and len(self.passed) >= self.after:
                    self.broken = True
                    if self.fault == "garbage":
                        client.sendall(b"Z\x7f\xff\xff\xff")
                    break
                client.sendall(head + stream.read(struct.unpack("!I", head[1:])[0] - 4))
                self.passed.append(head[:1])
            client.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        server.close()
