#!/usr/bin/env python3
"""A bad module costs a push, not a connection: each way of going wrong, under load, and nobody notices.

Each fixture is version 2.0.0 of `faulty`, pushed over 1.0.0. Its event is answered by 1.0.0 in its place; at the
second fault its slot goes back by itself. hotline-bench's sessions send numbered messages all the while.

Preflight, which would refuse them all (preflight.py), is off: what it does not find meets this.
"""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import Host, Refused, eventually, fixture  # noqa: E402
from live_load import WRONG, await_all, pairs  # noqa: E402
from xmpp_client import CLIENT, Client, conditions  # noqa: E402

NS = "urn:example:faulty"
# Fixture to what the operator reads of its fault.
LEFT = {
    "null_write": "raised SIGSEGV at address 0x0 in misbehave",
    "null_call": "raised SIGSEGV at address 0x0 in misbehave",
    "division": "raised SIGFPE in misbehave",
    "stack_overflow": "overflowed its stack (SIGSEGV) in deeper",
    "endless_loop": "overran its budget in misbehave",
    "aborts": "aborted (SIGABRT) in misbehave",
    "asserts": "aborted (SIGABRT) in misbehave",
    "throws_in_call": "threw not today",
    "throws_out_of_noexcept": "aborted (SIGABRT) in promise",
    "foreign_table": "answered HL_E_",
}
REFUSED = {
    "crash_in_create": "create for shard 0 raised SIGSEGV at address 0x0 in create",
    "throws_in_constructor": "create for shard 0 threw I would rather not",
}


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host({"log": {"level": "warning"}, "push": {"preflight": False}}).start()
        cls.addClassCleanup(cls.host.remove)
        cls.host.add_users("load", 200)
        cls.host.add_user("witness")
        cls.witness = Client(cls.host, "witness").log_in()
        cls.addClassCleanup(cls.witness.close)
        cls.load = pairs(cls.host, 100, 400)
        cls.addClassCleanup(cls.load.kill)
        await_all(cls.host, cls.load, besides=1)
        live = cls.host.push(fixture("faulty_right"))
        assert live["outcome"] == "live", live

    def ask(self):
        """The version that answers the witness."""
        answer = self.witness.iq("get", f"<go xmlns='{NS}'/>")
        self.assertEqual(answer.get("type"), "result", conditions(answer))
        return answer.findtext(f"{{{NS}}}faulty").split()[0]

    def push(self, name):
        report = self.host.push(fixture("faulty_" + name))
        self.assertEqual(report["outcome"], "live", report)
        return report["modules"][0]["build_id"]

    def generation(self, build_id):
        return next(each for each in self.host.modules() if each["build_id"] == build_id)

    def has_recorded(self, words):
        """The newest rollback is the host's own, for that reason, and there is a record of the fault."""
        records = self.host.control.call("history", limit=10)["records"]
        records.sort(key=lambda each: -each["number"])
        rollback = next(each for each in records if each["kind"] == "rollback")
        return (rollback["user"] == "hotlined" and words in rollback["reason"]
                and rollback["reason"].startswith("automatic: 2 faults within 60 s")
                and any(each["kind"] == "fault" and words in each["reason"] for each in records))

    def is_blocked(self, build_id):
        return build_id in [each["build_id"] for each in self.host.control.call("blocklist")["blocked"]]

    def back(self):
        if self.host.version("faulty") != "1.0.0":
            self.host.rollback("faulty", to="1.0.0")

    def test_1_each_is_left_after_two_faults_and_nobody_notices(self):
        for name, words in LEFT.items():
            with self.subTest(name):
                build_id = self.push(name)
                self.assertEqual(self.ask(), "1.0.0")
                self.assertEqual(self.ask(), "1.0.0")
                eventually(lambda: self.host.version("faulty") == "1.0.0", f"{name} is left by itself")
                eventually(lambda: self.has_recorded(words), f"{name} is in the history")
                generation = self.generation(build_id)
                self.assertEqual(generation["faults"], 2)
                self.assertIn(words, generation["newest_fault"])
                self.assertIn("called for on_stanza", generation["newest_fault"])
                self.assertEqual(self.ask(), "1.0.0")
                eventually(lambda: self.is_blocked(build_id), f"{name} is on the blocklist")
                again = self.host.push(fixture("faulty_" + name))
                self.assertEqual(again["outcome"], "refused", again)
                self.assertIn("is blocked on this host: 2 faults within 60 s", again["refusals"][0]["reason"])

    def test_2_a_signal_taints_the_host_and_says_so(self):
        status = self.host.status()
        self.assertTrue(status["is_tainted"])
        self.assertIn("faulty 2.0.0", status["taint"])
        self.assertIn("restart", eventually(lambda: self.host.alarms().get("host.tainted"), "the alarm"))

    def test_3_a_slow_call_is_counted_and_has_its_effects(self):
        build_id = self.push("slow_call")
        self.addCleanup(self.back)
        self.assertEqual(self.ask(), "2.0.0")
        generation = self.generation(build_id)
        self.assertEqual((generation["faults"], generation["slow_calls"]), (0, 1))

    def test_4_what_cannot_be_made_is_refused(self):
        for name, words in REFUSED.items():
            with self.subTest(name):
                report = self.host.push(fixture("faulty_" + name))
                self.assertEqual(report["outcome"], "refused")
                self.assertIn(words, report["refusals"][0]["reason"])
                self.assertEqual(self.ask(), "1.0.0")

    def test_5_a_destroy_that_crashes_is_survived(self):
        self.push("crash_in_destroy")
        self.addCleanup(self.back)
        self.assertEqual(self.ask(), "2.0.0")
        self.host.rollback("faulty", to="1.0.0")
        for _ in range(3):  # Until it is the oldest, and retired.
            self.push("leaks")
            self.host.rollback("faulty", to="1.0.0")
        self.assertTrue(self.host.is_up())

    def test_6_an_event_that_two_generations_fail_on_is_quarantined_and_its_sender_told(self):
        with Host({"modules_initial": ["session", "registration"], "push": {"preflight": False}}) as host:
            host.add_user("anna")
            self.assertEqual(host.push(fixture("faulty_throws_in_call"))["outcome"], "live")
            self.assertEqual(host.push(fixture("faulty_null_write"))["outcome"], "live")
            anna = Client(host, "anna").log_in(presence=False)
            answer = anna.iq("get", f"<go xmlns='{NS}'/>")
            self.assertEqual(conditions(answer), ["internal-server-error"])
            entries = host.control.call("quarantine.list")["entries"]
            self.assertEqual([(e["module"], e["call"], e["account"], e["has_content"]) for e in entries],
                             [("faulty", "on_stanza", "anna@localhost", False)])
            with self.assertRaisesRegex(Refused, "keep_content"):
                host.control.call("quarantine.retry", number=1)
            self.assertIn("anna@localhost", host.cli("quarantine", "list").stdout)
            host.cli("quarantine", "drop", "1")
            self.assertEqual(host.control.call("quarantine.list")["entries"], [])
            anna.close()

    def test_7_a_quarantined_event_can_be_offered_again(self):
        with Host({"modules_initial": ["session", "registration"], "quarantine": {"keep_content": True},
                   "push": {"preflight": False}}) as host:
            host.add_user("anna")
            self.assertEqual(host.push(fixture("faulty_throws_in_call"))["outcome"], "live")
            anna = Client(host, "anna").log_in(presence=False)
            self.assertEqual(conditions(anna.iq("get", f"<go xmlns='{NS}'/>")), ["internal-server-error"])
            self.assertEqual(host.push(fixture("faulty_leaks"))["outcome"], "live")
            host.cli("quarantine", "retry", "1")
            anna.expect(lambda e: e.tag == CLIENT + "iq" and e.get("type") == "result")
            anna.close()

    def test_8_a_convert_that_crashes_leaves_the_rows_readable(self):
        self.push("crash_in_convert")
        # The sweep has parked the row; what 1.0.0 writes in its place is met again by whoever asks next.
        for _ in range(2):
            self.assertEqual(self.ask(), "1.0.0")
        eventually(lambda: self.host.version("faulty") == "1.0.0", "it is left by itself")

    def test_9_the_load_has_noticed_nothing(self):
        report = self.load.end()
        for figure in WRONG:
            self.assertEqual(report[figure], 0, f"{figure}: {report}")
        self.assertTrue(report["clean"], report)
        self.witness.ping()


if __name__ == "__main__":
    unittest.main()
