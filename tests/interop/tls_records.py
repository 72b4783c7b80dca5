#!/usr/bin/env python3
"""TLS clients in use against the host's TLS: bytes both ways unchanged, KeyUpdates from either side, resumption,
hostile segments; with own records, with own records that move between contexts all the time, and with the SSL object."""
import contextlib
import hashlib
import os
import pathlib
import random
import select
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import PATIENCE, build  # noqa: E402

SUITES = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
MEGABYTE = 1 << 20
LONG = PATIENCE * 4  # A transfer on a busy machine.

# Sends standard input's bytes, wants them back, then comes back with its session.
NODE = """
const tls = require('tls'), fs = require('fs');
const sent = fs.readFileSync(0), options = {port: +process.argv[1], host: '127.0.0.1', rejectUnauthorized: false};
function round(session, then) {
  const got = []; let size = 0, newest, reused;
  const socket = tls.connect({...options, session}, () => { reused = socket.isSessionReused(); socket.write(sent); });
  socket.on('session', s => newest = s);
  socket.on('data', d => { got.push(d); size += d.length; if (size >= sent.length) socket.end(); });
  socket.on('error', e => { console.error(e); process.exit(1); });
  socket.on('close', () => {
    if (Buffer.compare(Buffer.concat(got), sent) !== 0) { console.error('bytes differ', size); process.exit(1); }
    then(newest, reused);
  });
}
round(undefined, (session, reused) => round(session, (_, again) => { console.log(reused, again); }));
"""


class Server:
    def __init__(self, *words):
        self.process = subprocess.Popen([build() / "tests/interop/tls_echo", *words], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())

    def end(self):
        """What it complained about."""
        _, errors = self.process.communicate(timeout=PATIENCE)
        return errors.decode()


