"""What a client does to send a file by link: a slot in XMPP, then HTTPS.

    media = Media(host, client)
    path = media.slot("a.png", content)
    media.put(path, content)             # 201
    media.get(path, "bytes=5-")          # (206, fields, bytes)
"""
import base64
import hashlib
import http.client
import ssl

from hotline_host import PATIENCE

UPLOAD = "urn:xmpp:http:upload:0"


class Media:
    url = "https://localhost:8443"  # Of the configuration; where a play connects is the port that the host got.

    def __init__(self, host, client=None, kind="https"):
        self.host, self.client, self.kind = host, client, kind

    def connect(self):
        if self.kind != "https":
            return http.client.HTTPConnection("127.0.0.1", self.host.port("http"), timeout=PATIENCE)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(self.host.state / "tls" / "dev-certificate.pem")
        return http.client.HTTPSConnection("127.0.0.1", self.host.port("https"), timeout=PATIENCE, context=context)

    def ask(self, name, size, kind="image/png", more=""):
        return self.client.iq("get", f"<request xmlns='{UPLOAD}' filename='{name}' size='{size}' "
                                     f"content-type='{kind}'>{more}</request>", to="upload.localhost")

    def slot(self, name, content, kind="image/png", digest=False):
        """`digest`: says what the content is (XEP-0300), so that it need not be sent twice."""
        more = ""
        if digest:
            text = base64.b64encode(hashlib.sha256(content).digest()).decode()
            more = f"<hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>{text}</hash>"
        answer = self.ask(name, len(content), kind, more)
        url = answer.find(f"{{{UPLOAD}}}slot/{{{UPLOAD}}}get").get("url")
        return url.removeprefix(self.url)

    def send(self, to, path):
        """A message with the link, as clients write it (XEP-0066)."""
        url = self.url + path
        self.client.raw(f"<message to='{to}' type='chat' id='{path[7:15]}'><body>{url}</body>"
                        f"<x xmlns='jabber:x:oob'><url>{url}</url></x></message>")

    def put(self, path, content, offset=0, kind="image/png"):
        """The status; None when the host went away in the middle."""
        fields = {"Content-Type": kind}
        if offset:
            fields["Content-Range"] = f"bytes {offset}-{len(content) - 1}/{len(content)}"
        connection = self.connect()
        try:
            connection.request("PUT", path, content[offset:], fields)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def begin(self, path, content, bytes, offset=0, kind="image/png"):
        """A PUT of which no more than so many bytes are sent so far: its connection."""
        connection = self.connect()
        connection.putrequest("PUT", path)
        connection.putheader("Content-Type", kind)
        connection.putheader("Content-Length", str(len(content) - offset))
        if offset:
            connection.putheader("Content-Range", f"bytes {offset}-{len(content) - 1}/{len(content)}")
        connection.endheaders()
        connection.send(content[offset:offset + bytes])
        return connection

    def there(self, path, size):
        """How many bytes of an upload are there; None while somebody else is writing it."""
        connection = self.connect()
        connection.request("PUT", path, b"", {"Content-Range": f"bytes */{size}"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        if answer.status == 409:
            return None
        if answer.status == 201:
            return size
        assert answer.status == 308, answer.status
        kept = answer.getheader("Range")
        return int(kept.split("-")[1]) + 1 if kept else 0

    def get(self, path, range=None, method="GET"):
        connection = self.connect()
        connection.request(method, path, headers={"Range": range} if range else {})
        answer = connection.getresponse()
        content = answer.read()
        fields = {name.lower(): value for name, value in answer.getheaders()}
        connection.close()
        return answer.status, fields, content
