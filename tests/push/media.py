#!/usr/bin/env python3
"""Files go up and down while media_link is pushed, rolled back and pushed again, and while the host is killed: what was
answered 201 is there, whole and unchanged, and what was cut off goes on where it was."""
import hashlib
import itertools
import os
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import LISTEN, eventually, host_of  # noqa: E402
from media_client import Media  # noqa: E402
from xmpp_client import SM, Client  # noqa: E402

MODULES = ["session", "routing", "presence", "registration", "media_link"]
LARGE = 8 << 20
CUTS = 10


def media_host(test, more=None, **media_link):
    return host_of(test, config={
        **(more or {}), "listen": LISTEN + [{"kind": "https", "port": 0}, {"kind": "http", "port": 0}], "modules_initial": MODULES,
        "modules": {"media_link": {"url": "https://localhost:8443", "reap_seconds": 1, **media_link}}})


def files(host):
    root = host.state / "files" / "media_link"
    return [each for each in root.glob("[0-9a-f][0-9a-f]/*/*") if each.is_file()]


def objects(host):
    """The bytes that are there: one a digest."""
    return list((host.state / "files" / "media_link" / "objects").glob("*/*/*"))


class MediaPlay(unittest.TestCase):
    def start(self, **media_link):
        host = self.host = media_host(self, **media_link)
        host.add_user("juliet")
        return Media(host, self.client("juliet"))

    def client(self, name):
        client = Client(self.host, name).log_in()
        self.addCleanup(client.close)
        return client

    def test_pushes_in_the_middle_of_transfers_are_noticed_by_none_of_them(self):
        media, host = self.start(), self.host
        content = os.urandom(LARGE)
        first = media.slot("first.png", content)
        self.assertEqual(media.put(first, content), 201)
        is_over, wrong, counts = threading.Event(), [], {"put": 0, "got": 0}

        def upload(paths):
            for path, body in paths:
                status = media.put(path, body)
                if status != 201:
                    wrong.append(f"put {status}")
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
            report = act()
            self.assertEqual(report["outcome"], "live", report)
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
        self.assertEqual(len(files(host)), len(kept))
        for each in files(host):
            self.assertEqual(str(each.relative_to(host.state / "files")),
                             f"media_link/{each.name[:2]}/{each.name[2:4]}/{each.name}")
            self.assertEqual(each.stat().st_nlink, 2)

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

    def test_the_same_bytes_are_there_once_and_are_sent_once_by_who_has_sent_them(self):
        media, host = self.start(), self.host
        host.add_user("romeo")
        other = Media(host, self.client("romeo"))
        content = os.urandom(100_000)
        path = media.slot("a.png", content)
        self.assertEqual(media.put(path, content), 201)
        # The same from somebody else, who learns nothing: all of it is asked for.
        strangers = other.slot("b.png", content, digest=True)
        self.assertEqual(other.there(strangers, len(content)), 0)
        self.assertEqual(other.put(strangers, content), 201)
        self.assertEqual((len(files(host)), len(objects(host))), (2, 1))
        # And from the first, without a byte.
        again = media.slot("c.png", content, digest=True)
        self.assertEqual(media.there(again, len(content)), len(content))
        self.assertEqual((len(files(host)), len(objects(host))), (3, 1))
        for each in (path, strangers, again):
            self.assertEqual(other.get(each)[2], content)

    def test_a_file_goes_when_all_it_was_sent_to_have_accepted_it_also_behind_kills(self):
        media, host = self.start(accepted_seconds=1), self.host
        for name in ("romeo", "rosaline"):
            host.add_user(name)
        content = os.urandom(50_000)
        kept, sent = media.slot("kept.png", content), media.slot("sent.png", content[:-1])
        self.assertEqual((media.put(kept, content), media.put(sent, content[:-1])), (201, 201))
        for name in ("romeo", "rosaline"):
            media.send(f"{name}@localhost", sent)
        while media.client.acked < 5:  # A presence, two slots, two messages.
            media.client.ask_ack()
            media.client.expect(lambda e: e.tag == SM + "a")
        host.kill()
        host.start()
        romeo = self.client("romeo")
        url = romeo.expect_message().findtext("{jabber:x:oob}x/{jabber:x:oob}url")
        self.assertTrue(url.endswith(sent))
        romeo.ack()
        romeo.ping()
        host.kill()
        host.start()
        media.client = self.client("juliet")
        # Longer than a file stays that nobody waits for: rosaline does.
        gone = media.slot("gone.png", b"x")
        media.put(gone, b"x")
        media.send("juliet@localhost", gone)
        media.client.expect_message()
        media.client.ack()
        eventually(lambda: media.get(gone)[0] == 404, "what all have accepted is gone")
        self.assertEqual(media.get(sent)[2], content[:-1])
        rosaline = self.client("rosaline")
        rosaline.expect_message()
        rosaline.ack()
        eventually(lambda: media.get(sent)[0] == 404, "rosaline has accepted it too")
        eventually(lambda: len(files(host)) == 1, "and it is gone from the disk")
        self.assertEqual(media.get(kept)[2], content)

    def test_a_thumbnail_goes_along_up_to_eight_kibibytes(self):
        media, host = self.start(), self.host
        for size, passes in ((10_000, True), (12_000, False)):
            media.client.raw(f"<message to='juliet@localhost' type='chat' id='t{size}'><body>x</body>"
                             f"<data xmlns='urn:xmpp:bob' cid='c' type='image/png'>{'A' * size}</data></message>")
            answer = media.client.expect(lambda e, size=size: e.get("id") == f"t{size}")
            self.assertEqual(answer.get("type"), "chat" if passes else "error")
        self.assertTrue(host.is_up())

    def test_old_files_move_to_slower_storage_and_are_served_from_there_also_behind_kills(self):
        slow = pathlib.Path(tempfile.mkdtemp(prefix="hotline-slow-"))
        self.addCleanup(shutil.rmtree, slow)
        host = self.host = media_host(self, {"files": {"archive_dir": str(slow)}}, archive_after_seconds=1,
                                      upload_seconds=1)
        host.add_user("juliet")
        media = Media(host, self.client("juliet"))
        contents = {}
        for i in range(6):
            body = os.urandom(LARGE // 2 + i)
            path = media.slot(f"{i}.png", body)
            self.assertEqual(media.put(path, body), 201)
            contents[path] = body
        same = media.slot("same.png", body)
        self.assertEqual(media.put(same, body), 201)
        contents[same] = body
        # The first of them is on its way, or moved.
        eventually(lambda: any(slow.rglob("*")), "the archiver has begun")
        host.kill()
        host.start()
        for path, body in contents.items():
            self.assertEqual(media.get(path)[2], body)
        eventually(lambda: not files(host) and not objects(host), "all have moved")
        for path, body in contents.items():
            self.assertEqual(media.get(path)[2], body)
            status, fields, got = media.get(path, "bytes=1000-1999")
            self.assertEqual((status, got), (206, body[1000:2000]))
        self.assertEqual(len(list((slow / "media_link" / "objects").glob("*/*/*"))), 6)
        self.assertEqual(len([each for each in (slow / "media_link").glob("[0-9a-f][0-9a-f]/*/*")]), 7)
        counters = next(m for m in host.modules() if m["name"] == "media_link" and m["state"] == "current")["counters"]
        self.assertGreater(counters["files_archived"], 0, counters)
        # Nobody is their owner any more.
        host.cli("user", "remove", "juliet")
        eventually(lambda: not [each for each in slow.rglob("*") if each.is_file()], "they are gone from there")

    def test_expired_files_and_stranded_ones_go_from_the_disk(self):
        media, host = self.start(slot_seconds=1, upload_seconds=1), self.host
        content = b"never whole"
        # As a process leaves it that dies between the row and the file; a folder that the first slice comes to, of a
        # shard that something happens on: somebody asks for what is not there.
        stranded = host.state / "files" / "media_link" / "00" / "01" / ("0001" + "0" * 36)
        stranded.parent.mkdir(parents=True, exist_ok=True)
        stranded.write_bytes(b"nobody's")
        secret = next(each for each in (f"{number:040x}" for number in itertools.count())
                      if hashlib.sha256(each.encode()).hexdigest().startswith("0001"))
        self.assertEqual(media.get(f"/media/{secret}/x")[0], 404)
        path = media.slot("part.png", content)
        media.begin(path, content, 4).close()
        eventually(lambda: len(files(host)) == 2 or not stranded.exists(), "the part is there")
        eventually(lambda: not files(host), "both are gone")
        self.assertEqual(media.get(path)[0], 404)


if __name__ == "__main__":
    unittest.main()
