#!/usr/bin/env python3
"""A module is built outside the tree, against an installed copy, pushed, used, replaced and taken back."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "play"))
from hotline_host import TREE, Host, build  # noqa: E402
from xmpp_client import Client  # noqa: E402

TALLY = "{urn:example:tally}tally"


def run(*words, cwd=None):
    done = subprocess.run([str(word) for word in words], cwd=cwd, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=240, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))}: exit {done.returncode}\n{done.stdout[-4000:]}")
    return done.stdout


class OutOfTree(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="hotline-out-of-tree-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.host = Host()
        self.addCleanup(self.host.remove)

    def test_a_module_built_against_an_installed_copy_is_pushed_used_and_rolled_back(self):
        modules = self.build_against(self.install())
        self.host.start()
        self.host.add_user("juliet")
        juliet = Client(self.host, "juliet").log_in()
        self.addCleanup(juliet.close)

        self.assertEqual(self.ask(juliet).get("type"), "error")  # Nobody answers yet.
        self.host.cli("push", modules / "tally-1.0.0.so")
        self.assertEqual([self.sum(juliet), self.sum(juliet)], [1, 2])
        self.host.cli("push", modules / "tally-1.1.0.so")
        self.assertEqual(self.sum(juliet), 12)
        self.host.cli("rollback", "tally")
        self.assertEqual(self.host.version("tally"), "1.0.0")
        self.assertEqual(self.sum(juliet), 13)
        self.host.restart()
        again = Client(self.host, "juliet", resource="again").log_in()
        self.addCleanup(again.close)
        self.assertEqual(self.sum(again), 14)

    def install(self):
        prefix = self.directory / "installed"
        run("cmake", "--install", build(), "--prefix", prefix)
        return prefix

    def build_against(self, prefix):
        """A copy of the project, far from the tree; nothing of the tree may show up in how it is built."""
        project, binary = self.directory / "tally", self.directory / "build"
        shutil.copytree(HERE / "out_of_tree", project)
        run("cmake", "-S", project, "-B", binary, f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Release",
            "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON")
        commands = (binary / "compile_commands.json").read_text()
        self.assertIn(str(prefix), commands)
        self.assertNotIn(str(TREE) + os.sep, commands)
        run("cmake", "--build", binary)
        return binary / "modules"

    def ask(self, client):
        return client.iq("get", "<tally xmlns='urn:example:tally'/>", to="localhost")

    def sum(self, client):
        answer = self.ask(client)
        self.assertEqual(answer.get("type"), "result", answer.attrib)
        return int(answer.find(TALLY).get("sum"))


if __name__ == "__main__":
    unittest.main()
