#!/usr/bin/env python3
"""A Gajim user and one of a client of ours talk while routing is pushed and taken back, and in a room that Gajim has bookmarked."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import eventually, host_of  # noqa: E402
from xmpp_client import CLIENT, Client, befriend  # noqa: E402

try:
    from gajim_window import Gajim, missing
    MISSING = missing()
except ImportError as error:
    MISSING = [str(error)]

ROOM = "balcony@groups.localhost"
MUC = "http://jabber.org/protocol/muc"
# Where Gajim looks when a host does not convert between one kind of bookmarks and another.
BOOKMARK = ("<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'>"
            f"<conference jid='{ROOM}' name='The balcony' autojoin='true'><nick>Juliet</nick></conference>"
            "</storage></query>")


class ProgramsAreThere(unittest.TestCase):
    def test_gajim_and_what_shows_it_are_installed(self):
        self.assertEqual(MISSING, [], "apt-get install gajim python3-pil xvfb xdotool xclip dbus-daemon, and use Debian's python3")


@unittest.skipIf(MISSING, "a program is missing; ProgramsAreThere fails for it")
class GajimChat(unittest.TestCase):
    def setUp(self):
        self.host = host_of(self, "juliet", "romeo")
        self.romeo = Client(self.host, "romeo").log_in().ping()
        self.addCleanup(self.romeo.close)

    def juliet(self):
        gajim = Gajim(self.host, "juliet")
        self.addCleanup(gajim.close)
        return gajim

    def both_are_heard(self, gajim, number):
        gajim.say("romeo@localhost", f"gajim says <{number}> & äöü 🎭")
        heard = self.romeo.expect_message(f"gajim says <{number}> & äöü 🎭")
        self.assertEqual(heard.get("from"), "juliet@localhost/gajim")
        self.romeo.message("juliet@localhost", f"romeo says {number}", id=f"r{number}")
        self.assertEqual(gajim.hear("NewMessage", f"romeo says {number}")[0], "romeo@localhost/play")

    def test_they_talk_through_a_push_and_a_rollback(self):
        gajim = self.juliet()
        self.both_are_heard(gajim, 1)
        self.assertEqual(self.host.push(self.host.module("routing", "1.1.0"))["outcome"], "live")
        self.both_are_heard(gajim, 2)
        self.assertEqual(self.host.rollback("routing")["outcome"], "live")
        self.both_are_heard(gajim, 3)
        self.assertEqual([s for s in gajim.signals if s[0] == "NewMessage"], [])
        self.assertEqual(gajim.status(), "online")
        gajim.open_chat("romeo@localhost")
        gajim.type_line("typed at the window")
        self.romeo.expect_message("typed at the window")
        gajim.screenshot("chat")

    def test_what_was_said_while_it_was_away_comes_and_is_receipted(self):
        juliet = Client(self.host, "juliet").log_in().ping()
        befriend(juliet, self.romeo)  # Gajim sends receipts to contacts alone.
        befriend(self.romeo, juliet)
        juliet.close()
        self.romeo.raw("<message to='juliet@localhost' type='chat' id='late'><body>good night</body>"
                       "<request xmlns='urn:xmpp:receipts'/></message>")
        eventually(lambda: self.host.mailbox("juliet")["oldest_wall_ms"], "the message in the mailbox")
        gajim = self.juliet()  # The message is there before its remote control is.
        self.romeo.expect(lambda e: e.tag == CLIENT + "message" and
                          (got := e.find("{urn:xmpp:receipts}received")) is not None and got.get("id") == "late")
        eventually(lambda: not self.host.mailbox("juliet")["oldest_wall_ms"], "an empty mailbox")
        gajim.open_chat("romeo@localhost")
        gajim.screenshot("late")

    def test_it_enters_the_room_it_has_bookmarked_when_groups_has_been_pushed(self):
        self.assertEqual(self.host.push(self.host.module("groups", "1.0.0"))["outcome"], "live")
        juliet = Client(self.host, "juliet").log_in().ping()
        juliet.iq("set", BOOKMARK)
        juliet.close()
        self.romeo.raw(f"<presence to='{ROOM}/Romeo'><x xmlns='{MUC}'/></presence>")
        self.romeo.expect(lambda e: e.tag == CLIENT + "presence" and e.get("from") == f"{ROOM}/Romeo")
        self.romeo.iq("set", f"<query xmlns='{MUC}#owner'><x xmlns='jabber:x:data' type='submit'/></query>", to=ROOM)
        gajim = self.juliet()
        self.romeo.expect(lambda e: e.tag == CLIENT + "presence" and e.get("from") == f"{ROOM}/Juliet")
        self.romeo.message(ROOM, "romeo says hello", id="g", kind="groupchat")
        self.assertEqual(gajim.hear("GCMessage", "romeo says hello")[0], f"{ROOM}/Romeo")
        gajim.say(ROOM, "gajim says hello", "groupchat")
        self.assertEqual(self.romeo.expect_message("gajim says hello").get("from"), f"{ROOM}/Juliet")
        gajim.screenshot("room")


if __name__ == "__main__":
    unittest.main()
