"""hotline-bench on a host of a play, until it is told to end; and what the kernel says of that host meanwhile.

    load = pairs(host, 100, 400)            # Numbered messages: what was lost, doubled, reordered or cut.
    crowd = crowd(host, 9_800, first=200)   # Sessions that only are there.
    report = load.end()

Accounts are PREFIX00000 and on (`Host.add_users`), from the number `first`.
"""
import json
import os
import pathlib
import signal
import subprocess

from hotline_host import build, eventually

WRONG = ("lost", "doubled", "reordered", "misrouted", "errors", "disconnects", "unacknowledged")


class Load:
    """One hotline-bench."""

    def __init__(self, host, *words, sessions):
        self.sessions = sessions
        self.process = subprocess.Popen(
            [build() / "hotline-bench", *(str(word) for word in words), "--state", host.state, "--json", "-"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def is_running(self):
        return self.process.poll() is None

    def end(self, seconds=120):
        """Ends it in order; what it has to report."""
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=seconds)
        if not out.strip().startswith("{"):
            raise AssertionError(f"hotline-bench: {out}{err}")
        return json.loads(out)

    def kill(self):
        if self.is_running():
            self.process.kill()
        self.process.communicate()


def pairs(host, count, rate, *more, prefix="load", first=0):
    """`count` senders and as many receivers, `rate` messages a second over all of them."""
    return Load(host, "pairs", "--pairs", count, "--rate", rate, "--warmup", "0", "--seconds", "36000", "--drain", "30",
                "--user-prefix", prefix, "--user-first", first, *more, sessions=2 * count)


def crowd(host, count, prefix="load", first=0):
    """`count` sessions that do nothing, from several addresses."""
    return Load(host, "idle", "--users", count, "--sources", "64", "--settle", "0", "--seconds", "36000",
                "--user-prefix", prefix, "--user-first", first, sessions=count)


def sessions(host):
    return sum(shard["sessions"] for shard in host.status()["shards"])


def await_all(host, *loads, besides=0, seconds=300):
    """All of them are logged in; `besides`: sessions of others."""
    wanted = besides + sum(load.sessions for load in loads)
    eventually(lambda: sessions(host) >= wanted or not all(load.is_running() for load in loads),
               f"{wanted} sessions are on", seconds)
    for load in loads:
        if not load.is_running():
            raise AssertionError(f"hotline-bench ended early: {load.process.communicate()}")


def nothing_went_wrong(test, host, load):
    """Ends the load: all of it arrived, once and in order, and no module has a fault."""
    report = load.end()
    for figure in WRONG:
        test.assertEqual(report[figure], 0, f"{figure}: {report}")
    test.assertEqual(report["delivered"], report["sent"])
    test.assertEqual([each for each in host.modules() if each["faults"]], [])


class HostProcess:
    """What the kernel says of the host."""

    def __init__(self, pid):
        self.proc = pathlib.Path(f"/proc/{pid}")

    def descriptors(self):
        found = []
        for link in (self.proc / "fd").iterdir():
            try:
                found.append(os.readlink(link))
            except FileNotFoundError:
                pass  # Closed between the listing and the look.
        return sorted(found)

    def sockets(self):
        return [each for each in self.descriptors() if each.startswith("socket:")]

    def mappings(self):
        return (self.proc / "maps").read_text().splitlines()

    def module_files(self, state):
        """Files below the state's modules/ that are mapped; a file that was removed counts as well."""
        return {line.split(None, 5)[5] for line in self.mappings() if f"{state}/modules/" in line}

    def resident_bytes(self):
        status = (self.proc / "status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    def figures(self):
        # Addresses that are only held, so that a stale pointer into unloaded code faults, are let go after a while.
        mapped = [line for line in self.mappings() if " ---p 00000000 00:00 0" not in line]
        return {"mappings": len(mapped), "descriptors": len(self.descriptors()),
                "resident_bytes": self.resident_bytes()}
