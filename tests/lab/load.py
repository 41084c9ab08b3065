# SPDX-License-Identifier: ISC
"""Senders that work side by side, each message with a mark of its own."""
import os
import re
import ssl
import threading
import time
from collections import Counter

from lab.smtp_client import Closed, send

MARK = re.compile(rb"X-Mark: (\w+)")


def marked(mark, body=b"hello\r\n"):
    return b"From: a@client.example\r\nSubject: load\r\nX-Mark: %s\r\n\r\n%s" % (mark.encode(), body)


def arrived(backend):
    """How often each mark arrived."""
    return Counter(MARK.search(message.content)[1].decode() for message in backend.messages)


class Load:
    """`senders` threads send until stop() (or until `messages` were delivered). A sender tries again what was not accepted,
    as a mail server does; message(mark) makes what is sent. `told` holds the marks answered with 250, `refusals` every other reply."""

    def __init__(self, port, senders=8, messages=None, message=marked):
        self.port, self.messages, self.message = port, messages, message
        self.told, self.refusals, self.broken = set(), [], 0
        self.slowest = 0.0
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(senders)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._ending.set()
        self.join()

    def join(self, seconds=60):
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0, deadline - time.monotonic()))

    def working(self):
        return any(thread.is_alive() for thread in self._threads)

    def _enough(self):
        return self._ending.is_set() or (self.messages is not None and len(self.told) >= self.messages)

    def _work(self):
        while not self._enough():
            mark = os.urandom(8).hex()
            while not self._attempt(mark) and not self._ending.is_set():
                time.sleep(0.01)

    def _attempt(self, mark):
        began = time.monotonic()
        try:
            reply = send(self.port, self.message(mark), "user@example.com", timeout=30)
        except (Closed, OSError, ssl.SSLError):
            with self._lock:
                self.broken += 1
            return False
        with self._lock:
            self.slowest = max(self.slowest, time.monotonic() - began)
            if reply.code == 250:
                self.told.add(mark)
            else:
                self.refusals.append(reply)
        return reply.code == 250
