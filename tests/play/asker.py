"""Clients that ask without a pause, and keep by whom they were answered: tests/push/judged answers so."""
import threading
import time
import unittest

from hotline_host import Host, build
from xmpp_client import Client

JUDGED = "{urn:example:judged}judged"


class Asker(threading.Thread):
    """Asks until it is told to end; as a client would, it waits a moment between two questions."""

    def __init__(self, host, name, pause_s=0.005):
        super().__init__(daemon=True)
        self.client = Client(host, name).log_in()
        self.pause_s = pause_s
        self.by, self.errors, self.failure, self.is_over = [], 0, None, False
        self.start()

    def run(self):
        try:
            while not self.is_over:
                answer = self.client.iq("get", "<judged xmlns='urn:example:judged'/>", to=self.client.jid)
                if answer.get("type") == "result":
                    self.by.append(answer.find(JUDGED).get("by"))
                else:
                    self.errors += 1
                time.sleep(self.pause_s)
        except Exception as failure:  # pylint: disable=broad-except
            self.failure = failure

    def end(self):
        self.is_over = True
        self.join()
        self.client.close()
        return self


def judged(version):
    return build() / "judged" / f"judged-{version}.so"


class AskedHost(unittest.TestCase):
    """A host on which PEOPLE ask judged 1.0.0. Preflight, which would refuse some of the bad ones, is off: what it does not
    find is what these plays are about."""
    PEOPLE = 20

    def setUp(self):
        self.host = Host({"push": {"preflight": False}})
        self.addCleanup(self.host.remove)
        self.host.start()
        self.host.push(judged("1.0.0"))
        for number in range(self.PEOPLE):
            self.host.add_user(f"user{number}")
        self.askers = [Asker(self.host, f"user{number}") for number in range(self.PEOPLE)]

    def end(self):
        """Nobody was cut off; how many errors came to them all."""
        for asker in self.askers:
            asker.end()
        self.assertEqual([asker.failure for asker in self.askers if asker.failure], [])
        return sum(asker.errors for asker in self.askers)
