#!/usr/bin/env python3
"""Profile is pushed, rolled back and pushed again under load: device lists, bookmarks, vCards and private storage stay, who
wants to be told of a node still is, and nobody sees more than before; a picture set in the vCard is an avatar, and the
other way round."""
import base64
import hashlib
import pathlib
import sys
import unittest
from xml.etree import ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import host_of  # noqa: E402
from live_load import WRONG, await_all, pairs  # noqa: E402
from xmpp_client import CLIENT, SM, Client, befriend, conditions  # noqa: E402

MODULES = ["session", "routing", "presence", "registration", "privacy", "profile"]
PUBSUB = "http://jabber.org/protocol/pubsub"
INFO = "http://jabber.org/protocol/disco#info"
EVENT = "{http://jabber.org/protocol/pubsub#event}"
DEVICES = "eu.siacs.conversations.axolotl.devicelist"
AVATAR = "urn:xmpp:avatar:"
CAPS = "<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='http://play' ver='1'/></presence>"
PAIRS = 20
RATE = 200


class Profile(unittest.TestCase):
    def setUp(self):
        self.host = host_of(self, "juliet", "romeo", "paris",
                            config={"modules_initial": MODULES, "log": {"level": "warning"}})
        self.juliet, self.romeo, self.paris = (Client(self.host, name).log_in() for name in ("juliet", "romeo", "paris"))
        self.number = 0

    # ---- acts

    def answers(self, client, kind, payload, to=None):
        answer = client.iq(kind, payload, to=to)
        self.assertEqual(answer.get("type"), "result", ElementTree.tostring(answer))
        return answer

    def wants_devices(self, client, node=DEVICES):
        """The client's capabilities say so, once it is asked."""
        client.raw(CAPS)
        question = client.expect(lambda e: e.tag == CLIENT + "iq" and e.find(f"{{{INFO}}}query") is not None)
        client.raw(f"<iq type='result' id='{question.get('id')}' to='{question.get('from')}'><query xmlns='{INFO}' "
                   f"node='http://play#1'><feature var='{node}+notify'/></query></iq>")
        client.ping()

    def publish_devices(self):
        self.number += 1
        self.answers(self.juliet, "set", f"<pubsub xmlns='{PUBSUB}'><publish node='{DEVICES}'><item id='current'>"
                     f"<list xmlns='eu.siacs.conversations.axolotl'><device id='{self.number}'/></list></item></publish></pubsub>")

    def picture(self):
        """One that nobody has seen: as Base64, and its hash."""
        self.number += 1
        data = b"\x89PNG\r\n\x1a\n" + str(self.number).encode()
        return base64.b64encode(data).decode(), hashlib.sha1(data).hexdigest()

    def publish(self, node, item, payload):
        self.answers(self.juliet, "set", f"<pubsub xmlns='{PUBSUB}'><publish node='{node}'><item id='{item}'>{payload}</item>"
                     "</publish></pubsub>")

    @staticmethod
    def all_is_safe(*clients):
        """What they sent is on the disk: the host says so, and not before."""
        for client in clients:
            client.ask_ack()
            client.expect(lambda e: e.tag == SM + "a")

    def is_live(self, report):
        self.assertEqual(report["outcome"], "live", report)

    # ---- what must hold

    def is_told(self, client):
        event = client.expect(lambda e: e.tag == CLIENT + "message" and e.find(EVENT + "event") is not None)
        self.assertEqual(event.get("from"), self.juliet.jid)
        self.assertEqual(self.device_in(event), str(self.number))

    @staticmethod
    def device_in(stanza):
        return next(stanza.iter("{eu.siacs.conversations.axolotl}device")).get("id")

    def all_holds(self):
        self.publish_devices()
        self.is_told(self.romeo)
        wanted = f"<pubsub xmlns='{PUBSUB}'><items node='{DEVICES}'/></pubsub>"
        self.assertEqual(self.device_in(self.answers(self.romeo, "get", wanted, to=self.juliet.jid)), str(self.number))
        self.assertEqual(conditions(self.paris.iq("get", wanted, to=self.juliet.jid)), ["service-unavailable"])
        self.assertEqual(next(self.card(self.paris).iter("{vcard-temp}FN")).text, "Juliet & Co")
        kept = self.answers(self.juliet, "get", "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query>")
        self.assertEqual(next(kept.iter("{storage:bookmarks}conference")).get("jid"), "balcony@conference.localhost")

    def is_shown(self, digest):
        """Romeo is told of the avatar and sees its hash in Juliet's presence, in whichever order."""
        missing = {"avatar", "presence"}
        while missing:
            stanza = self.romeo.expect(lambda e: e.tag in (CLIENT + "message", CLIENT + "presence"))
            for info in stanza.iter(f"{{{AVATAR}metadata}}info"):
                self.assertEqual(info.get("id"), digest)
                missing.discard("avatar")
            for photo in stanza.iter("{vcard-temp:x:update}photo"):
                if stanza.get("from") == self.juliet.full:
                    self.assertEqual(photo.text, digest)
                    missing.discard("presence")

    def card(self, client):
        return self.answers(client, "get", "<vCard xmlns='vcard-temp'/>", to=self.juliet.jid)

    def avatars_hold(self):
        text, digest = self.picture()
        self.answers(self.juliet, "set", "<vCard xmlns='vcard-temp'><FN>Juliet</FN><PHOTO><TYPE>image/png</TYPE>"
                     f"<BINVAL>{text}</BINVAL></PHOTO></vCard>")
        self.is_shown(digest)
        data = self.answers(self.romeo, "get", f"<pubsub xmlns='{PUBSUB}'><items node='{AVATAR}data'><item id='{digest}'/>"
                            "</items></pubsub>", to=self.juliet.jid)
        self.assertEqual(next(data.iter(f"{{{AVATAR}data}}data")).text, text)
        text, digest = self.picture()
        self.publish(AVATAR + "data", digest, f"<data xmlns='{AVATAR}data'>{text}</data>")
        self.publish(AVATAR + "metadata", digest, f"<metadata xmlns='{AVATAR}metadata'><info id='{digest}' bytes='9' "
                     "type='image/png'/></metadata>")
        self.is_shown(digest)
        card = self.card(self.paris)
        self.assertEqual(next(card.iter("{vcard-temp}BINVAL")).text, text)
        self.assertEqual(next(card.iter("{vcard-temp}FN")).text, "Juliet")

    # ---- plays

    def test_a_picture_is_one_in_the_vcard_and_on_its_nodes_through_a_push_and_back(self):
        befriend(self.romeo, self.juliet)
        self.wants_devices(self.romeo, AVATAR + "metadata")
        self.avatars_hold()
        for act in (lambda: self.host.push(self.host.module("profile", "1.0.1")),
                    lambda: self.host.push(self.host.module("presence", "1.0.1")),
                    lambda: self.host.rollback("profile"), lambda: self.host.rollback("presence")):
            self.is_live(act())
            self.avatars_hold()
        self.all_is_safe(self.juliet)
        self.host.kill()
        self.host.start()
        late = Client(self.host, "juliet").log_in()
        own = late.expect(lambda e: e.tag == CLIENT + "presence" and e.get("from") == late.full)
        photo = next(self.card(late).iter("{vcard-temp}BINVAL"))
        self.assertEqual(next(own.iter("{vcard-temp:x:update}photo")).text,
                         hashlib.sha1(base64.b64decode(photo.text)).hexdigest())

    def test_pushed_rolled_back_and_pushed_again_under_load(self):
        self.host.add_users("load", 2 * PAIRS)
        load = pairs(self.host, PAIRS, RATE)
        self.addCleanup(load.kill)
        await_all(self.host, load, besides=3)
        befriend(self.romeo, self.juliet)
        self.wants_devices(self.romeo)
        self.answers(self.juliet, "set", "<vCard xmlns='vcard-temp'><FN>Juliet &amp; Co</FN></vCard>")
        self.answers(self.juliet, "set", "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'>"
                                         "<conference jid='balcony@conference.localhost'/></storage></query>")
        self.all_holds()
        for act in (lambda: self.host.push(self.host.module("profile", "1.0.1")), lambda: self.host.rollback("profile"),
                    lambda: self.host.push(self.host.module("profile", "1.0.1"))):
            self.is_live(act())
            self.all_holds()
        report = load.end()
        for figure in WRONG:
            self.assertEqual(report[figure], 0, f"{figure}: {report}")
        self.assertEqual(report["delivered"], report["sent"])
        self.assertEqual([each for each in self.host.modules() if each["faults"]], [])

    def test_who_comes_after_a_kill_gets_the_last_item(self):
        befriend(self.romeo, self.juliet)
        self.publish_devices()
        self.all_is_safe(self.juliet, self.romeo)
        self.host.kill()
        self.host.start()
        self.romeo = Client(self.host, "romeo").log_in()
        self.wants_devices(self.romeo)
        self.is_told(self.romeo)

    def test_the_account_says_that_it_has_personal_eventing(self):
        info = self.answers(self.juliet, "get", f"<query xmlns='{INFO}'/>", to=self.juliet.jid)
        self.assertIn(("pubsub", "pep"), [(e.get("category"), e.get("type")) for e in info.iter(f"{{{INFO}}}identity")])
        features = [e.get("var") for e in info.iter(f"{{{INFO}}}feature")]
        self.assertIn(PUBSUB + "#publish-options", features)
        self.assertIn("urn:xmpp:pep-vcard-conversion:0", features)


if __name__ == "__main__":
    unittest.main()
