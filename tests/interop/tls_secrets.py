#!/usr/bin/env python3
"""A client's secrets, by its own key log, looked for in the memory of a running host and in its logs."""
import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import PATIENCE, eventually, host_of  # noqa: E402

HEADER = b"<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' " \
         b"xmlns:stream='http://etherx.jabber.org/streams'>"
NO_LOGIN = b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='NONE'/>"
TRAFFIC = ("CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0")
OTHER = ("EXPORTER_SECRET", "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET")


def mappings(pid):
    """(start, end, flags) of each that can be written and has pages: where else could a secret be."""
    found = []
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line)
        if head:
            found.append({"start": int(head[1], 16), "end": int(head[2], 16), "mode": head[3]})
        elif line.startswith("Rss:"):
            found[-1]["pages"] = int(line.split()[1])
        elif line.startswith("VmFlags:"):
            found[-1]["flags"] = line.split()[1:]
    return [(each["start"], each["end"], each["flags"]) for each in found
            if each["mode"].startswith("rw") and each["pages"] > 0]


def copies(pid, secrets):
    """For each of `secrets` the flags of the mapping of each copy, as bytes or as hexadecimal."""
    found = {name: [] for name in secrets}
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, end, flags in mappings(pid):
            memory.seek(start)
            content = memory.read(end - start)
            for name, secret in secrets.items():
                for form in (secret, secret.hex().encode(), secret.hex().upper().encode()):
                    found[name] += [flags] * content.count(form)
    return found


class Secrets(unittest.TestCase):
    def setUp(self):
        self.host = host_of(self, config={"shards": 2, "log": {"level": "debug"}})
        self.key_log = self.host.directory / "client-keys"

    def secrets(self):
        lines = [line.split() for line in self.key_log.read_text().splitlines() if not line.startswith("#")]
        return {line[0]: bytes.fromhex(line[2]) for line in lines if len(line) == 3}

    def connect(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.keylog_filename = self.key_log
        plain = socket.create_connection(("127.0.0.1", self.host.port("xmpps")), PATIENCE)
        client = context.wrap_socket(plain)
        self.addCleanup(client.close)
        self.ask(client)
        return client

    def ask(self, client):
        client.sendall(HEADER)
        got = b""
        while b"</stream:features>" not in got:
            got += client.recv(4096)

    def test_each_traffic_secret_is_there_once_while_connected_and_then_gone(self):
        client = self.connect()
        secrets = self.secrets()
        found = copies(self.host.process.pid, secrets)
        for name in TRAFFIC:
            self.assertEqual(len(found[name]), 1, name)
            self.assertIn("dd", found[name][0], f"{name} would be in a core dump")
            self.assertIn("wf", found[name][0], f"{name} would be in a child")
        for name in OTHER:
            self.assertEqual(found[name], [], name)
        client.close()
        eventually(lambda: not any(copies(self.host.process.pid, secrets).values()), "every secret is wiped")
        self.host.stop()
        for name, secret in secrets.items():
            self.assert_not_written(name, secret)

    def assert_not_written(self, name, secret):
        """In nothing the host wrote: its log, its state."""
        for file in [self.host.log_file(), *self.host.state.rglob("*")]:
            if not file.is_file():
                continue
            written = file.read_bytes()
            for form in (secret, secret.hex().encode(), secret.hex().upper().encode()):
                self.assertNotIn(form, written, f"{name} in {file}")

    def test_a_key_update_leaves_nothing_of_the_secret_before(self):
        client = subprocess.Popen(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{self.host.port('xmpps')}", "-tls1_3", "-keylogfile",
             self.key_log], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(client.communicate)
        self.addCleanup(client.kill)
        watchdog = threading.Timer(PATIENCE * 2, client.kill)
        watchdog.start()
        self.addCleanup(watchdog.cancel)
        self.say(client, HEADER, b"</stream:features>")
        secrets = {name: self.secrets()[name] for name in TRAFFIC}
        found = copies(self.host.process.pid, secrets)
        self.assertEqual([len(found[name]) for name in TRAFFIC], [1, 1])
        self.say(client, b"K", b"KEYUPDATE")
        self.say(client, NO_LOGIN, b"</failure>")  # Sealed with the key after ours.
        self.assertEqual(copies(self.host.process.pid, secrets), {name: [] for name in TRAFFIC})
        self.say(client, NO_LOGIN, b"</failure>")  # And it is still connected.

    def say(self, client, line, answer):
        client.stdin.write(line + b"\n")
        client.stdin.flush()
        self.until(client, answer)

    def until(self, client, words):
        seen = b""
        while words not in seen:
            got = os.read(client.stdout.fileno(), 4096)
            self.assertTrue(got, f"no {words!r} in {seen[-2000:]!r}")
            seen += got


if __name__ == "__main__":
    unittest.main()
