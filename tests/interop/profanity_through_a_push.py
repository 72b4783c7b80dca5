#!/usr/bin/env python3
"""A profanity user, in a terminal, and a slixmpp user talk while routing is pushed and taken back.

profanity runs in tmux; what it shows is read off its screen.
"""
import asyncio
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import eventually, host_of  # noqa: E402

try:
    from slixmpp_user import User
    MISSING = [program for program in ("profanity", "tmux") if not shutil.which(program)]
except ImportError:
    MISSING = ["slixmpp"]


class ClientsAreThere(unittest.TestCase):
    def test_profanity_tmux_and_slixmpp_are_installed(self):
        self.assertEqual(MISSING, [], "apt-get install profanity tmux python3-slixmpp, and use Debian's python3")


class Profanity:
    """profanity in a terminal of its own: a tmux server on a private socket, a private home."""

    def __init__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="hotline-profanity-"))
        environment = {**os.environ, "HOME": str(self.home), "TERM": "screen-256color", "LC_ALL": "C.UTF-8",
                       "XDG_CONFIG_HOME": str(self.home / "config"), "XDG_DATA_HOME": str(self.home / "data")}
        environment.pop("TMUX", None)
        self.environment = environment
        self.tmux("new-session", "-d", "-x", "140", "-y", "50", "profanity")
        self.shows("Profanity")

    def tmux(self, *words):
        done = subprocess.run(["tmux", "-S", self.home / "tmux", "-f", "/dev/null", *words], text=True, check=False,
                              capture_output=True, timeout=30, env=self.environment)
        if done.returncode != 0:
            raise AssertionError(f"tmux {' '.join(map(str, words))}: {done.stderr}")
        return done.stdout

    def screen(self):
        return self.tmux("capture-pane", "-p", "-J")

    def type(self, line):
        self.tmux("send-keys", "-l", line)
        self.tmux("send-keys", "Enter")

    def shows(self, text, seconds=30):
        try:
            eventually(lambda: text in self.screen(), f"{text!r} on the screen", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.screen()}") from None

    def close(self):
        subprocess.run(["tmux", "-S", self.home / "tmux", "kill-server"], check=False, capture_output=True,
                       env=self.environment)
        shutil.rmtree(self.home, ignore_errors=True)


@unittest.skipIf(MISSING, "a client is missing; ClientsAreThere fails for it")
class ProfanityThroughAPush(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.host = host_of(self, "juliet", "romeo")
        self.profanity = Profanity()
        self.addCleanup(self.profanity.close)

    async def play(self, act, *arguments):
        """An act that blocks, while slixmpp goes on."""
        return await asyncio.get_running_loop().run_in_executor(None, act, *arguments)

    async def both_are_heard(self, number):
        self.profanity.type(f"profanity says {number}")
        await self.romeo.hears(f"profanity says {number}")
        self.romeo.send_message(mto="juliet@localhost", mbody=f"slixmpp says {number}", mtype="chat")
        await self.play(self.profanity.shows, f"slixmpp says {number}")

    async def test_they_talk_through_a_push_and_a_rollback(self):
        self.romeo = User(self.host, "romeo")
        self.addAsyncCleanup(self.romeo.leave)
        await self.romeo.log_in()
        self.profanity.type(f"/connect juliet@localhost server 127.0.0.1 port {self.host.port('xmpp')} tls trust")
        await self.play(self.profanity.shows, "password")
        self.profanity.type("secret")
        await self.play(self.profanity.shows, "logged in successfully")
        self.profanity.type("/msg romeo@localhost profanity says hello")
        await self.romeo.hears("profanity says hello")

        await self.both_are_heard(1)
        pushed = await self.play(self.host.push, self.host.module("routing", "1.1.0"))
        self.assertEqual((pushed["outcome"], self.host.version("routing")), ("live", "1.1.0"))
        await self.both_are_heard(2)
        back = await self.play(self.host.rollback, "routing")
        self.assertEqual((back["outcome"], self.host.version("routing")), ("live", "1.0.0"))
        await self.both_are_heard(3)

        self.assertEqual([m["body"] for m in self.romeo.heard],
                         ["profanity says hello"] + [f"profanity says {n}" for n in (1, 2, 3)])
        screen = self.profanity.screen()
        for number in (1, 2, 3):
            self.assertEqual(screen.count(f"slixmpp says {number}"), 1, screen)
        self.assertNotIn("Lost connection", screen)
        self.assertEqual(len(self.host.control.call("sessions", account="")["sessions"]), 2)


if __name__ == "__main__":
    unittest.main()
