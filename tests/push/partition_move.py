#!/usr/bin/env python3
"""Partitions go from shard to shard under live TLS sessions, pushes in between, and nobody notices.

hotline-bench sends numbered messages between pairs all the while and says what was lost, doubled, reordered or
cut. The partitions of its accounts are moved back and forth between four shards; routing is pushed and rolled
back among the moves. HOTLINE_MOVE_PAIRS and HOTLINE_MOVE_COUNT make it larger.
"""
import json
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import Refused, eventually, host_of  # noqa: E402
from live_load import WRONG, HostProcess, await_all, pairs  # noqa: E402

PAIRS = int(os.environ.get("HOTLINE_MOVE_PAIRS", "100"))
MOVES = int(os.environ.get("HOTLINE_MOVE_COUNT", "300"))
RATE = int(os.environ.get("HOTLINE_MOVE_RATE", "1000"))
SHARDS = 4
PARTITIONS = 256
PUSH_EVERY = 60  # Moves.


class PartitionMove(unittest.TestCase):
    def setUp(self):
        self.host = host_of(self, config={"shards": SHARDS, "log": {"level": "warning"}})
        self.host.add_users("load", 2 * PAIRS)

    def partitions(self):
        return {each["partition"]: each for each in self.host.control.call("partitions")["partitions"]}

    def move(self, partition, shard):
        return self.host.control.call("partition.move", partition=partition, shard=shard)

    def test_moves_under_load_are_noticed_by_nobody(self):
        host = self.host
        process = HostProcess(host.process.pid)
        load = pairs(host, PAIRS, RATE)
        self.addCleanup(load.kill)
        await_all(host, load)
        sockets = process.sockets()
        before = self.partitions()
        self.assertEqual(len(before), PARTITIONS)
        self.assertEqual(sum(each["sessions"] for each in before.values()), 2 * PAIRS)
        busy = [number for number, each in before.items() if each["sessions"] > 0]

        pauses, carried, is_next = [], 0, False
        for number in range(MOVES):
            partition = busy[number % len(busy)]
            here = before[partition]["shard"]
            to = (here + 1 + number % (SHARDS - 1)) % SHARDS
            moved = self.move(partition, to)
            self.assertEqual((moved["from"], moved["to"]), (here, to))
            before[partition]["shard"] = to
            pauses.append(moved["pause_us"])
            carried += moved["connections"]
            if number % PUSH_EVERY == PUSH_EVERY - 1:
                report = host.rollback("routing") if is_next else host.push(host.module("routing", "1.1.0"))
                self.assertEqual(report["outcome"], "live", report)
                is_next = not is_next
        self.assertGreaterEqual(carried, MOVES)
        after = self.partitions()
        self.assertEqual({number: each["shard"] for number, each in after.items()},
                         {number: each["shard"] for number, each in before.items()})
        self.assertEqual(process.sockets(), sockets, "the same sockets, none left over")

        report = load.end()
        for figure in WRONG:
            self.assertEqual(report[figure], 0, f"{figure}: {report}")
        self.assertTrue(report["clean"], report)
        self.assertEqual(report["delivered"], report["sent"])
        self.assertGreater(report["delivered"], MOVES)
        self.assertEqual(host.alarms(), {})
        pauses.sort()
        print(f"{MOVES} moves of {len(busy)} partitions, {carried} connections carried, {report['delivered']} messages; "
              f"a partition's pause: median {pauses[len(pauses) // 2]} us, longest {pauses[-1]} us", file=sys.stderr)

    def test_the_command_line_lists_and_moves_and_says_why_not(self):
        host = self.host
        listed = json.loads(host.cli("--json", "partition", "list").stdout)["partitions"]
        self.assertEqual([each["partition"] for each in listed], list(range(PARTITIONS)))
        self.assertEqual({each["shard"] for each in listed}, set(range(SHARDS)))
        self.assertEqual(sum(each["accounts"] for each in listed), 2 * PAIRS)
        its = next(each for each in listed if each["accounts"] > 0)
        to = (its["shard"] + 1) % SHARDS
        said = host.cli("partition", "move", str(its["partition"]), "--to", str(to)).stdout
        self.assertIn(f"partition {its['partition']} went from shard {its['shard']} to {to}", said)
        self.assertIn("partition", host.cli("partition", "list").stdout)
        again = host.cli("partition", "move", str(its["partition"]), "--to", str(to), expect=1)
        self.assertIn(f"it is on shard {to} already", again.stdout + again.stderr)
        with self.assertRaises(Refused) as refused:
            self.move(its["partition"], SHARDS)
        self.assertIn(f"there is no shard {SHARDS}, this host has {SHARDS}", str(refused.exception))
        # Its accounts can log in where they are now.
        before = host.status()["messages"]["messages"]
        load = pairs(host, PAIRS, RATE)
        self.addCleanup(load.kill)
        await_all(host, load)
        # The host has the last session before its client knows; it sends when it does.
        eventually(lambda: host.status()["messages"]["messages"] > before, "messages are sent")
        self.assertTrue(load.end()["clean"])


if __name__ == "__main__":
    unittest.main()
