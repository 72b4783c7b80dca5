#!/usr/bin/env python3
"""One of the two processes of an upgrade dies at each of its steps: whoever is left serves, by itself, and what was
acknowledged is there.

HOTLINE_FAULT_POINT names the step (docs/testing.md): `give.` in the old process, `take.` in the new one.
"""
import json
import pathlib
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import Control, OtherProcess, build, eventually, host_of  # noqa: E402
from xmpp_client import SM, Client, Closed  # noqa: E402

# The step, who serves afterwards, and whether a session that was there still is.
OLD, NEW, NOBODY = "old", "new", "nobody"
STEPS = (
    ("give.verified", NOBODY, False),
    ("give.started", NOBODY, False),
    ("give.loaded", NOBODY, False),
    ("give.doors", NEW, False),
    ("give.frozen", NEW, False),
    ("give.carried", NEW, False),
    ("give.ready", NEW, False),
    ("give.given", NEW, False),
    ("give.half", NEW, False),
    ("give.moved", NEW, False),
    ("give.closed", NEW, False),
    ("give.end", NEW, True),
    ("take.loaded", OLD, True),
    ("take.doors", OLD, True),
    ("take.carried", OLD, True),
    ("take.ready", OLD, True),
    ("take.go", OLD, False),
    ("take.serves", OLD, False),
    ("take.half", OLD, False),
    ("take.store", OLD, False),
    ("take.alone", NOBODY, False),
)


class DiesAtAStep(unittest.TestCase):
    def test_who_is_left_serves_and_nothing_acknowledged_is_lost(self):
        self.host = host_of(self, "juliet", "romeo")
        acknowledged = 0
        for step, left, stays in STEPS:
            with self.subTest(step):
                self.host.environment = {"HOTLINE_FAULT_POINT": f"{step}:kill"}
                self.host.restart()
                self.acknowledge_one(acknowledged)
                acknowledged += 1
                witness = Client(self.host, "juliet", resource="witness").log_in()
                self.upgrade()
                self.serves(left)
                self.assertEqual(self.host.mailbox("romeo")["entries"], acknowledged, "what was acknowledged")
                self.goes_on(witness, stays)
                self.acknowledge_one(acknowledged)
                acknowledged += 1
        romeo = Client(self.host, "romeo").log_in()
        for number in range(acknowledged):
            self.assertEqual(romeo.expect_message().get("id"), str(number))

    def acknowledge_one(self, number):
        """A message to somebody who is away, until its sender was told that it is safe."""
        juliet = Client(self.host, "juliet").log_in(presence=False)
        juliet.message("romeo@localhost", f"number {number}", id=str(number))

        def is_acknowledged():
            juliet.ask_ack()
            return int(juliet.expect(lambda e: e.tag == SM + "a").get("h")) == 1
        eventually(is_acknowledged, "the message is acknowledged")
        juliet.cut()

    def upgrade(self):
        control = Control(self.host.run["socket"])

        def ask():
            try:
                self.report = control.call("upgrade", file=str(build() / "hotlined"), reason="a step")
            except (ConnectionError, OSError, ValueError):
                self.report = None
            finally:
                control.close()
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join(60)
        self.assertFalse(thread.is_alive(), "there is an end")

    def serves(self, left):
        """Waits until the process that should be left serves; without one, a supervisor would start it."""
        if left == NOBODY:
            self.host.process.wait(30)
            self.host.environment = {}
            self.host.start()
            return
        before = self.host.run["pid"]

        def answers():
            try:
                run = json.loads((self.host.state / "run.json").read_text())
                control = Control(run["socket"])
                status = control.call("status")
                control.close()
            except (OSError, ValueError, ConnectionError):
                return None
            return run if status["pid"] == run["pid"] and (run["pid"] == before) == (left == OLD) else None
        run = eventually(answers, f"the {left} process serves")
        if left == NEW:
            self.host.process.wait(30)
            self.host.process = OtherProcess(run["pid"])
        self.host.run = run
        self.host.control.close()
        self.host.control = Control(run["socket"])

    def goes_on(self, witness, stays):
        try:
            witness.message("juliet@localhost/witness", "still here", id="here")
            witness.expect_message()
            is_there = True
        except (Closed, OSError):
            is_there = False
        if stays:
            self.assertTrue(is_there, "the session is still there")
        witness.cut()


if __name__ == "__main__":
    unittest.main()
