"""An XMPP client in a process of node's, told what to do by lines of JSON and telling by such lines what happens."""
import json
import os
import pathlib
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import PATIENCE  # noqa: E402


class NodeUser:
    def __init__(self, folder, script, host, name, password="secret", service=None, **environment):
        """`service` is where it connects to, by default the host's plain WebSocket."""
        self.events = []    # What was told and not yet taken, in order.
        self.told = threading.Condition()
        self.calls = 0
        self.process = subprocess.Popen(
            ["node", script, service or f"ws://127.0.0.1:{host.port('xmpp-ws')}/xmpp-websocket", name, password],
            cwd=folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, **environment})
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            with self.told:
                self.events.append(json.loads(line))
                self.told.notify_all()

    def take(self, which, what):
        """The first event of which `which(events)` gives the place, once it does."""
        with self.told:
            if not self.told.wait_for(lambda: which(self.events) is not None, PATIENCE):
                raise AssertionError(f"waited in vain for {what}; told was {self.events}")
            return self.events.pop(which(self.events))

    def expect(self, event):
        """The next thing that happens, which must be this."""
        came = self.take(lambda events: 0 if events else None, event)
        if came["event"] != event:
            raise AssertionError(f"{came} came where {event} was expected")
        return came

    def hear(self, event, claim=lambda data: True):
        """The data of the first such event of which `claim` holds; others stay."""
        def which(events):
            return next((i for i, e in enumerate(events) if e["event"] == event and claim(e.get("data"))), None)
        return self.take(which, event)["data"]

    def tell(self, **what):
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def call(self, method, *arguments):
        """What a method of the client's came to; Failed when it came to nothing."""
        self.calls += 1
        number = self.calls
        self.tell(id=number, call=method, args=arguments)
        answer = self.take(lambda events: next((i for i, e in enumerate(events) if e.get("id") == number), None),
                           f"the answer to {method}")
        if answer["event"] == "failure":
            raise Failed(answer["data"])
        return answer["data"]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()


class Failed(Exception):
    """A call failed: with the stanza that said so, or with an error of the client's own."""

    def __init__(self, data):
        super().__init__(str(data))
        self.condition = data.get("error", {}).get("condition") if isinstance(data, dict) else None
