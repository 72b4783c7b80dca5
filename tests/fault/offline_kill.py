#!/usr/bin/env python3
"""Of 10,000 messages acknowledged to their senders while the recipient was away, none is lost by kill -9.

They come after the restart, in order, none twice, and not again once they are acknowledged.
"""
import json
import os
import pathlib
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import build, eventually, host_of  # noqa: E402
from xmpp_client import CLIENT, DELAY, Client  # noqa: E402

MESSAGES = int(os.environ.get("HOTLINE_OFFLINE_MESSAGES", "10000"))


class Offline(unittest.TestCase):
    CONFIG = {"log": {"level": "warning"}}

    def setUp(self):
        self.host = host_of(self, config=self.CONFIG)

    def bench(self, phase, recipients):
        done = subprocess.run(
            [build() / "hotline-bench", "offline", "--state", self.host.state, "--phase", phase, "--senders", "4",
             "--recipients", str(recipients), "--messages", str(MESSAGES), "--user-prefix", "off",
             "--ledger", self.host.directory / "ledger", "--json", "-"],
            capture_output=True, text=True, timeout=150, check=False)
        self.assertEqual(done.returncode, 0, f"hotline-bench offline {phase}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def all_come_in_order(self):
        figures = self.bench("redeliver", recipients=1)["redeliver"]
        self.assertEqual(figures["received"], MESSAGES)
        for figure in ("lost", "doubled", "reordered", "came_again_after_acknowledgement"):
            self.assertEqual(figures[figure], 0, figures)
        self.assertEqual(self.host.mailbox("off00004")["entries"], 0)


class LittleMemory(Offline):
    """The same with a twentieth of the memory: what is on disk leaves it, and is read back."""

    LIMIT = 1_048_576
    CONFIG = {"mailbox": {"memory_bytes_max": LIMIT, "entries_max": max(MESSAGES, 10_000)}}

    def test_what_does_not_fit_into_memory_comes_from_the_disk_all_of_it_in_order(self):
        self.host.add_users("off", 5)
        self.assertEqual(self.bench("store", recipients=1)["store"]["acknowledged"], MESSAGES)
        figures = self.host.status()["messages"]
        self.assertGreater(figures["mailbox_bytes"], 2 * self.LIMIT)
        self.assertLessEqual(figures["mailbox_memory_bytes"], self.LIMIT)
        self.assertGreater(figures["mailbox_bodies_given_up"], 0)
        self.host.kill()
        self.host.start()
        self.assertLessEqual(self.host.status()["messages"]["mailbox_memory_bytes"], self.LIMIT)
        self.all_come_in_order()
        figures = self.host.status()["messages"]
        self.assertGreater(figures["mailbox_bodies_read_back"], MESSAGES // 2)
        self.assertEqual(figures["mailbox_memory_bytes"], 0)


class OfflineKill(Offline):
    def test_ten_thousand_for_one_account_all_come_in_order(self):
        self.host.add_users("off", 5)
        stored = self.bench("store", recipients=1)["store"]
        self.assertEqual(stored["acknowledged"], MESSAGES)
        self.host.kill()
        self.host.start()
        self.assertEqual(self.host.mailbox("off00004")["entries"], MESSAGES)
        self.all_come_in_order()

    def test_what_was_acknowledged_by_its_recipient_stays_gone_after_a_kill(self):
        self.host.add_users("off", 54)
        self.bench("both", recipients=50)
        self.host.kill()
        self.host.start()
        for number in range(4, 54):
            self.assertEqual(self.host.mailbox(f"off{number:05}")["entries"], 0)

    def test_a_message_says_when_it_was_written(self):
        self.host.add_user("juliet")
        self.host.add_user("romeo")
        juliet = Client(self.host, "juliet").log_in()
        self.addCleanup(juliet.close)
        juliet.message("romeo@localhost", "good night", id="1")
        juliet.ask_ack()
        juliet.expect(lambda e: e.tag == "{urn:xmpp:sm:3}a" and int(e.get("h")) >= 2)
        self.host.kill()
        self.host.start()
        # What waits for less than a second is not called late.
        since_ms = self.host.mailbox("romeo")["oldest_wall_ms"]
        eventually(lambda: time.time() * 1000 >= since_ms + 1000, "a second has passed")
        romeo = Client(self.host, "romeo").log_in()
        self.addCleanup(romeo.close)
        got = romeo.expect_message("good night")
        self.assertEqual((got.get("id"), got.get("from"), got.get("to")), ("1", juliet.full, "romeo@localhost"))
        delay = got.find(DELAY + "delay")
        self.assertIsNotNone(delay)
        self.assertRegex(delay.get("stamp"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
        self.assertEqual(delay.get("from"), "localhost")
        self.assertIsNone(got.find(CLIENT + "error"))


if __name__ == "__main__":
    unittest.main()
