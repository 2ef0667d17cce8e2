#!/usr/bin/python3
"""Guessers who know a user's name, each waiting for its answer before it guesses again, and a scraper with the
right password that asks each second, from an address that the agent has not seen.

Usage: guessers.py PORT many|one|proxy tcp|tls SECONDS
  many    50 guessers from 50 addresses
  one     50 guessers from one address
  proxy   50 guessers and the scraper from one address, told apart by X-Forwarded-For only

Prints: how many of the scraper's requests were answered 200, how many there were, the seconds of the slowest,
and how many guesses were checked while the scraper waited for its first answer."""

import base64
import socket
import ssl
import sys
import threading
import time

GUESSERS = 50
PATIENCE = 60  # seconds until a client gives up

port, kind, transport, seconds = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE


def ask(source, password):
    """The status of one answer. `source` is the last part of the address."""
    headers = b"Host: localhost\r\nConnection: close\r\nAuthorization: Basic " + base64.b64encode(b"prom:" + password)
    if kind == "proxy":
        headers += b"\r\nX-Forwarded-For: 192.0.2.99, 198.51.100.%d" % source
        source = 1
    with socket.socket() as plain:
        plain.settimeout(PATIENCE)
        plain.bind((f"127.0.0.{source}", 0))
        plain.connect(("127.0.0.1", port))
        with context.wrap_socket(plain) if transport == "tls" else plain as stream:
            stream.sendall(b"GET /metrics HTTP/1.1\r\n" + headers + b"\r\n\r\n")
            answer = b""
            while part := stream.recv(65536):
                answer += part
    return int(answer[9:12] or b"0")


class Guesser(threading.Thread):
    def __init__(self, number):
        super().__init__(daemon=True)
        self.number = number
        self.checked = 0

    def run(self):
        guess = 0
        while True:
            guess += 1
            try:
                status = ask(60 if kind == "one" else 2 + self.number, b"guess %d %d" % (self.number, guess))
            except OSError:
                continue
            self.checked += status == 401


guessers = [Guesser(number) for number in range(GUESSERS)]
for guesser in guessers:
    guesser.start()


def checked():
    return sum(guesser.checked for guesser in guessers)


while checked() == 0:
    time.sleep(0.01)
before = checked()
during = None
right = 0
slowest = 0
begin = time.monotonic()
for second in range(seconds):
    asked = time.monotonic()
    right += ask(199, b"secret") == 200
    slowest = max(slowest, time.monotonic() - asked)
    if during is None:
        during = checked() - before
    time.sleep(max(0, begin + second + 1 - time.monotonic()))
print(right, seconds, f"{slowest:.3f}", during)
