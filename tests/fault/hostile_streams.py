#!/usr/bin/env python3
"""What a client may not write: each gets the stream's or stanza's error, and a client beside it notices nothing."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import Host  # noqa: E402
from xmpp_client import CLIENT, SASL, Client, conditions  # noqa: E402

BEFORE_LOGIN_BYTES = 10_000    # limits.before_login.stanza_bytes_max, the default.
AFTER_LOGIN_BYTES = 262_144    # limits.after_login.stanza_bytes_max, the default.
AFTER_LOGIN_DEPTH = 32

# What is written after login, and the condition the stream ends with.
NOT_XML = {
    "a tag closed by another": ("<message><body></message></body>", "not-well-formed"),
    "an attribute twice": ("<message to='a' to='b'/>", "not-well-formed"),
    "an attribute without quotes": ("<message to=a/>", "not-well-formed"),
    "a bare ampersand": ("<message><body>a & b</body></message>", "not-well-formed"),
    "text between stanzas": ("between", None),
    "an unknown entity": ("<message><body>&nbsp;</body></message>", None),
    "an undeclared prefix": ("<message><x:body/></message>", None),
    "a character that XML has not": ("<message><body>&#0;</body></message>", "not-well-formed"),
    "a comment": ("<message><!-- aside --></message>", "restricted-xml"),
    "a comment between stanzas": ("<!-- aside -->", "restricted-xml"),
    "a processing instruction": ("<message><?do this?></message>", "restricted-xml"),
    "a document type": ("<!DOCTYPE message [<!ENTITY a 'b'>]>", "restricted-xml"),
    "a document type inside": ("<message><!DOCTYPE a></message>", "restricted-xml"),
    "a second XML declaration": ("<?xml version='1.0'?><message/>", None),
    "a truncated UTF-8 sequence": (b"<message><body>\xe2\x82</body></message>", None),
    "an overlong UTF-8 sequence": (b"<message><body>\xc0\xaf</body></message>", None),
    "a surrogate in UTF-8": (b"<message><body>\xed\xa0\x80</body></message>", None),
    "Latin 1": (b"<message><body>caf\xe9</body></message>", None),
    "a stanza of another namespace": ("<message xmlns='urn:example:other'/>", None),
    "an element nobody knows": ("<telegram/>", "unsupported-stanza-type"),
}
# Where the RFC leaves a choice between these, either will do.
XML_CONDITIONS = ("not-well-formed", "invalid-xml", "bad-format", "restricted-xml", "bad-namespace-prefix",
                  "invalid-namespace", "unsupported-encoding", "unsupported-stanza-type")


class HostileStreams(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host().start()
        cls.addClassCleanup(cls.host.remove)
        for name in ("mallory", "witness"):
            cls.host.add_user(name)
        cls.witness = Client(cls.host, "witness").log_in().ping()
        cls.witness.queue.clear()
        cls.addClassCleanup(cls.witness.close)

    def client(self, kind="xmpps"):
        client = Client(self.host, "mallory", kind=kind)
        self.addCleanup(client.cut)
        return client

    def unharmed(self):
        self.witness.ping()
        self.assertFalse(self.witness.queue, "the witness got something")
        self.assertTrue(self.host.is_up())

    def ends(self, client, *expected):
        self.assertIn(client.ended(), expected)
        self.unharmed()

    # ---- what is no XML, or more than is allowed

    def test_what_may_not_be_written_ends_the_stream(self):
        for name, (text, condition) in NOT_XML.items():
            with self.subTest(name):
                client = self.client().log_in(sm=False, presence=False)
                client.raw(text)
                self.ends(client, *((condition,) if condition else XML_CONDITIONS))

    def test_the_same_before_login(self):
        for name in ("a tag closed by another", "a document type", "a comment", "Latin 1"):
            with self.subTest(name):
                text, condition = NOT_XML[name]
                client = self.client()
                client.open()
                client.raw(text)
                self.ends(client, *((condition,) if condition else XML_CONDITIONS))

    def test_a_document_type_before_the_stream_ends_it(self):
        client = self.client()
        client.await_stream()
        client.raw("<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY lol 'lol'>]><stream:stream/>")
        self.ends(client, "restricted-xml")

    def test_bytes_that_are_no_stream_end_it(self):
        for text in ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", "<a/>", "\0" * 100):
            with self.subTest(text):
                client = self.client(kind="xmpp")
                client.await_stream()
                client.raw(text)
                self.ends(client, *XML_CONDITIONS)

    def test_a_stanza_too_large_for_after_login_ends_the_stream(self):
        client = self.client().log_in(sm=False, presence=False)
        client.raw("<message><body>" + "x" * (AFTER_LOGIN_BYTES - 1000) + "</body></message>")
        client.ping()  # That one was allowed.
        client.raw("<message><body>" + "x" * AFTER_LOGIN_BYTES)
        self.ends(client, "policy-violation")

    def test_an_element_too_large_for_before_login_ends_the_stream(self):
        client = self.client()
        client.open()
        client.raw(f"<auth xmlns='{SASL[1:-1]}' mechanism='PLAIN'>" + "A" * BEFORE_LOGIN_BYTES)
        self.ends(client, "policy-violation")

    def test_a_stanza_too_deep_ends_the_stream(self):
        client = self.client().log_in(sm=False, presence=False)
        deep = AFTER_LOGIN_DEPTH + 1
        client.raw("<message>" + "<a xmlns='u'>" * deep + "</a>" * deep + "</message>")
        self.ends(client, "policy-violation")

    def test_a_stanza_of_too_many_elements_ends_the_stream(self):
        client = self.client().log_in(sm=False, presence=False)
        client.raw("<message>" + "<a/>" * 10_001 + "</message>")
        self.ends(client, "policy-violation")

    def test_too_many_attributes_end_the_stream(self):
        client = self.client().log_in(sm=False, presence=False)
        client.raw("<message " + " ".join(f"a{n}='1'" for n in range(70)) + "/>")
        self.ends(client, "policy-violation")

    # ---- what is not the client's to say

    def test_a_spoofed_from_reaches_nobody(self):
        for sender in ("witness@localhost", "localhost", "mallory@elsewhere.example", "mallory@localhost/other"):
            with self.subTest(sender):
                client = self.client().log_in(sm=False, presence=False)
                client.raw(f"<message to='witness@localhost' type='chat' from='{sender}'><body>trust me</body></message>")
                self.ends(client, "invalid-from")

    def test_ones_own_from_is_fine_and_is_stamped_in_full(self):
        client = self.client().log_in(sm=False, presence=False)
        client.raw(f"<message to='{client.full}' from='{client.jid}' type='chat' id='1'><body>note</body></message>")
        self.assertEqual(client.expect_message("note").get("from"), client.full)

    def test_a_stanza_before_login_ends_the_stream(self):
        for stanza in ("<message to='witness@localhost'><body>hi</body></message>", "<presence/>",
                       "<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>"):
            with self.subTest(stanza):
                client = self.client()
                client.open()
                client.raw(stanza)
                self.ends(client, "not-authorized")

    def test_a_stanza_before_binding_reaches_nobody(self):
        client = self.client().authenticate()
        client.raw("<message to='witness@localhost'><body>hi</body></message>")
        self.ends(client, "not-authorized")

    def test_to_a_malformed_address_is_the_senders_error(self):
        client = self.client().log_in(sm=False, presence=False)
        client.message("@@localhost", "hi", id="odd")
        error = client.expect(lambda e: e.get("id") == "odd")
        self.assertEqual((error.tag, error.get("type")), (CLIENT + "message", "error"))
        self.assertIn("jid-malformed", conditions(error))
        self.unharmed()

    def test_another_domain_is_not_reached(self):
        client = self.client().log_in(sm=False, presence=False)
        client.message("someone@elsewhere.example", "hi", id="far")
        self.assertTrue(set(conditions(client.expect(lambda e: e.get("id") == "far"))) &
                        {"remote-server-not-found", "service-unavailable"})
        self.unharmed()

    def test_a_stream_to_another_host_is_refused(self):
        client = self.client()
        client.domain = "elsewhere.example"
        client.open(features=False)
        self.ends(client, "host-unknown")

    # ---- TLS

    def test_without_tls_nothing_but_starttls_is_offered_or_taken(self):
        client = self.client(kind="xmpp")
        features = client.open()
        self.assertEqual([each.tag for each in features], ["{urn:ietf:params:xml:ns:xmpp-tls}starttls"])
        client.raw(f"<auth xmlns='{SASL[1:-1]}' mechanism='PLAIN'>AG1hbGxvcnkAc2VjcmV0</auth>")
        answer = client.expect(lambda e: e.tag == SASL + "failure")
        self.assertEqual(answer[0].tag, SASL + "encryption-required")
        self.unharmed()

    def test_scram_without_tls_is_refused_as_well(self):
        client = self.client(kind="xmpp")
        client.open()
        client.raw(f"<auth xmlns='{SASL[1:-1]}' mechanism='SCRAM-SHA-256'>biwsbj1tYWxsb3J5LHI9YWJj</auth>")
        self.assertEqual(client.expect(lambda e: e.tag == SASL + "failure")[0].tag, SASL + "encryption-required")

    def test_bytes_behind_starttls_are_not_taken_as_if_they_were_encrypted(self):
        client = self.client(kind="xmpp")
        client.open()
        injected = b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AG1hbGxvcnkAc2VjcmV0</auth>"
        try:
            client.start_tls(behind=injected)
        except Exception as error:  # Cutting the connection is an answer as well.
            self.assertNotIsInstance(error, AssertionError)
            return self.unharmed()
        # The stream begins anew: no answer to what was slipped in comes before the features.
        self.assertEqual(client.open().tag.partition("}")[2], "features")
        client.raw("</stream:stream>")
        self.assertIsNone(client.ended())
        self.unharmed()

    def test_too_many_failed_logins_close_the_stream(self):
        client = self.client()
        client.open()
        for _ in range(5):
            client.raw(f"<auth xmlns='{SASL[1:-1]}' mechanism='PLAIN'>AG1hbGxvcnkAd3Jvbmc=</auth>")
            self.assertEqual(client.expect(lambda e: e.tag.startswith(SASL)).tag, SASL + "failure")
        self.ends(client, "policy-violation")


if __name__ == "__main__":
    unittest.main()
