#!/usr/bin/env python3
"""A push serves a share of the accounts first: a good one goes to all of them, a bad one is taken back by itself, and
who is connected stays connected and is answered."""
import pathlib
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from asker import AskedHost, judged  # noqa: E402
from hotline_host import Refused, build, eventually  # noqa: E402

ALL = 10_000  # 100 %.


class Canary(AskedHost):
    def version(self):
        return self.host.version("judged")

    def push(self, version, **more):
        return self.host.push(judged(version), canary=[5_000, ALL], hold_ms=1_500, **more)

    def history(self):
        return [(each["kind"], each["outcome"]) for each in self.host.control.call("history", limit=50)["records"]]

    def taken_back(self, version, word):
        report = self.push(version)
        self.assertEqual(report["outcome"], "aborted", report)
        self.assertIn(word, report["refusals"][0]["reason"])
        self.assertEqual(self.version(), "1.0.0")
        self.assertEqual(self.host.control.call("canary.status")["state"], "none")
        before = [len(asker.by) for asker in self.askers]
        eventually(lambda: all(len(asker.by) > n + 5 for asker, n in zip(self.askers, before)), "all are answered")
        self.assertTrue(all(asker.by[-1] == "1.0.0" for asker in self.askers))

    def test_a_good_one_goes_from_share_to_share_and_live(self):
        self.assertEqual(self.push("1.1.0")["outcome"], "live")
        self.assertEqual(self.version(), "1.1.0")
        eventually(lambda: all(asker.by[-1] == "1.1.0" for asker in self.askers), "all are served by it")
        self.assertEqual(self.end(), 0)
        for asker in self.askers:  # Sticky: nobody went back to the old one.
            self.assertEqual(asker.by, sorted(asker.by))
        self.assertEqual([each for each in self.history() if each[0] == "canary"],
                         [("canary", "100 %"), ("canary", "50 %")])

    def test_one_that_answers_errors_is_taken_back(self):
        self.taken_back("1.2.0", "errors to clients")
        self.assertGreater(self.end(), 0)

    def test_one_that_all_accounts_are_in_is_compared_with_what_served_them_before(self):
        eventually(lambda: sum(len(asker.by) for asker in self.askers) > 2_000, "1.0.0 has a past")  # One call in 16 is measured.
        report = self.host.push(judged("1.2.0"), canary=[ALL], hold_ms=1_500)
        self.assertEqual(report["outcome"], "aborted", report)
        self.assertIn("errors to clients", report["refusals"][0]["reason"])
        self.end()

    def test_one_that_is_slow_is_taken_back(self):
        self.taken_back("1.3.0", "of a call")
        self.assertEqual(self.end(), 0)

    def test_one_that_fails_its_calls_is_taken_back_and_nobody_notices(self):
        self.taken_back("1.4.0", "faults")
        self.assertEqual(self.end(), 0)

    def test_one_whose_memory_grows_is_taken_back(self):
        report = self.host.push(judged("1.5.0"), canary=[5_000, ALL], hold_ms=20_000)
        self.assertEqual(report["outcome"], "aborted", report)
        self.assertRegex(report["refusals"][0]["reason"], r"memory: the host has \d+ MiB, and before the push \d+ MiB")
        self.assertEqual(self.end(), 0)

    def test_named_accounts_alone_and_promoted_by_hand(self):
        with subprocess.Popen([build() / "hotline", "--state", self.host.state, "push", judged("1.1.0"), "--hold", "1h",
                               "--canary-accounts", "user3"], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as pushing:
            eventually(lambda: self.askers[3].by[-1:] == ["1.1.0"], "user3 is served by it")
            self.assertEqual({asker.by[-1] for asker in self.askers if asker is not self.askers[3]}, {"1.0.0"})
            self.assertIn("canary: judged 1.0.0 -> 1.1.0", self.host.cli("canary", "status").stdout)
            self.assertIn("paused", self.host.cli("pause").stdout)
            self.assertIn("canary:", self.host.cli("resume").stdout)
            self.host.cli("promote", "--reason", "looks fine")
            out, err = pushing.communicate(timeout=30)
        self.assertEqual(pushing.returncode, 0, err)
        self.assertIn("live: judged 1.0.0 -> 1.1.0", out)
        self.assertEqual(self.end(), 0)

    def test_an_interrupted_command_leaves_the_push_going_on(self):
        with subprocess.Popen([build() / "hotline", "--state", self.host.state, "push", judged("1.1.0"), "--canary", "50%",
                               "--hold", "1h"], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as pushing:
            eventually(lambda: self.host.control.call("canary.status")["state"] == "canary", "it is in canary")
            pushing.send_signal(2)
            _, err = pushing.communicate(timeout=30)
        self.assertIn("hotline abort", err)
        self.assertEqual(self.host.control.call("canary.status")["state"], "canary")
        self.host.cli("abort")
        self.assertEqual(self.host.control.call("canary.status")["state"], "none")
        with self.assertRaises(Refused):
            self.host.control.call("canary.abort")
        self.assertEqual(self.end(), 0)

    def test_a_rollback_takes_a_canary_back_at_once(self):
        pushing = threading.Thread(target=self.host.cli, args=("push", judged("1.1.0"), "--canary", "50%", "--hold", "1h"),
                                   kwargs={"expect": 1})
        pushing.start()
        eventually(lambda: self.host.control.call("canary.status")["state"] == "canary", "it is in canary")
        self.assertEqual(self.host.rollback("judged")["outcome"], "aborted")
        pushing.join()
        self.assertEqual(self.version(), "1.0.0")
        self.assertEqual(self.end(), 0)

    def test_killed_in_canary_or_while_provisional_it_comes_back_on_the_version_before(self):
        self.end()
        for more in ({"canary": [5_000], "hold_ms": 3_600_000}, {"gate_ms": 3_600_000}):
            pushing = threading.Thread(target=self.push_until_killed, args=(more,))
            pushing.start()
            eventually(lambda: self.host.control.call("canary.status")["state"] in ("canary", "provisional"), "it serves")
            self.host.kill()
            pushing.join()
            self.host.start()
            self.assertEqual(self.version(), "1.0.0")

    def push_until_killed(self, more):
        try:
            with_own_socket = type(self.host.control)(self.host.run["socket"])
            with_own_socket.call("push", files=[str(judged("1.1.0"))], reason="play", **more)
        except (ConnectionError, OSError, ValueError):
            pass

    def test_a_provisional_push_that_fails_its_calls_goes_back_by_itself(self):
        self.assertEqual(self.host.push(judged("1.4.0"), gate_ms=3_600_000)["outcome"], "live")
        eventually(lambda: self.version() == "1.0.0", "it has gone back")
        self.end()
        record = self.host.control.call("history", limit=1)["records"][0]
        self.assertEqual((record["kind"], record["outcome"], record["user"]), ("rollback", "live", "hotlined"))
        self.assertIn("faults", record["reason"])

    def test_a_push_whose_gate_has_closed_is_what_a_restart_comes_back_on(self):
        self.end()
        self.assertEqual(self.host.push(judged("1.1.0"), gate_ms=500)["outcome"], "live")
        eventually(lambda: self.host.control.call("canary.status")["state"] == "none", "its gate has closed")
        self.host.kill()
        self.host.start()
        self.assertEqual(self.version(), "1.1.0")


if __name__ == "__main__":
    unittest.main()
