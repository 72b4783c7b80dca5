#!/usr/bin/env python3
"""The frame of a fault has a name when the module was retired and its file is gone: the archive by build id."""
import json
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import Host, eventually, fixture  # noqa: E402
from xmpp_client import Client  # noqa: E402

NS = "urn:example:faulty"
FRAME = re.compile(r"faulty\+(0x[0-9a-f]+) \[([0-9a-f]{40})\]")


class Symbols(unittest.TestCase):
    def setUp(self):
        # As few generations stay loaded as can.
        self.host = Host({"modules_initial": ["session", "registration"],
                          "push": {"preflight": False, "keep_generations": 2}}).start()
        self.addCleanup(self.host.remove)
        self.host.add_user("anna")
        self.anna = Client(self.host, "anna").log_in(presence=False)
        self.addCleanup(self.anna.close)

    def fault(self):
        """The words of a fault of faulty 2.0.0, whose file has left the module store since; its build id."""
        self.assertEqual(self.host.push(fixture("faulty_right"))["outcome"], "live")
        build_id = self.host.push(fixture("faulty_null_write"))["modules"][0]["build_id"]
        stored = self.host.state / "modules" / "faulty" / f"{build_id}.so"
        archived = self.host.state / "symbols" / ".build-id" / build_id[:2] / f"{build_id[2:]}.debug"
        self.assertEqual(archived.stat().st_ino, stored.stat().st_ino, "it takes no room while it is loaded")
        self.anna.iq("get", f"<go xmlns='{NS}'/>")
        words = eventually(lambda: next(g for g in self.host.modules() if g["build_id"] == build_id)["newest_fault"],
                           "the fault is told")
        self.host.rollback("faulty", to="1.0.0")
        for name in ("leaks", "slow_call", "huge_reply"):
            self.host.push(fixture("faulty_" + name))
            self.host.rollback("faulty", to="1.0.0")
        self.assertNotIn(build_id, [each["build_id"] for each in self.host.modules()])
        self.assertFalse(stored.exists())
        return words, build_id

    def test_a_frame_of_a_module_that_is_gone_has_its_function(self):
        words, build_id = self.fault()
        offset, named = FRAME.search(words).groups()
        self.assertEqual(named, build_id)
        self.assertRegex(words, r"in misbehave\S* \(")
        printed = self.host.cli("symbolize", build_id[:12], offset).stdout
        self.assertRegex(printed, r"\+0x[0-9a-f]+  misbehave")
        # As a report says it, whatever stands around it; and for a script.
        printed = self.host.cli("symbolize", stdin=f"it said: {words}\nnothing here\n").stdout
        self.assertRegex(printed, r"it said: .*\n  faulty\+0x[0-9a-f]+  misbehave.*\nnothing here\n")
        frames = json.loads(self.host.cli("--json", "symbolize", build_id, offset).stdout)
        self.assertTrue(frames["frames"][0]["function"].startswith("misbehave"), frames)

    def test_what_is_not_kept_is_told_with_the_way_out(self):
        done = self.host.cli("symbolize", "00112233445566778899", "0x10", expect=1)
        self.assertIn("push.keep_symbols", done.stdout)
        self.assertIn("is no offset", self.host.cli("symbolize", "00112233", "ten", expect=2).stderr)


if __name__ == "__main__":
    unittest.main()
