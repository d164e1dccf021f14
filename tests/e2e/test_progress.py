"""The progress bar in a real terminal, no trace of it in a pipe, and SIGUSR1, which prints the state anywhere."""
import fcntl
import os
import pty
import re
import shlex
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import threading
import time
import unittest

from harness import DONE, LIMIT, TRY_LATER, WOSYNC, ago, long
from test_backfill import DAY, History, WHOLE

BAR = ("backfill", "--since", WHOLE, "--no-dispatch")
STATE = r"^wosync: %s: (\d+ %%, )?\d+ records, \d+ events, \d+ requests \(\d+ a minute\)(, left: [\w ]+)?$"


class Terminal:
    """A terminal of a width: what was written to it, and what stood on it."""

    def __init__(self, case, width, *arguments, both=False):
        self.width = width
        self.text = ""
        self.most = 0            # the rightmost column ever written to, counted from 1
        self.lines = [""]        # those that were ended, and the one at the cursor
        self.draws = []          # what a line held when it was wiped or drawn over
        self.column = 0
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        self.out = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [WOSYNC, "-c", case.conf, *arguments], env=case.env, stdin=subprocess.DEVNULL,
            stdout=slave if both else self.out, stderr=slave, cwd=case.directory)
        os.close(slave)
        case.addCleanup(self.end)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def resize(self, width):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))

    def read(self):
        pending = b""
        while True:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                break
            if not data:
                break
            pending += data
            whole, escape, rest = pending.rpartition(b"\033")
            if escape and not re.match(rb"\[[0-9;?]*[A-Za-z]", rest):
                pending = escape + rest
                self.take(whole.decode())
            else:
                self.take(pending.decode())
                pending = b""

    def take(self, text):
        for part in re.findall(r"\033\[K|\r|\n|[^\r\n\033]+|\033", text):
            line = self.lines[-1]
            if part == "\r":
                self.column = 0
                if line and (not self.draws or self.draws[-1] != line):
                    self.draws.append(line)
            elif part == "\n":
                self.lines.append("")
                self.column = 0
            elif part == "\033[K":
                self.lines[-1] = line[:self.column]
            else:
                assert part != "\033", "an escape sequence that is not known: %r" % text
                self.lines[-1] = line[:self.column].ljust(self.column) + part + line[self.column + len(part):]
                self.column += len(part)
                self.most = max(self.most, self.column)
        self.text += text

    def wait(self):
        self.process.wait(LIMIT)
        self.reader.join(LIMIT)
        self.out.seek(0)
        return self.process.returncode, self.out.read()

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.reader.join(LIMIT)
        os.close(self.master)
        self.out.close()


