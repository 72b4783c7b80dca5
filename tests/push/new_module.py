#!/usr/bin/env python3
"""`hotline new` writes a project, and the commands its README names build, test, sign and push it."""
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "play"))
from hotline_host import LISTEN, PATIENCE, Host, build  # noqa: E402
from xmpp_client import Client  # noqa: E402

LINES = {"kind": "lines", "name": "shout", "port": 0}


class NewModule(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="hotline-new-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.host = Host({"listen": [*LISTEN, LINES]})
        self.addCleanup(self.host.remove)
        self.tool = build() / "hotline"

    def run_in(self, place, command):
        env = {**os.environ, "HOTLINE_STATE": str(self.host.state), "PATH": f"{self.tool.parent}:{os.environ['PATH']}"}
        done = subprocess.run(command, shell=True, cwd=place, env=env, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=240, check=False)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout[-4000:]}")
        return done.stdout

    def make(self, name, *options):
        self.run_in(self.directory, f"hotline new {name} {' '.join(options)}")
        return self.directory / name

    def follow_readme(self, project):
        text = (project / "README.md").read_text()
        commands = [line.split("#")[0].strip() for line in text.split("```")[1].strip().splitlines()]
        self.assertEqual(len(commands), 4)
        for command in commands:
            self.run_in(project, command)

    def ask(self, client, name):
        answer = client.iq("get", f"<{name} xmlns='urn:example:{name}'/>", to="localhost")
        self.assertEqual(answer.get("type"), "result", answer.attrib)
        return answer.find(f"{{urn:example:{name}}}{name}").get("times")

    def check_asked(self, project):
        self.host.start()
        self.host.add_user("juliet")
        self.follow_readme(project)
        juliet = Client(self.host, "juliet").log_in()
        self.addCleanup(juliet.close)
        self.assertEqual([self.ask(juliet, project.name), self.ask(juliet, project.name)], ["1", "2"])

    def test_cpp(self):
        self.check_asked(self.make("polls"))

    def test_c(self):
        self.check_asked(self.make("polls", "--c"))

    def test_from_an_installed_copy(self):
        prefix = self.directory / "installed"
        self.run_in(self.directory, f"cmake --install {build()} --prefix {prefix}")
        self.tool = prefix / "bin" / "hotline"
        project = self.make("polls", "--c")  # What is in C++ is built from such a copy in out_of_tree.
        self.assertIn(str(prefix), (project / "CMakePresets.json").read_text())
        self.check_asked(project)

    @unittest.skipUnless(shutil.which("cargo"), "no cargo here")
    def test_rust(self):
        project = self.make("shout", "--rust")
        self.host.start()
        self.follow_readme(project)
        port = next(each["port"] for each in self.host.run["listen"] if each["kind"] == "lines")
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as wire:
            wire.sendall(b"tea for two\n")
            self.assertEqual(wire.makefile("rb").readline(), b"TEA FOR TWO\n")

    def test_what_is_no_name_and_what_is_there_already_are_refused(self):
        for words, why in ((["Polls"], "is no module's name"), (["polls", "--in", str(self.directory)], "is there already")):
            done = subprocess.run([self.tool, "new", *words], cwd=self.directory, capture_output=True, text=True,
                                  check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(why, done.stderr)


if __name__ == "__main__":
    unittest.main()
