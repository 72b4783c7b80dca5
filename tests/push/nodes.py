#!/usr/bin/env python3
"""Two hosts: what a link says belongs to the other one is passed on to it, up and down, and a node that is gone, mute or
wrong is told of in words."""
import http.client
import os
import pathlib
import socket
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import LISTEN, eventually, free_port, host_of  # noqa: E402
from media_client import Media  # noqa: E402
from xmpp_client import Client  # noqa: E402

LARGE = 8 << 20
SECRET = "0" * 40


class Mute:
    """A node that is not one: it takes connections, and then does what it was made with."""

    def __init__(self, test, answer):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port, self.answer, self.taken = self.socket.getsockname()[1], answer, []
        test.addCleanup(self.socket.close)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            head = b""
            while b"\r\n\r\n" not in head and (more := peer.recv(65536)):
                head += more
            peer.sendall(self.answer)
            self.taken.append(peer)  # Open, unless there was an answer.
            if self.answer and b"100 Continue" not in self.answer:
                peer.close()


class NodesPlay(unittest.TestCase):
    def node(self, name, port, nodes):
        return host_of(self, config={
            "listen": LISTEN + [{"kind": "http", "port": port}],
            "modules_initial": ["session", "routing", "presence", "registration", "media_link"],
            "nodes": {other: {"url": f"http://127.0.0.1:{at}", "timeout_seconds": 1}
                      for other, at in nodes.items()},
            "modules": {"media_link": {"url": "https://localhost:8443", "node": name}}})

    def pair(self, **more):
        """Of node "one": its host, and a client's view of it and of node "two", which never has a file."""
        ports = free_port(), free_port()
        one = self.node("one", ports[0], {"two": ports[1]})
        two = self.node("two", ports[1], {"one": ports[0], **more})
        one.add_user("juliet")
        client = Client(one, "juliet").log_in()
        self.addCleanup(client.close)
        return one, Media(one, client, kind="http"), Media(two, kind="http")

    def files(self, host):
        root = host.state / "files" / "media_link"
        return [each for each in root.glob("[0-9a-f][0-9a-f]/*/*") if each.is_file()]

    def test_a_file_goes_up_and_down_by_either_node_and_is_on_its_own(self):
        one, own, other = self.pair()
        content = os.urandom(LARGE)
        path = own.slot("a.png", content)
        self.assertIn("-one/", path)
        self.assertEqual(other.put(path, content), 201)
        self.assertEqual((len(self.files(one)), len(self.files(other.host))), (1, 0))
        for media in own, other:
            status, fields, got = media.get(path)
            self.assertEqual((status, got == content), (200, True))
            self.assertEqual(fields["content-type"], "image/png")
            self.assertEqual(fields["x-content-type-options"], "nosniff")
            status, fields, got = media.get(path, f"bytes=5-{LARGE // 2}")
            self.assertEqual((status, got == content[5:LARGE // 2 + 1]), (206, True))
            self.assertEqual(fields["content-range"], f"bytes 5-{LARGE // 2}/{LARGE}")
            self.assertEqual(media.get(path, f"bytes={LARGE}-")[0], 416)
            status, fields, got = media.get(path, method="HEAD")
            self.assertEqual((status, fields["content-length"], got), (200, str(LARGE), b""))
            self.assertEqual(media.get(f"/media/{SECRET}-one/x")[0], 404)
        # One connection for several, and what it has already is not sent again.
        connection = other.connect()
        for _ in range(2):
            connection.request("GET", path, headers={"If-None-Match": fields["etag"]})
            answer = connection.getresponse()
            self.assertEqual((answer.status, answer.read()), (304, b""))
        connection.close()

    def test_an_upload_is_cut_asked_about_gone_on_with_and_refused_by_the_other_node(self):
        _, own, other = self.pair()
        content = os.urandom(LARGE)
        path = own.slot("a.png", content)
        other.begin(path, content, LARGE // 2).close()
        there = eventually(lambda: (at := other.there(path, LARGE)) is not None and [at], "nobody writes it any more")[0]
        self.assertEqual(own.there(path, LARGE), there)
        self.assertEqual(other.put(path, content, there), 201)
        self.assertEqual(own.get(path)[2], content)
        self.assertEqual(other.put(path, content), 409)
        # Before its body, as the node itself would.
        path = own.slot("b.png", content)
        connection = other.begin(path, content, 0, kind="text/html")
        self.assertEqual(connection.getresponse().status, 415)
        connection.close()

    def test_many_at_once_and_one_that_reads_slowly(self):
        _, own, other = self.pair()
        content = os.urandom(LARGE)
        path = own.slot("a.png", content)
        self.assertEqual(own.put(path, content), 201)
        slow = other.connect()
        slow.request("GET", path)
        answer = slow.getresponse()
        begun = answer.read(1)
        right = []
        threads = [threading.Thread(target=lambda: right.append(other.get(path)[2] == content)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(right, [True] * 8)
        self.assertTrue(begun + answer.read() == content)

    def test_a_node_that_is_gone_mute_or_wrong_is_told_of(self):
        mute, stuck = Mute(self, b""), Mute(self, b"HTTP/1.1 100 Continue\r\n\r\n")
        cut = Mute(self, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhe")
        endless = Mute(self, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
        _, _, other = self.pair(gone=free_port(), mute=mute.port, stuck=stuck.port, cut=cut.port,
                                endless=endless.port)
        for node, status in ("gone", 502), ("mute", 504), ("endless", 502), ("unknown", 404):
            got = other.get(f"/media/{SECRET}-{node}/x")
            self.assertEqual(got[0], status, (node, got))
        self.assertIn(b"gone", other.get(f"/media/{SECRET}-gone/x")[2])
        with self.assertRaises((http.client.IncompleteRead, OSError)):
            other.get(f"/media/{SECRET}-cut/x")
        # It wants the body and does not take it: its peer can send no more than what is on the way, and is told so, if it
        # listens before it is cut off.
        body, sent = b"x" * (64 << 20), 0
        connection = other.begin(f"/media/{SECRET}-stuck/x", body, 0)
        with self.assertRaises(OSError):
            while sent < len(body):
                sent += connection.sock.send(body[sent:sent + (64 << 10)])
        self.assertLess(sent, len(body) // 2)
        connection.close()
        self.assertEqual(other.put(f"/media/{SECRET}-gone/x", b"x" * 1000), 502)
        self.assertTrue(other.host.is_up())

    def test_nodes_that_take_each_other_for_the_owner_send_nothing_round(self):
        ports = free_port(), free_port()
        first = self.node("one", ports[0], {"nobody": ports[1]})
        second = self.node("two", ports[1], {"nobody": ports[0]})
        for host in first, second:
            got = Media(host, kind="http").get(f"/media/{SECRET}-nobody/x")
            self.assertEqual(got[0], 502)
            self.assertIn(b"passed on already", got[2])
        counters = [next(m["counters"] for m in host.modules() if m["name"] == "media_link") for host in (first, second)]
        self.assertEqual([each["requests_passed_on"] for each in counters], [2, 2])


if __name__ == "__main__":
    unittest.main()
