"""gunicorn's settings that are the same in all tests. Paths are relative to the folder of the test."""

bind = "unix:socket"
pidfile = "pid"
errorlog = "error.log"
workers = 2
daemon = True


def post_worker_init(worker):
    import gunicorn_app
    gunicorn_app.begin_work()
