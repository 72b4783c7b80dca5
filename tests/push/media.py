#!/usr/bin/env python3
"""Files go up and down while media_link is pushed, rolled back and pushed again, and while the host is killed: what was
answered 201 is there, whole and unchanged, and what was cut off goes on where it was."""
import os
import pathlib
import random
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import LISTEN, eventually, host_of  # noqa: E402
from media_client import Media  # noqa: E402
from xmpp_client import Client  # noqa: E402

MODULES = ["session", "routing", "presence", "registration", "media_link"]
LARGE = 8 << 20
CUTS = 10


def media_host(test, **media_link):
    return host_of(test, config={
        "listen": LISTEN + [{"kind": "https", "port": 0}, {"kind": "http", "port": 0}], "modules_initial": MODULES,
        "modules": {"media_link": {"url": "https://localhost:8443", "reap_seconds": 1, **media_link}}})


def files(host):
    root = host.state / "files" / "media_link"
    return [each for each in root.rglob("*") if each.is_file()] if root.exists() else []


class MediaPlay(unittest.TestCase):
    def start(self, **media_link):
        host = self.host = media_host(self, **media_link)
        host.add_user("juliet")
        client = Client(host, "juliet").log_in()
        self.addCleanup(client.close)
        return Media(host, client)

    def test_pushes_in_the_middle_of_transfers_are_noticed_by_none_of_them(self):
        media, host = self.start(), self.host
        content = os.urandom(LARGE)
        first = media.slot("first.png", content)
        self.assertEqual(media.put(first, content), 201)
        is_over, wrong, counts = threading.Event(), [], {"put": 0, "got": 0}

        def upload(paths):
            for path, body in paths:
                if media.put(path, body) != 201:
                    wrong.append("put")
                counts["put"] += 1

        def download():
            while not is_over.is_set():
                status, _, got = media.get(first)
                if status != 200 or got != content:
                    wrong.append(f"get {status} {len(got)}")
                counts["got"] += 1

        bodies = [os.urandom(random.Random(i).randrange(1, 1 << 20)) for i in range(30)]
        paths = [(media.slot(f"{i}.png", body), body) for i, body in enumerate(bodies)]
        # Across all of the pushes: one that has sent half, and one that has taken some.
        slow_path = media.slot("slow.png", content)
        slow = media.begin(slow_path, content, LARGE // 2)
        reader = media.connect()
        reader.request("GET", first)
        answer = reader.getresponse()
        begun = answer.read(100_000)
        threads = [threading.Thread(target=upload, args=(paths[i::2],)) for i in (0, 1)]
        threads.append(threading.Thread(target=download))
        for thread in threads:
            thread.start()
        for act in (lambda: host.push(host.module("media_link", "1.0.1")), lambda: host.rollback("media_link"),
                    lambda: host.push(host.module("media_link", "1.0.1"))):
            self.assertEqual(act()["outcome"], "live")
        slow.send(content[LARGE // 2:])
        self.assertEqual(slow.getresponse().status, 201)
        self.assertEqual(begun + answer.read(), content)
        for thread in threads[:2]:
            thread.join()
        is_over.set()
        threads[2].join()
        self.assertEqual(wrong, [])
        self.assertGreater(counts["got"], 0)
        for path, body in paths:
            self.assertEqual(media.get(path)[2], body)
        for module in host.modules():
            self.assertEqual(module["faults"], 0, module)

    def test_an_upload_goes_on_behind_ten_cuts_and_a_kill(self):
        media, host = self.start(), self.host
        content = os.urandom(LARGE)
        path = media.slot("cut.png", content)
        dice = random.Random(7)
        offset = 0
        for cut in range(CUTS):
            sent = dice.randrange(1, (LARGE - offset) // 4)
            connection = media.begin(path, content, sent, offset)
            if cut == CUTS // 2:
                host.kill()
                host.start()
            connection.close()
            offset = eventually(lambda: (there := media.there(path, LARGE)) is not None and [there],
                                "the part has no writer any more")[0]
        self.assertGreater(offset, 0)
        self.assertEqual(media.put(path, content, offset), 201)
        status, fields, got = media.get(path)
        self.assertEqual((status, got == content), (200, True))
        for _ in range(10):  # And down again.
            at = dice.randrange(LARGE)
            status, fields, got = media.get(path, f"bytes={at}-")
            self.assertEqual((status, fields["content-range"]), (206, f"bytes {at}-{LARGE - 1}/{LARGE}"))
            self.assertEqual(got, content[at:])

    def test_what_was_answered_is_there_behind_a_kill(self):
        media, host = self.start(), self.host
        kept = {}
        for i in range(20):
            body = os.urandom(1 + i * 1000)
            path = media.slot(f"{i}.png", body)
            self.assertEqual(media.put(path, body), 201)
            kept[path] = body
        host.kill()
        host.start()
        for path, body in kept.items():
            self.assertEqual(media.get(path)[2], body)
        for each in files(host):
            self.assertEqual(str(each.relative_to(host.state / "files")),
                             f"media_link/{each.name[:2]}/{each.name[2:4]}/{each.name}")

    def test_downloads_are_safe_and_head_has_no_body(self):
        media = self.start()
        page = b"<script>alert(1)</script>"
        path = media.slot("x.html", page, kind="text/html")
        self.assertEqual(media.put(path, page, kind="text/html"), 201)
        status, fields, got = media.get(path)
        self.assertEqual((status, got), (200, page))
        self.assertEqual(fields["x-content-type-options"], "nosniff")
        self.assertEqual(fields["content-disposition"], "attachment")
        self.assertIn("sandbox", fields["content-security-policy"])
        status, fields, got = media.get(path, method="HEAD")
        self.assertEqual((status, fields["content-length"], got), (200, str(len(page)), b""))

    def test_expired_files_and_stranded_ones_go_from_the_disk(self):
        media, host = self.start(slot_seconds=1, upload_seconds=1)
        content = b"never whole"
        # As a process leaves it that dies between the row and the file; a folder that the first slice comes to.
        stranded = host.state / "files" / "media_link" / "00" / "01" / ("0001" + "0" * 36)
        stranded.parent.mkdir(parents=True, exist_ok=True)
        stranded.write_bytes(b"nobody's")
        path = media.slot("part.png", content)
        media.begin(path, content, 4).close()
        eventually(lambda: len(files(host)) == 2 or not stranded.exists(), "the part is there")
        eventually(lambda: not files(host), "both are gone")
        self.assertEqual(media.get(path)[0], 404)


if __name__ == "__main__":
    unittest.main()
