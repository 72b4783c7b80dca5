#!/usr/bin/env python3
"""Gajim uploads files that are pasted at its window (XEP-0363), and fetches and shows what it is sent, while media_link is
pushed and taken back."""
import os
import pathlib
import ssl
import sys
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import LISTEN, PATIENCE, eventually, free_port, host_of  # noqa: E402
from media_client import Media  # noqa: E402
from xmpp_client import Client  # noqa: E402

from picture import png  # noqa: E402

try:
    from gajim_window import Gajim, missing, untrusted
    MISSING = missing()
except ImportError as error:
    MISSING = [str(error)]

OOB = "{jabber:x:oob}"


@unittest.skipIf(MISSING, "a program is missing; gajim_chat.py fails for it")
class GajimUpload(unittest.TestCase):
    def setUp(self):
        if why := untrusted():
            self.skipTest(f"Gajim cannot be given a certificate to trust here: {why}")
        port = free_port()  # The links have it, so it is chosen before the host starts.
        self.host = host_of(self, "juliet", "romeo", config={
            "listen": LISTEN + [{"kind": "https", "port": port}],
            "modules_initial": ["session", "routing", "presence", "registration", "media_link"],
            "modules": {"media_link": {"url": f"https://localhost:{port}"}}})
        self.romeo = Client(self.host, "romeo").log_in().ping()
        self.addCleanup(self.romeo.close)
        self.media = Media(self.host, self.romeo)
        self.media.url = self.link = f"https://localhost:{port}"
        self.gajim = Gajim(self.host, "juliet")
        self.addCleanup(self.gajim.close)

    def open_chat(self):
        self.romeo.message("juliet@localhost", "romeo says hello", id="r")
        self.gajim.hear("NewMessage", "romeo says hello")
        self.gajim.open_chat("romeo@localhost")

    def get(self, url):
        context = ssl.create_default_context(cafile=self.host.state / "tls" / "dev-certificate.pem")
        with urllib.request.urlopen(url, context=context, timeout=PATIENCE) as answer:
            return answer.headers["Content-Type"], answer.read()

    def stored(self):
        """How many files were uploaded, to whichever generation."""
        return sum(each["counters"].get("files_stored", 0) for each in self.host.modules() if each["name"] == "media_link")

    def gajim_sends(self, name, kind, content):
        file = self.gajim.home / name
        file.write_bytes(content)
        file.chmod(0o644)
        link = self.gajim.send_file(file)
        self.assertTrue(link.startswith(self.link + "/media/"), link)
        message = self.romeo.expect_message(link)
        self.assertEqual(message.get("from"), "juliet@localhost/gajim")
        self.assertEqual(message.findtext(f"{OOB}x/{OOB}url"), link)
        self.assertEqual(self.get(link), (kind, content))

    def romeo_sends(self, name, content):
        path = self.media.slot(name, content)
        self.assertEqual(self.media.put(path, content), 201)
        self.media.send("juliet@localhost", path)

    def test_files_go_both_ways_through_a_push_and_a_rollback(self):
        self.open_chat()
        for number, act in enumerate((None, lambda: self.host.push(self.host.module("media_link", "1.0.1")),
                                      lambda: self.host.rollback("media_link"))):
            if act:
                self.assertEqual(act()["outcome"], "live")
            sent, came = png(200 - number), png(100 - number)
            self.gajim_sends(f"balcony at night {number}.png", "image/png", sent)
            self.romeo_sends(f"garden{number}.png", came)
            # It shows both, and fetches its own for that as well.
            eventually(lambda: {sent, came} <= set(self.gajim.downloads()), "both pictures at Gajim")  # noqa: B023
        letter = os.urandom(700_000)
        self.gajim_sends("letter.bin", "application/octet-stream", letter)
        self.assertEqual(self.stored(), 7)
        self.gajim.screenshot("files")


if __name__ == "__main__":
    unittest.main()
