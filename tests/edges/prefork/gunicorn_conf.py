"""gunicorn's settings that are the same in all tests. Paths are relative to the folder of the test."""

import os

bind = "unix:socket"
pidfile = "pid"
errorlog = "error.log"
workers = 2
daemon = True
max_requests = int(os.environ.get("MAX_REQUESTS", "0"))  # then a worker is replaced; 0: never


def post_worker_init(worker):
    import gunicorn_app
    gunicorn_app.begin_work()
