#!/usr/bin/env python3
"""Every way a module can be wrong, pushed at a host that 1,000 clients are on: where it is stopped, what the operator reads,
and that no client was cut off and no message lost.

The table is that of docs/testing.md. What preflight stops is shown twice: the second host has `push.preflight: false`,
and there the guard stops what it can. Both hosts trust one key and no development key, as one that others depend on.
HOTLINE_FIXTURE_PAIRS makes it smaller on slow machines.
"""
import os
import pathlib
import shutil
import sys
import unittest
from dataclasses import dataclass

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import Host, eventually, fixture  # noqa: E402
from live_load import WRONG, await_all, pairs  # noqa: E402
from xmpp_client import Client, conditions  # noqa: E402

PAIRS = int(os.environ.get("HOTLINE_FIXTURE_PAIRS", "500"))
RATE = 500
NS = "urn:example:faulty"
MODULES = {"session": "1.1.0", "routing": "1.0.0", "presence": "1.0.0", "registration": "1.1.0"}


@dataclass(frozen=True)
class Wrong:
    what: str          # As the list of fixtures calls it.
    fixture: str       # Under tests/fixture; or what the play makes of `good_next`.
    stopped_by: str    # "verify", "preflight" or "stage"
    operator_reads: str
    # Without preflight: what is read of its fault in `hotline modules`, once two of them have taken it back.
    guard_says: str = ""
    # Or what the gate finds, that takes it back.
    gate_says: str = ""
    # Or what refuses it then: its instances cannot be made.
    stage_says: str = ""


DIED = r"refused: in preflight it died of "
FIXTURES = (
    Wrong("null write", "faulty_null_write", "preflight", DIED + r"SIGSEGV, at on_stanza for iq \S+ self in misbehave",
          guard_says=r"raised SIGSEGV at address 0x0 in misbehave"),
    Wrong("wild write into its own heap", "faulty_wild_write", "preflight", DIED + r"SIG(ABRT|SEGV), at "),
    Wrong("stack overflow", "faulty_stack_overflow", "preflight", DIED + r"SIGSEGV, at on_stanza for .* in (deeper|misbehave)",
          guard_says=r"overflowed its stack \(SIGSEGV\) in deeper"),
    Wrong("endless loop", "faulty_endless_loop", "preflight", r"refused: .*used up its hard budget of processor time",
          guard_says=r"overran its budget in misbehave"),
    Wrong("slow call", "faulty_slow_call", "preflight", r"took \d+ us, the quickest of 5 calls, and its budget is 50000 us"),
    Wrong("throw", "faulty_throws_in_call", "preflight", r"refused: in preflight it threw not today",
          guard_says=r"threw not today"),
    Wrong("throw in a constructor", "faulty_throws_in_constructor", "preflight", r"refused: .*threw I would rather not",
          stage_says=r"create for shard 0 threw I would rather not"),
    Wrong("abort", "faulty_aborts", "preflight", DIED + r"SIGABRT, at on_stanza for .* in misbehave",
          guard_says=r"aborted \(SIGABRT\) in misbehave"),
    Wrong("double free", "faulty_double_free", "preflight", DIED + r"SIGABRT, at on_stanza for .* in misbehave"),
    Wrong("unique symbols", "unique_symbols", "verify", r"refused: .*-fno-gnu-unique"),
    Wrong("thread_local with destructor", "thread_local_destructor", "verify", r"refused: .*thread"),
    Wrong("constructor with side effect", "constructor_with_side_effect", "verify", r"code would run while it is loaded.*meddle"),
    Wrong("thread of its own", "own_thread", "verify", r"refused: .*std::thread"),
    Wrong("ABI too new", "abi_too_new", "verify", r"it was built for ABI 9\.\d+, this host has "),
    Wrong("ABI too old", "abi_too_old", "verify", r"it was built for ABI 0\.\d+, this host takes "),
    Wrong("missing capability", "missing_capability", "verify", r"it needs the capability hotline\.telepathy/3"),
    Wrong("route claimed twice", "route_claimed_twice", "verify", r"refused: it claims .*urn:example:good"),
    Wrong("lossy down-conversion", "faulty_down_is_lossy", "preflight",
          r"is not the same after convert from schema 1 to 2 and back, so a rollback would lose something"),
    Wrong("crash in convert", "faulty_crash_in_convert", "preflight",
          DIED + r"SIGSEGV, at convert of table `faulty` from schema 1 to 2 in convert"),
    Wrong("crash in create", "faulty_crash_in_create", "preflight", DIED + r"SIGSEGV, at create in create",
          stage_says=r"create for shard 0 raised SIGSEGV at address 0x0 in create"),
    Wrong("crash in destroy", "faulty_crash_in_destroy", "preflight", DIED + r"SIGSEGV, at destroy in destroy"),
    Wrong("leak per event", "faulty_leaks", "preflight", r"bytes more each time",
          gate_says=r"memory: faulty 2\.0\.0 has \d+ MiB in its arena, and what it replaces 0 MiB; up to 1 MiB was allowed"),
    Wrong("huge reply", "faulty_huge_reply", "preflight", r"bytes to a client for one event, more than"),
    Wrong("writes to another module's table", "faulty_foreign_table", "preflight", r"refused: .*HL_E_DENIED",
          guard_says=r"answered HL_E_"),
    Wrong("wrong machine", "made:wrong_machine", "verify", r"it is for AArch64, this host is x86-64"),
    Wrong("truncated file", "made:truncated", "verify", r"refused: it .*push the \.so that hotline_add_module builds"),
    Wrong("flipped bit", "made:flipped_bit", "verify", r"the file was changed after it was signed"),
    Wrong("signature of another file", "made:foreign_signature", "verify", r"its \.sig is another file's"),
    Wrong("unsigned", "made:unsigned", "verify", r"it is not signed; sign it with `hotline sign`"),
    Wrong("untrusted key", "made:untrusted", "verify", r"the signer is not trusted"),
    Wrong("replayed old version", "made:old_version", "verify", r"older than good 1\.0\.1, which is live"),
)


