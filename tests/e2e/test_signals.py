"""SIGTERM and SIGINT end every wait: of each kind one that would last for long by itself."""
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import unittest

from harness import LIMIT, WOSYNC, Case, DONE, TRY_LATER, is_sanitized

# The name service that never answers.
SILENT_NAMES = """
#include <netdb.h>
#include <unistd.h>
#include <fcntl.h>
#include <stdlib.h>
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    (void)node; (void)service; (void)hints; (void)result;
    close(open(getenv("LOOKED_UP"), O_CREAT | O_WRONLY, 0600));
    for (;;)
        pause();
}
"""

# How long an end may take on a busy machine. Each of these waits would last longer by itself.
SOON = 6


class Signals(Case):
    def setUp(self):
        super().setUp()
        self.olds = self.mock.create_old(2)
        self.configure(api="timeout = 1h\ngive_up = 1h")

    def check_end(self, running, message="stopped by a signal"):
        running.signal(signal.SIGTERM)
        try:
            running.process.wait(SOON)
        except subprocess.TimeoutExpired:
            self.fail("it did not end")
        run = running.wait()
        self.assertEqual(run.status, TRY_LATER, run)
        self.assertRegex(run.err, message)

    def start_with(self, before, *arguments):
        """Starts it as a parent does that has other signals set than usual."""
        return subprocess.Popen([WOSYNC, "-c", self.conf, *arguments], env=self.env, cwd=self.directory, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=before)

    def test_a_parent_that_ignores_the_end_of_children(self):
        """Nobody would hear how a program ended: each would count as failed and be run again."""
        calls = self.path("calls")
        self.configure("[handler erp]\ntype = exec\ntimeout = 2s\ncommand = %s\n" % self.write(
            "program", "#!/bin/sh\necho >>%s\n" % calls, mode=0o700))
        self.sync()
        self.mock.create({"title": "New"})
        process = self.start_with(lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN), "sync")
        self.assertEqual(process.communicate(timeout=LIMIT)[0], "")
        self.assertEqual((self.handler("erp")["pending"], self.handler("erp")["delivered"]), (0, 1))
        self.assertEqual(os.path.getsize(calls), 1)

    def test_a_parent_that_blocks_the_stop_signal(self):
        self.mock.fault("hang")
        process = self.start_with(lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]), "sync")
        self.addCleanup(process.kill)
        self.wait_for(lambda: self.mock.state()["max_concurrent"] >= 1, "its request")
        process.terminate()
        self.assertRegex(process.communicate(timeout=SOON)[0], "stopped by a signal")
        self.assertEqual(process.returncode, TRY_LATER)

    def test_a_name_that_is_looked_up(self):
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None or is_sanitized():
            raise unittest.SkipTest("needs a compiler, and a build without sanitizers")
        library = self.path("silent.so")
        self.write("silent.c", SILENT_NAMES)
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, self.path("silent.c")], check=True)
        looked_up = self.path("looked-up")
        running = self.start("sync", env={"LD_PRELOAD": library, "LOOKED_UP": looked_up,
                                          "MAINTAINX_BASE_URL": "https://api.example.com/v1"})
        self.wait_for(lambda: os.path.exists(looked_up), "the look-up")
        self.check_end(running)

    def listener(self):
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)
        return server

    def test_a_server_that_says_nothing_while_tls_begins(self):
        server = self.listener()
        running = self.start("sync", env={"MAINTAINX_BASE_URL": "https://127.0.0.1:%d/v1" % server.getsockname()[1]})
        connection, _ = server.accept()
        self.addCleanup(connection.close)
        self.assertNotEqual(connection.recv(1, socket.MSG_PEEK), b"")  # its hello
        self.check_end(running)

    def test_an_answer_that_stops_in_the_middle(self):
        server = self.listener()
        running = self.start("sync", env={"MAINTAINX_BASE_URL": "http://127.0.0.1:%d/v1" % server.getsockname()[1]})
        connection, _ = server.accept()
        self.addCleanup(connection.close)
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
        self.check_end(running)

    def test_between_two_tries(self):
        self.mock.fault("429", retry_after=200, times=-1)
        running = self.start("-v", "sync")
        self.wait_for(lambda: b"waiting" in os.pread(running.err.fileno(), 1 << 20, 0), "the wait")
        self.check_end(running)

    def test_a_store_that_another_program_keeps_locked(self):
        self.sync_silently()
        other = sqlite3.connect(self.store, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")
        running = self.start("sync")
        self.wait_for(lambda: self.attends(running), "the handlers of signals")
        self.check_end(running, "another process keeps it locked")
        other.execute("ROLLBACK")
        self.sync_silently()

    def attends(self, running):
        """Does it catch SIGTERM by now?"""
        with open("/proc/%d/status" % running.pid) as f:
            caught = next(int(line.split()[1], 16) for line in f if line.startswith("SigCgt:"))
        return caught & 1 << (signal.SIGTERM - 1)

    def test_a_delivery(self):
        self.configure("[handler sink]\ntype = http\nurl = %s\ntimeout = 1h\n" % self.mock.sink_url("s"))
        self.sync_silently()
        self.mock.update(self.olds[0], title="Changed")
        self.mock.sink_fault("s", "hang", times=1)
        running = self.start("sync")
        self.wait_for(lambda: self.mock.sink("s"), "the delivery")
        self.check_end(running, "^")

    def test_a_body_that_never_comes(self):
        self.sync_silently()
        reading, writing = os.pipe()
        self.addCleanup(os.close, writing)
        running = self.start("receive", "--body", "-", stdin=reading)
        os.close(reading)
        self.wait_for(lambda: os.path.exists(self.store + "-wal"), "the store")
        running.signal(signal.SIGTERM)
        running.process.wait(SOON)
        self.assertNotEqual(running.wait().status, DONE)