class Progress(History):
    mock_options = ("--work-orders", "200")

    def setUp(self):
        super().setUp()
        self.sync()
        self.mock.config(max_limit=5, page_delay_ms=40)

    def draw(self, width, *arguments):
        terminal = Terminal(self, width, *(arguments or BAR))
        status, out = terminal.wait()
        self.assertEqual(status, DONE, terminal.text)
        return terminal, out

    def check_bar(self, terminal, what):
        self.assertGreaterEqual(len(terminal.draws), 3, terminal.text)
        self.assertEqual(terminal.lines, [""], "something was left on the terminal: %r" % terminal.text[-300:])
        self.assertEqual(terminal.text.count("\n"), 0)
        self.assertLess(terminal.most, terminal.width, "it is wider than the window")
        for line in terminal.draws:
            self.assertTrue((what + " ").startswith(line[:len(what) + 1]) or line.startswith(what), line)

    def test_in_eighty_columns_there_is_room_for_all_of_it(self):
        terminal, _ = self.draw(80)
        self.check_bar(terminal, "backfill")
        self.assertRegex(terminal.draws[len(terminal.draws) // 2],
                         r"^backfill +\d+ % \[#+\.+\] \d+ rec, \d+ ev, \d+ req, \d+/min, [\w ]+ left$")

    def test_in_sixty_columns_the_facts_are_whole(self):
        terminal, _ = self.draw(60)
        self.assertRegex(terminal.draws[len(terminal.draws) // 2],
                         r"^backfill +\d+ % \d+ rec, \d+ ev, \d+ req, \d+/min, [\w ]+ left$")

    def test_in_a_wide_terminal(self):
        terminal, out = self.draw(120)
        self.check_bar(terminal, "backfill")
        shares = [int(re.search(r"^backfill +(\d+) % \[#*\.*\] \d+ records, \d+ events, \d+ requests \(\d+ a minute\)",
                                line).group(1)) for line in terminal.draws]
        self.assertEqual(shares, sorted(shares))
        self.assertGreater(shares[-1], shares[0])
        self.assertTrue(any(", left: " in line for line in terminal.draws))
        self.assertRegex(out, r"\Abackfill: 200 records on 40 pages, \d+ events, 40 requests\n\Z")

    @long
    def test_at_several_widths(self):
        for width in (200, 80, 61, 40, 20):
            with self.subTest(width=width):
                self.check_bar(self.draw(width)[0], "backfill")

    def test_in_a_window_that_is_hardly_one(self):
        for width in (12, 5):
            with self.subTest(width=width):
                terminal = self.draw(width)[0]
                self.assertLessEqual(terminal.most, width, "it wraps: a line of %d" % terminal.most)

    def test_in_a_terminal_that_knows_not_its_width(self):
        terminal, _ = self.draw(0)
        terminal.width = 80
        self.check_bar(terminal, "backfill")

    def test_the_window_may_change(self):
        terminal = Terminal(self, 150, *BAR)
        self.wait_for(lambda: terminal.draws, "the bar")
        terminal.resize(50)
        self.assertEqual(terminal.wait()[0], DONE)
        # what was drawn before stands first, however late it is read
        lengths = [len(line) for line in terminal.draws]
        narrow = next(i for i, length in enumerate(lengths) if length < 50)
        self.assertLess(max(lengths[narrow:]), 50, lengths)
        self.assertEqual(terminal.lines, [""])

    def test_reconcile_and_sync_draw_it_too(self):
        self.check_bar(self.draw(90, "reconcile")[0], "reconcile")
        for n in range(100000, 100150):
            self.mock.update(n, title="Changed")
        terminal, out = self.draw(90, "sync", "--no-dispatch")
        self.check_bar(terminal, "sync")
        self.assertEqual(out, "")

    def test_a_message_does_not_hang_on_the_bar(self):
        self.mock.update(100150, _raw='{"id": 100150, "title": 5}')
        terminal = Terminal(self, 90, *BAR)
        terminal.wait()
        lines = [line for line in terminal.lines if line]
        self.assertEqual(len(lines), 1, terminal.lines)
        self.assertRegex(lines[0], "^wosync: warning: work order 100150: ")

    def test_a_signal_leaves_a_clean_line(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number=number):
                terminal = Terminal(self, 90, *BAR)
                self.wait_for(lambda: terminal.draws, "the bar")
                terminal.process.send_signal(number)
                status, _ = terminal.wait()
                self.assertEqual(status, TRY_LATER)
                lines = [line for line in terminal.lines if line]
                self.assertEqual(len(lines), 1, terminal.lines)
                self.assertRegex(lines[0], "^wosync: backfill: stopped by a signal")

    def test_a_run_that_is_quick_shows_none(self):
        self.mock.config(max_limit=200, page_delay_ms=0)
        terminal, _ = self.draw(90)
        if terminal.text:  # half a second may pass on a machine that is very busy
            self.assertEqual(terminal.lines, [""])

    def test_no_trace_of_it_in_a_pipe(self):
        run = self.backfill("--since", WHOLE, "--no-dispatch")
        self.assertEqual(run.err, "")
        self.assertNotRegex(run.out, r"[\r\033\[#]")
        self.assertEqual(run.out.count("\n"), 1)
        self.assertNotRegex(self.wosync("reconcile").err, r"[\r\033]")
        self.assertEqual(self.sync().err, "")

    def test_SIGUSR1_prints_the_state_above_the_bar(self):
        terminal = Terminal(self, 110, *BAR)
        self.wait_for(lambda: terminal.draws, "the bar")
        terminal.process.send_signal(signal.SIGUSR1)
        self.assertEqual(terminal.wait()[0], DONE)
        self.assertEqual(len(terminal.lines), 2, terminal.lines)
        self.assertRegex(terminal.lines[0], STATE % "backfill")
        self.assertEqual(terminal.lines[1], "")
        self.assertTold(self.proved(ago(800 * DAY)))

    @unittest.skipUnless(shutil.which("script"), "script(1) is not installed")
    def test_under_script(self):
        command = "stty cols 70 2>/dev/null; exec %s" % shlex.join([WOSYNC, "-c", self.conf, *BAR])
        done = subprocess.run(["script", "-qec", command, "/dev/null"], env=dict(self.env, SHELL="/bin/sh"),
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT, cwd=self.directory)
        self.assertEqual(done.returncode, DONE, done)
        screen = done.stdout.decode()
        self.assertGreaterEqual(screen.count("\rbackfill "), 3)
        self.assertRegex(screen, r"\r\033\[Kbackfill: 200 records on 40 pages, \d+ events, 40 requests\r?\n\Z")
        for line in re.split(r"\r|\n|\033\[K", screen)[:-2]:
            self.assertLessEqual(len(line), 70)

    @unittest.skipUnless(shutil.which("tmux"), "tmux is not installed")
    def test_under_tmux(self):
        env = dict(self.env, TMUX_TMPDIR=self.directory, TERM="xterm", LC_ALL="C.UTF-8")

        def tmux(*arguments):
            return subprocess.run(["tmux", "-f", "/dev/null", *arguments], env=env, stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=LIMIT).stdout

        def screen():
            return [line for line in tmux("capture-pane", "-p").splitlines() if line.strip()]
        command = "%s; echo ended; exec sleep 1000" % shlex.join([WOSYNC, "-c", self.conf, *BAR])
        self.addCleanup(tmux, "kill-server")
        tmux("new-session", "-d", "-x", "100", "-y", "12", "sh", "-c", command)
        self.wait_for(lambda: any(re.match(r"backfill +\d+ % \[", line) for line in screen()), "the bar")
        self.assertEqual(len(screen()), 1, screen())
        self.wait_for(lambda: "ended" in screen(), "the end")
        lines = screen()
        self.assertEqual(len(lines), 2, lines)
        self.assertRegex(lines[0], r"^backfill: 200 records on 40 pages")


class Report(History):
    """SIGUSR1 prints the state and hurts nothing."""
    mock_options = ("--work-orders", "100")

    def lines(self, run, what):
        found = [line for line in run.err.splitlines() if re.match(STATE % what, line)]
        self.assertEqual(len(found), len(run.err.splitlines()), run)
        return found

    def test_in_a_pipe(self):
        self.sync()
        self.few_slow_pages()
        self.mock.reset_log()
        running = self.start("backfill", "--since", WHOLE)
        for pages in (2, 6, 10):
            self.wait_for(lambda: self.mock.state()["list_requests"] >= pages, "pages")
            running.signal(signal.SIGUSR1)
        run = running.wait()
        self.assertEqual(run.status, DONE, run)
        self.assertEqual(len(self.lines(run, "backfill")), 3, run)
        self.assertTold(self.proved(ago(800 * DAY)))

    def test_again_and_again(self):
        self.sync()
        self.few_slow_pages()
        for command in (("backfill", "--since", WHOLE), ("reconcile",)):
            self.mock.reset_log()
            running = self.start(*command)
            self.wait_for(lambda: self.mock.state()["list_requests"] >= 1, "the first page")
            while running.is_alive():
                running.signal(signal.SIGUSR1)
                time.sleep(0.003)
            run = running.wait()
            self.assertEqual(run.status, DONE, run)
            self.assertGreater(len(self.lines(run, command[0])), 3)
        self.assertTold(self.proved(ago(800 * DAY)))

    def test_during_a_request_that_hangs(self):
        self.sync()
        self.configure(api="timeout = 60s")
        self.mock.reset_log()
        self.mock.fault("hang")
        running = self.start("backfill", "--since", WHOLE)
        self.wait_for(lambda: self.mock.state()["max_concurrent"] >= 1, "the request")
        time.sleep(0.2)
        running.signal(signal.SIGUSR1)
        end = time.monotonic() + 30
        while time.monotonic() < end and not self.said(running):
            time.sleep(0.02)
        seen = self.said(running)
        spent = self.cpu(running)
        running.signal(signal.SIGTERM)
        run = running.wait()
        self.assertEqual(run.status, TRY_LATER, run)
        self.assertRegex(seen, STATE.replace("$", r"\n") % "backfill", "it should say so while it waits, not afterwards")
        self.assertLess(spent, 1, "it burns the processor while it waits")

    def said(self, running):
        with open("/proc/%d/fd/2" % running.pid) as f:
            return f.read()

    def cpu(self, running):
        with open("/proc/%d/stat" % running.pid) as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_during_the_wait_for_the_rate_limit(self):
        self.sync()
        self.mock.config(max_limit=20, rate_limit={"requests": 3, "window_ms": 2000})
        self.mock.reset_log()
        running = self.start("backfill", "--since", WHOLE)
        self.wait_for(lambda: self.mock.state()["list_requests"] >= 3, "the limit")
        time.sleep(0.1)
        before = self.cpu(running)
        for count in range(1, 4):
            running.signal(signal.SIGUSR1)
            self.wait_for(lambda: self.said(running).count("\n") >= count or not running.is_alive(), "the state")
        self.assertLess(self.cpu(running) - before, 0.5)
        run = running.wait()
        self.assertEqual(run.status, DONE, run)
        self.assertEqual(len(self.lines(run, "backfill")), 3)
        self.assertEqual(self.mock.state()["rate_limited"], 0)
        self.assertTold(self.proved(ago(800 * DAY)))

    def test_a_stop_after_it_still_stops(self):
        self.sync()
        self.mock.config(max_limit=20, rate_limit={"requests": 3, "window_ms": 100000})
        self.mock.reset_log()
        running = self.start("backfill", "--since", WHOLE)
        self.wait_for(lambda: self.mock.state()["list_requests"] >= 3, "the limit")
        running.signal(signal.SIGUSR1)
        self.wait_for(lambda: self.said(running), "the state")
        running.signal(signal.SIGTERM)
        self.assertEqual(running.wait().status, TRY_LATER)

    def test_in_sync(self):
        self.few_slow_pages()
        running = self.start("sync")
        self.wait_for(lambda: self.mock.state()["list_requests"] >= 5, "pages")
        running.signal(signal.SIGUSR1)
        run = running.wait()
        self.assertEqual(run.status, DONE, run)
        self.assertEqual(len(self.lines(run, "sync")), 1)
        self.assertEqual(len(self.snapshots()), 100)

    def deliver_slowly(self):
        self.configure("[handler sink]\ntype = http\nurl = %s\ntimeout = 1s\n" % self.mock.sink_url("slow"))
        self.sync()
        self.mock.create({"title": "New"})
        self.sync("--no-dispatch")
        self.mock.sink_fault("slow", "hang")

    def check_survives(self, command):
        self.deliver_slowly()
        running = self.start(command)
        self.wait_for(lambda: self.mock.sink("slow"), "the delivery")
        running.signal(signal.SIGUSR1)
        self.assertEqual(running.wait().status, DONE)

    def test_while_sync_delivers(self):
        self.check_survives("sync")

    def test_while_dispatch_delivers(self):
        self.check_survives("dispatch")
