"""A command that root types on another user's store."""
import os
import pwd
import shutil
import subprocess
import unittest

from harness import CONFIG, Case

NOBODY = 65534


@unittest.skipUnless(os.geteuid() == 0, "only root can become others")
class Owner(Case):
    def setUp(self):
        super().setUp()
        self.user = pwd.getpwuid(NOBODY)
        os.chmod(self.directory, 0o755)
        self.olds = self.mock.create_old(2)
        self.data = self.path("data")
        os.mkdir(self.data, 0o700)
        os.chown(self.data, NOBODY, self.user.pw_gid)
        self.store = os.path.join(self.data, "wosync.db")
        self.configure("[handler report]\ntype = report\npath = %s/reports\n"
                       "[handler wh]\ntype = warehouse\ndatabase = %s/warehouse.db\n"
                       "[handler run]\ntype = exec\ncommand = sh -c 'id -u; id -G; echo $HOME' \n" % (self.data, self.data))
        os.chmod(self.conf, 0o644)

    def check_files(self):
        owners = {}
        for place, directories, files in os.walk(self.data):
            for name in directories + files:
                owners[name] = os.stat(os.path.join(place, name)).st_uid
        self.assertEqual(set(owners.values()), {NOBODY}, owners)
        return owners

    def test_it_works_as_the_owner(self):
        for command in (("sync",), ("dispatch",), ("status",), ("events", "list"), ("config",), ("reconcile",)):
            run = self.wosync("-v", *command)
            self.assertRegex(run.err, "store %s: it belongs to %s, so this command works as that user" % (
                self.store, self.user.pw_name))
            self.check_files()
        self.mock.update(self.olds[0], status="DONE")
        self.sync()
        self.assertTrue({"reports", "warehouse.db", "wosync.db"} <= set(self.check_files()))
        self.sync_silently(become=NOBODY)

    def test_without_v_it_says_nothing(self):
        self.sync_silently()

    def test_a_killed_run_leaves_nothing_behind_either(self):
        self.mock.fault("hang", times=1)
        running = self.start("sync")
        self.wait_for(lambda: self.mock.state()["max_concurrent"] >= 1, "the request")
        with open("/proc/%d/status" % running.pid) as f:
            ids = [line.split()[1:] for line in f if line.startswith(("Uid:", "Gid:", "Groups:"))]
        self.assertEqual(ids[0], [str(NOBODY)] * 4)
        self.assertEqual(ids[1], [str(self.user.pw_gid)] * 4)
        self.assertNotIn("0", ids[2])
        running.signal(9)
        running.wait()
        self.check_files()

    def test_a_file_that_only_root_can_read(self):
        key = self.write("key", "tok-7f3d9a51c2e84b60\n")
        self.configure(api="key_file = " + key)
        os.chmod(self.conf, 0o644)
        run = self.sync(expect=CONFIG, env={"MAINTAINX_API_KEY": None})
        self.assertRegex(run.err, "key: .*Permission denied")
        self.assertRegex(run.err, "the store belongs to %s, so wosync works as that user.* must be readable for %s" % (
            self.user.pw_name, self.user.pw_name))
        os.chown(key, NOBODY, self.user.pw_gid)
        self.sync_silently(env={"MAINTAINX_API_KEY": None})

    def test_a_store_of_roots_is_roots(self):
        self.store = self.path("roots.db")
        self.configure()
        self.sync_silently()
        self.assertEqual(os.stat(self.store).st_uid, 0)
        self.assertNotIn("works as that user", self.wosync("-v", "sync").err)

    def test_in_a_directory_of_roots_a_new_one_is_roots(self):
        os.chown(self.data, 0, 0)
        self.sync_silently()
        self.assertEqual(os.stat(self.store).st_uid, 0)

    def test_where_the_directory_is_missing_too(self):
        self.store = os.path.join(self.data, "deeper", "wosync.db")
        self.configure()
        os.chmod(self.conf, 0o644)
        self.sync_silently()
        self.check_files()

    def test_where_the_system_forbids_it(self):
        if shutil.which("setpriv") is None:
            raise unittest.SkipTest("needs setpriv")
        run = subprocess.run(
            ["setpriv", "--bounding-set=-setuid,-setgid", "--inh-caps=-all", self.program(), "-c", self.conf, "sync"],
            env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=self.directory, timeout=120)
        self.assertEqual(run.returncode, CONFIG, run)
        self.assertRegex(run.stderr, "root cannot become that user here: .*; run: runuser -u %s -- wosync" % self.user.pw_name)
        self.assertEqual(os.listdir(self.data), [])
