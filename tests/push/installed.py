#!/usr/bin/env python3
"""An installed copy, far from the tree, starts with nothing configured but free ports, and serves."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "play"))
from hotline_host import Host, build  # noqa: E402
from xmpp_client import Client  # noqa: E402

FIRST = {"session", "routing", "presence", "registration", "privacy", "profile"}


class Installed(unittest.TestCase):
    def setUp(self):
        self.prefix = pathlib.Path(tempfile.mkdtemp(prefix="hotline-installed-"))
        self.addCleanup(shutil.rmtree, self.prefix, ignore_errors=True)
        subprocess.run(["cmake", "--install", build(), "--prefix", self.prefix], check=True,
                       stdout=subprocess.DEVNULL, timeout=120)

    def test_an_installed_host_finds_its_first_modules_and_serves(self):
        host = Host(programs=self.prefix / "bin")
        self.addCleanup(host.remove)
        host.start()
        self.assertEqual(set(host.running()), FIRST)
        for name in ("juliet", "romeo"):
            host.add_user(name)
        juliet, romeo = (Client(host, name).log_in() for name in ("juliet", "romeo"))
        for client in (juliet, romeo):
            self.addCleanup(client.close)
        juliet.message("romeo@localhost", "hello", id="one")
        self.assertEqual(romeo.expect_message().findtext("{jabber:client}body"), "hello")
        self.assertEqual(host.cli("status").returncode, 0)

    def test_it_pushes_what_was_built_elsewhere_and_comes_back_on_it(self):
        host = Host(programs=self.prefix / "bin")
        self.addCleanup(host.remove)
        host.start()
        host.push(host.module("routing", "1.1.0"))
        host.restart()
        self.assertEqual(host.version("routing"), "1.1.0")


if __name__ == "__main__":
    unittest.main()
