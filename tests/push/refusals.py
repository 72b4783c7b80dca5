#!/usr/bin/env python3
"""A push that is refused names the thing, and changes nothing: each fixture, and rollbacks without a way back."""
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import Host, fixture  # noqa: E402
from xmpp_client import Client  # noqa: E402

# Fixture to what its refusal has to name.
REASONS = {
    "abi_too_new": ["ABI 9"],
    "abi_too_old": ["ABI 0"],
    "bad_magic": ["bad_magic"],
    "bad_manifest": ["rouet"],
    "constructor_with_side_effect": ["while it is loaded", "meddle"],
    "create_fails": ["create for a second shard answered HL_E_NONE"],
    "extra_export": ["extra_function"],
    "forbidden_imports": ["pthread_create", "fork", "socket", "setlocale", "signal"],
    "foreign_function": ["outside its own image"],
    "loose_link": ["executable stack", "/opt/lib", "libexpat"],
    "missing_capability": ["hotline.telepathy/3"],
    "no_callback": ["message any", "routing 1.0.0"],
    "no_manifest": ["no Hotline module"],
    "nodelete": ["nodelete"],
    "other_manifest": ["manifest"],
    "own_thread": ["std::thread"],
    "route_claimed_twice": ["urn:example:good", "good_rows", "good.count"],
    "schema_step_without_convert": ["good_rows"],
    "static_object": ["while it is loaded"],
    "thread_local_destructor": ["thread"],
    "throws": ["threw", "at self_test"],
    "unique_symbols": ["-fno-gnu-unique"],
}


