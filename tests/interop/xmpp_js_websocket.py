#!/usr/bin/env python3
"""Two XMPP.js users (@xmpp/client from npm) log in over WebSocket and chat, with each other and a TCP user."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import PATIENCE, host_of  # noqa: E402
from xmpp_client import Client  # noqa: E402

from node_user import NodeUser  # noqa: E402
from npm import packages  # noqa: E402

SCRIPT = "xmpp_js.mjs"


class XmppJsOverWebSocket(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = packages(SCRIPT)

    def setUp(self):
        self.host = host_of(self, "juliet", "romeo")

    def user(self, name, password="secret"):
        user = NodeUser(self.folder, SCRIPT, self.host, name, password)
        self.addCleanup(user.close)
        return user

    def test_two_of_them_chat_through_a_push(self):
        juliet, romeo = self.user("juliet"), self.user("romeo")
        self.assertEqual(juliet.expect("online")["address"], "juliet@localhost/js")
        romeo.expect("online")
        for number in range(30):
            if number == 10:
                self.assertEqual(self.host.push(self.host.module("routing", "1.1.0"))["outcome"], "live")
            if number == 20:
                self.assertEqual(self.host.rollback("routing")["outcome"], "live")
            juliet.tell(send={"to": "romeo@localhost", "body": f"<{number}> & äöü 🎭", "id": str(number)})
            got = romeo.expect("message")
            self.assertEqual((got["body"], got["id"], got["from"]),
                             (f"<{number}> & äöü 🎭", str(number), "juliet@localhost/js"))
        romeo.tell(send={"to": "juliet@localhost/js", "body": "good night", "id": "n"})
        self.assertEqual(juliet.expect("message")["body"], "good night")
        juliet.tell(stop=True)
        juliet.expect("offline")
        self.assertEqual(juliet.process.wait(PATIENCE), 0)

    def test_one_talks_with_a_user_on_tcp(self):
        juliet = self.user("juliet")
        juliet.expect("online")
        romeo = Client(self.host, "romeo").log_in().ping()
        self.addCleanup(romeo.close)
        juliet.tell(send={"to": "romeo@localhost", "body": "from the browser", "id": "1"})
        self.assertEqual(romeo.expect_message("from the browser").get("from"), "juliet@localhost/js")
        romeo.message("juliet@localhost", "from the terminal", id="2")
        self.assertEqual(juliet.expect("message")["body"], "from the terminal")

    def test_a_wrong_password_is_refused(self):
        self.assertIn("not-authorized", self.user("juliet", "wrong").expect("error")["text"])


if __name__ == "__main__":
    unittest.main()
