"""Prints the JSON of Google Benchmark for the cases of a peer whose names match the filter."""

import argparse
import json
import re
import time


def time_of(operation, seconds):
    """The processor time in nanoseconds that each of the `count` repetitions of `operation(count)` takes."""
    count = 1
    while True:
        start = time.process_time()
        operation(count)
        spent = time.process_time() - start
        if spent >= seconds:
            return spent / count * 1e9
        count = max(count * 2, int(count * seconds / max(spent, 1e-6)))


def main(cases):
    """`cases`: name -> function that prepares and returns the operation. Called only if the name matches."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--benchmark_filter", default="")
    parser.add_argument("--benchmark_min_time", type=float, default=0.1)
    parser.add_argument("--benchmark_format")
    options = parser.parse_args()
    done = []
    for name, prepare in cases.items():
        if re.search(options.benchmark_filter, name):
            ns = time_of(prepare(), options.benchmark_min_time)
            done.append({"name": name, "cpu_time": ns, "real_time": ns, "time_unit": "ns"})
    print(json.dumps({"benchmarks": done}))
