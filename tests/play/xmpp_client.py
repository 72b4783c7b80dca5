"""A small blocking XMPP client for plays: says exactly what it is told, and waits with deadlines.

    juliet = Client(host, "juliet", "secret").log_in()
    juliet.message("romeo@localhost", "hi", id="1")
    romeo.expect(lambda s: s.tag == M + "message")

Raw bytes go out with `raw`. What comes in is parsed as the stream says and queued as elements, in order;
when the stream or the socket has ended, `expect` raises Closed.
"""
import base64
import hashlib
import hmac
import os
import socket
import ssl
import time
from collections import deque
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

CLIENT = "{jabber:client}"
STREAM = "{http://etherx.jabber.org/streams}"
ERRORS = "{urn:ietf:params:xml:ns:xmpp-stanzas}"
STREAM_ERRORS = "{urn:ietf:params:xml:ns:xmpp-streams}"
SASL = "{urn:ietf:params:xml:ns:xmpp-sasl}"
TLS = "{urn:ietf:params:xml:ns:xmpp-tls}"
SM = "{urn:xmpp:sm:3}"
DELAY = "{urn:xmpp:delay}"
STANZAS = (CLIENT + "message", CLIENT + "presence", CLIENT + "iq")
DEADLINE = float(os.environ.get("HOTLINE_TEST_PATIENCE_S", "30"))


class Closed(Exception):
    """The stream has ended; `.error` is the stream error's condition, if there was one."""

    def __init__(self, error, elements):
        super().__init__(f"the stream ended ({error or 'without an error'})")
        self.error = error
        self.elements = elements


class LoginFailed(Exception):
    pass


