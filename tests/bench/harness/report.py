"""Report: the results as Markdown with charts, and as JSON."""

import json
import os
import platform
import statistics
from datetime import datetime, timezone
from pathlib import Path

import chart

CPP = ("shmetrics", "prometheus-cpp")
SCRAPERS = CPP + ("python", "ruby", "node")


def cpu_model():
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def by_parameter(samples, peers, operation):
    """Peer -> {parameter: median}, for the cases OPERATION/PARAMETER."""
    found = {}
    for peer in peers:
        points = {}
        for name, case in samples.ns:
            parameter = case.removeprefix(operation + "/")
            if name == peer and case.startswith(operation + "/") and parameter.isdigit() and int(parameter) > 0:
                points[int(parameter)] = samples.median_ns((name, case))
        if points:
            found[peer] = points
    return found


def side_by_side(samples, operation, peers):
    return {peer: ns for peer in peers if (ns := samples.median_ns((peer, operation))) is not None}


def charts(samples):
    """File name -> (title, picture)."""
    lines = [
        ("series", "Scrape in process, by number of series", "series", SCRAPERS, "scrape"),
        ("workers", "Scrape of 10,000 series in each worker, by number of workers", "workers", SCRAPERS, "scrape_workers"),
        ("stripes", "Scrape of 10,000 series, by CPUs of the host (4 stripes more)", "CPUs", ("shmetrics",), "scrape_cpus"),
        ("leases", "Acquire and release a lease among so many others", "live leases", ("shmetrics",), "acquire_release"),
    ]
    bars = [
        ("increment", "Increment of a cached handle", "increment", SCRAPERS + ("pcp",)),
        ("observe", "Observe, 10 bounds", "observe", SCRAPERS),
        ("look_up", "Look-up of a label set and increment, random keys", "look_up/random", SCRAPERS),
    ]
    made = {}
    for name, title, x_label, peers, operation in lines:
        if series := by_parameter(samples, peers, operation):
            made[f"{name}.svg"] = (title, chart.lines(title, x_label, series))
    for name, title, operation, peers in bars:
        if values := side_by_side(samples, operation, peers):
            made[f"{name}.svg"] = (title, chart.bars(title, "peer", values))
    return made


def table_of_cases(samples):
    rows = ["| case | peer | median | spread | × fetch_add | also |", "|---|---|---|---|---|---|"]
    reference = samples.median_ns(("shmetrics", "fetch_add"))
    for peer, case in sorted(samples.ns, key=lambda key: (key[1], key[0])):
        values = list(samples.ns[(peer, case)].values())
        median = statistics.median(values)
        told = ", ".join(f"{name} {value:,.0f}" for name, value in samples.counters.get((peer, case), {}).items())
        multiple = f"{median / reference:,.2f}" if reference else ""
        spread = f"{chart.with_unit(min(values))} to {chart.with_unit(max(values))}"
        rows.append(f"| {case} | {peer} | {chart.with_unit(median)} | {spread} | {multiple} | {told} |")
    return rows


def markdown(samples, judgements, rounds, pictures):
    now = datetime.now(timezone.utc)
    out = [
        "# What shmetrics costs",
        "",
        f"{now:%Y-%m-%d %H:%M} UTC, {cpu_model()}, {os.cpu_count()} CPUs, Linux {platform.release()}, {rounds} rounds. "
        "What is short ran in each round, the rest in every third, one after the other; the machine has other things to do and gets faster and slower, "
        "so only ratios within a round are judged. Times are medians over the rounds: the processor's, or the wall's where "
        "threads, processes or programs work together. memcpy copies a body in the cache, memcpy_after one that was just made.",
        "",
        "## Targets",
        "",
        "| what | against | wanted | got: median (spread) | |",
        "|---|---|---|---|---|",
    ]
    for j in judgements:
        against = f"{j.target.to[0]}: {j.target.to[1]}"
        out.append(f"| {j.target.what} | {against} | {j.target.wanted()} | {j.got()} | {'kept' if j.kept else '**missed**'} |")
    out += ["", "## Pictures", ""]
    out += [f"![{title}]({name})\n" for name, (title, _) in pictures.items()]
    out += ["## All cases", ""] + table_of_cases(samples)
    if samples.errors:
        out += ["", "## Not measured", ""]
        out += [f"- {peer}, {case}: {why}" for (peer, case), why in sorted(samples.errors.items())]
    return "\n".join(out) + "\n"


def as_json(samples, judgements, rounds):
    return json.dumps({
        "rounds": rounds,
        "targets": [{"what": j.target.what, "of": j.target.of, "to": j.target.to, "limit": j.target.limit,
                     "ratios": j.ratios, "median": j.median, "kept": j.kept, "why_not": j.why_not} for j in judgements],
        "cases": [{"peer": peer, "case": case, "ns": list(values.values()), **samples.counters.get((peer, case), {})}
                  for (peer, case), values in samples.ns.items()],
        "errors": [{"peer": peer, "case": case, "why": why} for (peer, case), why in samples.errors.items()],
    }, indent=1)


def write(folder, samples, judgements, rounds):
    folder.mkdir(parents=True, exist_ok=True)
    pictures = charts(samples)
    for name, (_, picture) in pictures.items():
        (folder / name).write_text(picture, encoding="utf-8")
    (folder / "report.md").write_text(markdown(samples, judgements, rounds, pictures), encoding="utf-8")
    (folder / "report.json").write_text(as_json(samples, judgements, rounds), encoding="utf-8")
