#!/usr/bin/env python3
"""Two XMPP.js users (@xmpp/client from npm) log in over WebSocket and chat, with each other and a TCP user."""
import json
import pathlib
import queue
import shutil
import subprocess
import sys
import threading
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "play"))
from hotline_host import PATIENCE, build, host_of  # noqa: E402
from xmpp_client import Client  # noqa: E402


def installed():
    """A folder with the script and its packages, as package-lock.json pins them; kept in the build directory."""
    folder = build() / "interop-npm"
    lock = (HERE / "package-lock.json").read_bytes()
    stamp = folder / "installed.json"
    if not (stamp.exists() and stamp.read_bytes() == lock):
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder)
        npm = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, text=True,
                             capture_output=True, timeout=240, check=False)
        if npm.returncode != 0:
            raise AssertionError(f"npm ci failed; is the registry reachable?\n{npm.stdout}{npm.stderr}")
        stamp.write_bytes(lock)
    shutil.copy(HERE / "xmpp_js.mjs", folder)
    return folder


class JsUser:
    def __init__(self, folder, host, name, password="secret"):
        self.events = queue.Queue()
        self.process = subprocess.Popen(
            ["node", "xmpp_js.mjs", f"ws://127.0.0.1:{host.port('xmpp-ws')}/xmpp-websocket", name, password],
            cwd=folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.events.put(json.loads(line))

    def expect(self, event):
        """The next thing that happens, which must be this."""
        try:
            came = self.events.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError(f"waited for {event} in vain") from None
        if came["event"] != event:
            raise AssertionError(f"{came} came where {event} was expected")
        return came

    def tell(self, **what):
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def close(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()


class XmppJsOverWebSocket(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not (shutil.which("node") and shutil.which("npm")):
            raise AssertionError("node and npm are missing: apt-get install nodejs npm")
        cls.folder = installed()

    def setUp(self):
        self.host = host_of(self, "juliet", "romeo")

    def user(self, name, password="secret"):
        user = JsUser(self.folder, self.host, name, password)
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
