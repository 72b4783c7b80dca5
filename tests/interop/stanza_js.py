#!/usr/bin/env python3
"""Two stanza.js users (stanza from npm) on WebSockets: chat, receipts, carbons, resumption, a room, profiles, blocking."""
import base64
import hashlib
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import host_of  # noqa: E402
from xmpp_client import Client  # noqa: E402

from node_user import Failed, NodeUser  # noqa: E402
from npm import packages  # noqa: E402
from picture import png  # noqa: E402

SCRIPT = "stanza_js.mjs"
ROOM = "balcony@groups.localhost"


class StanzaJs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = packages(SCRIPT)

    def setUp(self):
        self.host = host_of(self, "juliet", "romeo")

    def connect(self, name, password="secret"):
        user = NodeUser(self.folder, SCRIPT, self.host, name, password)
        self.addCleanup(user.close)
        return user

    def user(self, name):
        """Logged in, with its roster, and available."""
        user = self.connect(name)
        user.hear("session:started")
        user.call("getRoster")
        user.call("sendPresence")
        user.call("ping")
        return user

    def both(self):
        return self.user("juliet"), self.user("romeo")

    def say(self, user, to, body, kind="chat", **more):
        user.call("sendMessage", {"to": to, "body": body, "type": kind, **more})

    def hears(self, user, body, event="chat"):
        return user.hear(event, lambda message: message.get("body") == body)

    def test_they_chat_with_receipts_while_routing_is_pushed_and_taken_back(self):
        juliet, romeo = self.both()
        juliet.call("subscribe", "romeo@localhost")
        romeo.hear("subscribe")
        romeo.call("acceptSubscription", "juliet@localhost")
        juliet.hear("available", lambda presence: presence["from"] == "romeo@localhost/stanza")
        for number, act in enumerate((None, lambda: self.host.push(self.host.module("routing", "1.1.0")),
                                      lambda: self.host.rollback("routing"))):
            if act:
                self.assertEqual(act()["outcome"], "live")
            self.say(juliet, "romeo@localhost", f"<{number}> & äöü 🎭", id=f"j{number}", receipt={"type": "request"})
            message = self.hears(romeo, f"<{number}> & äöü 🎭")
            self.assertEqual((message["id"], message["from"]), (f"j{number}", "juliet@localhost/stanza"))
            juliet.hear("receipt", lambda receipt, n=number: receipt["receipt"]["id"] == f"j{n}")
            juliet.hear("message:acked", lambda message, n=number: message.get("id") == f"j{n}")
            self.say(romeo, "juliet@localhost/stanza", f"romeo says {number}")
            self.hears(juliet, f"romeo says {number}")
        for user in (juliet, romeo):
            self.assertEqual([e for e in user.events if e["event"] in ("chat", "receipt", "disconnected")], [])

    def test_a_session_is_resumed_after_its_connection_broke(self):
        juliet, romeo = self.both()
        romeo.call("break")
        romeo.hear("disconnected")
        self.say(juliet, "romeo@localhost", "still there?")
        romeo.call("connect")
        romeo.hear("stream:management:resumed")
        self.hears(romeo, "still there?")
        self.assertEqual([e for e in romeo.events if e["event"] in ("chat", "session:started")], [])

    def test_a_second_device_gets_carbons_of_both_directions(self):
        juliet, romeo = self.both()
        desk = Client(self.host, "juliet", resource="desk").log_in().ping()
        self.addCleanup(desk.close)
        juliet.call("enableCarbons")
        desk.message("romeo@localhost", "from the desk", id="d")
        self.hears(romeo, "from the desk")
        sent = juliet.hear("carbon:sent")["carbon"]["forward"]["message"]
        self.assertEqual((sent["body"], sent["to"]), ("from the desk", "romeo@localhost"))
        self.say(romeo, "juliet@localhost/desk", "to the desk")
        desk.expect_message("to the desk")
        self.assertEqual(juliet.hear("carbon:received")["carbon"]["forward"]["message"]["body"], "to the desk")

    def test_they_meet_in_a_room_when_groups_has_been_pushed(self):
        self.assertEqual(self.host.push(self.host.module("groups", "1.0.0"))["outcome"], "live")
        juliet, romeo = self.both()
        services = juliet.call("getDiscoItems", "localhost")["items"]
        self.assertIn("groups.localhost", [item["jid"] for item in services])
        juliet.call("joinRoom", ROOM, "Juliet")
        form = juliet.call("getRoomConfig", ROOM)
        self.assertIn("muc#roomconfig_membersonly", [field.get("name") for field in form["fields"]])
        juliet.call("configureRoom", ROOM, {"fields": [
            {"name": "FORM_TYPE", "type": "hidden", "value": "http://jabber.org/protocol/muc#roomconfig"},
            {"name": "muc#roomconfig_membersonly", "type": "boolean", "value": True}]})
        with self.assertRaises(Failed) as refused:
            romeo.call("joinRoom", ROOM, "Romeo")
        self.assertEqual(refused.exception.condition, "registration-required")
        juliet.call("invite", ROOM, [{"to": "romeo@localhost", "reason": "come"}])
        invitation = romeo.hear("muc:invite")
        self.assertEqual((invitation["room"], invitation["reason"], invitation["type"]), (ROOM, "come", "mediated"))
        romeo.call("joinRoom", ROOM, "Romeo")
        for number in range(10):
            self.say(juliet, ROOM, f"j{number}", "groupchat")
            self.say(romeo, ROOM, f"r{number}", "groupchat")
        for user in (juliet, romeo):
            for number in range(10):
                self.assertEqual(self.hears(user, f"j{number}", "groupchat")["from"], f"{ROOM}/Juliet")
                self.assertEqual(self.hears(user, f"r{number}", "groupchat")["from"], f"{ROOM}/Romeo")
        juliet.call("setSubject", ROOM, "Wherefore")
        self.assertEqual(romeo.hear("muc:topic", lambda data: data["topic"])["topic"], "Wherefore")
        juliet.call("kick", ROOM, "Romeo", "too loud")
        self.assertEqual(romeo.hear("muc:leave")["from"], f"{ROOM}/Romeo")
        self.assertEqual(juliet.call("getRoomMembers", ROOM)["muc"]["users"][0]["jid"], "romeo@localhost")
        romeo.call("joinRoom", ROOM, "Romeo")
        juliet.call("destroyRoom", ROOM, {"reason": "dawn"})
        self.assertEqual(romeo.hear("muc:destroyed")["reason"], "dawn")

    def test_a_profile_is_published_and_read(self):
        juliet, romeo = self.both()
        juliet.call("publishVCard", {"fullName": "Juliet Capulet", "records": []})
        self.assertEqual(romeo.call("getVCard", "juliet@localhost")["fullName"], "Juliet Capulet")
        juliet.call("setBookmarks", [{"jid": ROOM, "name": "The balcony", "autoJoin": True, "nick": "Juliet"}])
        self.assertEqual([room["jid"] for room in juliet.call("getBookmarks")], [ROOM])

    def test_each_sees_the_others_picture_in_its_presence_and_on_its_node(self):
        juliet, romeo = self.both()
        juliet.call("updateCaps")  # Which say that it wants to be told of nodes.
        juliet.call("sendPresence", {"legacyCapabilities": juliet.call("getCurrentCaps")["legacyCapabilities"]})
        juliet.call("subscribe", "romeo@localhost")
        romeo.hear("subscribe")
        romeo.call("acceptSubscription", "juliet@localhost")
        juliet.hear("available", lambda presence: presence["from"] == "romeo@localhost/stanza")

        def is_shown(picture):
            name = hashlib.sha1(picture).hexdigest()
            for source in ("vcard", "pubsub"):
                juliet.hear("avatar", lambda told: told["source"] == source and told["avatars"][0]["id"] == name)
            data = juliet.call("getAvatar", "romeo@localhost", name)["content"]["data"]["data"]
            photo = juliet.call("getVCard", "romeo@localhost")["records"][0]
            self.assertEqual((bytes(data), base64.b64decode(photo["data"])), (picture, picture))
        first, second = png(64), png(65)
        romeo.call("publishVCard", {"records": [{"type": "photo", "mediaType": "image/png",
                                                 "data": base64.b64encode(first).decode()}]})
        is_shown(first)
        name = hashlib.sha1(second).hexdigest()
        romeo.call("publishAvatar", name, base64.b64encode(second).decode())
        romeo.call("useAvatars", [{"id": name, "bytes": len(second), "mediaType": "image/png"}])
        is_shown(second)

    def test_who_is_blocked_is_not_heard(self):
        juliet, romeo = self.both()
        juliet.call("block", "romeo@localhost")
        self.assertEqual(juliet.call("getBlocked")["jids"], ["romeo@localhost"])
        self.say(romeo, "juliet@localhost", "wherefore", id="w")
        self.assertEqual(romeo.hear("message:error")["error"]["condition"], "service-unavailable")
        juliet.call("unblock", "romeo@localhost")
        self.say(romeo, "juliet@localhost", "good night")
        self.assertEqual(juliet.hear("chat")["body"], "good night")

    def test_a_wrong_password_is_refused(self):
        self.connect("juliet", "wrong").hear("auth:failed")


if __name__ == "__main__":
    unittest.main()
