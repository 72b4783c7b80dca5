#!/usr/bin/env python3
"""slixmpp's own XEP-0045 makes a room, configures it, talks in it, invites, promotes, kicks and destroys it."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import host_of  # noqa: E402

from slixmpp.exceptions import PresenceError  # noqa: E402
from slixmpp_user import DEADLINE, User  # noqa: E402

ROOM = "balcony@groups.localhost"


class SlixmppGroups(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.host = host_of(self, "juliet", "romeo", config={
            "modules_initial": ["session", "routing", "presence", "registration", "groups"]})

    async def user(self, name):
        user = User(self.host, name, plugins=["xep_0030", "xep_0045", "xep_0199", "xep_0249"])
        self.addAsyncCleanup(user.leave)
        return await user.log_in()

    async def enter(self, user, nick, **more):
        return await user["xep_0045"].join_muc_wait(ROOM, nick, timeout=DEADLINE, **more)

    async def both(self):
        """juliet's room, with romeo in it."""
        juliet, romeo = await self.user("juliet"), await self.user("romeo")
        await self.enter(juliet, "Juliet")
        form = await juliet["xep_0045"].get_room_config(ROOM)
        form.reply()
        form["type"] = "submit"
        form.set_values({"muc#roomconfig_roomname": "The balcony"})
        await juliet["xep_0045"].set_room_config(ROOM, form)
        await self.enter(romeo, "Romeo")
        return juliet, romeo

    async def test_the_service_is_found_and_a_room_made_configured_and_talked_in(self):
        juliet, romeo = await self.both()
        items = await juliet["xep_0030"].get_items("localhost")
        self.assertIn("groups.localhost", [str(item[0]) for item in items["disco_items"]["items"]])
        info = await romeo["xep_0030"].get_info(ROOM)
        self.assertIn("http://jabber.org/protocol/muc", info["disco_info"]["features"])
        self.assertIn(("conference", "text", None, "The balcony"), info["disco_info"]["identities"])
        self.assertEqual(set(romeo["xep_0045"].get_roster(ROOM)), {"Juliet", "Romeo"})
        for number in range(15):
            juliet.send_message(mto=ROOM, mbody=f"j{number}", mtype="groupchat")
        for user in (juliet, romeo):
            await user.hears("j14")
            self.assertEqual([m["body"] for m in user.heard], [f"j{n}" for n in range(15)])
        self.assertEqual(str(romeo.heard[0]["from"]), f"{ROOM}/Juliet")
        juliet["xep_0045"].set_subject(ROOM, "Wherefore")
        await romeo.until(lambda: any(m["subject"] == "Wherefore" for m in romeo.stanzas), "the subject")
        romeo.send_message(mto=f"{ROOM}/Juliet", mbody="hush", mtype="chat")
        self.assertEqual(str((await juliet.hears("hush"))["from"]), f"{ROOM}/Romeo")

    async def test_ranks_kicks_and_bans(self):
        juliet, romeo = await self.both()
        muc = juliet["xep_0045"]
        await muc.set_affiliation(ROOM, "member", jid="romeo@localhost")
        self.assertEqual([str(jid) for jid in await muc.get_affiliation_list(ROOM, "member")], ["romeo@localhost"])
        await muc.set_role(ROOM, "Romeo", "none", reason="too loud")
        await romeo.until(lambda: any(p["type"] == "unavailable" and p["from"] == f"{ROOM}/Romeo"
                                      for p in romeo.presences), "being kicked")
        await self.enter(romeo, "Romeo")
        await muc.set_affiliation(ROOM, "outcast", jid="romeo@localhost")
        # Before he tries: slixmpp would take word of the ban for that of his entry.
        await romeo.until(lambda: sum(p["type"] == "unavailable" and p["from"] == f"{ROOM}/Romeo"
                                      for p in romeo.presences) == 2, "being banned")
        with self.assertRaises(PresenceError) as refused:
            await self.enter(romeo, "Romeo")
        self.assertEqual(refused.exception.condition, "forbidden")

    async def test_an_invitation_makes_a_member_of_a_room_for_members(self):
        juliet, romeo = await self.user("juliet"), await self.user("romeo")
        await self.enter(juliet, "Juliet")
        form = await juliet["xep_0045"].get_room_config(ROOM)
        form.reply()
        form["type"] = "submit"
        form.set_values({"muc#roomconfig_membersonly": True})
        await juliet["xep_0045"].set_room_config(ROOM, form)
        with self.assertRaises(PresenceError) as refused:
            await self.enter(romeo, "Romeo")
        self.assertEqual(refused.exception.condition, "registration-required")
        juliet["xep_0045"].invite(ROOM, "romeo@localhost", reason="come")
        # As a message: slixmpp's own event is for rooms that were not tried before.
        await romeo.until(lambda: any(m["from"] == ROOM for m in romeo.stanzas), "the invitation")
        await self.enter(romeo, "Romeo")
        # Away, and back: it waited.
        await romeo.leave()
        juliet.send_message(mto=ROOM, mbody="are you there", mtype="groupchat")
        await juliet.hears("are you there")
        romeo = await self.user("romeo")
        await self.enter(romeo, "Romeo")
        self.assertTrue((await romeo.hears("are you there"))["type"] == "groupchat")

    async def test_the_owner_destroys_it(self):
        juliet, romeo = await self.both()
        await juliet["xep_0045"].destroy(ROOM, reason="dawn")
        await romeo.until(lambda: any(p["type"] == "unavailable" and p["from"] == f"{ROOM}/Romeo"
                                      for p in romeo.presences), "the end of the room")


if __name__ == "__main__":
    unittest.main()
