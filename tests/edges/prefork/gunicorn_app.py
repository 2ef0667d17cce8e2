"""A WSGI application that counts through ctypes. It attaches where gunicorn loads it: with --preload in the master, else
in each worker. nginx_module.c does the same in nginx.
"""

import atexit
import os
import time
import urllib.parse
from ctypes import c_double, c_int32, c_size_t, c_void_p

from c_face import LIMIT_REACHED, SUM, UNLIMITED, Face

face = Face("./libshmetrics.so")
registry = c_void_p(face.library.shmetrics_registry_global())
requests_total = face.family(registry, "counter", "requests_total", labels=["code"])
requests_active = face.family(registry, "lease", "requests_active", labels=["user"])
workers_active = face.family(registry, "lease", "workers_active")
request_seconds = face.series("histogram", face.family(registry, "histogram", "request_seconds",
                                                       (c_double * 2)(0.1, 1), c_size_t(2)))
worker_requests = face.series("gauge", face.family(registry, "gauge", "worker_requests", c_int32(SUM)))
# gunicorn signals a worker again while it exits. Python has no handler by then, so this is said before.
atexit.register(face.library.shmetrics_announce_end)
served = 0
alive = None


def begin_work():
    """In each worker, when it has become www-data."""
    global alive
    face.call("gauge_set", worker_requests, c_double(0))
    code, message, alive = face.try_acquire(workers_active)
    assert code == 0, message


def application(environ, start_response):
    """Each request holds a lease; a user may have one at a time."""
    global served
    began = time.monotonic()
    user = urllib.parse.parse_qs(environ["QUERY_STRING"]).get("user", [""])[0]
    code, message, lease = face.try_acquire(requests_active, user, limit=1 if user else UNLIMITED)
    assert code in (0, LIMIT_REACHED), message
    status = "200 OK" if code == 0 else "429 Too Many Requests"
    if code == 0 and environ["PATH_INFO"] == "/hold":
        environ["wsgi.input"].read(1)  # never comes; returns when the client closes the connection
    face.library.shmetrics_lease_free(lease)
    # It counts last: then a scrape that shows the request shows the rest too.
    served += 1
    face.call("gauge_set", worker_requests, c_double(served))
    face.call("histogram_observe", request_seconds, c_double(time.monotonic() - began))
    face.call("counter_inc", face.series("counter", requests_total, status[:3]))
    start_response(status, [("X-Worker", str(os.getpid())), ("Content-Length", "0")])
    return []
