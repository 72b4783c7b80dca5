#!/usr/bin/env python3
"""The host's own program is replaced under live TLS sessions, again and again and back, and nobody notices.

hotline-bench sends numbered messages between pairs all the while and says what was lost, doubled, reordered or cut. A
new build is a copy of the program with another build id. HOTLINE_UPGRADE_PAIRS, _COUNT and _RATE make it larger.
"""
import os
import pathlib
import shutil
import signal
import socket
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import Control, build, build_id_of, eventually, host_of, other_build  # noqa: E402
from live_load import WRONG, await_all, pairs  # noqa: E402
from xmpp_client import Client  # noqa: E402

PAIRS = int(os.environ.get("HOTLINE_UPGRADE_PAIRS", "100"))
UPGRADES = int(os.environ.get("HOTLINE_UPGRADE_COUNT", "2"))
RATE = int(os.environ.get("HOTLINE_UPGRADE_RATE", "1000"))
TRAFFIC_BETWEEN = 200  # Messages between two upgrades.


class CoreUpgrade(unittest.TestCase):
    def setUp(self):
        self.host = host_of(self, "juliet", "romeo", config={"log": {"level": "warning"}})
        self.host.add_users("load", 2 * PAIRS)
        self.builds = 0

    def new_build(self):
        """A hotlined that is another build, with its hotline-preflight beside it."""
        self.builds += 1
        directory = self.host.directory / f"build-{self.builds}"
        directory.mkdir()
        shutil.copy(build() / "hotline-preflight", directory)
        program = build() / "hotlined"
        return other_build(program, build_id_of(program), directory / "hotlined")

    def test_sessions_go_on_through_upgrades_and_back(self):
        host = self.host
        load = pairs(host, PAIRS, RATE)
        self.addCleanup(load.kill)
        await_all(host, load)
        juliet = Client(host, "juliet").log_in()
        romeo = Client(host, "romeo").log_in()
        pids = [host.process.pid]
        longest = 0
        for number in range(UPGRADES):
            self.traffic_passes(load)
            report = host.upgrade(self.new_build())
            self.assertEqual(report["outcome"], "live", report)
            self.assertEqual(report["modules"][0]["name"], "core")
            longest = max(longest, report["pause_us"])
            pids.append(host.process.pid)
            juliet.message("romeo@localhost", f"number {number}", id=str(number))
            self.assertEqual(romeo.expect_message().get("id"), str(number))
        self.traffic_passes(load)
        report = host.upgrade()  # hotline rollback core
        self.assertEqual(report["outcome"], "live", report)
        pids.append(host.process.pid)
        self.assertEqual(len(set(pids)), len(pids), "each time another process")
        self.traffic_passes(load)
        juliet.message("romeo@localhost", "back", id="back")
        self.assertEqual(romeo.expect_message().get("id"), "back")
        # Whoever comes now is served like everybody else.
        late = Client(host, "juliet", resource="late").log_in()
        late.close()

        figures = load.end()
        for figure in WRONG:
            self.assertEqual(figures[figure], 0, f"{figure}: {figures}")
        self.assertEqual(figures["delivered"], figures["sent"])
        kinds = [line.split()[3] for line in host.cli("history").stdout.splitlines()[1:]]
        self.assertIn("upgrade", host.cli("history").stdout)
        self.assertTrue(kinds)
        print(f"{UPGRADES} upgrades and one back under {2 * PAIRS} sessions and {figures['delivered']} messages; "
              f"longest pause of a partition {longest} us", file=sys.stderr)

    @unittest.skipUnless(os.environ.get("HOTLINE_UPGRADE_FROM"), "scripts/upgrade-from has another revision built")
    def test_another_revision_is_upgraded_and_gone_back_to(self):
        host = host_of(self, "juliet", "romeo", programs=os.environ["HOTLINE_UPGRADE_FROM"])
        host.add_users("load", 2 * PAIRS)
        load = pairs(host, PAIRS, RATE)
        self.addCleanup(load.kill)
        await_all(host, load)
        juliet = Client(host, "juliet").log_in()
        romeo = Client(host, "romeo").log_in()
        for number, program in enumerate((build() / "hotlined", None, build() / "hotlined")):
            self.traffic_passes(load, host)
            report = host.upgrade(program)
            self.assertEqual(report["outcome"], "live", report)
            juliet.message("romeo@localhost", f"number {number}", id=str(number))
            self.assertEqual(romeo.expect_message().get("id"), str(number))
        self.traffic_passes(load, host)
        figures = load.end()
        for figure in WRONG:
            self.assertEqual(figures[figure], 0, f"{figure}: {figures}")
        self.assertEqual(figures["delivered"], figures["sent"])

    def test_an_upgrade_is_aborted_half_way_and_all_come_back(self):
        host = self.host
        host.environment = {"HOTLINE_FAULT_POINT": "give.half:stop"}
        host.restart()
        old = host.process.pid
        load = pairs(host, PAIRS, RATE)
        self.addCleanup(load.kill)
        await_all(host, load)
        self.traffic_passes(load)
        answers = []
        asking = threading.Thread(target=lambda: answers.append(
            host.control.call("upgrade", file=str(self.new_build()), reason="a mistake")))
        asking.start()
        eventually(lambda: self.is_stopped(old), "half of the partitions are given")
        # The control socket is the new process's already.
        other = Control(host.run["socket"])
        self.assertEqual(other.call("canary.abort", reason="it was the wrong one")["outcome"], "aborted")
        other.close()
        os.kill(old, signal.SIGCONT)
        asking.join(60)
        self.assertFalse(asking.is_alive(), "the upgrade has an end")
        self.assertEqual(answers[0]["outcome"], "failed", answers)
        self.assertIn("aborted by root: it was the wrong one", answers[0]["refusals"][0]["reason"])
        self.assertEqual(host.status()["pid"], old)
        self.traffic_passes(load)
        figures = load.end()
        for figure in WRONG:
            self.assertEqual(figures[figure], 0, f"{figure}: {figures}")
        self.assertEqual(figures["delivered"], figures["sent"])

    def test_a_supervisor_is_told_who_serves(self):
        host = self.host
        told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(told.close)
        told.settimeout(30)
        path = str(host.directory / "notify")
        told.bind(path)
        host.environment = {"NOTIFY_SOCKET": path}
        host.restart()
        self.assertEqual(self.said_to(told), "READY=1")
        old = host.process.pid
        # As systemd does: whoever asks for a barrier waits until its descriptor was closed.
        said = []
        listening = threading.Thread(target=lambda: said.extend(self.said_to(told) for _ in range(3)))
        listening.start()
        self.assertEqual(host.upgrade(self.new_build())["outcome"], "live")
        listening.join(60)
        self.assertNotEqual(host.process.pid, old)
        # The new process is only heard once it is the main one, so READY of it may stand in front of that.
        self.assertEqual(sorted(said), ["BARRIER=1", f"MAINPID={host.process.pid}", "READY=1"], said)

    @staticmethod
    def said_to(told):
        text, descriptors, _, _ = socket.recv_fds(told, 4096, 4)
        for descriptor in descriptors:
            os.close(descriptor)
        return text.decode()

    @staticmethod
    def is_stopped(pid):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def traffic_passes(self, load, host=None):
        host = host or self.host
        before = host.status()["messages"]["messages"]
        eventually(lambda: host.status()["messages"]["messages"] >= before + TRAFFIC_BETWEEN
                   or not load.is_running(), "more messages pass")
        if not load.is_running():
            self.fail(f"hotline-bench ended early: {load.process.communicate()}")


if __name__ == "__main__":
    unittest.main()
