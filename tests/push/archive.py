#!/usr/bin/env python3
"""Archive is pushed, rolled back and pushed again under load, with a schema step of its rows: what was said stays, in order.
Without it nothing of a message is on the disk once it was accepted; with it that is so of what its bounds push out, and of
accounts that are removed. Disabled under load it is in no message's way."""
import pathlib
import sys
import unittest
from xml.etree import ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import eventually, host_of  # noqa: E402
from live_load import await_all, nothing_went_wrong, pairs  # noqa: E402
from xmpp_client import CLIENT, SM, Client, conditions  # noqa: E402

MODULES = ["session", "routing", "presence", "registration"]
MAM = "urn:xmpp:mam:2"
RSM = "http://jabber.org/protocol/rsm"
SID = "{urn:xmpp:sid:0}stanza-id"
PAIRS = 10
RATE = 200


class Archive(unittest.TestCase):
    def start(self, *more, **settings):
        self.host = host_of(self, "juliet", "romeo", config={
            "modules_initial": MODULES + list(more), "log": {"level": "warning"}, "modules": {"archive": settings}})
        self.juliet, self.romeo = (Client(self.host, name).log_in() for name in ("juliet", "romeo"))

    # ---- acts

    def answers(self, client, kind, payload, to=None):
        answer = client.iq(kind, payload, to=to)
        self.assertEqual(answer.get("type"), "result", ElementTree.tostring(answer))
        return answer

    def says(self, body):
        """Romeo does, and Juliet has heard and accepted it; the id it has in her archive."""
        self.romeo.message(self.juliet.jid, body, id=body)
        heard = self.juliet.expect_message(body)
        self.juliet.ack()
        found = heard.find(SID)
        return None if found is None else (found.get("by"), found.get("id"))

    def page(self, client, inner):
        """What a page has, and its <fin/>."""
        client.raw(f"<iq type='set' id='page'><query xmlns='{MAM}' queryid='q'>{inner}</query></iq>")
        bodies = []
        while True:
            came = client.expect(lambda e: e.get("id") == "page" or e.find(f"{{{MAM}}}result") is not None)
            if came.get("id") == "page":
                self.assertEqual(came.get("type"), "result", ElementTree.tostring(came))
                return bodies, came.find(f"{{{MAM}}}fin")
            bodies.append(next(came.iter(CLIENT + "body")).text)

    def all_of(self, client):
        """Page by page."""
        bodies, after = [], ""
        while True:
            page, fin = self.page(client, f"<set xmlns='{RSM}'><max>4</max>{after}</set>")
            bodies += page
            if fin.get("complete") == "true":
                return bodies
            after = f"<after>{fin.findtext(f'.//{{{RSM}}}last')}</after>"

    def is_live(self, report):
        self.assertEqual(report["outcome"], "live", report)

    def schemas(self):
        return {count["schema"]: count["rows"] for table in self.host.control.call("tables")["tables"]
                if table["name"] == "archive" for count in table["schemas"] if count["rows"]}

    def on_disk(self, text):
        """Files of the state directory in which `text` can be read."""
        found = []
        for file in self.host.state.rglob("*"):
            try:
                if file.is_file() and text.encode() in file.read_bytes():
                    found.append(file.name)
            except FileNotFoundError:
                pass
        return found

    def load(self):
        self.host.add_users("load", 2 * PAIRS)
        load = pairs(self.host, PAIRS, RATE)
        self.addCleanup(load.kill)
        await_all(self.host, load, besides=2)
        return load

    # ---- plays

    def test_pushed_rolled_back_and_pushed_again_under_load_with_a_schema_step(self):
        self.start("archive")
        load = self.load()
        said = []
        acts = ((lambda: self.host.push(self.host.module("archive", "1.1.0")), 2),
                (lambda: self.host.rollback("archive"), 1),
                (lambda: self.host.push(self.host.module("archive", "1.1.0")), 2))
        for number, (act, schema) in enumerate(acts):
            for i in range(3):
                said.append(f"{number}.{i}")
                self.assertEqual(self.says(said[-1])[0], self.juliet.jid)
            self.is_live(act())
            said.append(f"{number}.after")
            self.says(said[-1])
            for client in (self.juliet, self.romeo):
                self.assertEqual(self.all_of(client), said)
            # The load goes on, and what it writes is of the new schema.
            eventually(lambda: list(self.schemas()) == [schema], f"all rows are of schema {schema}")
        nothing_went_wrong(self, self.host, load)
        self.assertEqual(self.all_of(self.juliet), said)

    def test_disabled_under_load_it_is_in_nobodys_way(self):
        self.start("archive")
        load = self.load()
        self.assertIsNotNone(self.says("before"))
        self.is_live(self.host.control.call("module.disable", module="archive"))
        self.assertIsNone(self.says("meanwhile"))
        error = self.juliet.iq("set", f"<query xmlns='{MAM}'/>")
        self.assertEqual(conditions(error), ["service-unavailable"])
        self.is_live(self.host.control.call("module.enable", module="archive"))
        self.assertIsNotNone(self.says("after"))
        self.assertEqual(self.all_of(self.juliet), ["before", "after"])
        nothing_went_wrong(self, self.host, load)

    def test_what_is_on_the_disk_is_there_after_a_kill(self):
        self.start("archive")
        self.says("to be remembered")
        # What each of them writes after it is safe, so it is, too.
        for client, policy in ((self.juliet, "never"), (self.romeo, "always")):
            self.answers(client, "set", f"<prefs xmlns='{MAM}' default='{policy}'/>")
            client.ask_ack()
            client.expect(lambda e: e.tag == SM + "a")
        self.host.kill()
        self.host.start()
        self.juliet, self.romeo = (Client(self.host, name).log_in() for name in ("juliet", "romeo"))
        self.assertEqual(self.all_of(self.juliet), ["to be remembered"])
        self.assertIsNone(self.says("not to be remembered"))
        self.assertEqual(self.all_of(self.juliet), ["to be remembered"])
        self.assertEqual(self.all_of(self.romeo), ["to be remembered", "not to be remembered"])

    def test_without_it_nothing_of_a_message_is_on_the_disk_once_it_was_accepted(self):
        self.start()
        self.assertNotIn("archive", self.host.running())
        self.juliet.close()
        for body in ("the first secret", "the second secret"):
            self.romeo.message(self.juliet.jid, body, id=body)
        self.romeo.ask_ack()
        self.romeo.expect(lambda e: e.tag == SM + "a")
        self.assertNotEqual(self.on_disk("first secret"), [])  # It waits, and is safe: the look can find something.
        self.juliet = Client(self.host, "juliet").log_in()
        for body in ("the first secret", "the second secret"):
            heard = self.juliet.expect_message(body)
            self.assertIsNone(heard.find(SID))
        self.juliet.ack()
        for text in ("first secret", "second secret"):
            eventually(lambda text=text: self.on_disk(text) == [], "nothing of it is on the disk")
        self.assertEqual(conditions(self.juliet.iq("set", f"<query xmlns='{MAM}'/>")), ["service-unavailable"])
        self.host.stop()
        self.assertEqual(self.on_disk(" secret"), [])

    def test_what_leaves_an_archive_leaves_the_disk(self):
        self.start("archive", messages_max=2)
        said = [f"word number {i}" for i in range(4)]
        for body in said:
            self.says(body)
        eventually(lambda: self.on_disk(said[3]), "the last is on the disk")
        self.assertEqual(self.all_of(self.juliet), said[2:])
        for body in said[:2]:
            eventually(lambda body=body: self.on_disk(body) == [], f"{body} is not on the disk any more")
        for client in (self.juliet, self.romeo):
            self.host.control.call("user.remove", account=client.jid)
        for body in said:
            eventually(lambda body=body: self.on_disk(body) == [], f"{body} went with its accounts")


if __name__ == "__main__":
    unittest.main()