class Clients:
    """The plays; `words` says which server they meet."""
    words = ()

    def setUp(self):
        self.server = Server(*self.words)
        self.folder = tempfile.mkdtemp(prefix="hotline-tls-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.addCleanup(self.end)

    def end(self):
        complaints = self.server.end()
        self.assertEqual(complaints, "")

    def run_client(self, command, given=b""):
        return subprocess.run(command, input=given, capture_output=True, timeout=LONG, check=False)

    def s_client(self, *words):
        return ["openssl", "s_client", "-connect", f"127.0.0.1:{self.server.port}", *words]

    def context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context

    def test_openssl_gets_its_bytes_back_in_each_suite(self):
        for suite in SUITES:
            with self.subTest(suite):
                self.check_openssl("-tls1_3", "-ciphersuites", suite)

    def test_openssl_with_small_fragments_and_with_tls_1_2(self):
        self.check_openssl("-tls1_3", "-maxfraglen", "512")
        self.check_openssl("-tls1_2")

    def check_openssl(self, *words):
        sent = os.urandom(MEGABYTE)
        client = subprocess.Popen(self.s_client("-quiet", "-nocommands", *words), stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        writer = threading.Thread(target=lambda: (client.stdin.write(sent), client.stdin.flush()))
        writer.start()
        watchdog = threading.Timer(LONG, client.kill)
        watchdog.start()
        got = client.stdout.read(len(sent))
        watchdog.cancel()
        client.kill()
        writer.join()
        client.communicate()
        self.assertTrue(got == sent, f"{len(got)} bytes, or other ones")

    def test_openssl_changes_its_keys_and_asks_for_ours(self):
        client = subprocess.Popen(self.s_client("-tls1_3"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
        watchdog = threading.Timer(LONG, client.kill)
        watchdog.start()
        for number, key in enumerate("kKkKKk"):
            client.stdin.write(f"line {number}\n".encode())
            client.stdin.flush()
            self.until(client.stdout, f"line {number}")
            client.stdin.write(f"{key}\n".encode())
            client.stdin.flush()
            self.until(client.stdout, "KEYUPDATE")
        client.stdin.write(b"Q\n")
        client.communicate(timeout=PATIENCE)
        watchdog.cancel()

    def until(self, lines, words):
        seen = []
        for line in lines:
            seen.append(line.decode(errors="replace"))
            if words in seen[-1]:
                return
        self.fail(f"no {words!r} in {''.join(seen)[-2000:]}")

    def test_openssl_comes_back_with_its_session(self):
        session = os.path.join(self.folder, "session.pem")
        for way, expected in (("-sess_out", "New, TLSv1.3"), ("-sess_in", "Reused, TLSv1.3")):
            client = subprocess.Popen(self.s_client("-tls1_3", way, session), stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            watchdog = threading.Timer(LONG, client.kill)
            watchdog.start()
            self.until(client.stdout, expected)
            client.stdin.write(b"here\n")
            client.stdin.flush()
            self.until(client.stdout, "here")  # The ticket came before it.
            client.stdin.write(b"Q\n")
            client.communicate(timeout=PATIENCE)
            watchdog.cancel()

    @unittest.skipIf(shutil.which("gnutls-cli") is None, "gnutls-cli is missing: scripts/setup --tests")
    def test_gnutls_changes_keys_and_resumes(self):
        for priority in ("AES-128-GCM", "AES-256-GCM", "CHACHA20-POLY1305"):
            with self.subTest(priority):
                client = subprocess.Popen(
                    ["gnutls-cli", "--insecure", "--no-ca-verification", "--inline-commands", "-p", str(self.server.port),
                     "--priority", f"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+{priority}", "127.0.0.1"],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                watchdog = threading.Timer(LONG, client.kill)
                watchdog.start()
                self.until(client.stdout, "Simple Client Mode")
                for number, command in enumerate(("^rekey1^", "^rekey^", "^rekey1^", "^resume^", "")):
                    client.stdin.write(f"line {number}\n".encode())
                    client.stdin.flush()
                    self.until(client.stdout, f"line {number}")
                    if command:
                        client.stdin.write(f"{command}\n".encode())
                        client.stdin.flush()
                    if command == "^resume^":
                        self.until(client.stdout, "This is a resumed session")
                client.communicate(timeout=PATIENCE)
                watchdog.cancel()

    def test_python_sends_megabytes_both_ways(self):
        sent = os.urandom(4 * MEGABYTE)
        with socket.create_connection(("127.0.0.1", self.server.port), LONG) as plain:
            with self.context().wrap_socket(plain) as client:
                self.assertEqual(client.version(), "TLSv1.3")
                # One thread: OpenSSL's objects are none's but the caller's, and a KeyUpdate that is read is answered.
                client.setblocking(False)
                at, got, deadline = 0, bytearray(), time.monotonic() + LONG
                while len(got) < len(sent):
                    self.assertLess(time.monotonic(), deadline)
                    select.select([client], [client] if at < len(sent) else [], [], 1)
                    with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                        if at < len(sent):
                            at += client.send(sent[at:at + 16384])
                    with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                        while piece := client.recv(65536):
                            got += piece
                client.settimeout(LONG)
                self.assertTrue(bytes(got) == sent)
                client.unwrap()

    def test_python_in_segments_of_1_to_7_bytes(self):
        chance = random.Random(4)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = self.context().wrap_bio(incoming, outgoing)
        with socket.create_connection(("127.0.0.1", self.server.port), LONG) as plain:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

            def until_done(call):
                while True:
                    try:
                        value = call()
                    except ssl.SSLWantReadError:
                        value = None
                    piece = outgoing.read()
                    while piece:
                        size = chance.randint(1, 7)
                        plain.sendall(piece[:size])
                        piece = piece[size:]
                    if value is not None:
                        return value
                    incoming.write(plain.recv(65536))

            until_done(lambda: (client.do_handshake(), True))
            sent = os.urandom(10000)
            until_done(lambda: client.write(sent))
            got = b""
            while len(got) < len(sent):
                got += until_done(lambda: client.read(65536))
            self.assertTrue(got == sent)

    def test_python_sends_its_first_data_with_its_finished(self):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = self.context().wrap_bio(incoming, outgoing)
        with socket.create_connection(("127.0.0.1", self.server.port), LONG) as plain:
            while True:
                try:
                    client.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    plain.sendall(outgoing.read())
                    incoming.write(plain.recv(65536))
            sent = os.urandom(40000)
            client.write(sent)
            plain.sendall(outgoing.read())  # Finished and all of it in one.
            got = b""
            while len(got) < len(sent):
                incoming.write(plain.recv(65536))
                try:
                    while True:
                        got += client.read(65536)
                except ssl.SSLWantReadError:
                    pass
            self.assertTrue(got == sent)

    @unittest.skipIf(shutil.which("node") is None, "node is missing: scripts/setup --tests")
    def test_node_sends_megabytes_and_resumes(self):
        done = self.run_client(["node", "-e", NODE, str(self.server.port)], os.urandom(2 * MEGABYTE))
        self.assertEqual((done.returncode, done.stdout.decode().strip()), (0, "false true"), done.stderr.decode())

    @unittest.skipIf(shutil.which("curl") is None, "curl is missing: scripts/setup --tests")
    def test_curl_downloads_megabytes(self):
        size = 5 * MEGABYTE
        done = self.run_client(["curl", "--silent", "--show-error", "--insecure", f"https://127.0.0.1:{self.server.port}/{size}"])
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        expected = (b"abcdefghijklmnopqrstuvwxyz" * (size // 26 + 1))[:size]
        self.assertEqual(hashlib.sha256(done.stdout).digest(), hashlib.sha256(expected).digest())


class OwnRecords(Clients, unittest.TestCase):
    words = ("own",)


class OwnRecordsWithKeyUpdates(Clients, unittest.TestCase):
    words = ("own", "--update-every", "20")


class OwnRecordsThatMove(Clients, unittest.TestCase):
    words = ("own", "--carry-every", "3", "--update-every", "50")


class SslObject(Clients, unittest.TestCase):
    words = ("openssl",)


if __name__ == "__main__":
    unittest.main()
