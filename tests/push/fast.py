#!/usr/bin/env python3
"""Session is pushed, rolled back and pushed again under load: who is logged in stays, tokens go on logging in in one step, old
sessions are taken up in it, and a new password ends all of that."""
import base64
import hashlib
import hmac
import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import LISTEN, host_of  # noqa: E402
from live_load import WRONG, await_all, pairs  # noqa: E402
from numbers_client import Phone  # noqa: E402
from xmpp_client import CLIENT, SM, STREAM, Client, LoginFailed  # noqa: E402

MODULES = ["session", "routing", "presence", "registration", "privacy", "profile"]
SASL2 = "{urn:xmpp:sasl:2}"
BIND2 = "{urn:xmpp:bind:0}"
FAST = "{urn:xmpp:fast:0}"
PENDING = "{urn:hotline:pending:0}pending"
HT = "HT-SHA-256-NONE"
WISHES = ("<bind xmlns='urn:xmpp:bind:0'><tag>Play</tag><enable xmlns='urn:xmpp:carbons:2'/>"
          "<enable xmlns='urn:xmpp:sm:3' resume='true'/></bind>")
WANTS_TOKEN = f"<request-token xmlns='urn:xmpp:fast:0' mechanism='{HT}'/>"
PAIRS = 20
RATE = 200


class Client2(Client):
    """Logs in by SASL2. `id`: which installation of a client it is."""

    def __init__(self, host, name, id, **how):
        super().__init__(host, name, **how)
        self.id = id
        self.token = None

    def header(self):
        self.await_stream()
        return ("<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0' "
                f"xmlns:stream='http://etherx.jabber.org/streams' from='{self.jid}' to='{self.domain}'>")

    def authenticate_element(self, mechanism, data, wishes):
        return (f"<authenticate xmlns='urn:xmpp:sasl:2' mechanism='{mechanism}'>"
                f"<initial-response>{base64.b64encode(data).decode()}</initial-response>"
                f"<user-agent id='{self.id}'/>{wishes}</authenticate>")

    def by_password(self, wishes=WISHES + WANTS_TOKEN):
        nonce = os.urandom(12).hex()
        first = f"n={self.name},r={nonce}"
        self.raw(self.header() + self.authenticate_element("SCRAM-SHA-256", f"n,,{first}".encode(), wishes))
        server_first = base64.b64decode(self.answer("challenge").text).decode()
        part = dict(each.split("=", 1) for each in server_first.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), base64.b64decode(part["s"]), int(part["i"]))
        final = f"c=biws,r={part['r']}"
        key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(key).digest(), ",".join((first, server_first, final)).encode(), "sha256")
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature))).decode()
        data = base64.b64encode(f"{final},p={proof}".encode()).decode()
        self.raw(f"<response xmlns='urn:xmpp:sasl:2'>{data}</response>")
        return self.welcomed(self.answer("success"))

    def by_token(self, token, wishes=WISHES):
        """In one step: the header and all that is wished for go out together."""
        data = self.name.encode() + b"\0" + hmac.digest(token.encode(), b"Initiator", "sha256")
        self.raw(self.header() + self.authenticate_element(HT, data, wishes + "<fast xmlns='urn:xmpp:fast:0'/>"))
        success = self.answer("success")
        if base64.b64decode(success.findtext(SASL2 + "additional-data")) != hmac.digest(token.encode(), b"Responder", "sha256"):
            raise LoginFailed("the server does not know the token itself")
        return self.welcomed(success)

    def answer(self, name):
        element = self.expect(lambda e: e.tag.startswith(SASL2))
        if element.tag != SASL2 + name:
            raise LoginFailed(element[0].tag.partition("}")[2])
        return element

    def welcomed(self, success):
        self.success = success
        token = success.find(FAST + "token")
        self.token = token.get("token") if token is not None else None
        resumed = success.find(SM + "resumed")
        if resumed is not None:
            self.counts = True
            return self
        self.full = success.findtext(SASL2 + "authorization-identifier")
        enabled = success.find(f"{BIND2}bound/{SM}enabled")
        if enabled is not None:
            self.counts, self.received, self.sm_id = True, 0, enabled.get("id")
        self.features = self.expect(lambda e: e.tag == STREAM + "features")
        return self

    def resumption_of(self, old):
        self.received, self.sm_id, self.full = old.received, old.sm_id, old.full
        return f"<resume xmlns='urn:xmpp:sm:3' previd='{old.sm_id}' h='{old.received}'/>"


