"""Debian's Chromium without a window, driven over the pipe of its own DevTools protocol; and a web server for its pages.

    with Browser(certificate) as browser:
        page = browser.open("http://localhost:1234/", "juliet")   # Each page is a profile of its own.
        page.fill("input[name=jid]", "juliet@localhost")
        page.until("document.title", "a title")

No driver lies in between: what is asked for goes to Chromium as JSON ended by a NUL. The browser ends with its pipe.
"""
import base64
import fcntl
import functools
import hashlib
import http.server
import itertools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import PATIENCE, build, eventually  # noqa: E402

PROGRAM = "chromium-headless-shell"
SCREENSHOTS = build() / "screenshots"


def public_key_digest(certificate):
    """What Chromium names a certificate's key by: base64 of SHA-256 over its public key."""
    key = subprocess.run(["openssl", "x509", "-in", certificate, "-pubkey", "-noout"], capture_output=True, check=True)
    der = base64.b64decode(b"".join(key.stdout.splitlines()[1:-1]))
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


class Browser:
    def __init__(self, certificate):
        """One that trusts this certificate, and what it trusts anyway."""
        if not shutil.which(PROGRAM):
            raise AssertionError(f"{PROGRAM} is missing: apt-get install {PROGRAM}")
        self.numbers = itertools.count(1)
        self.changed = threading.Condition()
        self.answers, self.pages, self.has_ended = {}, {}, False
        self.profile = tempfile.mkdtemp(prefix="hotline-chromium-")
        # Chromium reads its descriptor 3 and writes its 4; bash puts them there.
        theirs_in, self.out = self.pipe()
        self.into, theirs_out = self.pipe()
        # As root, in CI, Chromium has no sandbox; it only sees pages of ours.
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out} {theirs_in}<&- {theirs_out}>&-', "bash", PROGRAM,
             *sandbox, "--remote-debugging-pipe", f"--user-data-dir={self.profile}", "--no-first-run", "--disable-gpu",
             "--disable-dev-shm-usage", "--disable-background-networking", "--window-size=1200,800",
             f"--ignore-certificate-errors-spki-list={public_key_digest(certificate)}"],
            pass_fds=(theirs_in, theirs_out), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(theirs_in)
        os.close(theirs_out)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @staticmethod
    def pipe():
        """Both ends above the descriptors that Chromium asks for."""
        ends = os.pipe()
        high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
        for end in ends:
            os.close(end)
        return high

    def read(self):
        with open(self.into, "rb", buffering=0) as pipe:
            rest = b""
            while data := pipe.read(1 << 16):
                *whole, rest = (rest + data).split(b"\0")
                with self.changed:
                    for text in whole:
                        self.came(json.loads(text))
                    self.changed.notify_all()
        with self.changed:
            self.has_ended = True
            self.changed.notify_all()

    def came(self, what):
        if "id" in what:
            self.answers[what["id"]] = what
        elif what["method"] == "Runtime.exceptionThrown" and what["sessionId"] in self.pages:
            details = what["params"]["exceptionDetails"]
            self.pages[what["sessionId"]].errors.append(
                details.get("exception", {}).get("description") or details["text"])

    def call(self, method, session=None, **parameters):
        number = next(self.numbers)
        what = {"id": number, "method": method, "params": parameters, **({"sessionId": session} if session else {})}
        os.write(self.out, json.dumps(what).encode() + b"\0")
        with self.changed:
            if not self.changed.wait_for(lambda: number in self.answers or self.has_ended, PATIENCE):
                raise AssertionError(f"{PROGRAM} does not answer {method}")
            if number not in self.answers:
                raise AssertionError(f"{PROGRAM} has ended with {self.process.poll()}")
            answer = self.answers.pop(number)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def version(self):
        return self.call("Browser.getVersion")["product"]

    def open(self, url, name):
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context, width=1200, height=800)
        session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        page = self.pages[session] = Page(self, session, name)
        page.call("Runtime.enable")
        page.call("Page.navigate", url=url)
        return page

    def close(self):
        os.close(self.out)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.reader.join()
        shutil.rmtree(self.profile, ignore_errors=True)


class Page:
    def __init__(self, browser, session, name):
        self.browser, self.session, self.name = browser, session, name
        self.errors = []  # Exceptions that nothing in the page caught.

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def evaluate(self, expression):
        got = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in got:
            raise AssertionError(f"{expression}: {got['exceptionDetails'].get('exception', {}).get('description')}")
        return got["result"].get("value")

    def until(self, expression, what):
        """The first true value of an expression; a failure leaves a picture of the page."""
        try:
            return eventually(lambda: self.evaluate(expression), what)
        except AssertionError as error:
            file = self.screenshot("failed")
            raise AssertionError(f"{self.name}: {error}; {file}; errors in the page: {self.errors}; it shows\n"
                                 f"{self.evaluate('document.body.innerText')}") from None

    def shows(self, selector, text=""):
        """Waits for an element that can be seen and whose text, with that of what it holds, has `text` in it."""
        self.until(f"Array.from(document.querySelectorAll({json.dumps(selector)})).some(e => e.checkVisibility() && "
                   f"e.textContent.includes({json.dumps(text)}))", f"{selector} with {text!r}")

    def texts(self, selector):
        return self.evaluate(f"Array.from(document.querySelectorAll({json.dumps(selector)}), e => e.textContent.trim())")

    def click(self, selector):
        self.shows(selector)
        self.evaluate(f"Array.from(document.querySelectorAll({json.dumps(selector)}))"
                      ".find(e => e.checkVisibility()).click()")

    def fill(self, selector, text):
        """As from a keyboard: what was there is replaced."""
        self.shows(selector)
        self.evaluate(f"(e => {{ e.focus(); e.select(); }})(Array.from(document.querySelectorAll({json.dumps(selector)}))"
                      ".find(e => e.checkVisibility()))")
        self.call("Input.insertText", text=text)

    def press_enter(self):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13,
                      **({"text": "\r"} if kind == "keyDown" else {}))

    def choose_file(self, selector, file):
        """What a file dialog would: `file` is given to the first such input."""
        found = self.call("Runtime.evaluate", expression=f"document.querySelector({json.dumps(selector)})")["result"]
        self.call("DOM.setFileInputFiles", files=[str(file)], objectId=found["objectId"])

    def screenshot(self, title):
        """A picture of the page as it is now, kept with the build."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        file = SCREENSHOTS / f"{self.name}-{title}.png"
        file.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
        return file


class WebServer:
    """Serves a folder, and `index` as its first page, on a loopback port that the system chose."""

    def __init__(self, folder, index):
        class Request(http.server.SimpleHTTPRequestHandler):
            def do_GET(self):
                if self.path != "/":
                    return super().do_GET()
                body = index.encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Request, directory=folder))
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        # By this name a page may use the browser's cryptography.
        self.url = f"http://localhost:{self.server.server_address[1]}/"

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
