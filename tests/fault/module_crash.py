#!/usr/bin/env python3
"""A module that breaks the allocator or libc ends the process: it comes back on the generation before, and nothing is lost.
Behind a schema step too: what it wrote is read through its convert, or by itself where nothing else can.

1,000 sessions are on when it happens (HOTLINE_CRASH_PAIRS makes it fewer). What was acknowledged to its sender is
delivered, or waits; what had been sent and not yet acknowledged may come again, never twice in one life.
"""
import contextlib
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
import kill_under_load  # noqa: E402
from hotline_host import TREE, Control, Host, OtherProcess, build, eventually, fixture, host_of  # noqa: E402
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


class BehindASchemaStep(unittest.TestCase):
    """A build that had written rows of a newer schema when it died: they are on disk, and the version before cannot read them."""

    def up(self, name):
        """A host on `name` 2.0.0 over 1.0.0, with a row of the newer schema that is safe."""
        self.host = host_of(self, "juliet", config={"push": {"preflight": False}})
        self.assertEqual(self.host.push(fixture("faulty_right"))["outcome"], "live")
        report = self.host.push(fixture(name))
        self.assertEqual(report["outcome"], "live", report)
        self.build_id = report["modules"][0]["build_id"]
        self.assertEqual(self.ask(), "2.0.0 -")
        eventually(lambda: self.on_disk() == [(2, b"2.0.0")], "its row is on disk")

    def on_disk(self):
        with contextlib.closing(sqlite3.connect(f"file:{self.host.state}/store/hotline.db?mode=ro", uri=True)) as store:
            return store.execute("SELECT schema, value FROM row WHERE tbl = 'faulty'").fetchall()

    def ask(self):
        juliet = Client(self.host, "juliet").log_in(presence=False)
        answer = juliet.iq("get", "<stay xmlns='urn:example:faulty'/>")
        juliet.close()
        self.assertEqual(answer.get("type"), "result")
        return answer[0].text

    def dies(self, word):
        juliet = Client(self.host, "juliet").log_in(presence=False)
        juliet.raw(f"<iq type='get' id='1'><{word} xmlns='urn:example:faulty'/></iq>")
        self.host._ended()
        juliet.cut()
        self.assertEqual(self.host.process.returncode, -signal.SIGSEGV)

    def comes_back(self, version, call):
        self.host.start()
        self.assertEqual(self.host.version("faulty"), version)
        record = next(each for each in self.host.control.call("history", limit=10)["records"] if each["kind"] == "crash")
        self.assertIn(f"while faulty 2.0.0 was called for {call}", record["reason"])
        self.assertEqual((record["modules"][0]["from"], record["modules"][0]["to"]), ("2.0.0", version))

    def test_the_one_before_it_reads_its_rows_through_its_convert(self):
        self.up("faulty_dies_ahead")
        self.dies("die")
        self.comes_back("1.0.0", "on_stanza")
        self.assertEqual({each["state"] for each in self.host.modules() if each["build_id"] == self.build_id}, {"left"})
        self.assertEqual(self.ask(), "1.0.0 2.0.")  # Schema 1 is one byte shorter.
        self.host.restart()  # In order: nobody is guilty any more, and the row is not of another schema.
        self.assertEqual(self.host.version("faulty"), "1.0.0")
        self.assertEqual(self.ask(), "1.0.0 1.0.0")

    def test_one_that_dies_converting_too_serves_itself(self):
        self.up("faulty_dies_converting")
        self.dies("die")
        # The one before it is asked for the row, by a client or by the sweep.
        self.host.control.close()
        self.starts_and_dies()
        self.comes_back("2.0.0", "convert")
        self.assertEqual(self.ask(), "2.0.0 2.0.0")
        self.assertEqual(self.ask(), "2.0.0 2.0.0")

    def starts_and_dies(self):
        """The sweep may be faster than `serves`: what the process says on its way is not looked at."""
        file = self.host.directory / "hotline.json"
        with subprocess.Popen([build() / "hotlined", "--state", self.host.state, "--config", file],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            self.assertEqual(process.wait(30), -signal.SIGSEGV)

    def test_a_start_that_fails_does_not_forget_who_was_guilty(self):
        self.up("faulty_dies_ahead")
        self.dies("die")
        modules, away = self.host.state / "modules" / "routing", self.host.state / "away"
        modules.rename(away)
        self.assertIn("could not be brought up", self.host.start_fails())
        away.rename(modules)
        self.comes_back("1.0.0", "on_stanza")


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
