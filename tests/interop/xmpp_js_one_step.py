#!/usr/bin/env python3
"""XMPP.js 0.14, unmodified, over TLS: logs in by SASL2 and Bind 2, is given a token, and comes back by it when it was cut."""
import pathlib
import shutil
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "play"))
from hotline_host import PATIENCE, host_of  # noqa: E402
from xmpp_client import Client  # noqa: E402

from node_user import NodeUser  # noqa: E402
from npm import packages  # noqa: E402

SCRIPT = "xmpp_js_one_step.mjs"
# XMPP.js 0.14 says that it wants 20.10. What it uses that is newer than Debian 12's own 18 is WebCrypto as a global,
# which 18 has behind an option.
NODE_MIN, NODE_WITH_CRYPTO = (18,), (20,)


def node_version():
    if not (shutil.which("node") and shutil.which("npm")):
        return (0,)
    text = subprocess.run(["node", "--version"], text=True, capture_output=True, check=True).stdout
    return tuple(int(part) for part in text.strip().lstrip("v").split("."))


@unittest.skipIf(node_version() < NODE_MIN, "XMPP.js 0.14 needs Node 18 or newer")
class XmppJsInOneStep(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = packages(SCRIPT, source=HERE / "one_step")

    def setUp(self):
        self.host = host_of(self, "juliet", "romeo")

    def user(self, name, password="secret"):
        environment = {"NODE_EXTRA_CA_CERTS": str(self.host.state / "tls" / "dev-certificate.pem")}
        if node_version() < NODE_WITH_CRYPTO:
            environment["NODE_OPTIONS"] = "--experimental-global-webcrypto"
        user = NodeUser(self.folder, SCRIPT, self.host, name, password,
                        service=f"xmpps://localhost:{self.host.port('xmpps')}", **environment)
        self.addCleanup(user.close)
        return user

    def comes(self, user, event):
        return user.take(lambda events: next((i for i, e in enumerate(events) if e["event"] == event), None), event)

    def logins(self):
        """All of them, and those by a token."""
        counters = next(each["counters"] for each in self.host.modules()
                        if each["name"] == "session" and each["state"] == "current")
        return counters["logins"], counters.get("logins_by_token", 0)

    def test_it_comes_back_by_its_token_and_takes_its_session_up(self):
        romeo = Client(self.host, "romeo").log_in()
        self.addCleanup(romeo.close)
        juliet = self.user("juliet")
        self.assertEqual(juliet.expect("token")["mechanism"], "HT-SHA-256-NONE")
        address = juliet.expect("online")["address"]
        self.assertRegex(address, "^juliet@localhost/js/[0-9a-f]{16}$")  # Bind 2's, with its tag.
        for number in range(3):
            juliet.tell(cut=True)
            juliet.expect("cut")
            romeo.message(address, f"{number}", id=f"m{number}")
            # In either order: it takes what comes behind <resumed/> before it says that it was resumed.
            self.assertEqual(self.comes(juliet, "resumed")["address"], address)
            self.assertEqual(self.comes(juliet, "message")["body"], f"{number}")
            juliet.tell(send={"to": romeo.full, "body": f"back {number}", "id": f"b{number}"})
            romeo.expect_message(f"back {number}")
        self.assertEqual(self.logins(), (5, 3))  # romeo, and juliet four times.
        juliet.tell(stop=True)
        juliet.expect("offline")
        self.assertEqual(juliet.process.wait(PATIENCE), 0)

    def test_a_push_of_session_does_not_end_its_token(self):
        juliet = self.user("juliet")
        juliet.expect("token")
        address = juliet.expect("online")["address"]
        for act in (lambda: self.host.push(self.host.module("session", "1.1.1")), lambda: self.host.rollback("session")):
            self.assertEqual(act()["outcome"], "live")
            juliet.tell(cut=True)
            juliet.expect("cut")
            self.assertEqual(juliet.expect("resumed")["address"], address)

    def test_a_wrong_password_is_refused(self):
        self.assertIn("not-authorized", self.user("juliet", "wrong").expect("error")["text"])


if __name__ == "__main__":
    unittest.main()
