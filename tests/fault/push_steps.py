#!/usr/bin/env python3
"""The host dies, or its disk is full, at each step of a push and of a rollback: what was running comes back, or what the
running set already names; what was acknowledged is there, the history can be read, and the next push goes through.

HOTLINE_FAULT_POINT names the step (docs/testing.md). Each start is armed for the next one, so that a step costs one start.
"""
import os
import pathlib
import signal
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import build_id_of, eventually, host_of, other_build  # noqa: E402
from small_disk import SmallDisk  # noqa: E402
from xmpp_client import SM, Client  # noqa: E402

MODULE = "routing"
DISK_BYTES = 64 << 20
# The step, what is asked for besides, and what a restart comes back on when the host dies there.
BEFORE, AFTER = "before", "after"
STEPS = (
    ("push.verify", {}, BEFORE),
    ("push.preflight", {}, BEFORE),
    ("push.store", {}, BEFORE),
    ("push.stage", {}, BEFORE),
    ("push.canary", {"canary": [5_000], "hold_ms": 3_600_000}, BEFORE),
    ("push.barrier", {}, BEFORE),
    ("push.live", {}, BEFORE),       # Nobody was told yet that it is live.
    ("push.provisional", {"gate_ms": 3_600_000}, BEFORE),
    ("push.settle", {}, AFTER),
    ("push.record", {}, AFTER),
    ("push.unload", {}, AFTER),
    ("rollback.barrier", {}, BEFORE),
    ("rollback.live", {}, BEFORE),
    ("rollback.record", {}, AFTER),
)


class Step(unittest.TestCase):
    """What both ways of going wrong have in common."""

    def begin(self, **of_host):
        self.host = host_of(self, "juliet", "romeo", **of_host)
        self.copies = self.acknowledged = 0
        # Something to go back to, from the first step on.
        self.assertEqual(self.host.push(self.copy())["outcome"], "live")

    def copy(self):
        self.copies += 1
        current = self.host.current_file(MODULE)
        return other_build(current, build_id_of(current), self.host.directory / f"{MODULE}-{self.copies}.so")

    def arm(self, step, action):
        self.host.environment = {"HOTLINE_FAULT_POINT": f"{step}:{action}"}

    def acknowledge_one(self):
        """A message to somebody who is away, until its sender was told that it is safe."""
        juliet = Client(self.host, "juliet").log_in(presence=False)
        juliet.message("romeo@localhost", f"number {self.acknowledged}", id=str(self.acknowledged))

        def is_acknowledged():
            juliet.ask_ack()
            return int(juliet.expect(lambda e: e.tag == SM + "a").get("h")) == 1
        eventually(is_acknowledged, "the message is acknowledged")
        juliet.cut()
        self.acknowledged += 1

    def act(self, step, more):
        """The push or rollback, on a connection of its own, in a thread: the host may not come back from it."""
        control = type(self.host.control)(self.host.run["socket"])
        if step.startswith("push"):
            def ask():
                return control.call("push", files=[self.copy()], reason=step, **more)
        else:
            def ask():
                return control.call("rollback", module=MODULE, to="", reason=step)

        def run():
            try:
                self.report = ask()
            except (ConnectionError, OSError, ValueError):
                self.report = None
            finally:
                control.close()
        self.report = None
        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def holds(self, before, what):
        """The host that has just started is whole."""
        now = self.host.running()
        self.assertEqual({name: each for name, each in now.items() if name != MODULE},
                         {name: each for name, each in before.items() if name != MODULE})
        if what == BEFORE:
            self.assertEqual(now[MODULE], before[MODULE], "what was running before")
        elif what == AFTER:
            self.assertNotEqual(now[MODULE], before[MODULE], "what was pushed")
        self.assertEqual(self.host.mailbox("romeo")["entries"], self.acknowledged, "what was acknowledged")
        self.assertIn(MODULE, self.host.cli("history").stdout)

    def goes_through(self):
        """A push and a rollback, on what all of it has left behind."""
        before = self.host.running()
        self.assertEqual(self.host.push(self.copy())["outcome"], "live")
        self.assertEqual(self.host.rollback(MODULE)["outcome"], "live")
        self.assertEqual(self.host.running(), before)
        left = [path.name for path in (self.host.state / "modules").rglob("*.part")]
        self.assertEqual(left, [], "half files")
        romeo = Client(self.host, "romeo").log_in()
        for number in range(self.acknowledged):
            self.assertEqual(romeo.expect_message().get("id"), str(number))
        romeo.close()