class Fast(unittest.TestCase):
    def setUp(self):
        self.host = host_of(self, "juliet", "romeo", config={"modules_initial": MODULES, "log": {"level": "warning"}})
        self.number = 0

    # ---- acts

    def juliet(self):
        return Client2(self.host, "juliet", "her-phone")

    def is_live(self, report):
        self.assertEqual(report["outcome"], "live", report)

    def is_refused(self, token):
        with self.assertRaisesRegex(LoginFailed, "not-authorized"):
            self.juliet().by_token(token)

    # ---- what must hold

    def all_holds(self, juliet, romeo, token):
        """`juliet` is connected; returns her as she is after she was cut and came back with her token."""
        self.number += 1
        romeo.message(juliet.jid, f"before {self.number}", id=f"a{self.number}")
        juliet.expect_message(f"before {self.number}")
        juliet.ack()
        juliet.ping()
        juliet.cut()
        romeo.message(juliet.jid, f"meanwhile {self.number}", id=f"b{self.number}")
        romeo.ping()
        back = self.juliet()
        wish = back.resumption_of(juliet)
        back.by_token(token, wish + WISHES)
        self.assertIsNotNone(back.success.find(SM + "resumed"))
        self.assertIsNone(back.success.find(BIND2 + "bound"))
        back.expect_message(f"meanwhile {self.number}")
        back.ack()
        return back.ping()

    # ---- plays

    def test_pushed_rolled_back_and_pushed_again_under_load(self):
        self.host.add_users("load", 2 * PAIRS)
        load = pairs(self.host, PAIRS, RATE)
        self.addCleanup(load.kill)
        await_all(self.host, load, besides=0)
        romeo = Client(self.host, "romeo").log_in()
        juliet = self.juliet().by_password()
        token = juliet.token
        juliet.raw("<presence/>")
        juliet = self.all_holds(juliet, romeo, token)
        for act in (lambda: self.host.push(self.host.module("session", "1.1.1")), lambda: self.host.rollback("session"),
                    lambda: self.host.push(self.host.module("session", "1.1.1"))):
            self.is_live(act())
            juliet = self.all_holds(juliet, romeo, token)
        report = load.end()
        for figure in WRONG:
            self.assertEqual(report[figure], 0, f"{figure}: {report}")
        self.assertEqual(report["delivered"], report["sent"])
        self.assertEqual([each for each in self.host.modules() if each["faults"]], [])

    def test_a_token_outlives_the_host_and_an_old_session_does_not(self):
        romeo = Client(self.host, "romeo").log_in()
        juliet = self.juliet().by_password()
        juliet.raw("<presence/>")
        juliet.ping()
        juliet.cut()
        for i in range(3):
            romeo.message(juliet.jid, f"{i}", id=f"m{i}")
        romeo.ask_ack()
        romeo.expect(lambda e: e.tag == SM + "a" and int(e.get("h")) >= 3)
        self.host.restart()
        back = self.juliet()
        wish = back.resumption_of(juliet)
        back.by_token(juliet.token, wish + WISHES)
        # Its session is gone with the host, so the login went on to bind; what waits is announced, and comes.
        self.assertIsNotNone(back.success.find(SM + "failed"))
        self.assertEqual(back.full, juliet.full)
        self.assertEqual(back.features.find(PENDING).get("count"), "3")
        back.raw("<presence/>")
        for i in range(3):
            back.expect_message(f"{i}")

    def test_who_logs_in_again_takes_the_place_of_its_earlier_session(self):
        juliet = self.juliet().by_password()
        again = self.juliet().by_token(juliet.token)
        self.assertEqual(again.full, juliet.full)
        self.assertEqual(juliet.ended(), "conflict")
        again.ping()

    def test_a_new_password_ends_a_token_and_no_session(self):
        juliet = self.juliet().by_password()
        self.host.control.call("user.passwd", account=juliet.jid, password="another")
        juliet.ping()
        self.is_refused(juliet.token)
        with_password = Client2(self.host, "juliet", "her-phone", password="another").by_password()
        self.juliet().by_token(with_password.token)
        self.host.control.call("user.remove", account=juliet.jid)
        self.host.add_user("juliet")
        self.is_refused(with_password.token)

    def test_a_new_device_ends_all_that_the_old_one_had(self):
        """Its session on the spot, and then its key, its token and what it could resume (R6)."""
        with tempfile.TemporaryDirectory(prefix="hotline-sms-") as directory:
            sms = pathlib.Path(directory) / "sms"
            host = host_of(self, config={
                "listen": LISTEN + [{"kind": "https", "port": 0}], "modules_initial": MODULES,
                "outbox": {"sms": {"kind": "file", "file": str(sms)}},
                "modules": {"registration": {"numbers": True, "code_gap_seconds": 0}}, "log": {"level": "warning"}})
            host.sms = sms
            phone = Phone(host, "+491711234567")
            self.addCleanup(phone.close)
            digits, key = phone.digits, phone.register()
            tablet = Client2(host, digits, "its-tablet", password=key).by_password()
            old = Client2(host, digits, "its-phone", password=key).by_password()
            old.cut()  # Detached, and could resume.
            new_key = phone.register()
            self.assertEqual(tablet.ended(), "conflict")
            for id, token in (("its-phone", old.token), ("its-tablet", tablet.token)):
                with self.assertRaisesRegex(LoginFailed, "not-authorized"):
                    Client2(host, digits, id).by_token(token)
            with self.assertRaisesRegex(LoginFailed, "not-authorized"):
                Client2(host, digits, "its-phone", password=key).by_password()
            new = Client2(host, digits, "its-phone", password=new_key)
            new.by_password(new.resumption_of(old) + WISHES + WANTS_TOKEN)
            self.assertIsNotNone(new.success.find(SM + "failed"))
            Client2(host, digits, "its-phone").by_token(new.token)

    def test_presence_and_messages_go_on_behind_one_step(self):
        """Carbons are on from the first moment: what another client of hers sends is copied to this one."""
        romeo = Client(self.host, "romeo").log_in()
        juliet = self.juliet().by_password()
        juliet.raw("<presence/>")
        other = Client(self.host, "juliet", resource="desk").log_in()
        other.message(romeo.jid, "from my desk", id="c1")
        romeo.expect_message("from my desk")
        juliet.expect(lambda e: e.tag == CLIENT + "message" and e.find("{urn:xmpp:carbons:2}sent") is not None)


if __name__ == "__main__":
    unittest.main()
