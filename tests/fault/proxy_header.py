#!/usr/bin/env python3
"""Load balancers that say for whom they connect (the PROXY protocol), and those that should and do not.

The host listens for them from loopback on all its ports but one, where it expects them from 10.0.0.0/8 alone. A header is a
few bytes before the client's own: TLS, a stream, a WebSocket's request and HTTP follow it.
"""
import pathlib
import socket
import ssl
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import PATIENCE, eventually, host_of  # noqa: E402
from xmpp_client import Client, Closed  # noqa: E402

HERE = ["127.0.0.0/8"]
CONFIG = {
    "modules_initial": ["session", "routing", "presence", "registration", "privacy"],
    "listen": [
        {"kind": "xmpp", "port": 0, "proxy": HERE},
        {"kind": "xmpps", "port": 0, "proxy": HERE},
        {"kind": "xmpp-wss", "port": 0, "proxy": HERE},
        {"kind": "https", "port": 0, "proxy": HERE},
        {"kind": "xmpp-ws", "port": 0, "proxy": ["10.0.0.0/8", "2001:db8::/32"]},
    ],
    "limits": {"before_login": {"seconds": 5}, "connections_per_address_max": 3},
}
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
BEHIND = b"\x03\x00\x04\x01\x02\x03\x04"  # A checksum's place, which nobody looks at.


def line(source="192.0.2.7"):
    family, other = ("TCP6", "2001:db8::1") if ":" in source else ("TCP4", "192.0.2.1")
    return f"PROXY {family} {source} {other} 40000 443\r\n".encode()


def binary(source="192.0.2.8", command=0x21):
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    address = socket.inet_pton(family, source)
    rest = address + address + b"\x9c\x40\x01\xbb" + BEHIND
    return SIGNATURE + bytes([command, 0x21 if ":" in source else 0x11]) + len(rest).to_bytes(2, "big") + rest


GOOD = [(line(), "192.0.2.7"), (line("2001:db8::7"), "2001:db8::7"), (binary(), "192.0.2.8"),
        (binary("2001:db8:8::8"), "2001:db8:8::8"), (b"PROXY UNKNOWN\r\n", "127.0.0.1"), (binary(command=0x20), "127.0.0.1")]


class ProxyHeader(unittest.TestCase):
    def setUp(self):
        self.host = host_of(self, "juliet", "romeo", config=CONFIG)

    def raw(self, kind, data=b""):
        connection = socket.create_connection(("127.0.0.1", self.host.port(kind)), timeout=PATIENCE)
        self.addCleanup(connection.close)
        connection.sendall(data)
        return connection

    def encrypted(self, connection):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(self.host.state / "tls" / "dev-certificate.pem")
        secure = context.wrap_socket(connection, server_hostname="localhost")
        self.addCleanup(secure.close)
        return secure

    def refused(self):
        return self.host.control.call("status")["messages"]["proxy_headers_refused"]

    def is_closed(self, connection):
        """Without a word."""
        try:
            self.assertEqual(connection.recv(4096), b"")
        except ConnectionResetError:
            pass

    def test_the_address_it_names_is_the_session_s(self):
        for kind in ("xmpps", "xmpp"):
            for header, peer in GOOD:
                with self.subTest(kind=kind, header=header):
                    client = Client(self.host, "juliet", kind=kind, preface=header)
                    client.log_in()
                    (session,) = self.host.control.call("sessions", account=client.jid)["sessions"]
                    self.assertEqual(session["peer"], peer)
                    client.close()
                    eventually(lambda at=client: not self.host.control.call("sessions", account=at.jid)["sessions"],
                               "the session has ended")
        self.assertEqual(self.refused(), 0)

    def test_it_comes_before_tls_of_websockets_and_http(self):
        for kind, request in (("xmpp-wss", b"GET /.well-known/host-meta HTTP/1.1\r\nHost: localhost\r\n\r\n"),
                              ("https", b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")):
            for header, _ in GOOD:
                with self.subTest(kind=kind, header=header):
                    secure = self.encrypted(self.raw(kind, header))
                    secure.sendall(request)
                    self.assertTrue(secure.recv(4096).startswith(b"HTTP/1.1 "))

    def test_it_may_come_in_parts_and_with_what_follows(self):
        header = binary()
        connection = self.raw("xmpp", header[:20])
        connection.sendall(header[20:] + b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0' "
                           b"xmlns:stream='http://etherx.jabber.org/streams' to='localhost'>")
        self.assertIn(b"stream:stream", connection.recv(4096))

    def test_who_says_nothing_or_something_else_is_closed_and_counted(self):
        wrong = [b"\x16\x03\x01\x02\x00\x01\x00\x01", b"<?xml version='1.0'?>", b"PROXY TCP4 192.0.2.7 192.0.2.1 1\r\n",
                 b"PROXY TCP4 192.0.2.007 192.0.2.1 1 2\r\n", b"PROXY UNKNOWN " + b"x" * 200, SIGNATURE + b"\x31\x11\x00\x0c",
                 SIGNATURE + b"\x21\x12\x00\x0c", SIGNATURE + b"\x21\x11\x00\x04", SIGNATURE + b"\x21\x11\xff\xff"]
        for number, data in enumerate(wrong, 1):
            with self.subTest(data):
                self.is_closed(self.raw("xmpps", data))
                self.assertEqual(self.refused(), number)
        self.is_closed(self.raw("xmpps", b"PROXY TCP4 192."))  # And no more, until its time is over.
        self.assertEqual(self.refused(), len(wrong) + 1)
        with self.raw("xmpps"):
            pass  # One that only looks whether somebody is there.
        Client(self.host, "romeo", preface=line()).log_in().ping()
        self.assertEqual(self.refused(), len(wrong) + 1)

    def test_from_elsewhere_it_is_not_taken(self):
        answer = self.raw("xmpp-ws", line() + b"GET /xmpp-websocket HTTP/1.1\r\nHost: localhost\r\n\r\n").recv(4096)
        self.assertTrue(answer.startswith(b"HTTP/1.1 505"), answer)
        answer = self.raw("xmpp-ws", b"GET /.well-known/host-meta HTTP/1.1\r\nHost: localhost\r\n\r\n").recv(4096)
        self.assertTrue(answer.startswith(b"HTTP/1.1 200"), answer)

    def test_limits_are_the_client_s_and_not_the_load_balancer_s(self):
        held = [Client(self.host, "juliet", preface=line("192.0.2.9"), resource=str(i)).log_in() for i in range(3)]
        self.is_closed(self.raw("xmpps", line("192.0.2.9")))
        Client(self.host, "romeo", preface=line("192.0.2.10")).log_in().ping()
        held[0].close()
        eventually(lambda: self.gets_in("192.0.2.9"), "a place is free")

    def test_an_ipv6_64_is_one_address(self):
        held = [Client(self.host, "juliet", preface=line(f"2001:db8::{i}"), resource=str(i)).log_in() for i in range(1, 4)]
        self.is_closed(self.raw("xmpps", line("2001:db8::4")))
        Client(self.host, "romeo", preface=line("2001:db8:0:1::4")).log_in().ping()
        held[0].close()
        eventually(lambda: self.gets_in("2001:db8::4"), "a place is free")

    def gets_in(self, source):
        try:
            Client(self.host, "juliet", preface=line(source), resource="again").log_in().ping()
        except (Closed, OSError):
            return False
        return True


if __name__ == "__main__":
    unittest.main()
