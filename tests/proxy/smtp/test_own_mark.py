# SPDX-License-Identifier: ISC
"""A server behind that is the gateway itself, by another address, as through NAT: it is recognised, and not called in circles."""
import contextlib
import re
import socket
import threading

import pytest

from lab.gatepost import backend, domains
from lab.ports import free_port
from lab.process import wait_until
from lab.smtp_client import Session

SELF = "this server is the gateway itself: mail would go in circles"


class Forwarder:
    """Connections to its port go on to another, as DNAT would have it; `calls` have come so far."""

    def __init__(self, onward):
        self.onward = onward
        self.calls = 0
        self.open = []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.threads = [threading.Thread(target=self._accept)]
        self.threads[0].start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listening.accept()
                self.calls += 1
                try:
                    far = socket.create_connection(("127.0.0.1", self.onward))
                except OSError:
                    near.close()
                    continue
                self.open += [near, far]
                self.threads += [threading.Thread(target=self._pass, args=pair) for pair in ((near, far), (far, near))]
                for thread in self.threads[-2:]:
                    thread.start()

    @staticmethod
    def _pass(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def stop(self):
        with contextlib.suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        for one in self.open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(10)
        for one in self.open:
            one.close()


@pytest.fixture
def loop(start):
    """A gateway of one proxy whose only server is itself: (gateway, forwarder)."""
    port, made = free_port(), []

    def go(options="recipient_check on  probe on", **how):
        made.append(Forwarder(port))
        body = backend("behind", made[0].port, options=options) + domains("behind", "example.com")
        return start(body, port=port, changes={"process": {"proxies": 1}, **how}), made[0]

    yield go
    for forwarder in made:
        forwarder.stop()


def replies(gateway):
    with Session(gateway.port) as session:
        session.ehlo()
        session.expect("MAIL FROM:<a@client.example>", 250)
        return session.command("RCPT TO:<user@example.com>")


def test_it_is_said_at_the_start_with_the_address(loop):
    gateway, forwarder = loop()
    assert gateway.wait_log("backend server down")
    lines = [line for line in gateway.log().splitlines() if SELF in line and "warning" in line.lower()]
    assert len(lines) == 1 and '127.0.0.1:%d' % forwarder.port in lines[0], lines


def test_no_recipient_is_asked_of_oneself_and_the_client_hears_451(loop):
    gateway, forwarder = loop()
    assert gateway.wait_log(SELF)
    reply = replies(gateway)
    assert reply.code == 451
    assert "no-such-user-" not in gateway.log(), "the probe went in circles"
    assert forwarder.calls < 10


def test_without_a_check_mail_does_not_go_in_circles_either(loop):
    gateway, forwarder = loop(options="recipient_check off  probe off")
    with Session(gateway.port) as session:
        session.ehlo()
        session.expect("MAIL FROM:<a@client.example>", 250)
        reply = session.command("RCPT TO:<user@example.com>")
        if reply.code == 250:
            reply = session.data(b"Subject: round\r\n\r\nand round\r\n")
    assert reply.code == 451
    assert forwarder.calls < 10


def test_it_serves_again_when_another_stands_there(loop, new_backend):
    gateway, forwarder = loop()
    assert gateway.wait_log("backend server down")
    forwarder.onward = new_backend().port
    assert wait_until(lambda: replies(gateway).code == 250, 15)
    assert gateway.wait_log("backend server up")


def test_only_who_calls_himself_by_our_name_is_shown_the_mark(loop):
    gateway, _ = loop()
    marks = []
    for name in ("client.example", "mx.example.com", "MX.example.COM"):
        with Session(gateway.port) as session:
            session.ehlo(name)
            marks.append([word for word in session.extensions if word.startswith("X-GATEPOST")])
    assert marks[0] == [] and len(marks[1]) == 1 and marks[1] == marks[2]
    assert re.fullmatch(r"X-GATEPOST-[0-9A-F]{16}", marks[1][0])


def test_another_gateway_of_the_same_name_is_a_server_as_any(start, new_backend):
    behind = start(backend("last", new_backend().port) + domains("last", "example.com"), changes={"process": {"proxies": 1}})
    front = start(backend("behind", behind.port, options="recipient_check on  probe off") + domains("behind", "example.com"),
                  changes={"process": {"proxies": 1}})
    assert replies(front).code == 250
    assert SELF not in front.log()
