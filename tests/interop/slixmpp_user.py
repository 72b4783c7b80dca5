"""A slixmpp client for plays: logs in over STARTTLS, keeps what it hears, and waits for events with deadlines."""
import asyncio
import contextlib
import logging
import os

import slixmpp

DEADLINE = float(os.environ.get("HOTLINE_TEST_PATIENCE_S", "30"))
logging.getLogger("slixmpp").setLevel(logging.ERROR)


class User(slixmpp.ClientXMPP):
    def __init__(self, host, name, password="secret", resource="slixmpp", plugins=()):
        super().__init__(f"{name}@localhost/{resource}", password)
        self.address = ("127.0.0.1", host.port("xmpp"))
        # The development certificate is trusted by name, and nothing else is.
        self.ca_certs = str(host.state / "tls" / "dev-certificate.pem")
        self.enable_direct_tls = False
        self.enable_starttls = True
        self.heard = []        # Messages with a body, in order.
        self.stanzas = []      # All messages, as they came.
        self.presences = []
        self.ends = []         # Why connections ended.
        self.changed = asyncio.Event()
        for plugin in plugins:
            self.register_plugin(plugin)
        self.add_event_handler("message", self.on_message)
        self.register_handler(slixmpp.xmlstream.handler.Callback(
            "all presence", slixmpp.xmlstream.matcher.MatchXPath("{jabber:client}presence"), self.note(self.presences)))
        self.add_event_handler("failed_all_auth", self.note(self.ends))
        self.register_handler(slixmpp.xmlstream.handler.Callback(
            "all messages", slixmpp.xmlstream.matcher.MatchXPath("{jabber:client}message"), self.note(self.stanzas)))

    def note(self, where):
        def noted(what):
            where.append(what)
            self.changed.set()
        return noted

    def on_message(self, message):
        if message["body"]:
            self.heard.append(message)
            self.changed.set()

    async def log_in(self):
        """Connected, authenticated, bound, with the roster, and available."""
        await self.connect_and("session_start")
        await self.get_roster()
        self.send_presence()
        return self

    async def connect_and(self, event):
        ready = self.wait_until(event, timeout=DEADLINE)
        self.connect(self.address)
        await ready

    async def until(self, claim, what):
        """The first true value of `claim()`."""
        async def wait():
            while not (value := claim()):
                self.changed.clear()
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self.changed.wait(), 0.5)
            return value
        try:
            return await asyncio.wait_for(wait(), DEADLINE)
        except asyncio.TimeoutError:
            raise AssertionError(f"{self.boundjid} still waits for {what}; heard "
                                 f"{[m['body'] for m in self.heard]}, presences {self.presences}") from None

    async def hears(self, body):
        return await self.until(lambda: next((m for m in self.heard if m["body"] == body), None), f"{body!r}")

    async def leave(self):
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.disconnect(), DEADLINE)
