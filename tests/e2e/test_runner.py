"""tests/run itself: what runs out of time leaves nothing behind."""
import importlib.machinery
import importlib.util
import os
import sys
import unittest

from harness import ROOT


def load():
    """tests/run, whose name has no ending, as a module."""
    loader = importlib.machinery.SourceFileLoader("tests_run", os.path.join(ROOT, "tests/run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("tests_run", loader))
    loader.exec_module(module)
    return module


def is_at_work(pid):
    """A zombie waits only for whoever comes to count it."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Command(unittest.TestCase):
    # a worker, and one in a process group of its own, as a program that handles deliveries is
    WORKERS = ("import os, subprocess, sys, time\n"
               "for group in (False, True):\n"
               "    worker = subprocess.Popen(['sleep', '1000'], preexec_fn=os.setpgrp if group else None)\n"
               "    print(worker.pid, flush=True)\n"
               "time.sleep(1000)\n")

    def test_workers_end_with_a_command_that_is_out_of_time(self):
        limit, said = 0.5, ""
        while len(said.split()) < 2:  # a busy machine
            limit *= 2
            code, output = load().command([sys.executable, "-c", self.WORKERS], limit=limit)
            self.assertEqual(code, 124)
            said, late, _ = output.partition("\n# it did not end in time")
            self.assertTrue(late)
        self.assertEqual([pid for pid in map(int, said.split()) if is_at_work(pid)], [])

    def test_what_a_command_says_and_how_it_ends(self):
        code, output = load().command(["sh", "-c", "echo out; echo err >&2; exit 7"])
        self.assertEqual((code, output), (7, "out\nerr\n"))
