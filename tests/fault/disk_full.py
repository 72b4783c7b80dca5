#!/usr/bin/env python3
"""The disk fills up: an alarm says so, nobody is promised anything, and with room again all goes on by itself.

The state directory is a small tmpfs, which takes root to mount.
"""
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import eventually, host_of  # noqa: E402
from small_disk import SmallDisk  # noqa: E402
from xmpp_client import SM, Client  # noqa: E402

DISK_BYTES = 32 << 20
BODY_BYTES = 20_000
MESSAGES = 40


@unittest.skipUnless(os.geteuid() == 0, "mounting a tmpfs takes root")
class DiskFull(unittest.TestCase):
    def setUp(self):
        self.disk = SmallDisk(self, DISK_BYTES)
        self.host = host_of(self, "juliet", "romeo", "mercutio", "tybalt", state=self.disk.path / "state")

    def acked(self, client):
        """What the server has counted of the client's, as of now: it answers <r/> with what is safe."""
        client.ask_ack()
        return int(client.expect(lambda e: e.tag == SM + "a").get("h"))

    def test_a_full_disk_stops_promises_not_the_host(self):
        juliet = Client(self.host, "juliet").log_in(presence=False)
        mercutio = Client(self.host, "mercutio").log_in()
        tybalt = Client(self.host, "tybalt").log_in()
        for each in (juliet, mercutio, tybalt):
            self.addCleanup(each.close)
        juliet.message("romeo@localhost", "while there is room", id="room")
        eventually(lambda: self.acked(juliet) == 1, "a message is acknowledged while there is room")

        self.disk.fill()
        for number in range(MESSAGES):
            juliet.message("romeo@localhost", f"{number:<{BODY_BYTES}}", id=number)
        alarm = eventually(lambda: self.host.alarms().get("store.unwritable"), "the alarm")
        self.assertRegex(alarm, r"(?i)full|space")
        self.assertIn("store.unwritable", self.host.cli("status").stdout)
        self.assertFalse(self.host.status()["store"]["is_writable"])

        # No promise is made that is not kept, and those who are on talk on.
        counted = self.acked(juliet)
        self.assertLess(counted, 1 + MESSAGES)
        mercutio.message("tybalt@localhost", "on a full disk", id="1")
        tybalt.expect_message("on a full disk")
        self.assertTrue(self.host.is_up())
        self.assertLess(self.acked(juliet), 1 + MESSAGES, "acknowledged while the disk is full")

        self.disk.make_room()
        eventually(lambda: self.acked(juliet) == 1 + MESSAGES, "all are acknowledged once there is room")
        eventually(lambda: not self.host.alarms(), "the alarm is over")
        self.assertTrue(self.host.status()["store"]["is_writable"])

        # And it was true: they outlive the process.
        self.host.kill()
        self.host.start()
        romeo = Client(self.host, "romeo").log_in()
        self.addCleanup(romeo.close)
        romeo.expect_message("while there is room")
        for number in range(MESSAGES):
            got = romeo.expect_message()
            self.assertEqual(got.get("id"), str(number))

    def test_a_push_on_a_full_disk_is_refused_and_goes_through_later(self):
        before = self.host.running()
        self.disk.fill()
        report = self.host.push(self.host.module("routing", "1.1.0"))
        self.assertEqual(report["outcome"], "refused", report)
        self.assertRegex(report["refusals"][0]["reason"], r"(?i)full|space")
        self.assertEqual(self.host.running(), before)
        self.disk.make_room()
        self.assertEqual(self.host.push(self.host.module("routing", "1.1.0"))["outcome"], "live")

    def test_killed_on_a_full_disk_it_comes_back_when_there_is_room(self):
        juliet = Client(self.host, "juliet").log_in(presence=False)
        self.addCleanup(juliet.close)
        juliet.message("romeo@localhost", "kept", id="kept")
        eventually(lambda: self.acked(juliet) == 1, "it is acknowledged")
        self.disk.fill()
        for number in range(MESSAGES):
            juliet.message("romeo@localhost", f"{number:<{BODY_BYTES}}", id=number)
        eventually(lambda: "store.unwritable" in self.host.alarms(), "the alarm")
        counted = self.acked(juliet)
        self.host.kill()
        self.disk.make_room()
        self.host.start()
        self.assertGreaterEqual(self.host.mailbox("romeo")["entries"], counted)
        romeo = Client(self.host, "romeo").log_in()
        self.addCleanup(romeo.close)
        romeo.expect_message("kept")


if __name__ == "__main__":
    unittest.main()
