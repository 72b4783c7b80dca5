"""Gajim in a window of its own: on a display of Xvfb's, with a D-Bus of its own, in a home of its own.

It is asked and watched over the remote control that it has itself (D-Bus), and typed at like by a person (xdotool).
What belongs to it ends with it: each of these processes is one that was started here.
"""
import json
import os
import pathlib
import pwd
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import urllib.parse

import gi  # noqa: F401
from gi.repository import Gio, GLib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import PATIENCE, build, eventually  # noqa: E402

# What it uploads and downloads with, libsoup, trusts what this file of Debian's holds, and can be told of nothing else.
TRUST_STORE = "/etc/ssl/certs/ca-certificates.crt"
# Mounts of one's own, over what everybody else goes on seeing; who is not root is in a user namespace for that.
APART = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-current-user", "--keep-caps"])]
NAME, PATH, INTERFACE = "org.gajim.Gajim", "/org/gajim/dbus/RemoteObject", "org.gajim.dbus.RemoteInterface"
# Whoever may reach the socket may use this bus: it lies in a folder of our own.
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=SOCKET</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow eavesdrop="true"/></policy>
</busconfig>
"""


def missing():
    """The programs that are needed and not installed."""
    return [program for program in ("gajim", "Xvfb", "dbus-daemon", "xdotool", "xclip") if not shutil.which(program)]


def untrusted():
    """Why Gajim cannot be given certificates to trust here; nothing when it can."""
    tried = subprocess.run([*APART, "mount", "--bind", TRUST_STORE, TRUST_STORE], capture_output=True, text=True,
                           check=False)
    return tried.stderr.strip() if tried.returncode != 0 else ""


class Gajim:
    BLUE = ((25, 65), (105, 140), (215, 235))  # Red, green and blue of the suggested button in GTK's own theme.

    def __init__(self, host, name, password="secret", resource="gajim"):
        self.account = f"{name}@{host.run['domain']}"
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="hotline-gajim-"))
        self.processes, self.signals, self.changed, self.loop = [], [], threading.Condition(), None
        self.meets_https = any(entry["kind"] == "https" for entry in host.run["listen"])
        try:
            self.settle_in(host, password, resource)
            self.start()
        except BaseException:
            self.close()
            raise

    def settle_in(self, host, password, resource):
        """What its account wizard would leave behind, and the development certificate as one that the user accepted."""
        for folder in ("config/gajim", "data/gajim/cert_store", "cache", "run"):
            (self.home / folder).mkdir(parents=True, mode=0o700)
        shutil.copy(host.state / "tls" / "dev-certificate.pem", self.home / "data/gajim/cert_store/hotline")
        shutil.copy(host.state / "tls" / "dev-certificate.pem", self.home / "trusted.pem")
        account = {"name": self.account.split("@", maxsplit=1)[0], "hostname": host.run["domain"], "password": password,
                   "savepass": True, "active": True, "autoconnect": True, "resource": resource,
                   "account_label": "play", "use_custom_host": True, "custom_host": "127.0.0.1",
                   "custom_port": host.port("xmpp"), "custom_type": "START TLS"}
        app = {"remote_control": True, "use_keyring": False, "check_for_update": False, "show_trayicon": False}
        with sqlite3.connect(self.home / "config/gajim/settings.sqlite") as settings:
            settings.executescript("CREATE TABLE settings (name TEXT UNIQUE, settings TEXT);"
                                   "CREATE TABLE account_settings (account TEXT UNIQUE, settings TEXT);"
                                   "PRAGMA user_version=5;")
            workspace = {"0": {"name": "play", "color": "rgb(191, 24, 76)", "avatar_sha": None, "chats": []}}
            for what, value in (("app", app), ("soundevents", {}), ("status_presets", {}), ("proxies", {}),
                                ("plugins", {}), ("workspaces", workspace)):
                settings.execute("INSERT INTO settings VALUES (?, ?)", (what, json.dumps(value)))
            settings.execute("INSERT INTO account_settings VALUES ('play', ?)",
                             (json.dumps({"account": account, "contact": {}, "group_chat": {}}),))
        settings.close()
        (self.home / "bus.conf").write_text(BUS.replace("SOCKET", str(self.home / "bus")))

    def start(self):
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LC_ALL": "C.UTF-8", "NO_AT_BRIDGE": "1",
                            "XDG_CONFIG_HOME": str(self.home / "config"), "XDG_DATA_HOME": str(self.home / "data"),
                            "XDG_CACHE_HOME": str(self.home / "cache"), "XDG_RUNTIME_DIR": str(self.home / "run"),
                            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.home / 'bus'}", "GDK_BACKEND": "x11",
                            "GSETTINGS_BACKEND": "memory", "GTK_CSD": "0"}
        self.user = []
        if os.geteuid() == 0:  # Gajim refuses to run as root.
            nobody = pwd.getpwnam("nobody")
            self.user = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
            for path in (self.home, *self.home.rglob("*")):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        ready, theirs = os.pipe()
        self.run("Xvfb", "-displayfd", str(theirs), "-screen", "0", "1000x700x24", "-nolisten", "tcp", user=[],
                 pass_fds=[theirs])
        os.close(theirs)
        with open(ready, encoding="ascii") as pipe:
            self.environment["DISPLAY"] = ":" + pipe.readline().strip()
        self.run("dbus-daemon", f"--config-file={self.home / 'bus.conf'}", "--nofork")
        eventually((self.home / "bus").exists, "a D-Bus of our own")
        self.watch()
        self.gajim = self.run("gajim", behind=self.trusting() if self.meets_https else [])
        # What it means to be, from its start on; that it is connected shows in what it sends.
        eventually(lambda: self.status() == "online", "Gajim at its remote control")

    def trusting(self):
        """What a program is started behind that trusts the development certificate, and nothing else, over HTTPS."""
        return [*APART, "sh", "-c", f'mount --bind "$0" {TRUST_STORE} && exec "$@"', str(self.home / "trusted.pem")]

    def run(self, *words, user=None, behind=(), **more):
        # Should we be killed, they are too; the system forgets that when a process changes its user.
        bound = ["setpriv", "--pdeathsig", "KILL"]
        with open(self.home / "log", "ab") as log:
            self.processes.append(subprocess.Popen(
                [*behind, *(self.user if user is None else user), *bound, *words], env=self.environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **more))
        return self.processes[-1]

    def watch(self):
        """Gajim's signals go to `signals`, from a thread that ends with us."""
        context = GLib.MainContext.new()
        self.loop = GLib.MainLoop.new(context, False)
        is_ready = threading.Event()

        def go():
            context.push_thread_default()
            self.bus = Gio.DBusConnection.new_for_address_sync(
                self.environment["DBUS_SESSION_BUS_ADDRESS"],
                Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
            self.bus.set_exit_on_close(False)
            self.bus.signal_subscribe(None, INTERFACE, None, PATH, None, Gio.DBusSignalFlags.NONE, self.came)
            is_ready.set()
            self.loop.run()

        self.thread = threading.Thread(target=go, daemon=True)
        self.thread.start()
        if not is_ready.wait(PATIENCE):
            raise AssertionError("the D-Bus of our own cannot be reached")

    def came(self, _connection, _sender, _path, _interface, name, parameters):
        with self.changed:
            self.signals.append((name, parameters.unpack()[0]))
            self.changed.notify_all()

    def hear(self, name, text):
        """Waits for a signal of this name that has this text among what it says."""
        def place():
            return next((i for i, (n, data) in enumerate(self.signals) if n == name and text in data[1]), None)
        with self.changed:
            if not self.changed.wait_for(lambda: place() is not None, PATIENCE):
                raise AssertionError(f"Gajim did not tell of {name} with {text!r}; it told {self.signals}\n{self.log()}")
            return self.signals.pop(place())[1][1]

    def call(self, method, *texts, path=PATH, interface=INTERFACE):
        answer = self.bus.call_sync(NAME, path, interface, method, GLib.Variant(f"({'s' * len(texts)})", texts), None,
                                    Gio.DBusCallFlags.NO_AUTO_START, int(PATIENCE * 1000), None)
        return answer.unpack()[0]

    def status(self):
        if self.gajim.poll() is not None:
            raise AssertionError(f"Gajim ended with {self.gajim.returncode}\n{self.log()}")
        try:
            return self.call("account_info", "play").get("status")
        except GLib.Error:
            return None  # It is not as far yet.

    def say(self, to, text, kind="chat"):
        """Once it can: until it is connected, or has entered the room, Gajim answers that it sends nothing."""
        eventually(lambda: self.call(f"send_{kind}_message", to, text, "play"), f"Gajim sent a message to {to}")

    def log(self):
        return (self.home / "log").read_text(errors="replace")[-3000:]

    def attempt(self, *words):
        return subprocess.run([*self.user, *words], env=self.environment, capture_output=True, text=True, check=False,
                              timeout=PATIENCE)

    def command(self, *words):
        done = self.attempt(*words)
        if done.returncode != 0:
            raise AssertionError(f"{words}: {done.stdout}{done.stderr}\n{self.log()}")
        return done.stdout

    def open_chat(self, address):
        """As a link in another program does: a second Gajim hands it to the first."""
        self.command("gajim", f"xmpp:{address}?message")

    def type_line(self, text):
        window = eventually(lambda: self.windows()[-1:], "a window of Gajim's")[0]
        self.command("xdotool", "windowfocus", "--sync", window, "type", "--delay", "0", text)
        self.command("xdotool", "key", "Return")

    def may(self, action):
        """Whether its window has such a button, or key, that does something now."""
        try:
            return self.call("Describe", action, path="/org/gajim/Gajim/window/1", interface="org.gtk.Actions")[0]
        except GLib.Error:
            return False  # There is no window yet.

    def copy(self, file):
        """What a file manager does with a file that one copies."""
        (self.home / "copied").write_text(file.as_uri() + "\r\n")
        clipboard = ("xclip", "-quiet", "-selection", "clipboard", "-target", "text/uri-list")
        self.run(*clipboard, str(self.home / "copied"))
        eventually(lambda: file.as_uri() in self.attempt(*clipboard, "-out").stdout, f"{file.name} in the clipboard")

    def send_file(self, file):
        """Pasted into the open chat and sent, as by a person; the link that it was sent as."""
        eventually(lambda: self.may("send-file"), "a chat that files can be sent in")
        self.copy(file)
        self.command("xdotool", "windowfocus", "--sync", self.windows()[-1], "key", "ctrl+v")
        return eventually(lambda: self.link_to(file) or self.click_suggested(), f"{file.name} is sent")

    def click_suggested(self):
        """Clicks the blue button right of the chats, if there is one: `Send Files`, else the one that sends what is typed, which is
        nothing. Enter would do when the list of files did not take it, as it does once it has the focus."""
        picture = self.picture()
        blue = [(x, y) for x in range(picture.width // 2, picture.width, 2)
                for y in range(picture.height // 2, picture.height, 2)
                if all(low <= colour <= high for colour, (low, high) in zip(picture.getpixel((x, y)), self.BLUE))]
        if blue:
            x, y = blue[len(blue) // 2]
            self.command("xdotool", "mousemove", str(x), str(y), "click", "1")

    def link_to(self, file):
        """What it has sent to say where this file is; None before that."""
        with self.changed:
            texts = [data[1][-1] for name, data in self.signals if name == "MessageSent"]
        return next((text for text in texts if text.endswith("/" + urllib.parse.quote(file.name))), None)

    def downloads(self):
        """What it has fetched of what links led to, sent and received."""
        return [file.read_bytes() for file in (self.home / "data/gajim/downloads").glob("*") if file.is_file()]

    def windows(self):
        # It fails when there is none.
        return self.attempt("xdotool", "search", "--onlyvisible", "--class", "gajim").stdout.split()

    def screenshot(self, title):
        """A picture of its display as it is now, kept with the build."""
        folder = build() / "screenshots"
        folder.mkdir(parents=True, exist_ok=True)
        self.picture().save(folder / f"gajim-{title}.png")

    def picture(self):
        from PIL import ImageGrab
        return ImageGrab.grab(xdisplay=self.environment["DISPLAY"]).convert("RGB")

    def close(self):
        if self.loop:
            self.loop.quit()
            self.thread.join(PATIENCE)
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        shutil.rmtree(self.home, ignore_errors=True)
