#!/usr/bin/env python3
"""The host is killed 25 times under load: what was acknowledged to its sender is delivered, or waits in the mailbox.

Senders number their messages and ask for acknowledgement; half of the recipients are on and acknowledge what
they get, half are away. After each kill all log in anew. What had been sent and not yet acknowledged by its
recipient when the host died may come again, with the same id; never twice in one life, and never out of order.
"""
import os
import pathlib
import random
import select
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import eventually, host_of  # noqa: E402
from xmpp_client import CLIENT, SM, Client, Closed, message  # noqa: E402

KILLS = int(os.environ.get("HOTLINE_KILLS", "25"))
PAIRS = 6                 # The first half of the recipients is on, the other away.
IN_FLIGHT = 200           # Unacknowledged messages of a sender.
RUN_S_MAX = 0.25          # The kill comes at a random moment of so long a stretch of load.


class Sender(threading.Thread):
    """Sends numbered messages until the host is gone; `acked` of them are the host's to keep."""

    def __init__(self, host, number, first):
        super().__init__()
        self.client = Client(host, f"sender{number}").log_in(presence=False)
        self.to = f"recipient{number}@localhost"
        self.first = first      # Number of the first message of this life.
        self.sent = 0
        self.acked = 0
        self.refused = []

    def run(self):
        try:
            while True:
                if self.sent - self.acked < IN_FLIGHT:
                    numbers = range(self.first + self.sent, self.first + self.sent + 10)
                    self.client.raw("".join(message(self.to, number, number) for number in numbers)
                                    + "<r xmlns='urn:xmpp:sm:3'/>")
                    self.sent += 10
                    if select.select([self.client.socket], [], [], 0)[0] == [] and not self.client.socket.pending():
                        continue
                self.take(self.client.expect(lambda e: True))
        except (Closed, OSError, ValueError):
            self.client.cut()

    def take(self, element):
        if element.tag == SM + "a":
            self.acked = int(element.get("h"))  # Nothing else was sent since <enable/>.
        elif element.tag == CLIENT + "message" and element.get("type") == "error":
            self.refused.append(element.get("id"))


class Recipient(threading.Thread):
    """Takes what comes and acknowledges it, until the host is gone or `last` has come."""

    def __init__(self, host, number, last=None):
        super().__init__()
        self.client = Client(host, f"recipient{number}").log_in()
        self.got = []
        self.last = last

    def run(self):
        try:
            while self.last is None or self.last not in self.got[-1:]:
                stanza = self.client.expect(lambda e: e.tag == CLIENT + "message")
                self.got.append(int(stanza.findtext(CLIENT + "body")))
                if len(self.got) % 16 == 0:
                    self.client.ack()
            self.client.ack()
        except (Closed, OSError, ValueError):
            self.client.cut()


class KillUnderLoad(unittest.TestCase):
    CONFIG = {}

    def setUp(self):
        self.host = host_of(self, config={"log": {"level": "warning"}, "mailbox": {"entries_max": 1000000},
                                          **self.CONFIG})
        for number in range(PAIRS):
            self.host.add_user(f"sender{number}")
            self.host.add_user(f"recipient{number}")
        self.seed = int(os.environ.get("HOTLINE_SEED", random.randrange(2**32)))
        self.random = random.Random(self.seed)
        self.promised = [set() for _ in range(PAIRS)]  # By pair: numbers acknowledged to the sender.
        self.sent = [0] * PAIRS
        self.got = [[] for _ in range(PAIRS)]          # By pair: what came in each life.

    def test_what_was_acknowledged_survives_every_kill(self):
        for life in range(KILLS):
            with self.subTest(life=life, seed=self.seed):
                self.live_and_die()
        self.assertGreater(sum(map(len, self.promised)), KILLS * PAIRS, "there was no load to speak of")
        self.collect()
        for pair in range(PAIRS):
            self.holds(pair)
        lives = sum(map(len, self.got))
        print(f"{KILLS} kills, {sum(map(len, self.promised))} of {sum(self.sent)} messages acknowledged, "
              f"all delivered in {lives} lives (seed {self.seed})", file=sys.stderr)

    def live_and_die(self):
        recipients = [Recipient(self.host, number) for number in range(PAIRS // 2)]
        senders = [Sender(self.host, number, self.sent[number]) for number in range(PAIRS)]
        for each in recipients + senders:
            each.start()
        eventually(lambda: any(sender.acked for sender in senders), "a first acknowledgement")
        time.sleep(self.random.uniform(0, RUN_S_MAX))  # The moment of the kill, no synchronisation.
        self.host.kill()
        for each in recipients + senders:
            each.join(30)
            self.assertFalse(each.is_alive(), f"{each} did not notice the end")
        for number, sender in enumerate(senders):
            self.assertEqual(sender.refused, [])
            self.promised[number] |= set(range(sender.first, sender.first + sender.acked))
            self.sent[number] += sender.sent
        for number, recipient in enumerate(recipients):
            self.got[number].append(recipient.got)
        self.host.start()

    def collect(self):
        """Each sender says one more thing; what comes until then is what the mailboxes held."""
        for number in range(PAIRS):
            sender = Client(self.host, f"sender{number}").log_in(presence=False)
            last = self.sent[number]
            sender.message(f"recipient{number}@localhost", last, id=last)
            sender.ask_ack()
            sender.expect(lambda e: e.tag == SM + "a" and e.get("h") == "1")
            sender.close()
            recipient = Recipient(self.host, number, last)
            recipient.start()
            recipient.join(60)
            self.assertFalse(recipient.is_alive(), f"recipient{number} still waits for {last}; got {recipient.got[-5:]}")
            recipient.client.ping()
            recipient.client.close()
            self.got[number].append(recipient.got)

    def holds(self, pair):
        got = self.got[pair]
        missing = self.promised[pair] - {number for life in got for number in life}
        self.assertEqual(sorted(missing)[:10], [], f"pair {pair}: {len(missing)} acknowledged messages are gone "
                                                   f"(seed {self.seed})")
        for life in got:
            self.assertEqual(len(life), len(set(life)), f"pair {pair}: twice in one life (seed {self.seed})")
            self.assertEqual(life, sorted(life), f"pair {pair}: out of order (seed {self.seed})")


if __name__ == "__main__":
    unittest.main()
