#!/usr/bin/env python3
"""Two slixmpp users chat over STARTTLS: presence, messages, receipts, carbons, what waits, and resumption."""
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import eventually, host_of  # noqa: E402

try:
    import slixmpp  # noqa: F401
    from slixmpp_user import User
    MISSING = None
except ImportError as error:
    MISSING = error


class SlixmppIsThere(unittest.TestCase):
    def test_slixmpp_is_installed(self):
        self.assertIsNone(MISSING, "apt-get install python3-slixmpp, and run with Debian's python3")


@unittest.skipIf(MISSING, "slixmpp is missing; SlixmppIsThere fails for it")
class SlixmppChat(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.host = host_of(self, "juliet", "romeo")

    async def user(self, name, **more):
        user = User(self.host, name, **more)
        self.addAsyncCleanup(user.leave)
        return await user.log_in()

    async def test_they_subscribe_and_see_each_other_come_and_go(self):
        juliet, romeo = await self.user("juliet"), await self.user("romeo")
        juliet.send_presence_subscription("romeo@localhost")  # slixmpp grants, and asks back, by itself.
        await juliet.until(lambda: "romeo@localhost" in juliet.client_roster and
                           juliet.client_roster["romeo@localhost"]["subscription"] == "both", "a mutual subscription")
        await juliet.until(lambda: self.presence(juliet, romeo, "available"), "romeo's presence")
        await romeo.until(lambda: self.presence(romeo, juliet, "available"), "juliet's presence")
        romeo.send_presence(pshow="away", pstatus="in Mantua")
        await juliet.until(lambda: any(p["status"] == "in Mantua" and p["show"] == "away" for p in juliet.presences),
                           "romeo's status")
        await romeo.leave()
        await juliet.until(lambda: self.presence(juliet, romeo, "unavailable"), "romeo's leaving")

    def presence(self, whose, of, kind):
        return any(p["from"] == of.boundjid.full and p["type"] == kind for p in whose.presences)

    async def test_they_talk_both_ways_in_order(self):
        juliet, romeo = await self.user("juliet"), await self.user("romeo")
        for number in range(100):
            juliet.send_message(mto="romeo@localhost", mbody=f"j{number}", mtype="chat")
            romeo.send_message(mto=juliet.boundjid.full, mbody=f"r{number}", mtype="chat")
        await romeo.hears("j99")
        await juliet.hears("r99")
        self.assertEqual([m["body"] for m in romeo.heard], [f"j{n}" for n in range(100)])
        self.assertEqual([m["body"] for m in juliet.heard], [f"r{n}" for n in range(100)])
        self.assertEqual(romeo.heard[0]["from"], juliet.boundjid.full)

    async def test_a_receipt_comes_back(self):
        juliet = await self.user("juliet", plugins=["xep_0184"])
        await self.user("romeo", plugins=["xep_0184"])
        received = juliet.wait_until("receipt_received", timeout=30)
        message = juliet.make_message(mto="romeo@localhost", mbody="did you get it", mtype="chat")
        message["request_receipt"] = True
        message.send()
        receipt = await received
        self.assertEqual(receipt["receipt"], message["id"])

    async def test_a_second_device_gets_carbons_of_both_directions(self):
        phone = await self.user("juliet", resource="phone", plugins=["xep_0280"])
        desk = await self.user("juliet", resource="desk", plugins=["xep_0280"])
        await phone.plugin["xep_0280"].enable()
        await desk.plugin["xep_0280"].enable()
        romeo = await self.user("romeo")
        sent, received = desk.wait_until("carbon_sent", timeout=30), desk.wait_until("carbon_received", timeout=30)
        phone.send_message(mto=romeo.boundjid.full, mbody="from the phone", mtype="chat")
        self.assertEqual((await sent)["carbon_sent"]["body"], "from the phone")
        romeo.send_message(mto=phone.boundjid.full, mbody="to the phone", mtype="chat")
        self.assertEqual((await received)["carbon_received"]["body"], "to the phone")
        await phone.hears("to the phone")

    async def test_what_was_said_while_away_comes_with_its_time(self):
        juliet = await self.user("juliet")
        juliet.send_message(mto="romeo@localhost", mbody="good night", mtype="chat")
        waiting = lambda: self.host.mailbox("romeo")["oldest_wall_ms"]  # noqa: E731
        await juliet.until(waiting, "the message in the mailbox")
        since_ms = waiting()
        eventually(lambda: time.time() * 1000 > since_ms + 1000, "a second has passed")
        romeo = await self.user("romeo", plugins=["xep_0203"])
        message = await romeo.hears("good night")
        self.assertAlmostEqual(message["delay"]["stamp"].timestamp() * 1000, since_ms, delta=2000)

    # slixmpp 1.8 forgets what it had sent when it sends <resume/>, and so logs "Inconsistent sequence numbers".
    async def test_a_session_is_resumed_after_its_connection_broke(self):
        juliet = await self.user("juliet")
        romeo = await self.user("romeo", plugins=["xep_0198"])
        await romeo.until(lambda: romeo.plugin["xep_0198"].enabled_in, "stream management")
        resumed = romeo.wait_until("session_resumed", timeout=30)
        gone = romeo.wait_until("disconnected", timeout=30)
        romeo.end_session_on_disconnect = False
        romeo.transport.abort()  # The socket goes, without a word; the session stays.
        await gone
        romeo.features.clear()
        juliet.send_message(mto="romeo@localhost", mbody="still there?", mtype="chat")
        romeo.connect(romeo.address)
        await resumed
        await romeo.hears("still there?")
        self.assertEqual([m["body"] for m in romeo.heard], ["still there?"])

    async def test_they_talk_on_while_routing_is_pushed_and_taken_back(self):
        juliet, romeo = await self.user("juliet"), await self.user("romeo")
        said = []
        for act in (None, lambda: self.host.push(self.host.module("routing", "1.1.0")),
                    lambda: self.host.rollback("routing")):
            if act:
                self.assertEqual(act()["outcome"], "live")
            for _ in range(20):
                said.append(f"line {len(said)}")
                juliet.send_message(mto="romeo@localhost", mbody=said[-1], mtype="chat")
        await romeo.hears(said[-1])
        self.assertEqual([m["body"] for m in romeo.heard], said)
        self.assertEqual((juliet.ends, romeo.ends), ([], []))

    async def test_a_wrong_password_is_refused(self):
        user = User(self.host, "juliet", password="wrong")
        self.addAsyncCleanup(user.leave)
        user.connect(user.address)
        await user.until(lambda: user.ends, "the refusal")


if __name__ == "__main__":
    unittest.main()
