#!/usr/bin/env python3
"""The host's own program is replaced, and gone back to, while an operator's program makes files of others: each process has
a hotline-confine of its own, and one that has none is refused with where to put it."""
import os
import pathlib
import shutil
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import LISTEN, build, build_id_of, host_of, other_build  # noqa: E402
from media_client import Media  # noqa: E402
from xmpp_client import Client  # noqa: E402

PHONE = {"User-Agent": "NokiaX2-01/5.0"}
# As many bytes as the profile's width.
PROGRAM = """#!/bin/sh
exec head -c "$3"
"""


class ConfineUpgrade(unittest.TestCase):
    def setUp(self):
        self.host = host = host_of(self, config={
            "listen": LISTEN + [{"kind": "http", "port": 0}],
            "modules_initial": ["session", "routing", "presence", "registration", "media_link"],
            "transcoder": {"command": "/bin/false", "timeout_seconds": 5},
            "modules": {"media_link": {"url": "https://localhost:8443"}}})
        host.stop()
        program = host.directory / "program"
        program.write_text(PROGRAM)
        program.chmod(0o700)
        host.config["transcoder"]["command"] = str(program)
        host.start()
        host.add_user("juliet")
        self.builds = 0

    def new_build(self, *companions):
        """A hotlined that is another build, with these beside it."""
        self.builds += 1
        directory = self.host.directory / f"build-{self.builds}"
        directory.mkdir()
        for name in companions:
            shutil.copy(build() / name, directory)
        program = build() / "hotlined"
        return other_build(program, build_id_of(program), directory / "hotlined")

    def core(self):
        """The directory of the program that runs."""
        return pathlib.Path(os.readlink(f"/proc/{self.host.process.pid}/exe")).parent

    def a_variant_is_made(self):
        client = Client(self.host, "juliet").log_in()
        media = Media(self.host, client, kind="http")
        content = os.urandom(100_000)
        path = media.slot("a.png", content)
        self.assertEqual(media.put(path, content), 201)
        connection = media.connect()
        connection.request("GET", path, headers=PHONE)
        answer = connection.getresponse()
        self.assertEqual((answer.getheader("Content-Type"), answer.read()), ("image/jpeg", content[:320]))
        connection.close()
        client.close()

    def refusal(self, report):
        self.assertEqual(report["outcome"], "failed", report)
        self.assertTrue(self.host.is_up())
        return report["refusals"][0]["reason"]

    def test_files_are_made_after_an_upgrade_and_after_the_way_back(self):
        host = self.host
        self.a_variant_is_made()
        for file in (self.new_build("hotline-preflight", "hotline-confine"), None, None):
            report = host.upgrade(file)
            self.assertEqual(report["outcome"], "live", report)
            self.assertEqual(self.core().parent, host.state / "core")
            self.a_variant_is_made()

    def test_without_hotline_confine_the_host_goes_on_and_says_where_it_belongs(self):
        host = self.host
        file = self.new_build("hotline-preflight")
        before = host.process.pid
        why = self.refusal(host.upgrade(file))
        self.assertIn("/hotline-confine is not there: install hotline-confine beside hotlined, before an upgrade beside the "
                      "new one", why)
        self.a_variant_is_made()
        # As it says.
        shutil.copy(build() / "hotline-confine", pathlib.Path(file).parent)
        self.assertEqual(host.upgrade(file)["outcome"], "live")
        self.assertNotEqual(host.process.pid, before)
        # The program before it was stored when hotline-confine was not kept yet.
        programs = [each for each in (host.state / "core").iterdir() if each.is_dir() and each != self.core()]
        self.assertEqual(len(programs), 1, programs)
        (programs[0] / "hotline-confine").unlink()
        self.assertIn(f"{programs[0]}/hotline-confine is not there", self.refusal(host.upgrade()))
        self.a_variant_is_made()


if __name__ == "__main__":
    unittest.main()
