#!/usr/bin/env python3
"""groups is pushed, rolled back and pushed again while a room is talked in: who is there and who is away has every
message once and in order, each is acknowledged once, and a restart in between is noticed by nobody who stays."""
import pathlib
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import eventually, host_of, other_build  # noqa: E402
from xmpp_client import CLIENT, Client, conditions  # noqa: E402

ROOM = "room@groups.localhost"
MUC = "http://jabber.org/protocol/muc"
USER = "{http://jabber.org/protocol/muc#user}"
BETWEEN = 40  # Messages that pass between two acts.
MODULES = ["session", "routing", "presence", "registration", "groups"]


def entry(nick):
    return f"<presence to='{ROOM}/{nick}'><x xmlns='{MUC}'/></presence>"


class Guest(threading.Thread):
    """A client in the room, and the numbers it hears there."""

    def __init__(self, host, name, speaks=False):
        super().__init__(daemon=True)
        self.client = Client(host, name).log_in()
        self.speaks, self.sent = speaks, 0
        self.numbers, self.wrong = [], []
        self.is_ending = False

    def enter(self, nick):
        self.client.raw(entry(nick))
        self.client.expect(lambda e: e.tag == CLIENT + "presence" and
                           e.find(f".//{USER}status[@code='110']") is not None)
        return self

    def run(self):
        while not self.is_ending:
            if self.speaks:
                self.client.message(ROOM, self.sent, self.sent, "groupchat")
                self.sent += 1
            self.client.read_for(0.004)
            while self.client.queue:
                self.take(self.client.queue.popleft())

    def take(self, element):
        if element.tag != CLIENT + "message":
            return
        body = element.findtext(CLIENT + "body")
        if element.get("type") == "groupchat" and body is not None:
            self.numbers.append(int(body))
            if element.get("to") != self.client.full:
                self.wrong.append(element.attrib)
        elif element.get("type") == "error":
            self.wrong.append(conditions(element))

    def end(self):
        self.is_ending = True
        self.join()
        return self


class Groups(unittest.TestCase):
    def setUp(self):
        self.host = host_of(self, "anna", "bert", "carl", config={
            "modules_initial": MODULES, "log": {"level": "warning"},
            "modules": {"groups": {"messages_per_second_max": 10_000}}})
        self.builds = 0
        self.anna = Guest(self.host, "anna", speaks=True).enter("Anna")
        client = self.anna.client
        answer = client.iq("set", "<query xmlns='http://jabber.org/protocol/muc#owner'>"
                                  "<x xmlns='jabber:x:data' type='submit'/></query>", to=ROOM)
        self.assertEqual(answer.get("type"), "result")
        for name in ("bert", "carl"):
            answer = client.iq("set", "<query xmlns='http://jabber.org/protocol/muc#admin'>"
                                      f"<item jid='{name}@localhost' affiliation='member'/></query>", to=ROOM)
            self.assertEqual(answer.get("type"), "result")
        bert = Guest(self.host, "bert").enter("Bert")
        bert.client.close()
        self.carl = Guest(self.host, "carl").enter("Carl")

    def traffic_passes(self):
        before = len(self.carl.numbers)
        eventually(lambda: len(self.carl.numbers) >= before + BETWEEN, "more messages pass")

    def push(self, file, version):
        report = self.host.push(file)
        self.assertEqual((report["outcome"], report["modules"][0]["to"]), ("live", version), report)
        self.traffic_passes()

    def test_pushes_under_load_lose_double_and_reorder_nothing(self):
        for guest in (self.anna, self.carl):
            guest.start()
        self.traffic_passes()
        self.push(self.host.module("groups", "1.0.1"), "1.0.1")
        self.assertEqual(self.host.rollback("groups")["outcome"], "live")
        self.traffic_passes()
        # A member comes back in the middle of it: what waited first, then what is said now.
        bert = Guest(self.host, "bert").enter("Bert")
        bert.start()
        eventually(lambda: bert.numbers, "what waited for bert")
        again = other_build(self.host.current_file("groups"), self.host.running()["groups"],
                            self.host.directory / "again.so")
        self.push(again, "1.0.0")
        bert.end().client.close()  # And away again.
        self.traffic_passes()
        self.push(self.host.module("groups", "1.0.1"), "1.0.1")
        total = self.stop_talking()
        self.assertEqual(bert.numbers, list(range(len(bert.numbers))))
        self.assertEqual(bert.wrong, [])
        # What bert had taken and not acknowledged when he left comes again, and then the rest.
        later = Guest(self.host, "bert").enter("Bert")
        later.start()
        eventually(lambda: later.numbers and later.numbers[-1] == total - 1, "the last message for bert")
        later.end()
        self.assertLessEqual(later.numbers[0], len(bert.numbers))
        self.assertEqual(later.numbers, list(range(later.numbers[0], total)))
        self.nothing_is_left_or_wrong(later)

    def test_what_waits_outlives_the_host(self):
        client = self.anna.client
        for number in range(50):
            client.message(ROOM, number, number, "groupchat")
        client.ask_ack()
        client.expect(lambda e: e.tag.endswith("}a") and client.acked >= 55)
        self.host.kill()  # What was acknowledged is on disk.
        self.host.start()
        bert = Guest(self.host, "bert").enter("Bert")
        bert.start()
        eventually(lambda: len(bert.numbers) >= 50, "what waited for bert")
        self.assertEqual(bert.end().numbers, list(range(50)))

    def stop_talking(self):
        anna = self.anna.end()
        client = anna.client
        client.ask_ack()
        stanzas = anna.sent + 5  # And before them its presence, its entry and three queries.
        eventually(lambda: client.read_for(0.05) or client.acked >= stanzas, "every message is acknowledged")
        while client.queue:
            anna.take(client.queue.popleft())
        eventually(lambda: len(self.carl.numbers) >= anna.sent, "carl has everything")
        self.carl.end()
        for guest in (anna, self.carl):
            self.assertEqual(guest.numbers, list(range(anna.sent)))
            self.assertEqual(guest.wrong, [])
        return anna.sent

    def nothing_is_left_or_wrong(self, bert):
        for guest in (self.anna, self.carl, bert):
            guest.client.ack()
        for name in ("anna", "bert", "carl"):
            eventually(lambda name=name: self.host.mailbox(name)["entries"] == 0, f"{name}'s mailbox is empty")
        for each in self.host.modules():
            self.assertEqual(each["faults"], 0, each)
        self.assertEqual(self.host.alarms(), {})


if __name__ == "__main__":
    unittest.main()
