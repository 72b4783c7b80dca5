#!/usr/bin/env python3
"""Modules are pushed and rolled back under 1,000 TLS sessions, 200 times, and nobody notices.

hotline-bench sends numbered messages between pairs all the while and says what was lost, doubled, reordered or
cut. Between two pushes there is always traffic: the next one waits until the host has taken more messages.
A new build is a copy of the current one with another build id; the first round also goes to the next version
of routing. HOTLINE_PUSH_PAIRS and HOTLINE_PUSH_COUNT make it smaller on slow machines.
"""
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import eventually, host_of, other_build  # noqa: E402
from live_load import WRONG, HostProcess, await_all, pairs  # noqa: E402

PAIRS = int(os.environ.get("HOTLINE_PUSH_PAIRS", "500"))
PUSHES = int(os.environ.get("HOTLINE_PUSH_COUNT", "200"))
RATE = int(os.environ.get("HOTLINE_PUSH_RATE", "2000"))
MODULES = ("routing", "session", "presence", "registration")
KEEP = 3                # push.keep_generations, the default.
TRAFFIC_BETWEEN = 40    # Messages the host takes between two pushes.
# Resident memory may grow by so much from the first full round of pushes to the last: a kept generation more is
# below 1 MiB, a leaked one a push would be over 100 MiB. Allocators and the record of the traffic take the rest.
MEMORY_SHARE = 0.15
MEMORY_SLACK_BYTES = 16 << 20


class PushUnderLoad(unittest.TestCase):
    def setUp(self):
        self.host = host_of(self, config={"log": {"level": "warning"}})
        self.host.add_users("load", 2 * PAIRS)
        self.builds = 0

    def test_pushes_and_rollbacks_under_load_are_noticed_by_nobody(self):
        host, process = self.host, HostProcess(self.host.process.pid)
        load = pairs(host, PAIRS, RATE)
        self.addCleanup(load.kill)
        await_all(host, load)
        self.traffic_passes(load)
        sockets = process.sockets()
        self.assertGreaterEqual(len(sockets), 2 * PAIRS)

        self.push_next_version_and_go_back()
        baseline = None
        for number in range(PUSHES):
            self.push_or_roll_back(number)
            self.traffic_passes(load)
            if number + 1 == 8 * KEEP:  # All modules have as many generations as are kept.
                baseline = process.resident_bytes()
        resident = process.resident_bytes()
        self.assertEqual(process.sockets(), sockets, "the same sockets, none left over")
        self.mappings_are_those_of_kept_generations(process)
        report = load.end()

        for figure in WRONG:
            self.assertEqual(report[figure], 0, f"{figure}: {report}")
        self.assertTrue(report["clean"], report)
        self.assertEqual(report["delivered"], report["sent"])
        self.assertGreater(report["delivered"], PUSHES * TRAFFIC_BETWEEN)
        self.nothing_was_charged_to_a_module()
        if baseline is not None:
            self.assertLess(resident, baseline * (1 + MEMORY_SHARE) + MEMORY_SLACK_BYTES,
                            "resident memory grew with the pushes")
        pushes = host.status()["pushes"]
        self.assertEqual((pushes["pushes"] + pushes["rollbacks"], pushes["refused"]), (PUSHES + 2, 0))
        print(f"{PUSHES} pushes and rollbacks under {2 * PAIRS} sessions and {report['delivered']} messages; "
              f"longest pause {pushes['pause_us_max']} us; resident {(baseline or 0) >> 20} -> {resident >> 20} MiB",
              file=sys.stderr)

    # ---- acts

    def traffic_passes(self, load):
        before = self.host.status()["messages"]["messages"]
        eventually(lambda: self.host.status()["messages"]["messages"] >= before + TRAFFIC_BETWEEN
                   or not load.is_running(), "more messages pass")
        if not load.is_running():
            self.fail(f"hotline-bench ended early: {load.process.communicate()}")

    def push_next_version_and_go_back(self):
        self.is_live(self.host.push(self.host.module("routing", "1.1.0")), "1.0.0", "1.1.0")
        self.is_live(self.host.rollback("routing"), "1.1.0", "1.0.0")

    def push_or_roll_back(self, number):
        """Two pushes, then a rollback, then the next module."""
        name = MODULES[number // 3 % len(MODULES)]
        before = self.host.running()[name]
        if number % 3 == 2:
            self.is_live(self.host.rollback(name))
        else:
            self.builds += 1
            file = other_build(self.host.current_file(name), before, self.host.directory / f"{self.builds}.so")
            self.is_live(self.host.push(file))
            os.remove(file)  # The host has its own copy.
        self.assertNotEqual(self.host.running()[name], before)

    def is_live(self, report, old=None, new=None):
        self.assertEqual(report["outcome"], "live", report)
        if old:
            self.assertEqual((report["modules"][0]["from"], report["modules"][0]["to"]), (old, new))

    # ---- what must hold

    def mappings_are_those_of_kept_generations(self, process):
        mapped = process.module_files(self.host.state)
        for name in MODULES:
            of_module = [file for file in mapped if f"/modules/{name}/" in file]
            self.assertLessEqual(len(of_module), KEEP, of_module)
            self.assertIn(self.host.current_file(name), of_module)
        self.assertFalse([each for each in self.host.modules() if each["state"] == "pinned"])

    def nothing_was_charged_to_a_module(self):
        for each in self.host.modules():
            self.assertEqual(each["faults"], 0, each)
        self.assertEqual(self.host.alarms(), {})


if __name__ == "__main__":
    unittest.main()
