#!/usr/bin/env python3
"""A push is given copies of live events first: what it would have done otherwise is told, none of it happens, and one
that fails them is refused before it has served anybody."""
import json
import pathlib
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import Host, build, eventually  # noqa: E402
from xmpp_client import Client  # noqa: E402

PEOPLE = 4
JUDGED = "{urn:example:judged}judged"


def judged(version):
    return build() / "judged" / f"judged-{version}.so"


class Asker(threading.Thread):
    """Asks without a pause, and keeps what it was answered."""

    def __init__(self, host, name):
        super().__init__(daemon=True)
        self.client = Client(host, name).log_in()
        self.answers, self.failure, self.is_over = [], None, False
        self.start()

    def run(self):
        try:
            while not self.is_over:
                answer = self.client.iq("get", "<judged xmlns='urn:example:judged'/>", to=self.client.jid)
                self.answers.append(answer.find(JUDGED).get("by") if answer.get("type") == "result" else "error")
                time.sleep(0.005)  # As a client would, between two questions.
        except Exception as failure:  # pylint: disable=broad-except
            self.failure = failure

    def end(self):
        self.is_over = True
        self.join()
        self.client.close()


class Shadow(unittest.TestCase):
    def setUp(self):
        self.host = Host({"push": {"preflight": False}})
        self.addCleanup(self.host.remove)
        self.host.start()
        self.host.push(judged("1.0.0"))
        for number in range(PEOPLE):
            self.host.add_user(f"user{number}")
        self.askers = [Asker(self.host, f"user{number}") for number in range(PEOPLE)]

    def end(self):
        """Nobody was cut off; the answers of all."""
        for asker in self.askers:
            asker.end()
        self.assertEqual([asker.failure for asker in self.askers if asker.failure], [])
        return {answer for asker in self.askers for answer in asker.answers}

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
        self.assertEqual(self.end(), {"1.0.0", "1.1.0"})
        for asker in self.askers:  # Nobody was served by it before all were.
            self.assertEqual(asker.answers, sorted(asker.answers))

    def test_more_differences_than_were_allowed_refuse_it(self):
        report = self.push("1.1.0", shadow_max=0)
        self.assertEqual(report["outcome"], "refused", report)
        self.assertIn("--shadow-max", report["refusals"][0]["reason"])
        self.assertEqual(self.end(), {"1.0.0"})

    def test_one_that_fails_its_calls_is_refused_and_nobody_notices(self):
        report = self.host.push(judged("1.4.0"), shadow_ms=3_600_000)
        self.assertEqual(report["outcome"], "refused", report)
        self.assertRegex(report["refusals"][0]["reason"],
                         r"^judged 1.4.0 refused: \d of its calls failed in the shadow run; judged 1.4.0 answered HL_E_FAULT, "
                         r"called for on_stanza;")
        self.assertEqual(self.host.control.call("quarantine.list")["entries"], [])
        self.assertEqual([name for name in self.host.alarms() if "fault" in name or "tainted" in name], [])
        self.assertEqual(self.end(), {"1.0.0"})

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
        self.assertEqual(self.end(), {"1.0.0"})

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
