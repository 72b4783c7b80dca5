"""What a rehearsal measured, set beside what is to be reached; for scripts/rehearse.

All of it is plain dictionaries, so that the same goes out as JSON. Times are in the unit of a name's end.
"""

# Name, unit, figure's path, what it must not exceed. From the targets for a push that can be trusted.
TARGETS = (
    ("barrier pause p99", "ms", ("pause_ms", "p99"), 0.3),
    ("barrier pause, the longest", "ms", ("pause_ms", "max"), 2),
    ("client latency p99 in a push, of that outside", "times", ("latency", "ratio_p99"), 1.2),
    ("the same, of that beside other work", "times", ("latency", "ratio_p99_to_work"), 1.2),
    ("beside other work, of that outside: no push", "times", ("latency", "work_ratio_p99"), 1.2),
    ("`hotline push` to live, p99", "ms", ("push_ms", "p99"), 1000),
    ("rollback in the host, p99", "ms", ("rollback_host_ms", "p99"), 50),
    ("`hotline rollback` to done, p99", "ms", ("rollback_ms", "p99"), 50),
)
SWAP_TARGETS = (
    ("mappings, of the baseline", "share", ("growth", "mappings"), 0.01),
    ("descriptors, of the baseline", "share", ("growth", "descriptors"), 0.01),
    ("resident memory, of the baseline", "share", ("growth", "resident_bytes"), 0.01),
)
PUSHES = ("push", "push of four")


def spread(values):
    """Count, median, 99th percentile (the highest, for few values) and the longest."""
    values = sorted(values)
    if not values:
        return {"count": 0}

    def at(share):
        return round(values[min(len(values) - 1, int(share * len(values)))], 3)
    return {"count": len(values), "p50": at(0.5), "p99": at(0.99), "max": at(1)}


def of_acts(acts):
    """How many of each kind, and what did not end as it should have."""
    kinds = {}
    for act in acts:
        kind = kinds.setdefault(act.kind, {"count": 0, "as_expected": 0, "ms": []})
        kind["count"] += 1
        kind["as_expected"] += act.is_as_expected
        kind["ms"].append(act.ms)
    for kind in kinds.values():
        kind["ms"] = spread(kind["ms"])
    return {"acts": dict(sorted(kinds.items())),
            "not_as_expected": [f"{act.label}: {act.why_not}" for act in acts if not act.is_as_expected]}


def of_history(records):
    """Of all barriers the host itself has recorded, automatic ones too."""
    live = [each for each in records if each["outcome"] in ("live", "aborted") and each["kind"] in ("push", "rollback")]
    return {"pause_ms": spread([each["pause_us"] / 1000 for each in live]),
            "rollback_host_ms": spread([each["took_ms"] for each in live if each["kind"] == "rollback"])}


def of_load(report):
    """What the clients saw, inside and outside of each kind of act."""
    marks = report["push_marks"]
    inside = marks["by_kind"].get("push", {})
    work = marks["by_kind"].get("other-work", {})

    def ratio(its, of):
        return round(its["p99_ms"] / of["p99_ms"], 2) if its.get("p99_ms") and of.get("p99_ms") else None
    return {"messages": {name: report[name] for name in ("sent", "delivered", "lost", "doubled", "reordered", "misrouted",
                                                         "errors", "disconnects", "unacknowledged")},
            "latency": {"outside": marks["outside"], "by_kind": marks["by_kind"],
                        "ratio_p99": ratio(inside, marks["outside"]),
                        "ratio_p99_to_work": ratio(inside, work),
                        "work_ratio_p99": ratio(work, marks["outside"])}}


def growth(baseline, end):
    return {name: round(end[name] / baseline[name] - 1, 4) for name in baseline}


def at_path(figures, path):
    for name in path:
        figures = figures.get(name) if isinstance(figures, dict) else None
    return figures


def reached(figures, targets):
    """Each target with its figure: True, False, or None where it was not measured."""
    verdicts = []
    for name, unit, path, most in targets:
        value = at_path(figures, path)
        verdicts.append({"name": name, "unit": unit, "value": value, "most": most,
                         "is_reached": None if value is None else abs(value) <= most})
    return verdicts


# ---- as text

def row(name, *cells):
    return f"  {name:<46}" + "".join(f"{cell:>14}" for cell in cells)


def spread_row(name, figures, unit):
    if not figures or not figures.get("count"):
        return row(name, "–")
    return row(f"{name}, {unit}", figures["count"], f"{figures['p50']:g}", f"{figures['p99']:g}", f"{figures['max']:g}")


def lines_of_acts(figures):
    yield "What was done, and how it ended"
    yield row("", "count", "as expected", "p50 ms", "p99 ms", "max ms")
    for kind, its in figures["acts"].items():
        times = its["ms"]
        yield row(kind, its["count"], its["as_expected"], *(f"{times[name]:.0f}" for name in ("p50", "p99", "max")))
    for what in figures["not_as_expected"]:
        yield f"  NOT AS EXPECTED: {what}"
    yield ""
    yield "In the host"
    yield row("", "count", "p50", "p99", "max")
    yield spread_row("barrier pause", figures["pause_ms"], "ms")
    yield spread_row("rollback, its own by itself too", figures["rollback_host_ms"], "ms")
    yield ""


def lines_of_load(figures):
    yield "What clients saw"
    yield row("", "messages", "p50 ms", "p99 ms", "max ms")
    for kind, its in [("outside of all", figures["latency"]["outside"]), *figures["latency"]["by_kind"].items()]:
        if not its["messages"]:
            continue
        yield row(kind, its["messages"], *(f"{its[name]:.2f}" for name in ("p50_ms", "p99_ms", "max_ms")))
    messages = figures["messages"]
    yield "  " + ", ".join(f"{count} {name}" for name, count in messages.items())
    yield ""


def lines_of_process(figures):
    yield "The host's process"
    yield row("", "baseline", "at the end", "growth")
    for name, before in figures["baseline"].items():
        yield row(name, before, figures["end"][name], f"{figures['growth'][name]:+.1%}")
    yield ""


def lines_of_targets(verdicts):
    yield "To be reached"
    words = {True: "reached", False: "MISSED", None: "not measured"}
    for each in verdicts:
        value = "–" if each["value"] is None else f"{each['value']:g}"
        yield row(each["name"], value, f"<= {each['most']:g}", words[each["is_reached"]])


def text_of(figures):
    lines = [f"Rehearsal with seed {figures['seed']}: {figures['sessions']} TLS sessions, {figures['rows']} rows, "
             f"{figures['rate']} messages/s; load of the machine {figures['machine']['load']}", ""]
    if "acts" in figures:
        lines += lines_of_acts(figures)
    if "swaps" in figures:
        lines += [f"{figures['swaps']} swaps of {figures['swapped']}, two builds in turn", row("", "count", "p50", "p99", "max"),
                  spread_row("barrier pause", figures["pause_ms"], "ms"), spread_row("push to live", figures["swap_ms"], "ms"), ""]
    if "latency" in figures:
        lines += lines_of_load(figures)
    lines += lines_of_process(figures)
    lines += lines_of_targets(figures["targets"])
    lines += [f"  WRONG: {what}" for what in figures["wrong"] if what not in figures.get("not_as_expected", ())]
    return "\n".join(lines)