class Pushed:
    """A host that trusts the play's key alone, with its clients and a witness."""

    def __init__(self, test, **push):
        self.host = Host({"log": {"level": "warning"}, "modules_initial": list(MODULES),
                          "push": {"allow_development_key": False, **push}})
        test.addClassCleanup(self.host.remove)
        self.files = self.host.directory / "files"
        self.files.mkdir()
        self.host.state.mkdir()
        for name in ("anna", "mallory"):
            self.host.cli("keygen", self.files / name)
        self.host.cli("trust", "add", self.files / "anna.pub", "--name", "anna")
        self.host.config["modules_dir"] = str(self.files)
        for name, version in MODULES.items():
            self.signed(self.host.module(name, version))
        self.host.start()
        self.host.add_users("load", 2 * PAIRS)
        self.host.add_user("witness")
        self.load = pairs(self.host, PAIRS, RATE)
        test.addClassCleanup(self.load.kill)
        self.witness = Client(self.host, "witness").log_in(presence=False)
        test.addClassCleanup(self.witness.close)
        await_all(self.host, self.load, besides=1)
        for name in ("good", "good_patch", "faulty_right"):
            report = self.host.push(self.signed(fixture(name)))
            assert report["outcome"] == "live", report
        self.ask()  # There is a row of schema 1 now.

    def signed(self, file, key="anna"):
        copy = self.files / pathlib.Path(file).name
        if pathlib.Path(file) != copy:
            shutil.copy(file, copy)
        self.host.cli("sign", "--key", self.files / f"{key}.key", copy)
        return copy

    def ask(self):
        """The version that answers the witness."""
        answer = self.witness.iq("get", f"<go xmlns='{NS}'/>")
        if answer.get("type") != "result":
            raise AssertionError(f"the witness was answered {conditions(answer)}")
        return answer.findtext(f"{{{NS}}}faulty").split()[0]

    def file_of(self, wrong):
        if not wrong.fixture.startswith("made:"):
            return self.signed(fixture(wrong.fixture))
        return getattr(self, wrong.fixture.partition(":")[2])()

    # ---- what is wrong with a file, not with its code

    def wrong_machine(self):
        file = self.files / "good-2.0.0.so"
        data = bytearray(pathlib.Path(fixture("good_next")).read_bytes())
        data[18:20] = (183).to_bytes(2, "little")  # e_machine: EM_AARCH64.
        file.write_bytes(data)
        return self.signed(file)

    def truncated(self):
        file = self.files / "good-2.0.0.so"
        data = pathlib.Path(fixture("good_next")).read_bytes()
        file.write_bytes(data[:len(data) // 2])
        return self.signed(file)

    def flipped_bit(self):
        file = self.signed(fixture("good_next"))
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
        return file

    def foreign_signature(self):
        file, other = self.signed(fixture("good_next")), self.signed(fixture("nodelete"))
        shutil.copy(f"{other}.sig", f"{file}.sig")
        return file

    def unsigned(self):
        file = self.signed(fixture("good_next"))
        pathlib.Path(f"{file}.sig").unlink()
        return file

    def untrusted(self):
        return self.signed(fixture("good_next"), "mallory")

    def old_version(self):
        return self.files / "good-1.0.0.so"  # As it was pushed, with its good old signature.


class Fixtures(unittest.TestCase):
    def setUp(self):
        self.pushed = None

    def begin(self, **push):
        self.pushed = Pushed(type(self), **push)
        return self.pushed

    def refused(self, wrong, step, words):
        before = self.pushed.host.running()
        done = self.pushed.host.cli("push", self.pushed.file_of(wrong), expect=1)
        self.assertRegex(done.stderr, words)
        self.assertIn("What was running keeps running.", done.stderr)
        record = self.pushed.host.control.call("history", limit=1)["records"][0]
        self.assertEqual((record["outcome"], record["steps"][-1]["name"]), ("refused", step))
        self.assertEqual(self.pushed.host.running(), before)

    def taken_back(self, wrong):
        host, pushed = self.pushed.host, self.pushed
        report = host.push(pushed.file_of(wrong))
        self.assertEqual(report["outcome"], "live", report)
        for _ in range(2):  # Each is answered by the version before; the second fault takes it back.
            self.assertEqual(pushed.ask(), "1.0.0")
        eventually(lambda: host.version("faulty") == "1.0.0", f"{wrong.what} is taken back")
        build_id = report["modules"][0]["build_id"]
        newest_fault = next(each["newest_fault"] for each in host.modules() if each["build_id"] == build_id)
        self.assertRegex(newest_fault, wrong.guard_says)
        rollback = next(each for each in host.control.call("history", limit=10)["records"] if each["kind"] == "rollback")
        self.assertEqual(rollback["user"], "hotlined")

    def taken_back_by_its_gate(self, wrong):
        host = self.pushed.host
        host.cli("push", self.pushed.file_of(wrong), "--gate", "60s")
        for _ in range(40):
            self.pushed.ask()
        eventually(lambda: host.version("faulty") == "1.0.0", f"{wrong.what} is taken back")
        rollback = next(each for each in host.control.call("history", limit=10)["records"] if each["kind"] == "rollback")
        self.assertRegex(rollback["reason"], wrong.gate_says)

    def nobody_noticed(self):
        self.assertEqual(self.pushed.ask(), "1.0.0")
        report = self.pushed.load.end()
        self.assertEqual({name: report[name] for name in WRONG}, dict.fromkeys(WRONG, 0), report)
        self.assertEqual(report["delivered"], report["sent"])
        self.assertGreater(report["delivered"], len(FIXTURES))

    def test_each_is_stopped_before_anybody_is_served_by_it(self):
        self.begin(preflight_seconds=20)  # On a busy machine a budget of processor time takes a while.
        for wrong in FIXTURES:
            with self.subTest(wrong.what):
                self.refused(wrong, wrong.stopped_by, wrong.operator_reads)
        self.assertFalse(self.pushed.host.status()["is_tainted"])
        self.nobody_noticed()

    def test_without_preflight_the_guard_stops_what_it_can(self):
        self.begin(preflight=False, gate_memory_mib=1)
        for wrong in FIXTURES:
            with self.subTest(wrong.what):
                if wrong.stage_says:
                    self.refused(wrong, "stage", wrong.stage_says)
                elif wrong.guard_says:
                    self.taken_back(wrong)
                elif wrong.gate_says:
                    self.taken_back_by_its_gate(wrong)
        self.nobody_noticed()

    def test_the_documentation_has_the_same_table(self):
        text = (pathlib.Path(__file__).resolve().parents[2] / "docs" / "testing.md").read_text()
        for wrong in FIXTURES:
            with self.subTest(wrong.what):
                self.assertRegex(text, rf"\n\| {wrong.what} \| {wrong.stopped_by} \|")


if __name__ == "__main__":
    unittest.main()