class Client:
    def __init__(self, host, name, password="secret", kind="xmpps", resource="play", receive_buffer=None, preface=b""):
        self.host, self.name, self.password, self.resource = host, name, password, resource
        self.domain = host.run["domain"]
        self.kind = kind
        self.jid = f"{name}@{self.domain}"
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(DEADLINE)
        self.socket.connect(("127.0.0.1", host.port(kind)))
        self.socket.sendall(preface)  # Of a load balancer: before anything of the client's.
        self.is_tls = False
        self.has_ended = False
        self.error = None      # Condition of the stream error.
        self.queue = deque()   # Elements that came and were not taken.
        self.received = 0      # Stanzas, for XEP-0198.
        self.acked = 0         # Of ours, by the server's last <a/>.
        self.counts = False    # Since <enabled/>.
        self.acks = True       # Whether an <r/> is answered.
        self.sm_id = None
        if kind == "xmpps":
            self.turn_to_tls()

    # ---- the wire

    def turn_to_tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(self.host.state / "tls" / "dev-certificate.pem")
        if self.kind == "xmpps":
            context.set_alpn_protocols(["xmpp-client"])
        self.socket = context.wrap_socket(self.socket, server_hostname=self.domain)
        self.is_tls = True

    def raw(self, text):
        self.socket.sendall(text if isinstance(text, bytes) else text.encode())

    def await_stream(self):
        """From here on a new stream of the server's is read."""
        self.parser = ElementTree.XMLPullParser(["start", "end"])
        self.depth = 0

    def open(self, features=True):
        """A stream's header, and the server's features."""
        self.await_stream()
        self.raw("<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0' "
                 f"xmlns:stream='http://etherx.jabber.org/streams' to='{self.domain}'>")
        return self.expect(lambda e: e.tag == STREAM + "features") if features else None

    def _read(self, deadline):
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.socket.settimeout(left)
        try:
            data = self.socket.recv(65536)
        except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            data = b""
        if not data:
            self.has_ended = True
            return
        self.parser.feed(data)
        for event, element in self.parser.read_events():
            self._parsed(event, element)

    def _parsed(self, event, element):
        if event == "start":
            if self.depth == 0:
                self.root = element
            self.depth += 1
            return
        self.depth -= 1
        if self.depth == 0:
            self.has_ended = True
        if self.depth != 1:
            return
        self.root.clear()
        if element.tag == STREAM + "error":
            self.error = element[0].tag.partition("}")[2]
        elif element.tag == SM + "r":
            if self.acks:
                self.ack()
            return
        elif element.tag == SM + "a":
            self.acked = int(element.get("h"))
        elif self.counts and element.tag in STANZAS:
            self.received += 1
        self.queue.append(element)

    def expect(self, claim, seconds=None):
        """The first element for which `claim` holds; those before it are dropped."""
        deadline = time.monotonic() + (seconds or DEADLINE)
        passed = []
        while True:
            while self.queue:
                element = self.queue.popleft()
                if claim(element):
                    return element
                passed.append(ElementTree.tostring(element, encoding="unicode")[:300])
            if self.has_ended:
                raise Closed(self.error, passed)
            try:
                self._read(deadline)
            except TimeoutError:
                raise AssertionError(f"{self.jid} waited in vain; came instead: {passed[-5:]}") from None

    def read_for(self, seconds):
        """Takes in what comes, if anything does; Closed once the stream has ended."""
        if self.has_ended:
            raise Closed(self.error, [])
        try:
            self._read(time.monotonic() + seconds)
        except TimeoutError:
            pass

    def ended(self, seconds=None):
        """Waits for the end of the stream; the condition of its error."""
        try:
            self.expect(lambda e: False, seconds)
        except Closed as closed:
            return closed.error
        raise AssertionError("not reached")

    def close(self):
        """In order, as far as the peer is still there."""
        try:
            if not self.has_ended:
                self.raw("</stream:stream>")
        except OSError:
            pass
        self.cut()

    def cut(self):
        self.socket.close()
        self.has_ended = True

    # ---- logging in

    def start_tls(self, behind=b""):
        """`behind`: bytes that go out with <starttls/>, before the handshake."""
        self.raw(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" + behind)
        self.expect(lambda e: e.tag == TLS + "proceed")
        self.turn_to_tls()

    def authenticate(self, mechanism="SCRAM-SHA-256"):
        self.open()
        if self.kind == "xmpp" and not self.is_tls:
            self.start_tls()
            self.open()
        if mechanism == "PLAIN":
            self._auth(mechanism, f"\0{self.name}\0{self.password}")
            self._sasl("success")
        else:
            self._scram(mechanism)
        self.features = self.open()
        return self

    def _auth(self, mechanism, text):
        data = base64.b64encode(text.encode()).decode()
        self.raw(f"<auth xmlns='{SASL[1:-1]}' mechanism='{mechanism}'>{data}</auth>")

    def _sasl(self, name):
        answer = self.expect(lambda e: e.tag.startswith(SASL))
        if answer.tag != SASL + name:
            raise LoginFailed(ElementTree.tostring(answer, encoding="unicode"))
        return base64.b64decode(answer.text or "").decode()

    def _scram(self, mechanism):
        digest = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-1": "sha1"}[mechanism]

        def sign(key, text):
            return hmac.new(key, text.encode(), digest).digest()

        nonce = base64.b64encode(os.urandom(18)).decode()
        first = f"n={self.name},r={nonce}"
        self._auth(mechanism, "n,," + first)
        server_first = self._sasl("challenge")
        part = dict(each.split("=", 1) for each in server_first.split(","))
        if not part["r"].startswith(nonce):
            raise LoginFailed("the server changed our nonce")
        salted = hashlib.pbkdf2_hmac(digest, self.password.encode(), base64.b64decode(part["s"]), int(part["i"]))
        final = "c=biws,r=" + part["r"]
        whole = ",".join((first, server_first, final))
        client_key = sign(salted, "Client Key")
        signature = sign(hashlib.new(digest, client_key).digest(), whole)
        proof = bytes(a ^ b for a, b in zip(client_key, signature))
        answer = base64.b64encode(f"{final},p={base64.b64encode(proof).decode()}".encode()).decode()
        self.raw(f"<response xmlns='{SASL[1:-1]}'>{answer}</response>")
        verifier = dict(each.split("=", 1) for each in self._sasl("success").split(","))["v"]
        if base64.b64decode(verifier) != sign(sign(salted, "Server Key"), whole):
            raise LoginFailed("the server does not know the password itself")

    def bind(self):
        answer = self.iq("set", "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
                                f"<resource>{self.resource}</resource></bind>")
        self.full = answer.find(".//{urn:ietf:params:xml:ns:xmpp-bind}jid").text
        return self

    def enable(self):
        self.raw("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
        # What comes right behind <enabled/> counts, so counting starts before it is looked for.
        self.counts, self.received = True, 0
        self.sm_id = self.expect(lambda e: e.tag == SM + "enabled").get("id")
        return self

    def log_in(self, mechanism="SCRAM-SHA-256", sm=True, presence=True):
        self.authenticate(mechanism).bind()
        if sm:
            self.enable()
        if presence:
            self.raw("<presence/>")
        return self

    def resume(self, old):
        """Takes up the session of `old`; the server's count of what it had from it."""
        self.authenticate()
        self.received, self.counts, self.sm_id, self.full = old.received, True, old.sm_id, old.full
        self.raw(f"<resume xmlns='urn:xmpp:sm:3' previd={quoteattr(old.sm_id)} h='{old.received}'/>")
        answer = self.expect(lambda e: e.tag in (SM + "resumed", SM + "failed"))
        if answer.tag == SM + "failed":
            raise LoginFailed(ElementTree.tostring(answer, encoding="unicode"))
        return int(answer.get("h"))

    # ---- stanzas

    def iq(self, kind, payload, to=None):
        name = os.urandom(6).hex()
        address = f" to={quoteattr(to)}" if to else ""
        self.raw(f"<iq type='{kind}' id='{name}'{address}>{payload}</iq>")
        return self.expect(lambda e: e.tag == CLIENT + "iq" and e.get("id") == name)

    def message(self, to, body, id, kind="chat"):
        self.raw(message(to, body, id, kind))

    def expect_message(self, body=None, seconds=None):
        return self.expect(lambda e: e.tag == CLIENT + "message" and
                           (e.findtext(CLIENT + "body") == body if body else e.find(CLIENT + "body") is not None),
                           seconds)

    def ask_ack(self):
        self.raw("<r xmlns='urn:xmpp:sm:3'/>")

    def ack(self):
        self.raw(f"<a xmlns='urn:xmpp:sm:3' h='{self.received}'/>")

    def ping(self):
        """Returns once the host has answered: all before it was dealt with."""
        answer = self.iq("get", "<ping xmlns='urn:xmpp:ping'/>", to=self.domain)
        if answer.get("type") != "result":
            raise AssertionError(ElementTree.tostring(answer, encoding="unicode"))
        return self


def message(to, body, id, kind="chat"):
    return (f"<message to={quoteattr(to)} type='{kind}' id={quoteattr(str(id))}>"
            f"<body>{escape(str(body))}</body></message>")


def befriend(one, other):
    """`one` sees `other` from now on, and has seen that it is there."""
    one.raw(f"<presence to='{other.jid}' type='subscribe'/>")
    other.expect(lambda e: e.get("type") == "subscribe")
    other.raw(f"<presence to='{one.jid}' type='subscribed'/>")
    one.expect(lambda e: e.tag == CLIENT + "presence" and e.get("from") == other.full)


def conditions(stanza):
    """The conditions of a stanza error."""
    return [e.tag.partition("}")[2] for e in stanza.iter() if e.tag.startswith(ERRORS)]
