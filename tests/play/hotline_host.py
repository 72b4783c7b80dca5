"""A host of one's own for a play: on a private state directory, on ports the system chooses.

    with Host() as host:
        host.add_user("juliet", "pw")
        host.push(host.module("routing", "1.1.0"))

`build()` is the build directory: $HOTLINE_BUILD_DIR, else build/release of this tree. What waits here waits
for an event with a deadline and says what it was waiting for.
"""
import glob
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

TREE = pathlib.Path(__file__).resolve().parents[2]
LISTEN = [
    {"kind": "xmpp", "port": 0},
    {"kind": "xmpps", "port": 0},
    {"kind": "xmpp-ws", "port": 0},
]
# A host in a sanitizer build, or on a busy machine, takes its time.
PATIENCE = float(os.environ.get("HOTLINE_TEST_PATIENCE_S", "30"))


def free_port():
    """For a host whose configuration has to name the port before it listens there."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def build():
    return pathlib.Path(os.environ.get("HOTLINE_BUILD_DIR", TREE / "build" / "release")).resolve()


def fixture(name):
    """The one module file of tests/fixture that CMake built under `name`."""
    return only(build() / "fixture" / name / "*.so")


def only(pattern):
    found = sorted(glob.glob(str(pattern)))
    if len(found) != 1:
        raise AssertionError(f"{pattern}: {len(found)} files where one was expected; build the tests first")
    return found[0]


def eventually(claim, what, seconds=PATIENCE):
    """The first true value of `claim()`; an AssertionError that names `what` at the deadline."""
    end = time.monotonic() + seconds
    while True:
        value = claim()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"after {seconds:g} s still not: {what}")
        time.sleep(0.02)  # Between two looks, not in place of one.


class Refused(Exception):
    """The control socket answered with an error."""


class Control:
    """One connection to the control socket: JSON-RPC 2.0, one object a line."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)
        self.lines = self.socket.makefile("r", encoding="utf-8")
        self.number = 0

    def call(self, method, **params):
        self.number += 1
        request = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}
        self.socket.sendall((json.dumps(request) + "\n").encode())
        for line in self.lines:
            answer = json.loads(line)
            if answer.get("id") != self.number:
                continue  # Progress.
            if "error" in answer:
                raise Refused(answer["error"]["message"])
            return answer["result"]
        raise ConnectionError("the host closed the control socket")

    def close(self):
        self.lines.close()
        self.socket.close()


class OtherProcess:
    """A process that is not our child, with as much of Popen as a host needs."""

    def __init__(self, pid):
        self.pid, self.returncode, self.stdout = pid, None, open(os.devnull, "rb")
        self.pidfd = os.pidfd_open(pid)

    def poll(self):
        if self.returncode is None and select.select([self.pidfd], [], [], 0)[0]:
            self.returncode = 0  # How it ended only its parent learns.
        return self.returncode

    def wait(self, seconds=None):
        if self.returncode is None and not select.select([self.pidfd], [], [], seconds)[0]:
            raise subprocess.TimeoutExpired(f"process {self.pid}", seconds)
        return self.poll()

    def send_signal(self, number):
        signal.pidfd_send_signal(self.pidfd, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)


