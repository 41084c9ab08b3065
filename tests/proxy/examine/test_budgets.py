# SPDX-License-Identifier: ISC
"""Memory and connections are budgets: past them a sender hears so at once, and the others notice nothing."""
import selectors
import threading
import time

from lab import samples
from lab.gatepost import backend, domains
from lab.load import Load, arrived
from lab.process import wait_until
from lab.smtp_client import Session, send

FULL = (452, "4.3.1")


def in_data(gateway, octets, size=None):
    """A session that has sent so many octets of a body, and does not end it."""
    session = Session(gateway.port)
    session.ehlo()
    session.expect("MAIL FROM:<a@client.example>" + (" SIZE=%d" % size if size else ""), 250)
    session.expect("RCPT TO:<user@example.com>", 250)
    session.expect("DATA", 354)
    session.send(b"Subject: held\r\n\r\n" + (b"x" * 78 + b"\r\n") * (octets // 80))
    return session


def first_refusal(gateway, size):
    with Session(gateway.port) as session:
        session.ehlo()
        for line in ("MAIL FROM:<a@client.example> SIZE=%d" % size, "RCPT TO:<user@example.com>", "DATA"):
            reply = session.command(line)
            if reply.code not in (250, 354):
                return reply.code, reply.enhanced
    return None


def test_a_full_spool_is_452_before_data_and_empties_again(start, new_backend):
    server = new_backend()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com"),
                    changes={"limits": {"spool": "2MiB", "message_size": "1500KiB"}, "process": {"proxies": 2}})
    held = in_data(gateway, 1400000, size=1400000)
    assert wait_until(lambda: first_refusal(gateway, 1400000) == FULL), first_refusal(gateway, 1400000)
    assert send(gateway.port, samples.clean(), "user@example.com").code in (250, 452)
    held.close()
    assert wait_until(lambda: first_refusal(gateway, 1400000) is None), "the budget is not given back"
    assert send(gateway.port, samples.clean(), "user@example.com").code == 250


def test_bodies_of_undeclared_size_never_pass_the_budget(start, new_backend):
    server = new_backend()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com"),
                    changes={"limits": {"spool": "2MiB", "message_size": "1500KiB"}})
    held = [in_data(gateway, 0) for _ in range(4)]
    body = (b"x" * 78 + b"\r\n") * 17000
    answers = []

    def finish(session):
        session.send(body + b".\r\n")
        answers.append(session.reply())
        session.close()

    threads = [threading.Thread(target=finish, args=(session,)) for session in held]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(answers) == 4
    assert {(reply.code, reply.enhanced) for reply in answers} - {(250, "2.0.0")} <= {FULL}
    assert len(server.messages) == [reply.code for reply in answers].count(250)


class SlowSenders:
    """`count` sessions in DATA that send at about 100 octets a second each."""

    def __init__(self, port, count):
        self.sockets = []
        for _ in range(count):
            session = Session(port)
            session.ehlo()
            session.envelope("user@example.com")
            session.expect("DATA", 354)
            session.send("Subject: slow\r\n\r\n")
            self.sockets.append(session.socket)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._trickle, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ending.set()
        self._thread.join()
        for s in self.sockets:
            s.close()

    def _trickle(self):
        while not self._ending.wait(0.1):
            for s in self.sockets:
                s.send(b"slowly..\r\n")

    def alive(self):
        """How many have not been hung up on."""
        with selectors.DefaultSelector() as selector:
            for s in self.sockets:
                selector.register(s, selectors.EVENT_READ)
            return len(self.sockets) - len(selector.select(0))


def timed(port, count=100):
    began = time.monotonic()
    for _ in range(count):
        assert send(port, samples.clean(), "user@example.com").code == 250
    return time.monotonic() - began


def test_slow_senders_hold_no_connection_behind_and_slow_nobody(start, new_backend):
    server = new_backend()
    gateway = start(backend("behind", server.port, options="connections 4  recipient_check on  probe off")
                    + domains("behind", "example.com"))
    alone = timed(gateway.port)
    with SlowSenders(gateway.port, 100) as slow:
        beside = min(timed(gateway.port) for _ in range(3))  # the best: other work on this machine is not what is measured
        assert slow.alive() == 100
    assert server.most_open <= 4
    assert beside < 2 * alone + 0.5, "%.2f s alone, %.2f s beside slow senders" % (alone, beside)


def test_no_more_connections_behind_than_configured(start, new_backend):
    server = new_backend({"DOT": [0.05, b"250 2.0.0 ok\r\n"]})
    gateway = start(backend("behind", server.port, options="connections 3  recipient_check on  probe off")
                    + domains("behind", "example.com"))
    with Load(gateway.port, senders=12, messages=60) as load:
        load.join(40)
    assert server.most_open <= 3
    assert len(load.told) >= 60
    assert arrived(server) == {mark: 1 for mark in load.told}
