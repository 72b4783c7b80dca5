#!/usr/bin/env python3
"""scripts/rehearse, made small: each kind of act ends as it should, and no message is lost, doubled or reordered."""
import json
import os
import pathlib
import subprocess
import sys
import unittest

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TREE / "tests" / "play"), str(TREE / "tests" / "rehearse")]
import figures  # noqa: E402

ACTS = 12
KINDS = {"push", "push of four", "rollback", "canary", "bad canary", "fault live", "fault in canary", "refused", "other work"}


class Rehearsal(unittest.TestCase):
    def rehearse(self, *words):
        return subprocess.run([TREE / "scripts" / "rehearse", "--no-build", "--json", "--sessions", "60", "--rows", "1000",
                               "--rate", "100", *words], capture_output=True, text=True, timeout=200, check=False,
                              env=os.environ)

    def test_a_small_one_ends_well(self):
        done = self.rehearse("--pushes", str(ACTS), "--seed", "1")
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr[-3000:])
        found = json.loads(done.stdout)
        self.assertEqual(set(found["acts"]), KINDS)
        self.assertEqual(sum(each["count"] for each in found["acts"].values()), ACTS)
        self.assertEqual(found["not_as_expected"], [])
        self.assertEqual(found["messages"]["delivered"], found["messages"]["sent"])
        self.assertGreater(found["messages"]["delivered"], ACTS)
        self.assertGreater(found["pause_ms"]["count"], 0)
        self.assertIn("To be reached", figures.text_of(found))


if __name__ == "__main__":
    unittest.main()
