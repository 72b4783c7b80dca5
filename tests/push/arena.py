#!/usr/bin/env python3
"""What a generation allocates is its own: counted, bounded, judged by the gate, and freed with it.

`faulty_hoards` forgets 64 KiB with each event. Preflight, which would refuse it, is off.
"""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import Host, eventually, fixture  # noqa: E402
from xmpp_client import Client  # noqa: E402

NS = "urn:example:faulty"
STEP = 65_536
MIB = 1 << 20


class Arena(unittest.TestCase):
    def begin(self, push, **faults):
        host = Host({"modules_initial": ["session", "registration"], "log": {"level": "warning"}, "faults": faults,
                     "push": {"preflight": False, "keep_generations": 2, **push}}).start()
        self.addCleanup(host.remove)
        host.add_user("anna")
        anna = Client(host, "anna").log_in(presence=False)
        self.addCleanup(anna.close)
        self.ask = lambda: anna.iq("get", f"<go xmlns='{NS}'/>").findtext(f"{{{NS}}}faulty").split()[0]
        self.assertEqual(host.push(fixture("faulty_right"))["outcome"], "live")
        hoards = host.push(fixture("faulty_hoards"))
        self.assertEqual(hoards["outcome"], "live", hoards)
        self.build_id = hoards["modules"][0]["build_id"]
        return host

    def memory(self, host):
        return next(each["memory_bytes"] for each in host.modules() if each["build_id"] == self.build_id)

    def test_it_is_counted_and_shown(self):
        host = self.begin({"gate_seconds": 0})
        before = self.memory(host)
        self.assertLess(before, STEP)
        for _ in range(20):
            self.assertEqual(self.ask(), "2.0.0")
        # But for what libstdc++ needs now and then, exactly what it forgot.
        self.assertLess(abs(self.memory(host) - before - 20 * STEP), STEP)
        self.assertRegex(host.cli("modules").stdout, r"faulty +2\.0\.0 .* 1\.[23] MiB")

    def test_it_is_bounded_and_freed_with_its_generation(self):
        host = self.begin({"gate_seconds": 0}, module_memory_mib=8)
        answers = [self.ask() for _ in range(8 * MIB // STEP + 2)]
        self.assertEqual(answers[-1], "1.0.0")
        self.assertGreater(answers.count("2.0.0"), 30)
        eventually(lambda: host.version("faulty") == "1.0.0", "it is left by itself")
        its = next(each for each in host.modules() if each["build_id"] == self.build_id)
        self.assertLess(its["memory_bytes"], 8 * MIB)
        self.assertIn("has all the 8 MiB that `faults.module_memory_mib` allows", its["newest_fault"])
        # Two more generations, and it is the oldest, and retired.
        notes = ""
        for name in ("faulty_slow_call", "faulty_leaks"):
            report = host.push(fixture(name))
            self.assertEqual(report["outcome"], "live")
            notes += " ".join(report["notes"])
        left = re.search(r"faulty 2\.0\.0 had not freed (\d+) bytes in \d+ blocks: they were freed with its arena", notes)
        self.assertIsNotNone(left, notes)
        self.assertGreater(int(left[1]), 30 * STEP)
        self.assertNotIn(self.build_id, [each["build_id"] for each in host.modules()])

    def test_the_gate_takes_back_what_keeps_too_much(self):
        host = self.begin({"gate_seconds": 60, "gate_memory_mib": 1})
        for _ in range(2 * MIB // STEP):
            self.ask()
        eventually(lambda: host.version("faulty") == "1.0.0", "the gate takes it back")
        rollback = next(each for each in host.control.call("history", limit=10)["records"] if each["kind"] == "rollback")
        self.assertRegex(rollback["reason"], r"memory: faulty 2\.0\.0 has \d+ MiB in its arena, and what it replaces 0 MiB; "
                                             r"up to 1 MiB was allowed")


if __name__ == "__main__":
    unittest.main()
