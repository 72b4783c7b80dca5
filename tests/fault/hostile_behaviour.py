#!/usr/bin/env python3
"""How a client may not behave: too slow to log in, to finish a stanza, to read.

Each is told, cut, and bounded in what it costs; a client beside it notices nothing. The limits are shortened.
"""
import pathlib
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import eventually, host_of  # noqa: E402
from xmpp_client import SM, Client, Closed  # noqa: E402

OUTPUT_BYTES_MAX = 300_000
CONFIG = {
    "limits": {
        "before_login": {"seconds": 5},  # The clients beside it log in, on a machine with other work, too.
        "partial_stanza_seconds": 5,
        "output_bytes_max": OUTPUT_BYTES_MAX,
    }
}
QUESTIONS_MAX = 100_000    # Their answers fill the kernel's buffers, and then the host's.
SLOW_MESSAGES = 2000
SLOW_BODY_BYTES = 4000     # 8 MB in all: more than the kernel's buffers on loopback take.


class HostileBehaviour(unittest.TestCase):
    def setUp(self):
        self.host = host_of(self, "mallory", "witness", "friend", config=CONFIG)
        self.witness = self.client("witness").log_in().ping()
        self.witness.queue.clear()

    def client(self, name="mallory", **more):
        client = Client(self.host, name, **more)
        self.addCleanup(client.cut)
        return client

    def unharmed(self):
        self.witness.ping()
        self.assertFalse(self.witness.queue, "the witness got something")
        self.assertTrue(self.host.is_up())

    def test_who_does_not_log_in_in_time_is_told_and_cut(self):
        for kind in ("xmpp", "xmpps"):
            with self.subTest(kind):
                client = self.client(kind=kind)
                client.open()
                self.assertEqual(client.ended(), "connection-timeout")
                self.unharmed()

    def test_who_says_nothing_at_all_is_cut(self):
        quiet = socket.create_connection(("127.0.0.1", self.host.port("xmpps")))  # Not even a handshake.
        self.addCleanup(quiet.close)
        quiet.settimeout(30)
        while quiet.recv(4096):
            pass
        self.unharmed()

    def test_logging_in_byte_by_byte_gains_no_time(self):
        client = self.client(kind="xmpp")
        client.open()
        with self.assertRaises((Closed, OSError)):
            while True:  # Each byte is a sign of life; the limit counts from the beginning.
                client.raw(" ")
                client.read_for(0.05)
        self.unharmed()

    def test_half_a_stanza_is_waited_for_so_long_and_no_longer(self):
        client = self.client().log_in(sm=False, presence=False)
        client.raw("<message to='witness@localhost'><body>to be contin")
        self.assertEqual(client.ended(), "connection-timeout")
        self.unharmed()

    def test_a_session_cut_for_half_a_stanza_can_be_resumed(self):
        client = self.client().log_in()
        client.raw("<message to='witness@localhost'><body>to be contin")
        self.assertEqual(client.ended(), "connection-timeout")
        again = self.client()
        self.assertEqual(again.resume(client), 1)  # The presence, not the half message.
        again.ping()
        self.unharmed()

    def test_a_slow_readers_messages_wait_in_its_mailbox_and_none_is_lost(self):
        slow = self.client(receive_buffer=4096).log_in().ping()
        friend = self.client("friend").log_in(presence=False)
        for number in range(SLOW_MESSAGES):
            friend.message("mallory@localhost", f"{number:<{SLOW_BODY_BYTES}}", id=number)
        friend.ping()
        self.assertGreater(self.host.mailbox("mallory")["entries"], 0)
        self.unharmed()

        # Whether it was cut or is only behind: it comes back and reads on, all of it, in order, none twice.
        got = self.read_on(slow, [])
        self.assertEqual(got, [str(number) for number in range(SLOW_MESSAGES)])
        eventually(lambda: self.host.mailbox("mallory")["entries"] == 0, "the mailbox is empty")
        self.unharmed()

    def test_who_asks_and_does_not_read_the_answers_is_cut_and_can_resume(self):
        deaf = self.client(receive_buffer=4096).log_in().ping()
        friend = self.client("friend").log_in(presence=False)
        question = "<iq type='get' id='q' to='localhost'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
        with self.assertRaises(OSError):
            for _ in range(QUESTIONS_MAX // 100):
                deaf.raw(question * 100)
        eventually(lambda: not self.session_of_mallory()["is_attached"], "the session is without a connection")
        self.assertIn("session.slow_reader", self.host.log())
        friend.message("mallory@localhost", "are you well", id="well")
        friend.ping()
        self.unharmed()

        again = self.client()
        again.resume(deaf)
        again.expect_message("are you well")
        self.assertTrue(self.session_of_mallory()["is_attached"])
        self.unharmed()

    def session_of_mallory(self):
        return self.host.control.call("sessions", account="mallory@localhost")["sessions"][0]

    def read_on(self, client, got):
        while len(got) < SLOW_MESSAGES:
            try:
                got.append(client.expect_message().get("id"))
                if len(got) % 50 == 0:
                    client.ack()
            except Closed:
                again = self.client()
                again.resume(client)
                client = again
        client.ack()
        return got

    def test_who_never_acknowledges_is_asked_and_keeps_nothing_from_others(self):
        deaf = self.client()
        deaf.acks = False
        deaf.log_in().ping()
        friend = self.client("friend").log_in(presence=False)
        for number in range(200):
            friend.message("mallory@localhost", str(number), id=number)
        friend.ping()
        for number in range(200):
            self.assertEqual(deaf.expect_message().get("id"), str(number))
        self.assertEqual(self.host.mailbox("mallory")["entries"], 200)
        deaf.ack()
        eventually(lambda: self.host.mailbox("mallory")["entries"] == 0, "acknowledged, they are gone")
        friend.ask_ack()
        friend.expect(lambda e: e.tag == SM + "a" and int(e.get("h")) >= 200)
        self.unharmed()


if __name__ == "__main__":
    unittest.main()
