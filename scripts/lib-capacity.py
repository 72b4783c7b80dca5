"""What so many sessions need of a machine, computed from the figures of the last scripts/bench; printed as Markdown.

    scripts/bench --row idle --row million --row login-scram
    scripts/bench --capacity [SESSIONS]

Every number is a product of figures in build/bench/*.json; the formula stands beside it. What was not measured is said
to be missing, and nothing is put in its place.
"""

import glob
import json
import statistics
import sys

GIB = 1 << 30
RECONNECT_SECONDS = 60  # As host/doctor/needs.h.
MESSAGES_PER_SESSION_DAY = 100
PEAK_OVER_MEAN = 3


def figures(directory, scenario):
    """The figures of all rounds of a scenario."""
    found = []
    for path in sorted(glob.glob(f"{directory}/hotline.{scenario}.*.json")):
        with open(path, encoding="utf-8") as file:
            found.append(json.load(file))
    return found


def median(runs, *keys):
    """The median of a figure over the rounds; None where it is in none of them."""
    values = []
    for run in runs:
        for key in keys:
            run = run.get(key) if isinstance(run, dict) else None
        if isinstance(run, (int, float)):
            values.append(run)
    return statistics.median(values) if values else None


class Sheet:
    """Rows of what is needed; a row whose figures are missing says so."""

    def __init__(self):
        self.rows = []

    def add(self, what, how, formula, *measured):
        missing = any(value is None for value in measured)
        self.rows.append((what, "not measured" if missing else how(*measured), formula))

    def print(self, title):
        print(f"\n| {title} | | from |\n| --- | --- | --- |")
        for row in self.rows:
            print("| " + " | ".join(row) + " |")


def main():
    sessions = int(sys.argv[2]) if len(sys.argv) > 2 else 2_800_000
    directory = sys.argv[1]
    idle, million, login = (figures(directory, name) for name in ("idle", "million", "login-scram"))
    bare, every = figures(directory, "million-bare"), figures(directory, "million-all")
    user = median(idle, "bytes_per_session")
    kernel = median(idle, "kernel_bytes_per_session")
    base = median(idle, "server_pss_before")
    simulated = median(million, "largest", "bytes_per_session")
    most = median(million, "largest", "sessions")
    message_us = median(million, "largest", "cpu_us_per_message")
    idle_ns = median(million, "largest", "cpu_ns_per_idle_session_second")
    login_ms = median(login, "cpu_ms_per_login")

    measured = Sheet()
    measured.add("user space, an idle session", lambda v: f"{v:,.0f} bytes", "row `idle`, real sockets", user)
    measured.add("kernel, its socket", lambda v: f"{v:,.0f} bytes", "row `idle`, slab caches", kernel)
    measured.add("user space, simulated", lambda v, n: f"{v:,.0f} bytes at {n:,.0f}", "row `million`, no sockets",
                 simulated, most)
    measured.add("... over that of the fewest", lambda v: f"{v:.2f}", "row `million`",
                 median(million, "ratio", "bytes_per_session"))
    measured.add("CPU of a message", lambda v, n: f"{v:.1f} µs at {n:,.0f} sessions", "row `million`", message_us, most)
    measured.add("... over that of the fewest", lambda v: f"{v:.2f}", "row `million`",
                 median(million, "ratio", "cpu_us_per_message"))
    measured.add("CPU of a silent session's second", lambda v: f"{v:.1f} ns", "row `million`", idle_ns)
    measured.add("CPU of a login, TLS and SCRAM", lambda v: f"{v:.2f} ms", "row `login-scram`", login_ms)
    measured.add("modules beside session, routing, presence, registration", lambda a, b: f"{a - b:,.0f} bytes a session",
                 "row `million`, its scenario `million-all` less `million-bare`", median(every, "largest", "bytes_per_session"),
                 median(bare, "largest", "bytes_per_session"))
    measured.print("measured")

    needed = Sheet()
    needed.add("user space", lambda u, b: f"{(sessions * u + b) / GIB:.1f} GiB",
               "sessions × user space + a host without any", user, base)
    needed.add("kernel", lambda k: f"{sessions * k / GIB:.1f} GiB", "sessions × kernel", kernel)
    needed.add("both", lambda u, k, b: f"{(sessions * (u + k) + b) / GIB:.1f} GiB", "", user, kernel, base)
    needed.add("cores, all silent", lambda ns: f"{sessions * ns / 1e9:.2f}", "sessions × CPU of a silent second", idle_ns)
    needed.add("messages a second, mean and peak", lambda: f"{per_second(sessions):,.0f}, {peak(sessions):,.0f}",
               f"{MESSAGES_PER_SESSION_DAY} a session and day; {PEAK_OVER_MEAN} × at the peak")
    needed.add("cores for the peak", lambda us: f"{peak(sessions) * us / 1e6:.2f}", "peak × CPU of a message", message_us)
    needed.add(f"cores while all come back within {RECONNECT_SECONDS} s",
               lambda ms: f"{sessions / RECONNECT_SECONDS * ms / 1e3:.1f}", "sessions / 60 s × CPU of a login", login_ms)
    needed.print(f"{sessions:,} sessions need")


def per_second(sessions):
    return sessions * MESSAGES_PER_SESSION_DAY / 86_400


def peak(sessions):
    return per_second(sessions) * PEAK_OVER_MEAN


if __name__ == "__main__":
    main()
