#!/usr/bin/env python3
"""A client that closes its connection and not its stream comes back for its session; one that ends its stream
has none to come back for."""
import contextlib
import pathlib
import socket
import ssl
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import PATIENCE, eventually, host_of  # noqa: E402
from xmpp_client import Client, LoginFailed  # noqa: E402


class HalfClosed(unittest.TestCase):
    def setUp(self):
        self.host = host_of(self, "juliet", "romeo")
        self.romeo = self.client("romeo").log_in().ping()

    def client(self, name="juliet", **more):
        client = Client(self.host, name, **more)
        self.addCleanup(client.cut)
        return client

    def sessions(self):
        return self.host.control.call("sessions", account="juliet@localhost")["sessions"]

    def detached(self):
        return eventually(lambda: self.sessions() and not self.sessions()[0]["is_attached"], "it is detached")

    def resumes(self, juliet):
        self.romeo.message("juliet@localhost", "are you there", id="1")
        self.romeo.ping()
        again = self.client()
        again.resume(juliet)
        again.expect_message("are you there")
        self.assertEqual(len(self.sessions()), 1)

    def test_tls_that_is_closed_leaves_a_session_to_resume(self):
        juliet = self.client().log_in().ping()
        juliet.socket.unwrap()  # Says close_notify and waits for the host's.
        self.detached()
        self.resumes(juliet)

    def test_a_connection_that_is_closed_leaves_a_session_to_resume(self):
        juliet = self.client().log_in().ping()
        juliet.cut()
        self.detached()
        self.resumes(juliet)

    def test_half_a_stanza_before_the_end_is_not_counted(self):
        juliet = self.client().log_in().ping()
        juliet.raw("<message to='romeo@localhost'><body>to be contin")
        juliet.socket.unwrap()
        self.detached()
        again = self.client()
        self.assertEqual(again.resume(juliet), 2)  # The presence and the ping.

    def test_a_stream_that_is_ended_leaves_nothing(self):
        juliet = self.client().log_in().ping()
        juliet.raw("</stream:stream>")
        juliet.ended()
        eventually(lambda: not self.sessions(), "the session is gone")
        with self.assertRaises(LoginFailed):
            self.client().resume(juliet)

    def test_who_ends_stream_and_tls_at_once_hears_close_notify(self):
        juliet = self.client().log_in().ping()
        wire = socket.fromfd(juliet.socket.fileno(), socket.AF_INET, socket.SOCK_STREAM)
        self.addCleanup(wire.close)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)  # Both go in one piece.
        juliet.raw("</stream:stream>")
        wire.setblocking(False)
        with contextlib.suppress(ssl.SSLError):  # It would wait for the host's, which is looked at below.
            juliet.socket.unwrap()
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
        wire.settimeout(PATIENCE)
        heard = b"".join(iter(lambda: wire.recv(4096), b""))
        # The last record is an alert, as far as its length says: without it the end could be an attacker's.
        self.assertEqual(heard[-24:-19], b"\x17\x03\x03\x00\x13", heard)
        eventually(lambda: not self.sessions(), "the session is gone")

    def test_without_stream_management_a_closed_connection_ends_the_session(self):
        juliet = self.client().log_in(sm=False).ping()
        juliet.socket.unwrap()
        eventually(lambda: not self.sessions(), "the session is gone")


if __name__ == "__main__":
    unittest.main()
