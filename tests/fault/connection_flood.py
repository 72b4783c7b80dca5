#!/usr/bin/env python3
"""More connections from one address than it may have: those too many are closed, those that were there stay."""
import pathlib
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import eventually, host_of  # noqa: E402
from xmpp_client import Client  # noqa: E402

CONNECTIONS_MAX = 40
CROWD = 200


def is_closed(connection):
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


class ConnectionFlood(unittest.TestCase):
    def setUp(self):
        self.host = host_of(self, "witness", "friend",
                            config={"limits": {"connections_per_loopback_address_max": CONNECTIONS_MAX}})
        self.crowd = []
        self.addCleanup(self.disperse)

    def disperse(self):
        for each in self.crowd:
            each.close()

    def client(self, name):
        client = Client(self.host, name).log_in().ping()
        self.addCleanup(client.cut)
        return client

    def connections(self):
        return sum(shard["connections"] for shard in self.host.status()["shards"])

    def test_those_too_many_are_closed_and_those_before_stay(self):
        witness = self.client("witness")
        for _ in range(CROWD):
            self.crowd.append(socket.create_connection(("127.0.0.1", self.host.port("xmpp"))))
            self.crowd[-1].setblocking(False)
        too_many = CROWD + 1 - CONNECTIONS_MAX  # The witness has one.
        eventually(lambda: sum(map(is_closed, self.crowd)) == too_many, f"{too_many} of {CROWD} are closed")
        self.assertEqual(self.connections(), CONNECTIONS_MAX)
        witness.ping()

        self.disperse()
        eventually(lambda: self.connections() == 1, "the crowd is gone")
        self.client("friend")  # There is room again.
        witness.ping()
        self.assertTrue(self.host.is_up())


if __name__ == "__main__":
    unittest.main()
