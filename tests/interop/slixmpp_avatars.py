#!/usr/bin/env python3
"""slixmpp users of two kinds set and see pictures: who publishes a node (XEP-0084) is seen by who looks at presence and vCards
(XEP-0153), and the other way round, while profile, which converts them (XEP-0398), is pushed and taken back."""
import hashlib
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import host_of  # noqa: E402

from picture import png  # noqa: E402
from slixmpp.exceptions import IqError  # noqa: E402
from slixmpp_user import DEADLINE, User  # noqa: E402

NODES, CARDS = ["xep_0004", "xep_0084", "xep_0115", "xep_0163"], ["xep_0054", "xep_0153"]
PHOTO = "{vcard-temp:x:update}photo"


def name_of(picture):
    return hashlib.sha1(picture).hexdigest()


def shown_in(stanza):
    """The name of the picture that a presence, or a message about a node, speaks of."""
    if stanza.name == "presence":
        return stanza["vcard_temp_update"]["photo"]
    shown = stanza["pubsub_event"]["items"]["item"]["avatar_metadata"]["items"]
    return shown[0]["id"] if shown else None


class SlixmppAvatars(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.host = host_of(self, "juliet", "romeo")

    async def user(self, name, plugins):
        user = User(self.host, name, plugins=plugins)
        self.addAsyncCleanup(user.leave)
        user.told = []  # What slixmpp tells of pictures, in order.
        for event in ("avatar_metadata_publish", "vcard_avatar_update"):
            user.add_event_handler(event, user.note(user.told))
        return await user.log_in()

    async def both(self):
        """juliet knows pictures from nodes alone, romeo from vCards alone; they are contacts."""
        juliet, romeo = await self.user("juliet", NODES), await self.user("romeo", CARDS)
        juliet.send_presence_subscription("romeo@localhost")  # slixmpp grants, and asks back, by itself.
        for one, other in ((juliet, romeo), (romeo, juliet)):
            await one.until(lambda o=one, p=other: any(e["from"] == p.boundjid.full and e["type"] == "available"
                                                       for e in o.presences), "the other's presence")
        return juliet, romeo

    async def publish(self, user, picture):
        """On both nodes, for everyone: a picture that contacts alone may see is not put into a vCard, which all may read."""
        form = user["xep_0004"].make_form(ftype="submit")
        form.add_field(var="FORM_TYPE", ftype="hidden", value="http://jabber.org/protocol/pubsub#publish-options")
        form.add_field(var="pubsub#access_model", value="open")
        info = {"id": name_of(picture), "type": "image/png", "bytes": len(picture)}
        await user["xep_0084"].publish_avatar(picture, options=form, timeout=DEADLINE)
        await user["xep_0084"].publish_avatar_metadata(info, options=form, timeout=DEADLINE)

    async def card_of(self, name, user):
        return (await user["xep_0054"].get_vcard(f"{name}@localhost", timeout=DEADLINE))["vcard_temp"]

    async def is_told(self, user, picture):
        await user.until(lambda: user.told and shown_in(user.told[-1]) == name_of(picture), "the other's picture")

    @staticmethod
    def last_presence(whose, of):
        return next(each for each in reversed(whose.presences) if each["from"] == of.boundjid.full)

    async def test_each_sees_the_others_picture_through_a_push_and_a_rollback(self):
        juliet, romeo = await self.both()
        for number, act in enumerate((None, lambda: self.host.push(self.host.module("profile", "1.0.1")),
                                      lambda: self.host.rollback("profile"))):
            if act:
                self.assertEqual(act()["outcome"], "live")
            hers, his = png(64 + number), png(32 + number)
            await self.publish(juliet, hers)
            await self.is_told(romeo, hers)
            photo = (await self.card_of("juliet", romeo))["PHOTO"]
            self.assertEqual((photo["TYPE"], photo["BINVAL"]), ("image/png", hers))
            await romeo["xep_0153"].set_avatar(avatar=his, mtype="image/png", timeout=DEADLINE)
            await self.is_told(juliet, his)
            got = await juliet["xep_0084"].retrieve_avatar("romeo@localhost", name_of(his), timeout=DEADLINE)
            self.assertEqual(got["pubsub"]["items"]["item"]["avatar_data"]["value"], his)

    async def test_a_picture_that_is_taken_down_is_gone_from_presence_and_vcard(self):
        juliet, romeo = await self.both()
        picture = png(64)
        await self.publish(juliet, picture)
        await self.is_told(romeo, picture)
        await juliet["xep_0084"].stop(timeout=DEADLINE)
        # slixmpp tells of no picture that is gone; presence says so by an empty <photo/>.
        await romeo.until(lambda: [e.text for e in self.last_presence(romeo, juliet).xml.iter(PHOTO)] == [None],
                          "a presence with no picture")
        with self.assertRaises(IqError) as refused:  # There was nothing else in the vCard.
            await self.card_of("juliet", romeo)
        self.assertEqual(refused.exception.condition, "item-not-found")


if __name__ == "__main__":
    unittest.main()
