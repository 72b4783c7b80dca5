#!/usr/bin/env python3
"""What other client models get: made by the operator's program, kept once, changed by a push of the policy, gone with the
file; and the file as it is where nothing is made."""
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import LISTEN, eventually, host_of  # noqa: E402
from media_client import Media  # noqa: E402
from xmpp_client import Client  # noqa: E402

PHONE = {"User-Agent": "NokiaX2-01/5.0"}
# What it was asked for, and as many bytes as the profile's width.
PROGRAM = """#!/bin/sh
test -e {stop} && exit 1
echo made >> {calls}
echo "$@"
exec head -c "$3"
"""


class VariantsPlay(unittest.TestCase):
    def start(self):
        self.host = host = host_of(self, config={
            "listen": LISTEN + [{"kind": "http", "port": 0}],
            "modules_initial": ["session", "routing", "presence", "registration", "media_link"],
            "transcoder": {"command": "/bin/false", "timeout_seconds": 5},
            "modules": {"media_link": {"url": "https://localhost:8443", "reap_seconds": 1}}})
        host.stop()
        self.calls, self.stop = host.directory / "calls", host.directory / "stop"
        program = host.directory / "program"
        program.write_text(PROGRAM.format(calls=self.calls, stop=self.stop))
        program.chmod(0o700)
        host.config["transcoder"]["command"] = str(program)
        host.start()
        host.add_user("juliet")
        client = Client(host, "juliet").log_in()
        self.addCleanup(client.close)
        return Media(host, client, kind="http")

    def get(self, media, path, fields=PHONE):
        connection = media.connect()
        connection.request("GET", path, headers=fields)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        self.assertEqual(answer.status // 100, 2, content)
        return answer.getheader("Content-Type"), content

    def files(self):
        root = self.host.state / "files" / "media_link"
        return [each for each in root.glob("[0-9a-f][0-9a-f]/*/*") if each.is_file()]

    def test_a_variant_is_made_once_kept_and_changed_by_a_push_of_the_policy(self):
        media = self.start()
        content = os.urandom(100_000)
        path = media.slot("a.png", content)
        self.assertEqual(media.put(path, content), 201)
        expected = b"image/png image/jpeg 320 320 70 0 102400\n" + content[:320]
        for fields, query in (PHONE, ""), ({}, "?model=s40"), (PHONE, ""):
            self.assertEqual(self.get(media, path + query, fields), ("image/jpeg", expected))
        self.assertEqual(self.get(media, path, {**PHONE, "Range": "bytes=10-19"})[1], expected[10:20])
        for fields, query in ({}, ""), ({"User-Agent": "Dino"}, ""), (PHONE, "?model=original"):
            self.assertEqual(self.get(media, path + query, fields), ("image/png", content))
        self.assertEqual(self.calls.read_text(), "made\n")
        self.assertEqual(len(self.files()), 2)
        # It is kept: over a kill, and for another file of the same bytes.
        self.host.kill()
        self.host.start()
        media.client = Client(self.host, "juliet").log_in()
        self.addCleanup(media.client.close)
        again = media.slot("b.png", content)
        self.assertEqual(media.put(again, content), 201)
        self.assertEqual(self.get(media, again), ("image/jpeg", expected))
        self.assertEqual(self.calls.read_text(), "made\n")
        # The next version of the module is thriftier, from its first request on; and back.
        report = self.host.push(self.host.module("media_link", "1.0.1"))
        self.assertEqual(report["outcome"], "live", report)
        self.assertEqual(self.get(media, path)[1], b"image/png image/jpeg 160 160 60 0 20480\n" + content[:160])
        self.host.rollback("media_link")
        self.assertEqual(self.get(media, path), ("image/jpeg", expected))
        self.assertEqual(self.calls.read_text(), "made\n" * 2)
        self.assertEqual(len(self.files()), 4)
        # Both files go, and both variants with them.
        self.host.cli("user", "remove", "juliet")
        eventually(lambda: not self.files(), "all of it is gone")

    def test_where_nothing_is_made_the_file_is_given_as_it_is(self):
        media = self.start()
        self.stop.write_text("")
        content = os.urandom(100_000)
        path = media.slot("a.png", content)
        self.assertEqual(media.put(path, content), 201)
        for _ in range(2):
            self.assertEqual(self.get(media, path), ("image/png", content))
        counters = next(m["counters"] for m in self.host.modules() if m["name"] == "media_link")
        self.assertEqual(counters["variants_failed"], 1)
        self.host.stop()
        self.host.config["transcoder"]["command"] = ""
        self.host.start()
        self.assertEqual(self.get(media, path), ("image/png", content))


if __name__ == "__main__":
    unittest.main()
