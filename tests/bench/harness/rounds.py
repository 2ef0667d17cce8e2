"""Rounds: each measures everything once, topic by topic, one peer after the other. So a disturbance of the
machine disturbs both sides of a ratio alike. Only ratios within a round mean anything."""

import json
import re
import statistics
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field

NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


@dataclass(frozen=True)
class Topic:
    """Cases that are compared with each other. A round measures them close together."""

    name: str
    cases: str  # a regular expression of names, without the suffixes of Google Benchmark
    peers: tuple
    seconds: float = 0.02  # the least time for each short case
    every: int = 1  # measured only in every n-th round: most rounds leave out slow cases

    def filter(self):
        return f"^({self.cases})(/manual_time)?(/iterations:[0-9]+)?$"


ALL_CPP = ("shmetrics", "prometheus-cpp", "pcp")
SCRIPTS = ("python", "ruby", "node")

TOPICS = (
    Topic("increment", "plain_add|fetch_add|increment|fractional_increment|gauge_set", ALL_CPP),
    Topic("increment by interpreters", "increment|observe|look_up/hot|look_up/random", SCRIPTS, every=3),
    Topic("increment together", "(fetch_add|increment)/(threads|processes):2", ("shmetrics", "prometheus-cpp"), 0.1),
    Topic("observe", "observe|observe_exponential|observe_with_exemplar", ("shmetrics", "prometheus-cpp")),
    Topic("observe together", "observe/(threads|processes):2", ("shmetrics", "prometheus-cpp"), 0.1),
    Topic("look-up", "look_up/(hot|random|first|last_of_1000)", ALL_CPP, 0.1),
    Topic("look-up together", "look_up/(threads|processes):2", ("shmetrics", "prometheus-cpp"), 0.1),
    Topic("registration", "registration", ("shmetrics",)),
    Topic("crowds", "crowd/(lease|refusal|new_gauge|known_gauge|known_family)/[0-9]+", ("shmetrics",), every=3),
    Topic("chosen keys", "crowd/(look_up|acquire)/(random|chosen)", ("shmetrics",), 0.1),
    Topic("leases", "(acquire_release|acquire_release_any)(/[0-9]+)?|renew|check_renew|script_acquire_release"
          "|audio_stream|consume_daily_minutes|reserve_settle", ("shmetrics", "redis")),
    Topic("scrape", "(scrape|memcpy|memcpy_after)/(1000|10000|100000)", ("shmetrics", "prometheus-cpp")),
    Topic("scrape by interpreters", "scrape/(1000|10000|100000)", SCRIPTS, every=3),
    Topic("scrape of a million", "(scrape|memcpy)/1000000", ("shmetrics", "prometheus-cpp"), every=3),
    Topic("scrape by curl", "scrape_http/(identity|gzip)/100000", ("shmetrics", "prometheus-cpp")),
    Topic("scrape of a million by curl", "scrape_http/(identity|gzip)/1000000", ("shmetrics",), every=3),
    Topic("workers", "scrape_workers/(1|8|32)", ("shmetrics",) + SCRIPTS, every=3),
    Topic("deaths", "scrape_after_deaths/(0|3000)", ("shmetrics",), 0.1),
    Topic("stripes", "scrape_cpus/[0-9]+", ("shmetrics",)),
    Topic("beside a scraper", "increment(_all)?/(alone|beside_.*)", ("shmetrics",), 0.1),
    Topic("memory", "memory/(counter|histogram)/[0-9]+", ("shmetrics", "prometheus-cpp"), every=3),
)


@dataclass
class Samples:
    """The measurements: nanoseconds, and the other counters of a case. By peer and case, then by round."""

    ns: dict = field(default_factory=lambda: defaultdict(dict))
    counters: dict = field(default_factory=dict)
    errors: dict = field(default_factory=dict)

    def ratios(self, of, to):
        """The ratios of the rounds in which both were measured."""
        ours, theirs = self.ns.get(of, {}), self.ns.get(to, {})
        return [ours[r] / theirs[r] for r in sorted(ours) if theirs.get(r)]

    def median_ns(self, key):
        return statistics.median(self.ns[key].values()) if self.ns.get(key) else None

    def add(self, peer, round_number, benchmarks):
        for run in benchmarks:
            name = run["name"]
            # A case that waits or has partners measures wall time itself. For the others, processor time
            # counts: it leaves out the time that other programs take.
            by_itself = name.endswith("/manual_time")
            case = re.sub(r"(/iterations:[0-9]+)?(/manual_time)?$", "", name)
            key = (peer, case)
            if run.get("error_occurred"):
                self.errors[key] = run.get("error_message", "failed")
                continue
            if round_number in self.ns[key]:
                raise ValueError(f"{case} of {peer} belongs to two topics, far from each other in a round")
            self.ns[key][round_number] = run["real_time" if by_itself else "cpu_time"] * NANOSECONDS[run["time_unit"]]
            told = {k: v for k, v in run.items() if k in ("bytes", "bytes_per_series", "agent_bytes")}
            if told:
                self.counters[key] = told


def measure(peer, topic, round_number, samples):
    command = [str(part) for part in peer.command]
    command += [f"--benchmark_filter={topic.filter()}", "--benchmark_format=json", f"--benchmark_min_time={topic.seconds}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        samples.errors[(peer.name, topic.name)] = done.stderr.strip()[-300:] or f"ended with {done.returncode}"
    elif done.stdout.strip():
        samples.add(peer.name, round_number, json.loads(done.stdout).get("benchmarks", []))


def run_rounds(peers, topics, rounds, samples, first=0):
    """Runs rounds `first` to `first + rounds` and adds them to the samples."""
    for number in range(first, first + rounds):
        for topic in topics:
            if (number - first) % topic.every != 0:
                continue
            print(f"round {number + 1}: {topic.name}", file=sys.stderr, flush=True)
            for peer in peers:
                if peer.name in topic.peers:
                    measure(peer, topic, number, samples)
