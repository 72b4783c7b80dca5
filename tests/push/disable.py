#!/usr/bin/env python3
"""Modules are disabled and enabled under load: what they claim is answered with service-unavailable meanwhile, everything else
goes on, nothing of theirs is lost, and a restart in between changes nothing of that."""
import pathlib
import sys
import unittest
from xml.etree import ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import host_of  # noqa: E402
from live_load import await_all, nothing_went_wrong, pairs  # noqa: E402
from xmpp_client import CLIENT, SM, Client, conditions  # noqa: E402

MODULES = ["session", "routing", "presence", "registration", "groups"]
ROOM = "room@groups.localhost"
MUC = "http://jabber.org/protocol/muc"
USER = "{http://jabber.org/protocol/muc#user}"
INFO = "http://jabber.org/protocol/disco#info"
PAIRS = 20
RATE = 200


class Disable(unittest.TestCase):
    def setUp(self):
        self.host = host_of(self, "anna", "bert", config={"modules_initial": MODULES, "log": {"level": "warning"}})

    # ---- acts

    def answers(self, client, kind, payload, to=None):
        answer = client.iq(kind, payload, to=to)
        self.assertEqual(answer.get("type"), "result", ElementTree.tostring(answer))
        return answer

    def change(self, what, module, **more):
        return self.host.control.call(f"module.{what}", module=module, **more)

    def is_live(self, report):
        self.assertEqual(report["outcome"], "live", report)

    def state_of(self, module):
        return [each["state"] for each in self.host.modules() if each["name"] == module]

    def enter(self, client, nick):
        client.raw(f"<presence to='{ROOM}/{nick}'><x xmlns='{MUC}'/></presence>")
        client.expect(lambda e: e.tag == CLIENT + "presence" and
                      e.find(f".//{USER}status[@code='110']") is not None)

    def set_up_room(self):
        """Anna's, with Bert as a member who is away, and for whom a message waits."""
        self.anna, bert = (Client(self.host, name).log_in() for name in ("anna", "bert"))
        self.enter(self.anna, "Anna")
        self.answers(self.anna, "set", f"<query xmlns='{MUC}#owner'><x xmlns='jabber:x:data' type='submit'/></query>", to=ROOM)
        self.answers(self.anna, "set", f"<query xmlns='{MUC}#admin'><item jid='{bert.jid}' affiliation='member'/></query>",
                     to=ROOM)
        self.enter(bert, "Bert")
        bert.close()
        self.anna.message(ROOM, "for Bert", id="1", kind="groupchat")
        self.anna.expect_message("for Bert")
        self.anna.ask_ack()
        self.anna.expect(lambda e: e.tag == SM + "a")

    def nobody_answers_for_the_room(self):
        self.anna.message(ROOM, "lost?", id="2", kind="groupchat")
        error = self.anna.expect(lambda e: e.tag == CLIENT + "message" and e.get("id") == "2")
        self.assertEqual(conditions(error), ["service-unavailable"])
        self.anna.raw(f"<presence to='{ROOM}/Anna2' id='3'><x xmlns='{MUC}'/></presence>")
        error = self.anna.expect(lambda e: e.tag == CLIENT + "presence" and e.get("type") == "error")
        self.assertEqual(conditions(error), ["service-unavailable"])
        error = self.anna.iq("get", f"<query xmlns='{INFO}'/>", to="groups.localhost")
        self.assertEqual(conditions(error), ["service-unavailable"])
        items = self.answers(self.anna, "get", "<query xmlns='http://jabber.org/protocol/disco#items'/>", to="localhost")
        self.assertEqual([e.get("jid") for e in items.iter("{http://jabber.org/protocol/disco#items}item")], [])

    def bert_gets_what_waited(self):
        bert = Client(self.host, "bert").log_in()
        self.enter(bert, "Bert")
        bert.expect_message("for Bert")
        bert.close()

    def load(self):
        self.host.add_users("load", 2 * PAIRS)
        load = pairs(self.host, PAIRS, RATE)
        self.addCleanup(load.kill)
        await_all(self.host, load)
        return load

    # ---- plays

    def test_groups_are_disabled_and_enabled_under_load(self):
        load = self.load()
        self.set_up_room()
        self.is_live(self.change("disable", "groups", reason="a play"))
        self.assertEqual(self.state_of("groups"), ["disabled"])
        self.nobody_answers_for_the_room()
        self.anna.message(self.anna.jid, "to myself", id="4")  # Everything else goes on.
        self.anna.expect_message("to myself")
        self.is_live(self.change("enable", "groups"))
        self.assertEqual(self.state_of("groups"), ["current"])
        self.bert_gets_what_waited()
        for what in ("disable", "enable"):
            self.is_live(self.change(what, "groups"))
        nothing_went_wrong(self, self.host, load)
        records = [record for record in self.host.control.call("history", limit=10)["records"]
                   if record["kind"] in ("disable", "enable")]
        self.assertEqual([record["kind"] for record in records], ["enable", "disable"] * 2)
        self.assertEqual(records[-1]["reason"], "a play")

    def test_presence_is_disabled_and_enabled_under_load(self):
        load = self.load()
        anna, bert = (Client(self.host, name).log_in() for name in ("anna", "bert"))
        anna.raw(f"<presence to='{bert.jid}' type='subscribe'/>")
        bert.expect(lambda e: e.get("type") == "subscribe")
        bert.raw(f"<presence to='{anna.jid}' type='subscribed'/>")
        anna.expect(lambda e: e.tag == CLIENT + "presence" and e.get("from") == bert.full)
        self.is_live(self.change("disable", "presence"))
        error = anna.iq("get", "<query xmlns='jabber:iq:roster'/>")
        self.assertEqual(conditions(error), ["service-unavailable"])
        bert.raw("<presence><show>away</show></presence>")  # Heard by nobody, and no reason to cut him off.
        anna.message(bert.jid, "goes on", id="1")
        bert.expect_message("goes on")
        self.is_live(self.change("enable", "presence"))
        roster = self.answers(anna, "get", "<query xmlns='jabber:iq:roster'/>")
        self.assertEqual([e.get("jid") for e in roster.iter("{jabber:iq:roster}item")], [bert.jid])
        bert.raw("<presence><show>dnd</show></presence>")
        shown = anna.expect(lambda e: e.tag == CLIENT + "presence" and e.get("from") == bert.full)
        self.assertEqual(shown.findtext(CLIENT + "show"), "dnd")
        nothing_went_wrong(self, self.host, load)

    def test_a_restart_leaves_it_disabled_and_loses_nothing(self):
        self.set_up_room()
        self.is_live(self.change("disable", "groups"))
        self.host.kill()
        self.host.start()
        self.assertEqual(self.state_of("groups"), ["disabled"])
        self.anna = Client(self.host, "anna").log_in()
        self.nobody_answers_for_the_room()
        self.is_live(self.change("enable", "groups"))
        self.bert_gets_what_waited()

    def test_a_push_ends_it_and_a_rollback_is_refused(self):
        self.is_live(self.change("disable", "groups"))
        report = self.host.rollback("groups")
        self.assertIn("hotline module enable groups", report["refusals"][0]["reason"])
        self.is_live(self.host.push(self.host.module("groups", "1.0.1")))
        self.assertEqual(self.state_of("groups"), ["current", "previous"])

    def test_what_cannot_be_is_refused_with_the_reason(self):
        for what, module, why in (("disable", "session", "clients log in by it"),
                                  ("disable", "nothing", "no such module"),
                                  ("enable", "groups", "not disabled")):
            report = self.change(what, module)
            self.assertEqual(report["outcome"], "refused", report)
            self.assertIn(why, report["refusals"][0]["reason"])
        said = self.host.cli("module", "disable", "groups").stdout
        self.assertIn("groups 1.0.0 (out)", said)
        self.assertIn("disabled", self.host.cli("modules").stdout)
        self.host.cli("module", "disable", "groups", expect=1)
        self.host.cli("module", "enable", "groups")


if __name__ == "__main__":
    unittest.main()