class Host:
    def __init__(self, config=None, state=None, programs=None):
        self.programs = pathlib.Path(programs) if programs else build()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="hotline-play-"))
        self.state = pathlib.Path(state) if state else self.directory / "state"
        # Settled as soon as it is live, where a play is not about just that.
        self.config = {"listen": LISTEN, **(config or {})}
        self.config["push"] = {"gate_seconds": 0, **self.config.get("push", {})}
        self.environment = {}  # More for its process, from the next start on.
        self.process = None
        self.control = None
        self.run = {}

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.remove()
            raise

    def __exit__(self, *_):
        self.remove()

    def start(self):
        """Returns when it serves; fails with its log when it ended before that."""
        file = self.directory / "hotline.json"
        file.write_text(json.dumps(self.config))
        (self.state / "run.json").unlink(missing_ok=True)
        with open(self.log_file(), "ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "hotlined", "--state", self.state, "--config", file],
                stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, env={**os.environ, **self.environment})
        line = self.process.stdout.readline().decode()
        if " serves " not in line:
            self.process.wait(PATIENCE)
            raise AssertionError(f"hotlined did not start: {line}{self.log()[-4000:]}")
        self.run = json.loads((self.state / "run.json").read_text())
        self.control = Control(self.run["socket"])
        return self

    def start_fails(self):
        """It does not start; what it said."""
        file = self.directory / "hotline.json"
        file.write_text(json.dumps(self.config))
        done = subprocess.run([build() / "hotlined", "--state", self.state, "--config", file],
                              capture_output=True, text=True, timeout=PATIENCE, check=False,
                              env={**os.environ, **self.environment})
        if done.returncode == 0:
            raise AssertionError(f"hotlined started and ended in order: {done.stdout}")
        return done.stderr

    def kill(self):
        """As a power cut: SIGKILL, at once."""
        self.process.send_signal(signal.SIGKILL)
        self._ended()

    def stop(self):
        """In order."""
        self.control.call("shutdown")
        if self._ended() != 0:
            raise AssertionError(f"hotlined ended with {self.process.returncode}: {self.log()[-4000:]}")

    def upgrade(self, file=None, reason="play"):
        """The core itself is replaced, by `file` or else by the program before it; the report."""
        report = self.control.call("upgrade", reason=reason, **({"file": str(file)} if file else {}))
        if report["outcome"] == "live":
            self.follow()
        return report

    def follow(self):
        """From here on the host is the process that has taken over."""
        old, before = self.process, self.run["pid"]
        eventually(lambda: json.loads((self.state / "run.json").read_text())["pid"] != before,
                   "the new process says that it serves")
        old.wait(PATIENCE)
        old.stdout.close()
        self.control.close()
        self.run = json.loads((self.state / "run.json").read_text())
        self.process = OtherProcess(self.run["pid"])
        self.control = Control(self.run["socket"])

    def restart(self):
        self.stop()
        return self.start()

    def _ended(self):
        code = self.process.wait(PATIENCE)
        self.process.stdout.close()
        self.control.close()
        return code

    def remove(self):
        if self.process and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def is_up(self):
        return self.process.poll() is None and self.status()["pid"] == self.process.pid

    def log_file(self):
        return self.directory / "hotlined.log"

    def log(self):
        return self.log_file().read_text(errors="replace")

    def port(self, kind):
        return next(entry["port"] for entry in self.run["listen"] if entry["kind"] == kind)

    def cli(self, *words, stdin="", expect=0):
        """`hotline --state DIR WORDS`; what it printed, as a CompletedProcess."""
        done = subprocess.run([self.programs / "hotline", "--state", self.state, *words], input=stdin, text=True,
                              capture_output=True, timeout=PATIENCE * 2, check=False)
        if done.returncode != expect:
            raise AssertionError(f"hotline {' '.join(map(str, words))}: exit {done.returncode}, not {expect}\n"
                                 f"{done.stdout}{done.stderr}")
        return done

    def add_user(self, name, password="secret"):
        self.control.call("user.add", account=f"{name}@{self.run['domain']}", password=password)

    def add_users(self, prefix, count, password="bench"):
        self.cli("user", "add", "--prefix", prefix, "--count", str(count), stdin=password + "\n")

    def status(self):
        return self.control.call("status")

    def modules(self):
        return self.control.call("modules")["modules"]

    def running(self):
        """Name to build id of what is current: the running set."""
        return {each["name"]: each["build_id"] for each in self.modules() if each["state"] == "current"}

    def version(self, name):
        return next(each["version"] for each in self.status()["modules"] if each["name"] == name)

    def push(self, *files, as_one=False, reason="play", **more):
        return self.control.call("push", files=[str(file) for file in files], as_one=as_one, reason=reason, **more)

    def rollback(self, module, to="", reason="play"):
        return self.control.call("rollback", module=module, to=to, reason=reason)

    @staticmethod
    def module(name, version):
        """A module's file as built; `next/` holds the versions that are pushed over it."""
        here = build() / "modules"
        for file in (here / f"{name}-{version}.so", here / "next" / f"{name}-{version}.so"):
            if file.exists():
                return str(file)
        raise AssertionError(f"{name}-{version}.so is not under {here}; build it first")

    def current_file(self, name):
        """The file the host itself stored for what is current."""
        return str(self.state / "modules" / name / (self.running()[name] + ".so"))

    def mailbox(self, name):
        return self.control.call("mailbox", account=f"{name}@{self.run['domain']}")

    def alarms(self):
        return {alarm["name"]: alarm["message"] for alarm in self.status()["alarms"]}


def host_of(test, *names, **of_host):
    """A host that runs for the length of a test, with accounts of these names; `of_host` is Host's."""
    host = Host(**of_host)
    test.addCleanup(host.remove)
    host.start()
    for name in names:
        host.add_user(name)
    return host


def build_id_of(file):
    """The build id that stands in a module's file."""
    found = re.search(rb"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0(.{20})", pathlib.Path(file).read_bytes(), re.S)
    if not found:
        raise AssertionError(f"{file}: no build id in it")
    return found.group(1).hex()


def other_build(file, build_id, to):
    """A copy of a module that is another build: the bytes of its build id are replaced, all else is the same."""
    old = bytes.fromhex(build_id)
    data = pathlib.Path(file).read_bytes()
    if data.count(old) != 1:
        raise AssertionError(f"{file}: the build id {build_id} is in it {data.count(old)} times")
    pathlib.Path(to).write_bytes(data.replace(old, os.urandom(len(old))))
    return str(to)
