#!/usr/bin/env python3
"""Privacy is pushed, rolled back and pushed again under load: who was blocked stays blocked, what was hidden stays hidden,
and what waits for a client that nobody looks at is not lost. Without presence and privacy a block still blocks."""
import pathlib
import sys
import unittest
from xml.etree import ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import host_of  # noqa: E402
from live_load import WRONG, await_all, pairs  # noqa: E402
from xmpp_client import CLIENT, SM, Client, befriend, conditions  # noqa: E402

MODULES = ["session", "routing", "presence", "registration", "privacy"]
BLOCKING = "urn:xmpp:blocking"
MARKERS = "{urn:xmpp:chat-markers:0}"
PAIRS = 20
RATE = 200


class Privacy(unittest.TestCase):
    def setUp(self):
        self.host = host_of(self, "juliet", "romeo", "paris",
                            config={"modules_initial": MODULES, "log": {"level": "warning"}})
        self.juliet, self.romeo, self.paris = (Client(self.host, name).log_in() for name in ("juliet", "romeo", "paris"))
        self.number = 0

    # ---- acts

    def set_up_privacy(self):
        befriend(self.romeo, self.juliet)  # Romeo sees Juliet.
        self.answers(self.juliet, "set", f"<block xmlns='{BLOCKING}'><item jid='{self.paris.jid}'/></block>")
        self.answers(self.romeo, "set", "<settings xmlns='urn:hotline:privacy:0'><read-receipts>off</read-receipts>"
                                        "</settings>")

    def answers(self, client, kind, payload, to=None):
        answer = client.iq(kind, payload, to=to)
        self.assertEqual(answer.get("type"), "result", ElementTree.tostring(answer))
        return answer

    @staticmethod
    def all_is_safe(*clients):
        """What they sent is on the disk: the host says so, and not before."""
        for client in clients:
            client.ask_ack()
            client.expect(lambda e: e.tag == SM + "a")

    def is_live(self, report):
        self.assertEqual(report["outcome"], "live", report)

    # ---- what must hold

    def block_holds(self):
        self.number += 1
        self.paris.message(self.juliet.jid, "nothing", id=f"p{self.number}")
        error = self.paris.expect(lambda e: e.tag == CLIENT + "message")
        self.assertEqual((error.get("id"), conditions(error)[0]), (f"p{self.number}", "service-unavailable"))
        self.juliet.message(self.paris.jid, "nothing", id=f"j{self.number}")
        error = self.juliet.expect(lambda e: e.tag == CLIENT + "message")
        self.assertEqual((error.get("id"), conditions(error)[0]), (f"j{self.number}", "not-acceptable"))

    def reading_is_hidden(self):
        self.number += 1
        self.romeo.raw(f"<message to='{self.juliet.jid}' type='chat'><displayed xmlns='{MARKERS[1:-1]}' id='x'/></message>")
        self.romeo.message(self.juliet.jid, f"words {self.number}", id=f"r{self.number}")
        next_one = self.juliet.expect(lambda e: e.tag == CLIENT + "message")
        self.assertEqual(next_one.findtext(CLIENT + "body"), f"words {self.number}")

    def is_listed(self):
        found = self.answers(self.juliet, "get", f"<blocklist xmlns='{BLOCKING}'/>")
        self.assertEqual([e.get("jid") for e in found.iter(f"{{{BLOCKING}}}item")], [self.paris.jid])

    def is_found(self):
        found = self.answers(self.romeo, "get", "<contacts xmlns='urn:hotline:contacts:0'><contact>Juliet</contact>"
                                                "<contact>+49 170 1234567</contact></contacts>")
        self.assertEqual([e.get("jid") for e in found.iter("{urn:hotline:contacts:0}contact")], [self.juliet.jid])
        last = self.answers(self.romeo, "get", "<query xmlns='jabber:iq:last'/>", to=self.juliet.jid)
        self.assertEqual(last.find("{jabber:iq:last}query").get("seconds"), "0")

    def all_holds(self):
        self.block_holds()
        self.reading_is_hidden()
        self.is_listed()
        self.is_found()

    # ---- plays

    def test_pushed_rolled_back_and_pushed_again_under_load(self):
        self.host.add_users("load", 2 * PAIRS)
        load = pairs(self.host, PAIRS, RATE)
        self.addCleanup(load.kill)
        await_all(self.host, load, besides=3)
        self.set_up_privacy()
        self.all_holds()
        for act in (lambda: self.host.push(self.host.module("privacy", "1.0.1")), lambda: self.host.rollback("privacy"),
                    lambda: self.host.push(self.host.module("privacy", "1.0.1"))):
            self.is_live(act())
            self.all_holds()
        report = load.end()
        for figure in WRONG:
            self.assertEqual(report[figure], 0, f"{figure}: {report}")
        self.assertEqual(report["delivered"], report["sent"])
        self.assertEqual([each for each in self.host.modules() if each["faults"]], [])

    def test_what_waits_for_an_inactive_client_outlives_pushes_of_who_holds_it(self):
        self.set_up_privacy()
        self.romeo.raw("<inactive xmlns='urn:xmpp:csi:0'/>")
        self.romeo.ping()
        self.juliet.raw("<presence><show>away</show></presence>")
        self.juliet.raw("<presence><show>dnd</show></presence>")
        self.juliet.ping()
        self.is_live(self.host.push(self.host.module("presence", "1.0.1"), self.host.module("routing", "1.1.0"), as_one=True))
        self.juliet.message(self.romeo.jid, "at once", id="m")
        first = self.romeo.expect(lambda e: e.tag != "{urn:xmpp:sm:3}r")
        self.assertEqual(first.findtext(CLIENT + "body"), "at once")
        self.is_live(self.host.rollback("routing"))
        self.romeo.raw("<active xmlns='urn:xmpp:csi:0'/>")
        shown = self.romeo.expect(lambda e: e.tag == CLIENT + "presence")
        self.assertEqual((shown.get("from"), shown.findtext(CLIENT + "show")), (self.juliet.full, "dnd"))

    def test_without_privacy_and_presence_a_block_still_blocks(self):
        self.set_up_privacy()
        self.host.stop()
        (self.host.state / "modules" / "running.json").unlink()  # So that it starts with those it is told.
        self.host.config["modules_initial"] = ["session", "routing", "registration"]
        self.host.start()
        self.assertEqual(sorted(self.host.running()), ["registration", "routing", "session"])
        self.juliet, self.romeo, self.paris = (Client(self.host, name).log_in(presence=False)
                                               for name in ("juliet", "romeo", "paris"))
        self.block_holds()
        self.assertEqual(self.host.mailbox("juliet")["entries"], 0)
        self.romeo.raw(f"<message to='{self.juliet.full}' type='chat'><displayed xmlns='{MARKERS[1:-1]}' id='x'/></message>")
        self.romeo.message(self.juliet.full, "words", id="r")
        first = self.juliet.expect(lambda e: e.tag == CLIENT + "message")
        self.assertEqual(first.findtext(CLIENT + "body"), "words")

    def test_a_block_survives_a_kill(self):
        self.set_up_privacy()
        self.all_is_safe(self.juliet, self.romeo)
        self.host.kill()
        self.host.start()
        self.juliet, self.romeo, self.paris = (Client(self.host, name).log_in() for name in ("juliet", "romeo", "paris"))
        self.block_holds()
        self.is_listed()


if __name__ == "__main__":
    unittest.main()