class Refusals(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host().start()
        cls.addClassCleanup(cls.host.remove)
        cls.host.add_user("witness")
        cls.witness = Client(cls.host, "witness").log_in()
        cls.addClassCleanup(cls.witness.close)
        good = cls.host.push(fixture("good"))
        assert good["outcome"] == "live", good

    def refused(self, report, words):
        """It was, for the reason that `words` name; what was running runs, and the witness noticed nothing."""
        self.assertEqual(report["outcome"], "refused", report)
        self.assertEqual(report["modules"], [])
        reasons = "\n".join(each["reason"] for each in report["refusals"])
        for word in words:
            self.assertIn(word, reasons)
        self.assertEqual(self.host.running(), self.before)
        self.witness.ping()
        self.assertFalse(self.witness.queue)
        self.assertTrue(self.host.is_up())

    def setUp(self):
        self.before = self.host.running()

    def test_each_wrong_fixture_is_refused_by_name(self):
        for name, words in REASONS.items():
            with self.subTest(name):
                self.refused(self.host.push(fixture(name)), words)

    def test_no_fixture_is_forgotten(self):
        here = {path.name for path in pathlib.Path(fixture("good")).parents[1].iterdir()}
        # Wrong while they run: preflight.py, faults.py. Wrong only when they are asked: contract_test.cpp.
        here = {name for name in here if not name.startswith(("faulty_", "contract_"))}
        self.assertEqual(here - set(REASONS), {"good", "good_next", "good_patch", "hoard", "gives_up", "takes_over"})

    def test_a_route_without_a_function_to_call_is_refused(self):
        # Where nobody else has the route, so that this is all that is wrong.
        with Host({"modules_initial": ["session"]}) as host:
            report = host.push(fixture("no_callback"))
            self.assertEqual(report["outcome"], "refused", report)
            self.assertIn("on_stanza", report["refusals"][0]["reason"])

    def test_what_is_live_already_is_refused(self):
        self.refused(self.host.push(fixture("good")), ["live already", self.before["good"]])

    def test_bytes_that_were_changed_after_they_were_signed_are_refused(self):
        file = self.copied("good_next", "good-2.0.0")
        self.sign(file, self.key())
        changed = bytearray(file.read_bytes())
        changed[len(changed) // 2] ^= 1
        file.write_bytes(changed)
        self.refused(self.host.push(file), ["no key that this host trusts has signed these bytes"])

    def test_a_signature_of_another_file_is_refused(self):
        file, other = self.copied("good_next", "good-2.0.0"), self.copied("nodelete")
        self.sign(other, self.key())
        pathlib.Path(f"{file}.sig").write_bytes(pathlib.Path(f"{other}.sig").read_bytes())
        self.refused(self.host.push(file), ["another file's"])

    def test_a_key_counts_as_long_as_it_is_trusted(self):
        file, key = self.copied("good"), self.key()
        self.sign(file, key)
        with Host({"modules_initial": ["session"]}) as host:
            refused = host.push(file)
            self.assertEqual(refused["outcome"], "refused", refused)
            self.assertIn("the signer is not trusted", refused["refusals"][0]["reason"])
            host.cli("trust", "add", key.with_suffix(".pub"), "--name", "bert")
            self.assertIn("bert", host.cli("trust", "list").stdout)
            report = host.push(file)
            self.assertEqual((report["outcome"], report["modules"][0]["signer"]), ("live", "bert"), report)
            host.restart()
            self.assertEqual({each["name"]: each["signer"] for each in host.modules()},
                             {"session": "development", "good": "bert"})
            # What is not trusted any more does not come back at the next start, and says how it may.
            host.cli("trust", "remove", "bert")
            host.stop()
            self.assertIn("signed by bert", host.start_fails())
            host.cli("trust", "add", key.with_suffix(".pub"), "--name", "bert")
            host.start()
            self.assertIn("good", host.running())

    def test_a_development_key_that_is_not_trusted_any_more_is_told_of_with_a_way_back_that_works(self):
        with Host({"modules_initial": ["session"]}) as host:
            own = host.state / "keys" / "development.pub"
            host.cli("trust", "remove", "development")
            reason = host.push(fixture("good"))["refusals"][0]["reason"]
            self.assertIn("the development key that this host would sign it with is not trusted", reason)
            self.assertIn("hotline sign --key FILE", reason)
            host.stop()
            self.assertIn(f"hotline --state {host.state} trust add {own}", host.start_fails())
            host.cli("trust", "add", own)
            host.start()
            self.assertIn("session", host.running())

    def test_an_old_version_with_its_good_old_signature_is_refused(self):
        with Host() as host:
            self.assertEqual(host.push(host.module("routing", "1.1.0"))["outcome"], "live")
            old = host.module("routing", "1.0.0")
            report = host.push(old)
            self.assertEqual(report["outcome"], "refused", report)
            self.assertIn("older than routing 1.1.0", report["refusals"][0]["reason"])
            self.assertIn("--reason", host.cli("push", old, "--force", expect=2).stderr)
            report = host.control.call("push", files=[old], force=True)
            self.assertIn("--reason", report["refusals"][0]["reason"])

    def test_where_the_development_key_is_forbidden_an_unsigned_file_is_refused(self):
        with Host({"modules_initial": ["session"]}) as host:
            host.config["push"] = {"allow_development_key": False}
            host.stop()
            self.assertIn("push.allow_development_key", host.start_fails())

    def test_a_blocked_build_is_refused_until_it_is_allowed_again(self):
        with Host({"modules_initial": ["session"]}) as host:
            build_id = "00112233445566778899"
            host.cli("blocklist", "add", build_id, "--reason", "it leaks")
            self.assertIn("it leaks", host.cli("blocklist", "list").stdout)
            host.cli("blocklist", "remove", build_id[:8])
            host.cli("blocklist", "remove", build_id[:8], expect=1)
            build_id = host.push(fixture("good"))["modules"][0]["build_id"]
            done = host.cli("blocklist", "add", build_id, "--reason", "it leaks")
            self.assertIn("warning: good 1.0.0 is current, and serves on: a start of the host is refused", done.stderr)
            self.assertIn("push another version of good first", done.stderr)
            host.stop()
            said = host.start_fails()
            self.assertIn("blocked on this host: it leaks", said)
            # The command that it names works without a host, which does not come up to be asked.
            self.assertIn(f"hotline blocklist remove {build_id}", said)
            self.assertIn("it leaks", host.cli("blocklist", "list").stdout)
            host.cli("blocklist", "remove", build_id)
            host.start()
            self.assertEqual(host.version("good"), "1.0.0")
            # How a build's id begins will do, and which it was is told.
            self.assertIn(f"{build_id} (good 1.0.0)", host.cli("blocklist", "add", build_id[:8]).stdout)
            self.assertIn("at least 8 digits", host.cli("blocklist", "remove", "335", expect=1).stderr)
            self.assertIn("whole build id", host.cli("blocklist", "add", "0123456789", expect=1).stderr)

    def test_who_blocks_what_is_current_is_told_how_to_leave_it_first(self):
        with Host({"modules_initial": ["session"]}) as host:
            self.assertEqual(host.push(fixture("good"))["outcome"], "live")
            build_id = host.push(fixture("good_patch"))["modules"][0]["build_id"]
            told = json.loads(host.cli("--json", "blocklist", "add", build_id).stdout)
            self.assertEqual(told["build_id"], build_id)
            self.assertIn("`hotline rollback good` first", told["warning"])
            self.assertEqual(host.rollback("good")["outcome"], "live")
            self.assertEqual(json.loads(host.cli("--json", "blocklist", "add", build_id).stdout)["warning"], "")
            host.restart()
            self.assertEqual(host.version("good"), "1.0.0")

    def copied(self, name, file=None):
        whole = pathlib.Path(fixture(name)).with_name(f"{file or name + '-1.0.0'}.so")
        copy = self.host.directory / whole.name
        copy.write_bytes(whole.read_bytes())
        self.addCleanup(pathlib.Path(f"{copy}.sig").unlink, missing_ok=True)
        return copy

    def key(self):
        key = self.host.directory / f"{self.id().rsplit('.', 1)[-1]}.key"
        self.host.cli("keygen", key)
        return key

    def sign(self, file, key):
        self.host.cli("sign", "--key", key, file)
        self.host.cli("verify", "--key", key.with_suffix(".pub"), file)

    def test_a_text_file_is_refused(self):
        self.refused(self.host.push(__file__), ["refused"])

    def test_a_missing_file_is_refused(self):
        self.refused(self.host.push("/nonexistent/x.so"), ["/nonexistent/x.so"])

    def test_a_torn_file_is_refused(self):
        torn = self.host.directory / "torn.so"
        whole = pathlib.Path(fixture("good_next")).read_bytes()
        for size in (0, 3, 63, 200, len(whole) // 2, len(whole) - 1):
            with self.subTest(size):
                torn.write_bytes(whole[:size])
                self.refused(self.host.push(torn), ["refused"])

    def test_one_bad_file_of_a_set_keeps_all_out(self):
        report = self.host.push(self.host.module("routing", "1.1.0"), fixture("good_next"),
                                fixture("missing_capability"), as_one=True)
        self.refused(report, ["hotline.telepathy/3"])

    def test_rollback_without_a_previous_generation_is_refused(self):
        self.refused(self.host.rollback("session"), ["no generation before 1.1.0"])

    def test_rollback_to_a_version_that_is_not_loaded_is_refused(self):
        self.refused(self.host.rollback("good", to="0.9.9"), ["0.9.9"])

    def test_rollback_of_an_unknown_module_is_refused(self):
        self.refused(self.host.rollback("telegraph"), ["telegraph"])

    def test_the_command_line_says_so_and_exits_with_1(self):
        done = self.host.cli("push", fixture("missing_capability"), expect=1)
        self.assertIn("hotline.telepathy/3", done.stderr)

    def test_the_history_has_the_refusal(self):
        number = self.host.push(fixture("nodelete"))["number"]
        record = self.host.control.call("history", limit=1)["records"][0]
        self.assertEqual((record["number"], record["outcome"]), (number, "refused"))


if __name__ == "__main__":
    unittest.main()
