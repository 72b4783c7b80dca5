"""What an engineer does to a live host on a day that goes well or badly, in any order; for scripts/rehearse.

    stage = Stage(host, random.Random(seed))
    stage.warm_up()
    for kind in stage.kinds(200):
        act = stage.take(kind)      # Act(kind="push", is_as_expected=True, ms=41.2, ...)

Each act says how it ended, and whether that is how it should have: a good push is live, a bad one refused or
taken back by itself, and what was running before it answers again. Pushes and rollbacks go through the command
line, as an engineer's do, and their time is the whole command's.
"""
import json
import os
import subprocess
import time
from dataclasses import dataclass

from asker import Asker
from hotline_host import build, build_id_of, eventually, fixture, other_build
from xmpp_client import Client

MODULES = ("session", "routing", "presence", "registration")
FAULTY_NS = "urn:example:faulty"
STUMBLES = ("null-write", "abort", "error", "loop")
# Stopped before any code of theirs ran here: by verify, and by preflight.
REFUSED = ("missing_capability", "abi_too_new", "nodelete", "unique_symbols", "faulty_null_write", "faulty_crash_in_create",
           "faulty_down_is_lossy", "faulty_throws_in_call", "faulty_double_free")
# One that a gate finds bad in each way: answers with errors, takes 5 ms a call.
BAD_CANARIES = ("1.2.0", "1.3.0")
# How often each act is taken, of their sum.
WEIGHTS = {"push": 40, "rollback": 20, "push of four": 8, "canary": 6, "bad canary": 5, "fault live": 8,
           "fault in canary": 4, "refused": 9, "other work": 20}
# What a machine of few processors does to clients whenever anything else computes on it: what a push is compared with.
OTHER_WORK = ("chrt", "--idle", "0", "timeout", "0.1", "sha256sum", "/dev/zero")
# Of pushes that are in no canary: how long they are provisional. A fault takes the other way back then.
GATES = ("0", "1h")
ASKERS = 4
CONFIG = {
    "log": {"level": "warning"},
    "push": {"gate_seconds": 0, "gate_calls_min": 20},
}


@dataclass
class Act:
    kind: str
    label: str
    outcome: str = ""
    is_as_expected: bool = False
    why_not: str = ""
    from_ms: float = 0   # Unix time, as hotline-bench takes marks.
    until_ms: float = 0

    @property
    def ms(self):
        return self.until_ms - self.from_ms


