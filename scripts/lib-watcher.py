"""lib-watcher: one XMPP client on one connection, for scripts/demo.

python3 lib-watcher.py RUN_JSON ACCOUNT PASSWORD

Logs in over direct TLS and prints `ready`. Each line of standard input it sends to itself as a message, and
prints what came back, without the addresses. Ends with its input; never connects twice.
"""

import base64
import json
import re
import socket
import ssl
import sys

DEADLINE_SECONDS = 8


class Stream:
    def __init__(self, port, domain):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # The demo's certificate is made by the host it talks to.
        context.set_alpn_protocols(["xmpp-client"])
        raw = socket.create_connection(("127.0.0.1", port), DEADLINE_SECONDS)
        self.socket = context.wrap_socket(raw, server_hostname=domain)
        self.domain = domain
        self.pending = ""

    def send(self, text):
        self.socket.sendall(text.encode())

    def until(self, pattern):
        """What matches, once it has come; what stood before it is dropped."""
        while True:
            found = re.search(pattern, self.pending, re.S)
            if found:
                self.pending = self.pending[found.end():]
                return found.group(0)
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("the connection was closed")
            self.pending += data.decode()

    def open(self):
        self.pending = ""
        self.send(
            f"<stream:stream to='{self.domain}' version='1.0' xmlns='jabber:client' "
            "xmlns:stream='http://etherx.jabber.org/streams'>"
        )
        self.until("</stream:features>")


def log_in(run, account, password):
    port = next(l["port"] for l in run["listen"] if l["kind"] == "xmpps")
    stream = Stream(port, run["domain"])
    stream.open()
    secret = base64.b64encode(f"\0{account}\0{password}".encode()).decode()
    stream.send(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>")
    if "<success" not in stream.until("<success[^>]*>|<failure.*?</failure>"):
        raise ConnectionError("the password was refused")
    stream.open()
    stream.send("<iq id='bind' type='set'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
    stream.until("</iq>")
    stream.send("<presence/>")
    stream.until("<presence[^>]*>")
    return stream


def main():
    run = json.load(open(sys.argv[1]))
    account = sys.argv[2]
    try:
        stream = log_in(run, account, sys.argv[3])
    except (OSError, StopIteration) as error:
        print(error, flush=True)
        return 1
    print("ready", flush=True)
    for line in sys.stdin:
        body = line.strip().replace("&", "&amp;").replace("<", "&lt;")
        stream.send(f"<message to='{account}@{run['domain']}' type='chat'><body>{body}</body></message>")
        message = stream.until("<message.*?</message>")
        print(re.sub(r"<message[^>]*>", "<message …>", message, count=1), flush=True)
    return 0


sys.exit(main())
