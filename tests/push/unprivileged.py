#!/usr/bin/env python3
"""Who may not look into the state directory is told that, and nothing that was only not seen."""
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import Host, build, fixture  # noqa: E402

NOBODY = 65534


class Unprivileged(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host({"modules_initial": ["session"]}).start()
        cls.addClassCleanup(cls.host.remove)
        cls.host.directory.chmod(0o755)  # The state directory itself is the host's alone.

    def run_as_other(self, program, *words):
        if os.geteuid() != 0:
            self.skipTest("another user can be only by root")
        return subprocess.run([build() / program, *map(str, words)], user=NOBODY, group=NOBODY, extra_groups=[],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False)

    def test_each_verb_says_that_it_may_not_read(self):
        state = self.host.state
        for words in (["status"], ["trust", "list"], ["verify", fixture("good")], ["blocklist", "list"],
                      ["symbolize", "5f2c0a7d", "0x10"]):
            with self.subTest(words[0]):
                done = self.run_as_other("hotline", "--state", state, *words)
                self.assertIn("may not read", done.stderr, done)
                self.assertNotEqual(done.returncode, 0)
        done = self.run_as_other("hotline", "--socket", state / "control.sock", "status")
        self.assertIn("may not use the control socket", done.stderr)
        done = self.run_as_other("hotline", "--state", state, "doctor", "--sessions", "1000")
        self.assertIn("may not be read", done.stdout)
        self.assertNotIn("no host runs", done.stdout)

    def test_the_daemon_says_so_and_does_not_die(self):
        done = self.run_as_other("hotlined", "--state", self.host.state)
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("may not read", done.stderr)


if __name__ == "__main__":
    unittest.main()
