#!/usr/bin/env python3
"""A module that breaks the allocator or libc ends the process: it comes back on the generation before, and nothing is lost.

1,000 sessions are on when it happens (HOTLINE_CRASH_PAIRS makes it fewer). What was acknowledged to its sender is
delivered, or waits; what had been sent and not yet acknowledged may come again, never twice in one life.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
import kill_under_load  # noqa: E402
from hotline_host import TREE, Control, Host, OtherProcess, build, fixture  # noqa: E402
from live_load import await_all, pairs  # noqa: E402
from xmpp_client import Client  # noqa: E402

PAIRS = int(os.environ.get("HOTLINE_CRASH_PAIRS", "500"))
ASK = "<iq type='get' id='go'><go xmlns='urn:example:faulty'/></iq>"


class ModuleCrash(kill_under_load.KillUnderLoad):
    """The kills of kill_under_load, by a module's own hand."""

    CONFIG = {"push": {"preflight": False}}  # It would refuse both.
    test_what_was_acknowledged_survives_every_kill = None

    def test_it_comes_back_on_the_generation_before_and_nothing_is_lost(self):
        self.host.add_users("load", 2 * PAIRS)
        self.host.add_user("trigger")
        self.assertEqual(self.host.push(fixture("faulty_right"))["outcome"], "live")
        for name, number in (("double_free", signal.SIGABRT), ("copy_to_null", signal.SIGSEGV)):
            with self.subTest(name):
                load = pairs(self.host, PAIRS, 500)
                self.addCleanup(load.kill)
                await_all(self.host, load)
                report = self.host.push(fixture("faulty_" + name))
                self.assertEqual(report["outcome"], "live", report)
                self.crash_signal = number
                self.live_and_die()
                load.kill()
                self.comes_back_on_the_one_before(report["modules"][0]["build_id"], number)
        self.collect()
        for pair in range(kill_under_load.PAIRS):
            self.holds(pair)

    def live_and_die(self):
        host = self.host
        real_kill = host.kill

        def crash():
            trigger = Client(host, "trigger").log_in(presence=False)
            trigger.raw(ASK)
            host._ended()
            self.assertEqual(host.process.returncode, -self.crash_signal)
            trigger.cut()
        host.kill = crash
        try:
            super().live_and_die()
        finally:
            host.kill = real_kill

    def comes_back_on_the_one_before(self, build_id, number):
        host = self.host
        self.assertEqual(host.version("faulty"), "1.0.0")
        self.assertNotIn(build_id, host.running().values())
        self.assertFalse(host.status()["is_tainted"], "another process is as good as new")
        crash = max((each for each in host.control.call("history", limit=10)["records"] if each["kind"] == "crash"),
                    key=lambda each: each["number"])
        self.assertIn(signal.Signals(number).name, crash["reason"])
        self.assertIn("while faulty 2.0.0 was called for on_stanza", crash["reason"])
        self.assertEqual(crash["modules"][0]["build_id"], build_id)
        trigger = Client(host, "trigger").log_in(presence=False)
        self.assertEqual(trigger.iq("get", "<go xmlns='urn:example:faulty'/>").get("type"), "result")
        trigger.close()


class Supervised(unittest.TestCase):
    def test_the_supervisor_brings_it_back_and_lets_it_end(self):
        host = Host({"push": {"preflight": False}})
        self.addCleanup(host.remove)
        host.start()
        host.add_user("trigger")
        for name in ("right", "copy_to_null"):
            self.assertEqual(host.push(fixture("faulty_" + name))["outcome"], "live")
        host.stop()
        supervisor = subprocess.Popen(
            [TREE / "scripts" / "supervise", "--state", host.state, "--config", host.directory / "hotline.json"],
            env={**os.environ, "HOTLINED": str(build() / "hotlined")}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(supervisor.kill)
        first = self.take_up(host, supervisor)
        trigger = Client(host, "trigger").log_in(presence=False)
        trigger.raw(ASK)
        trigger.ended()
        second = self.take_up(host, supervisor)
        self.assertNotEqual(first, second)
        self.assertEqual(host.version("faulty"), "1.0.0")
        # One that an upgrade has put in its place is followed.
        host.process = OtherProcess(second)
        third = self.upgraded(host)
        self.assertNotEqual(third, second)
        os.kill(third, signal.SIGKILL)
        host.control.close()
        fourth = self.take_up(host, supervisor)
        self.assertNotEqual(fourth, third)
        host.process = OtherProcess(fourth)
        self.upgraded(host)
        host.control.call("shutdown")
        self.assertEqual(supervisor.wait(30), 0)
        host.process = None

    @staticmethod
    def upgraded(host):
        report = host.upgrade(build() / "hotlined")
        if report["outcome"] != "live":
            raise AssertionError(report)
        return host.process.pid

    @staticmethod
    def take_up(host, supervisor):
        """Waits for the line of a new process, and makes the host's helper speak with it."""
        line = supervisor.stdout.readline().decode()
        if " serves " not in line:
            raise AssertionError(line)
        host.run = json.loads((host.state / "run.json").read_text())
        host.control = Control(host.run["socket"])
        return host.run["pid"]


if __name__ == "__main__":
    unittest.main()
