#!/usr/bin/python3 -B
"""The same with prometheus_client for Python, in its mode for several processes: each has a file, and the
collector reads and adds them up."""

import os
import random
import tempfile

FOLDER = tempfile.TemporaryDirectory(prefix="shmetrics-bench-", dir="/dev/shm")
os.environ["PROMETHEUS_MULTIPROC_DIR"] = FOLDER.name  # before the import, which reads it

from google_benchmark import main  # noqa: E402
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess  # noqa: E402

ARBITRARY_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
SERIES_OF_A_WORKER = 10_000


def path_of(series):
    return f"/api/v1/item/{series:07}"


def repeat(operation):
    def run(count):
        for _ in range(count):
            operation()

    return run


def increment():
    counter = Counter("bench_total", "", ["kind"], registry=None).labels("whole")
    return repeat(counter.inc)


def observe():
    histogram = Histogram("bench_seconds", "", ["kind"], buckets=ARBITRARY_BOUNDS, registry=None).labels("random")
    rng = random.Random(1)
    values = [10 ** rng.uniform(-3.3, 0.9) for _ in range(4096)]

    def run(count):
        for i in range(count):
            histogram.observe(values[i & 4095])

    return run


def look_up(pick):
    family = Counter("bench_jobs_total", "", ["user_id", "job"], registry=None)
    keys = [(f"user-{1000 + i // 10}", f"job-{i % 10}") for i in range(10_000)]
    for key in keys:
        family.labels(*key)
    picked = [keys[pick(i)] for i in range(4096)]

    def run(count):
        for i in range(count):
            family.labels(*picked[i & 4095]).inc()

    return run


def count_in_all(series):
    family = Counter("bench_requests_total", "Requests, by method and path.", ["method", "path"], registry=None)
    for i in range(series):
        family.labels("GET", path_of(i)).inc(i * 7919 % 10_000_000)


def scrape(workers, series):
    """Scrapes the files of `workers` workers that have counted and ended. The collector reads the files of
    dead ones too."""

    def prepare():
        for name in os.listdir(FOLDER.name):
            os.unlink(os.path.join(FOLDER.name, name))
        children = []
        for _ in range(workers):
            child = os.fork()
            if child == 0:
                count_in_all(series)
                os._exit(0)
            children.append(child)
        for child in children:
            os.waitpid(child, 0)
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
        return repeat(lambda: generate_latest(registry))

    return prepare


RANDOM = random.Random(2)

main({
    "increment": increment,
    "observe": observe,
    "look_up/hot": lambda: look_up(lambda i: 0),
    "look_up/random": lambda: look_up(lambda i: RANDOM.randrange(10_000)),
    **{f"scrape/{series}": scrape(1, series) for series in (1_000, 10_000, 100_000)},
    **{f"scrape_workers/{workers}": scrape(workers, SERIES_OF_A_WORKER) for workers in (1, 8, 32)},
})