class Stage:
    """A host with modules to be pushed over, and the clients that make bad ones go wrong."""

    def __init__(self, host, random):
        self.host, self.random, self.builds = host, random, 0
        for number in range(ASKERS):
            host.add_user(f"asker{number}")
        host.add_user("witness")
        for file in (self.judged("1.0.0"), fixture("faulty_right"), fixture("hoard")):
            self.expect_live(host.push(file))
        self.askers = [Asker(host, f"asker{number}", pause_s=0.02) for number in range(ASKERS)]
        self.witness = Client(host, "witness").log_in(presence=False)
        self.ask()
        self.plain = MODULES + ("hoard",)

    @property
    def sessions(self):
        return ASKERS + 1

    def fill(self, rows, per_account=5_000):
        """So many rows in a durable table."""
        accounts = [min(per_account, rows - at) for at in range(0, rows, per_account)]
        for number, count in enumerate(accounts):
            self.host.control.call("hoard.fill", account=f"hoarder{number}", rows=count)

    def warm_up(self):
        """Until every module has as many generations as are kept."""
        for _ in range(3):
            for name in (*self.plain, "judged", "faulty"):
                self.expect_live(self.host.push(self.copy(self.host.current_file(name))))

    def kinds(self, count):
        """What is to be done: each kind once, then by weight, in random order."""
        kinds = list(WEIGHTS)[:count]
        kinds += self.random.choices(list(WEIGHTS), WEIGHTS.values(), k=count - len(kinds))
        self.random.shuffle(kinds)
        return kinds

    def take(self, kind):
        act = Act(kind, kind)
        work = getattr(self, kind.replace(" ", "_"))
        act.from_ms = time.time() * 1000
        try:
            act.outcome = work(act)
            act.is_as_expected = True
        except (AssertionError, OSError, subprocess.TimeoutExpired) as failure:
            act.why_not = f"{type(failure).__name__}: {failure}"[:2000]
        if not act.until_ms:
            act.until_ms = time.time() * 1000
        return act

    def end(self):
        """Nobody was cut off; the failures of those who were."""
        failures = [str(asker.end().failure) for asker in self.askers if asker.failure]
        try:
            self.witness.ping()
            self.witness.close()
        except Exception as failure:  # pylint: disable=broad-except
            failures.append(f"witness: {failure}")
        return failures

    # ---- the acts: each returns the outcome, or raises when it is not the expected one

    def push(self, act):
        name = self.random.choice(self.plain)
        file = self.copy(self.host.current_file(name))
        act.label = f"push {name}"
        act.from_ms = time.time() * 1000
        return self.cli_says(act, "live", "push", file)

    def push_of_four(self, act):
        files = [self.copy(self.host.current_file(name)) for name in MODULES]
        act.from_ms = time.time() * 1000
        return self.cli_says(act, "live", "push", *files, "--as-one")

    def rollback(self, act):
        generations = self.host.modules()
        able = [name for name in self.plain
                if [each["state"] for each in generations if each["name"] == name][-1] != "current"]
        if not able:
            return self.push(act)
        name = self.random.choice(able)
        before = self.host.running()[name]
        act.label = f"rollback {name}"
        act.from_ms = time.time() * 1000
        outcome = self.cli_says(act, "live", "rollback", name)
        self.expect(self.host.running()[name] != before, "the build that was current still is")
        return outcome

    def canary(self, act):
        return self.cli_says(act, "live", "push", self.copy(self.judged("1.1.0")), *self.in_canary())

    def bad_canary(self, act):
        before = self.host.running()["judged"]
        version = self.random.choice(BAD_CANARIES)
        act.label = f"canary {version}"
        outcome = self.cli_says(act, "aborted", "push", self.copy(self.judged(version)), *self.in_canary())
        self.expect(self.host.running()["judged"] == before, "what was before the canary is not current")
        return outcome

    def fault_live(self, act):
        gate, how = self.random.choice(GATES), self.random.choice(STUMBLES)
        act.label = f"fault {how}"
        self.expect(self.cli("push", self.copy(fixture("faulty_stumbles")), "--gate", gate)["outcome"] == "live",
                    "preflight finds nothing wrong with it")
        for _ in range(2):  # The second takes it back.
            self.expect(self.ask(how) == "1.0.0", "the version before answers in its place")
        eventually(lambda: self.host.version("faulty") == "1.0.0", f"it is left after two faults ({how})", 10)
        act.until_ms = time.time() * 1000
        self.expect(self.ask() == "1.0.0", "the version before answers")
        return "taken back"

    def fault_in_canary(self, act):
        how = self.random.choice(STUMBLES)
        act.label = f"fault {how} in canary"
        words = self.words("push", self.copy(fixture("faulty_stumbles")), "--canary-accounts", "witness", "--hold", "1h")
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as pushing:
            eventually(lambda: self.host.control.call("canary.status")["state"] == "canary" or pushing.poll() is not None,
                       "it is in canary")
            for _ in range(2):
                self.expect(self.ask(how) == "1.0.0", "the version before answers in its place")
            out, _ = pushing.communicate(timeout=30)
        report = json.loads(out)
        self.expect(report["outcome"] == "aborted", f"outcome {report['outcome']}, not aborted")
        act.until_ms = time.time() * 1000
        self.expect(self.ask() == "1.0.0", "the version before answers")
        return "taken back"

    def refused(self, act):
        name = self.random.choice(REFUSED)
        before = self.host.running()
        act.label = f"refused {name}"
        outcome = self.cli_says(act, "refused", "push", self.copy(fixture(name)))
        self.expect(self.host.running() == before, "what was running is not what runs")
        return outcome

    def other_work(self, act):
        """No push: a process that computes for as long, and gives way to all others."""
        subprocess.run(OTHER_WORK, stdout=subprocess.DEVNULL, timeout=60, check=False)  # Ends as `timeout` ends it.
        act.until_ms = time.time() * 1000
        return "computed"

    # ---- with what

    @staticmethod
    def in_canary():
        return ("--canary", "50%", "--canary-accounts", "asker0,asker1", "--hold", "600ms", "--gate", "0")

    @staticmethod
    def judged(version):
        return build() / "judged" / f"judged-{version}.so"

    def copy(self, file):
        """Another build of it. The one before is not needed any more: the host has its own copies."""
        self.builds += 1
        to = self.host.directory / f"build-{self.builds}.so"
        (self.host.directory / f"build-{self.builds - 40}.so").unlink(missing_ok=True)
        return other_build(file, build_id_of(file), to)

    def words(self, *words):
        return [str(build() / "hotline"), "--state", str(self.host.state), "--json", *map(str, words),
                "--reason", "rehearsal"]

    def cli(self, *words):
        done = subprocess.run(self.words(*words), capture_output=True, text=True, timeout=60, check=False)
        if not done.stdout.startswith("{"):
            raise AssertionError(f"{' '.join(map(str, words))}: exit {done.returncode}, {done.stdout}{done.stderr[-1000:]}")
        return json.loads(done.stdout)

    def cli_says(self, act, outcome, *words):
        report = self.cli(*words)
        act.until_ms = time.time() * 1000
        said = report.get("outcome", report)
        self.expect(said == outcome, f"{outcome} was expected, and it is {said}: {report.get('refusals')}")
        return outcome

    def ask(self, how="go"):
        """The version that answers the witness."""
        answer = self.witness.iq("get", f"<{how} xmlns='{FAULTY_NS}'/>")
        self.expect(answer.get("type") == "result", "the witness was answered with an error")
        return answer.findtext(f"{{{FAULTY_NS}}}faulty").split()[0]

    @staticmethod
    def expect(claim, what):
        if not claim:
            raise AssertionError(what)

    def expect_live(self, report):
        self.expect(report["outcome"] == "live", str(report))


def swap_files(host, name):
    """Two builds of a module's, for pushes in turn."""
    current = host.current_file(name)
    return [other_build(current, build_id_of(current), os.path.join(host.directory, f"turn-{turn}.so")) for turn in (0, 1)]
