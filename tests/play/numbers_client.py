"""What a phone does to register its number over HTTP, and the gateway it gets its PIN from.

    phone = Phone(host, "+491711234567")
    phone.ask()                      # (200, {"status": "sent", …})
    phone.enter(phone.pin())         # (200, {"status": "ok", "account": …, "key": …})
"""
import http.client
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from hotline_host import PATIENCE, eventually


class Phone:
    def __init__(self, host, number, source="127.0.0.1", kind="https"):
        self.host, self.number = host, number
        self.digits = "".join(c for c in number if c.isdigit())
        if kind == "https":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.load_verify_locations(host.state / "tls" / "dev-certificate.pem")
            self.http = http.client.HTTPSConnection("127.0.0.1", host.port("https"), timeout=PATIENCE,
                                                    context=context, source_address=(source, 0))
        else:
            self.http = http.client.HTTPConnection("127.0.0.1", host.port("http"), timeout=PATIENCE,
                                                   source_address=(source, 0))

    def post(self, path, body):
        self.http.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = self.http.getresponse()
        text = answer.read()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, {"text": text.decode()}

    def ask(self, method="sms"):
        return self.post("/v1/code", {"number": self.number, "method": method})

    def enter(self, pin):
        return self.post("/v1/register", {"number": self.number, "pin": pin})

    def messages(self):
        """What the file gateway has for this number."""
        try:
            lines = self.host.sms.read_text().splitlines()
        except FileNotFoundError:
            return []
        return [each for each in map(json.loads, lines) if each["to"] == "+" + self.digits]

    def pin(self, nth=1):
        """The PIN of its nth message."""
        return eventually(lambda: len(self.messages()) >= nth and self.messages()[nth - 1]["code"],
                          f"{self.number} gets its PIN number {nth}")

    def register(self):
        """Both steps; its key."""
        before = len(self.messages())
        status, body = self.ask()
        assert status == 200, body
        status, body = self.enter(self.pin(before + 1))
        assert status == 200, body
        return body["key"]

    def close(self):
        self.http.close()


class Webhook:
    """A gateway's end of a webhook: keeps what comes, and answers with the statuses it is told, then 200."""

    def __init__(self, test, statuses=()):
        self.requests, waiting = [], list(statuses)
        lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(handler):  # pylint: disable=invalid-name,no-self-argument
                body = handler.rfile.read(int(handler.headers["Content-Length"]))
                with lock:
                    self.requests.append((dict(handler.headers), body))
                    status = waiting.pop(0) if waiting else 200
                handler.send_response(status)
                handler.send_header("Content-Length", "0")
                handler.end_headers()

            def log_message(handler, *_):  # pylint: disable=no-self-argument
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/sms"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        test.addCleanup(self.server.server_close)
        test.addCleanup(self.server.shutdown)
