#!/usr/bin/env python3
"""Peers that take their time over as many files as they can: one address gets its share of the places and no more, and
others go on. A load balancer says who the addresses are (the PROXY protocol)."""
import os
import pathlib
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import LISTEN, PATIENCE, host_of  # noqa: E402
from media_client import Media  # noqa: E402
from xmpp_client import Client  # noqa: E402

UPLOADS, DOWNLOADS = 512 // 8, 1024 // 8  # Of one address, on the one shard.
CONTENT = os.urandom(1000)
LARGE = 8 << 20  # More than sockets hold for who reads nothing.


class SlowTransfers(unittest.TestCase):
    def setUp(self):
        self.host = host_of(self, "juliet", config={
            "shards": 1, "listen": LISTEN + [{"kind": "http", "port": 0, "proxy": ["127.0.0.0/8"]}],
            "modules_initial": ["session", "routing", "presence", "registration", "media_link"],
            "modules": {"media_link": {"url": Media.url}}})
        client = Client(self.host, "juliet").log_in()
        self.addCleanup(client.close)
        self.media = Media(self.host, client)

    def ask(self, source, head):
        """The connection, and what is said first."""
        connection = socket.socket()
        self.addCleanup(connection.close)
        connection.settimeout(PATIENCE)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", self.host.port("http")))
        family, other = ("TCP6", "2001:db8::") if ":" in source else ("TCP4", "192.0.2.1")
        connection.sendall(f"PROXY {family} {source} {other} 40000 443\r\n{head}\r\nHost: localhost\r\n\r\n".encode())
        return connection, self.said(connection)

    def said(self, connection):
        answer = b""
        while b"\r\n\r\n" not in answer:
            more = connection.recv(1)
            self.assertTrue(more, answer)
            answer += more
        return answer.decode()

    def put(self, source, path, size):
        """One that has its place is told to go on, and does not."""
        return self.ask(source, f"PUT {path} HTTP/1.1\r\nContent-Type: image/png\r\nExpect: 100-continue\r\n"
                                f"Content-Length: {size}")

    def upload(self, source):
        return self.put(source, self.media.slot("a.png", CONTENT), len(CONTENT))

    def is_placed(self, upload):
        self.assertTrue(upload[1].startswith("HTTP/1.1 100 "), upload[1])
        return upload[0]

    def is_put(self, connection, content=CONTENT):
        connection.sendall(content)
        self.assertTrue(self.said(connection).startswith("HTTP/1.1 201 "))

    def is_turned_away(self, asked):
        self.assertTrue(asked[1].startswith("HTTP/1.1 429 "), asked[1])
        self.assertIn("\r\nRetry-After: 10\r\n", asked[1])

    def refused(self):
        return self.host.control.call("status")["messages"]["transfers_refused"]

    def test_one_address_gets_its_share_of_the_uploads(self):
        held = [self.is_placed(self.upload(f"2001:db8::{number + 1:x}")) for number in range(UPLOADS)]
        self.is_turned_away(self.upload("2001:db8::ffff"))
        self.assertEqual(self.refused(), 1)
        for other in "2001:db8:0:1::1", "192.0.2.8":
            self.is_put(self.is_placed(self.upload(other)))
        self.is_put(held[0])
        self.is_placed(self.upload("2001:db8::ffff"))
        self.is_turned_away(self.upload("2001:db8::ffff"))

    def test_one_address_gets_its_share_of_the_downloads(self):
        content = os.urandom(LARGE)
        path = self.media.slot("a.png", content)
        self.is_put(self.is_placed(self.put("192.0.2.7", path, LARGE)), content)
        for _ in range(DOWNLOADS):
            self.assertTrue(self.ask("192.0.2.7", f"GET {path} HTTP/1.1")[1].startswith("HTTP/1.1 200 "))
        self.is_turned_away(self.ask("192.0.2.7", f"GET {path} HTTP/1.1"))
        self.assertEqual(self.refused(), 1)
        connection, said = self.ask("192.0.2.8", f"GET {path} HTTP/1.1\r\nConnection: close")
        self.assertTrue(said.startswith("HTTP/1.1 200 "), said)
        with connection.makefile("rb") as answer:
            self.assertEqual(answer.read(), content)


if __name__ == "__main__":
    unittest.main()
