#!/usr/bin/env python3
"""A push is given copies of live events first: what it would have done otherwise is told, none of it happens, and one
that fails them is refused before it has served anybody."""
import json
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from asker import AskedHost, judged  # noqa: E402
from hotline_host import build, eventually  # noqa: E402


class Shadow(AskedHost):
    PEOPLE = 4

    def is_answered_by(self, *versions):
        """To the end, by these and nobody else, and without an error."""
        self.assertEqual(self.end(), 0)
        self.assertEqual({by for asker in self.askers for by in asker.by}, set(versions))

    def push(self, version, **more):
        return self.host.push(judged(version), shadow_ms=1_000, **more)

    def step(self, report):
        return next(step["detail"] for step in report["steps"] if step["name"] == "shadow")

    def test_differences_are_told_by_name_and_it_goes_on_to_its_canary_and_live(self):
        report = self.push("1.1.0", canary=[10_000], hold_ms=500)
        self.assertEqual(report["outcome"], "live", report)
        told = self.step(report)
        self.assertRegex(told, r"^1 s  [\d,]+ events compared( of [\d,]+)?, [\d,]+ differ: stanza iq child 'judged' [\d,]+$")
        record = self.host.control.call("history", limit=1)["records"][0]
        self.assertEqual(self.step(record), told)
        self.assertIn("events compared", self.host.cli("history").stdout)
        self.is_answered_by("1.0.0", "1.1.0")
        for asker in self.askers:  # Nobody was served by it before all were.
            self.assertEqual(asker.by, sorted(asker.by))

    def test_more_differences_than_were_allowed_refuse_it(self):
        report = self.push("1.1.0", shadow_max=0)
        self.assertEqual(report["outcome"], "refused", report)
        self.assertIn("--shadow-max", report["refusals"][0]["reason"])
        self.is_answered_by("1.0.0")

    def test_one_that_fails_its_calls_is_refused_and_nobody_notices(self):
        report = self.host.push(judged("1.4.0"), shadow_ms=3_600_000)
        self.assertEqual(report["outcome"], "refused", report)
        self.assertRegex(report["refusals"][0]["reason"],
                         r"^judged 1.4.0 refused: \d of its calls failed in the shadow run; judged 1.4.0 answered HL_E_FAULT, "
                         r"called for on_stanza;")
        self.assertEqual(self.host.control.call("quarantine.list")["entries"], [])
        self.assertEqual([name for name in self.host.alarms() if "fault" in name or "tainted" in name], [])
        self.is_answered_by("1.0.0")

    def test_watched_and_taken_back_by_hand(self):
        with subprocess.Popen([build() / "hotline", "--state", self.host.state, "push", judged("1.2.0"), "--shadow", "1h",
                               "--json"], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as pushing:
            eventually(lambda: "stanza iq attribute 'type'" in self.host.cli("canary", "status").stdout, "it differs")
            self.assertIn("shadow: judged 1.0.0 -> 1.2.0, ", self.host.cli("canary", "status").stdout)
            self.host.cli("abort", "--reason", "it answers errors")
            out, err = pushing.communicate(timeout=30)
        self.assertEqual(pushing.returncode, 1, err)
        self.assertEqual(json.loads(out)["outcome"], "aborted")
        self.assertIn("events compared", [json.loads(line) for line in err.splitlines()][-1]["detail"])
        self.assertEqual(self.host.control.call("canary.status")["state"], "none")
        self.is_answered_by("1.0.0")

    def test_killed_meanwhile_it_comes_back_on_what_was_current(self):
        self.end()
        pushing = subprocess.Popen([build() / "hotline", "--state", self.host.state, "push", judged("1.1.0"), "--shadow",
                                    "1h"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(lambda: self.host.control.call("canary.status")["state"] == "shadow", "it is in its shadow run")
        self.host.kill()
        pushing.wait(timeout=30)
        self.host.start()
        self.assertEqual(self.host.version("judged"), "1.0.0")


if __name__ == "__main__":
    unittest.main()
