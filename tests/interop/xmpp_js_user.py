"""XMPP.js users (@xmpp/client from npm) for plays: a process each, which says what happens to it, a line of JSON each."""
import json
import os
import pathlib
import queue
import shutil
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import PATIENCE, build  # noqa: E402


def installed(source, script):
    """A folder with `script` and its packages, as the package-lock.json beside it pins them; kept in the build directory."""
    folder = build() / f"interop-npm-{source.name}"
    lock = (source / "package-lock.json").read_bytes()
    stamp = folder / "installed.json"
    if not (stamp.exists() and stamp.read_bytes() == lock):
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(source / name, folder)
        npm = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, text=True,
                             capture_output=True, timeout=240, check=False)
        if npm.returncode != 0:
            raise AssertionError(f"npm ci failed; is the registry reachable?\n{npm.stdout}{npm.stderr}")
        stamp.write_bytes(lock)
    shutil.copy(source / script, folder)
    return folder


class JsUser:
    def __init__(self, folder, script, service, name, password="secret", **environment):
        self.events = queue.Queue()
        self.process = subprocess.Popen(["node", script, service, name, password], cwd=folder, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        env={**os.environ, **environment})
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.events.put(json.loads(line))

    def expect(self, event):
        """The next thing that happens, which must be this."""
        try:
            came = self.events.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError(f"waited for {event} in vain") from None
        if came["event"] != event:
            raise AssertionError(f"{came} came where {event} was expected")
        return came

    def tell(self, **what):
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def close(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()
