#!/usr/bin/env python3
"""converse.js in Chromium, as a person would use it: logging in by its form, chatting, meeting in a room, while code is
pushed. Over WebSocket and TLS; pictures of each scene are left in the build directory's screenshots/."""
import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import LISTEN, free_port, host_of  # noqa: E402
from xmpp_client import Client, befriend  # noqa: E402

from browser import Browser, WebServer  # noqa: E402
from npm import converse  # noqa: E402
from picture import png  # noqa: E402

# What a site that uses converse.js writes; the settings are all there is of ours in it.
SITE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>converse.js</title>
<link rel="stylesheet" href="/converse.min.css"><script type="module" src="/converse.min.js"></script></head>
<body class="converse-fullscreen"><script type="module">converse.initialize(SETTINGS);</script></body></html>
"""


class ConverseJs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dist, cls.version = converse()

    def setUp(self):
        port = free_port()  # The links to files have it.
        self.host = host_of(self, "juliet", "romeo", config={
            "listen": LISTEN + [{"kind": "xmpp-wss", "port": 0}, {"kind": "https", "port": port}],
            "modules": {"media_link": {"url": f"https://localhost:{port}"}}})
        settings = {"websocket_url": f"wss://localhost:{self.host.port('xmpp-wss')}/xmpp-websocket",
                    "discover_connection_methods": False, "view_mode": "fullscreen", "i18n": "en", "assets_path": "/",
                    "auto_reconnect": False, "muc_nickname_from_jid": True, "disable_effects": True,
                    "loglevel": "error"}
        self.site = WebServer(self.dist, SITE.replace("SETTINGS", json.dumps(settings)))
        self.addCleanup(self.site.close)
        self.browser = Browser(self.host.state / "tls" / "dev-certificate.pem")
        self.addCleanup(self.browser.close)

    def page(self, name):
        return self.browser.open(self.site.url, f"converse-{name}")

    def log_in(self, name, password="secret"):
        page = self.page(name)
        page.fill("input[name=jid]", f"{name}@localhost")
        page.fill("input[name=password]", password)
        page.click("#converse-login button[type=submit]")
        return page

    def user(self, name):
        page = self.log_in(name)
        page.shows("converse-roster", "Contacts")
        return page

    def open_chat(self, page, with_whom):
        page.evaluate(f"location.hash = '#converse/chat?jid={with_whom}'")
        page.shows("converse-chat .chat-textarea")

    def say(self, page, text):
        page.fill(".chat-textarea", text)
        page.press_enter()

    def befriend(self):
        """Receipts are sent to contacts alone, and what strangers link to is not shown."""
        clients = [Client(self.host, name).log_in().ping() for name in ("juliet", "romeo")]
        befriend(*clients)
        befriend(*reversed(clients))
        for client in clients:
            client.close()

    def test_they_chat_both_ways_while_routing_is_pushed_and_taken_back(self):
        self.befriend()
        juliet, romeo = self.user("juliet"), self.user("romeo")
        self.open_chat(juliet, "romeo@localhost")
        self.open_chat(romeo, "juliet@localhost")
        for number, act in enumerate((None, lambda: self.host.push(self.host.module("routing", "1.1.0")),
                                      lambda: self.host.rollback("routing"))):
            if act:
                self.assertEqual(act()["outcome"], "live")
            self.say(juliet, f"juliet says <{number}> & äöü 🎭")
            romeo.shows(".chat-msg__text", f"juliet says <{number}> & äöü 🎭")
            self.say(romeo, f"romeo says {number}")
            juliet.shows(".chat-msg__text", f"romeo says {number}")
        # It marks what came as well.
        juliet.until("document.querySelectorAll('.chat-msg__receipt').length == 6", "a receipt for each message")
        expected = [text for n in range(3) for text in (f"juliet says <{n}> & äöü 🎭", f"romeo says {n}")]
        for page in (juliet, romeo):
            self.assertEqual(page.texts(".chat-msg__text"), expected)
            page.screenshot("chat")
            self.assertEqual(page.errors, [])

    def test_they_meet_in_a_room_when_groups_has_been_pushed(self):
        self.assertEqual(self.host.push(self.host.module("groups", "1.0.0"))["outcome"], "live")
        juliet, romeo = self.user("juliet"), self.user("romeo")
        for page in (juliet, romeo):
            page.click("converse-rooms-list .dropdown-toggle")
            page.click(".show-add-muc-modal")
            page.fill("converse-add-muc-modal input[name=chatroom]", "balcony@groups.localhost")
            page.click("converse-add-muc-modal input[type=submit]")
            page.shows("converse-muc .chat-textarea")
        for page in (juliet, romeo):
            for nick in ("juliet", "romeo"):
                page.shows("converse-muc-sidebar .occupant-nick-badge", nick)
        for number in range(3):
            self.say(juliet, f"juliet says {number}")
            self.say(romeo, f"romeo says {number}")
            for page in (juliet, romeo):
                page.shows(".chat-msg__text", f"juliet says {number}")
                page.shows(".chat-msg__text", f"romeo says {number}")
        for page in (juliet, romeo):
            self.assertEqual(len(page.texts(".chat-msg__text")), 6)
            page.screenshot("room")
            self.assertEqual(page.errors, [])

    def test_a_picture_is_uploaded_sent_and_shown_when_media_link_has_been_pushed(self):
        self.assertEqual(self.host.push(self.host.module("media_link", "1.0.0"))["outcome"], "live")
        self.befriend()
        juliet, romeo = self.user("juliet"), self.user("romeo")
        self.open_chat(juliet, "romeo@localhost")
        self.open_chat(romeo, "juliet@localhost")
        with tempfile.NamedTemporaryFile(suffix=".png") as picture:
            picture.write(png(200))
            picture.flush()
            juliet.choose_file("converse-chat input.fileupload", picture.name)
            romeo.until("Array.from(document.querySelectorAll('.chat-msg__body img, .chat-msg__media img'))"
                        ".some(e => e.naturalWidth == 200)", "the picture in the chat")
        for page in (juliet, romeo):
            page.screenshot("picture")
            self.assertEqual(page.errors, [])

    def test_a_wrong_password_is_refused_on_its_form(self):
        page = self.log_in("juliet", "wrong")
        page.shows("#converse-login .feedback-message", "incorrect")
        page.screenshot("wrong-password")


if __name__ == "__main__":
    unittest.main()
