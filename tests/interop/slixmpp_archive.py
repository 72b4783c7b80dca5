#!/usr/bin/env python3
"""slixmpp's own XEP-0313 and XEP-0441 read an archive, forwards and backwards, and say what is to be kept in it."""
import pathlib
import sys
import unittest
from datetime import timedelta

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import host_of  # noqa: E402

from slixmpp.exceptions import IqError  # noqa: E402
from slixmpp_user import DEADLINE, User  # noqa: E402

PLUGINS = ["xep_0030", "xep_0199", "xep_0313", "xep_0441"]
SAID = [f"line {number}" for number in range(25)]


class SlixmppArchive(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.host = host_of(self, "juliet", "romeo", "paris", config={
            "modules_initial": ["session", "routing", "presence", "registration", "archive"]})

    async def user(self, name):
        user = User(self.host, name, plugins=PLUGINS)
        self.addAsyncCleanup(user.leave)
        return await user.log_in()

    async def talk(self):
        """Romeo says all of it, and Juliet has heard it."""
        juliet, romeo = await self.user("juliet"), await self.user("romeo")
        for body in SAID:
            romeo.send_message(mto="juliet@localhost", mbody=body, mtype="chat")
        await juliet.hears(SAID[-1])
        return juliet, romeo

    @staticmethod
    async def read(user, **query):
        return [result["mam_result"]["forwarded"]["stanza"]["body"]
                async for result in user["xep_0313"].iterate(**query)]

    async def test_both_ends_read_it_page_by_page_in_both_directions(self):
        for user in await self.talk():
            self.assertEqual(await self.read(user), SAID)
            self.assertEqual(await self.read(user, jid=user.boundjid.bare), SAID)
            self.assertEqual(await self.read(user, reverse=True), SAID[::-1])
            self.assertEqual(await self.read(user, with_jid="juliet@localhost" if user.boundjid.user == "romeo"
                                             else "romeo@localhost", rsm={"max": 7}), SAID)
            self.assertEqual(await self.read(user, with_jid="paris@localhost"), [])

    async def test_times_metadata_and_fields(self):
        juliet, _ = await self.talk()
        mam = juliet["xep_0313"]
        results = [result async for result in mam.iterate()]
        stamps = [result["mam_result"]["forwarded"]["delay"]["stamp"] for result in results]
        self.assertEqual(stamps, sorted(stamps))
        # It asks by whole seconds, in which all of it may have been said.
        before, after = stamps[0] - timedelta(seconds=2), stamps[-1] + timedelta(seconds=2)
        self.assertEqual(await self.read(juliet, start=before, end=after), SAID)
        self.assertEqual(await self.read(juliet, start=after), [])
        self.assertEqual(await self.read(juliet, end=before), [])
        metadata = (await mam.get_archive_metadata(timeout=DEADLINE))["mam_metadata"]
        self.assertEqual(metadata["start"]["id"], results[0]["mam_result"]["id"])
        self.assertEqual(metadata["end"]["id"], results[-1]["mam_result"]["id"])
        fields = (await mam.get_fields(timeout=DEADLINE)).get_fields()
        self.assertLessEqual({"with", "start", "end", "before-id", "after-id", "ids"}, set(fields))
        info = await juliet["xep_0030"].get_info("juliet@localhost")
        self.assertLessEqual({"urn:xmpp:mam:2", "urn:xmpp:mam:2#extended", "urn:xmpp:sid:0"},
                             set(info["disco_info"]["features"]))

    async def test_nobody_reads_anybody_elses(self):
        await self.talk()
        paris = await self.user("paris")
        self.assertEqual(await self.read(paris), [])
        with self.assertRaises(IqError) as refused:  # iterate() takes an error for the end.
            await paris["xep_0313"].retrieve(jid="juliet@localhost", timeout=DEADLINE)
        self.assertEqual(refused.exception.condition, "service-unavailable")

    async def test_preferences_are_set_and_kept_to(self):
        juliet, romeo = await self.user("juliet"), await self.user("romeo")
        prefs = juliet["xep_0441"]
        self.assertEqual((await prefs.get_preferences(timeout=DEADLINE))[0], "always")
        await prefs.set_preferences(default="always", always=[], never=["romeo@localhost"], timeout=DEADLINE)
        default, always, never = await prefs.get_preferences(timeout=DEADLINE)
        self.assertEqual((default, always, {str(jid) for jid in never}), ("always", set(), {"romeo@localhost"}))
        romeo.send_message(mto="juliet@localhost", mbody="hush", mtype="chat")
        await juliet.hears("hush")
        self.assertEqual(await self.read(juliet), [])
        self.assertEqual(await self.read(romeo), ["hush"])


if __name__ == "__main__":
    unittest.main()