class KilledAtAStep(Step):
    def test_what_was_running_comes_back_or_what_was_recorded(self):
        self.begin()
        before = what = None
        for step, more, outcome in STEPS:
            with self.subTest(step):
                self.arm(step, "kill")
                self.host.restart() if before is None else self.host.start()
                if before is not None:
                    self.holds(before, what)
                before, what = self.host.running(), outcome
                self.acknowledge_one()
                thread = self.act(step, more)
                self.host.process.wait(30)
                self.assertEqual(self.host.process.returncode, -signal.SIGKILL)
                thread.join()
                self.host.kill()
        self.host.environment = {}
        self.plant_half_files()
        self.host.start()
        self.holds(before, what)
        self.goes_through()

    def plant_half_files(self):
        """As they are left by a process that dies while it writes."""
        half = pathlib.Path(self.host.module(MODULE, "1.0.0")).read_bytes()[:5000]
        modules = self.host.state / "modules"
        for file in (modules / MODULE / f"{build_id_of(self.host.module(MODULE, '1.0.0'))}.part",
                     modules / "running.json.part", self.host.state / "trusted" / "anna.pub.part",
                     self.host.state / "blocklist.json.part"):
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(half)

    def test_a_point_that_is_not_there_is_named(self):
        self.begin()
        self.host.stop()
        self.arm("push.lvie", "kill")
        self.assertRegex(self.host.start_fails(), "no point is called `push.lvie`; there are push.verify, ")


@unittest.skipUnless(os.geteuid() == 0, "mounting a tmpfs takes root")
class FullDiskAtAStep(Step):
    def test_the_push_is_refused_or_live_and_a_restart_is_whole(self):
        self.disk = SmallDisk(self, DISK_BYTES)
        self.begin(state=self.disk.path / "state")
        before = what = None
        for step, more, _ in STEPS:
            with self.subTest(step):
                self.arm(step, "stop")
                self.host.restart() if before is None else self.host.start()
                if before is not None:
                    self.holds(before, what)
                before = self.host.running()
                self.acknowledge_one()
                thread = self.act(step, more)
                eventually(self.is_stopped, f"{step} is reached")
                self.disk.fill()
                self.host.process.send_signal(signal.SIGCONT)
                if "canary" in more:
                    self.host.control.call("canary.abort", reason="the disk is full")
                thread.join(60)
                self.assertFalse(thread.is_alive(), "there is an answer")
                what = self.promised(before, more)
                self.assertTrue(self.host.is_up())
                self.disk.make_room()
                self.host.kill()
        self.host.environment = {}
        self.host.start()
        self.holds(before, what)
        self.goes_through()

    def promised(self, before, more):
        """What the answer has said that a restart comes back on."""
        self.assertIn(self.report["outcome"], ("live", "refused", "aborted"))
        runs = self.host.running()[MODULE]
        if self.report["outcome"] != "live":
            self.assertTrue(self.report["refusals"], self.report)
            self.assertEqual(runs, before[MODULE])
            return BEFORE
        self.assertNotEqual(runs, before[MODULE])
        if "gate_ms" in more or any("a restart would come back on the set before" in note for note in self.report["notes"]):
            return BEFORE
        return AFTER

    def is_stopped(self):
        stat = pathlib.Path(f"/proc/{self.host.process.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "T"


if __name__ == "__main__":
    unittest.main()
