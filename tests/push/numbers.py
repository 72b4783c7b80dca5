#!/usr/bin/env python3
"""Phones register their numbers, the code that does it is pushed and rolled back in the middle, and nobody guesses a
PIN: over HTTPS and in-band, with PINs from a file, a webhook and a command."""
import concurrent.futures
import hashlib
import hmac
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import LISTEN, Host, eventually  # noqa: E402
from numbers_client import Phone, Webhook  # noqa: E402
from xmpp_client import Client, LoginFailed  # noqa: E402

HTTP = LISTEN + [{"kind": "https", "port": 0}, {"kind": "http", "port": 0}]
ADDRESSES = 100
GUESSES_EACH = 10
REGISTERED_WHILE_PUSHED = 60


class Numbers(unittest.TestCase):
    def start(self, gateway=None, **registration):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="hotline-sms-"))
        sms = self.directory / "sms"
        host = Host(config={
            "listen": HTTP,
            "outbox": {"sms": gateway or {"kind": "file", "file": str(sms)}},
            "modules": {"registration": {"numbers": True, **registration}},
            "log": {"level": "info"}})
        host.sms = sms
        self.addCleanup(host.remove)
        return host.start()

    def phone(self, host, number="+491711234567", **more):
        phone = Phone(host, number, **more)
        self.addCleanup(phone.close)
        return phone

    def client(self, host, *who, **more):
        client = Client(host, *who, **more)
        self.addCleanup(client.close)
        return client

    def test_a_new_device_takes_the_number_over_and_gets_what_waited(self):
        host = self.start(code_gap_seconds=0)
        host.add_user("juliet")
        phone = self.phone(host, "+49 171 1234567")
        old_key = phone.register()
        old = Client(host, phone.digits, old_key).log_in()
        old.cut()  # Detached, and could resume.
        second = self.client(host, phone.digits, old_key, resource="second").log_in()
        juliet = self.client(host, "juliet").log_in()
        second.acks = False  # It accepts nothing: what is sent waits for whoever does.
        juliet.message(f"{phone.digits}@localhost", "for the new device", id="one")
        new_key = self.phone(host, "491711234567").register()
        self.assertEqual(second.ended(), "conflict")
        self.assertNotEqual(new_key, old_key)
        with self.assertRaises(LoginFailed):
            self.client(host, phone.digits, old_key).log_in()
        new = self.client(host, phone.digits, new_key).log_in()
        self.assertEqual(new.expect_message().findtext("{jabber:client}body"), "for the new device")
        with self.assertRaises(LoginFailed):  # The session that the old device might have come back to.
            self.client(host, phone.digits, new_key, resource="third").resume(old)
        for secret in (old_key, new_key):
            self.assertNotIn(secret, host.log())

    def test_pushes_and_rollbacks_in_the_middle_lose_no_number(self):
        host = self.start()
        numbers = [f"+4917112{i:05}" for i in range(REGISTERED_WHILE_PUSHED)]

        def register(number):
            phone = Phone(host, number)
            key = phone.register()
            phone.close()
            return number, key

        phone = self.phone(host, "+491719999999")
        self.assertEqual(phone.ask()[0], 200)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            registering = [pool.submit(register, number) for number in numbers]
            for act in (lambda: host.push(host.module("registration", "1.1.1")), lambda: host.rollback("registration"),
                        lambda: host.push(host.module("registration", "1.1.1"))):
                self.assertEqual(act()["outcome"], "live")
            keys = dict(task.result() for task in registering)
        self.assertEqual(host.version("registration"), "1.1.1")
        # A PIN of before the first push is good after the last.
        self.assertEqual(phone.enter(phone.pin())[0], 200)
        for number in (numbers[0], numbers[-1]):
            Client(host, number[1:], keys[number]).log_in().close()
        self.assertEqual(len(keys), REGISTERED_WHILE_PUSHED)
        for module in host.modules():
            self.assertEqual(module["faults"], 0, module)

    def test_guesses_from_many_addresses_get_five_tries_at_one_pin(self):
        host = self.start(try_gap_seconds=0)  # Nothing but their number bounds the tries.
        victim = self.phone(host)
        self.assertEqual(victim.ask()[0], 200)
        pin = victim.pin()
        wrong = [f"{guess:05}" for guess in range(ADDRESSES * GUESSES_EACH + 1) if f"{guess:05}" != pin]

        def guess(address):
            phone = Phone(host, victim.number, source=f"127.0.1.{address + 1}", kind="http")
            said = [phone.enter(wrong[address * GUESSES_EACH + i])[1]["reason"] for i in range(GUESSES_EACH)]
            phone.close()
            return said

        said = []
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for each in pool.map(guess, range(ADDRESSES)):
                said += each
        self.assertEqual(len(said), ADDRESSES * GUESSES_EACH)
        self.assertEqual((said.count("mismatch"), said.count("stale")), (5, len(said) - 5))
        self.assertEqual(victim.enter(pin), (410, {
            "status": "fail", "reason": "stale", "text": "no PIN is valid for this number; ask for one"}))

    def test_a_webhook_is_signed_and_tried_again(self):
        webhook = Webhook(self, statuses=[503, 500])
        secret = pathlib.Path(tempfile.mkdtemp(prefix="hotline-secret-")) / "secret"
        secret.write_text("between us\n")
        host = self.start(gateway={"kind": "webhook", "url": webhook.url, "secret_file": str(secret)})
        phone = self.phone(host)
        self.assertEqual(phone.ask("voice")[0], 200)
        eventually(lambda: len(webhook.requests) == 3, "it was tried until it was taken")
        (headers, body), ids = webhook.requests[-1], {fields["X-Hotline-Id"] for fields, _ in webhook.requests}
        self.assertEqual(len(ids), 1)
        signed = headers["X-Hotline-Timestamp"].encode() + b"." + body
        self.assertEqual(headers["X-Hotline-Signature"],
                         "sha256=" + hmac.new(b"between us", signed, hashlib.sha256).hexdigest())
        self.assertIn(b'"to":"+491711234567","method":"voice"', body)

    def test_a_command_reads_its_message_and_no_shell_does(self):
        directory = pathlib.Path(tempfile.mkdtemp(prefix="hotline-command-"))
        program = directory / "send"
        program.write_text(f"#!/bin/sh\ncat >{directory}/sent\nmv {directory}/sent {directory}/whole\n")
        program.chmod(0o700)
        host = self.start(gateway={"kind": "command", "program": str(program)})
        self.assertEqual(self.phone(host).ask()[0], 200)
        eventually(lambda: (directory / "whole").exists(), "the program was run")
        self.assertIn('"to":"+491711234567"', (directory / "whole").read_text())

    def test_in_band_it_is_the_same_two_steps(self):
        host = self.start()
        client = self.client(host, "nobody")
        client.open()
        form = ("<iq type='set' id='{id}'><query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>"
                "<field var='phone'><value>+491711234567</value></field>{code}</x></query></iq>")
        client.raw(form.format(id="1", code=""))
        self.assertEqual(client.expect(lambda e: e.get("id") == "1").get("type"), "result")
        pin = self.phone(host).pin()
        client.raw(form.format(id="2", code=f"<field var='code'><value>{pin}</value></field>"))
        done = client.expect(lambda e: e.get("id") == "2")
        self.assertEqual(done.get("type"), "result")
        register = "{jabber:iq:register}"
        name, key = (done.findtext(f".//{register}{field}") for field in ("username", "password"))
        Client(host, name, key).log_in().close()


if __name__ == "__main__":
    unittest.main()
