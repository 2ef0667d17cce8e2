#!/usr/bin/env python3
"""A prefork server that knows shmetrics through ctypes only. Like gunicorn with preload, it first prepares
everything: its registry, its handles and its quota. Then it forks its workers, which use what they inherit.

Usage: prefork_server.py LIBRARY SEGMENT WORKERS TRIES [--two-masters]

Each worker tries to start TRIES streams of one user, whose limit all workers share. When they are done, the
server says "master ready". SIGUSR1: it kills its first worker, starts the streams that are free then, and
says "killed". SIGTERM: its workers end by themselves; it says "ended" and stays, with what it holds itself.
With --two-masters it first forks into a "master" and a "twin", each with workers of its own. A process whose
parent dies ends with it.
"""

import ctypes
import os
import signal
import sys
from ctypes import byref, c_double, c_int32, c_size_t, c_uint64, c_void_p

sys.dont_write_bytecode = True
sys.path.append(os.path.dirname(__file__) + "/../support")
from c_face import SUM, Face, labels  # noqa: E402

LIBRARY, SEGMENT, WORKERS, TRIES = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
ENDED, CONCURRENT_STREAMS, DAILY_MINUTES = 2, 70, 72
PREMIUM = 3


class StartOptions(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("tier", c_int32), ("lifetime", c_int32), ("max_wait_ms", ctypes.c_int64)]


face = Face(LIBRARY)
library, ask, call, family, series = face.library, face.ask, face.call, face.family, face.series


def try_start_stream(quota, user, tier):
    """A stream, or None if it was denied."""
    stream = c_void_p()
    options = StartOptions(ctypes.sizeof(StartOptions), tier, 0, 0)
    code, message = ask("quota_try_start_stream", quota, user.encode(), byref(options), byref(stream))
    assert code in (0, CONCURRENT_STREAMS), message
    return stream if code == 0 else None


def acquire(leases):
    code, message, lease = face.try_acquire(leases, "all")
    assert code == 0, message
    return lease


def fork():
    """Like os.fork(), but the child dies with its parent, so that a failed test leaves no process behind."""
    pid = os.fork()
    if pid == 0:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    return pid


def work(number):
    for _ in range(1000):
        call("counter_inc", requests)
    call("counter_add", requests, c_uint64(number))
    call("info_say", registry, b"py_build", None, byref(labels(role="worker")), has_error=True)
    for i in range(100):
        call("fractional_add", seconds, c_double(0.25))
        call("histogram_observe_exemplar", latency, None, c_size_t(0), c_double(0.5), byref(labels(trace_id=f"t{i}")))
    call("gauge_set", depth, c_double(number + 1))
    # The master's activity belongs to the master. Here it has ended, and freeing it ends nothing.
    assert library.shmetrics_activity_heartbeat(masters_stream) == ENDED
    assert library.shmetrics_activity_finish(masters_stream) == ENDED
    library.shmetrics_lease_free(masters_lease)
    held = [acquire(uploads), try_start_stream(quota, f"user-{os.getpid()}", PREMIUM)]
    # The first worker always has one stream.
    mine = [try_start_stream(quota, "shared", PREMIUM)] if number == 0 else []
    os.close(gate_end)
    os.read(gate, 1)  # reads nothing: all workers go on once the last has closed its end
    while len(mine) < TRIES:
        mine.append(try_start_stream(quota, "shared", PREMIUM))
    call("gauge_set", shared_held, c_double(sum(stream is not None for stream in mine)))
    for _ in range(10):
        code, message = ask("quota_consume_daily_minutes", quota, b"minutes", c_double(1), 0, None)
        assert code in (0, DAILY_MINUTES), message
        call("counter_add", minutes_taken, c_uint64(code == 0))
    os.write(done, b".")
    signal.sigwait({signal.SIGTERM})
    if number % 2:  # some workers finish their activities, others just end
        library.shmetrics_lease_free(held[0])


signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR1})
registry = face.configured_registry(SEGMENT, 16 << 20)
quota = c_void_p()
call("quota_create", registry, None, byref(quota), has_error=True)
requests = series("counter", family(registry, "counter", "py_requests", labels=["server"]), "prefork")
minutes_taken = series("counter", family(registry, "counter", "py_minutes_taken"))
seconds = series("fractional", family(registry, "fractional", "py_seconds_total"))
latency = family(registry, "histogram", "py_latency", (c_double * 2)(0.1, 1), c_size_t(2))
depth = series("gauge", family(registry, "gauge", "py_depth", c_int32(SUM)))
shared_held = series("gauge", family(registry, "gauge", "py_shared_held", c_int32(SUM)))
uploads = family(registry, "lease", "py_uploads_active", labels=["user_id"])
call("info_say", registry, b"py_build", b"Who this is.", byref(labels(role="loading")), has_error=True)
call("info_say", registry, b"py_build", b"Who this is.", byref(labels(role="master")), has_error=True)
call("counter_inc", requests)
call("gauge_set", depth, c_double(100))
masters_lease = acquire(uploads)
masters_stream = try_start_stream(quota, f"master-{os.getpid()}", PREMIUM)

name = "twin" if "--two-masters" in sys.argv and fork() == 0 else "master"
gate, gate_end = os.pipe()
done_end, done = os.pipe()
workers = []
for number in range(WORKERS):
    pid = fork()
    if pid == 0:
        work(number)
        sys.exit(0)
    workers.append(pid)
os.close(gate_end)
for _ in workers:
    os.read(done_end, 1)
print(name, "ready", flush=True)
streams = []
while True:
    if signal.sigwait({signal.SIGTERM, signal.SIGUSR1}) == signal.SIGUSR1:
        os.kill(workers[0], signal.SIGKILL)
        os.waitpid(workers.pop(0), 0)
        while stream := try_start_stream(quota, "shared", PREMIUM):
            streams.append(stream)
        call("gauge_set", shared_held, c_double(len(streams)))
        print("killed", flush=True)
    else:
        for pid in workers:
            os.kill(pid, signal.SIGTERM)
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in workers]
        print("ended", codes, flush=True)
        workers = []
