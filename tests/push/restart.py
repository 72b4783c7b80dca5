#!/usr/bin/env python3
"""What runs after a push is what runs after a restart, in order or not: always a whole set."""
import json
import pathlib
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import fixture, host_of, other_build  # noqa: E402
from xmpp_client import Client  # noqa: E402

MODULES = ("routing", "session", "presence", "registration")
KILLS = 16
KILL_STEP_S = 0.003  # A push of four modules takes about 40 ms: the kills fall before, into and behind it.


class Restart(unittest.TestCase):
    def setUp(self):
        self.host = host_of(self, "juliet", "romeo")
        self.copies = 0

    def copy(self, name):
        self.copies += 1
        return other_build(self.host.current_file(name), self.host.running()[name],
                           self.host.directory / f"{name}-{self.copies}.so")

    def assert_live(self, report):
        self.assertEqual(report["outcome"], "live", report)

    def assert_serves(self):
        """Two users log in, and one hears the other."""
        romeo = Client(self.host, "romeo").log_in().ping()
        juliet = Client(self.host, "juliet").log_in()
        juliet.message("romeo@localhost", "are you there", id="1")
        romeo.expect_message("are you there")
        romeo.close()
        juliet.close()

    def test_a_restart_comes_back_on_the_set_that_ran(self):
        self.assert_live(self.host.push(self.host.module("routing", "1.1.0")))
        self.assert_live(self.host.push(self.copy("session")))
        self.assert_live(self.host.push(fixture("good")))
        before = self.host.running()
        self.host.restart()
        self.assertEqual(self.host.running(), before)
        self.assertEqual(self.host.version("routing"), "1.1.0")
        self.assert_serves()

    def test_a_restart_after_a_rollback_comes_back_on_what_was_rolled_back_to(self):
        before = self.host.running()
        self.assert_live(self.host.push(self.host.module("routing", "1.1.0")))
        self.assert_live(self.host.rollback("routing"))
        self.host.kill()
        self.host.start()
        self.assertEqual(self.host.running(), before)

    def test_a_restart_loads_what_was_loaded_so_a_rollback_needs_no_file(self):
        before = self.host.running()
        self.assert_live(self.host.push(self.host.module("routing", "1.1.0")))
        self.host.kill()
        self.host.start()
        self.assertNotEqual(self.host.running(), before)
        self.assert_live(self.host.rollback("routing"))
        self.assertEqual(self.host.running(), before)
        self.assert_serves()

    def test_a_damaged_file_beside_what_is_live_does_not_stop_a_restart(self):
        file = pathlib.Path(self.host.current_file("routing"))
        self.assert_live(self.host.push(self.host.module("routing", "1.1.0")))
        before = self.host.running()
        self.host.kill()
        file.unlink()
        self.host.start()
        self.assertEqual(self.host.running(), before)
        self.assert_serves()

    def test_the_running_set_does_not_need_the_file_that_was_pushed(self):
        file = pathlib.Path(self.copy("routing"))
        self.assert_live(self.host.push(file))
        before = self.host.running()
        file.unlink()
        self.host.restart()
        self.assertEqual(self.host.running(), before)

    def test_rollback_to_a_version_skips_those_between(self):
        for name in ("good", "good_patch", "good_next"):
            self.assert_live(self.host.push(fixture(name)))
        done = json.loads(self.host.cli("--json", "rollback", "good", "--to", "1.0.0").stdout)
        self.assertEqual((done["modules"][0]["from"], done["modules"][0]["to"]), ("2.0.0", "1.0.0"))
        self.assertEqual(self.host.version("good"), "1.0.0")

    def test_the_oldest_generation_is_retired_and_cannot_be_gone_back_to(self):
        first = self.host.running()["routing"]
        for _ in range(3):  # With the first that is one more than are kept.
            self.assert_live(self.host.push(self.copy("routing")))
        self.assertNotIn(first, [each["build_id"] for each in self.host.modules()])
        maps = pathlib.Path(f"/proc/{self.host.process.pid}/maps").read_text()
        self.assertNotIn(first, maps, "its image is unmapped")
        self.assert_live(self.host.rollback("routing"))
        self.assert_live(self.host.rollback("routing"))
        self.assertEqual(self.host.rollback("routing")["outcome"], "refused")

    def test_files_pushed_as_one_go_live_in_one_push(self):
        before = self.host.running()
        files = [self.copy(name) for name in MODULES]
        done = json.loads(self.host.cli("--json", "push", *files, "--as-one").stdout)
        self.assertEqual(sorted(each["name"] for each in done["modules"]), sorted(MODULES))
        after = self.host.running()
        for name in MODULES:
            self.assertNotEqual(after[name], before[name])
        self.assert_serves()

    def test_killed_in_a_push_it_comes_back_on_a_whole_set(self):
        outcomes = {"before": 0, "after": 0}
        for kill in range(KILLS):
            before = self.host.running()
            files = [self.copy(name) for name in MODULES]
            thread = threading.Thread(target=self.push_until_the_end, args=(files,))
            thread.start()
            time.sleep(kill * KILL_STEP_S)  # The moment of the kill, no synchronisation.
            self.host.kill()
            thread.join()
            self.host.start()
            after = self.host.running()
            changed = [name for name in before if after[name] != before[name]]
            self.assertIn(sorted(changed), ([], sorted(MODULES)), f"half a set after {kill * KILL_STEP_S:g} s")
            outcomes["after" if changed else "before"] += 1
            self.assert_serves()
        self.assertGreater(outcomes["before"], 0, "no kill came before a push was recorded")

    def push_until_the_end(self, files):
        try:
            self.host.push(*files, as_one=True)
        except (ConnectionError, OSError, ValueError):
            pass  # It was killed.


if __name__ == "__main__":
    unittest.main()
