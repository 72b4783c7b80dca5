#!/usr/bin/env python3
"""Registrations by phone number: phones ask for a PIN and come back with it over HTTPS, as fast as the host lets them.

    numbers.py --seconds 10 --phones 16 [--json FILE]

PINs come by the file gateway. The driver is Python and takes most of a core: the host's own part is `cpu_ms_per_registration`.
"""
import argparse
import json
import os
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "play"))
from hotline_host import Host  # noqa: E402
from numbers_client import Phone  # noqa: E402

PATIENCE_S = 30


class Gateway:
    """The PINs that the file has, as they come."""

    def __init__(self, file):
        self.file, self.pins, self.came = file, {}, threading.Condition()
        threading.Thread(target=self.follow, daemon=True).start()

    def follow(self):
        while not self.file.exists():
            time.sleep(0.01)
        with open(self.file, encoding="utf-8") as lines:
            rest = ""
            while True:
                rest += lines.read()
                *whole, rest = rest.split("\n")
                if not whole:
                    time.sleep(0.002)
                    continue
                with self.came:
                    for line in whole:
                        message = json.loads(line)
                        self.pins[message["to"]] = message["code"]
                    self.came.notify_all()

    def pin(self, number):
        with self.came:
            if not self.came.wait_for(lambda: number in self.pins, PATIENCE_S):
                raise TimeoutError(f"no PIN for {number}")
            return self.pins.pop(number)


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=10)
    options.add_argument("--phones", type=int, default=16, help="so many at once")
    options.add_argument("--json")
    given = options.parse_args()
    host = Host(config={"listen": [{"kind": "https", "port": 0}], "log": {"level": "warning"},
                        "modules": {"registration": {"numbers": True}}})
    host.sms = host.directory / "sms"
    host.config["outbox"] = {"sms": {"kind": "file", "file": str(host.sms)}}
    with host:
        gateway, done, times, wrong = Gateway(host.sms), [0] * given.phones, [], []
        end = time.monotonic() + given.seconds

        def register(worker):
            phone = Phone(host, "")
            try:
                while time.monotonic() < end:
                    phone.number = f"+4917{worker:02}{done[worker]:06}"
                    began = time.monotonic()
                    status, body = phone.ask()
                    if status == 200:
                        status, body = phone.enter(gateway.pin(phone.number))
                    if status != 200:
                        raise AssertionError(f"{phone.number}: {status} {body}")
                    times.append(time.monotonic() - began)
                    done[worker] += 1
            except Exception as failed:  # pylint: disable=broad-except
                wrong.append(repr(failed))

        before, began = cpu_seconds(host.process.pid), time.monotonic()
        workers = [threading.Thread(target=register, args=(i,)) for i in range(given.phones)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        seconds, cpu = time.monotonic() - began, cpu_seconds(host.process.pid) - before
    if wrong or not times:
        print("\n".join(wrong) or "nothing was registered", file=sys.stderr)
        return 1
    times.sort()
    report = {"registrations": sum(done), "seconds": round(seconds, 2),
              "registrations_per_second": round(sum(done) / seconds, 1),
              "cpu_ms_per_registration": round(cpu * 1000 / sum(done), 2),
              "ms_p50": round(times[len(times) // 2] * 1000, 1),
              "ms_p99": round(times[len(times) * 99 // 100] * 1000, 1), "phones": given.phones}
    text = json.dumps(report)
    if given.json:
        pathlib.Path(given.json).write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
