#!/usr/bin/env python3
"""push_notify is pushed, rolled back and pushed again under load: devices that are asleep are woken once for what waits for
them, from people and from rooms, whichever version runs; a device that the gateway says is gone is not woken again."""
import json
import pathlib
import sys
import tempfile
import unittest
from xml.etree import ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import eventually, host_of  # noqa: E402
from live_load import WRONG, await_all, pairs  # noqa: E402
from numbers_client import Webhook  # noqa: E402
from xmpp_client import CLIENT, SM, Client  # noqa: E402

MODULES = ["session", "routing", "presence", "registration", "groups", "push_notify"]
PUSH = "urn:xmpp:push:0"
MUC = "http://jabber.org/protocol/muc"
ROOM = "room@groups.localhost"
PAIRS = 10
RATE = 200


class PushNotify(unittest.TestCase):
    def start(self, gateway=None, **settings):
        self.sent_to = pathlib.Path(tempfile.mkdtemp(prefix="hotline-notified-")) / "notified"
        self.host = host_of(self, "juliet", "romeo", config={
            "modules_initial": MODULES, "log": {"level": "warning"},
            "outbox": {"push": gateway or {"kind": "file", "file": str(self.sent_to)}},
            "modules": {"push_notify": {"wait_seconds": 1, "repeat_seconds": 2, **settings}}})
        self.juliet, self.romeo = (Client(self.host, name).log_in() for name in ("juliet", "romeo"))

    # ---- acts

    def answers(self, client, kind, payload, to=None):
        answer = client.iq(kind, payload, to=to)
        self.assertEqual(answer.get("type"), "result", ElementTree.tostring(answer))
        return answer

    def enable(self, client, node):
        self.answers(client, "set", f"<enable xmlns='{PUSH}' jid='push.localhost' node='{node}'/>")
        client.ask_ack()
        client.expect(lambda e: e.tag == SM + "a")  # It is on the disk.

    def fall_asleep(self):
        self.juliet.close()

    def wake(self):
        """Juliet takes what waits; the bodies, in order."""
        waiting = self.host.mailbox("juliet")["entries"]
        self.juliet = Client(self.host, "juliet").log_in()
        bodies = [self.juliet.expect_message().findtext(CLIENT + "body") for _ in range(waiting)]
        self.juliet.ack()
        eventually(lambda: self.host.mailbox("juliet")["entries"] == 0, "she has accepted them")
        return bodies

    def notified(self):
        try:
            return [json.loads(line) for line in self.sent_to.read_text().splitlines()]
        except FileNotFoundError:
            return []

    def is_live(self, report):
        self.assertEqual(report["outcome"], "live", report)

    # ---- plays

    def test_pushed_rolled_back_and_pushed_again_under_load(self):
        self.start()
        self.host.add_users("load", 2 * PAIRS)
        load = pairs(self.host, PAIRS, RATE)
        self.addCleanup(load.kill)
        await_all(self.host, load, besides=2)
        self.enable(self.juliet, "token")
        acts = (lambda: self.host.push(self.host.module("push_notify", "1.0.1")),
                lambda: self.host.rollback("push_notify"),
                lambda: self.host.push(self.host.module("push_notify", "1.0.1")))
        for number, act in enumerate(acts, 1):
            self.fall_asleep()
            sent = [f"{number}.{i}" for i in range(3)]
            for body in sent:
                self.romeo.message(self.juliet.jid, body, id=body)
            self.romeo.ping()
            self.is_live(act())  # What waits was seen by one version, and is told by the next.
            eventually(lambda: len(self.notified()) == number, "juliet is notified once for all three")
            self.assertEqual(self.notified()[-1], {
                "service": "push.localhost", "node": "token", "badge": 3, "options": {}})
            self.assertEqual(self.wake(), sent)
        report = load.end()
        for figure in WRONG:
            self.assertEqual(report[figure], 0, f"{figure}: {report}")
        self.assertEqual(report["delivered"], report["sent"])
        self.assertEqual([each for each in self.host.modules() if each["faults"]], [])
        self.assertEqual(len(self.notified()), len(acts))

    def test_devices_survive_a_kill_and_rooms_wake_them_too(self):
        self.start()
        for client, nick in ((self.romeo, "Romeo"), (self.juliet, "Juliet")):
            client.raw(f"<presence to='{ROOM}/{nick}'><x xmlns='{MUC}'/></presence>")
            client.expect(lambda e: e.tag == CLIENT + "presence" and "110" in [
                s.get("code") for s in e.iter(f"{{{MUC}#user}}status")])
            if nick == "Romeo":
                self.answers(client, "set", f"<query xmlns='{MUC}#owner'><x xmlns='jabber:x:data' type='submit'/></query>",
                             to=ROOM)
                self.answers(client, "set", f"<query xmlns='{MUC}#admin'><item jid='{self.juliet.jid}' "
                                            "affiliation='member'/></query>", to=ROOM)
        self.enable(self.juliet, "token")
        self.romeo.ask_ack()
        self.romeo.expect(lambda e: e.tag == SM + "a")
        self.host.kill()
        self.host.start()
        self.romeo = Client(self.host, "romeo").log_in()
        self.romeo.raw(f"<presence to='{ROOM}/Romeo'><x xmlns='{MUC}'/></presence>")
        self.romeo.message(ROOM, "hello all", id="1", kind="groupchat")
        eventually(lambda: [each["badge"] for each in self.notified()] == [1], "the room's copy wakes juliet")

    def test_a_device_that_is_gone_is_dropped_and_a_gateway_that_fails_is_tried_again(self):
        webhook = Webhook(self, statuses=[503, 410])
        self.start(gateway={"kind": "webhook", "url": webhook.url})
        self.enable(self.juliet, "dead")
        self.fall_asleep()
        self.romeo.message(self.juliet.jid, "one", id="1")
        eventually(lambda: len(webhook.requests) == 2, "it was tried again")
        eventually(lambda: "push_devices" not in self.tables_of_juliet(), "the device is dropped")
        self.romeo.message(self.juliet.jid, "two", id="2")
        eventually(lambda: self.host.mailbox("juliet")["entries"] == 2, "both wait")
        self.assertEqual(self.wake(), ["one", "two"])
        self.enable(self.juliet, "alive")
        self.fall_asleep()
        self.romeo.message(self.juliet.jid, "three", id="3")
        eventually(lambda: len(webhook.requests) == 3, "the new device is notified")
        self.assertEqual(json.loads(webhook.requests[-1][1])["node"], "alive")

    def test_an_account_that_is_removed_leaves_no_device(self):
        self.start()
        self.enable(self.juliet, "token")
        self.assertIn("push_devices", self.tables_of_juliet())
        self.host.control.call("user.remove", account=self.juliet.jid)
        eventually(lambda: "push_devices" not in self.tables_of_juliet(), "its device is gone")

    def tables_of_juliet(self):
        """Tables in which there is any row; no other account of these plays has devices."""
        return {each["name"] for each in self.host.control.call("tables")["tables"]
                if any(count["rows"] for count in each["schemas"])}


if __name__ == "__main__":
    unittest.main()
