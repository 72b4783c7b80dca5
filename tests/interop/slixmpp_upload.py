#!/usr/bin/env python3
"""slixmpp's own XEP-0363 asks for a slot and uploads over HTTPS; its link goes out of band in a message, and whoever
it was sent to gets the file. It is told where the service is: how it looks for one does not run on Python 3.11."""
import io
import os
import pathlib
import ssl
import sys
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import LISTEN, free_port, host_of  # noqa: E402

from slixmpp import JID  # noqa: E402
from slixmpp.exceptions import IqError  # noqa: E402
from slixmpp_user import DEADLINE, User  # noqa: E402


SERVICE = JID("upload.localhost")


class SlixmppUpload(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        port = free_port()  # The slots' URL has it, so it is chosen before the host starts.
        self.host = host_of(self, "juliet", "romeo", config={
            "listen": LISTEN + [{"kind": "https", "port": port}],
            "modules_initial": ["session", "routing", "presence", "registration", "media_link"],
            "modules": {"media_link": {"url": f"https://localhost:{port}", "size_max": 1_000_000}}})
        # aiohttp, by which slixmpp uploads, trusts what the system trusts: this is where it is told.
        self.certificate = str(self.host.state / "tls" / "dev-certificate.pem")
        before = os.environ.get("SSL_CERT_FILE")
        os.environ["SSL_CERT_FILE"] = self.certificate
        self.addCleanup(lambda: os.environ.pop("SSL_CERT_FILE") if before is None
                        else os.environ.update(SSL_CERT_FILE=before))

    async def user(self, name):
        user = User(self.host, name, plugins=["xep_0030", "xep_0066", "xep_0363"])
        self.addAsyncCleanup(user.leave)
        user["xep_0363"].upload_service = SERVICE
        return await user.log_in()

    async def test_a_file_is_uploaded_sent_and_got(self):
        juliet, romeo = await self.user("juliet"), await self.user("romeo")
        content = os.urandom(300_000)
        url = await juliet["xep_0363"].upload_file("balcony at night.png", size=len(content), timeout=DEADLINE,
                                                   content_type="image/png", input_file=io.BytesIO(content))
        message = juliet.make_message(mto="romeo@localhost", mbody=url, mtype="chat")
        message["oob"]["url"] = url
        message.send()
        heard = await romeo.hears(url)
        context = ssl.create_default_context(cafile=self.certificate)
        with urllib.request.urlopen(heard["oob"]["url"], context=context, timeout=DEADLINE) as answer:
            self.assertEqual(answer.read(), content)
            self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")

    async def test_a_file_that_is_too_large_is_refused_before_it_is_sent(self):
        juliet = await self.user("juliet")
        with self.assertRaises(IqError) as refused:
            await juliet["xep_0363"].upload_file("large.png", size=1_000_001, content_type="image/png",
                                                 input_file=io.BytesIO(b"x"), timeout=DEADLINE)
        self.assertEqual(refused.exception.condition, "not-acceptable")


if __name__ == "__main__":
    unittest.main()
