# SPDX-License-Identifier: ISC
"""Senders that work side by side, each message with a mark of its own."""
import os
import re
import ssl
import threading
import time
from collections import Counter

from lab.smtp_client import Closed, Session

MARK = re.compile(rb"X-Mark: (\w+)")
PATIENCE = 120  # longer than a gateway may take on a busy machine: what it does not do in time it says


def marked(mark, body=b"hello\r\n"):
    return b"From: a@client.example\r\nSubject: load\r\nX-Mark: %s\r\n\r\n%s" % (mark.encode(), body)


def arrived(backend):
    """How often each mark arrived."""
    return Counter(MARK.search(message.content)[1].decode() for message in backend.messages)


class Load:
    """`senders` threads send until stop() (or until `messages` were delivered). A sender tries again what was not accepted,
    as a mail server does, for those recipients that were not; message(mark) makes what is sent, recipients(mark) says to whom.
    `login`, such as "AUTH PLAIN ...", is said behind EHLO. `told` holds the marks answered with 250, `refusals` every other reply but a recipient's final one: those are in `final`."""

    def __init__(self, port, senders=8, messages=None, message=marked, recipients=lambda mark: ["user@example.com"], login=None,
                 host="127.0.0.1"):
        self.port, self.messages, self.message, self.recipients = port, messages, message, recipients
        self.login, self.host = login, host
        self.told, self.refusals, self.final, self.broken = set(), [], [], 0
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

    def join(self, seconds=2 * PATIENCE):
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
            left = list(self.recipients(mark))
            while left and not self._ending.is_set():
                self._attempt(mark, left)
                if left:
                    time.sleep(0.01)

    def _attempt(self, mark, left):
        """One session; who is settled is taken out of `left`."""
        began = time.monotonic()
        try:
            with Session(self.port, host=self.host, timeout=PATIENCE) as session:
                self._converse(session, mark, left)
        except (Closed, OSError, ssl.SSLError):
            with self._lock:
                self.broken += 1
            return
        with self._lock:
            self.slowest = max(self.slowest, time.monotonic() - began)

    def _converse(self, session, mark, left):
        message = self.message(mark)
        if self._refused(session.greeting, 220) or self._refused(session.command("EHLO client.example")) or \
                self.login and self._refused(session.command(self.login), 235) or \
                self._refused(session.command("MAIL FROM:<sender@client.example> SIZE=%d" % len(message))):
            return
        accepted = []
        for recipient in list(left):
            reply = session.command("RCPT TO:<%s>" % recipient)
            if reply.code // 100 == 5:
                self.final.append((mark, reply))
                left.remove(recipient)
            elif not self._refused(reply):
                accepted.append(recipient)
        if accepted and not self._refused(session.data(message)):
            with self._lock:
                self.told.add(mark)
            for recipient in accepted:
                left.remove(recipient)

    def _refused(self, reply, expected=250):
        if reply.code == expected:
            return False
        with self._lock:
            self.refusals.append(reply)
        return True
