#!/usr/bin/python3
"""Sends request heads of every size to an agent, and expects one complete answer to each.

head_sizes.py tcp PORT | unix PATH | tls PORT CERTIFICATE, then SMALL_STEP STEP

Sizes up to 20 KiB, which is more than common libraries have room for, are SMALL_STEP bytes apart, those beyond STEP
bytes."""

import http.client
import socket
import ssl
import sys

LIMIT = 128 * 1024
BEYOND = LIMIT + 4096
SMALL = 20 * 1024
MOST_HEADERS = 1000
MOST_PARAMETERS = 10000


def connect(transport, where, certificate):
    if transport == "unix":
        plain = socket.socket(socket.AF_UNIX)
        plain.connect(where)
        return plain
    plain = socket.create_connection(("127.0.0.1", int(where)))
    if transport == "tcp":
        return plain
    context = ssl.create_default_context(cafile=certificate)
    return context.wrap_socket(plain, server_hostname="localhost")


def filled(begin, end, size):
    """A head of `size` bytes; nothing if it cannot be so short."""
    room = size - len(begin) - len(end)
    return begin + b"x" * room + end if room > 0 else None


HOST = b"Host: localhost\r\n\r\n"


# Each shape makes a head of a size, and says which answer one beyond the limit gets.
def request_line(size):
    return filled(b"GET /", b" HTTP/1.1\r\n" + HOST, size)


def one_parameter(size):
    return filled(b"GET /-/healthy?x=", b" HTTP/1.1\r\n" + HOST, size)


def many_parameters(size):
    begin, end, one = b"GET /-/healthy?", b" HTTP/1.1\r\n" + HOST, b"name%5B%5D=some_family_total&"
    number = (size - len(begin) - len(end)) // len(one)
    return filled(begin + one * number, end, size)


def header(size):
    return filled(b"GET /-/healthy HTTP/1.1\r\nX: ", b"\r\n" + HOST, size)


def cookie(size):
    begin, end, one = b"GET /-/healthy HTTP/1.1\r\nCookie: ", b"\r\n" + HOST, b"a=b; "
    number = (size - len(begin) - len(end)) // len(one)
    return filled(begin + one * number, end, size)


def name_of_header(size):
    return filled(b"GET /-/healthy HTTP/1.1\r\n", b": y\r\n" + HOST, size)


SHAPES = [(request_line, 404, 414), (one_parameter, 200, 414), (many_parameters, 200, 414), (header, 200, 431),
          (cookie, 200, 431), (name_of_header, 200, 431)]


class Client:
    """Asks on one connection as long as the agent keeps it open."""

    def __init__(self, *where):
        self.where = where
        self.connection = None

    def ask(self, head):
        """The status of the only answer; else what is wrong, in words."""
        if self.connection is None:
            self.connection = connect(*self.where)
            self.connection.settimeout(20)
        self.connection.sendall(head)
        answer = http.client.HTTPResponse(self.connection, method="GET")
        try:
            answer.begin()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            return repr(error)
        if answer.length != 0 or (answer.status != 200 and not body.endswith(b"\n")):
            return "an incomplete answer"
        if answer.will_close:
            rest = self.connection.recv(1)
            self.connection.close()
            self.connection = None
            if rest:
                return "more than one answer"
        return answer.status


def main():
    transport, where, small_step, step = sys.argv[1], sys.argv[2], int(sys.argv[-2]), int(sys.argv[-1])
    client = Client(transport, where, sys.argv[3])
    failures = 0
    asked = 0

    def expect(what, head, status):
        nonlocal failures, asked
        asked += 1
        got = client.ask(head)
        if got != status:
            failures += 1
            if failures < 20:
                print(f"{what}: {got}, not {status}")
            client.connection = None

    for shape, within, beyond in SHAPES:
        for size in [*range(1, SMALL, small_step), *range(SMALL, BEYOND, step), LIMIT - 1, LIMIT, LIMIT + 1, 2 * LIMIT, 16 * LIMIT]:
            head = shape(size)
            if head is not None:
                status = within if size <= LIMIT else beyond
                # The request line itself is still within the limit.
                if status == 414 and head.index(b"\r\n") < LIMIT - 1:
                    status = 431
                expect(f"{shape.__name__} of {size} bytes", head, status)
    for number in [*range(0, MOST_HEADERS + 20, small_step // 8), MOST_HEADERS - 1, MOST_HEADERS, 5 * MOST_HEADERS]:
        head = b"GET /-/healthy HTTP/1.1\r\n" + b"a:\r\n" * number + HOST
        expect(f"{number} headers", head, 200 if number < MOST_HEADERS else 431)
    for number in range(1, 4000, step):
        head = b"GET /metrics?" + b"&".join(b"name[]=f%d" % i for i in range(number)) + b" HTTP/1.1\r\n" + HOST
        expect(f"{number} names", head, 200)
    for number in [1, MOST_PARAMETERS - 1, MOST_PARAMETERS, MOST_PARAMETERS + 1, 60000]:
        head = b"GET /-/healthy?" + b"&".join([b"a"] * number) + b" HTTP/1.1\r\n" + HOST
        expect(f"{number} parameters", head, 200 if number <= MOST_PARAMETERS else 414)
    if client.connection is not None:
        client.connection.settimeout(0.2)
        try:
            if client.connection.recv(1):
                failures += 1
                print("an answer to nothing at the end")
        except TimeoutError:
            pass
    print(f"{asked} asked, {failures} wrong")
    return failures > 0


sys.exit(main())
