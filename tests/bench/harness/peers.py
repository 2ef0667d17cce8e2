"""Peers: the programs that measure, including shmetrics' own. Each runs the cases whose names match a
filter and prints the JSON of Google Benchmark."""

import shutil
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Peer:
    name: str
    command: list  # begins with a path
    package: str  # what to install if it is missing

    def is_there(self):
        return shutil.which(str(self.command[0])) is not None and all(
            Path(part).exists() for part in self.command if str(part).startswith("/")
        )


def known_peers(build):
    """The programs in the build folder, and the scripts. `scripts/bench` also puts npm's packages into
    that folder."""
    programs = build / "tests" / "bench"
    scripts = HERE.parent / "peers"
    compiled = [
        ("shmetrics", "bench", "nothing: build the target bench"),
        ("redis", "bench_redis", "redis-tools and libhiredis-dev"),
        ("prometheus-cpp", "bench_prometheus_cpp", "prometheus-cpp-dev"),
        ("pcp", "bench_pcp", "libpcp-mmv1-dev and libpcp3-dev"),
    ]
    interpreted = [
        ("python", ["/usr/bin/python3", "-B", scripts / "python_client.py"], "python3-prometheus-client"),
        ("ruby", ["/usr/bin/ruby", scripts / "ruby_mmap.rb"], "ruby-prometheus-client-mmap"),
        ("node", [shutil.which("node") or "node", scripts / "prom_client.js", f"--modules={build}/node_modules"],
         "nodejs, and npm's prom-client"),
    ]
    return [Peer(name, [programs / program], package) for name, program, package in compiled] + [
        Peer(name, command, package) for name, command, package in interpreted
    ]
