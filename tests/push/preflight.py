#!/usr/bin/env python3
"""What would hurt in the host is stopped before it gets there: preflight, and the plan that is told before a push.

Each fixture is version 2.0.0 of `faulty`, pushed over 1.0.0 by the command line; a witness is connected all the while.
"""
import json
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import Host, eventually, fixture  # noqa: E402
from xmpp_client import Client, conditions  # noqa: E402

NS = "urn:example:faulty"
# Fixture to what the operator reads.
STOPPED = {
    "crash_in_self_test": "in preflight it died of SIGSEGV, at self_test in self_test",
    "crash_in_create": "in preflight it died of SIGSEGV, at create in create",
    "crash_in_destroy": "in preflight it died of SIGSEGV, at destroy in destroy",
    "crash_in_convert": "in preflight it died of SIGSEGV, at convert of table `faulty` from schema 1 to 2 in convert",
    "down_is_lossy": "is not the same after convert from schema 1 to 2 and back, so a rollback would lose something",
    "double_free": "in preflight it died of SIGABRT, at on_stanza for iq urn:example:faulty self in misbehave",
    "endless_loop": "used up its hard budget of processor time",
    "forbidden_call": "made a system call that no module has any business with",
    "hangs": "did not come back from on_stanza for iq urn:example:faulty self within 10000 ms",
    "huge_reply": "bytes to a client for one event, more than",
    "leaks": "bytes more each time",
    "null_write": "in preflight it died of SIGSEGV, at on_stanza for iq urn:example:faulty self in misbehave",
    "slow_call": "us, the quickest of 5 calls, and its budget is 50000 us",
    "throws_in_call": "in preflight it threw not today",
}


class Preflight(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host({"modules_initial": ["session", "registration"], "push": {"preflight_seconds": 10}}).start()
        cls.addClassCleanup(cls.host.remove)
        cls.host.add_user("witness")
        cls.witness = Client(cls.host, "witness").log_in(presence=False)
        cls.addClassCleanup(cls.witness.close)
        live = cls.host.push(fixture("faulty_right"))
        assert live["outcome"] == "live", live
        cls.ask(cls())  # There is a row of schema 1 now.

    def ask(self):
        answer = self.witness.iq("get", f"<go xmlns='{NS}'/>")
        self.assertEqual(answer.get("type"), "result", conditions(answer))
        return answer.findtext(f"{{{NS}}}faulty").split()[0]

    def newest(self):
        return max(self.host.control.call("history", limit=5)["records"], key=lambda each: each["number"])

    def test_each_is_stopped_where_it_is_wrong_and_the_host_has_felt_nothing(self):
        pid = self.host.status()["pid"]
        for name, words in STOPPED.items():
            with self.subTest(name):
                done = self.host.cli("push", fixture("faulty_" + name), expect=1)
                self.assertIn(words, done.stderr)
                self.assertIn("faulty 2.0.0 refused: ", done.stderr)
                self.assertIn("What was running keeps running.", done.stderr)
                record = self.newest()
                self.assertEqual((record["outcome"], record["steps"][-1]["name"]), ("refused", "preflight"))
                self.assertIn(words, record["refusals"][0]["reason"])
                self.assertEqual(self.ask(), "1.0.0")
        status = self.host.status()
        self.assertEqual(status["pid"], pid)
        self.assertFalse(status["is_tainted"])
        self.assertEqual([each["version"] for each in self.host.modules() if each["name"] == "faulty"], ["1.0.0"])
        self.assertIn("refused in preflight", self.host.cli("history").stdout)

    def test_no_child_is_left(self):
        self.host.cli("push", fixture("faulty_hangs"), expect=1)
        eventually(lambda: not self.children(), "the child is gone")

    def children(self):
        pid = self.host.process.pid
        tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
        return [each for task in tasks for each in (task / "children").read_text().split()]

    def test_a_push_tells_its_plan_before_it_changes_anything(self):
        done = self.host.cli("push", fixture("good"))
        lines = done.stderr.splitlines()
        words = [line.split()[0] for line in lines]
        self.assertEqual([word for word in words if word in ("verify", "preflight", "stage", "live")],
                         ["verify", "preflight", "stage", "live"])
        plan = next(i for i, line in enumerate(lines) if line.startswith("good 1.0.0: new module, signed by"))
        self.assertLess(words.index("preflight"), plan)
        self.assertLess(plan, words.index("stage"))
        self.assertIn("iq urn:example:good self", done.stderr)
        self.assertRegex(lines[words.index("preflight")], r"\d+ events, the slowest \d+ us")
        self.assertIn("preflight", [each["name"] for each in self.newest()["steps"]])

        done = self.host.cli("--json", "push", fixture("good_next"))
        events = [json.loads(line) for line in done.stderr.splitlines()]
        plan = next(event["plan"] for event in events if event["step"] == "plan")
        self.assertTrue(plan["is_hot"])
        self.assertEqual(plan["modules"][0]["kind"], "schema step")
        self.assertEqual(json.loads(done.stdout)["steps"][1]["name"], "preflight")

    def test_a_plan_changes_nothing_and_names_what_stops_it(self):
        before = self.host.running(), self.newest()["number"]
        hot = self.host.cli("plan", self.host.module("routing", "1.0.0"))
        self.assertIn("routing 1.0.0: new module", hot.stdout)
        self.assertIn("hot: live without a restart", hot.stdout)
        blocked = self.host.cli("plan", fixture("faulty_down_is_lossy"), expect=1)
        self.assertIn("faulty 1.0.0 -> 2.0.0: schema step", blocked.stdout)
        self.assertIn("faulty: schema 1 -> 2", blocked.stdout)
        self.assertIn("a rollback would lose something", blocked.stdout)
        needs = self.host.cli("plan", fixture("abi_too_new"), expect=1)
        self.assertIn("needs a newer host", needs.stdout)
        report = json.loads(self.host.cli("--json", "plan", self.host.module("routing", "1.0.0")).stdout)
        self.assertEqual(report["blockers"], [])
        self.assertEqual((self.host.running(), self.newest()["number"]), before)

    def test_a_start_does_not_repeat_it(self):
        with Host({"modules_initial": ["session"]}) as host:
            host.restart()
            starts = [each for each in host.control.call("history", limit=5)["records"] if each["kind"] == "start"]
            self.assertEqual(len(starts), 2)
            for start in starts:
                self.assertNotIn("preflight", [each["name"] for each in start["steps"]])

    def test_a_host_holds_the_program_that_it_started_with(self):
        with Host({"modules_initial": ["session"]}) as host:
            self.assertIn("hotline-preflight", self.open_files(host))
            self.assertEqual(host.push(fixture("good"))["outcome"], "live")

    @staticmethod
    def open_files(host):
        """Names of what its descriptors are open on; one that is closed meanwhile is passed over."""
        names = set()
        for each in pathlib.Path(f"/proc/{host.process.pid}/fd").iterdir():
            try:
                names.add(os.path.basename(os.readlink(each)))
            except FileNotFoundError:
                continue
        return names


if __name__ == "__main__":
    unittest.main()
